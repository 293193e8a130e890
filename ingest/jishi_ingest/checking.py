"""Checks 校验 of edited rows: standardised and validated as the road does, and taken nowhere (beside the road in).

The rows lie in a stage table of the check's own while Great Expectations looks at them; it goes with the check. What is kept
of one are the ids of the rules that failed, and the headers these are about.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import asyncpg
import polars as pl

from jishi.errors import JishiError
from jishi.golden import ledger
from jishi.golden.facts import fill_facts
from jishi.jobs.work import lost_database
from jishi.quality.quarantine_search import Entry, opened
from jishi.quality.raw_row import RawRow
from jishi.quality.validate import Validation, validate
from jishi.standardise.address.gazetteer import Gazetteer
from jishi.standardise.batch import stage_columns, standardise, to_copy
from jishi.stewardship import repair_check
from jishi.stewardship.repair_check import Verdict
from jishi.stewardship.repairs import edited
from jishi.storage import stage
from jishi.storage.engine import connect, psycopg_url
from jishi_ingest.connectors.repaired import reading_of
from jishi_ingest.delivery import Delivery
from jishi_ingest.examine import verdicts
from jishi_ingest.pipeline import gazetteer_of
from jishi_ingest.road import Road
from jishi_ingest.run import source_of
from jishi_ingest.source import Source

GAZETTEER_S = 300.0
"""So long the names of places that a check reads addresses with may be old."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Of each row, in their order, the ids of the rules it fails; ``headers`` of each of these rules."""

    refused: tuple[tuple[str, ...], ...]
    warned: tuple[tuple[str, ...], ...]
    headers: dict[str, tuple[str, ...]]


async def run_check(road: Road, check_id: int) -> str:
    """Carry a check out and keep its verdict; its status afterwards."""
    connection = await connect(road.url, application="jishi-check")
    begun = time.monotonic()
    try:
        asked = await repair_check.begin(connection, check_id)
        if asked is None:
            return "cancelled"
        row = edited(opened(road.keys, asked.entry), repair_check.cells_of(road.keys, asked))
        found = await examine_rows(road, connection, f"check_{check_id}", asked.entry, [row])
        headers = {rule: found.headers[rule] for rule in (*found.refused[0], *found.warned[0])}
        seconds = round(time.monotonic() - begun, 3)
        await repair_check.finish(connection, check_id, Verdict(found.refused[0], found.warned[0], headers, seconds))
        return "done"
    except Exception as error:
        if not lost_database(error):
            await repair_check.fail(connection, check_id, _code(error))
        raise
    finally:
        with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            await connection.close()


async def give_up_check(road: Road, check_id: int, error: JishiError) -> None:
    """Its runs never came to an end."""
    connection = await connect(road.url, application="jishi-check")
    try:
        await repair_check.fail(connection, check_id, error.code)
    finally:
        await connection.close()


async def examine_rows(
    road: Road, connection: asyncpg.Connection, table: str, entry: Entry, rows: Sequence[RawRow]
) -> Checked:
    """What the rules say of rows of the batch of ``entry``, as if they were a delivery of their own; ``table``: of this
    examination alone. Rows without columns in common with their source are the road's to refuse, and raise as it does."""
    batch = await ledger.find_batch(connection, entry.batch_id)
    source = source_of(road, batch.source)
    columns = tuple(dict.fromkeys(name for row in rows for name in row.cells))
    gazetteer = await _gazetteer(road, connection, source)
    delivery = Delivery.of(road, source, batch, reading_of(columns, rows), gazetteer)
    frame = await asyncio.to_thread(lambda: _conflicting(standardise(next(delivery.reading.chunks), delivery.plan)))
    kinds = stage_columns(delivery.plan)
    await stage.drop_table(connection, table)
    try:
        name = await stage.create_table(connection, table, kinds)
        await stage.copy_into(connection, table, kinds, to_copy(frame))
        await fill_facts(connection, delivery.register, name, frozenset(kinds))
        validation = await _validate(road, table, delivery, kinds)
        found = await verdicts(connection, validation.bad_table)
    finally:
        await stage.drop_table(connection, table)
    return _told(delivery, validation, found, len(rows))


async def _validate(road: Road, table: str, delivery: Delivery, kinds: dict[str, str]) -> Validation:
    return await asyncio.to_thread(
        validate,
        psycopg_url(road.url, application="jishi-check"),
        table,
        delivery.register,
        frozenset(kinds),
        delivery.plan.today,
        overrides=delivery.source.rules,
    )


def _told(
    delivery: Delivery, validation: Validation, bad: dict[int, tuple[list[str], list[str]]], rows: int
) -> Checked:
    rules = {outcome.rule.id: outcome.rule for outcome in validation.outcomes if outcome.failed}

    return Checked(
        tuple(tuple(bad[place][0]) if place in bad else () for place in range(1, rows + 1)),
        tuple(tuple(bad[place][1]) if place in bad else () for place in range(1, rows + 1)),
        {name: tuple(delivery.headers_of(rule)) for name, rule in rules.items()},
    )


def _conflicting(frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of one key that say different things, as the road would find them."""
    if frame.height < 2:
        return frame
    said = pl.col("digest").n_unique().over("source_key") > 1
    return frame.with_columns(row__key_conflict=pl.col("source_key").is_not_null() & said)


def _code(error: Exception) -> str:
    return error.code if isinstance(error, JishiError) else "JOB-FAILED"


_GAZETTEERS: dict[tuple[str, str], tuple[float, Gazetteer | None]] = {}


async def _gazetteer(road: Road, connection: asyncpg.Connection, source: Source) -> Gazetteer | None:
    """What the source's addresses are read against, read anew every few minutes: reading it takes longer than a check."""
    key = (road.url, source.id)
    at, found = _GAZETTEERS.get(key, (float("-inf"), None))
    if time.monotonic() - at > GAZETTEER_S:
        found = await gazetteer_of(road, connection, source)
        _GAZETTEERS[key] = (time.monotonic(), found)
    return found
