"""Searching the quarantine as an officer may see it: by batch, source, rule, element, status, key, age (behind the road in).

What is found is opened for whoever may see it as sent, and put under masks for the others; of a masked cell a keyed digest
tells which cells hold the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from jishi.access.officer import Officer
from jishi.errors import CallerError, NotFoundError
from jishi.identifiers.keys import Keys
from jishi.quality.raw_row import RawRow, open_row, sight
from jishi.registers.catalog import register_of, registers
from jishi.registers.register import Register


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows; None = any. ``element``: a name of the register's, or ``row``; ``key``: the keyed tag of a source key."""

    status: str | None = None
    batch: int | None = None
    source: str | None = None
    register: str | None = None
    department: str | None = None
    rule: str | None = None
    element: str | None = None
    key: UUID | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the quarantine; ``raw`` is sealed, empty where its cells were let go. ``columns``: header → elements."""

    quarantine_id: int
    batch_id: int
    row_number: int
    source_id: int
    source: str
    register: str
    department: str
    source_key: UUID | None
    reasons: tuple[str, ...]
    status: str
    opened_at: datetime
    closed_at: datetime | None
    closed_by_batch: int | None
    repair_id: int | None
    supersedes: int | None
    batch_status: str
    raw: bytes
    columns: Mapping[str, tuple[str, ...]]

    @property
    def is_open(self) -> bool:
        """Whether a steward may act on it: open, no repair under way, its batch not held."""
        return self.status == "open" and self.repair_id is None and self.batch_status != "held"


@dataclass(frozen=True, slots=True)
class Step:
    """``officer`` None: the road itself. ``by_batch``: the batch whose publishing did it."""

    taken_at: datetime
    officer: str | None
    step: str
    reason: str | None
    repair_id: int | None
    by_batch: int | None


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry with its cells as this officer sees them; ``masked`` and ``clear`` name the elements that are so shown."""

    entry: Entry
    row: RawRow
    digests: Mapping[str, str]
    masked: tuple[str, ...]
    clear: tuple[str, ...]


async def search(
    connection: asyncpg.Connection, officer: Officer, wanted: Wanted, *, before: int | None = None, limit: int = 100
) -> list[Entry]:
    """Rows the officer sees, the newest first; ``before``: only those with a smaller number."""
    conditions, values = _conditions(wanted)
    sources = await _sources(connection, officer, wanted)
    conditions.append(f"q.source_id = ANY(${len(values) + 1}::smallint[])")
    values.append(sources)
    if before is not None:
        conditions.append(f"q.quarantine_id < ${len(values) + 1}")
        values.append(before)
    found = f"""
SELECT q.quarantine_id FROM jishi.quarantine q WHERE {" AND ".join(conditions)}
ORDER BY q.quarantine_id DESC LIMIT ${len(values) + 1}"""
    rows = await connection.fetch(
        f"{_ENTRY} WHERE q.quarantine_id IN ({found}) ORDER BY q.quarantine_id DESC", *values, limit
    )
    return [_read(row) for row in rows]


async def count(connection: asyncpg.Connection, officer: Officer, wanted: Wanted) -> int:
    """How many rows the officer sees."""
    conditions, values = _conditions(wanted)
    values.append(await _sources(connection, officer, wanted))
    conditions.append(f"q.source_id = ANY(${len(values)}::smallint[])")
    return int(
        await connection.fetchval(f"SELECT count(*) FROM jishi.quarantine q WHERE {' AND '.join(conditions)}", *values)
    )


async def entry(connection: asyncpg.Connection, officer: Officer, quarantine_id: int) -> Entry:
    """One row. Raises NotFoundError ``QLT-ROW-UNKNOWN``, also for a row of a department the officer does not see."""
    found = await find(connection, quarantine_id)
    if found is None or not officer.sees(found.department):
        raise NotFoundError("QLT-ROW-UNKNOWN", row=quarantine_id)
    return found


async def find(connection: asyncpg.Connection, quarantine_id: int) -> Entry | None:
    """One row, for the road itself, which sees all."""
    row = await connection.fetchrow(f"{_ENTRY} WHERE q.quarantine_id = $1", quarantine_id)
    return None if row is None else _read(row)


async def steps(connection: asyncpg.Connection, found: Entry) -> list[Step]:
    """Who did what with the row, the first step first."""
    rows = await connection.fetch(_STEPS, found.batch_id, found.row_number)
    return [Step(*row) for row in rows]


async def following(connection: asyncpg.Connection, found: Entry) -> int | None:
    """The row that took its place when its repair did not pass."""
    number = await connection.fetchval(
        "SELECT quarantine_id FROM jishi.quarantine WHERE supersedes = $1", found.quarantine_id
    )
    return None if number is None else int(number)


def show(keys: Keys, officer: Officer, found: Entry) -> Shown:
    """Open the row and put it under masks where the officer may not see it as sent."""
    seen = sight(keys, officer, opened(keys, found), register_of(found.register), found)
    return Shown(found, seen.row, seen.digests, seen.masked, seen.clear)


def opened(keys: Keys, found: Entry) -> RawRow:
    """The row as it was sent; without cells where these were let go."""
    return open_row(keys, found.batch_id, found.row_number, found.raw) if found.raw else RawRow({}, None)


def rules_of(element: str, register: str | None = None) -> list[str]:
    """Ids of the rules that stand under an element (``row``: about the row as such).

    Raises CallerError ``QLT-ELEMENT`` where no register has it.
    """
    asked: Sequence[Register] = [register_of(register)] if register else list(registers().values())
    found = [rule.id for one in asked for rule in one.rules if rule.element == element]
    if not found:
        raise CallerError("QLT-ELEMENT", element=element)
    return sorted(set(found))


def _conditions(wanted: Wanted) -> tuple[list[str], list[Any]]:
    conditions, values = ["TRUE"], []
    told = {
        "q.status = {}": wanted.status,
        "q.batch_id = {}": wanted.batch,
        "q.reasons @> ARRAY[{}::text]": wanted.rule,
        "q.reasons && {}::text[]": rules_of(wanted.element, wanted.register) if wanted.element else None,
        "q.source_key = {}": wanted.key,
        "q.opened_at >= {}": wanted.opened_from,
        "q.opened_at < {}": wanted.opened_before,
    }
    for condition, value in told.items():
        if value is not None:
            values.append(value)
            conditions.append(condition.format(f"${len(values)}"))
    return conditions, values


async def _sources(connection: asyncpg.Connection, officer: Officer, wanted: Wanted) -> list[int]:
    """Numbers of the sources whose rows are asked for and there for the officer."""
    register = register_of(wanted.register).name if wanted.register else None
    rows = await connection.fetch(_SOURCES, officer.department, wanted.department, wanted.source, register)
    return [row["source_id"] for row in rows]


def _read(row: Mapping[str, Any]) -> Entry:
    columns = {header: tuple(elements) for header, elements in json.loads(row["columns"]).items()}
    return Entry(**{**dict(row), "reasons": tuple(row["reasons"]), "columns": columns})


_ENTRY = """
-- Rows of the quarantine with their source and batch.
SELECT q.quarantine_id, q.batch_id, q.row_number, q.source_id, s.name AS source, s.register, s.department, q.source_key,
  q.reasons, q.status, q.opened_at, q.closed_at, q.closed_by_batch, q.repair_id, q.supersedes, b.status AS batch_status,
  q.raw, b.columns
FROM jishi.quarantine q JOIN jishi.source s USING (source_id) JOIN jishi.batch b USING (batch_id)"""

_STEPS = """
SELECT taken_at, officer, step, reason, repair_id, by_batch FROM jishi.quarantine_step
WHERE batch_id = $1 AND row_number = $2 ORDER BY step_id"""

_SOURCES = """
SELECT source_id FROM jishi.source
WHERE ($1::text IS NULL OR department = $1) AND ($2::text IS NULL OR department = $2)
  AND ($3::text IS NULL OR name = $3) AND ($4::text IS NULL OR register = $4)"""
