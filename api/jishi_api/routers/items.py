"""``/collections/{c}/items…``: pages and single features, on plain ASGI routes for speed (query, road out)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from jishi.access.authorise import Wanted
from jishi.access.grants import Grant
from jishi.errors import CallerError, DeniedError, Fault, NotFoundError
from jishi.registers.element import Kind
from jishi.registers.register import Register
from jishi_api import as_of, cursor, ranked, sorted_pages, sql, statements
from jishi_api.asked import Asked, ask
from jishi_api.counting import Matched, count
from jishi_api.crs import DEFAULT, Crs, Systems, systems
from jishi_api.disclose import NOBODY, Outcome, Row, bound, disclose, features, listed
from jishi_api.documents import CRS84, GEOJSON
from jishi_api.knowing import check_known
from jishi_api.links import address, base_of, with_parameters
from jishi_api.negotiate import CSV, CSV_TYPE, HTML, HTML_TYPE, OF_AN_ITEM, OF_ITEMS, form_of
from jishi_api.pages.features import as_csv, as_item_page, as_page
from jishi_api.parameters import key_value
from jishi_api.plan import Plan
from jishi_api.protected import demand_purpose
from jishi_api.query import Chosen, Question, place_after, plan_items, plan_properties
from jishi_api.routers.collections import register_by_collection
from jishi_api.serving import MOST_SINGLES, Serving, serving_of
from jishi_api.text_index import is_search
from jishi_api.trust import Blocks, blocks_of

HEADERS = {"Content-Crs": f"<{CRS84}>", "Cache-Control": "private, no-store"}
"""An answer is told to one caller and written in the log each time: no copy of it is worth keeping, so it has no tag."""

ITEM_LINKS = (
    '[{{"href":"{own}","rel":"self","type":"application/geo+json"}},'
    '{{"href":"{other}","rel":"alternate","type":"text/html"}},'
    '{{"href":"{collection}","rel":"collection","type":"application/json"}}]'
)
EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def routes() -> list[BaseRoute]:
    """In the order they are tried; what is read only says so."""
    here = "/collections/{collection}"
    return [
        Route(f"{here}/items", items),
        Route(f"{here}/items/{{key}}", item),
        Route(f"{here}/items", refuse_method, methods=EVERY_METHOD),
        Route(f"{here}/items/{{key}}", refuse_method, methods=EVERY_METHOD),
        Route(f"{here}/items/{{rest:path}}", absent, methods=EVERY_METHOD),
    ]


async def items(request: Request) -> Response:
    """A page of features as GeoJSON, in uid order or sorted. A personal collection has none: it is only searched."""
    register = register_by_collection(request.path_params["collection"])
    serving = serving_of(request)
    asked = await ask(request, serving, register)
    if register.personal:
        raise DeniedError("QRY-SEARCH-ONLY", collection=register.collection)
    parameters = request.query_params.multi_items()
    known = systems_of(serving)
    if "q" in request.query_params and register.free_text.names:
        found = await ranked.page(serving, asked, parameters, known)
    else:
        question = plan_items(register, asked.grant, parameters, serving.cursor_secret, known=known)
        rows, matched = await page_of(serving, asked, question)
        await disclose(serving, asked, "page", question.plan, sorted(parameters), shown(rows, question))
        found = await found_of(serving, asked, question, rows, matched)
    return _shown_as(request, serving, found)


def _shown_as(request: Request, serving: Serving, found: ranked.Found) -> Response:
    """A page in the form asked for, with its links."""
    parameters = request.query_params.multi_items()
    question, following = found.question, found.following
    register = question.plan.register
    form = form_of(request, OF_ITEMS)
    here = address(request, "collections", register.collection, "items")
    others = [(name, text) for name, text in parameters if name not in ("f", "cursor")]
    asked_in = [(name, text) for name, text in parameters if name == "f"]
    after = with_parameters(here, [*others, *asked_in, ("cursor", following)]) if following is not None else None
    if form == CSV:
        return as_csv(question, listed_features(serving, found), after)
    if form == HTML:
        return as_page(
            request,
            question,
            listed_features(serving, found),
            after,
            None if found.matched is None else found.matched.number,
        )
    links = [{"href": with_parameters(here, parameters), "rel": "self", "type": GEOJSON}]
    cursors = [(name, text) for name, text in parameters if name == "cursor"]
    for other, kind in ((HTML, HTML_TYPE), (CSV, CSV_TYPE)):
        there = with_parameters(here, [*others, *cursors, ("f", other)])
        links.append({"href": there, "rel": "alternate", "type": kind})
    links.append({"href": address(request, "collections", register.collection), "rel": "collection", "type": _JSON})
    if after is not None:
        links.append({"href": after, "rel": "next", "type": GEOJSON})
    return collection_of(serving, found, links)


_JSON = "application/json"


def listed_features(serving: Serving, page: ranked.Found) -> list[dict[str, Any]]:
    """The features of a page, read: for forms that show them otherwise than as they were written."""
    seen = page.rows[: page.question.page.limit]
    written = listed(seen, page.question.plan, serving.sealer, page.disputed, page.trust)
    found: list[dict[str, Any]] = json.loads(b"[" + written + b"]")
    return found


def systems_of(serving: Serving) -> Systems:
    """The coordinate reference systems of this deployment."""
    return systems(serving.city.projected_srid)


async def page_of(serving: Serving, asked: Asked, question: Question) -> tuple[Sequence[Row], Matched | None]:
    """The rows of a page, one more than its limit where another follows, and how many there are where that is counted;
    DeniedError where the grant does not permit them."""
    asked.authorise(question.wanted)
    await check_known(serving, asked.register, question.clock)
    page = replace(question.page, hidden=asked.hidden)
    await _check_codes(serving, asked.register, question)
    statement = (sorted_pages if page.order.more else sql).page(question.plan, page)
    searched = question.page.condition is not None and is_search(question.page.condition.text)
    lanes = serving.heavy if question.is_wide or searched else serving.lanes
    rows = await lanes.fetch(statement.text, *bound(statement.values, serving.sealer))
    matched = await count(serving, asked, question.plan, page, question.counted)
    return rows, matched


async def found_of(
    serving: Serving, asked: Asked, question: Question, rows: Sequence[Row], matched: Matched | None
) -> ranked.Found:
    """A page that was disclosed, with what its features bear beside their values."""
    following = next_cursor(serving, question, rows)
    trust = await trust_of(serving, asked, question, shown(rows, question).subjects)
    return ranked.Found(question, rows, following, matched, {}, asked.disputed, trust)


async def trust_of(
    serving: Serving, asked: Asked, asking: Question | Chosen, subjects: tuple[uuid.UUID, ...]
) -> Blocks:
    """The trust block of each, where it was asked for."""
    return await blocks_of(serving, asking.plan, asked.disputed, subjects) if asking.trust else {}


def shown(rows: Sequence[Row], question: Question) -> Outcome:
    """What a page discloses."""
    subjects = tuple(row["uid"] for row in rows[: question.page.limit])
    return Outcome(subjects) if subjects else NOBODY


def next_cursor(serving: Serving, question: Question, rows: Sequence[Row]) -> str | None:
    """The cursor after the page, None where it is the last."""
    limit = question.page.limit
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    place = place_after(question.page.order, last["uid"], last["sort_key"])
    return cursor.write(serving.cursor_secret, question.told, place)


def collection_of(serving: Serving, found: ranked.Found, links: object) -> Response:
    """The rows of a page as a FeatureCollection."""
    plan = found.question.plan
    seen = found.rows[: found.question.page.limit]
    told: dict[str, Any] = {}
    if found.matched is not None:
        told["numberMatched"] = found.matched.number
        told["numberMatchedKind"] = "exact" if found.matched.exact else "estimate"
    told |= {"numberReturned": len(seen), **found.more, "links": links}
    ends = b"]," + json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()[1:]
    features = listed(seen, plan, serving.sealer, found.disputed, found.trust)
    return geojson(b"".join((b'{"type":"FeatureCollection","features":[', features, ends)), plan.crs)


async def item(request: Request) -> Response:
    """One feature, by uid or by the register's natural key."""
    register = register_by_collection(request.path_params["collection"])
    serving = serving_of(request)
    asked = await ask(request, serving, register)
    single = _single(serving, request, register, asked.grant)
    plan = single.plan
    asked.authorise(single.wanted)
    await check_known(serving, register, single.clock)
    key = request.path_params["key"]
    question = [key, plan.masked, plan.clear, single.clock and single.clock.told()]
    row = await find(serving, asked, single, "item", key, question)
    if isinstance(row, uuid.UUID):
        there = address(request, "collections", register.collection, "items", str(row))
        return RedirectResponse(with_parameters(there, request.query_params.multi_items()), status_code=308)
    await demand_purpose(serving, asked, (row["uid"],))
    await disclose(serving, asked, "item", plan, question, Outcome((row["uid"],)))
    (feature,) = features(
        [row], plan, serving.sealer, asked.disputed, await trust_of(serving, asked, single, (row["uid"],))
    )
    if form_of(request, OF_AN_ITEM) == HTML:
        return as_item_page(request, plan, json.loads(feature + b"}"))
    here = f"{base_of(request)}collections/{register.collection}"
    this = f"{here}/items/{row['uid']}"
    own, other = this, f"{this}?f=html"
    if request.scope["query_string"]:
        parameters = request.query_params.multi_items()
        others = [(name, text) for name, text in parameters if name != "f"]
        own, other = with_parameters(this, parameters), with_parameters(this, [*others, ("f", HTML)])
    links = ITEM_LINKS.format(own=own, other=other, collection=here)
    return geojson(b"".join((feature, b',"links":', links.encode(), b"}")), plan.crs)


async def find(serving: Serving, asked: Asked, single: Chosen, act: str, key: str, question: object) -> Row | uuid.UUID:
    """The row of a uid or natural key, or the uid it was merged into, which is disclosed; NotFoundError where there is neither,
    or it is over, disclosed as a miss."""
    uid = uid_of(key)
    try:
        row = await (_by_key(serving, asked, single, key) if uid is None else _by_uid(serving, asked, single, uid))
    except NotFoundError as error:
        await miss(serving, asked, act, single.plan, question, uid, "ended" if error.code == "QRY-ENDED" else "none")
        raise
    if isinstance(row, uuid.UUID):
        await disclose(serving, asked, act, None, question, Outcome((row,), result="merged"))
    return row


async def miss(
    serving: Serving, asked: Asked, act: str, plan: Plan, question: object, uid: uuid.UUID | None, result: str
) -> None:
    """Disclose that nothing was shown; of somebody hidden the auditors are told."""
    if uid is not None and uid in asked.hidden:
        await serving.protections.alert((uid,), asked.caller.client.client_id, asked.request_id)
    await disclose(serving, asked, act, plan, question, Outcome(misses=1, result=result))


def _single(serving: Serving, request: Request, register: Register, grant: Grant) -> Chosen:
    """As :func:`plan_properties`. The same words under an equal grant are read once; not where the grant holds derived
    elements, which change with the day, nor of another time, which seldom is the same twice."""
    key = (register.name, grant, request.scope["query_string"])
    found = serving.singles.get(key)
    if found is None:
        found = plan_properties(register, grant, request.query_params.multi_items(), systems_of(serving))
        if not grant.derived and found.clock is None:
            if len(serving.singles) >= MOST_SINGLES:
                serving.singles.clear()
            serving.singles[key] = found
    return found


async def refuse_method(request: Request) -> Response:
    """Items are only read."""
    register_by_collection(request.path_params["collection"])
    raise HTTPException(405, headers={"Allow": "GET, HEAD"})


async def refuse_all_but_post(request: Request) -> Response:
    """What is asked for by a body is only posted."""
    register_by_collection(request.path_params["collection"])
    raise HTTPException(405, headers={"Allow": "POST"})


async def absent(request: Request) -> Response:
    """Data paths that answer nobody yet."""
    register_by_collection(request.path_params["collection"])
    raise NotFoundError("QRY-NOT-FOUND")


def geojson(body: bytes, crs: Crs = DEFAULT) -> Response:
    headers = HEADERS if crs is DEFAULT else {**HEADERS, "Content-Crs": f"<{crs.uri}>"}
    return Response(body, media_type=GEOJSON, headers=headers)


def uid_of(text: str) -> uuid.UUID | None:
    """A uid in its canonical form; anything else may be a natural key."""
    try:
        uid = uuid.UUID(text)
    except ValueError:
        return None
    return uid if str(uid) == text.lower() else None


async def survivor_of(serving: Serving, asked: Asked, single: Chosen, uid: uuid.UUID) -> uuid.UUID | None:
    """The uid that ``uid`` was merged into, if the caller may see that one; None else."""
    clock, passed = single.clock, {uid}
    at: uuid.UUID | None = uid
    while at is not None and at not in asked.hidden:
        statement = as_of.merged_into(asked.register, at, clock) if clock else sql.merged_into(asked.register, at)
        at = await serving.lanes.fetchval(statement.text, *statement.values)
        if at is None or at in passed:
            return None
        if await look_up(serving, asked, single, at):
            return at
        passed.add(at)  # who merged it may have been merged since
    return None


async def look_up(serving: Serving, asked: Asked, single: Chosen, uid: uuid.UUID) -> Row | None:
    """The row of one uid, asked for together with whatever others wait for under the same plan; of another time alone."""
    plan = single.plan
    if single.clock is not None:
        statement = sql.by_uids(plan, (uid,), asked.hidden, single.bound)
        rows = await serving.lanes.fetch(statement.text, *bound(statement.values, serving.sealer))
        return next((row for row in rows if row["state"] != "merged"), None)
    statement = sql.one_of(plan, asked.hidden)
    values = bound(statement.values, serving.sealer)
    found: Row | None = await serving.coalescer.get(
        (plan, asked.hidden), statement.text, uid, *values, place=len(plan.values)
    )
    return found


async def _by_uid(serving: Serving, asked: Asked, single: Chosen, uid: uuid.UUID) -> Row | uuid.UUID:
    """The row, or the uid it was merged into; NotFoundError where there is neither, or it is over."""
    include = single.include
    row = await look_up(serving, asked, single, uid)
    if row is None:
        survivor = await survivor_of(serving, asked, single, uid)
        if survivor is None:
            raise NotFoundError("QRY-NO-SUCH-ITEM")
        return survivor
    if row["state"] == "withheld" and "withheld" not in include:
        raise NotFoundError("QRY-NO-SUCH-ITEM")
    if row["inactive"] and "inactive" not in include:
        raise NotFoundError("QRY-ENDED")
    return row


async def _by_key(serving: Serving, asked: Asked, single: Chosen, key: str) -> Row:
    """The one active entity of the natural key; several equally meant are listed in a 409."""
    value = key_value(asked.register, key)
    element = asked.register.natural_key
    if value is None or element is None:
        raise NotFoundError("QRY-NO-SUCH-ITEM")
    asked.authorise(Wanted(matched=frozenset({element})))
    statement = sql.by_key(single.plan, element, value, asked.hidden, single.bound)
    rows: Sequence[Row] = await serving.lanes.fetch(statement.text, *bound(statement.values, serving.sealer))
    meant = [row for row in rows if row["preference"] == rows[0]["preference"]]
    if not meant:
        raise NotFoundError("QRY-NO-SUCH-ITEM")
    if len(meant) > 1:
        await disclose(serving, asked, "item", None, key, Outcome(tuple(row["uid"] for row in meant), result="several"))
        faults = tuple(Fault(str(row["uid"]), "QRY-KEY-ONE-OF") for row in meant)
        raise CallerError("QRY-KEY-AMBIGUOUS", faults=faults)
    return meant[0]


async def _check_codes(serving: Serving, register: Register, question: Question) -> None:
    faults = []
    for name, value in question.equal:
        element = register.elements[name]
        if element.kind is Kind.CODE and not await serving.lanes.fetchval(
            statements.KNOWN_CODE, element.code_list, value
        ):
            faults.append(Fault(name, "QRY-VALUE-CODE", {"list": element.code_list}))
    if faults:
        raise CallerError("QRY-PARAMETERS", faults=tuple(faults))
