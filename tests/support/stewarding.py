"""Stewards at work on a deployment under test: refused rows looked up and sent down the road again."""

from __future__ import annotations

from typing import Any

from jishi.access.acts import Actor
from jishi.access.officer import Officer
from jishi.quality import quarantine_search
from jishi.quality.quarantine_search import Entry, Wanted
from jishi.stewardship import repairs
from jishi.stewardship.repairs import Cells, Edit
from jishi_ingest.run import lane_of, worker

DEPARTMENT = "113205000000900347"
OTHER = "11320500014149750L"


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
