"""The table of login sessions of the console: of what a browser holds only a keyed hash is kept."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, Index, LargeBinary, MetaData, Table, Text, text


def define_tables(metadata: MetaData) -> None:
    Table(
        "console_session",
        metadata,
        Column("session_hash", LargeBinary, primary_key=True, comment="keyed hash of the id in the cookie"),
        Column("login", Text, nullable=False),
        Column("method", Text, nullable=False, comment="password or oidc"),
        Column("credential", LargeBinary, nullable=False, comment="digest of the password hash it was begun with"),
        Column("begun_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("seen_at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
        Column("ended_at", DateTime(timezone=True), comment="logged out"),
        Index("console_session_login_idx", "login", "begun_at"),
        comment="Login sessions of the console",
    )
