"""``POST /access-log/search``: who saw a given subject, for the counter and for auditors (query, disclose, road out)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jishi.access import who
from jishi.access.clients import Client
from jishi.access.disclosures import Disclosure, digest_of
from jishi.errors import CallerError, DeniedError, Fault
from jishi.registers.catalog import register_of
from jishi.registers.register import Register
from jishi_api.auth import authenticate
from jishi_api.serving import Serving, serving_of
from jishi_api.subjects import numbers_of, uids_of

if TYPE_CHECKING:
    from asyncpg import Connection

router = APIRouter(prefix="/access-log", tags=["access-log"])

ROLES = frozenset({"counter", "auditor"})


class Search(BaseModel):
    """Whom it is about: ``uid``, or ``key`` with one element that is a number. ``before`` is ``next`` of the page before."""

    model_config = ConfigDict(extra="forbid")

    collection: str = Field(max_length=100)
    uid: UUID | None = None
    key: dict[str, str] | None = Field(None, max_length=1)
    since: AwareDatetime | None = None
    before: str | None = Field(None, max_length=200)
    limit: int = Field(100, ge=1, le=who.MOST)
    purpose: str | None = Field(None, max_length=100)
    case_no: str | None = Field(None, max_length=200)


@router.post("/search", summary="谁看过 who saw a subject: roles counter and auditor")
async def search(request: Request, asked: Search) -> Response:
    """Nobody found is the same answer as nobody having looked. The look itself is disclosed first."""
    serving = serving_of(request)
    async with serving.connection() as connection:
        client = await _authenticate(connection, request)
        register = register_of(asked.collection)
        before = _place(asked)
        in_full = "auditor" in client.roles
        exempt = serving.city.disclosure.exempt_purposes
        uids = await _uids(connection, serving, register, asked)
        page = await who.who_saw(
            connection,
            uids,
            since=asked.since,
            before=before,
            limit=asked.limit,
            hidden_purposes=() if in_full else exempt,
        )
    told = [who.as_document(row, exempt, in_full=in_full) for row in page.rows]
    await serving.log.write(_look(request, serving, client, register, asked, tuple(uids)))
    answer = {"disclosures": told, "next": page.following.text() if page.following else None}
    return JSONResponse(answer, headers={"Cache-Control": "no-store"})


async def _authenticate(connection: Connection[Any], request: Request) -> Client:
    client = await authenticate(connection, request)
    if not client.roles & ROLES:
        raise DeniedError("ACC-ROLE-MISSING", role="counter")
    return client


async def _uids(connection: Connection[Any], serving: Serving, register: Register, asked: Search) -> list[UUID]:
    """Those it is about; none where nobody has, or ever had, the number."""
    if (asked.uid is None) == (not asked.key):
        raise CallerError("QRY-PARAMETERS", faults=(Fault("uid", "ACC-LOOK"),))
    if asked.uid is not None:
        return [asked.uid]
    ((name, text),) = (asked.key or {}).items()
    if name not in numbers_of(register):
        raise CallerError("QRY-PARAMETERS", faults=(Fault("key", "ACC-LOOK"),))
    return await uids_of(connection, serving, register, name, text)


def _place(asked: Search) -> who.Place | None:
    if asked.before is None:
        return None
    try:
        return who.Place.of(asked.before)
    except (ValueError, OverflowError) as error:
        raise CallerError("QRY-PARAMETERS", faults=(Fault("before", "ACC-LOOK-BEFORE"),)) from error


def _look(
    request: Request, serving: Serving, client: Client, register: Register, asked: Search, uids: tuple[UUID, ...]
) -> Disclosure:
    question = ["access-log", asked.model_dump(mode="json")]
    return Disclosure(
        request_id=UUID(request.state.request_id),
        channel="api",
        act="access-log",
        caller_kind="client",
        caller=client.client_id,
        department=client.department,
        grant_id=None,
        purpose=asked.purpose,
        case_no=asked.case_no,
        register=register.number,
        masked=(),
        clear=(),
        subjects=uids,
        misses=0 if uids else 1,
        query_digest=digest_of(serving.query_key, question),
        result="ok" if uids else "none",
    )
