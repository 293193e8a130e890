"""Taking a repair up: its rows land as a batch of their own, which then takes the road as any delivery does (step *land*)."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from contextlib import suppress

import asyncpg

from jishi.errors import JishiError
from jishi.golden import ledger
from jishi.golden.ledger import Landing
from jishi.quality.raw_row import RawRow, open_row
from jishi.stewardship import repairs
from jishi.stewardship.repairs import Repair, Row, edited
from jishi.storage.engine import connect
from jishi_ingest.connectors.repaired import write_rows
from jishi_ingest.landing import Landed, land
from jishi_ingest.pipeline import abandon
from jishi_ingest.road import Road


async def land_repair(road: Road, repair_id: int) -> int | None:
    """The batch of a repair, landed now or by a run that was killed; None when nothing is left to be repaired."""
    connection = await connect(road.url, application="jishi-repair")
    try:
        async with connection.transaction():
            repair = await repairs.begin(connection, repair_id)
            if repair is None:
                return None
            if repair.repair_batch is not None:
                return repair.repair_batch
            rows = await repairs.rows_of(connection, repair_id)
            if not rows:
                await repairs.give_up(connection, repair_id, "cancelled", None)
                return None
            landed = await asyncio.to_thread(_land, road, repair, rows)
            try:
                return await _open(road, connection, repair, rows, landed)
            except BaseException:
                with suppress(OSError):
                    landed.path.unlink()
                raise
    finally:
        await connection.close()


async def give_up_repair(road: Road, repair_id: int, error: Exception) -> None:
    """It could not be seen through, by our fault: its rows are open again."""
    code = error.code if isinstance(error, JishiError) else "JOB-FAILED"
    connection = await connect(road.url, application="jishi-repair")
    try:
        async with connection.transaction():
            repair = await repairs.begin(connection, repair_id)
            if repair is None or repair.repair_batch is None:
                await repairs.give_up(connection, repair_id, "failed", code)
                return
        await abandon(road, repair.repair_batch, error)
    finally:
        await connection.close()


async def _open(road: Road, connection: asyncpg.Connection, repair: Repair, rows: Sequence[Row], landed: Landed) -> int:
    place = str(landed.path.relative_to(road.settings.landing_dir))
    landing = Landing(place, bytes.fromhex(landed.sha256), landed.bytes, landed.name)
    source_id = await connection.fetchval("SELECT source_id FROM jishi.batch WHERE batch_id = $1", repair.batch_id)
    batch_id = await ledger.open_batch(connection, source_id, landing, repairs=repair.batch_id)
    await repairs.landed(connection, repair.repair_id, batch_id, rows)
    return batch_id


def _land(road: Road, repair: Repair, rows: Sequence[Row]) -> Landed:
    opened = [_edited(road, repair, row) for row in rows]
    columns = tuple(dict.fromkeys(name for row in opened for name in row.cells))
    stream = io.BytesIO(write_rows(columns, opened))
    return land(stream, road.settings, road.keys, repair.source, f"repair-{repair.repair_id}.ndjson")


def _edited(road: Road, repair: Repair, row: Row) -> RawRow:
    received = open_row(road.keys, row.batch_id, row.row_number, row.raw)
    return edited(received, repairs.cells_of(road.keys, repair.repair_id, row))
