"""The quarantine 隔离区, who did what with its rows when, and what is kept of a validation: failing rows, rules, scores."""

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
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

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
        "failing_rows",
        metadata,
        Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
        Column("rule", Text, primary_key=True),
        Column("part", Integer, primary_key=True, autoincrement=False),
        Column("last_row", BigInteger, nullable=False, comment="the greatest of rows"),
        Column("rows", ARRAY(BigInteger), nullable=False, comment="numbers of rows, ascending"),
        Column("keys", ARRAY(Uuid), nullable=False, comment="keyed tags of their source keys, in the same order"),
        comment="Rows of a batch that a rule refused or warned of, in parts",
    )
    Table(
        "failing_county",
        metadata,
        Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
        Column("county", Text, primary_key=True, comment="six digits, as the rows themselves say"),
        Column("rows", BigInteger, nullable=False),
        Column("failed", BigInteger, nullable=False, comment="rows that failed a rule, refused and warned alike"),
        comment="Examined rows of a batch by county",
    )
    Table(
        "quality_chart",
        metadata,
        Column("chart", Text, primary_key=True),
        Column("department", Text, primary_key=True, comment="USCC; empty: all"),
        Column("language", Text, primary_key=True),
        Column("digest", Text, nullable=False, comment="of what is drawn"),
        Column("svg", Text, nullable=False),
        Column("drawn_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        comment="Charts of quality, drawn by a worker",
    )
    Table(
        "validation",
        metadata,
        Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
        Column("validated_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("rules_version", Text, nullable=False),
        Column("document", JSONB, nullable=False, comment="Great Expectations' own result, counts only"),
        Column("page", Text, comment="the same as a page; null until a worker has rendered it"),
        Index("validation_unrendered_idx", "batch_id", postgresql_where=text("page IS NULL")),
        comment="What Great Expectations said of a batch",
    )
    Table(
        "rule_change",
        metadata,
        Column("change_id", BigInteger, Identity(), primary_key=True),
        Column("register", Text, nullable=False),
        Column("rule", Text, nullable=False),
        Column("source", Text, comment="whose override it is; null = the register's own"),
        Column("act", Text, nullable=False, comment="declare, change or withdraw"),
        Column("digest", Text, nullable=False),
        Column("severity", Text, nullable=False),
        Column("told", JSONB, nullable=False, comment="sentence in both languages, standard, what an override adds"),
        Column("changed_by", Text, nullable=False, comment="release:version or operator:account"),
        Column("changed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        CheckConstraint("act IN ('declare', 'change', 'withdraw')", name="act"),
        Index("rule_change_rule_idx", "rule", "change_id"),
        comment="Who changed which rule when",
    )
    Table(
        "score",
        metadata,
        Column("month", Date, primary_key=True, comment="its first day, in the city's time"),
        Column("register", Text, primary_key=True),
        Column("source", Text, primary_key=True),
        Column("indicator", Text, primary_key=True, comment="code of GB/T 36344's sub-indicator"),
        Column("measure", Text, primary_key=True, comment="rule id, or what was counted where it is no rule"),
        Column("rules_version", Text, primary_key=True),
        Column("department", Text, nullable=False),
        Column("numerator", BigInteger, nullable=False),
        Column("denominator", BigInteger, nullable=False),
        Column("batches", Integer, nullable=False),
        Column("computed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        CheckConstraint("numerator BETWEEN 0 AND denominator", name="share"),
        comment="Quality measured, by month: what scores are computed from",
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
