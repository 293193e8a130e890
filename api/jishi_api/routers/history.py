"""``/collections/{c}/items/{key}/history``: every version of one entity by both clocks, and every relation it had (query,
road out)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from jishi.access.authorise import Wanted
from jishi.errors import CallerError, Fault, NotFoundError
from jishi.registers.catalog import registers
from jishi_api import as_of, cursor, history, query, relating, sql
from jishi_api.asked import Asked, ask, asked_of
from jishi_api.disclose import Outcome, Row, bound, disclose, features
from jishi_api.disputes import flagged
from jishi_api.links import address, with_parameters
from jishi_api.members import members
from jishi_api.parameters import closed, key_value, once, read_limit, report, short
from jishi_api.plan import plan_of
from jishi_api.protected import demand_purpose, takes_purpose
from jishi_api.query import Chosen
from jishi_api.routers.collections import register_by_collection
from jishi_api.routers.items import EVERY_METHOD, HEADERS, look_up, miss, refuse_method, uid_of
from jishi_api.serving import Serving, serving_of

GREATEST_PAGE = 500
DEFAULT_PAGE = 100
PARTS = ("versions", "relations")
MEMBERS = ("properties", "include", "of", "limit", "cursor")

Told = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class View:
    """A page of versions or relations. ``after``: the key of the last row of the page before; ``told``: what the cursor belongs
    to; ``sourced``: the caller may know who delivered it."""

    single: Chosen
    of: str
    limit: int
    after: str | None
    told: str
    sourced: bool


def routes() -> list[BaseRoute]:
    here = "/collections/{collection}/items/{key}/history"
    return [Route(here, history_of), Route(here, refuse_method, methods=EVERY_METHOD)]


async def history_of(request: Request) -> Response:
    """``{"id", "collection", "versions": […], "merged_from": […], "numberReturned", "links"}``; with ``of=relations``, relations
    in the place of versions. Both come in pages.

    A version: ``effective_from``, ``effective_until``, ``recorded_at``, ``superseded_at`` (a later one was recorded for the
    same date), ``state``, ``into``, ``properties``, ``geometry``, ``changed`` (the elements that differ, as they are shown,
    from what was known before; null where that may not be seen) and ``source``, for whoever may know it.
    """
    register = register_by_collection(request.path_params["collection"])
    serving = serving_of(request)
    asked = await ask(request, serving, register)
    view = _view(request, serving, asked)
    asked.authorise(view.single.wanted)
    uid = await _uid(serving, asked, request.path_params["key"])
    question = ["history", view.of, sorted(request.query_params.multi_items())]
    if uid is None or uid in asked.hidden or not await _versions(serving, view.single, uid, None, 1):
        await miss(serving, asked, "history", view.single.plan, question, uid, "none")
        raise NotFoundError("QRY-NO-SUCH-ITEM")
    await demand_purpose(serving, asked, (uid,))
    tell = _tell_versions if view.of == "versions" else _tell_relations
    found, following = await tell(request, serving, asked, view, uid)
    here = address(request, "collections", register.collection, "items", str(uid), "history")
    links = [{"rel": "self", "href": with_parameters(here, request.query_params.multi_items())}]
    if following is not None:
        written = cursor.write(serving.cursor_secret, view.told, cursor.Place(uid, following))
        others = [(name, text) for name, text in request.query_params.multi_items() if name != "cursor"]
        links.append({"rel": "next", "href": with_parameters(here, [*others, ("cursor", written)])})
    links += [{"rel": one, "href": f"{here}?of={one}"} for one in PARTS if one != view.of]
    shown = flagged(register, asked.disputed.get(uid, {}), (*view.single.plan.masked, *view.single.plan.clear))
    flags = {"disputed": shown} if shown else {}  # of what is served now, whatever was before
    body = {"id": str(uid), "collection": register.collection, **flags, **found, "links": links}
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(content, media_type="application/json", headers=HEADERS)


def _view(request: Request, serving: Serving, asked: Asked) -> View:
    """CallerError ``QRY-PARAMETERS`` with every fault."""
    faults: list[Fault] = []
    register, grant = asked.register, asked.grant
    given = once(request.query_params.multi_items(), faults)
    faults += [Fault(short(name), "QRY-UNKNOWN-PARAMETER") for name in given if name not in MEMBERS]
    of = closed(given, "of", PARTS, "QRY-VALUE-OF", faults) or "versions"
    if register.personal and of == "versions" and "properties" not in given:
        faults.append(Fault("properties", "QRY-PROPERTIES-NEEDED"))
    plain = {name: text for name, text in given.items() if name in ("properties", "include")}
    derived = {part.strip() for part in given.get("properties", "").split(",")} & grant.derived
    faults += [Fault(short(f"properties: {name}"), "QRY-TIME-DERIVED") for name in sorted(derived)]
    if of == "relations" and "properties" not in given:
        single = Chosen(plan_of(register, grant, (), geometry=False), Wanted(), frozenset())
    else:
        single = query.chosen(register, replace(grant, derived=frozenset()), plain, faults)
    wanted = replace(single.wanted, rights=single.include | as_of.rights_of(register))
    limit = min(read_limit(given["limit"], faults) if "limit" in given else DEFAULT_PAGE, GREATEST_PAGE)
    others = [(name, text) for name, text in given.items() if name != "cursor"]
    told = repr(("history", request.path_params["key"], grant.grant_id, asked.caller.client.client_id, sorted(others)))
    place = cursor.read(serving.cursor_secret, told, given["cursor"]) if "cursor" in given else None
    if "cursor" in given and place is None:
        faults.append(Fault("cursor", "QRY-VALUE-CURSOR"))
    report(faults)
    sourced = "steward" in asked.caller.client.roles or "history" in grant.rights
    return View(replace(single, wanted=wanted), of, limit, place.key if place else None, told, sourced)


async def _uid(serving: Serving, asked: Asked, key: str) -> UUID | None:
    """The uid asked for; of a natural key that of the one active entity."""
    uid = uid_of(key)
    element = asked.register.natural_key
    value = key_value(asked.register, key) if uid is None else None
    if uid is not None or value is None or element is None:
        return uid
    asked.authorise(Wanted(matched=frozenset({element})))
    plan = plan_of(asked.register, asked.grant, (), geometry=False)
    statement = sql.by_key(plan, element, value, asked.hidden)
    rows: Sequence[Row] = await serving.lanes.fetch(statement.text, *bound(statement.values, serving.sealer))
    meant = [row["uid"] for row in rows if row["preference"] == rows[0]["preference"]]
    if len(meant) > 1:
        raise CallerError("QRY-KEY-AMBIGUOUS", faults=tuple(Fault(str(one), "QRY-KEY-ONE-OF") for one in meant))
    return meant[0] if meant else None


async def _versions(serving: Serving, single: Chosen, uid: UUID, after: str | None, limit: int) -> Sequence[Row]:
    """Versions after a key, and those they took the place of."""
    statement = history.history(single.plan, "withheld" in single.include, after is not None)
    values: list[object] = [*single.plan.values, uid, limit]
    if after is not None:
        values += [datetime.fromisoformat(part) for part in after.split("|")]
    found: Sequence[Row] = await serving.lanes.fetch(statement, *bound(values, serving.sealer))
    return found


async def _tell_versions(
    request: Request, serving: Serving, asked: Asked, view: View, uid: UUID
) -> tuple[dict[str, Any], str | None]:
    plan = view.single.plan
    rows = await _versions(serving, view.single, uid, view.after, view.limit + 1)
    shown = [json.loads(feature + b"}") for feature in features(rows, plan, serving.sealer)]
    known = {_clocks(row): feature for row, feature in zip(rows, shown, strict=True)}
    page = [row for row in rows if row["place"] is not None]
    merges = await serving.lanes.fetch(history.merged(asked.register), uid, list(asked.hidden))
    into = {row["into"] for row in page if row["into"] is not None}
    seen = {one for one in into if one not in asked.hidden and await look_up(serving, asked, view.single, one)}
    sources = await _sources(serving, view, page[: view.limit])
    told = [_version(asked, row, known, seen, sources) for row in page[: view.limit]]
    subjects = (uid, *seen, *(row["uid"] for row in merges))
    question = [str(uid), sorted(request.query_params.multi_items())]
    await disclose(serving, asked, "history", plan, question, Outcome(tuple(dict.fromkeys(subjects))))
    merged = [
        {
            "id": str(row["uid"]),
            **{name: _text(row[name]) for name in ("effective_from", "recorded_at", "unmerged_at")},
        }
        for row in merges
    ]
    more = len(page) > view.limit
    following = "|".join(at.isoformat() for at in _clocks(page[view.limit - 1])) if more else None
    return {"versions": told, "merged_from": merged, "numberReturned": len(told)}, following


def _version(
    asked: Asked,
    row: Row,
    known: Mapping[tuple[datetime, datetime], dict[str, Any]],
    seen: set[UUID],
    sources: Mapping[int, dict[str, Any]],
) -> dict[str, Any]:
    feature = known[_clocks(row)]
    before = None if row["before_at"] is None else known.get((row["before_from"], row["before_at"]))
    unseen = row["before_at"] is not None and before is None
    told = {
        **{name: _text(row[name]) for name in ("effective_from", "effective_until", "recorded_at", "superseded_at")},
        "state": row["state"],
        "properties": feature["properties"],
        "geometry": feature["geometry"],
        "changed": None if unseen else _changed(asked, before, feature),
    }
    if row["into"] in seen:
        told["into"] = str(row["into"])
    if row["batch_id"] in sources:
        told["source"] = sources[row["batch_id"]]
    return told


def _changed(asked: Asked, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[str]:
    """Elements of which something else is shown than before; where there was nothing, those of which something is shown."""
    known = members(asked.register.name)
    old = before["properties"] if before else {}
    found = [
        known[name].element
        for name, value in after["properties"].items()
        if name in known and not known[name].label and value != old.get(name)
    ]
    if asked.register.geometry and (before["geometry"] if before else None) != after["geometry"]:
        found.append(asked.register.geometry)
    return found


async def _sources(serving: Serving, view: View, rows: Sequence[Row]) -> dict[int, dict[str, Any]]:
    """Batch → who delivered it; nothing for whoever may not know it."""
    if not view.sourced:
        return {}
    found = await serving.lanes.fetch(history.BATCHES, [row["batch_id"] for row in rows])
    return {
        row["batch_id"]: {
            "department": row["department"],
            "department_name": row["department_name"],
            "source": row["source"],
            "batch": row["batch_id"],
            "delivered_at": _text(row["delivered_at"]),
        }
        for row in found
    }


async def _tell_relations(
    request: Request, serving: Serving, asked: Asked, view: View, uid: UUID
) -> tuple[dict[str, Any], str | None]:
    """Relations by elements that are granted. Whom they lead to is told where the caller may see him; that an entity speaks of
    this one only where he may see that entity."""
    elements = [element for element in relating.referring(asked.register) if asked.grant.holds(element)]
    after = int(view.after) if view.after else 0
    values = (uid, asked.register.number, elements, after, view.limit + 1)
    rows = await serving.lanes.fetch(history.RELATIONS, *values)
    page = rows[: view.limit]
    question = [str(uid), sorted(request.query_params.multi_items())]
    await disclose(serving, asked, "history", view.single.plan, question, Outcome((uid,)))
    seen = await _seen(request, serving, asked, page, question)
    sources = await _sources(serving, view, page)
    told: Told = []
    for row in page:
        collection = seen.get(row["other"])
        if collection is None and not row["outward"]:
            continue
        told.append(
            {
                "kind": row["kind"],
                "direction": "to" if row["outward"] else "from",
                "element": row["element"],
                **({"collection": collection, "id": str(row["other"])} if collection else {}),
                **{n: _text(row[n]) for n in ("effective_from", "effective_to", "recorded_at", "closed_at")},
                **({"source": sources[row["batch_id"]]} if row["batch_id"] in sources else {}),
            }
        )
    following = str(page[-1]["relation_id"]) if len(rows) > view.limit else None
    return {"relations": told, "numberReturned": len(told)}, following


async def _seen(
    request: Request, serving: Serving, asked: Asked, rows: Sequence[Row], question: object
) -> dict[UUID, str]:
    """uid → collection of the related entities that the caller may see, each disclosed in its own collection."""
    found: dict[UUID, str] = {}
    for register in registers().values():
        meant = [row for row in rows if row["other_register"] == register.number and row["other"] is not None]
        if not meant:
            continue
        try:
            other = (
                asked if register is asked.register else await asked_of(request, serving, asked.caller, register, {})
            )
            other.authorise(Wanted(rights=as_of.rights_of(register)))
        except CallerError:
            continue
        uids = {row["other"] for row in meant if row["outward"] or other.grant.holds(row["element"])}
        plan = plan_of(register, other.grant, (), geometry=False)
        statement = sql.by_uids(plan, tuple(uids), other.hidden)
        there = await serving.lanes.fetch(statement.text, *bound(statement.values, serving.sealer))
        shown = [row["uid"] for row in there if row["state"] != "withheld" and not takes_purpose(other, row["uid"])]
        if shown:
            await disclose(serving, other, "history", plan, question, Outcome(tuple(shown)))
            found |= dict.fromkeys(shown, register.collection)
    return found


def _clocks(row: Row) -> tuple[datetime, datetime]:
    return row["effective_from"], row["recorded_at"]


def _text(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()
