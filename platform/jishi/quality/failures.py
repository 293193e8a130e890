"""Which rows of a batch failed which rule, as the database keeps it after the batch's end (behind the road in).

Every batch leaves the numbers of all its failing rows, refused and warned alike, in parts of :data:`PART` a rule. What the
refused rows held stands in the quarantine, what the accepted ones say in their contributions. Accepted rows that said
nothing new were not examined again: they are counted as ``carried``, and listed where they were examined.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from jishi.errors import NotFoundError
from jishi.quality.quarantine import DECIDED

PREFETCH = 1_000
"""Rows of a stream held in memory at once."""

PART = 500
"""Row numbers kept in one part; every part but a rule's last is full, so that any page is found without counting."""


@dataclass(frozen=True, slots=True)
class RuleResult:
    """One rule as a batch was measured by it. ``severity`` is that of then; ``overridden``: the source's own, not the
    register's. ``could_not_run`` is the class of the error that ended it: the counts then say nothing."""

    rule: str
    evaluated: int
    failed: int
    severity: str | None = None
    overridden: bool = False
    columns: tuple[str, ...] = ()  # the delivery's own headers it is about
    could_not_run: str | None = None


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
    results: tuple[RuleResult, ...] = ()  # every rule that was asked
    department: str = ""
    source_id: int = 0
    schedule: str | None = None
    delivered_at: datetime | None = None
    elements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # header → the elements taken from it


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
    results = tuple(_result(rule) for rule in json.loads(row["rules"]))
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
        columns={result.rule: result.columns for result in results},
        notes=tuple(json.loads(row["notes"])),
        fault=json.loads(row["fault"]) if row["fault"] else None,
        results=results,
        department=row["department"],
        source_id=row["source_id"],
        schedule=row["schedule"],
        delivered_at=row["delivered_at"],
        elements={header: tuple(taken) for header, taken in json.loads(row["columns"]).items()},
    )


def _result(told: Mapping[str, Any]) -> RuleResult:
    return RuleResult(**{**told, "columns": tuple(told.get("columns", ()))})


COUNTED = ("received", "inserted", "updated", "unchanged", "ended", "quarantined", "held", "duplicate")

_ENTRY = """
SELECT b.*, s.name AS source, s.register, s.department, s.schedule, o.batch_id AS rows_of, o.recorded_at AS recorded_at
FROM jishi.batch b JOIN jishi.source s USING (source_id)
JOIN jishi.batch o ON o.batch_id = COALESCE(b.same_as, b.batch_id)
WHERE b.batch_id = $1"""
"""One batch, its source, and the batch that kept its rows."""


async def keep_failing(connection: asyncpg.Connection, batch_id: int, stage: str, bad: str) -> None:
    """Keep the numbers of all rows of ``bad`` by rule, with the keys ``stage`` has for them, in place of what an earlier run
    of the batch kept. Within the transaction that ends the batch."""
    await connection.execute("DELETE FROM jishi.failing_rows WHERE batch_id = $1", batch_id)
    await connection.execute(_KEEP.format(stage=stage, bad=bad), batch_id, PART, DECIDED)


_KEEP = """
-- Row numbers in full parts of one rule each.
INSERT INTO jishi.failing_rows (batch_id, rule, part, last_row, rows, keys)
SELECT $1, rule, part, max(row_number), array_agg(row_number ORDER BY row_number), array_agg(key ORDER BY row_number)
FROM (
  SELECT r.rule, b.row_number, s.source_key AS key,
    ((row_number() OVER (PARTITION BY r.rule ORDER BY b.row_number) - 1) / $2::int)::int AS part
  FROM {bad} b JOIN {stage} s USING (row_number), unnest(b.reasons || b.warnings) AS r(rule)
  WHERE r.rule <> $3
) told
GROUP BY rule, part"""


COUNTIES: Mapping[str, tuple[str, ...]] = {
    "natural_person": ("hukou_division_code",),
    "legal_entity": ("domicile_division_code", "reg_division_code"),
    "place": ("addr_division_code", "county_code"),
    "certificate": ("area_code",),
}
"""Register → the elements that say in which county a record lies, the best first."""


async def keep_counties(
    connection: asyncpg.Connection, batch_id: int, register: str, staged: frozenset[str], stage: str, bad: str
) -> None:
    """Count the examined rows by the county they name, and those of them that failed; likewise."""
    await connection.execute("DELETE FROM jishi.failing_county WHERE batch_id = $1", batch_id)
    columns = [column for column in COUNTIES.get(register, ()) if column in staged]
    if columns:
        county = ", ".join(f"s.{column}" for column in columns)
        await connection.execute(_COUNTIES.format(stage=stage, bad=bad, county=county), batch_id)


_COUNTIES = """
INSERT INTO jishi.failing_county (batch_id, county, rows, failed)
SELECT $1, left(COALESCE({county}), 6), count(*), count(b.row_number)
FROM {stage} s
LEFT JOIN {bad} b USING (row_number)
WHERE COALESCE({county}) ~ '^[0-9]{{6}}'
GROUP BY 2"""


async def count_failing(connection: asyncpg.Connection, entry: BatchEntry, rule: str) -> int:
    """How many rows can be listed."""
    counted = "SELECT COALESCE(sum(cardinality(rows)), 0) FROM jishi.failing_rows WHERE batch_id = $1 AND rule = $2"
    return int(await connection.fetchval(counted, entry.rows_of, rule))


async def page_of_failing(
    connection: asyncpg.Connection, entry: BatchEntry, rule: str, *, skip: int, limit: int
) -> list[Failing]:
    """Rows that failed ``rule``, in the order of the delivery, after the first ``skip``."""
    first, last = skip // PART, (skip + limit) // PART
    query = f"{_LISTED} AND f.part BETWEEN $4 AND $5 ORDER BY 1 OFFSET $6 LIMIT $7"
    accepted = _of_accepted(entry)
    rows = await connection.fetch(query, entry.rows_of, rule, accepted, first, last, skip - first * PART, limit)
    return [Failing(*row) for row in rows]


async def stream_failing(connection: asyncpg.Connection, entry: BatchEntry, rule: str) -> AsyncIterator[Failing]:
    """All of them, a thousand at a time in memory; inside a transaction."""
    query = f"{_LISTED} ORDER BY 1"
    async for row in connection.cursor(query, entry.rows_of, rule, _of_accepted(entry), prefetch=PREFETCH):
        yield Failing(*row)


async def stream_kept(connection: asyncpg.Connection, entry: BatchEntry) -> AsyncIterator[Kept]:
    """Every refused row of the batch in the order of the delivery, likewise."""
    query = "SELECT row_number, raw, reasons FROM jishi.quarantine WHERE batch_id = $1 ORDER BY row_number"
    async for row in connection.cursor(query, entry.rows_of, prefetch=PREFETCH):
        yield Kept(row["row_number"], row["raw"], tuple(row["reasons"]))


def _of_accepted(entry: BatchEntry) -> str:
    """What became of rows that were only warned of: nothing yet, as long as their batch is held."""
    return entry.status if entry.status in ("held", "refused", "discarded") else "accepted"


_LISTED = """
SELECT u.row_number, u.key, COALESCE(q.status, $3)
FROM jishi.failing_rows f
CROSS JOIN LATERAL unnest(f.rows, f.keys) AS u(row_number, key)
LEFT JOIN jishi.quarantine q ON q.batch_id = f.batch_id AND q.row_number = u.row_number
WHERE f.batch_id = $1 AND f.rule = $2"""
"""Row number, key and status of each failing row."""
