"""``POST /collections/{c}/batch``: up to a hundred entities by uid, each with its own outcome (query, road out)."""

from __future__ import annotations

import json
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from jishi.errors import Fault
from jishi_api import query, sql
from jishi_api.asked import Asked, Body, ask_posted
from jishi_api.clock import CLOCK_MEMBERS
from jishi_api.disclose import Outcome, Row, bound, disclose, features
from jishi_api.knowing import check_known
from jishi_api.parameters import report, texts
from jishi_api.protected import takes_purpose
from jishi_api.query import Chosen
from jishi_api.routers.collections import register_by_collection
from jishi_api.routers.items import EVERY_METHOD, HEADERS, refuse_all_but_post, survivor_of, trust_of, uid_of
from jishi_api.serving import Serving, serving_of

MOST_IDS = 100
MEMBERS = frozenset({"ids", "properties", "include", "trust"}) | CLOCK_MEMBERS


def routes() -> list[BaseRoute]:
    here = "/collections/{collection}/batch"
    return [Route(here, batch, methods=["POST"]), Route(here, refuse_all_but_post, methods=EVERY_METHOD)]


async def batch(request: Request) -> Response:
    """``{"items": [{"id", "outcome": "found|merged|ended|purpose_needed|not_found", "feature"?, "into"?}]}`` in the order
    asked."""
    register = register_by_collection(request.path_params["collection"])
    serving = serving_of(request)
    asked, body = await ask_posted(request, serving, register, MEMBERS)
    uids, single = _plan(asked, body)
    plan = single.plan
    await check_known(serving, register, single.clock)
    rows, survivors = await _rows(serving, asked, single, uids)
    words = {uid: _word(serving, asked, rows.get(uid), single.include) for uid in dict.fromkeys(uids)}
    words |= dict.fromkeys(survivors, "merged")
    found = [rows[uid] for uid, word in words.items() if word == "found"]
    subjects = tuple(row["uid"] for row in found)
    told = [[str(uid) for uid in uids], sorted(plan.masked), sorted(plan.clear), single.clock and single.clock.told()]
    outcome = Outcome((*subjects, *survivors.values()), len(words) - len(subjects), "ok" if subjects else "none")
    await disclose(serving, asked, "batch", plan, told, outcome)
    trust = await trust_of(serving, asked, single, subjects)
    shown = dict(zip(subjects, features(found, plan, serving.sealer, asked.disputed, trust), strict=True))
    items = b",".join(_item(uid, words[uid], shown.get(uid), survivors.get(uid)) for uid in uids)
    return Response(b'{"items":[' + items + b"]}", media_type="application/json", headers=HEADERS)


def _plan(asked: Asked, body: Body) -> tuple[list[UUID], Chosen]:
    faults: list[Fault] = []
    uids = _uids(body.get("ids"), faults)
    given = texts({name: body[name] for name in MEMBERS - {"ids"} if name in body}, faults)
    if asked.register.personal and "properties" not in given:
        faults.append(Fault("properties", "QRY-PROPERTIES-NEEDED"))
    single = query.chosen(asked.register, asked.grant, given, faults)
    report(faults)
    asked.authorise(single.wanted)
    return uids, single


def _uids(given: object, faults: list[Fault]) -> list[UUID]:
    if not isinstance(given, list) or not 0 < len(given) <= MOST_IDS:
        faults.append(Fault("ids", "QRY-VALUE-IDS", {"most": MOST_IDS}))
        return []
    uids = [uid_of(text) if isinstance(text, str) else None for text in given]
    faults += [Fault(f"ids.{place}", "QRY-VALUE-UID") for place, uid in enumerate(uids) if uid is None]
    return [uid for uid in uids if uid is not None]


async def _rows(
    serving: Serving, asked: Asked, single: Chosen, uids: list[UUID]
) -> tuple[dict[UUID, Row], dict[UUID, UUID]]:
    """Rows by uid, and what those without one were merged into."""
    statement = sql.by_uids(single.plan, tuple(dict.fromkeys(uids)), asked.hidden, single.bound)
    rows = await serving.lanes.fetch(statement.text, *bound(statement.values, serving.sealer))
    found: dict[UUID, Row] = {row["uid"]: row for row in rows if row["state"] != "merged"}
    survivors = {}
    for uid in dict.fromkeys(uids):
        survivor = await survivor_of(serving, asked, single, uid) if uid not in found else None
        if survivor is not None:
            survivors[uid] = survivor
    return found, survivors


def _word(serving: Serving, asked: Asked, row: Row | None, include: frozenset[str]) -> str:
    if row is None or (row["state"] == "withheld" and "withheld" not in include):
        return "not_found"
    if row["inactive"] and "inactive" not in include:
        return "ended"
    return "purpose_needed" if takes_purpose(asked, row["uid"]) else "found"


def _item(uid: UUID, word: str, feature: bytes | None, survivor: UUID | None) -> bytes:
    told = json.dumps({"id": str(uid), "outcome": word, **({"into": str(survivor)} if survivor else {})}).encode()
    return told if feature is None else told[:-1] + b',"feature":' + feature + b"}}"
