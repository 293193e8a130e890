"""Entries of the dictionary as they stood in one edition: read from the history, in forms (query, exports).

``content`` of a version is JSON as the view ``dictionary_entry`` wrote it; here it becomes typed again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from jishi.dictionary.forms import KeptConcept, KeptEdge, KeptScheme

if TYPE_CHECKING:
    from asyncpg import Connection


class Period(BaseModel):
    """What a code of a list meant from ``valid_from`` until the day before ``valid_to``."""

    model_config = ConfigDict(frozen=True)

    name: str
    name_en: str = ""
    parent: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    alternatives: tuple[str, ...] = ()
    note: str = ""
    level: str | None = None
    full_name: str | None = None
    kind: str | None = None
    successors: tuple[str, ...] = ()
    removed_at: datetime | None = None

    def holds_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)


class ListEntry(BaseModel):
    """The head of a code list."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    title: str
    title_en: str
    standard: str = ""
    edition: str = ""
    source: str = ""
    complete: bool = False
    extensible: bool = False
    checked: date = date.min
    parent_list: str | None = None
    version: str = ""
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which version of an entry this is, and who made it when."""

    revision: int
    version: str
    edition: int
    change: str
    recorded_at: datetime
    author: str
    act: str
    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One concept, or one code of a list (``periods``, oldest first); exactly one of the two is there."""

    scheme: str
    code: str
    ended: bool
    stamp: Stamp
    concept: KeptConcept | None = None
    edges: tuple[KeptEdge, ...] = ()
    periods: tuple[Period, ...] = ()


@dataclass(frozen=True, slots=True)
class Head:
    """A scheme or code list without its entries; exactly one of the two is there."""

    id: str
    stamp: Stamp
    scheme: KeptScheme | None = None
    listed: ListEntry | None = None

    @property
    def removed(self) -> bool:
        told = self.scheme or self.listed
        return told is not None and told.removed_at is not None


async def read_heads(connection: Connection[Any], edition: int) -> list[Head]:
    """Every scheme and list there was, concept schemes first."""
    heads = [_head(row) for row in await connection.fetch(_HEADS, edition)]
    return sorted(heads, key=lambda head: (head.scheme is None, head.id))


async def read_entries(connection: Connection[Any], edition: int, scheme: str) -> list[Entry]:
    """Every entry of one scheme or list, by code."""
    return [_entry(row) for row in await connection.fetch(_ENTRIES, edition, scheme)]


async def read_entry(
    connection: Connection[Any], edition: int, code: str, schemes: Sequence[str] | None = None
) -> list[Entry]:
    """The entries of one code in ``schemes`` (None: in all concept schemes)."""
    return [_entry(row) for row in await connection.fetch(_ENTRY, edition, code, schemes)]


async def read_history(connection: Connection[Any], code: str, scheme: str) -> list[Entry]:
    """Every version an entry ever had, newest first."""
    return [_entry(row) for row in await connection.fetch(_HISTORY, code, scheme)]


def whole_scheme(head: Head, entries: Sequence[Entry]) -> KeptScheme:
    """The scheme with its concepts and edges, as exports carry it."""
    if head.scheme is None:
        raise TypeError(f"{head.id} is a code list")
    return head.scheme.model_copy(
        update={
            "concepts": tuple(entry.concept for entry in entries if entry.concept is not None),
            "edges": tuple(edge for entry in entries for edge in entry.edges),
        }
    )


def _head(row: Mapping[str, Any]) -> Head:
    content = json.loads(row["content"])
    stamp = _stamp(row)
    if content.pop("kind") == "concepts":
        scheme = KeptScheme.model_validate({**content, "id": row["scheme"], "revision": stamp.revision})
        return Head(row["scheme"], stamp, scheme=scheme)
    return Head(row["scheme"], stamp, listed=ListEntry.model_validate({**content, "id": row["scheme"]}))


def _entry(row: Mapping[str, Any]) -> Entry:
    content = json.loads(row["content"])
    scheme, code, stamp = row["scheme"], row["code"], _stamp(row)
    if "periods" in content:
        periods = tuple(Period.model_validate(period) for period in content["periods"])
        return Entry(scheme, code, row["ended"], stamp, periods=periods)
    edges = tuple(KeptEdge.model_validate({**edge, "code": code}) for edge in content.pop("edges"))
    concept = KeptConcept.model_validate({**content, "code": code, "revision": stamp.revision})
    return Entry(scheme, code, row["ended"], stamp, concept=concept, edges=edges)


def _stamp(row: Mapping[str, Any]) -> Stamp:
    return Stamp(
        row["revision"],
        row["version"],
        row["edition"],
        row["change"],
        row["loaded_at"],
        row["author"],
        row["act"],
        row["reason"],
    )


_COLUMNS = """v.kind, v.scheme, v.code, v.revision, v.edition, v.change, v.ended, v.content::text AS content,
  e.version, e.loaded_at, e.author, e.act, e.reason"""

_HEADS = f"""
-- Heads of schemes and lists as an edition had them.
SELECT DISTINCT ON (v.scheme) {_COLUMNS}
FROM jishi.dictionary_version v
JOIN jishi.dictionary_edition e ON e.id = v.edition
WHERE v.kind = 'scheme' AND v.edition <= $1
ORDER BY v.scheme, v.revision DESC
"""  # noqa: S608  fixed columns

_ENTRIES = f"""
-- Entries of one scheme as an edition had them.
SELECT DISTINCT ON (v.code) {_COLUMNS}
FROM jishi.dictionary_version v
JOIN jishi.dictionary_edition e ON e.id = v.edition
WHERE v.kind = 'concept' AND v.scheme = $2 AND v.edition <= $1
ORDER BY v.code, v.revision DESC
"""  # noqa: S608  fixed columns

_ENTRY = f"""
-- Entries of one code as an edition had them; without schemes named, of concept schemes.
SELECT DISTINCT ON (v.scheme) {_COLUMNS}
FROM jishi.dictionary_version v
JOIN jishi.dictionary_edition e ON e.id = v.edition
WHERE v.kind = 'concept' AND v.code = $2 AND v.edition <= $1
  AND (v.scheme = ANY($3::text[]) OR $3::text[] IS NULL AND v.scheme IN (SELECT id FROM jishi.scheme))
ORDER BY v.scheme, v.revision DESC
"""  # noqa: S608  fixed columns

_HISTORY = f"""
-- Every version of one entry.
SELECT {_COLUMNS}
FROM jishi.dictionary_version v
JOIN jishi.dictionary_edition e ON e.id = v.edition
WHERE v.kind = 'concept' AND v.code = $1 AND v.scheme = $2
ORDER BY v.revision DESC
"""  # noqa: S608  fixed columns
