"""Previews 预览 of held batches: the road is travelled up to its end, looked at, and taken back (before *publish*).

While it looks, the register's publish lock is held, as by any publication; then the transaction is rolled back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from typing import Any

import asyncpg

from jishi.errors import CallerError, JishiError
from jishi.golden import ledger
from jishi.golden.ledger import Batch
from jishi.golden.preview import Effects, effects_of, last_change
from jishi.golden.resolve import Merged, merge_batch
from jishi.jobs.work import lost_database
from jishi.stewardship import held
from jishi.storage import sessions, stage
from jishi.storage.engine import connect
from jishi_ingest.clock import Stopwatch
from jishi_ingest.pipeline import Report, approach, ruleset_of
from jishi_ingest.publish import Prepared, merge_of
from jishi_ingest.road import Road

WATCH_S = 0.5
"""How often it is looked whether the preview was called off."""


async def run_preview(road: Road, preview_id: int, report: Report) -> str:
    """Make a preview and keep it; its status afterwards."""
    connection = await connect(road.url, application="jishi-preview")
    try:
        batch_id = await held.begin_preview(connection, preview_id)
        if batch_id is None:
            return "cancelled"
        batch = await ledger.find_batch(connection, batch_id)
        if batch.status != "held":
            raise CallerError("ING-NOT-HELD", batch=batch_id)
        work = asyncio.create_task(_make(road, batch, report))
        while not work.done():
            await asyncio.wait((work,), timeout=WATCH_S)
            if not work.done() and not await held.is_running(connection, preview_id):
                work.cancel()
        with suppress(asyncio.CancelledError):
            await held.finish_preview(connection, preview_id, await work)
            return "done"
        return "cancelled"
    except Exception as error:
        if not lost_database(error):
            await held.fail_preview(
                connection, preview_id, error.code if isinstance(error, JishiError) else "JOB-FAILED"
            )
        raise
    finally:
        if not connection.is_closed():
            await connection.close()


async def give_up_preview(road: Road, preview_id: int, error: JishiError) -> None:
    """Its runs never came to an end."""
    connection = await connect(road.url, application="jishi-preview")
    try:
        await held.fail_preview(connection, preview_id, error.code)
    finally:
        await connection.close()


async def _make(road: Road, batch: Batch, report: Report) -> dict[str, Any]:
    """Everything a run does but its end; called off, it is cut short with its connection."""
    connection = await connect(road.url, application=sessions.name_of_run(batch.batch_id))
    try:
        ruleset = await ruleset_of(road, connection, batch)
        prepared = await approach(road, connection, batch, ruleset, Stopwatch(), report)
        await report({"step": "merge", "rows": prepared.staged.received})
        told = await _look(road, connection, prepared, ruleset)
        await stage.drop(connection, batch.batch_id)
        await connection.close()
    except BaseException:
        connection.terminate()
        raise
    return told


async def _look(road: Road, connection: asyncpg.Connection, prepared: Prepared, ruleset: int) -> dict[str, Any]:
    register = prepared.delivery.register
    merge = await merge_of(connection, prepared, ruleset)
    outside = await connect(road.url, application="jishi-preview")
    transaction = connection.transaction()
    await transaction.start()
    try:
        before = await last_change(outside, register)
        merged = await merge_batch(connection, merge)
        effects = await effects_of(connection, outside, register, before)
    finally:
        await transaction.rollback()
        await outside.close()
    return _document(prepared, merged, effects)


def _document(prepared: Prepared, merged: Merged, effects: Effects) -> dict[str, Any]:
    """What is kept: counts of rows and entities, the sample under masks, who holds it."""
    settled = prepared.staged.settled
    rows: Mapping[str, int] = {
        "received": prepared.staged.received,
        "unchanged": (settled.unchanged if settled else 0) + merged.unchanged,
        "inserted": merged.inserted,
        "updated": merged.updated,
        "ended": merged.ended,
        "quarantined": len(prepared.refused),
        "ended_by_absence": merged.ended_by_absence,
    }
    return {
        "rows": dict(rows),
        "entities": dict(effects.counts),
        "review": merged.review,
        "sample": [{**asdict(one), "uid": str(one.uid) if one.uid else None} for one in effects.sample],
        "holders": [asdict(one) for one in effects.holders],
    }
