"""The tables of concepts 概念: schemes, concepts, what else they are called, and a city's own order (declarations)."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from jishi.dictionary.columns import qualified, removed, required_text, said, texts


def define_concepts(metadata: MetaData) -> None:
    """Add ``scheme``, ``concept``, ``concept_alias`` and ``concept_edge`` to ``metadata``."""
    Table(
        "scheme",
        metadata,
        Column("id", Text, primary_key=True),
        required_text("title"),
        required_text("title_en"),
        required_text("description"),
        _origin(),
        removed(),
        _origin_check(),
    )
    Table(
        "concept",
        metadata,
        Column("scheme", Text, ForeignKey(qualified(metadata, "scheme.id")), primary_key=True),
        Column("code", Text, primary_key=True, comment="never used again with another meaning"),
        required_text("preferred_name"),
        said("preferred_name_en"),
        required_text("name_normalised", index=True),
        said("definition"),
        said("scope_note"),
        Column("stage_code", Text),
        Column("stage_name", Text),
        texts("predecessors", comment="codes of the same scheme, or any"),
        Column("responsible", Text),
        texts("documents"),
        texts("legal_basis"),
        required_text("note"),
        required_text("status", comment="draft, review, approved or deprecated"),
        said("status_origin", "dictionary", comment="dictionary (the files' first word) or steward"),
        said("status_reason"),
        texts("successors", comment="codes that stand instead of a deprecated one"),
        Column("valid_from", Date),
        Column("valid_to", Date),
        _origin(),
        removed(),
        CheckConstraint("status IN ('draft', 'review', 'approved', 'deprecated')", name="status"),
        CheckConstraint("status_origin IN ('dictionary', 'steward')", name="status_origin"),
        CheckConstraint(
            "status <> 'deprecated' OR cardinality(successors) > 0 OR status_reason <> ''", name="deprecated_why"
        ),
        _origin_check(),
    )
    _define_aliases(metadata)
    _define_edges(metadata)


def _define_aliases(metadata: MetaData) -> None:
    Table(
        "concept_alias",
        metadata,
        Column("alias_id", BigInteger, Identity(always=True), primary_key=True),
        required_text("scheme"),
        required_text("code"),
        required_text("alias_normalised", index=True),
        required_text("alias"),
        texts("places", comment="who uses it; empty: everywhere"),
        texts("departments", comment="which departments use it; empty: all"),
        Column("valid_from", Date, comment="null: always"),
        Column("valid_to", Date, comment="first day it is no longer used; null: still"),
        Column("negative", Boolean, nullable=False, comment="a decision that it does not mean this concept"),
        required_text("status", comment="draft, approved, rejected or ended"),
        required_text("origin", comment="dictionary (a file) or steward"),
        removed(),
        ForeignKeyConstraint(
            ("scheme", "code"), (qualified(metadata, "concept.scheme"), qualified(metadata, "concept.code"))
        ),
        UniqueConstraint(
            "scheme",
            "code",
            "alias_normalised",
            "negative",
            "places",
            "departments",
            "valid_from",
            name="concept_alias_scope_key",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("status IN ('draft', 'approved', 'rejected', 'ended')", name="status"),
        CheckConstraint("valid_from < valid_to", name="period"),
        _origin_check(),
    )


def _define_edges(metadata: MetaData) -> None:
    """Where a city's procedure departs from the predecessors every city has."""
    Table(
        "concept_edge",
        metadata,
        Column("edge_id", BigInteger, Identity(always=True), primary_key=True),
        required_text("scheme"),
        required_text("code"),
        required_text("predecessor"),
        required_text("place", comment="the city whose procedure it is"),
        required_text("procedure", comment="version of the procedure: the rule that sets it"),
        Column("removes", Boolean, nullable=False, comment="the order everywhere else does not hold here"),
        Column("valid_from", Date),
        Column("valid_to", Date, comment="first day the procedure no longer holds"),
        said("note"),
        _origin(),
        removed(),
        ForeignKeyConstraint(
            ("scheme", "code"), (qualified(metadata, "concept.scheme"), qualified(metadata, "concept.code"))
        ),
        ForeignKeyConstraint(
            ("scheme", "predecessor"), (qualified(metadata, "concept.scheme"), qualified(metadata, "concept.code"))
        ),
        UniqueConstraint(
            "scheme",
            "code",
            "predecessor",
            "place",
            "procedure",
            "valid_from",
            name="concept_edge_procedure_key",
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("valid_from < valid_to", name="period"),
        _origin_check(),
    )


def _origin() -> Column[str]:
    return said("origin", "dictionary", comment="dictionary (a file) or steward; files change only what is theirs")


def _origin_check() -> CheckConstraint:
    return CheckConstraint("origin IN ('dictionary', 'steward')", name="origin")
