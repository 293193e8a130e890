"""``/requests``: data-sharing applications 共享申请, from the wish to the grant or the refusal (beside the road out)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jishi.access import acts, application_store, working_days
from jishi.access.applications import STATUSES, Application
from jishi.access.clients import Client
from jishi.access.officer import Officer
from jishi.access.owners import owner_of
from jishi.errors import CallerError, DeniedError
from jishi_api import deciding
from jishi_api.applying import Answer, Wish, Withdrawal, finding_of, outline, terms_of, whole
from jishi_api.auth import authenticate
from jishi_api.links import address, with_parameters
from jishi_api.routers.collections import register_by_collection
from jishi_api.serving import serving_of
from jishi_api.writing import writing

if TYPE_CHECKING:
    from asyncpg import Connection

router = APIRouter(prefix="/requests", tags=["requests"])

GREATEST = 2**63 - 1


@router.post("", summary="提出共享申请 apply for data", status_code=201)
async def apply(request: Request, wish: Wish) -> Response:
    serving = serving_of(request)
    register = register_by_collection(wish.collection)
    async with writing(serving) as connection:
        client = await authenticate(connection, request)
        act = acts.doing(
            connection, _actor(client), "application.apply", register.collection, request_id=_request_id(request)
        )
        async with act as entry:
            if client.department is None:
                raise DeniedError("ACC-APPLICATION-DEPARTMENT")
            terms, faults = terms_of(register, wish, deciding.zone(serving))
            if faults:
                raise CallerError("ACC-APPLICATION", faults=faults)
            owner = await owner_of(connection, register, serving.city.sharing.owners)
            due = working_days.load(serving.settings).due(deciding.today(serving), serving.city.sharing.check_days)
            made = await application_store.apply(
                connection, client.client_id, client.department, owner, terms, wish.reason, due, _by(client)
            )
            entry.target = str(made.application_id)
            entry.detail |= {"register": register.name, "owner": owner}
        told = await _told(connection, request, made)
    return JSONResponse(told, status_code=201, headers={"Location": told["links"][0]["href"]})


@router.get("", summary="共享申请 applications, newest first")
async def applications(
    request: Request,
    status: Annotated[str | None, Query(pattern=f"^({'|'.join(STATUSES)})$")] = None,
    before: Annotated[int, Query(ge=1, le=GREATEST)] = GREATEST,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """Those that one's own department asks or answers; all of them for the role admin."""
    async with serving_of(request).connection() as connection:
        client = await authenticate(connection, request)
        department = None if "admin" in client.roles else client.department or ""
        found = await application_store.listed(connection, department, status, before, limit + 1)
    links = []
    if len(found) > limit:
        asked = [(name, text) for name, text in request.query_params.multi_items() if name != "before"]
        following_page = [*asked, ("before", str(found[limit - 1].application_id))]
        links.append({"rel": "next", "href": with_parameters(address(request, "requests"), following_page)})
    return JSONResponse({"requests": [outline(request, item) for item in found[:limit]], "links": links})


@router.get("/{number}", summary="一份共享申请 one application with its steps")
async def one_application(request: Request, number: int) -> Response:
    async with serving_of(request).connection() as connection:
        client = await authenticate(connection, request)
        return JSONResponse(
            await _told(connection, request, await deciding.visible(connection, _officer(client), number))
        )


@router.post("/{number}/check", summary="合规性审查 compliance check")
async def check(request: Request, number: int) -> Response:
    """By a steward of the owning department or an admin; what does not pass goes back to who applied."""
    serving = serving_of(request)
    async with writing(serving) as connection:
        client = await authenticate(connection, request)
        findings = await deciding.check(connection, serving, _officer(client), number, _request_id(request))
        told = await _told(connection, request, await application_store.one(connection, number))
    language = request.state.language
    return JSONResponse({**told, "checks": [finding_of(found_so, language) for found_so in findings]})


@router.post("/{number}/answer", summary="答复 the owner's answer")
async def answer(request: Request, number: int, given: Answer) -> Response:
    """By a steward of the department that owns the data; ``grant`` makes the grant at once."""
    serving = serving_of(request)
    async with writing(serving) as connection:
        client = await authenticate(connection, request)
        await deciding.answer(connection, serving, _officer(client), number, given, _request_id(request))
        told = await _told(connection, request, await application_store.one(connection, number))
    return JSONResponse(told)


@router.post("/{number}/withdraw", summary="撤回申请 withdraw an application")
async def withdraw(request: Request, number: int, given: Withdrawal) -> Response:
    async with writing(serving_of(request)) as connection:
        client = await authenticate(connection, request)
        found = await deciding.visible(connection, _officer(client), number)
        async with _doing(connection, request, client, "application.withdraw", number):
            if client.department != found.department:
                raise DeniedError("ACC-APPLICATION-APPLICANT")
            await application_store.take(connection, found, "withdraw", given.reasons, 0, _by(client))
        told = await _told(connection, request, await application_store.one(connection, number))
    return JSONResponse(told)


def _officer(client: Client) -> Officer:
    return Officer(_actor(client), client.department, client.roles)


def _actor(client: Client) -> acts.Actor:
    return acts.Actor("client", client.client_id)


def _by(client: Client) -> str:
    return f"client:{client.client_id}"


def _request_id(request: Request) -> UUID:
    return UUID(request.state.request_id)


def _doing(connection: Connection[Any], request: Request, client: Client, act: str, number: int) -> Any:
    return acts.doing(connection, _actor(client), act, str(number), request_id=_request_id(request))


async def _told(connection: Connection[Any], request: Request, found: Application) -> dict[str, Any]:
    taken = await application_store.steps(connection, found.application_id)
    return whole(request, found, taken)
