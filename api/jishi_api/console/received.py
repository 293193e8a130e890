"""The row 原始行 in which a source said what it says, as it was received (query to respond, road out)."""

from __future__ import annotations

from starlette.responses import Response

from jishi.stewardship.row_readings import GONE
from jishi_api import received_row
from jishi_api.console.section import Section, words
from jishi_api.console.tickets import titles
from jishi_api.console.visit import Visit
from jishi_api.routers.collections import register_by_collection

section = Section()

STEWARD = ("steward",)


@section.page("/rows/{collection}/{contribution}", words("Row as received"), roles=STEWARD)
async def one(visit: Visit) -> Response:
    register = register_by_collection(visit.text("collection"))
    row, reading = await received_row.asked(
        visit.request, visit.serving, visit.connection, visit.officer, register, visit.number("contribution")
    )
    async with visit.resting():
        reading = await received_row.awaited(visit.serving, reading)
    sight = None
    if reading.raw is not None:
        sight = await received_row.shown(visit.request, visit.serving, visit.officer, "console", row, reading.raw)
    return visit.show(
        "received_row.html",
        row=row,
        register=register,
        reading=reading,
        running=reading.is_under_way,
        gone=reading.fault == GONE,
        sight=sight,
        cells=[
            (header, titles(visit, register, row.columns.get(header, ())), value)
            for header, value in sight.row.cells.items()
        ]
        if sight
        else [],
        masked=not visit.officer.in_clear(row.department),
    )
