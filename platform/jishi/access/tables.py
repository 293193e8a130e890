"""Tables of access: clients with hashed secrets."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY


def define_tables(metadata: MetaData) -> None:
    Table(
        "client",
        metadata,
        Column("client_id", Text, primary_key=True),
        Column("name", Text, nullable=False, unique=True),
        Column("department", Text, comment="USCC"),
        Column("roles", ARRAY(Text), nullable=False, server_default=text("'{}'")),
        Column("secret_hash", LargeBinary, nullable=False),
        Column("key_hash", LargeBinary, nullable=False, unique=True),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("disabled_at", DateTime(timezone=True)),
        comment="Clients of the API",
    )
