"""``/stewardship/quarantine…`` and ``/stewardship/repairs…``: refused rows found, checked, repaired, discarded (road out)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from jishi.access import acts
from jishi.quality import quarantine_search
from jishi.quality.quarantine_search import Wanted
from jishi.quality.tables import STATUSES
from jishi.stewardship import repair_check, repairs
from jishi.stewardship.repairs import LONGEST_CELL, Edit
from jishi_api import quarantine_view as view
from jishi_api.acting import GREATEST, acting, number_of, private_json
from jishi_api.links import address, with_parameters
from jishi_api.quarantine_documents import check_json, repair_json, row_json, step_json, suggestion_json
from jishi_api.serving import serving_of
from jishi_api.steward import steward_of
from jishi_api.writing import writing

router = APIRouter(prefix="/stewardship", tags=["stewardship"])

CELLS = 2_000

Word = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
Header = Annotated[str, Field(max_length=1_000)]
Cell = Annotated[str, Field(max_length=LONGEST_CELL)]
Reason = Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00]*$")]


class Edited(BaseModel):
    """``cells``: by column of the delivery, null empties one; those not named stay as they are. ``suggestion``: the number
    of a near miss, taken unseen."""

    model_config = ConfigDict(extra="forbid")

    cells: Annotated[dict[Header, Cell | None], Field(max_length=CELLS)] = {}
    suggestion: Annotated[int | None, Field(ge=1, le=1_000)] = None


class Repaired(Edited):
    reason: Reason = ""


class Why(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[Reason, Field(min_length=1)]


@router.get("/quarantine", summary="隔离区 refused rows, newest first")
async def listed(
    request: Request,
    status: Annotated[str, Query(pattern=f"^(any|{'|'.join(STATUSES)})$")] = "open",
    batch: Annotated[int | None, Query(ge=1, le=GREATEST)] = None,
    source: Word = None,
    register: Word = None,
    department: Word = None,
    rule: Word = None,
    element: Word = None,
    key: UUID | None = None,
    opened_from: AwareDatetime | None = None,
    opened_before: AwareDatetime | None = None,
    before: Annotated[int | None, Query(ge=1, le=GREATEST)] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    """``before`` is the number of a row: only older ones are shown; the link ``next`` carries it."""
    wanted = Wanted(
        *(None if status == "any" else status, batch, source, register, department, rule, element, key),
        opened_from=opened_from,
        opened_before=opened_before,
    )
    serving = serving_of(request)
    async with writing(serving) as connection:
        officer = await steward_of(connection, request)
        entries = await quarantine_search.search(connection, officer, wanted, before=before, limit=limit + 1)
    found = await view.shown(request, serving, officer, "api", "quarantine", entries[:limit])
    links = []
    if len(entries) > limit:
        asked = [(name, text) for name, text in request.query_params.multi_items() if name != "before"]
        here = address(request, "stewardship", "quarantine")
        following = [*asked, ("before", str(entries[limit - 1].quarantine_id))]
        links.append({"rel": "next", "href": with_parameters(here, following)})
    return private_json({"rows": [row_json(request, one) for one in found], "links": links})


@router.get("/quarantine/{number}", summary="一条被拒的行 one refused row, and what was done with it")
async def one_row(request: Request, number: int) -> Response:
    serving = serving_of(request)
    async with writing(serving) as connection:
        officer = await steward_of(connection, request)
        entry = await quarantine_search.entry(connection, officer, number_of(number))
        steps = await quarantine_search.steps(connection, entry)
        after = await quarantine_search.following(connection, entry)
    [found] = await view.shown(request, serving, officer, "api", "quarantine", [entry])
    return private_json(
        {**row_json(request, found), "superseded_by": after, "steps": [step_json(step) for step in steps]}
    )


@router.get("/quarantine/{number}/suggestions", summary="近似号码 whom a wrong number may have meant, masked")
async def suggestions(request: Request, number: int) -> Response:
    serving = serving_of(request)
    async with writing(serving) as connection:
        officer = await steward_of(connection, request)
        entry = await quarantine_search.entry(connection, officer, number_of(number))
        found = await view.suggestions(request, serving, connection, officer, "api", entry)
        await repairs.remember(connection, officer, entry, "suggest")
    return private_json({"tried": found.tried, "suggestions": [suggestion_json(one) for one in found.found]})


@router.post("/quarantine/{number}/check", summary="校验 what the rules say of the edited row")
async def check(request: Request, number: int, given: Edited) -> Response:
    """The worker standardises and validates the row and writes nothing. 202 where it takes longer than a few seconds."""
    serving = serving_of(request)
    async with writing(serving) as connection:
        officer = await steward_of(connection, request)
        entry = await quarantine_search.entry(connection, officer, number_of(number))
        cells = await view.edited_cells(serving, connection, entry, given.cells, given.suggestion)
        sealer = serving.sealer
        asked = await repair_check.ask(connection, sealer.keys, sealer.cipher, officer, entry, cells)
    found = await view.awaited(serving, officer, entry.quarantine_id, asked)
    return private_json(check_json(request, entry, found), status=200 if found.status in ("done", "failed") else 202)


@router.get("/quarantine/{number}/checks/{asked}", summary="一次校验 one's own check")
async def one_check(request: Request, number: int, asked: int) -> Response:
    async with writing(serving_of(request)) as connection:
        officer = await steward_of(connection, request)
        entry = await quarantine_search.entry(connection, officer, number_of(number))
        found = await repair_check.find(connection, officer, entry.quarantine_id, number_of(asked))
    return private_json(check_json(request, entry, found))


@router.post("/quarantine/{number}/repair", summary="修复 send the edited row down the road again", status_code=202)
async def repair(request: Request, number: int, given: Repaired) -> Response:
    """Without cells the row is sent as it was received. It is served when its repair is done and it passed."""
    serving = serving_of(request)
    async with writing(serving) as connection:
        officer = await steward_of(connection, request)
        entry = await quarantine_search.entry(connection, officer, number_of(number))
        cells = await view.edited_cells(serving, connection, entry, given.cells, given.suggestion)
        request_id = UUID(request.state.request_id)
        sealer = serving.sealer
        async with acts.doing(
            connection, officer.actor, "quarantine.repair", str(entry.quarantine_id), request_id=request_id
        ) as told:
            [made] = await repairs.submit(
                *(connection, sealer.keys, sealer.cipher, officer, [Edit(entry, cells)], given.reason or None),
                request_id=request_id,
            )
            told.detail |= {"repair": made, "columns": len(cells)}
        found = await repairs.find(connection, officer, made)
    return private_json(repair_json(request, found), status=202)


@router.post("/quarantine/{number}/discard", summary="废弃 a row that will not be used")
async def discard(request: Request, number: int, given: Why) -> Response:
    async with acting(request, "quarantine.discard", str(number)) as (connection, officer, told):
        entry = await quarantine_search.entry(connection, officer, number_of(number))
        await repairs.discard(connection, officer, [entry.quarantine_id], given.reason)
        told.detail |= {"batch": entry.batch_id}
        steps = await quarantine_search.steps(connection, entry)
    return private_json(
        {"id": entry.quarantine_id, "status": "discarded", "steps": [step_json(step) for step in steps]}
    )


@router.get("/repairs", summary="修复单 repairs, newest first")
async def listed_repairs(
    request: Request,
    before: Annotated[int | None, Query(ge=1, le=GREATEST)] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    async with writing(serving_of(request)) as connection:
        officer = await steward_of(connection, request)
        found = await repairs.listed(connection, officer, before, limit + 1)
    links = []
    if len(found) > limit:
        here = address(request, "stewardship", "repairs")
        following = [("limit", str(limit)), ("before", str(found[limit - 1].repair_id))]
        links.append({"rel": "next", "href": with_parameters(here, following)})
    return private_json({"repairs": [repair_json(request, one) for one in found[:limit]], "links": links})


@router.get("/repairs/{number}", summary="一张修复单 one repair")
async def one_repair(request: Request, number: int) -> Response:
    async with writing(serving_of(request)) as connection:
        officer = await steward_of(connection, request)
        return private_json(repair_json(request, await repairs.find(connection, officer, number_of(number))))


@router.post("/repairs/{number}/cancel", summary="取消修复 call off a repair that has not begun")
async def cancel(request: Request, number: int) -> Response:
    async with acting(request, "quarantine.cancel", str(number)) as (connection, officer, _):
        found = await repairs.find(connection, officer, number_of(number))
        await repairs.cancel(connection, officer, found.repair_id)
        return private_json(repair_json(request, await repairs.find(connection, officer, found.repair_id)))
