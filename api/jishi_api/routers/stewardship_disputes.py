"""``/stewardship/disputes``: a consuming department disputes 异议 a served value, the owning one answers (beside the road
out).

Raised by a client whose grant holds the element, on an entity it may see, or by an officer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from jishi.access.acts import Actor
from jishi.access.authorise import Wanted
from jishi.access.officer import Officer
from jishi.errors import NotFoundError
from jishi.registers.register import Register
from jishi.stewardship import disputes
from jishi.stewardship.case_tables import DISPUTE_STATUSES
from jishi.stewardship.disputes import Dispute, Party, Wish
from jishi.stewardship.terms import terms_of
from jishi_api import sql
from jishi_api.acting import GREATEST, number_of, private_json
from jishi_api.asked import asked_of
from jishi_api.auth import caller_of
from jishi_api.case_documents import dispute_json, steps_json
from jishi_api.case_views import claim_for
from jishi_api.cases import Said, Word, acting, doing, pen_of
from jishi_api.credentials import is_basic
from jishi_api.disclose import Outcome, bound, disclose
from jishi_api.links import address, with_parameters
from jishi_api.plan import plan_of
from jishi_api.protected import demand_purpose
from jishi_api.routers.collections import register_by_collection
from jishi_api.serving import serving_of
from jishi_api.steward import ROLE, steward_of
from jishi_api.writing import writing

if TYPE_CHECKING:
    from asyncpg import Connection

    from jishi_api.asked import Asked
    from jishi_api.serving import Serving

router = APIRouter(prefix="/stewardship/disputes", tags=["stewardship"])


class Raised(BaseModel):
    """``element``: as it is served; ``claimed``: what it should be, kept sealed."""

    model_config = ConfigDict(extra="forbid")

    collection: Word
    uid: UUID
    element: Word
    reason: Said
    claimed: Said | None = None
    case_no: Word
    purpose: Word | None = None


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")

    verdict: Literal["uphold", "reject"]
    reason: Said


class Why(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Said


@router.post("", summary="提出异议 dispute a served value", status_code=201)
async def raise_dispute(request: Request, given: Raised) -> Response:
    """From now on the value bears ``disputed`` in every answer, until the dispute is settled."""
    serving = serving_of(request)
    register = register_by_collection(given.collection)
    wish = Wish(register, given.uid, given.element, given.reason, given.claimed, given.case_no)
    asked = await _asked(request, serving, register, given)
    async with writing(serving) as connection:
        if asked is None:
            officer = await steward_of(connection, request)
            if given.uid in await serving.protections.now():
                raise NotFoundError("QRY-NO-SUCH-ITEM")
            actor, party = officer.actor, Party(officer.by, officer.department)
        else:
            client = asked.caller.client
            actor, party = Actor("client", client.client_id), Party(f"client:{client.client_id}", client.department)
        terms = terms_of(serving.settings, serving.city)
        async with doing(request, connection, actor, "dispute.raise", register.collection) as entry:
            made = await disputes.raise_dispute(connection, pen_of(serving), terms, party, wish)
            entry.target = str(made.dispute_id)
            entry.detail |= {"collection": register.collection, "element": made.element}
        return private_json(dispute_json(made, terms, owned=False), 201)


@router.get("", summary="异议 disputes, newest first")
async def listed(
    request: Request,
    status: Annotated[str | None, Query(pattern=f"^({'|'.join(DISPUTE_STATUSES)})$")] = None,
    before: Annotated[int, Query(ge=1, le=GREATEST)] = GREATEST,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """To officers those of their department, as owner or as who raised them, to the city's all; to other clients their own."""
    serving = serving_of(request)
    terms = terms_of(serving.settings, serving.city)
    async with writing(serving) as connection:
        viewer = await _viewer(connection, request)
        department = viewer.department if isinstance(viewer, Officer) else None
        raised_by = None if isinstance(viewer, Officer) else viewer.by
        found = await disputes.listed(connection, department, raised_by, status, before, limit + 1)
    links = []
    if len(found) > limit:
        asked = [(name, text) for name, text in request.query_params.multi_items() if name != "before"]
        here = address(request, "stewardship", "disputes")
        following = [*asked, ("before", str(found[limit - 1].dispute_id))]
        links.append({"rel": "next", "href": with_parameters(here, following)})
    shown = [dispute_json(one, terms, owned=_owns(viewer, one)) for one in found[:limit]]
    return private_json({"disputes": shown, "links": links})


@router.get("/{dispute}", summary="一件异议 one dispute, with its steps")
async def one(request: Request, dispute: int) -> Response:
    """What is claimed is told to its parties; to the city's officers, where it is personal, its shape."""
    serving = serving_of(request)
    async with writing(serving) as connection:
        viewer = await _viewer(connection, request)
        if isinstance(viewer, Officer):
            found = await disputes.seen_by(connection, viewer, number_of(dispute))
        else:
            found = await disputes.one(connection, number_of(dispute))
            if found.raised_by != viewer.by:
                raise NotFoundError("QLT-DISPUTE-UNKNOWN")
        return await show(request, connection, viewer, found)


@router.post("/{dispute}/answer", summary="答复异议 uphold or reject it")
async def answer(request: Request, dispute: int, given: Answer) -> Response:
    """By the department the value came from. Upheld: a ticket results, and the flag stands until it is closed."""
    act = "dispute.uphold" if given.verdict == "uphold" else "dispute.reject"
    async with acting(request, act, str(dispute)) as desk:
        found = await disputes.answer(
            desk.connection, desk.pen, desk.terms, desk.officer, number_of(dispute), given.verdict, given.reason
        )
        desk.entry.detail |= {"ticket": found.ticket_id} if found.ticket_id else {}
        return private_json(dispute_json(found, desk.terms, owned=True))


@router.post("/{dispute}/withdraw", summary="撤回异议 take it back")
async def withdraw(request: Request, dispute: int, given: Why) -> Response:
    """By whoever raised it, or another officer of the department."""
    serving = serving_of(request)
    terms = terms_of(serving.settings, serving.city)
    async with writing(serving) as connection:
        viewer = await _viewer(connection, request)
        party = Party(viewer.by, viewer.department) if isinstance(viewer, Officer) else viewer
        actor = viewer.actor if isinstance(viewer, Officer) else Actor("client", viewer.by.partition(":")[2])
        async with doing(request, connection, actor, "dispute.withdraw", str(dispute)):
            found = await disputes.withdraw(connection, pen_of(serving), terms, party, number_of(dispute), given.reason)
        return private_json(dispute_json(found, terms, owned=False))


async def show(request: Request, connection: Connection[Any], viewer: Officer | Party, found: Dispute) -> Response:
    """One dispute in full; disclosed first where it holds a value."""
    serving = serving_of(request)
    claimed = await claim_for(request, serving, viewer, "api", found)
    steps = await disputes.steps(connection, pen_of(serving), found.dispute_id)
    terms = terms_of(serving.settings, serving.city)
    document = dispute_json(found, terms, owned=_owns(viewer, found))
    return private_json({**document, "claimed": claimed, "steps": steps_json(steps)})


async def _asked(request: Request, serving: Serving, register: Register, given: Raised) -> Asked | None:
    """The client that asks, if its grant holds the element and shows it the entity; None for an officer."""
    if is_basic(request.scope["headers"]):
        return None
    caller = await caller_of(request)
    if ROLE in caller.client.roles:
        return None
    body = {"purpose": given.purpose, "case_no": given.case_no}
    asked = await asked_of(request, serving, caller, register, body)
    disputes.element_of(register, given.element)
    asked.authorise(Wanted(elements=frozenset({given.element})))
    statement = sql.by_uids(plan_of(register, asked.grant, (), geometry=False), (given.uid,), asked.hidden)
    rows = await serving.lanes.fetch(statement.text, *bound(statement.values, serving.sealer))
    seen = [row for row in rows if row["state"] == "active"]
    question = ["dispute", str(given.uid), given.element]
    if not seen:
        await disclose(serving, asked, "dispute", None, question, Outcome(misses=1, result="none"))
        raise NotFoundError("QRY-NO-SUCH-ITEM")
    await demand_purpose(serving, asked, (given.uid,))
    await disclose(serving, asked, "dispute", None, question, Outcome((given.uid,)))
    return asked


async def _viewer(connection: Connection[Any], request: Request) -> Officer | Party:
    """An officer, or a client that is none: a party alone."""
    if not is_basic(request.scope["headers"]):
        caller = await caller_of(request)
        if ROLE not in caller.client.roles:
            return Party(f"client:{caller.client.client_id}", None)
    return await steward_of(connection, request)


def _owns(viewer: Officer | Party, found: Dispute) -> bool:
    return isinstance(viewer, Officer) and viewer.sees(found.department)
