"""Carrying out a bulk repair or its trial: rows found, mapped, examined as the road does, and sent down it (before land)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import asyncpg

from jishi.access.officer import Officer
from jishi.errors import JishiError
from jishi.jobs.work import lost_database
from jishi.quality import quarantine_search
from jishi.quality.quarantine_search import Entry, opened
from jishi.quality.raw_row import RawRow, digest_of_cell
from jishi.stewardship import bulk_repairs, repairs
from jishi.stewardship.bulk_repairs import MOST_ROWS, Bulk, Filter, Tally
from jishi.stewardship.cell_mapping import CellMapping
from jishi.stewardship.repairs import Cells, Edit, edited
from jishi.storage.engine import connect
from jishi_ingest.checking import examine_rows
from jishi_ingest.road import Road

PAGE = 1_000


@dataclass
class _Found:
    """What was found so far: of each batch the rows that are to be sent, as they will be."""

    selected: int = 0
    edits: dict[int, list[tuple[Edit, RawRow]]] = field(default_factory=dict)

    @property
    def touched(self) -> int:
        return sum(map(len, self.edits.values()))


async def run_bulk(road: Road, bulk_id: int) -> str:
    """See it through; its status afterwards."""
    connection = await connect(road.url, application="jishi-bulk")
    try:
        asked = await bulk_repairs.begin(connection, road.keys, bulk_id)
        if asked is None:
            return "cancelled"
        return await _run(road, connection, *asked)
    except Exception as error:
        if not lost_database(error):
            await bulk_repairs.fail(connection, bulk_id, error.code if isinstance(error, JishiError) else "JOB-FAILED")
        raise
    finally:
        if not connection.is_closed():
            await connection.close()


async def give_up_bulk(road: Road, bulk_id: int, error: JishiError) -> None:
    """Its runs never came to an end."""
    connection = await connect(road.url, application="jishi-bulk")
    try:
        await bulk_repairs.fail(connection, bulk_id, error.code)
    finally:
        await connection.close()


async def _run(road: Road, connection: asyncpg.Connection, bulk: Bulk, officer: Officer, mapping: CellMapping) -> str:
    found = _Found()
    async for page in _pages(connection, officer, bulk.filter):
        await asyncio.to_thread(_sort, road, bulk.filter, mapping, page, found)
        if not await bulk_repairs.progress(connection, bulk.bulk_id, found.selected):
            return "cancelled"
    good: list[Edit] = []
    reasons: Counter[str] = Counter()
    for batch_id, rows in found.edits.items():
        table = f"bulk_{bulk.bulk_id}_{batch_id}"
        checked = await examine_rows(road, connection, table, rows[0][0].entry, [row for _, row in rows])
        reasons.update(rule for refused in checked.refused for rule in refused)
        good += [edit for (edit, _), refused in zip(rows, checked.refused, strict=True) if not refused]
        if not await bulk_repairs.progress(connection, bulk.bulk_id, found.selected):
            return "cancelled"
    async with connection.transaction():
        tally = Tally(found.selected, found.touched, len(good), reasons)
        if not await bulk_repairs.finish(connection, bulk.bulk_id, tally):
            return "cancelled"
        if not bulk.dry and good:
            keys, cipher = road.keys, road.settings.cipher
            await repairs.submit(connection, keys, cipher, officer, good, bulk.reason, bulk_id=bulk.bulk_id)
    return "done"


async def _pages(connection: asyncpg.Connection, officer: Officer, wanted: Filter) -> AsyncIterator[list[Entry]]:
    """The open rows that the officer sees, the newest first; those he may act on."""
    before, seen = None, 0
    while seen < MOST_ROWS:
        page = await quarantine_search.search(connection, officer, wanted.wanted, before=before, limit=PAGE)
        if not page:
            return
        before, seen = page[-1].quarantine_id, seen + len(page)
        yield [entry for entry in page if entry.is_open]


def _sort(road: Road, wanted: Filter, mapping: CellMapping, page: list[Entry], found: _Found) -> None:
    """Open the rows, leave out those of another value, and keep what the mapping changes, or all without one."""
    for entry in page:
        row = opened(road.keys, entry)
        if not row.cells or not _holds(road, wanted, entry, row):
            continue
        found.selected += 1
        cells: Cells = mapping.cells(road.keys, entry.source, row)
        if cells or mapping.empty:
            found.edits.setdefault(entry.batch_id, []).append((Edit(entry, cells), edited(row, cells)))


def _holds(road: Road, wanted: Filter, entry: Entry, row: RawRow) -> bool:
    if wanted.header is None or wanted.digest is None:
        return True
    value = row.cells.get(wanted.header)
    return value is not None and digest_of_cell(road.keys, entry.source, wanted.header, value) == wanted.digest
