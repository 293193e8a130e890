"""Sources 数源 and their deliveries as an officer may see them: how fresh, on what schedule, what came (behind the road in).

No file name, note or message of a delivery is told: they might repeat a value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jishi.access.officer import Officer
from jishi.errors import NotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection

OPEN = ("landed", "running", "held")
"""Statuses of a delivery that is not over."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One batch of the ledger, in figures. Counts are None until it was read."""

    batch: int
    source: str
    title: str
    register: str
    status: str
    delivered_at: datetime
    finished_at: datetime | None
    received: int | None
    changed: int | None
    quarantined: int | None
    held: int | None


@dataclass(frozen=True, slots=True)
class Source:
    """A source as last declared. ``published_at``: when a delivery of it was last published or found unchanged, None = never.
    ``latest``: its last delivery. ``open_rows``: of its refused rows, those nobody has dealt with."""

    name: str
    title: str
    register: str
    department: str
    department_name: str | None
    mode: str
    schedule: str | None
    version: str
    published_at: datetime | None
    open_rows: int
    latest: Delivery | None


async def listed(connection: Connection[Any], officer: Officer) -> list[Source]:
    """All sources he may see, by name."""
    return [_source(row) for row in await connection.fetch(_SOURCES, officer.department, None)]


async def one(connection: Connection[Any], officer: Officer, name: str) -> Source:
    """NotFoundError ``STW-SOURCE`` where there is none, or it is another department's."""
    row = None if "\0" in name else await connection.fetchrow(_SOURCES, officer.department, name)
    if row is None:
        raise NotFoundError("STW-SOURCE")
    return _source(row)


async def deliveries(
    connection: Connection[Any],
    officer: Officer,
    *,
    source: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Delivery]:
    """Batches, newest first; ``before``: only those with a smaller number."""
    rows = await connection.fetch(_DELIVERIES, officer.department, source, since, before, limit)
    return [_delivery(row) for row in rows]


async def columns(connection: Connection[Any], officer: Officer, source: str) -> Mapping[str, Sequence[str]]:
    """Headers of its last delivery that was read → the elements taken from them."""
    told = await connection.fetchval(_COLUMNS, officer.department, source)
    found: Mapping[str, Sequence[str]] = json.loads(told) if told else {}
    return found


def _source(row: Mapping[str, Any]) -> Source:
    return Source(
        name=row["name"],
        title=row["title"],
        register=row["register"],
        department=row["department"],
        department_name=row["department_name"],
        mode=row["mode"],
        schedule=row["schedule"],
        version=row["version"],
        published_at=row["published_at"],
        open_rows=row["open_rows"],
        latest=_delivery(row) if row["batch"] else None,
    )


def _delivery(row: Mapping[str, Any]) -> Delivery:
    return Delivery(
        row["batch"],
        row["name"],
        row["title"],
        row["register"],
        row["status"],
        row["delivered_at"],
        row["finished_at"],
        row["received"],
        row["changed"],
        row["quarantined"],
        row["held"],
    )


_SOURCES = """
-- Sources with their last delivery, their last published one, and refused rows nobody has dealt with.
SELECT
  s.name, s.title, s.register, s.department, d.name AS department_name, s.mode, s.schedule, s.version, p.published_at,
  l.batch, l.status, l.delivered_at, l.finished_at, l.received, l.changed, l.quarantined, l.held,
  (SELECT count(*) FROM jishi.quarantine q WHERE q.source_id = s.source_id AND q.status = 'open') AS open_rows
FROM jishi.source s
LEFT JOIN jishi.department d ON d.uscc = s.department AND d.removed_at IS NULL
LEFT JOIN LATERAL (
  SELECT
    batch_id AS batch, status, delivered_at, finished_at, received, inserted + updated + ended AS changed, quarantined, held
  FROM jishi.batch
  WHERE source_id = s.source_id AND kind = 'delivery'
  ORDER BY batch_id DESC
  LIMIT 1
) l ON true
LEFT JOIN LATERAL (
  SELECT finished_at AS published_at
  FROM jishi.batch
  WHERE source_id = s.source_id AND status IN ('published', 'unchanged') AND kind = 'delivery'
  ORDER BY batch_id DESC
  LIMIT 1
) p ON true
WHERE ($1::text IS NULL OR s.department = $1) AND ($2::text IS NULL OR s.name = $2)
ORDER BY s.name
"""

_DELIVERIES = """
-- A page of the ledger, newest first; repairs are no deliveries.
SELECT
  b.batch_id AS batch, s.name, s.title, s.register, b.status, b.delivered_at, b.finished_at, b.received,
  b.inserted + b.updated + b.ended AS changed, b.quarantined, b.held
FROM jishi.batch b
JOIN jishi.source s USING (source_id)
WHERE b.kind = 'delivery'
  AND ($1::text IS NULL OR s.department = $1)
  AND ($2::text IS NULL OR s.name = $2)
  AND ($3::timestamptz IS NULL OR b.delivered_at >= $3)
  AND ($4::bigint IS NULL OR b.batch_id < $4)
ORDER BY b.batch_id DESC
LIMIT $5
"""

_COLUMNS = """
-- What the headers of the last delivery of a source were taken for.
SELECT b.columns::text
FROM jishi.batch b
JOIN jishi.source s USING (source_id)
WHERE ($1::text IS NULL OR s.department = $1) AND s.name = $2 AND b.columns <> '{}'
ORDER BY b.batch_id DESC
LIMIT 1
"""
