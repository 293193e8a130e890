"""Which rows of a batch failed which rule, as the database keeps it after the batch's end (behind the road in).

Refused rows stand in the quarantine. Of warned ones the link of their contribution knows the warnings, as long as the
revision this batch wrote is the newest: rows that said nothing new, or were changed since, are counted but not listed.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from jishi.errors import NotFoundError
from jishi.registers.catalog import register_of

PREFETCH = 1_000
"""Rows of a stream held in memory at once."""


@dataclass(frozen=True, slots=True)
class BatchEntry:
    """A ledger row as a report needs it. ``rows_of`` is the batch under which its rows are kept: an unchanged delivery's
    are those of the batch it repeats."""

    batch: int
    rows_of: int
    source: str
    register: str
    status: str
    file: str
    recorded_at: datetime | None
    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    warnings: Mapping[str, int]
    columns: Mapping[str, tuple[str, ...]]  # rule id → the delivery's own headers it is about
    notes: tuple[Mapping[str, Any], ...]
    fault: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Failing:
    """One row that failed a rule. ``key`` is the keyed tag of its source key, None when the key itself is missing;
    ``status`` is that of its quarantine entry, or ``accepted``."""

    row: int
    key: UUID | None
    status: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A refused row as it lies in the quarantine; ``raw`` is sealed."""

    row: int
    raw: bytes
    reasons: tuple[str, ...]


async def batch_entry(connection: asyncpg.Connection, batch_id: int) -> BatchEntry:
    """Raises NotFoundError ``ING-BATCH-UNKNOWN``."""
    row = await connection.fetchrow(_ENTRY, batch_id)
    if row is None:
        raise NotFoundError("ING-BATCH-UNKNOWN", batch=batch_id)
    rules = json.loads(row["rules"])
    return BatchEntry(
        batch=batch_id,
        rows_of=row["rows_of"],
        source=row["source"],
        register=row["register"],
        status=row["status"],
        file=row["file_name"],
        recorded_at=row["recorded_at"],
        counts={name: row[name] or 0 for name in COUNTED},
        reasons=json.loads(row["reasons"]),
        warnings=json.loads(row["warnings"]),
        columns={rule["rule"]: tuple(rule.get("columns", ())) for rule in rules},
        notes=tuple(json.loads(row["notes"])),
        fault=json.loads(row["fault"]) if row["fault"] else None,
    )


COUNTED = ("received", "inserted", "updated", "unchanged", "ended", "quarantined", "held", "duplicate")

_ENTRY = """
SELECT b.*, s.name AS source, s.register, o.batch_id AS rows_of, o.recorded_at AS recorded_at
FROM jishi.batch b JOIN jishi.source s USING (source_id)
JOIN jishi.batch o ON o.batch_id = COALESCE(b.same_as, b.batch_id)
WHERE b.batch_id = $1"""
"""One batch, its source, and the batch that kept its rows."""


async def count_failing(connection: asyncpg.Connection, entry: BatchEntry, rule: str) -> int:
    """How many rows can be listed."""
    query, values = _query(entry, rule)
    return int(await connection.fetchval(f"SELECT count(*) FROM ({query}) failing", *values))


async def page_of_failing(
    connection: asyncpg.Connection, entry: BatchEntry, rule: str, *, skip: int, limit: int
) -> list[Failing]:
    """Rows that failed ``rule``, in the order of the delivery, after the first ``skip``."""
    query, values = _query(entry, rule)
    rows = await connection.fetch(
        f"{query} ORDER BY 1 LIMIT ${len(values) + 1} OFFSET ${len(values) + 2}", *values, limit, skip
    )
    return [Failing(*row) for row in rows]


async def stream_failing(connection: asyncpg.Connection, entry: BatchEntry, rule: str) -> AsyncIterator[Failing]:
    """All of them, a thousand at a time in memory; inside a transaction."""
    query, values = _query(entry, rule)
    async for row in connection.cursor(f"{query} ORDER BY 1", *values, prefetch=PREFETCH):
        yield Failing(*row)


async def stream_kept(connection: asyncpg.Connection, entry: BatchEntry) -> AsyncIterator[Kept]:
    """Every refused row of the batch in the order of the delivery, likewise."""
    query = "SELECT row_number, raw, reasons FROM jishi.quarantine WHERE batch_id = $1 ORDER BY row_number"
    async for row in connection.cursor(query, entry.rows_of, prefetch=PREFETCH):
        yield Kept(row["row_number"], row["raw"], tuple(row["reasons"]))


def _query(entry: BatchEntry, rule: str) -> tuple[str, tuple[object, ...]]:
    """The statement of row number, key and status of each failing row, and its values."""
    if rule in entry.reasons:
        return _REFUSED, (entry.rows_of, rule)
    return _WARNED.format(register=register_of(entry.register).name), (entry.rows_of, rule, entry.recorded_at)


_REFUSED = """
SELECT row_number, source_key, status FROM jishi.quarantine
WHERE batch_id = $1 AND $2 = ANY(reasons)"""
"""Refused rows with that reason among theirs."""

_WARNED = """
SELECT c.row_number, l.source_key, 'accepted' AS status
FROM jishi.{register}_contribution c JOIN jishi.{register}_link l USING (contribution_id)
WHERE c.batch_id = $1 AND c.recorded_at = $3 AND c.row_number > 0 AND $2 = ANY(l.warnings)
  AND NOT EXISTS (
    SELECT FROM jishi.{register}_contribution n
    WHERE n.contribution_id = c.contribution_id AND n.recorded_at > c.recorded_at
  )"""
"""Accepted rows whose newest revision is this batch's and carries that warning."""
