"""Stewards at work on a deployment under test: refused rows looked up and sent down the road again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx

from asking import Asking, asking
from jishi.access.acts import Actor
from jishi.access.officer import Officer
from jishi.quality import quarantine_search
from jishi.quality.quarantine_search import Entry, Wanted
from jishi.stewardship import repairs
from jishi.stewardship.repairs import Cells, Edit
from jishi_ingest.run import checker, lane_of, worker

DEPARTMENT = "113205000000900347"
OTHER = "11320500014149750L"

Make = dict[str, Callable[..., str]]

LOOSE = "[thresholds]\nmax_failure_share = 1.0"


def officer(department: str | None = DEPARTMENT, name: str = "hui") -> Officer:
    """A steward of the department that owns the tests' sources; None: the city's own."""
    return Officer(Actor("user", name), department, frozenset({"steward"}))


async def refused(city: Any, **wanted: Any) -> list[Entry]:
    """Rows of the quarantine, the oldest first."""
    found = await quarantine_search.search(city.connection, officer(), Wanted(**wanted), limit=10_000)
    return found[::-1]


async def repair(city: Any, *edits: tuple[Entry, Cells], reason: str = "核对原件") -> list[int]:
    """Ask for the repair of rows; the numbers of the repairs, which no worker has taken up."""
    async with city.connection.transaction():
        return await repairs.submit(
            *(city.connection, city.road.keys, city.settings.cipher, officer()),
            [Edit(entry, cells) for entry, cells in edits],
            reason,
        )


async def work(city: Any, source: str) -> None:
    """See what waits for a source through, in this process."""
    await worker(city.road).run_lane(lane_of(source))


def person(invent: Make, order: int, **values: object) -> dict[str, object]:
    return {
        "key": f"P{order}",
        "name": f"陈试{'甲乙丙丁戊己庚辛'[order]}",
        "number": invent["citizen"](order),
        **values,
    }


@asynccontextmanager
async def at_work(city: Any) -> AsyncIterator[None]:
    """A checker beside the test, as a worker process has one."""
    stop = asyncio.Event()
    running = asyncio.create_task(checker(city.road).run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


@asynccontextmanager
async def three(city: Any) -> AsyncIterator[tuple[Asking, httpx.AsyncClient, httpx.AsyncClient, httpx.AsyncClient]]:
    """Stewards of the owning department, of the city, and of another department."""
    async with asking(city.settings, city.connection) as opened:
        own = await opened.client("steward", department=DEPARTMENT)
        whole = await opened.client("steward")
        other = await opened.client("steward", department=OTHER)
        async with own, whole, other:
            yield opened, own, whole, other
