"""``POST /collections/{c}/search``: pages of features by body, and the only way to find persons (query, road out)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from jishi.errors import CallerError, Fault
from jishi_api import as_of, query, sql
from jishi_api.asked import Asked, Body, ask_posted
from jishi_api.clock import CLOCK_MEMBERS
from jishi_api.disclose import NOBODY, Outcome, bound, disclose, listed
from jishi_api.links import address
from jishi_api.members import queryables
from jishi_api.parameters import report, texts
from jishi_api.personal import criteria_of, search_of
from jishi_api.protected import demand_purpose
from jishi_api.query import PAGE_MEMBERS, plan_items
from jishi_api.routers.collections import register_by_collection
from jishi_api.routers.items import (
    EVERY_METHOD,
    check_known,
    collection_of,
    geojson,
    next_cursor,
    page_of,
    refuse_all_but_post,
    shown,
)
from jishi_api.serving import Serving, serving_of

PERSONAL_MEMBERS = frozenset({"properties", "key", "filter", "filter-lang", "include"}) | CLOCK_MEMBERS


def routes() -> list[BaseRoute]:
    here = "/collections/{collection}/search"
    return [Route(here, search, methods=["POST"]), Route(here, refuse_all_but_post, methods=EVERY_METHOD)]


async def search(request: Request) -> Response:
    """A page of a feature collection, or the few that fit the shape of a personal search."""
    register = register_by_collection(request.path_params["collection"])
    serving = serving_of(request)
    members = PERSONAL_MEMBERS if register.personal else PAGE_MEMBERS | queryables(register.name).keys()
    asked, body = await ask_posted(request, serving, register, members)
    return await (_persons(serving, asked, body) if register.personal else _page(request, serving, asked, body))


async def _page(request: Request, serving: Serving, asked: Asked, body: Body) -> Response:
    """The members of GET as a body; the link to the next page says what to change in it."""
    question = plan_items(asked.register, asked.grant, (), serving.cursor_secret, posted=body)
    rows, matched = await page_of(serving, asked, question)
    await disclose(serving, asked, "search", question.plan, dict(body), shown(rows, question))
    here = address(request, "collections", asked.register.collection, "search")
    links: list[dict[str, Any]] = [{"href": here, "rel": "self", "method": "POST"}]
    following = next_cursor(serving, question, rows)
    if following is not None:
        links.append({"href": here, "rel": "next", "method": "POST", "body": {"cursor": following}, "merge": True})
    return collection_of(serving, question, rows, links, matched)


async def _persons(serving: Serving, asked: Asked, body: Body) -> Response:
    """At most the hits of the shape; one more is an error that asks to narrow, and is disclosed as such."""
    faults: list[Fault] = []
    plain = {"properties", "include"} | CLOCK_MEMBERS
    given = texts({name: body[name] for name in plain if name in body}, faults)
    if "properties" not in given:
        faults.append(Fault("properties", "QRY-PROPERTIES-NEEDED"))
    single = query.chosen(asked.register, asked.grant, given, faults)
    plan, include, clock = single.plan, single.include, single.clock
    criteria = criteria_of(body, faults)
    found = search_of(asked.register, criteria, plan.first, faults) if criteria else None
    report(faults)
    if found is None:
        raise CallerError("QRY-PARAMETERS", faults=(Fault("key", "QRY-SEARCH-KEY"),))
    asked.authorise(replace(single.wanted, compared=found.wanted.compared, matched=found.wanted.matched))
    await check_known(serving, asked.register, clock)
    condition = as_of.past(plan, clock, found.condition) if clock else found.condition
    page = sql.Page(condition, asked.hidden, include, limit=found.shape.most, clock=single.bound)
    statement = sql.page(plan, page)
    lanes = serving.heavy if found.shape.is_wide or clock else serving.lanes
    rows = await lanes.fetch(statement.text, *bound(statement.values, serving.sealer))
    told = [found.key, sorted(plan.masked), sorted(plan.clear), sorted(include), clock and clock.told()]
    if len(rows) > found.shape.most:
        await disclose(serving, asked, "search", None, told, Outcome(result="too_many"))
        raise CallerError("QRY-TOO-MANY", most=found.shape.most)
    subjects = tuple(row["uid"] for row in rows)
    await demand_purpose(serving, asked, subjects)
    await disclose(serving, asked, "search", plan, told, Outcome(subjects) if subjects else NOBODY)
    ends = f'],"numberReturned":{len(rows)},"links":[]}}'.encode()
    return geojson(b'{"type":"FeatureCollection","features":[' + listed(rows, plan, serving.sealer) + ends)
