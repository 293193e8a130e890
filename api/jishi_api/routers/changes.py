"""``GET /changes``: the change feed 变更, so that whoever keeps a copy keeps it equal to what is served (query, road out)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from jishi.access.authorise import Wanted, faults_of
from jishi.errors import CallerError, DeniedError, Fault
from jishi.registers.catalog import registers
from jishi.registers.register import Register
from jishi_api import feed, position, problem
from jishi_api.asked import Asked, asked_of, stated_of
from jishi_api.auth import caller_of
from jishi_api.caller import Caller
from jishi_api.disclose import NOBODY, Outcome, bound, disclose
from jishi_api.export_plan import EXPORT
from jishi_api.feed import Told
from jishi_api.links import address
from jishi_api.parameters import DEFAULT_LIMIT, GREATEST_LIMIT, once, read_limit, report, short
from jishi_api.position import Place, Position
from jishi_api.protected import takes_purpose
from jishi_api.serving import Serving, serving_of

LONGEST_WAIT_S = 30
PAUSE_S = 0.5
PARAMETERS = ("collections", "after", "limit", "wait")
EXPIRED = ("QRY-POSITION-EXPIRED", "QRY-POSITION-GRANT")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: registers in the order of their numbers, where to go on, how many changes, how long to wait."""

    registers: tuple[Register, ...]
    position: Position
    limit: int
    wait_s: int


@dataclass(frozen=True, slots=True)
class Part:
    """One register's next changes; ``to``: how far it was looked at, ``height``: how far its feed goes."""

    asked: Asked
    told: Sequence[Told]
    to: int
    height: int


def routes() -> list[BaseRoute]:
    return [Route("/changes", changes)]


async def changes(request: Request) -> Response:
    """The next changes of all registers asked for, each register's in its own order. An expired position is a 410 that
    leads to a new baseline."""
    serving = serving_of(request)
    caller = await caller_of(request)
    question = _question(request, serving, caller)
    try:
        parts = await _parts(request, serving, caller, question)
        if question.wait_s and not any(part.told or part.to < part.height for part in parts):
            await _rise(request, serving, question, {part.asked.register.number: part.height for part in parts})
            caller = await caller_of(request)  # much may have been revoked meanwhile
            parts = await _parts(request, serving, caller, question)
    except CallerError as error:
        if error.code in EXPIRED:
            return _baseline(request, error)
        raise
    return await _answer(serving, caller, question, parts)


def permitted(register: Register, caller: Caller, wanted: Wanted) -> bool:
    """Whether the caller may follow this register's changes."""
    needed = replace(wanted, rights=_rights(register))
    return not faults_of(register, caller.grant_on(register), needed, datetime.now(UTC))


def _rights(register: Register) -> frozenset[str]:
    return frozenset({EXPORT} if register.personal else ())


def _question(request: Request, serving: Serving, caller: Caller) -> Question:
    """CallerError ``QRY-PARAMETERS`` with every fault; DeniedError where there is no register the caller may follow."""
    faults: list[Fault] = []
    given = once(request.query_params.multi_items(), faults)
    faults += [Fault(short(name), "QRY-UNKNOWN-PARAMETER") for name in given if name not in PARAMETERS]
    known = {register.collection: register for register in registers().values()}
    if "collections" in given:
        names = {part.strip() for part in given["collections"].split(",")}
        faults += [Fault(short(f"collections: {name}"), "QRY-COLLECTION") for name in sorted(names - known.keys())]
        wanted = tuple(register for name, register in known.items() if name in names)
    else:
        stated = stated_of(request, {})
        needed = Wanted(purpose=stated.purpose, case_no=stated.case_no)
        wanted = tuple(register for register in known.values() if permitted(register, caller, needed))
    limit = read_limit(given["limit"], faults) if "limit" in given else DEFAULT_LIMIT
    where = _position(serving, caller, wanted, given.get("after", ""), faults)
    wait_s = given.get("wait", "0")
    if not (wait_s.isascii() and wait_s.isdigit() and len(wait_s) < 4):
        faults.append(Fault("wait", "QRY-VALUE-WAIT", {"longest": LONGEST_WAIT_S}))
        wait_s = "0"
    report(faults)
    if not wanted:
        raise DeniedError("ACC-DENIED", faults=(Fault("collections", "ACC-NO-GRANT"),), collection="*")
    return Question(wanted, where, limit, min(int(wait_s), LONGEST_WAIT_S))


def _position(serving: Serving, caller: Caller, wanted: Sequence[Register], text: str, faults: list[Fault]) -> Position:
    """From what ``next_after`` or an export said; of one collection also the bare number of a change. Nothing: the start."""
    if not text:
        return {}
    if text.isascii() and text.isdigit() and len(text) < 19:
        if len(wanted) == 1 or not int(text):
            return {
                register.number: Place(int(text), grant.grant_id)
                for register in wanted
                if (grant := caller.grant_on(register)) is not None
            }
    elif (found := position.read(serving.cursor_secret, caller.client.client_id, text)) is not None:
        return found
    faults.append(Fault("after", "QRY-VALUE-POSITION"))
    return {}


async def _parts(request: Request, serving: Serving, caller: Caller, question: Question) -> list[Part]:
    heights = {row["register"]: row for row in await serving.lanes.fetch(feed.HEIGHTS)}
    parts = []
    for register in question.registers:
        asked = await asked_of(request, serving, caller, register, {})
        asked.authorise(Wanted(rights=_rights(register)))
        place = question.position.get(register.number, Place(0, asked.grant.grant_id))
        if place.grant_id != asked.grant.grant_id:
            raise CallerError("QRY-POSITION-GRANT")
        state = heights.get(register.number)
        height, pruned = (state["last_seq"], state["pruned_seq"]) if state else (0, 0)
        statement = feed.changes_after(
            register, asked.grant, place.seq, min(GREATEST_LIMIT, max(question.limit, feed.LEAST_READ))
        )
        rows = await serving.heavy.fetch(statement.text, *bound(statement.values, serving.sealer))
        feed.check(rows, place.seq, height, pruned)
        hidden = _unseen(asked)
        told = [one for row in rows if (one := feed.told_of(row, register, asked.grant, hidden)) is not None]
        last = rows[-1]["seq"] if rows else place.seq
        parts.append(Part(asked, told, last, max(height, last)))
    return parts


def _unseen(asked: Asked) -> frozenset[UUID]:
    """Who is hidden from the caller, or shown for other purposes only: as if they were not."""
    return frozenset(asked.hidden) | {uid for uid in asked.protections if takes_purpose(asked, uid)}


async def _rise(request: Request, serving: Serving, question: Question, heights: Mapping[int, int]) -> None:
    """Return when one of the registers has published something, or the time is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + question.wait_s
    while loop.time() < deadline and not serving.draining and not await request.is_disconnected():
        await asyncio.sleep(min(PAUSE_S, max(0.0, deadline - loop.time())))
        rows = await serving.lanes.fetch(feed.HEIGHTS)
        if any(row["last_seq"] > heights.get(row["register"], row["last_seq"]) for row in rows):
            return


async def _answer(serving: Serving, caller: Caller, question: Question, parts: Sequence[Part]) -> Response:
    """The oldest ``limit`` of all parts; what was cut off is looked at again next time."""
    merged = sorted(
        ((one.recorded_at, part.asked.register.number, one.seq, one, part) for part in parts for one in part.told),
        key=itemgetter(0, 1, 2),
    )
    taken, cut = merged[: question.limit], merged[question.limit :]
    reached = {part.asked.register.number: part.to for part in parts}
    for _, number, seq, _, _ in reversed(cut):
        reached[number] = min(reached[number], seq - 1)
    grants = {part.asked.register.number: part.asked.grant.grant_id for part in parts}
    where = {**question.position, **{number: Place(seq, grants[number]) for number, seq in reached.items()}}
    for part in parts:
        uids = tuple(dict.fromkeys(uid for _, _, _, one, of in taken if of is part for uid in _uids(one)))
        told = [part.asked.register.collection, question.position.get(part.asked.register.number, Place(0, 0)).seq]
        await disclose(serving, part.asked, "changes", None, told, Outcome(uids) if uids else NOBODY)
    body = {
        "changes": [_document(one, part.asked.register) for _, _, _, one, part in taken],
        "next_after": position.write(serving.cursor_secret, caller.client.client_id, where),
        "more": any(reached[part.asked.register.number] < part.height for part in parts),
    }
    return Response(json.dumps(body, separators=(",", ":")), media_type="application/json", headers=_PRIVATE)


_PRIVATE = {"Cache-Control": "private, no-store"}


def _uids(one: Told) -> tuple[UUID, ...]:
    return (one.uid,) if one.into is None else (one.uid, one.into)


def _document(one: Told, register: Register) -> dict[str, Any]:
    return {
        "seq": one.seq,
        "collection": register.collection,
        "uid": str(one.uid),
        "type": one.type,
        "recorded_at": _instant(one.recorded_at),
        "effective_from": _instant(one.effective_from),
        "elements": list(one.elements),
        "into": None if one.into is None else str(one.into),
    }


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _baseline(request: Request, error: CallerError) -> Response:
    """The 410 of a position that leads nowhere any more, with the way to a new baseline."""
    there = address(request, "exports")
    answer = problem.respond(error, request.state.language, request.state.request_id)
    told = json.loads(bytes(answer.body))
    told["links"] = [{"rel": "baseline", "href": there, "method": "POST"}]
    answer.body = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    answer.headers["Content-Length"] = str(len(answer.body))
    answer.headers["Link"] = f'<{there}>; rel="baseline"'
    return answer
