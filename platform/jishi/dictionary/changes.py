"""The feed of changes 变更: what became new, was modified or deprecated, in the order it happened (query, road out)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncpg import Connection

KINDS = ("new", "modified", "deprecated")
Since = int | str | datetime
Position = tuple[int, str, str, str]
"""Edition, kind, scheme and code of the last change a reader has seen."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which changes: after ``since`` (an edition's number, a version, an instant), a page from ``after`` on."""

    since: Since | None = None
    after: Position | None = None
    limit: int = 100
    scheme: str | None = None
    change: str | None = None


@dataclass(frozen=True, slots=True)
class DictionaryChange:
    """One entry that changed in one edition. ``kind``: scheme or concept; ``successors``: of a deprecated concept."""

    edition: int
    version: str
    recorded_at: datetime
    author: str
    act: str
    reason: str
    kind: str
    scheme: str
    code: str
    revision: int
    change: str
    name: str
    status: str | None
    successors: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "edition": self.edition,
            "version": self.version,
            "recorded_at": self.recorded_at.isoformat(),
            "author": self.author,
            "act": self.act,
            "reason": self.reason,
            "kind": self.kind,
            "scheme": self.scheme,
            "code": self.code,
            "revision": self.revision,
            "change": self.change,
            "name": self.name,
            "status": self.status,
            "successors": list(self.successors),
        }


@dataclass(frozen=True, slots=True)
class Page:
    """A page of the feed; ``next_after`` is where to go on, now if there is ``more``, else later."""

    changes: tuple[DictionaryChange, ...]
    next_after: str
    more: bool


async def read_changes(connection: Connection[Any], edition: int, wanted: Wanted) -> Page:
    """The changes up to ``edition``, oldest first."""
    since = wanted.since
    number = since if isinstance(since, int) else None
    version = since if isinstance(since, str) else None
    instant = since if isinstance(since, datetime) else None
    after = wanted.after or (0, "", "", "")
    rows = await connection.fetch(
        _CHANGES, edition, number, version, instant, *after, wanted.scheme, wanted.change, wanted.limit + 1
    )
    changes = tuple(map(_change, rows[: wanted.limit]))
    last = changes[-1] if changes else None
    position = (last.edition, last.kind, last.scheme, last.code) if last else wanted.after
    return Page(changes, _told(position) if position else "", len(rows) > wanted.limit)


def read_since(text: str | None) -> Since | None:
    """An edition's number, an instant, a day (from its beginning, UTC) or a version; None where it is none of them."""
    if text is None or not text.isprintable():
        return None
    if text.isascii() and text.isdigit() and len(text) < 16:
        return int(text)
    try:
        if len(text) == len("2026-01-01"):
            return datetime.combine(date.fromisoformat(text), time(), UTC)
        instant = datetime.fromisoformat(text.replace(" ", "+"))
        return instant if instant.tzinfo is not None else None
    except ValueError:
        return text if _VERSION.fullmatch(text) else None


def read_position(text: str | None) -> Position | None:
    """What ``next_after`` said; None where it is no such thing."""
    parts = (text or "").split("~", 3)
    if len(parts) < 4 or not (parts[0].isascii() and parts[0].isdigit() and len(parts[0]) < 16):
        return None
    return int(parts[0]), parts[1], parts[2], parts[3]


def _told(position: Position) -> str:
    return "~".join(map(str, position))


def _change(row: Mapping[str, Any]) -> DictionaryChange:
    return DictionaryChange(
        row["edition"],
        row["version"],
        row["loaded_at"],
        row["author"],
        row["act"],
        row["reason"],
        row["kind"],
        row["scheme"],
        row["code"],
        row["revision"],
        row["change"],
        row["name"] or "",
        row["status"],
        tuple(json.loads(row["successors"] or "[]")),
    )


_VERSION = re.compile(r"[0-9a-f]{16}(\.\d{1,15})?")

_CHANGES = """
-- A page of changes, oldest first.
SELECT v.edition, e.version, e.loaded_at, e.author, e.act, e.reason, v.kind, v.scheme, v.code, v.revision, v.change,
  coalesce(v.content ->> 'name', v.content ->> 'title', v.content -> 'periods' -> -1 ->> 'name') AS name,
  v.content ->> 'status' AS status,
  coalesce(v.content -> 'successors', v.content -> 'periods' -> -1 -> 'successors')::text AS successors
FROM jishi.dictionary_version v
JOIN jishi.dictionary_edition e ON e.id = v.edition
WHERE v.edition <= $1
  AND v.edition > coalesce($2::bigint, (SELECT max(id) FROM jishi.dictionary_edition WHERE version = $3), 0)
  AND ($4::timestamptz IS NULL OR e.loaded_at > $4)
  AND (v.edition, v.kind, v.scheme, v.code) > ($5::bigint, $6::text, $7::text, $8::text)
  AND ($9::text IS NULL OR v.scheme = $9)
  AND ($10::text IS NULL OR v.change = $10)
ORDER BY v.edition, v.kind, v.scheme, v.code
LIMIT $11
"""
