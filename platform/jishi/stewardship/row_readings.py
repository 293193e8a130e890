"""Rows as received 原始行: read once more from the landing zone by a worker, for the steward who asked (beside the road in).

The API has no way into the landing zone, so a reading is a job. What it found rests sealed, and is let go within a day.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.access.officer import Officer
from jishi.errors import NotFoundError
from jishi.registers.register import Register

if TYPE_CHECKING:
    from asyncpg import Connection

FRESH = timedelta(minutes=10)
"""So long what was read of a row is shown again to who asked for it."""

GONE = "ING-LANDED-GONE"


@dataclass(frozen=True, slots=True)
class ReceivedRow:
    """The row in which what a contribution says now was received; ``row_number`` 0: it ended by absence, there is no row.
    ``columns``: header → elements. ``key_columns``: headers that make the source's key."""

    register: str
    contribution: int
    uid: UUID
    batch_id: int
    row_number: int
    source: str
    department: str
    delivered_at: datetime
    sha256: bytes
    columns: Mapping[str, tuple[str, ...]]
    key_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """``raw``: the row, sealed as in the quarantine; None: not read. ``fault``: the code of why it could not be read."""

    reading_id: int
    status: str
    fault: str | None
    raw: bytes | None

    @property
    def is_under_way(self) -> bool:
        return self.status in ("queued", "running")


async def received_row(
    connection: Connection[Any], officer: Officer, register: Register, contribution: int
) -> ReceivedRow:
    """Raises NotFoundError ``QLT-CONTRIBUTION-UNKNOWN``, also for one of a department the officer does not see, and
    ``QLT-ROW-ABSENT`` where no row said it."""
    row = await connection.fetchrow(_ROW.format(register=register.name), contribution)
    if row is None or not officer.sees(row["department"]):
        raise NotFoundError("QLT-CONTRIBUTION-UNKNOWN", contribution=contribution)
    if not row["row_number"]:
        raise NotFoundError("QLT-ROW-ABSENT", contribution=contribution)
    columns = {header: tuple(elements) for header, elements in json.loads(row["columns"]).items()}
    told = {**row, "columns": columns, "key_columns": tuple(row["key_columns"])}
    return ReceivedRow(register.name, contribution, **told)


async def ask(connection: Connection[Any], officer: Officer, row: ReceivedRow) -> Reading:
    """The officer's reading of the row, as it stands; where he has no fresh one it is asked for, and its job comes with it."""
    place = row.batch_id, row.row_number, officer.by
    found = await connection.fetchrow(_FRESH, *place, FRESH) or await connection.fetchrow(_ASK, *place)
    return Reading(*found)


async def find(connection: Connection[Any], reading_id: int) -> Reading:
    """A reading as it stands, for who asked for it."""
    return Reading(*await connection.fetchrow(_FIND, reading_id))


async def begin(connection: Connection[Any], reading_id: int) -> tuple[int, int] | None:
    """Batch and row number of a reading, now under way (again, where a worker died over it); None where it is over."""
    row = await connection.fetchrow(_BEGIN, reading_id)
    return None if row is None else (row["batch_id"], row["row_number"])


async def finish(connection: Connection[Any], reading_id: int, raw: bytes) -> None:
    await connection.execute(_FINISH, reading_id, raw)


async def fail(connection: Connection[Any], reading_id: int, code: str) -> None:
    await connection.execute(_FAIL, reading_id, code)


async def forget(connection: Connection[Any], before: datetime) -> int:
    """Let go of readings asked for before an instant; how many."""
    done = await connection.execute("DELETE FROM jishi.row_reading WHERE created_at < $1", before)
    return int(done.split()[-1])


_ROW = """
-- Where what a contribution says now came in.
SELECT l.uid, c.batch_id, c.row_number, s.name AS source, s.department, b.delivered_at, b.sha256, b.columns, s.key_columns
FROM jishi.{register}_link l
JOIN jishi.{register} g ON g.uid = l.uid
JOIN jishi.{register}_contribution c ON c.contribution_id = l.contribution_id
JOIN jishi.source s ON s.source_id = l.source_id
JOIN jishi.batch b ON b.batch_id = c.batch_id
WHERE l.contribution_id = $1 AND c.effective_from <= greatest(now(), g.effective_from)
ORDER BY c.effective_from DESC, c.recorded_at DESC LIMIT 1"""

_FRESH = """
SELECT reading_id, status, fault, cells FROM jishi.row_reading
WHERE batch_id = $1 AND row_number = $2 AND officer = $3 AND created_at > clock_timestamp() - $4::interval
ORDER BY reading_id DESC LIMIT 1"""

_FIND = "SELECT reading_id, status, fault, cells FROM jishi.row_reading WHERE reading_id = $1"

_ASK = """
-- A reading; its job comes with it.
INSERT INTO jishi.row_reading (batch_id, row_number, officer) VALUES ($1, $2, $3)
RETURNING reading_id, status, fault, cells"""

_BEGIN = """
UPDATE jishi.row_reading SET status = 'running'
WHERE reading_id = $1 AND status IN ('queued', 'running') RETURNING batch_id, row_number"""

_FINISH = """
UPDATE jishi.row_reading SET status = 'done', cells = $2, finished_at = clock_timestamp() WHERE reading_id = $1"""

_FAIL = """
UPDATE jishi.row_reading SET status = 'failed', fault = $2, finished_at = clock_timestamp()
WHERE reading_id = $1 AND status IN ('queued', 'running')"""
