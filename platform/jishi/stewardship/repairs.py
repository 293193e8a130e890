"""Repairs 修复: refused rows are edited and take the whole road again, as a batch of their own (before the road in).

A repair holds rows of one batch. While it is under way its rows cannot be edited again; when it comes to nothing they are
open as before. Nothing of a row is edited in place: what was received stays, beside what was sent down the road again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.access.officer import Officer
from jishi.errors import CallerError, Fault, NotFoundError
from jishi.identifiers.keys import Keys
from jishi.identifiers.sealed_file import open_bytes, seal_bytes
from jishi.identifiers.sealing import CipherName
from jishi.quality.quarantine_search import Entry
from jishi.quality.raw_row import RawRow

if TYPE_CHECKING:
    from asyncpg import Connection

Cells = Mapping[str, str | None]
"""Edited cells by raw header; None empties a cell, a header that is not named stays as it is."""

LONGEST_CELL = 100_000
GEOMETRY = "geometry"


@dataclass(frozen=True, slots=True)
class Edit:
    """One row to be repaired; no cells: it is sent down the road as it was received."""

    entry: Entry
    cells: Cells


@dataclass(frozen=True, slots=True)
class Repair:
    """``repaired`` and ``refused``: rows that passed and rows that did not, None before the end."""

    repair_id: int
    batch_id: int
    source: str
    department: str
    bulk_id: int | None
    officer: str
    reason: str | None
    rows: int
    status: str
    repair_batch: int | None
    repaired: int | None
    refused: int | None
    fault: str | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A row of a repair: its number in the quarantine and in its delivery, its status; ``after``: the row that took its
    place when it was refused again."""

    quarantine_id: int
    row_number: int
    status: str
    after: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a repair as a worker needs it; ``cells`` sealed."""

    quarantine_id: int
    batch_id: int
    row_number: int
    raw: bytes
    cells: bytes | None


def edited(row: RawRow, cells: Cells) -> RawRow:
    """The row with these cells. Whoever edits a ragged row has said what belongs in which column."""
    if not cells:
        return row
    fault = "replaced" if row.fault and "replaced" in row.fault else None
    return RawRow({**row.cells, **cells}, None, fault)


def faults_of(row: RawRow, cells: Cells) -> list[Fault]:
    """What is wrong with edited cells as such: a column the delivery does not have, a value no file could hold."""
    faults = []
    for place, (header, value) in enumerate(cells.items(), start=1):
        if header not in row.cells:
            # what was typed for a header may be anything
            faults.append(Fault(f"cells[{place}]", "QLT-CELL-UNKNOWN"))
        elif value is not None and (len(value) > LONGEST_CELL or not _is_text(value)):
            faults.append(Fault(header, "QLT-CELL-VALUE", {"most": LONGEST_CELL}))
        elif header == GEOMETRY and value is not None and not _is_hex(value):
            faults.append(Fault(header, "QLT-CELL-GEOMETRY"))
    return faults


async def submit(
    connection: Connection[Any],
    keys: Keys,
    cipher: CipherName,
    officer: Officer,
    edits: Sequence[Edit],
    reason: str | None,
    *,
    request_id: UUID | None = None,
    bulk_id: int | None = None,
) -> list[int]:
    """Send rows down the road again, one repair a batch; their numbers. Its job comes with each.

    Raises CallerError ``QLT-ROW-CLOSED`` when one of the rows is not open any more: then nothing is repaired. Inside a
    transaction.
    """
    by_batch: dict[int, list[Edit]] = {}
    for edit in edits:
        by_batch.setdefault(edit.entry.batch_id, []).append(edit)
    made = []
    for batch_id, part in by_batch.items():
        source_id = part[0].entry.source_id
        said = (batch_id, source_id, bulk_id, officer.by, reason, request_id, len(part))
        repair_id = int(await connection.fetchval(_REPAIR, *said))
        rows = [
            (repair_id, edit.entry.quarantine_id, seal_cells(keys, cipher, edit.cells, _context(repair_id, edit.entry)))
            for edit in part
        ]
        await connection.executemany(_ROW, rows)
        await _take(connection, repair_id, [edit.entry.quarantine_id for edit in part])
        await connection.execute(_STEPS, repair_id, officer.by, "repair", reason, None)
        made.append(repair_id)
    return made


async def _take(connection: Connection[Any], repair_id: int, rows: list[int]) -> None:
    taken = await connection.fetch(_TAKE, repair_id, rows)
    if len(taken) != len(set(rows)):
        first = min(set(rows) - {row["quarantine_id"] for row in taken})
        raise CallerError("QLT-ROW-CLOSED", row=first)


async def discard(connection: Connection[Any], officer: Officer, rows: Sequence[int], reason: str) -> None:
    """These rows will not be used. ``QLT-REASON`` without a reason, ``QLT-ROW-CLOSED``. Inside a transaction."""
    if not reason.strip():
        raise CallerError("QLT-REASON")
    gone = await connection.fetch(_DISCARD, list(rows), officer.by, reason)
    if len(gone) != len(set(rows)):
        raise CallerError("QLT-ROW-CLOSED", row=min(set(rows) - {row["quarantine_id"] for row in gone}))


async def cancel(connection: Connection[Any], officer: Officer, repair_id: int) -> None:
    """Call a repair off that no worker has taken up; its rows are open again. ``QLT-REPAIR-BEGUN``. In a transaction."""
    if await connection.fetchval(_CANCEL, repair_id) is None:
        raise CallerError("QLT-REPAIR-BEGUN", repair=repair_id)
    await connection.execute(_STEPS, repair_id, officer.by, "cancel", None, None)
    await _release(connection, repair_id)


async def find(connection: Connection[Any], officer: Officer, repair_id: int) -> Repair:
    """One repair. Raises NotFoundError ``QLT-REPAIR-UNKNOWN``, also where it is of a department the officer does not see."""
    row = await connection.fetchrow(f"{FIND} WHERE r.repair_id = $1", repair_id)
    if row is None or not officer.sees(row["department"]):
        raise NotFoundError("QLT-REPAIR-UNKNOWN", repair=repair_id)
    return Repair(**dict(row))


async def listed(connection: Connection[Any], officer: Officer, before: int | None, limit: int) -> list[Repair]:
    """Repairs the officer sees, the newest first; ``before``: only those with a smaller number."""
    rows = await connection.fetch(
        f"{FIND} WHERE ($1::text IS NULL OR s.department = $1) AND ($2::bigint IS NULL OR r.repair_id < $2)"
        " ORDER BY r.repair_id DESC LIMIT $3",
        officer.department,
        before,
        limit,
    )
    return [Repair(**dict(row)) for row in rows]


async def repaired_rows(connection: Connection[Any], repair_id: int, limit: int) -> list[Outcome]:
    """What became of the rows of a repair, in the order of the delivery."""
    return [Outcome(*row) for row in await connection.fetch(_OUTCOMES, repair_id, limit)]


async def remember(connection: Connection[Any], officer: Officer, entry: Entry, step: str) -> None:
    """Something was done with a row that changes nothing of it."""
    await connection.execute(_STEP, entry.quarantine_id, entry.batch_id, entry.row_number, officer.by, step)


# What the worker does.


async def begin(connection: Connection[Any], repair_id: int) -> Repair | None:
    """The repair, locked until the transaction ends; None when there is none or it is over."""
    row = await connection.fetchrow(f"{FIND} WHERE r.repair_id = $1 FOR UPDATE OF r", repair_id)
    return Repair(**dict(row)) if row and row["status"] in ("queued", "landed") else None


async def rows_of(connection: Connection[Any], repair_id: int) -> list[Row]:
    """Its rows that are still open, in the order of the delivery; a newer delivery may have closed some meanwhile."""
    return [Row(**dict(row)) for row in await connection.fetch(_ROWS, repair_id)]


def cells_of(keys: Keys, repair_id: int, row: Row) -> Cells:
    """The edited cells of a row that has not landed."""
    return open_cells(keys, row.cells, f"repair/{repair_id}/{row.quarantine_id}".encode())


async def landed(connection: Connection[Any], repair_id: int, repair_batch: int, rows: Iterable[Row]) -> None:
    """Its rows lie in the landing zone, in this order; what rested here of them goes."""
    places = [row.quarantine_id for row in rows]
    await connection.execute(_LANDED, repair_id, repair_batch)
    await connection.execute("UPDATE jishi.repair_row SET cells = NULL WHERE repair_id = $1", repair_id)
    await connection.execute(_PLACED, repair_id, places)


async def originals(connection: Connection[Any], repair_batch: int) -> dict[int, int]:
    """Row number in a repairing batch → the row of the quarantine it was; empty for other batches."""
    rows = await connection.fetch(_ORIGINALS, repair_batch)
    return {row["place"]: row["quarantine_id"] for row in rows}


async def settle(
    connection: Connection[Any], repair_batch: int, originals: Mapping[int, int], refused: Iterable[int], now: datetime
) -> None:
    """The repairing batch is published: rows that passed are repaired, of the ``refused`` ones (row numbers of that batch)
    another row takes the place. Within the transaction of publishing; done again, it leaves what is over alone."""
    again = set(refused)
    good = [row for place, row in originals.items() if place not in again]
    bad = [row for place, row in originals.items() if place in again]
    for rows, status, step in ((good, "repaired", "repaired"), (bad, "superseded", "refused")):
        await connection.execute(_SETTLE, rows, status, step, now, repair_batch)
    await connection.execute(_DONE, repair_batch, len(good), len(bad))


async def give_back(connection: Connection[Any], repair_batch: int, status: str, code: str) -> None:
    """The repairing batch came to nothing (``status`` refused or failed, ``code`` says why): its rows are open again.

    For other batches, and for a repair that is over, nothing happens.
    """
    repair_id = await connection.fetchval(
        "SELECT repair_id FROM jishi.repair WHERE repair_batch = $1 AND status = 'landed'", repair_batch
    )
    if repair_id is not None:
        await give_up(connection, repair_id, status, code)


async def give_up(connection: Connection[Any], repair_id: int, status: str, code: str | None) -> None:
    """The same of a repair, landed or not. In a transaction."""
    if await connection.fetchval(_GIVE_UP, repair_id, status, code) is None:
        return
    await connection.execute(_STEPS, repair_id, None, "return", code, None)
    await _release(connection, repair_id)


async def _release(connection: Connection[Any], repair_id: int) -> None:
    await connection.execute("UPDATE jishi.repair_row SET cells = NULL WHERE repair_id = $1", repair_id)
    await connection.execute(
        "UPDATE jishi.quarantine SET repair_id = NULL WHERE repair_id = $1 AND status = 'open'", repair_id
    )


def seal_cells(keys: Keys, cipher: CipherName, cells: Cells, context: bytes) -> bytes | None:
    """Edited cells as they rest; None where there are none."""
    if not cells:
        return None
    return seal_bytes(json.dumps(dict(cells), ensure_ascii=False).encode(), keys, cipher, context=context)


def open_cells(keys: Keys, sealed: bytes | None, context: bytes) -> Cells:
    cells: Cells = json.loads(open_bytes(sealed, keys, context=context)) if sealed else {}
    return cells


def _context(repair_id: int, entry: Entry) -> bytes:
    return f"repair/{repair_id}/{entry.quarantine_id}".encode()


def _is_text(value: str) -> bool:
    """No NUL and no half of a surrogate pair."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _is_hex(value: str) -> bool:
    try:
        return bool(bytes.fromhex(value))
    except ValueError:
        return False


FIND = """
SELECT r.repair_id, r.batch_id, s.name AS source, s.department, r.bulk_id, r.officer, r.reason, r.rows, r.status,
  r.repair_batch, r.repaired, r.refused, r.fault, r.created_at, r.finished_at
FROM jishi.repair r JOIN jishi.source s USING (source_id)"""

_REPAIR = """
-- A repair; its job comes with it.
INSERT INTO jishi.repair (batch_id, source_id, bulk_id, officer, reason, request_id, rows)
VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING repair_id
"""

_ROW = "INSERT INTO jishi.repair_row (repair_id, quarantine_id, cells) VALUES ($1, $2, $3)"

_OPEN = """q.status = 'open' AND q.repair_id IS NULL
  AND NOT EXISTS (SELECT FROM jishi.batch b WHERE b.batch_id = q.batch_id AND b.status = 'held')"""

_TAKE = f"""
-- Rows that nobody else has taken.
UPDATE jishi.quarantine q SET repair_id = $1
WHERE q.quarantine_id = ANY($2::bigint[]) AND {_OPEN}
RETURNING q.quarantine_id
"""

_DISCARD = f"""
-- Open rows that will not be used.
WITH gone AS (
  UPDATE jishi.quarantine q SET status = 'discarded', closed_at = clock_timestamp()
  WHERE q.quarantine_id = ANY($1::bigint[]) AND {_OPEN}
  RETURNING q.quarantine_id, q.batch_id, q.row_number
), told AS (
  INSERT INTO jishi.quarantine_step (quarantine_id, batch_id, row_number, officer, step, reason)
  SELECT quarantine_id, batch_id, row_number, $2, 'discard', $3 FROM gone
)
SELECT quarantine_id FROM gone
"""

_STEP = """
INSERT INTO jishi.quarantine_step (quarantine_id, batch_id, row_number, officer, step) VALUES ($1, $2, $3, $4, $5)"""

_STEPS = """
-- One step of every row of a repair that is still open.
INSERT INTO jishi.quarantine_step (quarantine_id, batch_id, row_number, officer, step, reason, repair_id, by_batch)
SELECT q.quarantine_id, q.batch_id, q.row_number, $2, $3, $4, $1, $5
FROM jishi.quarantine q WHERE q.repair_id = $1 AND q.status = 'open'
"""

_CANCEL = """
UPDATE jishi.repair SET status = 'cancelled', finished_at = clock_timestamp()
WHERE repair_id = $1 AND status = 'queued' RETURNING repair_id"""

_GIVE_UP = """
UPDATE jishi.repair SET status = $2, fault = $3, finished_at = clock_timestamp()
WHERE repair_id = $1 AND status IN ('queued', 'landed') RETURNING repair_id"""

_ROWS = """
SELECT q.quarantine_id, q.batch_id, q.row_number, q.raw, r.cells
FROM jishi.repair_row r JOIN jishi.quarantine q USING (quarantine_id)
WHERE r.repair_id = $1 AND q.repair_id = $1 AND q.status = 'open' ORDER BY q.row_number"""

_OUTCOMES = """
SELECT q.quarantine_id, q.row_number, q.status,
  (SELECT n.quarantine_id FROM jishi.quarantine n WHERE n.supersedes = q.quarantine_id) AS after
FROM jishi.repair_row r JOIN jishi.quarantine q USING (quarantine_id)
WHERE r.repair_id = $1 ORDER BY q.row_number LIMIT $2"""

_LANDED = "UPDATE jishi.repair SET status = 'landed', repair_batch = $2 WHERE repair_id = $1"

_PLACED = """
UPDATE jishi.repair_row r SET place = n.place
FROM unnest($2::bigint[]) WITH ORDINALITY n(quarantine_id, place)
WHERE r.repair_id = $1 AND r.quarantine_id = n.quarantine_id"""

_ORIGINALS = """
SELECT w.place, w.quarantine_id FROM jishi.repair r JOIN jishi.repair_row w USING (repair_id)
WHERE r.repair_batch = $1 AND r.status = 'landed' AND w.place IS NOT NULL"""

_SETTLE = """
-- What a repair made of the rows it was made for.
WITH over AS (
  UPDATE jishi.quarantine q SET status = $2, closed_at = $4, closed_by_batch = $5
  WHERE q.quarantine_id = ANY($1::bigint[]) AND q.status = 'open'
  RETURNING q.quarantine_id, q.batch_id, q.row_number, q.repair_id
)
INSERT INTO jishi.quarantine_step (quarantine_id, batch_id, row_number, step, repair_id, by_batch)
SELECT quarantine_id, batch_id, row_number, $3, repair_id, $5 FROM over
"""

_DONE = """
UPDATE jishi.repair SET status = 'done', repaired = $2, refused = $3, finished_at = clock_timestamp()
WHERE repair_batch = $1 AND status = 'landed'"""
