"""``/stewardship/quarantine/repairs…`` and ``…/values``: one mapping for a thousand refused rows (road out)."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from jishi.access import acts
from jishi.quality import quarantine_search, quarantine_values
from jishi.quality.quarantine_search import Wanted
from jishi.quality.raw_row import DIGEST_CHARACTERS
from jishi.registers.catalog import register_of
from jishi.stewardship import bulk_repairs
from jishi.stewardship.bulk_repairs import Filter
from jishi.stewardship.cell_mapping import CellMapping
from jishi_api.acting import GREATEST, number_of, private_json
from jishi_api.links import address, with_parameters
from jishi_api.looking import look
from jishi_api.quarantine_documents import bulk_json, column_json
from jishi_api.serving import serving_of
from jishi_api.steward import steward_of
from jishi_api.writing import writing

router = APIRouter(prefix="/stewardship/quarantine", tags=["stewardship"])


Word = Annotated[str, Field(max_length=200, pattern=r"^[^\x00]*$")]
Header = Annotated[str, Field(max_length=1_000)]
Cell = Annotated[str, Field(max_length=1_000)]
Digest = Annotated[str, Field(pattern=rf"^[0-9a-f]{{{DIGEST_CHARACTERS}}}$")]


class Rows(BaseModel):
    """Open rows; ``header`` with ``digest``: those whose cell there holds what has this digest."""

    model_config = ConfigDict(extra="forbid")

    batch: Annotated[int | None, Field(ge=1, le=GREATEST)] = None
    source: Word | None = None
    register_name: Annotated[Word | None, Field(alias="register")] = None
    department: Word | None = None
    rule: Word | None = None
    element: Word | None = None
    header: Header | None = None
    digest: Digest | None = None

    @property
    def filter(self) -> Filter:
        return Filter(**{"register" if name == "register_name" else name: value for name, value in self})


class BulkWish(BaseModel):
    """``mapping``: header → what a cell holds → what it shall hold, or the name of a transform; ``digests``: the same by
    digest. Neither: the rows are sent as they were received. ``dry``: only counted."""

    model_config = ConfigDict(extra="forbid")

    filter: Rows
    mapping: dict[Header, dict[Cell, Cell] | str] = {}
    digests: dict[Header, dict[Digest, Cell]] = {}
    dry: bool = True
    reason: Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00]*$")] = ""

    @property
    def cells(self) -> CellMapping:
        values = {header: told for header, told in self.mapping.items() if isinstance(told, dict)}
        transforms = {header: told for header, told in self.mapping.items() if isinstance(told, str)}
        return CellMapping(values, dict(self.digests), transforms)


@router.post("/repairs", summary="批量修复 one mapping for many rows, tried or in earnest", status_code=202)
async def make(request: Request, wish: BulkWish) -> Response:
    """A worker counts the rows the mapping changes and those that pass then; in earnest these become one repair a batch."""
    serving = serving_of(request)
    act = "quarantine.bulk.try" if wish.dry else "quarantine.bulk"
    async with writing(serving) as connection:
        officer = await steward_of(connection, request)
        request_id = UUID(request.state.request_id)
        sealer = serving.sealer
        async with acts.doing(connection, officer.actor, act, "", request_id=request_id) as told:
            made = await bulk_repairs.ask(
                *(connection, sealer.keys, sealer.cipher, officer, wish.filter.filter, wish.cells),
                dry=wish.dry,
                reason=wish.reason or None,
                request_id=request_id,
            )
            told.target = str(made)
        found = await bulk_repairs.find(connection, officer, made)
    return private_json(bulk_json(request, found), status=202)


@router.get("/repairs", summary="批量修复单 bulk repairs, newest first")
async def listed(
    request: Request,
    before: Annotated[int | None, Query(ge=1, le=GREATEST)] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    async with writing(serving_of(request)) as connection:
        officer = await steward_of(connection, request)
        found = await bulk_repairs.listed(connection, officer, before, limit + 1)
    links = []
    if len(found) > limit:
        here = address(request, "stewardship", "quarantine", "repairs")
        following = [("limit", str(limit)), ("before", str(found[limit - 1].bulk_id))]
        links.append({"rel": "next", "href": with_parameters(here, following)})
    return private_json({"bulk_repairs": [bulk_json(request, one) for one in found[:limit]], "links": links})


@router.get("/repairs/{number}", summary="一张批量修复单 how far a bulk repair is")
async def one(request: Request, number: int) -> Response:
    async with writing(serving_of(request)) as connection:
        officer = await steward_of(connection, request)
        return private_json(bulk_json(request, await bulk_repairs.find(connection, officer, number_of(number))))


@router.post("/repairs/{number}/carry-out", summary="正式执行 what was tried, in earnest", status_code=202)
async def carry_out(request: Request, number: int) -> Response:
    """Within a day of the trial: its mapping goes then."""
    serving = serving_of(request)
    async with writing(serving) as connection:
        officer = await steward_of(connection, request)
        tried = await bulk_repairs.find(connection, officer, number_of(number))
        request_id, sealer = UUID(request.state.request_id), serving.sealer
        async with acts.doing(connection, officer.actor, "quarantine.bulk", "", request_id=request_id) as told:
            made = await bulk_repairs.carry_out(
                connection, sealer.keys, sealer.cipher, officer, tried, request_id=request_id
            )
            told.target = str(made)
        return private_json(bulk_json(request, await bulk_repairs.find(connection, officer, made)), status=202)


@router.post("/repairs/{number}/cancel", summary="取消批量修复 call off a bulk repair under way")
async def cancel(request: Request, number: int) -> Response:
    async with writing(serving_of(request)) as connection:
        officer = await steward_of(connection, request)
        found = await bulk_repairs.find(connection, officer, number_of(number))
        async with acts.doing(
            connection, officer.actor, "quarantine.bulk.cancel", str(number), request_id=UUID(request.state.request_id)
        ):
            await bulk_repairs.cancel(connection, found.bulk_id)
        return private_json(bulk_json(request, await bulk_repairs.find(connection, officer, found.bulk_id)))


@router.get("/values", summary="列中取值 what refused rows hold in one column")
async def values(
    request: Request,
    header: Annotated[str, Query(min_length=1, max_length=1_000)],
    batch: Annotated[int | None, Query(ge=1, le=GREATEST)] = None,
    source: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
    rule: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
) -> Response:
    """Of the newest rows that were refused so; ``complete`` says whether there are no others."""
    serving, most = serving_of(request), quarantine_values.MOST_ROWS
    async with writing(serving) as connection:
        officer = await steward_of(connection, request)
        wanted = Wanted("open", batch, source, rule=rule)
        found = await quarantine_search.search(connection, officer, wanted, limit=most + 1)
    keys, entries = serving.sealer.keys, found[:most]
    column = await asyncio.to_thread(quarantine_values.column, keys, officer, entries, header)
    for name in sorted({entry.register for entry in entries}):
        await look(
            *(request, serving, officer, "api", "quarantine", register_of(name), [header, batch, source, rule]),
            masked=column.elements if column.masked else (),
            clear=() if column.masked else column.elements,
        )
    return private_json({**column_json(column), "complete": len(found) <= most})
