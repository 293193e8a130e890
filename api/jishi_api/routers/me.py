"""``/me``: what the caller may ask for, and what of a wanted request would be refused and why (authorise, road out).

Both ask the one decision :func:`jishi.access.authorise.faults_of`, as every call does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jishi.access.authorise import Wanted, faults_of
from jishi.access.grant_document import document
from jishi.access.grants import RIGHTS, STANDING, Grant
from jishi.errors import Fault
from jishi.registers.catalog import registers
from jishi.registers.derived import Asked, base_of, derived_of, read
from jishi.registers.register import Register
from jishi_api.auth import caller_of
from jishi_api.members import members
from jishi_api.routers.collections import register_by_collection
from jishi_api.serving import serving_of
from jishi_api.shapes import ADDRESS, ADDRESS_ELEMENT, How, shapes_of

if TYPE_CHECKING:
    from asyncpg import Connection

router = APIRouter(prefix="/me", tags=["me"])

Word = Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=100)]
Words = Annotated[tuple[Word, ...], Field(max_length=200)]

Criteria = tuple[tuple[bool, tuple[str, ...]], ...]
"""Of a search: whether it compares otherwise than for equality, and the elements of which one is given."""


class Plan(BaseModel):
    """A wanted request. ``properties``: members of the answer, None = not said. ``compared``: elements a filter compares;
    ``matched``: for equality in a search; ``shape``: one of the collection's search shapes in their place. ``clear``:
    elements that are of no use masked. ``rights``: inactive, withheld, history, ….
    """

    model_config = ConfigDict(extra="forbid")

    collection: Word
    properties: Words | None = None
    clear: Words = ()
    compared: Words = ()
    matched: Words = ()
    shape: Word | None = None
    sortby: Words = ()
    rights: Words = ()
    purpose: Word | None = None
    case_no: Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=200)] | None = None


@router.get("", summary="本客户端的授权 what this client may ask for")
async def me(request: Request) -> Response:
    caller = await caller_of(request)
    async with serving_of(request).connection() as connection:
        found = [
            await _told(connection, request, register, grant)
            for register in registers().values()
            if (grant := caller.grant_on(register)) is not None
        ]
    client = caller.client
    told = {"client_id": client.client_id, "name": client.name, "department": client.department}
    return JSONResponse({**told, "roles": sorted(client.roles), "collections": found}, headers=_PRIVATE)


@router.post("/plan", summary="试算 what of a wanted request would be refused, and why")
async def plan(request: Request, wish: Plan) -> Response:
    register = register_by_collection(wish.collection)
    now = datetime.now(UTC)
    grant = (await caller_of(request)).grant_on(register)
    async with serving_of(request).connection() as connection:
        left = None if grant is None else await _left(connection, request, grant)
    wanted, faults = _wanted(register, grant, wish, now)
    faults += faults_of(register, grant, wanted, now)
    if left == 0:
        faults.append(Fault("quota", "ACC-PLAN-QUOTA", {"limit": grant.quota_per_day if grant else 0}))
    language = request.state.language
    errors = [{"name": fault.name, "code": fault.code, "reason": fault.text(language)} for fault in faults]
    masked = sorted(wanted.elements & grant.masked) if grant is not None and not faults else []
    clear = sorted(wanted.elements - grant.masked) if grant is not None and not faults else []
    number = None if grant is None or grant.grant_id == STANDING else grant.grant_id
    told = {"permitted": not faults, "errors": errors, "grant": number, "masked": masked, "clear": clear}
    return JSONResponse(told, headers=_PRIVATE)


_PRIVATE = {"Cache-Control": "private, no-store"}


def _shapes(register: Register) -> dict[str, Criteria]:
    """The shapes a search may take, by name."""
    return {
        shape.name: tuple(
            (part.how is How.PREFIX, tuple(ADDRESS_ELEMENT if name == ADDRESS else name for name in part.elements))
            for part in shape.criteria
        )
        for shape in (shapes_of(register.name) if register.personal else ())
    }


async def _left(connection: Connection[Any], request: Request, grant: Grant) -> int | None:
    """Subjects left today; what other processes have taken in advance counts as used."""
    return await serving_of(request).quotas.left(connection, grant)


async def _told(connection: Connection[Any], request: Request, register: Register, grant: Grant) -> dict[str, object]:
    now = datetime.now(UTC)
    usable = grant.in_force(now)
    known = derived_of(register)
    return {
        **{name: value for name, value in document(grant).items() if name != "client"},
        "title": register.title,
        "standing": grant.grant_id == STANDING,
        "in_force": usable,
        "quota_left": await _left(connection, request, grant),
        "derived": [
            {"name": name, "title": known[base_of(name)].title, "asked_as": _asked_as(register, name)}
            for name in sorted(grant.derived)
            if base_of(name) in known
        ],
        "shapes": [name for name in _shapes(register) if usable and not _shape_faults(register, grant, name)],
    }


def _asked_as(register: Register, name: str) -> str:
    """How a granted derived element is asked for: by its name, or with an argument of one's own."""
    return name if isinstance(read(register, name), Asked) else derived_of(register)[name].spelling


def _wanted(register: Register, grant: Grant | None, wish: Plan, now: datetime) -> tuple[Wanted, list[Fault]]:
    """What the grant is asked for, and what no grant could permit."""
    faults: list[Fault] = []
    elements: frozenset[str] = frozenset()
    if wish.properties is not None:
        elements = frozenset(_elements(register, wish.properties, faults))
    elif register.personal:
        faults.append(Fault("properties", "ACC-PLAN-PROPERTIES"))
    elif grant is not None:
        elements = grant.masked | grant.clear
    sorted_by = _order(wish)
    faults += _unknown(register, wish)
    looked_by = Wanted()
    shape = _shapes(register).get(wish.shape or "")
    if shape is not None and grant is not None:
        looked_by = _criteria(register, grant, shape, now)
    known = frozenset(register.elements)
    wanted = Wanted(
        elements=elements,
        clear=known & frozenset(wish.clear),
        compared=looked_by.compared | (known & frozenset(wish.compared)),
        matched=looked_by.matched | (known & frozenset(wish.matched)),
        sorted_by=known & sorted_by,
        rights=frozenset(wish.rights) & frozenset(RIGHTS),
        purpose=wish.purpose,
        case_no=wish.case_no,
    )
    return wanted, faults


def _unknown(register: Register, wish: Plan) -> Iterator[Fault]:
    named = {*wish.compared, *wish.matched, *wish.clear, *_order(wish)}
    for name in sorted(named - register.elements.keys()):
        yield Fault(name, "QRY-PROPERTY-UNKNOWN")
    for name in sorted(set(wish.rights) - set(RIGHTS)):
        yield Fault(f"rights: {name}", "ACC-GRANT-RIGHT", {"known": ", ".join(RIGHTS)})
    shapes = _shapes(register)
    if wish.shape is not None and wish.shape not in shapes:
        yield Fault("shape", "ACC-PLAN-SHAPE", {"known": "; ".join(shapes) or "-"})


def _order(wish: Plan) -> frozenset[str]:
    return frozenset(name.removeprefix("-").removeprefix("+") for name in wish.sortby)


def _elements(register: Register, names: tuple[str, ...], faults: list[Fault]) -> Iterator[str]:
    """Members of an answer → elements: a code's label stands for its code, a derived element for itself."""
    known = members(register.name)
    for name in names:
        if name in known:
            yield known[name].element
        elif name == register.geometry:
            yield name
        elif base_of(name) in derived_of(register):
            asked = read(register, name)
            if isinstance(asked, Asked):
                yield asked.text
            else:
                faults.append(asked)
        else:
            faults.append(Fault(name, "QRY-PROPERTY-UNKNOWN"))


def _shape_faults(register: Register, grant: Grant, name: str) -> tuple[Fault, ...]:
    """Why a search of this shape would be refused whatever is stated."""
    now = datetime.now(UTC)
    wanted = _criteria(register, grant, _shapes(register)[name], now)
    return tuple(fault for fault in faults_of(register, grant, wanted, now) if fault.code == "ACC-ELEMENT-COMPARED")


def _criteria(register: Register, grant: Grant, shape: Criteria, now: datetime) -> Wanted:
    """The elements a search of this shape looks by: of several possible ones one that the grant permits."""
    compared: set[str] = set()
    matched: set[str] = set()
    for otherwise, names in shape:
        options = [
            Wanted(compared=frozenset({name})) if otherwise else Wanted(matched=frozenset({name})) for name in names
        ]
        chosen = min(options, key=lambda option: len(faults_of(register, grant, option, now)))
        compared |= chosen.compared
        matched |= chosen.matched
    return Wanted(compared=frozenset(compared), matched=frozenset(matched))
