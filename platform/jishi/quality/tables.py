"""The quarantine 隔离区: refused rows, kept whole and encrypted with every reason, and who did what with them when."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

STATUSES = ("open", "superseded", "repaired", "discarded")
STEPS = (
    *("check", "suggest", "repair", "return", "repaired", "refused", "discard"),
    *("superseded", "accepted", "cancel"),
)
"""``return``: its repair came to nothing, it is open as before; ``refused``: its repair did not pass, another row of the
quarantine took its place; ``accepted``: a replay of its own batch refuses it no more."""


def define_tables(metadata: MetaData) -> None:
    Table(
        "quarantine",
        metadata,
        Column("quarantine_id", BigInteger, Identity(), primary_key=True),
        Column("batch_id", BigInteger, nullable=False),
        Column("source_id", SmallInteger, nullable=False),
        Column("source_key", Uuid, comment="null when the key itself is missing"),
        Column("row_number", BigInteger, nullable=False),
        Column("raw", LargeBinary, nullable=False, comment="the received row, sealed JSON by raw header"),
        Column("reasons", ARRAY(Text), nullable=False),
        Column(
            "status", Text, nullable=False, server_default=text("'open'"), comment="open superseded repaired discarded"
        ),
        Column("opened_at", DateTime(timezone=True), nullable=False),
        Column("closed_at", DateTime(timezone=True)),
        Column("closed_by_batch", BigInteger, comment="null: by a steward"),
        Column("repair_id", BigInteger, comment="the repair it was sent down the road again with"),
        Column("supersedes", BigInteger, comment="the row it was before a repair that did not pass"),
        Index("quarantine_batch_idx", "batch_id", "row_number"),
        Index("quarantine_open_idx", "source_id", "source_key", postgresql_where=text("status = 'open'")),
        Index("quarantine_status_idx", "source_id", "status", "quarantine_id"),
        Index("quarantine_key_idx", "source_key", postgresql_where=text("source_key IS NOT NULL")),
        Index("quarantine_reasons_idx", "reasons", postgresql_using="gin"),
        Index("quarantine_supersedes_idx", "supersedes", postgresql_where=text("supersedes IS NOT NULL")),
        comment="Refused rows",
    )
    Table(
        "quarantine_step",
        metadata,
        Column("step_id", BigInteger, Identity(), primary_key=True),
        Column("quarantine_id", BigInteger, nullable=False),
        Column(
            "batch_id", BigInteger, nullable=False, comment="with row_number: the row, also when it is refused no more"
        ),
        Column("row_number", BigInteger, nullable=False),
        Column("taken_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("officer", Text, comment="kind:name; null: the road itself"),
        Column("step", Text, nullable=False),
        Column("reason", Text),
        Column("repair_id", BigInteger),
        Column("by_batch", BigInteger, comment="the batch whose publishing did it"),
        CheckConstraint(f"step IN ({', '.join(repr(step) for step in STEPS)})", name="step"),
        Index("quarantine_step_row_idx", "batch_id", "row_number", "step_id"),
        comment="Who did what with a refused row, and when; only ever added to",
    )
