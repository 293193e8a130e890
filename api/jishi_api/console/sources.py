"""Sources 数源 in the console: what is declared of each, how fresh it is, its last deliveries (query, respond, road out)."""

from __future__ import annotations

from starlette.responses import Response

from jishi.registers.catalog import registers
from jishi.stewardship import sources
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit

section = Section()

ROLES = ("steward", "auditor", "admin")
PAGE = 50

MODES = {"full": words("complete list"), "delta": words("changes only")}


@section.page("/sources", words("Sources"), roles=ROLES, menu=Menu.WORK)
async def listed(visit: Visit) -> Response:
    return visit.show("sources.html", sources=await sources.listed(visit.connection, visit.officer), modes=MODES)


@section.page("/sources/{source}", words("Source"), roles=ROLES)
async def one(visit: Visit) -> Response:
    before = visit.asked.number("before", least=1)
    visit.asked.check()
    found = await sources.one(visit.connection, visit.officer, visit.text("source"))
    columns = await sources.columns(visit.connection, visit.officer, found.name)
    shown = await sources.deliveries(visit.connection, visit.officer, source=found.name, before=before, limit=PAGE + 1)
    following = visit.here(before=shown[PAGE - 1].batch) if len(shown) > PAGE else None
    register = registers()[found.register]
    return visit.show(
        "source.html",
        source=found,
        register=register,
        mode=MODES.get(found.mode, found.mode),
        columns=[
            (header, [register.elements[name] for name in taken if name in register.elements], taken)
            for header, taken in columns.items()
        ],
        deliveries=shown[:PAGE],
        following=following,
        first=before is None,
    )
