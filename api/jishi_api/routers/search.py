"""``POST /collections/{c}/search``: pages of features by body, and the only way to find persons (query, road out)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from jishi.access.authorise import Wanted
from jishi.errors import CallerError, Fault
from jishi_api import aggregate, as_of, query, ranked, sql
from jishi_api.asked import Asked, Body, ask_posted
from jishi_api.clock import CLOCK_MEMBERS
from jishi_api.counting import HEAVIER
from jishi_api.disclose import NOBODY, Outcome, bound, disclose, listed
from jishi_api.knowing import check_known
from jishi_api.limits import spend
from jishi_api.links import address
from jishi_api.members import queryables
from jishi_api.parameters import report, texts
from jishi_api.personal import criteria_of, search_of
from jishi_api.plan import Plan
from jishi_api.protected import demand_purpose, takes_purpose
from jishi_api.query import PAGE_MEMBERS, plan_items
from jishi_api.routers.collections import register_by_collection
from jishi_api.routers.items import (
    EVERY_METHOD,
    collection_of,
    found_of,
    geojson,
    page_of,
    refuse_all_but_post,
    shown,
    systems_of,
    trust_of,
)
from jishi_api.serving import Serving, serving_of
from jishi_api.suppress import suppressed

COUNTED_MEMBERS = frozenset({"aggregate", "filter", "filter-lang", "bbox", "include", "purpose", "case_no"})
"""What may stand beside ``aggregate``; of a personal collection nothing that chooses persons."""

PERSONAL_MEMBERS = frozenset({"properties", "key", "filter", "filter-lang", "include", "trust"}) | CLOCK_MEMBERS


def routes() -> list[BaseRoute]:
    here = "/collections/{collection}/search"
    return [Route(here, search, methods=["POST"]), Route(here, refuse_all_but_post, methods=EVERY_METHOD)]


async def search(request: Request) -> Response:
    """A page of a feature collection, or the few that fit the shape of a personal search."""
    register = register_by_collection(request.path_params["collection"])
    serving = serving_of(request)
    members = PERSONAL_MEMBERS if register.personal else PAGE_MEMBERS | queryables(register.name).keys()
    if register.free_text.names:
        members |= ranked.MEMBERS
    asked, body = await ask_posted(request, serving, register, members | {"aggregate"})
    if "aggregate" in body:
        return await _counts(serving, asked, body)
    return await (_persons(serving, asked, body) if register.personal else _page(request, serving, asked, body))


async def _page(request: Request, serving: Serving, asked: Asked, body: Body) -> Response:
    """The members of GET as a body; the link to the next page says what to change in it."""
    known = systems_of(serving)
    if ranked.MEMBERS & body.keys():
        found = await ranked.searched(serving, asked, body, known)
    else:
        question = plan_items(asked.register, asked.grant, (), serving.cursor_secret, posted=body, known=known)
        rows, matched = await page_of(serving, asked, question)
        await disclose(serving, asked, "search", question.plan, dict(body), shown(rows, question))
        found = await found_of(serving, asked, question, rows, matched)
    here = address(request, "collections", asked.register.collection, "search")
    links: list[dict[str, Any]] = [{"href": here, "rel": "self", "method": "POST"}]
    if found.following is not None:
        links.append(
            {"href": here, "rel": "next", "method": "POST", "body": {"cursor": found.following}, "merge": True}
        )
    return collection_of(serving, found, links)


async def _counts(serving: Serving, asked: Asked, body: Body) -> Response:
    """Counts by coded elements instead of features, logged as such; nobody's uid is in them."""
    faults: list[Fault] = []
    tables = aggregate.tables_of(asked.register, body["aggregate"], faults)
    known = COUNTED_MEMBERS | ({*queryables(asked.register.name)} if not asked.register.personal else set())
    allowed = known - ({"filter", "filter-lang", "bbox"} if asked.register.personal else set())
    faults += [Fault(name, "QRY-AGGREGATE-MEMBER") for name in sorted(body.keys() - allowed)]
    report(faults)
    rest = {name: value for name, value in body.items() if name != "aggregate"}
    question = plan_items(asked.register, asked.grant, (), b"", posted=rest)
    needed = Wanted(
        compared=question.wanted.compared | aggregate.wanted_elements(tables),
        matched=question.wanted.matched,
        rights=question.wanted.rights,
    )
    asked.authorise(needed)
    spend(asked.request, serving.rates.take(asked.grant, HEAVIER))
    unseen = {uid for uid in asked.protections if takes_purpose(asked, uid)}
    page = replace(question.page, hidden=tuple(sorted({*asked.hidden, *unseen})))
    told = [await _table(serving, asked, question.plan, page, table) for table in tables]
    elements = sorted(needed.compared)
    await disclose(serving, asked, "aggregate", None, [elements, rest, repr(tables)], Outcome(result="counted"))
    content = json.dumps({"aggregates": told}, ensure_ascii=False, separators=(",", ":"))
    return Response(content, media_type="application/json", headers={"Cache-Control": "private, no-store"})


async def _table(serving: Serving, asked: Asked, plan: Plan, page: sql.Page, table: aggregate.Table) -> dict[str, Any]:
    statement = aggregate.statement(plan, page, table)
    rows = await serving.counts.fetch(statement.text, *bound(statement.values, serving.sealer))
    if len(rows) > aggregate.MOST_GROUPS:
        raise CallerError("QRY-PARAMETERS", faults=(Fault(table.element, "QRY-AGGREGATE-MANY"),))
    counts = {row["value"]: row["number"] for row in rows}
    out = suppressed(counts, table.lines(asked.register.elements[table.element]))
    named = aggregate.label_list(asked.register, table)
    labels: dict[str, str] = {}
    if named is not None:
        found = await serving.lanes.fetch(aggregate.LABELS, named, [value for value in counts if value is not None])
        labels = {row["code"]: row["name"] for row in found}
    return aggregate.document(table, counts, out, labels)


async def _persons(serving: Serving, asked: Asked, body: Body) -> Response:
    """At most the hits of the shape; one more is an error that asks to narrow, and is disclosed as such."""
    faults: list[Fault] = []
    plain = {"properties", "include", "trust"} | CLOCK_MEMBERS
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
    trust = await trust_of(serving, asked, single, subjects)
    found_rows = listed(rows, plan, serving.sealer, asked.disputed, trust)
    return geojson(b'{"type":"FeatureCollection","features":[' + found_rows + ends)
