"""Reading, standardising and staging a delivery in bounded chunks: reading ahead while the database takes the last chunk."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import numpy as np
import polars as pl

from jishi.errors import InputRefusedError
from jishi.golden.known import Known, Settled
from jishi.golden.uid import new_uids
from jishi.identifiers.sealed_columns import hex_texts
from jishi.standardise.batch import stage_columns, standardise, to_copy
from jishi.standardise.order import read_order
from jishi.storage import stage
from jishi_ingest.clock import Stopwatch
from jishi_ingest.delivery import Delivery
from jishi_ingest.road import Road

EXTRA = {"uid": "uuid", "raw_tag": "uuid"}
"""What the merge wants of a staged row besides the standard batch, in front of it."""

PAGE_ROWS = 100_000
"""Row numbers told to the database at once."""


@dataclass
class Staged:
    """A staged delivery: its table and columns, and what was settled without the table."""

    table: str
    columns: frozenset[str]
    known: Known
    received: int = 0
    damaged: int = 0
    settled: Settled | None = None


async def fill_stage(
    road: Road,
    connection: asyncpg.Connection,
    delivery: Delivery,
    ruleset: int,
    watch: Stopwatch,
    report: Callable[[Mapping[str, Any]], Awaitable[None]],
) -> Staged:
    """Read all chunks into the stage table, leaving out rows that the source's links settle as unchanged."""
    columns = EXTRA | stage_columns(delivery.plan)
    batch = delivery.batch
    table = await stage.create(connection, batch.batch_id, columns)
    with watch.time("known"):
        known = await Known.load(connection, delivery.register, batch.source_id, ruleset, road.keys)
    staged = Staged(table, frozenset(columns), known)
    chunks = iter(delivery.reading.chunks)
    copying: asyncio.Task[None] | None = None
    try:
        while True:
            prepared = await asyncio.to_thread(_prepare, chunks, delivery, staged, watch)
            if copying is not None:
                await copying
                copying = None
            if prepared is None:
                break
            copying = asyncio.create_task(_copy(connection, batch.batch_id, columns, prepared, watch))
            await report({"step": "read", "rows": staged.received})
    finally:
        if copying is not None:
            copying.cancel()
    if staged.received == 0:
        raise InputRefusedError("ING-READ-EMPTY")
    return staged


def _prepare(chunks: Iterator[pl.DataFrame], delivery: Delivery, staged: Staged, watch: Stopwatch) -> bytes | None:
    """Read and standardise one chunk; the rows to stage as COPY bytes, None after the last chunk."""
    with watch.time("read"):
        raw = next(chunks, None)
    if raw is None:
        return None
    staged.received += raw.height
    with watch.time("compare"):
        rest = staged.known.split_raw(staged.known.tag(raw))
    with watch.time("standardise"):
        frame = _examined(rest, delivery)
        staged.damaged += int((frame["row__ragged"] | frame["row__replaced"] | frame["row__error"]).sum())
        return to_copy(staged.known.split(frame))


def _examined(tagged: pl.DataFrame, delivery: Delivery) -> pl.DataFrame:
    """The standard batch of tagged raw rows, with what the merge wants besides: a fresh uid and the raw tag."""
    frame = standardise(tagged.drop("r1", "r2"), delivery.plan)
    tags = np.ascontiguousarray(tagged.select("r1", "r2").to_numpy(), dtype=">u8")
    extra = pl.DataFrame(
        {"uid": new_uids(frame.height), "raw_tag": hex_texts(tags.view(np.uint8).reshape(-1, 16))},
        schema_overrides=dict.fromkeys(EXTRA, pl.String),
    )
    return pl.concat([extra, frame], how="horizontal")


async def _copy(
    connection: asyncpg.Connection, batch_id: int, columns: Mapping[str, str], rows: bytes, watch: Stopwatch
) -> None:
    with watch.time("stage"):
        if rows:
            await stage.copy(connection, batch_id, columns, rows)


async def settle_keys(connection: asyncpg.Connection, delivery: Delivery, staged: Staged) -> None:
    """Take repeats out, mark rows of one key that differ, and stage those of them that had been settled.

    Where the source says which row of a key is the newest, the delivery is read once more for the rows in question.
    """
    batch_id, plan = delivery.batch.batch_id, delivery.plan

    def order(rows: pl.Series) -> pl.DataFrame:
        return pl.concat([read_order(raw, plan) for raw in delivery.again(rows)])

    settled = await asyncio.to_thread(staged.known.settle, order if plan.order else None)
    await stage.discard_rows(connection, batch_id, _pages(settled.duplicates))
    if len(settled.restage):
        columns = EXTRA | stage_columns(plan)
        for raw in delivery.again(settled.restage):
            await stage.copy(connection, batch_id, columns, to_copy(_examined(staged.known.tag(raw), delivery)))
    await stage.mark_conflicts(connection, batch_id, _pages(settled.conflicts))
    await stage.analyse(connection, batch_id)
    staged.settled = settled


def _pages(rows: pl.Series) -> Iterator[list[int]]:
    return (rows.slice(start, PAGE_ROWS).to_list() for start in range(0, len(rows), PAGE_ROWS))
