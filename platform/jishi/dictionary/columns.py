"""Kinds of columns the dictionary's tables are made of (beside the road: declarations)."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, MetaData, Text, text
from sqlalchemy.dialects.postgresql import ARRAY


def required_text(name: str, *, comment: str | None = None, index: bool | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, comment=comment, index=index)


def said(name: str, default: str = "", *, comment: str | None = None) -> Column[str]:
    """Text that is ``default`` where nobody said anything; ``default`` is a word without quotes."""
    return Column(name, Text, nullable=False, server_default=text(f"'{default}'"), comment=comment)


def texts(name: str, *, comment: str | None = None) -> Column[list[str]]:
    return Column(name, ARRAY(Text), nullable=False, server_default=text("'{}'"), comment=comment)


def removed() -> Column[object]:
    return Column("removed_at", DateTime(timezone=True), comment="since when no dictionary file holds it")


def qualified(metadata: MetaData, column: str) -> str:
    """``table.column`` with the metadata's schema before it."""
    return f"{metadata.schema}.{column}" if metadata.schema else column
