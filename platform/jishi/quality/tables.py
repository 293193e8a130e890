"""The quarantine 隔离区: refused rows, kept whole and encrypted with every reason."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
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
        Column("closed_by_batch", BigInteger),
        Index("quarantine_batch_idx", "batch_id", "row_number"),
        Index("quarantine_open_idx", "source_id", "source_key", postgresql_where=text("status = 'open'")),
        comment="Refused rows",
    )
