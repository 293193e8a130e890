"""Rows as received 原始行, found again in the landing zone for a steward who asked (beside the road in)."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import asyncpg
import polars as pl

from jishi.errors import InternalError, JishiError
from jishi.golden import ledger
from jishi.golden.ledger import Batch
from jishi.jobs.work import lost_database
from jishi.stewardship import row_readings
from jishi.storage.engine import connect
from jishi_ingest.delivery import rows_again
from jishi_ingest.refused import sealed_row
from jishi_ingest.road import Road
from jishi_ingest.run import source_of


async def run_reading(road: Road, reading_id: int) -> str:
    """Read the row and keep it sealed for who asked; the reading's status afterwards."""
    connection = await connect(road.url, application="jishi-reread")
    try:
        asked = await row_readings.begin(connection, reading_id)
        if asked is None:
            return "cancelled"
        batch = await ledger.find_batch(connection, asked[0])
        await row_readings.finish(connection, reading_id, await asyncio.to_thread(_read, road, batch, asked[1]))
        return "done"
    except Exception as error:
        code = error.code if isinstance(error, JishiError) else "JOB-FAILED"
        if not lost_database(error):
            await row_readings.fail(connection, reading_id, code)
        if code == row_readings.GONE:
            return "failed"
        raise
    finally:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await connection.close()


async def give_up_reading(road: Road, reading_id: int, error: JishiError) -> None:
    """Its runs never came to an end."""
    connection = await connect(road.url, application="jishi-reread")
    try:
        await row_readings.fail(connection, reading_id, error.code)
    finally:
        await connection.close()


def _read(road: Road, batch: Batch, row_number: int) -> bytes:
    """The row, sealed. Raises InternalError ``ING-LANDED-GONE`` where the bytes were let go."""
    wanted = pl.Series([row_number], dtype=pl.Int64)
    for frame in rows_again(road, source_of(road, batch.source), batch, wanted):
        for row in frame.iter_rows(named=True):
            return sealed_row(road, batch.batch_id, row)
    raise InternalError("ING-ROW-GONE", batch=batch.batch_id, row=row_number)
