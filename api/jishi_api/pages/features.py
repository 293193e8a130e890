"""Features as people read them: a page with a table and a map, or CSV for a spreadsheet (respond, road out)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from jishi.registers.register import Register
from jishi.registers.tables import SRID
from jishi_api.links import base_of, with_parameters
from jishi_api.members import members
from jishi_api.negotiate import CSV_TYPE
from jishi_api.pages import map as maps
from jishi_api.pages import render
from jishi_api.plan import Plan
from jishi_api.query import Question
from jishi_api.table import cell, csv_of

NAMES = ("place_name", "entity_name", "full_name", "project_name")
"""Elements that say what is pointed at on a map."""

Feature = Mapping[str, Any]


def as_csv(question: Question, features: Sequence[Feature], following: str | None) -> Response:
    """The page as a table; where another page follows a header says where."""
    plan = question.plan
    body = csv_of(plan.names, features, geometry=plan.geometry)
    headers = {
        "Content-Crs": f"<{plan.crs.uri}>",
        "Cache-Control": "private, no-store",
        "Content-Disposition": f'inline; filename="{plan.register.collection}.csv"',
    }
    if following is not None:
        headers["Link"] = f'<{following}>; rel="next"; type="{CSV_TYPE}"'
    return Response(body, media_type=CSV_TYPE, headers=headers)


def as_page(
    request: Request, question: Question, features: Sequence[Feature], following: str | None, matched: int | None
) -> Response:
    """The page as a table with a map over it."""
    plan = question.plan
    parameters = [(name, text) for name, text in request.query_params.multi_items() if name != "f"]
    here = f"{base_of(request)}collections/{plan.register.collection}/items"
    return _shown(
        request,
        "items.html",
        plan,
        features=features,
        given=dict(parameters),
        following=following,
        matched=matched,
        as_csv=with_parameters(here, [*parameters, ("f", "csv")]),
        map=_drawn(plan, features),
    )


def as_item_page(request: Request, plan: Plan, feature: Feature) -> Response:
    """One feature with its map, and the way to what is to be known of its values, or back."""
    others = [(name, text) for name, text in request.query_params.multi_items() if name != "trust"]
    wanted = [] if "trust" in feature else [("trust", "true")]
    here = f"{base_of(request)}collections/{plan.register.collection}/items/{feature['id']}"
    other = with_parameters(here, [*others, *wanted]) if plan.source is None else None
    return _shown(request, "item.html", plan, feature=feature, other=other, map=_drawn(plan, [feature]))


def _shown(request: Request, template: str, plan: Plan, **values: Any) -> Response:
    columns = [{"name": name, "title": _title(plan.register, name)} for name in plan.names]
    register = plan.register
    shared: dict[str, Any] = {
        "title": register.title,
        "collection": register.collection,
        "columns": columns,
        "cell": cell,
    }
    answer = render.page(request, template, **shared, **values)
    answer.headers["Content-Crs"] = f"<{plan.crs.uri}>"
    return answer


def _title(register: Register, name: str) -> str:
    member = members(register.name).get(name)
    if member is None:
        return name
    title = register.elements[member.element].title
    return f"{title}（名称）" if member.label else title


def _drawn(plan: Plan, features: Sequence[Feature]) -> maps.Map | None:
    named = next((name for name in NAMES if name in plan.names), None)
    return maps.draw(features, named, north_first=plan.crs.north_first, degrees=plan.crs.srid == SRID)
