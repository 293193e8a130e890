"""``POST /collections/{c}/match``: which records examples may mean, how surely and why; nothing is written (query, road
out).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from jishi.access.authorise import Wanted
from jishi.errors import CallerError, Fault, InternalError
from jishi.messages import render
from jishi.registers.element import Kind
from jishi.registers.register import Register
from jishi_api import query, sql
from jishi_api.alike import Likeness, likeness
from jishi_api.asked import Asked, Body, ask_posted
from jishi_api.compare import Verdict
from jishi_api.condition import Condition
from jishi_api.disclose import Outcome, Row, bound, digest, disclose, features, properties_of
from jishi_api.examples import Example, by_number, by_text, read_examples, search_for
from jishi_api.guesses import Subject
from jishi_api.numbers import number_of
from jishi_api.parameters import report, texts
from jishi_api.personal import Search
from jishi_api.plan import Plan, plan_of
from jishi_api.protected import demand_purpose
from jishi_api.routers.collections import register_by_collection
from jishi_api.routers.items import EVERY_METHOD, HEADERS, refuse_all_but_post
from jishi_api.serving import Serving, serving_of
from jishi_api.shapes import ADDRESS, ADDRESS_ELEMENT

MEMBERS = frozenset({"examples", "properties", "limit"})
MOST_CANDIDATES = 10
MOST_COMPARED = 50
LEAST_SCORE = 0.3
"""Below it a record of a register that is not personal is no candidate."""


@dataclass(frozen=True, slots=True)
class _Question:
    """``compared``: the plan by which examples are compared, never shown; ``shown``: that of the features, if they are wanted.
    ``searches``: of each example about a person."""

    examples: list[Example] = field(repr=False)
    searches: list[Search] = field(repr=False)
    compared: Plan
    shown: Plan | None
    limit: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What one example brought: ``candidates`` the likest first; ``outcome``: found, none, too_many or too_common."""

    candidates: tuple[tuple[UUID, Likeness], ...] = ()
    outcome: str = "none"


def routes() -> list[BaseRoute]:
    here = "/collections/{collection}/match"
    return [Route(here, match, methods=["POST"]), Route(here, refuse_all_but_post, methods=EVERY_METHOD)]


async def match(request: Request) -> Response:
    """``{"results":[{"outcome","candidates":[{"id","score","reasons":[{"element","code","reason"}],"feature"?}]}]}`` in the
    order of the examples. Guesses about a person are counted as those of ``/verify`` are."""
    register = register_by_collection(request.path_params["collection"])
    serving = serving_of(request)
    asked, body = await ask_posted(request, serving, register, MEMBERS)
    question = _question(asked, body)
    subjects = [_subject(serving, asked, search.key) for search in question.searches]
    _refuse_guessing(serving, subjects)
    found = [await _find(serving, asked, question, place) for place in range(len(question.examples))]
    uids = tuple(dict.fromkeys(uid for one in found for uid, _ in one.candidates))
    await demand_purpose(serving, asked, uids)
    if register.personal:
        _count_guesses(serving, asked, subjects, found)
    shown = await _features(serving, asked, question, uids)
    misses = sum(not one.candidates for one in found)
    told = [[sorted(example.items()) for example in question.examples], question.limit]
    await disclose(serving, asked, "match", _disclosed(question), told, Outcome(uids, misses, "ok" if uids else "none"))
    results = b",".join(_result(register, one, shown, request.state.language) for one in found)
    return Response(b'{"results":[' + results + b"]}", media_type="application/json", headers=HEADERS)


def _question(asked: Asked, body: Body) -> _Question:
    """CallerError with every fault; DeniedError where the grant does not let the examples be compared."""
    register, faults = asked.register, list[Fault]()
    examples = read_examples(register, body.get("examples"), faults)
    limit = body.get("limit", MOST_CANDIDATES)
    if not isinstance(limit, int) or isinstance(limit, bool) or not 0 < limit <= MOST_CANDIDATES:
        faults.append(Fault("limit", "QRY-VALUE-LIMIT", {"greatest": MOST_CANDIDATES}))
    shown: Plan | None = None
    wanted = Wanted()
    if "properties" in body:
        given = texts({"properties": body["properties"]}, faults)
        chosen = query.chosen(register, asked.grant, given, faults)
        shown, wanted = chosen.plan, chosen.wanted
    named = frozenset(name for example in examples for name in example if name in register.elements)
    read = named | (_silently(register) & asked.grant.clear)
    opened = replace(asked.grant, masked=frozenset(), clear=read, derived=frozenset())
    compared = plan_of(register, opened, tuple(name for name in register.elements if name in read), geometry=False)
    searches = []
    if register.personal:
        made = [search_for(register, at, one, compared.first, faults) for at, one in enumerate(examples) if one]
        searches = [search for search in made if search is not None]
    report(faults)
    matched, looked_by = _matched(register, examples, searches)
    asked.authorise(replace(wanted, compared=looked_by | (named - matched), matched=matched))
    return _Question(examples, searches, compared, shown, limit)


def _silently(register: Register) -> frozenset[str]:
    """What tells whether a number is contradicted, read beside what an example names where it is granted in clear."""
    return frozenset((*register.contradiction.names, *register.contradiction.dates, *register.free_text.former))


def _matched(
    register: Register, examples: Sequence[Example], searches: Sequence[Search]
) -> tuple[frozenset[str], frozenset[str]]:
    """Elements matched whole, which a masked one may be by the right ``exact``, and those of a search compared otherwise."""
    if not register.personal:
        numbers = {name for one in examples for name in one if register.elements[name].kind is Kind.IDENTIFIER}
        return frozenset(numbers), frozenset()
    matched = frozenset[str]().union(*(search.wanted.matched for search in searches))
    # what one example matches another may only compare: then the grant must hold it in clear
    compared = frozenset(
        name
        for one, search in zip(examples, searches, strict=True)
        for name in one
        if name in register.elements and name not in dict(search.key)
    )
    return matched - compared, compared.union(*(search.wanted.compared for search in searches))


async def _find(serving: Serving, asked: Asked, question: _Question, place: int) -> _Found:
    example = question.examples[place]
    try:
        if asked.register.personal:
            return await _person(serving, asked, question, example, question.searches[place])
        return await _other(serving, asked, question, example)
    except InternalError as error:
        if error.code != "QRY-TIMEOUT":
            raise
        return _Found(outcome="too_common")


async def _person(serving: Serving, asked: Asked, question: _Question, example: Example, search: Search) -> _Found:
    """Who fits the shape; of more than may be shown nobody."""
    page = sql.Page(search.condition, asked.hidden, limit=MOST_CANDIDATES)
    statement = sql.page(question.compared, page)
    lanes = serving.heavy if search.shape.is_wide else serving.lanes
    rows = await lanes.fetch(statement.text, *bound(statement.values, serving.sealer))
    if len(rows) > MOST_CANDIDATES:
        return _Found(outcome="too_many")
    met = dict.fromkeys(name for name, _ in search.key)
    return _chosen(
        [(row["uid"], _likeness(serving, asked.register, question, example, row, frozenset(met))) for row in rows],
        question.limit,
    )


async def _other(serving: Serving, asked: Asked, question: _Question, example: Example) -> _Found:
    """By number, then by name; those of the number are candidates however they are called."""
    first = question.compared.first
    condition, net = by_number(asked.register, example, first), by_text(asked.register, example, first)
    by_uid: dict[UUID, bool] = {}
    if condition is not None:
        by_uid |= dict.fromkeys(await _uids(serving, asked, question, condition, None), True)
    if net is not None:
        near = await _uids(serving, asked, question, net.condition, net.nearest)
        by_uid = dict.fromkeys(near, False) | by_uid
    if not by_uid:
        return _Found()
    statement = sql.by_uids(question.compared, tuple(by_uid), asked.hidden)
    rows = await serving.heavy.fetch(statement.text, *bound(statement.values, serving.sealer))
    strong = frozenset(name for name in example if asked.register.elements[name].strong)
    judged = []
    for row in rows:
        bears = strong if by_uid[row["uid"]] and len(strong) == 1 else frozenset[str]()  # maybe beside the one it shows
        found = _likeness(serving, asked.register, question, example, row, bears)
        judged.append((row["uid"], found))
    return _chosen([pair for pair in judged if pair[1].score >= LEAST_SCORE], question.limit)


async def _uids(
    serving: Serving, asked: Asked, question: _Question, condition: Condition, nearest: str | None
) -> list[UUID]:
    page = sql.Page(condition=replace(condition, text=f"({condition.text})"), hidden=asked.hidden, limit=MOST_COMPARED)
    statement = sql.looked_over(question.compared, page, ("state",), nearest)
    rows = await serving.heavy.fetch(statement.text, *bound(statement.values, serving.sealer))
    return [row["uid"] for row in rows]


def _chosen(judged: list[tuple[UUID, Likeness]], limit: int) -> _Found:
    ordered = sorted(judged, key=lambda pair: (-pair[1].score, pair[0]))
    return _Found(tuple(ordered[:limit]), "found" if ordered else "none")


def _likeness(
    serving: Serving, register: Register, question: _Question, example: Example, row: Row, met: frozenset[str]
) -> Likeness:
    """``met``: elements by which the row was found, and which therefore agree."""
    held = properties_of(row, question.compared)
    verdicts = dict.fromkeys(met & register.elements.keys(), Verdict.CONSISTENT)
    for name, text in example.items():
        element = register.elements.get(name)
        if element is None or element.kind is not Kind.IDENTIFIER or name in verdicts:
            continue
        number = number_of(element, text)
        if name in question.compared.deciphered:
            lookup = row[f"{name}__lookup"]
            agrees = lookup is not None and number is not None and lookup in serving.sealer.tags(number)
            missing = lookup is None
        else:
            agrees, missing = number is not None and number == held.get(name), held.get(name) is None
        verdicts[name] = Verdict.UNVERIFIABLE if missing else _verdict(agrees)
    return likeness(register, example, held, verdicts)


def _verdict(agrees: bool) -> Verdict:
    return Verdict.CONSISTENT if agrees else Verdict.INCONSISTENT


def _subject(serving: Serving, asked: Asked, named: object) -> Subject:
    return asked.caller.client.client_id, digest(serving, [asked.register.collection, named])


def _refuse_guessing(serving: Serving, subjects: Sequence[Subject]) -> None:
    wait_s = serving.guesses.wait_s(subjects)
    if wait_s:
        raise CallerError("ACC-GUESSING-SUBJECT", minutes=-(-wait_s // 60), retry_after_s=wait_s)


def _count_guesses(serving: Serving, asked: Asked, subjects: Sequence[Subject], found: Sequence[_Found]) -> None:
    """A wrong guess is one that finds nobody, or nobody of whom all that is told is so; about whoever it found alone too."""
    for subject, one in zip(subjects, found, strict=True):
        if any(alike.agrees for _, alike in one.candidates) or one.outcome not in ("found", "none"):
            continue
        wrong = [_subject(serving, asked, str(uid)) for uid, _ in one.candidates] if len(one.candidates) == 1 else []
        _refuse_guessing(serving, wrong)
        serving.guesses.note([subject, *wrong])


async def _features(serving: Serving, asked: Asked, question: _Question, uids: tuple[UUID, ...]) -> dict[UUID, bytes]:
    if question.shown is None or not uids:
        return {}
    statement = sql.by_uids(question.shown, uids, asked.hidden)
    rows = await serving.lanes.fetch(statement.text, *bound(statement.values, serving.sealer))
    return dict(
        zip((row["uid"] for row in rows), features(rows, question.shown, serving.sealer, asked.disputed), strict=True)
    )


def _disclosed(question: _Question) -> Plan:
    """What an answer tells: the features' elements, and those that examples name, of which it says whether they agree."""
    named = {name for example in question.examples for name in example if name != ADDRESS}
    named |= {ADDRESS_ELEMENT} if any(ADDRESS in example for example in question.examples) else set()
    masked = frozenset(question.shown.masked) if question.shown else frozenset()
    clear = frozenset(question.shown.clear) if question.shown else frozenset()
    return replace(question.compared, masked=tuple(sorted(masked - named)), clear=tuple(sorted(clear | named)))


def _result(register: Register, found: _Found, shown: dict[UUID, bytes], language: str) -> bytes:
    parts = []
    for uid, alike in found.candidates:
        reasons = [
            {"element": name, "code": word.value, "reason": _reason(register, name, word.value, language)}
            for name, word in alike.reasons.items()
        ]
        told: dict[str, Any] = {"id": str(uid), "score": round(alike.score, 3), "reasons": reasons}
        text = json.dumps(told, ensure_ascii=False).encode()
        parts.append(text[:-1] + b',"feature":' + shown[uid] + b"}}" if uid in shown else text)
    return b'{"outcome":"' + found.outcome.encode() + b'","candidates":[' + b",".join(parts) + b"]}"


def _reason(register: Register, name: str, code: str, language: str) -> str:
    element = register.elements.get(ADDRESS_ELEMENT if name == ADDRESS else name)
    title = name if element is None else element.title_en if language == "en" else element.title
    return render(code, language, title=title)
