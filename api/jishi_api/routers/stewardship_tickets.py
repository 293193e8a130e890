"""``/stewardship/tickets``: errors that go back to the departments 校核纠错, and what they make of them (beside the road
out)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from jishi.stewardship import ticket_opening, tickets
from jishi.stewardship.case_tables import TICKET_STATUSES
from jishi.stewardship.terms import terms_of
from jishi.stewardship.ticket_opening import Wish
from jishi.stewardship.tickets import Chosen
from jishi_api.acting import GREATEST, number_of, private_json, reading
from jishi_api.case_documents import lateness_json, steps_json, ticket_json
from jishi_api.cases import Said, Word, acting, pen_of
from jishi_api.links import address, with_parameters
from jishi_api.serving import serving_of
from jishi_api.ticket_rows import MOST_ROWS, as_file, row_json, rows_of

router = APIRouter(prefix="/stewardship/tickets", tags=["stewardship"])


class Opened(BaseModel):
    """A ticket by hand: of a row (``row_number``) or of the whole delivery; what is wrong as a rule, elements or words."""

    model_config = ConfigDict(extra="forbid")

    batch: int
    row_number: Annotated[int, Field(ge=1, le=GREATEST)] | None = None
    rule: Word | None = None
    elements: Annotated[tuple[Word, ...], Field(max_length=50)] = ()
    note: Said


class OpenedForRule(BaseModel):
    """A ticket for each row of the batch that the rule refuses or warns of."""

    model_config = ConfigDict(extra="forbid")

    batch: int
    rule: Word


class Assigned(BaseModel):
    model_config = ConfigDict(extra="forbid")

    to: Word


class Words(BaseModel):
    model_config = ConfigDict(extra="forbid")

    words: Said


Text = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]
Status = Annotated[str | None, Query(pattern=f"^({'|'.join(TICKET_STATUSES)})$")]


@router.get("", summary="校核单 tickets: newest first, or, with after, as a feed")
async def listed(
    request: Request,
    source: Text = None,
    status: Status = None,
    batch: Annotated[int | None, Query(ge=1, le=GREATEST)] = None,
    rule: Text = None,
    after: Annotated[int | None, Query(ge=0, le=GREATEST)] = None,
    before: Annotated[int, Query(ge=1, le=GREATEST)] = GREATEST,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """With ``after`` (a ``step``): those something was done with since, each once, the longest ago first; ``next_after`` is
    where to go on. A department's officers are told of its own alone."""
    serving = serving_of(request)
    async with reading(request) as (connection, officer):
        chosen = Chosen(officer.department, source, status, batch, rule)
        if after is not None:
            found = await tickets.feed(connection, chosen, after, limit)
        else:
            found = await tickets.listed(connection, chosen, before, limit + 1)
    terms, language = terms_of(serving.settings, serving.city), request.state.language
    shown = [ticket_json(one, terms, language) for one in found[:limit]]
    if after is not None:
        return private_json({"tickets": shown, "next_after": found[-1].last_step if found else after})
    links = []
    if len(found) > limit:
        asked = [(name, text) for name, text in request.query_params.multi_items() if name != "before"]
        following = [*asked, ("before", str(found[limit - 1].ticket_id))]
        here = address(request, "stewardship", "tickets")
        links.append({"rel": "next", "href": with_parameters(here, following)})
    return private_json({"tickets": shown, "links": links})


@router.get("/lateness", summary="逾期情况 how late departments are, in working days")
async def lateness(request: Request) -> Response:
    serving = serving_of(request)
    async with reading(request) as (connection, officer):
        found = await tickets.lateness(connection, terms_of(serving.settings, serving.city), officer.department)
    return private_json({"departments": [lateness_json(one) for one in found]})


@router.get("/file", summary="校核单文件 tickets with their rows, as CSV or a workbook")
async def as_table(
    request: Request,
    f: Annotated[str, Query(pattern="^(csv|xlsx)$")] = "csv",
    source: Text = None,
    status: Status = None,
    batch: Annotated[int | None, Query(ge=1, le=GREATEST)] = None,
    rule: Text = None,
    before: Annotated[int, Query(ge=1, le=GREATEST)] = GREATEST,
    limit: Annotated[int, Query(ge=1, le=MOST_ROWS)] = MOST_ROWS,
) -> Response:
    """Each ticket with its row as the department delivered it, in its own columns; under masks for the city's officers. No
    cell is run by a spreadsheet program."""
    async with reading(request) as (connection, officer):
        chosen = Chosen(officer.department, source, status, batch, rule)
        found = await tickets.listed(connection, chosen, before, limit)
        rows = await rows_of(request, connection, officer, "api", found)
    return as_file(request, found, rows, f)


@router.post("", summary="开具校核单 a ticket by hand", status_code=201)
async def open_one(request: Request, given: Opened) -> Response:
    async with acting(request, "ticket.open", f"batch {given.batch}") as desk:
        wish = Wish(number_of(given.batch), given.row_number, given.rule, given.elements, given.note)
        made = await ticket_opening.open_by_hand(desk.connection, desk.pen, desk.terms, desk.officer, wish)
        desk.entry.detail |= {"ticket": made.ticket_id}
        return private_json(ticket_json(made, desk.terms, request.state.language), 201)


@router.post("/bulk", summary="批量开具 a ticket for each row that a rule of a batch names", status_code=201)
async def open_many(request: Request, given: OpenedForRule) -> Response:
    async with acting(request, "ticket.open-bulk", f"batch {given.batch}") as desk:
        made = await ticket_opening.open_for_rule(
            desk.connection, desk.terms, desk.officer, number_of(given.batch), given.rule
        )
        desk.entry.detail |= {"rule": given.rule, "tickets": len(made)}
        first = min(made, default=None)
        return private_json({"opened": len(made), "first": first, "last": max(made, default=None)}, 201)


@router.get("/{ticket}", summary="一张校核单 one ticket: its row, its steps")
async def one(request: Request, ticket: int) -> Response:
    serving = serving_of(request)
    async with reading(request) as (connection, officer):
        found = await tickets.seen_by(connection, officer, number_of(ticket))
        rows = await rows_of(request, connection, officer, "api", [found])
        steps = await tickets.steps(connection, pen_of(serving), found.ticket_id)
    document: dict[str, Any] = ticket_json(found, terms_of(serving.settings, serving.city), request.state.language)
    row = rows.get(found.ticket_id)
    note = tickets.note_of(pen_of(serving), found)
    return private_json({**document, "note": note, "row": row and row_json(row), "steps": steps_json(steps)})


@router.post("/{ticket}/assign", summary="指派 say who deals with it")
async def assign(request: Request, ticket: int, given: Assigned) -> Response:
    async with acting(request, "ticket.assign", str(ticket)) as desk:
        made = await tickets.assign(desk.connection, desk.terms, desk.officer, number_of(ticket), given.to)
        return private_json(ticket_json(made, desk.terms, request.state.language))


@router.post("/{ticket}/reply", summary="回复 what the department says to it")
async def reply(request: Request, ticket: int, given: Words) -> Response:
    return await _spoken(request, ticket, "reply", given.words)


@router.post("/{ticket}/close", summary="办结 close it by hand, with the reason")
async def close(request: Request, ticket: int, given: Words) -> Response:
    return await _spoken(request, ticket, "close", given.words)


@router.post("/{ticket}/reopen", summary="重新办理 it is not right after all")
async def reopen(request: Request, ticket: int, given: Words) -> Response:
    return await _spoken(request, ticket, "reopen", given.words)


_SPOKEN = {"reply": tickets.reply, "close": tickets.close, "reopen": tickets.reopen}


async def _spoken(request: Request, ticket: int, act: str, words: str) -> Response:
    async with acting(request, f"ticket.{act}", str(ticket)) as desk:
        made = await _SPOKEN[act](desk.connection, desk.pen, desk.terms, desk.officer, number_of(ticket), words)
        return private_json(ticket_json(made, desk.terms, request.state.language))
