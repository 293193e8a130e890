"""A job somebody wants to end: before it begins it does not, at its next report it stops, and those concerned are told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from jishi.access.acts import Actor
from jishi.access.officer import Officer
from jishi.errors import JishiError
from jishi.jobs import queue
from jishi.jobs.work import Worker
from jishi.stewardship import jobs

if TYPE_CHECKING:
    from asyncpg import Connection

Report = Callable[[Mapping[str, Any]], Awaitable[None]]
CITY = Officer(Actor("user", "city"), None, frozenset({"steward"}))


async def test_a_cancelled_job_ends_before_it_begins_or_at_its_next_report(
    database: str, connection: Connection[Any]
) -> None:
    begun, told = list[str](), list[tuple[str, str]]()
    running = asyncio.Event()

    async def work(payload: Mapping[str, Any], report: Report) -> Mapping[str, Any]:
        begun.append(str(payload["name"]))
        for rows in range(1000):
            await report({"step": "read", "rows": rows, "of": 1000})
            running.set()
            await asyncio.sleep(0.01)
        return {}

    async def given_up(payload: Mapping[str, Any], error: JishiError) -> None:
        told.append((str(payload["name"]), error.code))

    first = await queue.enqueue(connection, "test", "one", {"name": "first"})
    second = await queue.enqueue(connection, "test", "one", {"name": "second"})
    worker = Worker(database, {"test": work}, lease_s=30, give_up={"test": given_up})
    lane = asyncio.create_task(worker.run_lane("one"))
    await asyncio.wait_for(running.wait(), 20)
    share = (await jobs.one(connection, CITY, first)).share
    assert share is not None and share < 0.9
    await jobs.cancel(connection, CITY, first)
    await jobs.cancel(connection, CITY, second)
    await asyncio.wait_for(lane, 20)

    assert begun == ["first"] and told == [("second", "JOB-CANCELLED")]
    rows = await connection.fetch("SELECT status, error::text, cancelled_by FROM jishi.job ORDER BY job_id")
    assert [(row["status"], json.loads(row["error"])["code"], row["cancelled_by"]) for row in rows] == [
        ("failed", "JOB-CANCELLED", "user:city")
    ] * 2
    assert (await jobs.one(connection, CITY, first)).over and await jobs.under_way(connection, CITY) == 0
