"""``/collections/{c}/items/{key}/lineage``: value → contribution → row of a delivery → batch → rules, by role (query, road out).

Whoever may have a value may know whose it is, how old, and why it and no other survived. Who delivered the others, in which
rows, and what the rules said, is told by the right ``history`` and to stewards; what a department itself delivered is told
its own stewards in clear.
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

from jishi.access.grants import Grant
from jishi.errors import Fault
from jishi.golden.decision import Voice, decide
from jishi.registers.register import Register
from jishi_api import lineage, query
from jishi_api.asked import Asked, ask
from jishi_api.disclose import Outcome, Row, bound, disclose, features
from jishi_api.links import address
from jishi_api.members import elements_of, members
from jishi_api.parameters import once, report, short
from jishi_api.plan import Plan, plan_of
from jishi_api.protected import demand_purpose
from jishi_api.query import Chosen
from jishi_api.routers.collections import register_by_collection
from jishi_api.routers.items import EVERY_METHOD, HEADERS, find, refuse_method
from jishi_api.serving import Serving, serving_of

STEWARD = "steward"
MEMBERS = ("properties", "include")


@dataclass(frozen=True, slots=True)
class Said:
    """One contribution in force: its row of the database, and its members as the caller may see them."""

    row: Row
    shown: Mapping[str, Any]


def routes() -> list[BaseRoute]:
    here = "/collections/{collection}/items/{key}/lineage"
    return [Route(here, lineage_of), Route(here, refuse_method, methods=EVERY_METHOD)]


async def lineage_of(request: Request) -> Response:
    """``{"id", "collection", "elements": [{"element", "value", "from", "why", "others"?}], "contributions"?: […]}``."""
    register = register_by_collection(request.path_params["collection"])
    serving = serving_of(request)
    asked = await ask(request, serving, register)
    single, named = _single(request, asked)
    asked.authorise(single.wanted)
    key = request.path_params["key"]
    question = [key, sorted(request.query_params.multi_items())]
    row = await find(serving, asked, single, "lineage", key, question)
    if isinstance(row, UUID):
        there = address(request, "collections", register.collection, "items", str(row), "lineage")
        return RedirectResponse(there + (f"?{request.url.query}" if request.url.query else ""), status_code=308)
    await demand_purpose(serving, asked, (row["uid"],))
    said = await _contributions(serving, single.plan, row["uid"])
    own = await _own(serving, asked, named, row["uid"], said)
    await disclose(serving, asked, "lineage", single.plan, question, Outcome((row["uid"],)))
    (feature,) = features([row], single.plan, serving.sealer)
    golden = _members(json.loads(feature + b"}"), register)
    body = {
        "id": str(row["uid"]),
        "collection": register.collection,
        "elements": _elements(asked, row["uid"], named, golden, said),
        "links": [
            {"rel": "item", "href": address(request, "collections", register.collection, "items", str(row["uid"]))}
        ],
    }
    if _is_told(asked):
        body["contributions"] = [
            _contribution(asked, one, own.get(one.row["contribution_id"]), named) | _to_row(request, asked, one)
            for one in said
        ]
    return Response(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")), media_type="application/json", headers=HEADERS
    )


def _single(request: Request, asked: Asked) -> tuple[Chosen, tuple[str, ...]]:
    """How values are read, and the elements they are of; CallerError ``QRY-PARAMETERS`` with every fault."""
    faults: list[Fault] = []
    register, grant = asked.register, asked.grant
    given = once(request.query_params.multi_items(), faults)
    faults += [Fault(short(name), "QRY-UNKNOWN-PARAMETER") for name in given if name not in MEMBERS]
    if register.personal and "properties" not in given:
        faults.append(Fault("properties", "QRY-PROPERTIES-NEEDED"))
    derived = {part.strip() for part in given.get("properties", "").split(",")} & grant.derived
    faults += [Fault(short(f"properties: {name}"), "QRY-LINEAGE-DERIVED") for name in sorted(derived)]
    single = query.chosen(register, replace(grant, derived=frozenset()), given, faults)
    report(faults)
    wanted = frozenset(single.plan.masked) | frozenset(single.plan.clear)
    return single, tuple(name for name in register.elements if name in wanted)


async def _contributions(serving: Serving, plan: Plan, uid: UUID) -> list[Said]:
    """What each source says, as the plan shows it. The row filter has let the entity through; what single sources say of it
    need not fit it."""
    values = bound([*plan.values, uid], serving.sealer)
    rows: Sequence[Row] = await serving.lanes.fetch(lineage.contributions(plan), *values)
    shown = [json.loads(feature + b"}") for feature in features(rows, plan, serving.sealer)]
    return [Said(row, _members(feature, plan.register)) for row, feature in zip(rows, shown, strict=True)]


def _members(feature: Mapping[str, Any], register: Register) -> dict[str, Any]:
    """The values of a feature by member; the geometry by its element."""
    found = dict(feature["properties"])
    if register.geometry:
        found[register.geometry] = feature["geometry"]
    return found


async def _own(
    serving: Serving, asked: Asked, named: tuple[str, ...], uid: UUID, said: Sequence[Said]
) -> dict[int, Mapping[str, Any]]:
    """Contribution → its values in clear, of those that the caller's department delivered, for its stewards; disclosed."""
    client = asked.caller.client
    mine = [one for one in said if client.department is not None and one.row["department"] == client.department]
    if STEWARD not in client.roles or not mine:
        return {}
    register = asked.register
    grant: Grant = replace(asked.grant, masked=frozenset(), clear=frozenset(named), derived=frozenset())
    names = tuple(name for name, member in members(register.name).items() if member.element in named)
    plan = plan_of(register, grant, names, geometry=register.geometry in named)
    clear = {one.row["contribution_id"]: one.shown for one in await _contributions(serving, plan, uid)}
    await disclose(
        serving, asked, "lineage", plan, ["own rows", str(uid), list(named)], Outcome((uid,), result="own_rows")
    )
    return {one.row["contribution_id"]: clear[one.row["contribution_id"]] for one in mine}


def _elements(
    asked: Asked, uid: UUID, named: tuple[str, ...], golden: Mapping[str, Any], said: Sequence[Said]
) -> list[dict[str, Any]]:
    """Of each element whose value survived and why."""
    register = asked.register
    by_number = {one.row["contribution_id"]: one for one in said}
    place = {name: number for number, (_, group) in enumerate(lineage.groups(register)) for name in group}
    told = []
    for name in named:
        group = lineage.groups(register)[place[name]][1]
        winner, why, others = decide([_voice(register, one.row, place[name], group) for one in said])
        value = golden.get(name)
        entry: dict[str, Any] = {"element": name, "value": value, "from": None, "why": None}
        if winner is not None and why is not None:
            entry |= {"from": _origin(asked, by_number[winner.contribution_id]), "why": str(why)}
            if any(name == element for rule in register.clocks for element, _ in rule.sets) and (
                by_number[winner.contribution_id].shown.get(name) != value
            ):
                entry["why"] = "calendar"
        if since := asked.disputed.get(uid, {}).get(name):
            entry["disputed"] = since.isoformat()
        if len(group) > 1:
            entry["together"] = [other for other in group if other in named]
        if _is_told(asked):
            entry["others"] = [voice.contribution_id for voice in others]
        told.append(entry)
    return told


def _voice(register: Register, row: Row, place: int, group: tuple[str, ...]) -> Voice:
    kept = [element for element, _ in register.survivorship.sticky]
    sticky = tuple(row["sticky"][number] for number, element in enumerate(kept) if element in group)
    clocks = row["effective_from"], row["recorded_at"]
    return Voice(row["contribution_id"], row["rank"], *clocks, row["ended"], row["says"][place], sticky)


def _origin(asked: Asked, one: Said) -> dict[str, Any]:
    """Whose word it is: the department and how old it is; which contribution for whoever is told of them."""
    delivered = one.row["delivered_at"] or one.row["recorded_at"]
    found = {
        "department": one.row["department"],
        "department_name": one.row["department_name"],
        "effective_from": one.row["effective_from"].isoformat(),
        "delivered_at": delivered.isoformat(),
        "age_days": max(0, (datetime.now(UTC) - delivered).days),
    }
    return found | ({"contribution": one.row["contribution_id"]} if _is_told(asked) else {})


def _is_told(asked: Asked) -> bool:
    """Whether the caller may know of all contributions and the rows they came in."""
    return STEWARD in asked.caller.client.roles or "history" in asked.grant.rights


def _contribution(asked: Asked, one: Said, own: Mapping[str, Any] | None, named: tuple[str, ...]) -> dict[str, Any]:
    """One contribution with its row, its batch and what the rules said of it. ``values`` as granted, or in clear."""
    row, register = one.row, asked.register
    known = members(register.name)
    values = own if own is not None else one.shown
    elements = {name: value for name, value in values.items() if name not in known or not known[name].label}
    warned = set(row["warnings"] or ())
    return {
        "contribution": row["contribution_id"],
        **{name: row[name] for name in ("source", "origin", "department", "department_name", "rank")},
        "linked_by": LINKED_BY.get(row["method"], "steward"),
        "effective_from": row["effective_from"].isoformat(),
        "recorded_at": row["recorded_at"].isoformat(),
        "ended": row["ended"],
        "values": {name: elements[name] for name in elements if elements_of(register, (name,)) <= set(named)},
        "in_clear": own is not None,
        "row": {"batch": row["batch_id"], "row_number": row["row_number"], "sha256": row["sha256"]}
        | {"delivered_at": row["delivered_at"] and row["delivered_at"].isoformat()},
        "rules": [
            {"rule": rule["rule"], "element": element, "outcome": "warned" if rule["rule"] in warned else "held"}
            for rule in json.loads(row["rules"] or "[]")
            if (element := _element_of(register, rule["rule"])) in named
        ],
    }


def _to_row(request: Request, asked: Asked, one: Said) -> dict[str, Any]:
    """For stewards, where the row itself is to be seen; one that ended by absence has none."""
    if STEWARD not in asked.caller.client.roles or not one.row["row_number"]:
        return {}
    path = "stewardship", "contributions", asked.register.collection, str(one.row["contribution_id"]), "row"
    return {"links": [{"rel": "row", "href": address(request, *path)}]}


LINKED_BY = {1: "new", 2: "identifier", 3: "model", 4: "steward"}


def _element_of(register: Register, rule: str) -> str:
    parts = rule.split(".")
    return parts[1] if len(parts) == 3 and parts[0] == register.name else ""
