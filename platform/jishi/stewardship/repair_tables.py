"""Tables of what stewards do with received rows and held batches: repairs, checks, bulk repairs, readings, previews, decisions.

The API adds rows; the job that carries one out comes with it by a trigger. Values rest sealed and go when they are done
with.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
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
from sqlalchemy.dialects.postgresql import JSONB

REPAIR_STATUSES = ("queued", "landed", "done", "refused", "failed", "cancelled")
WORK_STATUSES = ("queued", "running", "done", "failed", "cancelled")
ACTS = ("release", "discard")


def define_tables(metadata: MetaData) -> None:
    _repairs(metadata)
    _work(metadata)
    Table(
        "batch_decision",
        metadata,
        Column("decision_id", BigInteger, Identity(), primary_key=True),
        Column("batch_id", BigInteger, nullable=False),
        Column("act", Text, nullable=False),
        Column("officer", Text, nullable=False, comment="kind:name"),
        Column("reason", Text, nullable=False),
        Column("carried_out", Boolean, nullable=False, comment="false: proposed, another must say so too"),
        Column("decided_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        CheckConstraint(_one_of("act", ACTS), name="act"),
        Index("batch_decision_batch_idx", "batch_id", "decision_id"),
        comment="What was decided of held batches, by whom and why; only ever added to",
    )


def _repairs(metadata: MetaData) -> None:
    Table(
        "repair",
        metadata,
        Column("repair_id", BigInteger, Identity(), primary_key=True),
        Column("batch_id", BigInteger, nullable=False, comment="whose refused rows it repairs"),
        Column("source_id", SmallInteger, nullable=False),
        Column("bulk_id", BigInteger, comment="the bulk repair it is part of"),
        Column("officer", Text, nullable=False, comment="kind:name"),
        Column("reason", Text),
        Column("request_id", Uuid),
        Column("rows", Integer, nullable=False),
        Column("status", Text, nullable=False, server_default=text("'queued'")),
        Column("repair_batch", BigInteger, comment="the batch that takes the rows down the road again"),
        Column("repaired", Integer, comment="rows that passed"),
        Column("refused", Integer, comment="rows that were refused again"),
        Column("fault", Text, comment="code of why it came to nothing"),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("finished_at", DateTime(timezone=True)),
        CheckConstraint(_one_of("status", REPAIR_STATUSES), name="status"),
        Index("repair_batch_idx", "batch_id"),
        Index("repair_repair_batch_idx", "repair_batch", postgresql_where=text("repair_batch IS NOT NULL")),
        Index("repair_bulk_idx", "bulk_id", postgresql_where=text("bulk_id IS NOT NULL")),
        comment="Repairs 修复: refused rows sent down the road again",
    )
    Table(
        "repair_row",
        metadata,
        Column("repair_id", BigInteger, primary_key=True, autoincrement=False),
        Column("quarantine_id", BigInteger, primary_key=True, autoincrement=False),
        Column("place", Integer, comment="row number in the repairing batch; null: not landed"),
        Column("cells", LargeBinary, comment="the edited cells by raw header, sealed JSON; null: none, or landed"),
        Index("repair_row_quarantine_idx", "quarantine_id"),
        comment="Rows of repairs",
    )
    Table(
        "bulk_repair",
        metadata,
        Column("bulk_id", BigInteger, Identity(), primary_key=True),
        Column("officer", Text, nullable=False, comment="kind:name"),
        Column("department", Text, comment="whose rows alone it may touch; null: all"),
        Column("reason", Text),
        Column("request_id", Uuid),
        Column("filter", JSONB, nullable=False, comment="which open rows; values only as keyed digests"),
        Column("mapping", LargeBinary, comment="what becomes of their cells, sealed JSON; null: nothing, or done"),
        Column("dry", Boolean, nullable=False),
        Column("status", Text, nullable=False, server_default=text("'queued'")),
        Column("done", Integer, nullable=False, server_default=text("0"), comment="rows looked at so far"),
        Column("selected", Integer, comment="rows the filter finds"),
        Column("touched", Integer, comment="of these, rows the mapping changes"),
        Column("passed", Integer, comment="of the touched, rows that pass afterwards"),
        Column("reasons", JSONB, comment="rule id → touched rows that still fail it"),
        Column("fault", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("finished_at", DateTime(timezone=True)),
        CheckConstraint(_one_of("status", WORK_STATUSES), name="status"),
        comment="Bulk repairs 批量修复 and their trials",
    )


def _work(metadata: MetaData) -> None:
    Table(
        "repair_check",
        metadata,
        Column("check_id", BigInteger, Identity(), primary_key=True),
        Column("quarantine_id", BigInteger, nullable=False),
        Column("officer", Text, nullable=False, comment="kind:name"),
        Column("cells", LargeBinary, comment="the edited cells by raw header, sealed JSON; null: none, or done"),
        Column("status", Text, nullable=False, server_default=text("'queued'")),
        Column("result", JSONB, comment="rule ids, no value"),
        Column("fault", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("finished_at", DateTime(timezone=True)),
        CheckConstraint(_one_of("status", WORK_STATUSES), name="status"),
        Index("repair_check_row_idx", "quarantine_id"),
        comment="Checks 校验 of edited rows, without taking them anywhere",
    )
    Table(
        "row_reading",
        metadata,
        Column("reading_id", BigInteger, Identity(), primary_key=True),
        Column("batch_id", BigInteger, nullable=False),
        Column("row_number", BigInteger, nullable=False),
        Column("officer", Text, nullable=False, comment="kind:name"),
        Column("cells", LargeBinary, comment="the row as received, sealed; null: not read yet, or let go"),
        Column("status", Text, nullable=False, server_default=text("'queued'")),
        Column("fault", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("finished_at", DateTime(timezone=True)),
        CheckConstraint(_one_of("status", WORK_STATUSES), name="status"),
        Index("row_reading_row_idx", "batch_id", "row_number"),
        comment="Rows as received 原始行, read once more from the landing zone for who asked",
    )
    Table(
        "batch_preview",
        metadata,
        Column("preview_id", BigInteger, Identity(), primary_key=True),
        Column("batch_id", BigInteger, nullable=False),
        Column("officer", Text, nullable=False, comment="kind:name"),
        Column("status", Text, nullable=False, server_default=text("'queued'")),
        Column("result", JSONB, comment="counts, and a sample under masks"),
        Column("fault", Text),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("finished_at", DateTime(timezone=True)),
        CheckConstraint(_one_of("status", WORK_STATUSES), name="status"),
        Index("batch_preview_batch_idx", "batch_id", "preview_id"),
        comment="Previews 预览 of what publishing a held batch would change",
    )


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"
