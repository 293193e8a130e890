"""The dictionary's tables: written by the loader, read by the resolver, the API and whoever joins a code to its name.

Nothing is ever deleted: ``removed_at`` says since when a row stands in no dictionary file any more, and every state an
entry was ever in stands in ``dictionary_version``.
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
    Identity,
    Index,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from jishi.dictionary.columns import qualified, removed, required_text, said, texts
from jishi.dictionary.concept_tables import define_concepts
from jishi.dictionary.seen_tables import define_seen

TABLES = (
    "code_list",
    "code_value",
    "scheme",
    "concept",
    "concept_alias",
    "concept_edge",
    "department",
    "dictionary_edition",
    "dictionary_version",
    "seen_name",
    "seen_context",
    "alias_decision",
)


def define_tables(metadata: MetaData) -> None:
    """Add the tables of ``TABLES`` to ``metadata`` (schema and naming are the metadata's)."""
    _define_code_lists(metadata)
    define_concepts(metadata)
    define_seen(metadata)
    _define_history(metadata)
    Table(
        "department",
        metadata,
        Column("uscc", Text, primary_key=True),
        required_text("name"),
        required_text("short_name"),
        required_text("name_en"),
        texts("roles"),
        required_text("note"),
        removed(),
    )


def _define_history(metadata: MetaData) -> None:
    """Every state the dictionary was in: both tables are only ever added to."""
    Table(
        "dictionary_edition",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        required_text("version", comment="of files alone their digest; with acts of people a number behind it"),
        Column("loaded_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        said("files", comment="digest over code lists, schemes and departments of the files"),
        said("author", "dictionary", comment="login, or dictionary: the files"),
        said("act", "load", comment="load, import, status or alias"),
        said("reason"),
    )
    Table(
        "dictionary_version",
        metadata,
        Column("kind", Text, primary_key=True, comment="scheme or concept (a value of a code list is one)"),
        Column("scheme", Text, primary_key=True),
        Column("code", Text, primary_key=True, comment="empty for a scheme"),
        Column("revision", BigInteger, primary_key=True, autoincrement=False, comment="of this entry, from 1"),
        Column("edition", BigInteger, ForeignKey(qualified(metadata, "dictionary_edition.id")), nullable=False),
        required_text("change", comment="new, modified or deprecated"),
        Column("ended", Boolean, nullable=False, comment="deprecated, over or in no file any more"),
        Column("content", JSONB, nullable=False, comment="the whole entry as view dictionary_entry shows it"),
        CheckConstraint("kind IN ('scheme', 'concept')", name="kind"),
        CheckConstraint("change IN ('new', 'modified', 'deprecated')", name="change"),
        Index(None, "edition", "kind", "scheme", "code"),
        Index(None, "code"),
    )


def _define_code_lists(metadata: MetaData) -> None:
    Table(
        "code_list",
        metadata,
        Column("id", Text, primary_key=True),
        required_text("title"),
        required_text("title_en"),
        required_text("standard"),
        required_text("edition"),
        required_text("source"),
        Column("complete", Boolean, nullable=False, comment="a code outside the list is wrong"),
        Column("extensible", Boolean, nullable=False, comment="the city may add rows"),
        Column("checked", Date, nullable=False),
        Column("parent_list", Text),
        required_text("version", comment="digest of the list"),
        removed(),
    )
    Table(
        "code_value",
        metadata,
        Column("id", BigInteger, Identity(always=True), primary_key=True),
        Column("list", Text, ForeignKey(qualified(metadata, "code_list.id")), nullable=False),
        required_text("code"),
        required_text("name"),
        required_text("name_en"),
        Column("parent", Text),
        Column("valid_from", Date, comment="null: since before the record"),
        Column("valid_to", Date, comment="first day it no longer holds; null: in force"),
        texts("alternatives"),
        required_text("note"),
        Column("level", Text),
        Column("full_name", Text),
        Column("kind", Text),
        texts("successors"),
        texts("keys", comment="folded spellings: code, name, alternatives"),
        removed(),
        UniqueConstraint("list", "code", "valid_from", postgresql_nulls_not_distinct=True),
        CheckConstraint("valid_from < valid_to", name="period"),
        Index(None, "keys", postgresql_using="gin"),
    )
