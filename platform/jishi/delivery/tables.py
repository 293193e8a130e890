"""The table of exports 批量导出: what was asked for, how far it is, and what its file holds (beside the road out)."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

STATUSES = ("queued", "running", "done", "failed", "cancelled", "expired")


def define_tables(metadata: MetaData) -> None:
    Table(
        "export",
        metadata,
        Column("export_id", Uuid, primary_key=True),
        Column("client_id", Text, nullable=False),
        Column(
            "grant_id", BigInteger, nullable=False, comment="the grant it was asked for under; with it the file ends"
        ),
        Column("register", SmallInteger, nullable=False),
        Column("format", Text, nullable=False),
        Column("request", JSONB, nullable=False, comment="members of the body: properties, filter, bbox, include"),
        Column("purpose", Text),
        Column("case_no", Text),
        Column("request_id", Uuid, nullable=False, comment="of the request that asked for it; names it in the log"),
        Column("status", Text, nullable=False, server_default=text("'queued'")),
        Column("fault", Text, comment="code of why it failed"),
        Column("rows", BigInteger),
        Column("bytes", BigInteger, comment="of the file as it is downloaded"),
        Column("sha256", LargeBinary, comment="of the same bytes"),
        Column("seq", BigInteger, comment="last change of the register that the file holds"),
        Column("taken_at", DateTime(timezone=True), comment="the instant of the one snapshot it was read in"),
        Column("charged", BigInteger, nullable=False, server_default=text("0"), comment="subjects taken of the quota"),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("started_at", DateTime(timezone=True)),
        Column("finished_at", DateTime(timezone=True)),
        Column("expires_at", DateTime(timezone=True), comment="from then on nobody gets the file"),
        CheckConstraint(f"status IN ({', '.join(repr(status) for status in STATUSES)})", name="status"),
        Index("export_client_idx", "client_id", "created_at"),
        Index("export_kept_idx", "expires_at", postgresql_where=text("status = 'done'")),
        comment="Exports 批量导出",
    )
