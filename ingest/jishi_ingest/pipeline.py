"""THE ROAD: a landed delivery becomes golden records, or says why not (fetch and land have happened).

read → standardise → validate → match → merge → publish. The last three commit in one transaction with the ledger entry;
what comes before works in tables and files that a killed run may leave behind and the next one replaces.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from jishi.errors import InputRefusedError, InternalError, JishiError
from jishi.golden import ledger
from jishi.golden.facts import fill_facts
from jishi.golden.known import hashing
from jishi.golden.ledger import Batch, Result
from jishi.golden.places import place_names, road_names
from jishi.registers.catalog import register_of
from jishi.standardise.address.gazetteer import Gazetteer
from jishi.stewardship import repairs
from jishi.storage import sessions, stage
from jishi.storage.engine import connect
from jishi_ingest.clock import Stopwatch
from jishi_ingest.delivery import Delivery
from jishi_ingest.examine import examine
from jishi_ingest.publish import Prepared, hold, prepare, publish, refuse
from jishi_ingest.road import Road
from jishi_ingest.source import Source
from jishi_ingest.staging import fill_stage, settle_keys

Report = Callable[[Mapping[str, Any]], Awaitable[None]]


async def travel(road: Road, batch_id: int, report: Report, *, release: bool = False) -> Result:
    """Take one landed batch down the road; its ledger row says how it ended. ``release`` passes the bands."""
    async with _connected(road, batch_id) as connection:
        await sessions.end_others(connection, sessions.name_of_run(batch_id))  # of a run that was killed
        batch = await ledger.find_batch(connection, batch_id)
        if batch.status not in ledger.UNFINISHED:
            # the run that ended it died before it could tell the queue
            await stage.drop(connection, batch_id)
            return Result(batch.status)
        return await _travel(road, connection, batch, report, release=release)


async def abandon(road: Road, batch_id: int, error: Exception) -> None:
    """After a failure of ours: the ledger says so, and the stage tables go."""
    known = error if isinstance(error, JishiError) else InternalError("JOB-FAILED", reason=type(error).__name__)
    async with _connected(road, batch_id) as connection:
        await sessions.end_others(connection, sessions.name_of_run(batch_id))
        async with connection.transaction():
            await ledger.fail(connection, batch_id, _fault(known))
            await repairs.give_back(connection, batch_id, "failed", known.code)
        await stage.drop(connection, batch_id)


@asynccontextmanager
async def _connected(road: Road, batch_id: int) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the run; after an error it is cut off, for one that is lost may not be able to say goodbye."""
    connection = await connect(road.url, application=sessions.name_of_run(batch_id))
    try:
        yield connection
    except BaseException:
        connection.terminate()
        raise
    await connection.close()


async def _travel(road: Road, connection: asyncpg.Connection, batch: Batch, report: Report, *, release: bool) -> Result:
    watch = Stopwatch()
    ruleset = await ruleset_of(road, connection, batch)
    await ledger.begin(connection, batch.batch_id, ruleset)
    if repeated := await ledger.repeated(connection, batch, ruleset):
        return await _close(connection, batch, watch, await ledger.repeat_counts(connection, repeated))
    try:
        prepared = await approach(road, connection, batch, ruleset, watch, report)
    except InputRefusedError as error:
        await stage.drop(connection, batch.batch_id)
        return await _close(connection, batch, watch, refusal(error))
    await report({"step": "merge", "rows": prepared.staged.received})
    if prepared.refusing:
        result = await refuse(connection, prepared, watch)
    elif prepared.held and not release:
        result = await hold(connection, prepared, watch)
    else:
        result = await publish(connection, prepared, ruleset, watch)
    await stage.drop(connection, batch.batch_id)
    return result


async def approach(
    road: Road, connection: asyncpg.Connection, batch: Batch, ruleset: int, watch: Stopwatch, report: Report
) -> Prepared:
    """Read, standardise and validate: everything before the fate of a batch is decided. Its stage tables stay.

    Raises InputRefusedError where the delivery cannot be read.
    """
    source = road.sources[batch.source]
    delivery = Delivery.open(road, source, batch, await gazetteer_of(road, connection, source))
    await report({"step": "read"})
    staged = await fill_stage(road, connection, delivery, ruleset, watch, report)
    with watch.time("settle"):
        await settle_keys(connection, delivery, staged)
    await fill_facts(connection, delivery.register, staged.table, staged.columns)
    await report({"step": "validate", "rows": staged.received})
    with watch.time("validate"):
        examined = await examine(road, connection, delivery, staged)
    with watch.time("judge"):
        return await prepare(road, connection, delivery, staged, examined)


async def ruleset_of(road: Road, connection: asyncpg.Connection, batch: Batch) -> int:
    """Number of the mapping, rules and code lists that are in force for the batch."""
    source = road.sources[batch.source]
    rules = f"{register_of(source.register_name).rules_version} {hashing()}"
    return await ledger.ruleset(connection, batch.source_id, source.version, rules, road.codes_version)


async def gazetteer_of(road: Road, connection: asyncpg.Connection, source: Source) -> Gazetteer | None:
    """What the source's addresses are read against, as the place register stands; None where it has none."""
    if not source.has_addresses:
        return None
    prefix = road.city.division_prefix
    known = await place_names(connection, prefix)
    return road.gazetteer.with_places(known, await road_names(connection, prefix))


async def _close(connection: asyncpg.Connection, batch: Batch, watch: Stopwatch, result: Result) -> Result:
    """Write the end of a batch that changes no golden record."""
    closed = watch.sign(result)
    async with connection.transaction():
        await ledger.finish(connection, batch.batch_id, closed)
        if closed.fault:
            await repairs.give_back(connection, batch.batch_id, "refused", closed.fault["code"])
    return closed


def refusal(error: InputRefusedError) -> Result:
    """A delivery that cannot be read at all."""
    return Result("refused", fault={**_fault(error), "line": error.line, "byte": error.byte})


def _fault(error: JishiError) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.text(),
        "message_en": error.text("en"),
        "line": None,
        "byte": None,
    }
