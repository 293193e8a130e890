"""Tables of what goes back to departments: disputes 异议 of served values and tickets 校核纠错, with every step (beside the
road)."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

DISPUTE_STATUSES = ("open", "upheld", "resolved", "rejected", "withdrawn")
"""``upheld``: it is so, a ticket went out; ``resolved``: that ticket is closed. An open or upheld one bears its flag."""

TICKET_STATUSES = ("open", "replied", "closed")
TICKET_ORIGINS = ("hand", "row", "dispute", "rule")

_NOW = text("clock_timestamp()")


def define_tables(metadata: MetaData) -> None:
    Table(
        "dispute",
        metadata,
        Column("dispute_id", BigInteger, Identity(), primary_key=True),
        Column("register", SmallInteger, nullable=False),
        Column("uid", Uuid, nullable=False, comment="the entity when it was raised; the contribution leads to it now"),
        Column("element", Text, nullable=False),
        Column("contribution_id", BigInteger, nullable=False, comment="whose value is served"),
        Column("source_id", SmallInteger, nullable=False),
        Column("department", Text, nullable=False, comment="USCC of the source's department, which answers"),
        Column("batch_id", BigInteger, nullable=False),
        Column("row_number", BigInteger, nullable=False),
        Column("raised_by", Text, nullable=False),
        Column("raised_department", Text, comment="USCC; null: the city's own, or a client of no department"),
        Column("case_no", Text, nullable=False),
        Column("claimed", LargeBinary, comment="the value that is said to be right, sealed"),
        Column("raised_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
        Column("due", Date, nullable=False),
        Column("status", Text, nullable=False, server_default=text("'open'")),
        Column("ticket_id", BigInteger, comment="what an upheld dispute led to"),
        Column("resolved_at", DateTime(timezone=True), comment="from then on the value bears no flag"),
        CheckConstraint(f"status IN ({', '.join(map(repr, DISPUTE_STATUSES))})", name="status"),
        CheckConstraint("(resolved_at IS NULL) = (status IN ('open', 'upheld'))", name="resolved"),
        Index("dispute_standing_idx", "register", postgresql_where=text("resolved_at IS NULL")),
        Index(
            "dispute_once_idx",
            *("register", "contribution_id", "element", "raised_by"),
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index("dispute_department_idx", "department", "dispute_id"),
        Index("dispute_ticket_idx", "ticket_id", postgresql_where=text("ticket_id IS NOT NULL")),
        comment="Disputes 异议 of served values",
    )
    Table(
        "dispute_step",
        metadata,
        Column("step_id", BigInteger, Identity(), primary_key=True),
        Column("dispute_id", BigInteger, nullable=False),
        Column("act", Text, nullable=False, comment="raise uphold reject withdraw resolve"),
        Column("actor", Text, nullable=False),
        Column("department", Text),
        Column("words", LargeBinary, comment="the reasons, sealed"),
        Column("late_days", Integer, nullable=False, server_default=text("0"), comment="working days past its day"),
        Column("taken_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
        Index("dispute_step_idx", "dispute_id", "step_id"),
        comment="What was done with disputes, only ever added to",
    )
    Table(
        "ticket",
        metadata,
        Column("ticket_id", BigInteger, Identity(), primary_key=True),
        Column("origin", Text, nullable=False),
        Column("register", SmallInteger, nullable=False),
        Column("source_id", SmallInteger, nullable=False),
        Column("department", Text, nullable=False, comment="USCC of the source's department when it was opened"),
        Column("batch_id", BigInteger, nullable=False),
        Column("row_number", BigInteger, comment="null: the delivery as a whole"),
        Column("source_key", Uuid, comment="by which a later delivery of the row is known"),
        Column("rule", Text),
        Column("elements", ARRAY(Text), nullable=False, server_default=text("'{}'")),
        Column(
            "headers", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="the department's own columns"
        ),
        Column("dispute_id", BigInteger),
        Column("note", LargeBinary, comment="what is wrong, in words, sealed"),
        Column("opened_by", Text, nullable=False),
        Column("opened_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
        Column("due", Date, nullable=False),
        Column("assigned_to", Text),
        Column("status", Text, nullable=False, server_default=text("'open'")),
        Column("closed_at", DateTime(timezone=True)),
        Column("closed_by_batch", BigInteger, comment="the delivery that put it right; null: closed by hand"),
        Column("last_step", BigInteger, nullable=False, server_default=text("0"), comment="its place in the feed"),
        CheckConstraint(f"origin IN ({', '.join(map(repr, TICKET_ORIGINS))})", name="origin"),
        CheckConstraint(f"status IN ({', '.join(map(repr, TICKET_STATUSES))})", name="status"),
        CheckConstraint("(closed_at IS NULL) = (status <> 'closed')", name="closed"),
        Index("ticket_open_idx", "source_id", "source_key", postgresql_where=text("status <> 'closed'")),
        Index(
            "ticket_once_idx",
            *("batch_id", "row_number", "rule"),
            unique=True,
            postgresql_where=text("status <> 'closed' AND rule IS NOT NULL"),
        ),
        Index("ticket_feed_idx", "last_step"),
        Index("ticket_department_idx", "department", "ticket_id"),
        comment="Tickets 校核纠错: errors that went back to the department",
    )
    Table(
        "ticket_step",
        metadata,
        Column("step_id", BigInteger, Identity(), primary_key=True),
        Column("ticket_id", BigInteger, nullable=False),
        Column("act", Text, nullable=False, comment="open assign reply close reopen"),
        Column("actor", Text, nullable=False),
        Column("department", Text),
        Column("words", LargeBinary, comment="sealed"),
        Column("assigned_to", Text),
        Column("late_days", Integer, nullable=False, server_default=text("0"), comment="working days past its day"),
        Column("taken_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
        Index("ticket_step_idx", "ticket_id", "step_id"),
        comment="What was done with tickets, only ever added to",
    )
