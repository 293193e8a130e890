"""The dictionary's tables: written by the loader, read by the resolver, the API and whoever joins a code to its name.

Nothing is ever deleted: ``removed_at`` says since when a row stands in no dictionary file any more.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY

TABLES = ("code_list", "code_value", "scheme", "concept", "concept_alias", "department", "dictionary_edition")


def define_tables(metadata: MetaData) -> None:
    """Add the tables of ``TABLES`` to ``metadata`` (schema and naming are the metadata's)."""
    _define_code_lists(metadata)
    _define_concepts(metadata)
    Table(
        "department",
        metadata,
        Column("uscc", Text, primary_key=True),
        _text("name"),
        _text("short_name"),
        _text("name_en"),
        _texts("roles"),
        _text("note"),
        _removed(),
    )
    Table(
        "dictionary_edition",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        _text("version", comment="digest over code lists, schemes and departments"),
        Column("loaded_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    )


def _define_code_lists(metadata: MetaData) -> None:
    Table(
        "code_list",
        metadata,
        Column("id", Text, primary_key=True),
        _text("title"),
        _text("title_en"),
        _text("standard"),
        _text("edition"),
        _text("source"),
        Column("complete", Boolean, nullable=False, comment="a code outside the list is wrong"),
        Column("extensible", Boolean, nullable=False, comment="the city may add rows"),
        Column("checked", Date, nullable=False),
        Column("parent_list", Text),
        _text("version", comment="digest of the list"),
        _removed(),
    )
    Table(
        "code_value",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("list", Text, ForeignKey(_name(metadata, "code_list.id")), nullable=False),
        _text("code"),
        _text("name"),
        _text("name_en"),
        Column("parent", Text),
        Column("valid_from", Date, comment="null: since before the record"),
        Column("valid_to", Date, comment="first day it no longer holds; null: in force"),
        _texts("alternatives"),
        _text("note"),
        Column("level", Text),
        Column("full_name", Text),
        Column("kind", Text),
        _texts("successors"),
        _texts("keys", comment="folded spellings: code, name, alternatives"),
        _removed(),
        UniqueConstraint("list", "code", "valid_from", postgresql_nulls_not_distinct=True),
        CheckConstraint("valid_from < valid_to", name="period"),
        Index(None, "keys", postgresql_using="gin"),
    )


def _define_concepts(metadata: MetaData) -> None:
    Table(
        "scheme",
        metadata,
        Column("id", Text, primary_key=True),
        _text("title"),
        _text("title_en"),
        _text("description"),
        _removed(),
    )
    Table(
        "concept",
        metadata,
        Column("scheme", Text, ForeignKey(_name(metadata, "scheme.id")), primary_key=True),
        Column("code", Text, primary_key=True),
        _text("preferred_name"),
        _text("name_normalised", index=True),
        Column("stage_code", Text),
        Column("stage_name", Text),
        _texts("predecessors"),
        Column("responsible", Text),
        _texts("documents"),
        _text("note"),
        _text("status", comment="active or ended"),
        Column("valid_from", Date),
        Column("valid_to", Date),
        _removed(),
        CheckConstraint("status IN ('active', 'ended')", name="status"),
    )
    Table(
        "concept_alias",
        metadata,
        Column("scheme", Text, primary_key=True),
        Column("code", Text, primary_key=True),
        Column("alias_normalised", Text, primary_key=True, index=True),
        _text("alias"),
        _texts("places", comment="who uses it; empty: everywhere"),
        Column("negative", Boolean, nullable=False, comment="a decision that it does not mean this concept"),
        _text("status", comment="active, proposed, rejected or ended"),
        _text("origin", comment="dictionary (a file) or steward"),
        _removed(),
        ForeignKeyConstraint(("scheme", "code"), (_name(metadata, "concept.scheme"), _name(metadata, "concept.code"))),
        CheckConstraint("status IN ('active', 'proposed', 'rejected', 'ended')", name="status"),
        CheckConstraint("origin IN ('dictionary', 'steward')", name="origin"),
    )


def _text(name: str, *, comment: str | None = None, index: bool | None = None) -> Column[str]:
    return Column(name, Text, nullable=False, comment=comment, index=index)


def _texts(name: str, *, comment: str | None = None) -> Column[list[str]]:
    return Column(name, ARRAY(Text), nullable=False, server_default=text("'{}'"), comment=comment)


def _removed() -> Column[object]:
    return Column("removed_at", DateTime(timezone=True), comment="since when no dictionary file holds it")


def _name(metadata: MetaData, column: str) -> str:
    return f"{metadata.schema}.{column}" if metadata.schema else column
