"""What names are compared with: all spellings of the wanted schemes, read in one place and laid out in columns.

An index holds every period of every concept; which of them are in force on a day is asked of it, so that questions about
the past need no index of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from jishi.dictionary.resolver.wording import Reader, Reading

if TYPE_CHECKING:
    from asyncpg import Connection

CODE, NAME, ALIAS, WORDING, DOCUMENT = range(5)
"""Kinds of spellings, best first. A wording and a document are compared, but never equal to a name."""

Days = npt.NDArray[np.int32]
FIRST, LAST = 0, 4_000_000
"""Days of a period without a beginning or an end."""


@dataclass(slots=True)
class Rows:
    """What the database says of the wanted schemes, as read."""

    concepts: Sequence[Any] = ()
    aliases: Sequence[Any] = ()
    values: Sequence[Any] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Who uses an alias, and when: places, departments, first day and first day after; ``negative``: it is not meant."""

    places: tuple[str, ...] = ()
    departments: tuple[str, ...] = ()
    first: int = FIRST
    end: int = LAST
    negative: bool = False


@dataclass
class Index:
    """Concepts and their spellings; a spelling's ``owner`` is its concept's place. ``words``: its words are known.

    ``drafts``: concepts not approved yet; ``successors``: what follows each deprecated one."""

    words: bool
    schemes: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    stages: list[str | None] = field(default_factory=list)
    responsible: list[str | None] = field(default_factory=list)
    first: Days = field(default_factory=lambda: np.zeros(0, np.int32))
    end: Days = field(default_factory=lambda: np.zeros(0, np.int32))
    texts: list[str] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    kinds: bytearray = field(default_factory=bytearray)
    scopes: dict[int, Scope] = field(default_factory=dict)
    drafts: set[int] = field(default_factory=set)
    successors: dict[int, tuple[int, ...]] = field(default_factory=dict)
    by_plain: dict[str, tuple[int, ...]] = field(default_factory=dict)
    by_bare: dict[str, tuple[int, ...]] = field(default_factory=dict)

    def scope(self, spelling: int) -> Scope:
        return self.scopes.get(spelling, _EVERYWHERE)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other


async def marker(connection: Connection[Any], schemes: Sequence[str]) -> tuple[str, str, list[str], list[str]]:
    """The dictionary's version, a mark that differs after any change, and which of ``schemes`` are schemes, which lists."""
    row = await connection.fetchrow(_MARKER, list(schemes))
    return row["version"] or "", row["mark"], list(row["schemes"]), list(row["lists"])


async def load(connection: Connection[Any], schemes: Sequence[str], lists: Sequence[str]) -> Rows:
    """Everything the resolver reads of concepts, aliases and code lists, of all times."""
    concepts = await connection.fetch(_CONCEPTS, list(schemes)) if schemes else []
    aliases = await connection.fetch(_ALIASES, list(schemes)) if schemes else []
    values = await connection.fetch(_VALUES, list(lists)) if lists else []
    return Rows(concepts, aliases, values)


async def department_name(connection: Connection[Any], code: str) -> str | None:
    """What the department of a unified social credit code is called, with its roles; None where it is unknown."""
    name: str | None = await connection.fetchval(_DEPARTMENT, code)
    return name


def build(rows: Rows, reader: Reader, wordings: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Index:
    """The index of ``rows``; runs long for large lists, so keep it off the event loop."""
    index = Index(words=bool(rows.concepts))
    periods: list[tuple[int, int]] = []
    places: dict[tuple[str, str], int] = {}
    for row in rows.concepts:
        owner = _add_concept(index, row, row["stage_code"], row["responsible"])
        periods.append(_period(row["valid_from"], row["valid_to"]))
        places[row["scheme"], row["code"]] = owner
        _add(index, owner, CODE, row["code"])
        _add(index, owner, NAME, row["name"])
        for text in wordings.get(row["scheme"], {}).get(row["code"], ()):
            _add(index, owner, WORDING, text)
        for text in row["documents"]:
            _add(index, owner, DOCUMENT, text)
    _mark(index, rows.concepts, places)
    for row in rows.aliases:
        if (row["scheme"], row["code"]) in places:
            first, end = _period(row["valid_from"], row["valid_to"])
            scope = Scope(tuple(row["places"]), tuple(row["departments"]), first, end, row["negative"])
            _add(index, places[row["scheme"], row["code"]], ALIAS, row["alias"], scope)
    for row in rows.values:
        owner = _add_concept(index, row, None, None)
        periods.append(_period(row["valid_from"], row["valid_to"]))
        _add(index, owner, CODE, row["code"])
        _add(index, owner, NAME, row["name"])
        for text in row["alternatives"]:
            _add(index, owner, ALIAS, text)
    index.first = np.array([first for first, _ in periods], np.int32)
    index.end = np.array([end for _, end in periods], np.int32)
    _key(index, reader)
    return index


def readings(index: Index, reader: Reader) -> list[Reading | None]:
    """How each spelling reads; None for codes."""
    read = reader.read if index.words else reader.skim
    return [
        None if kind == CODE else read(reader.plain(text))
        for place, (text, kind) in enumerate(zip(index.texts, index.kinds, strict=True))
    ]


_EVERYWHERE = Scope()


def _add_concept(index: Index, row: Any, stage: str | None, responsible: str | None) -> int:
    index.schemes.append(row["scheme"])
    index.codes.append(row["code"])
    index.names.append(row["name"])
    index.stages.append(stage)
    index.responsible.append(responsible)
    return len(index.codes) - 1


def _mark(index: Index, rows: Sequence[Any], places: Mapping[tuple[str, str], int]) -> None:
    """Which concepts are no standard yet, or no more; rows that say nothing of it are of approved concepts."""
    for row in rows:
        owner, status = places[row["scheme"], row["code"]], row.get("status") or "approved"
        if status in ("draft", "review"):
            index.drafts.add(owner)
        elif status == "deprecated":
            codes = row.get("successors") or ()
            known = [places[row["scheme"], code] for code in codes if (row["scheme"], code) in places]
            index.successors[owner] = tuple(dict.fromkeys(known))


def _add(index: Index, owner: int, kind: int, text: str, scope: Scope | None = None) -> None:
    if scope is not None and scope != _EVERYWHERE:
        index.scopes[len(index.texts)] = scope
    index.texts.append(text)
    index.owners.append(owner)
    index.kinds.append(kind)


def _key(index: Index, reader: Reader) -> None:
    """The ways from a text to spellings: plain as it is, and bare of what is no part of a name."""
    for place, (text, kind) in enumerate(zip(index.texts, index.kinds, strict=True)):
        if kind == DOCUMENT:
            continue
        plain = reader.plain(text)
        if kind != WORDING:
            index.by_plain[plain] = (*index.by_plain.get(plain, ()), place)
        bare = reader.bare(plain)
        if kind != CODE and bare and (index.words or bare != plain):
            index.by_bare[bare] = (*index.by_bare.get(bare, ()), place)


def _period(first: date | None, end: date | None) -> tuple[int, int]:
    return (first.toordinal() if first else FIRST), (end.toordinal() if end else LAST)


_MARKER = """
-- Version of the files, a sum over row versions that any change changes, and which wanted ids exist.
SELECT
  (SELECT version FROM jishi.dictionary_edition ORDER BY id DESC LIMIT 1) AS version,
  concat_ws(
    '-',
    current_database(),
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    (SELECT coalesce(max(id), 0) FROM jishi.dictionary_edition),
    (SELECT count(*) || ':' || coalesce(sum(xmin::text::bigint), 0) FROM jishi.concept WHERE scheme = ANY($1::text[])),
    (SELECT count(*) || ':' || coalesce(sum(xmin::text::bigint), 0) FROM jishi.concept_alias WHERE scheme = ANY($1::text[])),
    (SELECT count(*) FROM jishi.code_value WHERE list = ANY($1::text[]))
  ) AS mark,
  (SELECT coalesce(array_agg(id), '{}') FROM jishi.scheme WHERE id = ANY($1::text[]) AND removed_at IS NULL) AS schemes,
  (SELECT coalesce(array_agg(id), '{}') FROM jishi.code_list WHERE id = ANY($1::text[]) AND removed_at IS NULL) AS lists
"""

_CONCEPTS = """
-- Concepts of all times, not those nobody approved yet; a deprecated one leads to its successors.
SELECT scheme, code, preferred_name AS name, stage_code, responsible, documents, valid_from, valid_to, status, successors
FROM jishi.concept
WHERE scheme = ANY($1::text[])
  AND status IN ('approved', 'deprecated')
  AND (status = 'deprecated' OR removed_at IS NULL OR valid_to IS NOT NULL)
ORDER BY scheme, code
"""

_ALIASES = """
-- Aliases in force and decisions that a name is not meant.
SELECT scheme, code, alias, places, departments, valid_from, valid_to, negative
FROM jishi.concept_alias
WHERE scheme = ANY($1::text[])
  AND status = 'approved'
ORDER BY scheme, code, alias_normalised
"""

_VALUES = """
-- Values of code lists of all times.
SELECT list AS scheme, code, name, alternatives, valid_from, valid_to
FROM jishi.code_value
WHERE list = ANY($1::text[])
  AND (removed_at IS NULL OR valid_to IS NOT NULL)
ORDER BY list, code, valid_from NULLS FIRST
"""

_DEPARTMENT = """
-- A department's names and roles.
SELECT concat_ws(' ', name, short_name, array_to_string(roles, ' '))
FROM jishi.department
WHERE uscc = $1 AND removed_at IS NULL
"""
