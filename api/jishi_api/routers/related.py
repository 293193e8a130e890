"""``/collections/{c}/items/{key}/related``: one entity and what it is related to in every register, the 360° view 全景视图
(query, road out).

Each part lies under its own grant and leaves its own row in the disclosure log; a part that is not granted says so by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from jishi.access.authorise import Wanted
from jishi.errors import CallerError, DeniedError, Fault, JishiError
from jishi.messages import render
from jishi.registers.catalog import registers
from jishi.registers.register import Register
from jishi.stewardship.disputes import Standing
from jishi_api import as_of, cursor, query, relating, sql
from jishi_api.asked import Asked, ask, asked_of
from jishi_api.clock import DATETIME, Clock, read_clock
from jishi_api.disclose import NOBODY, Outcome, Row, bound, disclose, features, properties_of
from jishi_api.links import address, with_parameters
from jishi_api.parameters import Parameters, once, report, short
from jishi_api.plan import plan_of
from jishi_api.problem import status_of
from jishi_api.protected import demand_purpose
from jishi_api.query import Chosen
from jishi_api.relating import Part, parts_of
from jishi_api.routers.collections import register_by_collection
from jishi_api.routers.items import EVERY_METHOD, HEADERS, find, refuse_method
from jishi_api.serving import Serving, serving_of

DEFAULT_PART, GREATEST_PART = 20, 100
"""Features of one part on a page."""

PROPERTIES = "properties."
"""Before the name of a collection: what is wanted of the features of its parts."""


@dataclass(frozen=True, slots=True)
class View:
    """What is asked: of one part alone or of all, each from its beginning or after a cursor. ``properties``: collection →
    what is wanted of it; ``told``: what a cursor must not be carried over to."""

    single: Chosen
    parts: tuple[Part, ...]
    properties: Mapping[str, str]
    limit: int
    cursor: str | None

    @property
    def clock(self) -> Clock | None:
        return self.single.clock


def routes() -> list[BaseRoute]:
    here = "/collections/{collection}/items/{key}/related"
    return [Route(here, related), Route(here, refuse_method, methods=EVERY_METHOD)]


async def related(request: Request) -> Response:
    """``{"id", "collection", "feature"?, "parts": […], "pending": […], "links"}``; see :func:`_part` for a part.

    ``feature`` is left out of a personal collection unless ``properties`` says what is wanted of it.
    """
    register = register_by_collection(request.path_params["collection"])
    serving = serving_of(request)
    asked = await ask(request, serving, register)
    view = _view(register, asked, request.query_params.multi_items())
    asked.authorise(view.single.wanted)
    key = request.path_params["key"]
    told = [key, sorted(request.query_params.multi_items())]
    row = await find(serving, asked, view.single, "related", key, told)
    if isinstance(row, UUID):
        there = address(request, "collections", register.collection, "items", str(row), "related")
        return RedirectResponse(with_parameters(there, request.query_params.multi_items()), status_code=308)
    await demand_purpose(serving, asked, (row["uid"],))
    await disclose(serving, asked, "related", view.single.plan, told, Outcome((row["uid"],)))
    said = await _said(serving, register, row["uid"], view)
    known, open_to = {register.name: asked}, {register.name: asked}
    parts = [await _told(request, serving, asked, view, part, row["uid"], said, known, open_to) for part in view.parts]
    pending = await _pending(serving, asked, view, row["uid"], said, open_to)
    return Response(
        _document(request, serving, view, row, parts, pending, asked.disputed),
        media_type="application/json",
        headers=HEADERS,
    )


def _view(register: Register, asked: Asked, parameters: Parameters) -> View:
    """CallerError ``QRY-PARAMETERS`` with every fault."""
    faults: list[Fault] = []
    given = once(parameters, faults)
    clock = read_clock({DATETIME: given[DATETIME]} if DATETIME in given else {}, faults)
    if clock is not None and clock.ends is None:
        faults.append(Fault(DATETIME, "QRY-VALUE-DATETIME"))
    properties = {name.removeprefix(PROPERTIES): text for name, text in given.items() if name.startswith(PROPERTIES)}
    collections = {one.collection for one in registers().values()}
    known = {"properties", DATETIME, "part", "limit", "cursor"} | {f"{PROPERTIES}{name}" for name in collections}
    faults += [Fault(short(name), "QRY-UNKNOWN-PARAMETER") for name in given if name not in known]
    parts = {part.name: part for part in parts_of(register.name)}
    if "part" in given and given["part"] not in parts:
        faults.append(Fault("part", "QRY-VALUE-PART", {"known": ", ".join(parts)}))
    if "cursor" in given and "part" not in given:
        faults.append(Fault("cursor", "QRY-CURSOR-PART"))
    limit = given.get("limit", str(DEFAULT_PART))
    if not (limit.isascii() and limit.isdigit() and 1 <= len(limit) <= 6 and int(limit)):
        faults.append(Fault("limit", "QRY-VALUE-LIMIT", {"greatest": GREATEST_PART}))
        limit = str(DEFAULT_PART)
    single = _chosen(register, asked, given.get("properties"), clock, faults)
    report(faults)
    meant = tuple(part for name, part in parts.items() if given.get("part", name) == name)
    return View(single, meant, properties, min(int(limit), GREATEST_PART), given.get("cursor"))


def _chosen(
    register: Register, asked: Asked, properties: str | None, clock: Clock | None, faults: list[Fault]
) -> Chosen:
    """How features of a register are read; of a personal one nothing but that they are there, unless properties are named."""
    if properties is None and register.personal:
        plan = plan_of(register, asked.grant, (), geometry=False)
        plan = as_of.over(plan, clock, frozenset()) if clock else plan
        return Chosen(plan, Wanted(rights=as_of.rights_of(register) if clock else frozenset()), frozenset(), clock)
    found = query.chosen(register, asked.grant, {} if properties is None else {"properties": properties}, faults, clock)
    return found


async def _said(serving: Serving, register: Register, uid: UUID, view: View) -> dict[str, str]:
    """What the entity's record shows in the elements by which it refers to others."""
    plan = relating.saying(register.name)
    if not plan.columns:
        return {}
    plan = as_of.over(plan, view.clock, frozenset()) if view.clock else plan
    statement = sql.by_uids(plan, (uid,), (), view.single.bound)
    rows = await serving.lanes.fetch(statement.text, *statement.values)
    said = properties_of(rows[0], plan) if rows else {}
    return {element: text for element, text in said.items() if text is not None}


async def _told(
    request: Request,
    serving: Serving,
    asked: Asked,
    view: View,
    part: Part,
    uid: UUID,
    said: Mapping[str, str],
    known: dict[str, Asked],
    open_to: dict[str, Asked],
) -> bytes:
    """One part as JSON: its features, or why there are none to be seen. ``known``: grants found so far; ``open_to``: those
    under which something was answered."""
    head = {
        "part": part.name,
        "kind": part.kind,
        "direction": "to" if part.outward else "from",
        "collection": part.other.collection,
    }
    try:
        other = known.get(part.other.name) or await asked_of(request, serving, asked.caller, part.other, {})
        known[part.other.name] = other
        rows, chosen = await _rows(serving, asked, other, view, part, uid, said)
        open_to[part.other.name] = other
        subjects = tuple(row["uid"] for row in rows[: view.limit])
        await demand_purpose(serving, other, subjects)
        told = [part.name, str(uid), sorted(request.query_params.multi_items())]
        await disclose(serving, other, "related", chosen.plan, told, Outcome(subjects) if subjects else NOBODY)
    except (CallerError, DeniedError) as error:
        if "cursor" in {fault.name for fault in error.faults} and view.cursor is not None:
            raise
        return _json({**head, **_refusal(error, request.state.language)})
    spans = await _spans(serving, part, uid, subjects, view.clock, asked.disputed)
    shown = [
        feature + b',"relations":' + _json(spans.get(one, [])) + b"}"
        for one, feature in zip(
            subjects, features(rows[: view.limit], chosen.plan, serving.sealer, other.disputed), strict=True
        )
    ]
    links = []
    if len(rows) > view.limit:
        following = cursor.write(
            serving.cursor_secret, _asked(asked, other, view, part, uid), cursor.Place(subjects[-1])
        )
        others = [(name, text) for name, text in request.query_params.multi_items() if name not in ("cursor", "part")]
        here = address(request, "collections", part.own.collection, "items", str(uid), "related")
        links.append(
            {"rel": "next", "href": with_parameters(here, [*others, ("part", part.name), ("cursor", following)])}
        )
    ends = {"numberReturned": len(subjects), "links": links}
    return _json({**head, "status": 200})[:-1] + b',"features":[' + b",".join(shown) + b"]," + _json(ends)[1:]


async def _rows(
    serving: Serving, asked: Asked, other: Asked, view: View, part: Part, uid: UUID, said: Mapping[str, str]
) -> tuple[Sequence[Row], Chosen]:
    """The features of a part, one more than its limit where more follow; DeniedError where they are not granted."""
    faults: list[Fault] = []
    chosen = _chosen(part.other, other, view.properties.get(part.other.collection), view.clock, faults)
    report(faults)
    elements = _granted(asked, other, part)
    if part.outward and not elements:
        asked.authorise(Wanted(elements=frozenset(part.elements)))
    wanted = chosen.wanted if part.outward or elements else replace(chosen.wanted, elements=frozenset(part.elements))
    other.authorise(wanted)
    after = None
    if view.cursor is not None:
        place = cursor.read(serving.cursor_secret, _asked(asked, other, view, part, uid), view.cursor)
        if place is None:
            raise CallerError("QRY-PARAMETERS", faults=(Fault("cursor", "QRY-VALUE-CURSOR"),))
        after = sql.Position(place.uid)
    condition = relating.reached(part, uid, said, elements, chosen.plan.first, view.clock)
    page = sql.Page(condition, other.hidden, after=after, limit=view.limit, clock=chosen.bound)
    statement = sql.page(chosen.plan, page)
    return await serving.lanes.fetch(statement.text, *bound(statement.values, serving.sealer)), chosen


def _granted(asked: Asked, other: Asked, part: Part) -> tuple[str, ...]:
    """The elements by which the part may be followed: those of the register that says it that are granted."""
    grant = (asked if part.outward else other).grant
    return tuple(element for element in part.elements if grant.holds(element))


def _asked(asked: Asked, other: Asked, view: View, part: Part, uid: UUID) -> str:
    """What the cursor of a part belongs to."""
    clock = view.clock.told() if view.clock else None
    grants = (asked.grant.grant_id, other.grant.grant_id, asked.caller.client.client_id)
    return repr(("related", str(uid), part.name, grants, sorted(view.properties.items()), clock))


async def _spans(
    serving: Serving, part: Part, uid: UUID, subjects: tuple[UUID, ...], clock: Clock | None, standing: Standing
) -> dict[UUID, list[dict[str, Any]]]:
    """uid → by which element it is related, since when and until when; and whether what says so is disputed."""
    if not subjects:
        return {}
    found: dict[UUID, list[dict[str, Any]]] = {}
    values = (uid, list(subjects), part.kind, list(part.elements), part.teller.number, _at(clock))
    for row in await serving.lanes.fetch(relating.spans(part), *values):
        ends = row["effective_to"]
        teller = uid if part.outward else row["uid"]
        since = None if clock is not None else standing.get(teller, {}).get(row["element"])
        found.setdefault(row["uid"], []).append(
            {
                "element": row["element"],
                "effective_from": row["effective_from"].isoformat(),
                "effective_to": ends and ends.isoformat(),
                **({"disputed": since.isoformat()} if since else {}),
            }
        )
    return found


async def _pending(
    serving: Serving, asked: Asked, view: View, uid: UUID, said: Mapping[str, str], open_to: Mapping[str, Asked]
) -> list[dict[str, Any]]:
    """References whose target has not arrived. Told only where every register it may stand in is open to the caller: else
    it would say of a register that is not, that somebody stands in it."""
    register = asked.register
    elements = [
        element
        for element in relating.referring(register)
        if asked.grant.holds(element) and relating.targets_of(register, element) <= open_to.keys()
    ]
    if not elements:
        return []
    hidden = [one for other in open_to.values() for one in other.hidden]
    values = (uid, register.number, hidden, elements, [said.get(element) for element in elements], _at(view.clock))
    rows = await serving.lanes.fetch(relating.PENDING, *values)
    return [
        {"kind": row["kind"], "element": row["element"], "effective_from": row["effective_from"].isoformat()}
        for row in rows
    ]


def _at(clock: Clock | None) -> datetime:
    return clock.ends if clock is not None and clock.ends is not None else datetime.now(UTC)


def _refusal(error: JishiError, language: str) -> dict[str, Any]:
    """A part that is not shown: what the same question to its collection would have been told."""
    errors = [{"name": fault.name, "code": fault.code, "reason": fault.text(language)} for fault in error.faults]
    detail = render(error.code, language, **error.values)
    return {"status": status_of(error), "problem": {"code": error.code, "detail": detail, "errors": errors}}


def _document(
    request: Request,
    serving: Serving,
    view: View,
    row: Row,
    parts: list[bytes],
    pending: list[dict[str, Any]],
    disputed: Standing,
) -> bytes:
    plan = view.single.plan
    collection = plan.register.collection
    head = _json({"id": str(row["uid"]), "collection": collection})[:-1]
    if plan.columns or plan.deciphered or plan.geometry:
        (feature,) = features([row], plan, serving.sealer, disputed)
        head += b',"feature":' + feature + b"}"
    here = address(request, "collections", collection, "items", str(row["uid"]))
    links = [{"rel": "self", "href": f"{here}/related"}, {"rel": "item", "href": here}]
    return head + b',"parts":[' + b",".join(parts) + b"]," + _json({"pending": pending, "links": links})[1:]


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
