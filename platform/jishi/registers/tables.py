"""From one declaration to its typed tables: golden, version, contribution, link; and the child tables all registers share.

What is where (design: storage):

* ``<r>`` golden record: the values now; it *is* the version in force until it is superseded.
* ``<r>_version``: every version that is not (only) the golden row: superseded ones, later corrected ones, future ones.
* ``<r>_contribution``: what one source says under one key, append-only; carries no uid.
* ``<r>_link``: the judgement that stands for each contribution, and the digest of its newest revision for comparing.
"""

from __future__ import annotations

from typing import Any

from geoalchemy2 import Geometry
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

from jishi.registers.catalog import registers
from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register, element_columns

SRID = 4490


def define_tables(metadata: MetaData) -> None:
    """Add every register's tables and the shared child tables to ``metadata``."""
    for register in registers().values():
        define_register(register, metadata)
    define_shared(metadata)


def define_register(register: Register, metadata: MetaData) -> None:
    golden = register.name
    partition = register.partition_by
    key = [Column("uid", Uuid, primary_key=True)]
    Table(
        golden,
        metadata,
        *key,
        *value_columns(register, primary=(partition,) if partition else ()),
        *clock_columns(primary=False),
        Column("state", Text, nullable=False, comment="active or ended"),
        Column("in_version", Boolean, nullable=False, comment="this row also stands in the version table"),
        Column("batch_id", BigInteger, nullable=False),
        *[_index(golden, name, element, register) for name, element in register.elements.items() if element.queryable],
        *[_search_index(golden, name) for name in register.searched],
        *[_characters_index(golden, name) for name in register.free_text.elements],
        comment=register.title,
        info={"partitions": register.partitions},
        postgresql_partition_by=f"LIST ({partition})" if partition else None,
    )
    Table(
        f"{golden}_version",
        metadata,
        Column("uid", Uuid, primary_key=True),
        *value_columns(register),
        *clock_columns(primary=True),
        Column("state", Text, nullable=False, comment="active, ended or merged"),
        Column("into", Uuid, comment="the surviving uid of a merged entity"),
        Column("batch_id", BigInteger, nullable=False),
        *_version_indexes(f"{golden}_version", register),
        comment=f"{register.title} versions",
        postgresql_partition_by="RANGE (recorded_at)",
    )
    Table(
        f"{golden}_contribution",
        metadata,
        Column("contribution_id", BigInteger, primary_key=True, autoincrement=False),
        *value_columns(register),
        *clock_columns(primary=True),
        Column("ended", Boolean, nullable=False),
        Column("batch_id", BigInteger, nullable=False),
        Column("row_number", BigInteger, nullable=False, comment="row of the delivery; 0 = ended by absence"),
        comment=f"{register.title} contributions",
        postgresql_partition_by="RANGE (recorded_at)",
    )
    Table(
        f"{golden}_link",
        metadata,
        Column("contribution_id", BigInteger, primary_key=True, autoincrement=False),
        Column("source_id", SmallInteger, nullable=False),
        Column("source_key", Uuid, nullable=False, comment="keyed tag of the source's key columns"),
        Column("origin", Text, nullable=False),
        Column("rank", SmallInteger, nullable=False),
        Column("scope", Text, nullable=False),
        Column("uid", Uuid, nullable=False),
        Column("method", SmallInteger, nullable=False, comment="1 new entity, 2 strong identifier, 3 model, 4 steward"),
        Column("digest", Uuid, nullable=False, comment="keyed digest of the newest revision's values"),
        Column("raw_tag", Uuid, nullable=False, comment="keyed hash of its cells as delivered"),
        Column("ended", Boolean, nullable=False),
        Column("checked", Integer, nullable=False, comment="ruleset under which the newest revision was examined"),
        Column("warnings", ARRAY(Text)),
        Index(f"{golden}_link_source_key", "source_id", "source_key", unique=True),
        Index(f"{golden}_link_uid_idx", "uid"),
        comment=f"{register.title} judgements in force",
    )


def define_shared(metadata: MetaData) -> None:
    Table(
        "identifier",
        metadata,
        Column("register", SmallInteger, nullable=False),
        Column("contribution_id", BigInteger, nullable=False),
        Column("uid", Uuid, nullable=False),
        Column("element", Text, nullable=False),
        Column("scheme", Text, nullable=False),
        Column("lookup", Uuid, nullable=False, comment="keyed deterministic 128-bit tag"),
        Column("cipher", LargeBinary, comment="authenticated encryption; null where the value is not personal"),
        Column("masked", Text, nullable=False),
        Column("strong", Boolean, nullable=False),
        Column("valid_from", DateTime(timezone=True), nullable=False),
        Column("valid_to", DateTime(timezone=True)),
        Index("identifier_lookup_idx", "lookup"),
        Index("identifier_contribution_idx", "contribution_id"),
        comment="Identity numbers, sealed",
    )
    Table(
        "relation",
        metadata,
        Column("relation_id", BigInteger, primary_key=True),
        Column("kind", Text, nullable=False),
        Column("from_register", SmallInteger, nullable=False),
        Column("from_uid", Uuid, nullable=False),
        Column("contribution_id", BigInteger, comment="who says so; null where the golden value refers"),
        Column("element", Text, nullable=False, comment="the element that refers"),
        Column("to_register", SmallInteger),
        Column("to_uid", Uuid, comment="null while the target has not arrived"),
        Column("to_scheme", Text),
        Column("to_lookup", Uuid, comment="the number that names the target"),
        Column("to_value", Text, comment="the value that names the target"),
        Column("effective_from", DateTime(timezone=True), nullable=False),
        Column("effective_to", DateTime(timezone=True)),
        Column("recorded_at", DateTime(timezone=True), nullable=False),
        Column("resolved_at", DateTime(timezone=True), comment="when the target was recorded"),
        Column("closed_at", DateTime(timezone=True), comment="when its end was recorded"),
        Column("batch_id", BigInteger, nullable=False),
        Index("relation_from_idx", "from_uid", "kind"),
        Index("relation_to_idx", "to_uid", "kind"),
        Index("relation_contribution_idx", "contribution_id"),
        Index("relation_unresolved_idx", "to_lookup", postgresql_where=text("to_uid IS NULL")),
        Index("relation_unresolved_value_idx", "kind", "to_value", postgresql_where=text("to_uid IS NULL")),
        comment="Dated relations between entities",
    )
    Table(
        "judgement",
        metadata,
        Column("judgement_id", BigInteger, primary_key=True),
        Column("register", SmallInteger, nullable=False),
        Column("contribution_id", BigInteger, nullable=False),
        Column("uid", Uuid, nullable=False),
        Column("verdict", Text, nullable=False, comment="same or different"),
        Column("decided_by", Text, nullable=False),
        Column("score", Numeric(5, 4)),
        Column("rule_version", Text, nullable=False),
        Column("decided_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Index("judgement_contribution_idx", "contribution_id"),
        comment="Decisions of stewards and models beyond the identifier rule",
    )
    Table(
        "review",
        metadata,
        Column("review_id", BigInteger, primary_key=True),
        Column("register", SmallInteger, nullable=False),
        Column("kind", Text, nullable=False, comment="identifier-conflict, possible-same"),
        Column("contribution_id", BigInteger, nullable=False),
        Column("uid", Uuid, nullable=False),
        Column("other_uid", Uuid, nullable=False),
        Column("reason", Text, nullable=False, comment="code of the reason"),
        Column("status", Text, nullable=False, server_default="open"),
        Column("batch_id", BigInteger, nullable=False),
        Column("opened_at", DateTime(timezone=True), nullable=False),
        Index("review_open_idx", "register", "status"),
        Index("review_contribution_idx", "contribution_id"),
        comment="Pairs a steward must decide",
    )
    Table(
        "change",
        metadata,
        Column("register", SmallInteger, primary_key=True, autoincrement=False),
        Column("seq", BigInteger, primary_key=True, autoincrement=False),
        Column("uid", Uuid, nullable=False),
        Column("type", Text, nullable=False, comment="create change end merge unmerge withhold"),
        Column("recorded_at", DateTime(timezone=True), nullable=False),
        Column("effective_from", DateTime(timezone=True), nullable=False),
        Column("elements", ARRAY(Text), comment="elements that changed; null = all"),
        Column("into", Uuid),
        Column(
            "known_at",
            DateTime(timezone=True),
            comment="recorded_at of the version that came into force; null = recorded with the change",
        ),
        Column("before_from", DateTime(timezone=True), comment="effective_from of the version it took the place of"),
        Column("before_known", DateTime(timezone=True), comment="and that version's recorded_at"),
        comment="The ordered change feed, gap-free in a register",
    )
    Table(
        "register_state",
        metadata,
        Column("register", SmallInteger, primary_key=True, autoincrement=False),
        Column("name", Text, nullable=False),
        Column("last_seq", BigInteger, nullable=False),
        Column("last_recorded_at", DateTime(timezone=True), nullable=False),
        Column("last_contribution_id", BigInteger, nullable=False),
        Column(
            "turned_to", DateTime(timezone=True), nullable=False, comment="clock up to which turn has applied versions"
        ),
        Column(
            "pruned_seq", BigInteger, nullable=False, server_default=text("0"), comment="last change no longer kept"
        ),
        comment="One row a register: publish lock and clocks",
    )


def value_columns(register: Register, primary: tuple[str, ...] = ()) -> list[Column[object]]:
    """The element columns of a register in order, all nullable but those in ``primary``."""
    columns: list[Column[object]] = []
    for name, element in register.elements.items():
        types = column_types(element)
        for column, kind in zip(element_columns(name, element), types, strict=True):
            columns.append(Column(column, kind, primary_key=column in primary, comment=element.title))
    return columns


def column_types(element: DataElement) -> tuple[TypeEngine[Any], ...]:
    """SQL types of an element's columns; lengths are checked by rules, so that a refused value can still be staged."""
    if element.kind is Kind.DECIMAL:
        return (Numeric(*(element.digits or (20, 6))),)
    if element.kind is Kind.GEOMETRY:
        return (Geometry(element.geometry_type, srid=SRID, spatial_index=False),)
    return tuple(kind() for kind in _TYPES.get(element.kind, (Text,)))


_TYPES: dict[Kind, tuple[type[TypeEngine[Any]], ...]] = {
    Kind.DATE: (Date,),
    Kind.PARTIAL_DATE: (Date, Date, Text),
    Kind.INTEGER: (BigInteger,),
    Kind.BOOLEAN: (Boolean,),
    Kind.ITEMS: (JSONB,),
}


def clock_columns(*, primary: bool) -> list[Column[object]]:
    return [
        Column("effective_from", DateTime(timezone=True), primary_key=primary, nullable=False),
        Column("recorded_at", DateTime(timezone=True), primary_key=primary, nullable=False),
    ]


def _index(table: str, name: str, element: DataElement, register: Register) -> Index:
    if element.kind is Kind.GEOMETRY:
        return Index(f"{table}_{name}_idx", name, postgresql_using="gist")
    return Index(f"{table}_{name}_idx", name, "uid")


def _version_indexes(table: str, register: Register) -> list[Index]:
    """What another time is asked by: the natural key, the geometry and the names a search begins with, as on the golden
    table; and who was merged into an entity."""
    named = [name for name in (register.natural_key, register.geometry) if name is not None]
    found = [_index(table, name, register.elements[name], register) for name in named]
    found += [_search_index(table, name) for name in register.searched]
    return [*found, Index(f"{table}_into_idx", "into", postgresql_where=text('"into" IS NOT NULL'))]


def _search_index(table: str, name: str) -> Index:
    """By the characters themselves, so that the beginning of a name is found whatever the locale."""
    return Index(f"{table}_{name}_search_idx", name, "uid", postgresql_ops={name: "text_pattern_ops"})


def _characters_index(table: str, name: str) -> Index:
    """By each character it holds (``jishi.characters``, migration 0012), so that any part of it is found in any locale."""
    return Index(f"{table}_{name}_characters_idx", text(f"jishi.characters({name})"), postgresql_using="gin")
