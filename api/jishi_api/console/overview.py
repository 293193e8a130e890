"""The overview 总览: what waits, how fresh every source is, what came today (query, respond, road out)."""

from __future__ import annotations

from datetime import datetime

from starlette.responses import Response

from jishi.stewardship import sources
from jishi_api.console.section import EVERYBODY, Menu, Section, words
from jishi_api.console.visit import Visit

section = Section()

TODAYS = 50
"""Batches of today that are shown here; all of them stand in their own list."""

WATCHERS = ("steward", "auditor", "admin")


@section.page("", words("Overview"), roles=EVERYBODY, menu=Menu.WORK)
async def overview(visit: Visit) -> Response:
    from jishi_api.console.sections import counts, panels  # they know this module too

    waiting = [(count.title, count.path, await count.number(visit)) for count in counts() if visit.has(*count.roles)]
    drawn = [(panel.title, await panel.part(visit)) for panel in panels() if visit.has(*panel.roles)]
    return visit.show("overview.html", waiting=waiting, panels=drawn)


@section.panel(words("Batches of today"), roles=WATCHERS)
async def today(visit: Visit) -> str:
    midnight = datetime.now(visit.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    found = await sources.deliveries(visit.connection, visit.officer, since=midnight, limit=TODAYS)
    return visit.part("today_panel.html", deliveries=found)


@section.panel(words("Freshness of the sources"), roles=WATCHERS)
async def freshness(visit: Visit) -> str:
    return visit.part("freshness_panel.html", sources=await sources.listed(visit.connection, visit.officer))
