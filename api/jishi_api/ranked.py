"""Pages of what was looked for by words, the best first (query, road out).

At most :data:`MOST_RANKED` finds are ranked, in the process; where more hold the words, those by name come before the
rest. So a page is cut from the same list as the one before it, for as long as the register stands still.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from jishi.errors import CallerError, Fault, InternalError
from jishi.stewardship.disputes import Standing
from jishi_api import cursor, sql
from jishi_api.asked import Asked
from jishi_api.condition import Condition
from jishi_api.counting import Matched, count
from jishi_api.crs import Systems
from jishi_api.disclose import NOBODY, Outcome, Row, bound, disclose
from jishi_api.knowing import check_known
from jishi_api.query import Question, plan_items
from jishi_api.serving import Serving
from jishi_api.statements import CODES_NAMED
from jishi_api.trust import Blocks, blocks_of
from jishi_api.words import Labels, Scope, Words, anywhere, by_name, rank, read_words, scope_of

MOST_RANKED = 500
SHORTEST_LABEL = 2
MEMBERS = frozenset({"q", "scores"})


@dataclass(frozen=True, slots=True)
class Ranked:
    """uids and scores (0–1), the best first; ``capped``: more than could be ranked hold the words."""

    uids: tuple[UUID, ...]
    scores: tuple[float, ...]
    capped: bool


@dataclass(frozen=True, slots=True)
class _Read:
    """What a request said: its page without the words, the words, where the page begins in the ranking."""

    question: Question
    words: Words
    offset: int
    told: str
    scored: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found. ``following``: the cursor of the next, None where it is the last; ``more``: what the answer
    tells of the ranking; ``disputed``: values that bear a flag; ``trust``: what was asked for of each feature."""

    question: Question
    rows: Sequence[Row]
    following: str | None
    matched: Matched | None
    more: Mapping[str, Any]
    disputed: Standing = field(default_factory=dict)
    trust: Blocks = field(default_factory=dict)


async def page(serving: Serving, asked: Asked, parameters: Sequence[tuple[str, str]], known: Systems) -> Found:
    """``GET …/items?q=``."""
    read = _read(serving, asked, dict(parameters), parameters, None, known)
    return await _answer(serving, asked, read, "page", sorted(parameters))


async def searched(serving: Serving, asked: Asked, body: Mapping[str, Any], known: Systems) -> Found:
    """``POST …/search`` with ``q``."""
    return await _answer(serving, asked, _read(serving, asked, body, (), body, known), "search", dict(body))


def _read(
    serving: Serving,
    asked: Asked,
    given: Mapping[str, Any],
    parameters: Iterable[tuple[str, str]],
    posted: Mapping[str, Any] | None,
    known: Systems,
) -> _Read:
    """CallerError with the faults of the words and of all the rest at once."""
    own = {"q", "scores", "cursor"}
    faults: list[Fault] = []
    pairs = list(parameters)
    names = [name for name, _ in pairs]
    faults += [Fault(name, "QRY-GIVEN-TWICE") for name in sorted(own) if names.count(name) > 1]
    text = given.get("q")
    words = read_words(text, faults) if isinstance(text, str) else None
    if not isinstance(text, str):
        faults.append(Fault("q", "QRY-VALUE", {"reason": "type"}))
    scored = given.get("scores", False)
    if scored not in (True, False, "true", "false"):
        faults.append(Fault("scores", "QRY-VALUE-BOOLEAN"))
    if "sortby" in given:
        faults.append(Fault("sortby", "QRY-WORDS-SORT"))
    rest = None if posted is None else {name: value for name, value in posted.items() if name not in own}
    left = [(name, value) for name, value in pairs if name not in own]
    question = None
    try:
        question = plan_items(asked.register, asked.grant, left, serving.cursor_secret, posted=rest, known=known)
    except CallerError as error:
        faults += error.faults
    told = repr((question.told, words, "ranked")) if question else ""
    offset = _offset(serving, told, given["cursor"]) if "cursor" in given else 0
    if offset is None and not faults:
        faults.append(Fault("cursor", "QRY-VALUE-CURSOR"))
    if faults or question is None or words is None:
        raise CallerError("QRY-PARAMETERS", faults=tuple(faults))
    return _Read(question, words, offset or 0, told, scored in (True, "true"))


def _offset(serving: Serving, told: str, text: object) -> int | None:
    """How many of the ranking were on the pages before; None where the cursor was not written for this question."""
    place = cursor.read(serving.cursor_secret, told, text) if isinstance(text, str) else None
    return int(place.key) if place is not None and place.key is not None else None


async def _answer(serving: Serving, asked: Asked, read: _Read, act: str, told: object) -> Found:
    question = read.question
    scope = scope_of(asked.register, asked.grant)
    searched_in = (
        frozenset((*scope.texts, *scope.coded)) if scope.texts else frozenset(asked.register.free_text.elements)
    )
    asked.authorise(replace(question.wanted, compared=question.wanted.compared | searched_in))
    await check_known(serving, asked.register, question.clock)
    everywhere = anywhere(scope, read.words, await _labels(serving, asked, scope, read.words), _first(question))
    ranked = await find(serving, asked, question, scope, read.words, everywhere)
    end = read.offset + question.page.limit
    uids = ranked.uids[read.offset : end]
    rows = await _rows(serving, asked, question, uids)
    sought = replace(question.page, condition=_joined(question, everywhere), hidden=asked.hidden)
    matched = await count(serving, asked, question.plan, sought, question.counted)
    subjects = tuple(row["uid"] for row in rows)
    await disclose(serving, asked, act, question.plan, told, Outcome(subjects) if subjects else NOBODY)
    last = end >= len(ranked.uids)
    following = None if last else cursor.write(serving.cursor_secret, read.told, cursor.Place(uids[-1], str(end)))
    more: dict[str, Any] = {"numberRanked": len(ranked.uids), "rankedAll": not ranked.capped}
    if read.scored:
        known = dict(zip(ranked.uids, ranked.scores, strict=True))
        more["scores"] = [round(known[uid], 3) for uid in subjects]
    trust = await blocks_of(serving, question.plan, asked.disputed, subjects) if question.trust else {}
    return Found(question, rows, following, matched, more, asked.disputed, trust)


async def find(
    serving: Serving, asked: Asked, question: Question, scope: Scope, words: Words, everywhere: Condition
) -> Ranked:
    """Everything that holds the words, ranked, or, where that is too much, the best of it.

    Raises CallerError ``QRY-WORDS-BROAD`` where the database cannot find them in time.
    """
    found = await _candidates(serving, asked, question, scope, everywhere, MOST_RANKED + 1)
    capped = len(found) > MOST_RANKED
    if capped:
        best: dict[UUID, Row] = {}
        for narrower in by_name(scope, words, _first(question)) if scope.names else ():
            if len(best) < MOST_RANKED:
                rows = await _candidates(serving, asked, question, scope, narrower, MOST_RANKED)
                best |= {row["uid"]: row for row in rows if row["uid"] not in best}
        best |= {row["uid"]: row for row in found if row["uid"] not in best}
        found = list(best.values())[:MOST_RANKED]
    ordered = sorted((*rank(scope, words, row), row["uid"]) for row in found)
    return Ranked(
        tuple(uid for _, _, uid in ordered), tuple(_score(tier, unlike) for tier, unlike, _ in ordered), capped
    )


def _score(tier: int, unlike: float) -> float:
    """0–1, falling along the ranking: a fifth a tier, closeness within it."""
    return (5 - tier - unlike * (tier > 0)) / 5


async def _candidates(
    serving: Serving, asked: Asked, question: Question, scope: Scope, condition: Condition, most: int
) -> Sequence[Row]:
    sought = replace(question.page, condition=_joined(question, condition), hidden=asked.hidden, limit=most)
    statement = sql.looked_over(question.plan, sought, scope.texts)
    try:
        rows: Sequence[Row] = await serving.heavy.fetch(statement.text, *bound(statement.values, serving.sealer))
    except InternalError as error:
        if error.code == "QRY-TIMEOUT":
            raise CallerError("QRY-PARAMETERS", faults=(Fault("q", "QRY-WORDS-BROAD"),)) from error
        raise
    return rows


async def _rows(serving: Serving, asked: Asked, question: Question, uids: tuple[UUID, ...]) -> list[Row]:
    """The rows of a page in the order of the ranking."""
    if not uids:
        return []
    statement = sql.by_uids(question.plan, uids, asked.hidden, question.page.clock)
    rows = await serving.heavy.fetch(statement.text, *bound(statement.values, serving.sealer))
    found = {row["uid"]: row for row in rows}
    return [found[uid] for uid in uids if uid in found]


async def _labels(serving: Serving, asked: Asked, scope: Scope, words: Words) -> Labels:
    """Codes whose names hold a word, by word and element; of a short word none, which too many hold."""
    lists = {name: asked.register.elements[name].code_list for name in scope.coded}
    parts = [part for part in words.parts if len(part) >= SHORTEST_LABEL]
    found: dict[str, dict[str, list[str]]] = {}
    if lists and parts:
        for row in await serving.lanes.fetch(CODES_NAMED, sorted({known for known in lists.values() if known}), parts):
            for name in (name for name, known in lists.items() if known == row["list"]):
                found.setdefault(row["word"], {}).setdefault(name, []).append(row["code"])
    return found


def _first(question: Question) -> int:
    condition = question.page.condition
    return question.plan.first + (len(condition.values) if condition else 0)


def _joined(question: Question, condition: Condition) -> Condition:
    """The page's own condition and one more, whose parameters follow its."""
    own = question.page.condition
    if own is None:
        return condition
    return Condition(f"{own.text} AND ({condition.text})", (*own.values, *condition.values))
