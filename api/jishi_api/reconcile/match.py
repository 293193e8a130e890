"""Questions to the one resolver and back: asked in groups of one setting, answered each by itself (query, road out)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from jishi.dictionary import resolve as resolver
from jishi.dictionary.spelling import fold
from jishi.errors import CallerError, Fault, NotFoundError
from jishi_api.reconcile import reading
from jishi_api.reconcile.entity import Entity, Known, known_by
from jishi_api.reconcile.properties import CONTEXT, agrees
from jishi_api.reconcile.query import MOST, Condition, Question

if TYPE_CHECKING:
    from asyncpg import Connection

_ASKED_OF_RESOLVER = frozenset(field.name for field in fields(resolver.Context))

Setting = tuple[str | None, resolver.Context]
"""Scheme and context: what one call of the resolver is about."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A candidate with its entity; ``fulfilled``: property → whether the entity agrees with what was said of it."""

    candidate: resolver.Candidate
    entity: Entity | None
    fulfilled: Mapping[str, bool]


@dataclass(frozen=True, slots=True)
class Found:
    """The answer to one question; ``resolution`` None where the resolver was not asked by name."""

    proposals: tuple[Proposal, ...]
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What the resolver said of one setting: for whoever learns from what is not found."""

    scheme: str | None
    context: resolver.Context
    answer: resolver.Answer


async def answer(connection: Connection[Any], questions: Sequence[Question]) -> tuple[list[Found], list[Heard]]:
    """One answer a question, in order; a question that cannot be answered has none of the others' answers at stake."""
    stages = await reading.stages(connection) if any(_says_stage(question) for question in questions) else {}
    groups: dict[Setting, list[int]] = {}
    faults: dict[int, Fault] = {}
    for place, question in enumerate(questions):
        if question.fault is not None:
            faults[place] = question.fault
            continue
        for setting in _settings(question, stages):
            groups.setdefault(setting, []).append(place)
    heard: list[Heard] = []
    said: dict[int, list[resolver.Candidate]] = {}
    for (scheme, context), places in groups.items():
        names = [_name(questions[place]) for place in places]
        try:
            told = await resolver.resolve(connection, names, scheme, context, MOST)
        except (NotFoundError, CallerError) as error:
            faults.update({place: Fault("type", error.code, error.values) for place in places})
            continue
        heard.append(Heard(scheme, context, told))
        for place, result in zip(places, told.results, strict=True):
            if result.fault is not None:
                faults[place] = result.fault
            said.setdefault(place, []).extend(_of_id(questions[place], result.candidates))
    entities = await reading.entities(connection, _pairs(said.values()))
    found = [
        Found((), faults[place]) if place in faults else _judged(question, said.get(place, ()), entities)
        for place, question in enumerate(questions)
    ]
    return found, heard


def _says_stage(question: Question) -> bool:
    return any(condition.property == "stage" for condition in question.conditions)


def _name(question: Question) -> str:
    return known_by(question.name)[0][1] if question.by_id and known_by(question.name) else question.name


def _of_id(question: Question, candidates: Iterable[resolver.Candidate]) -> list[resolver.Candidate]:
    """Of a question by id only what has the id."""
    if not question.by_id:
        return list(candidates)
    known = known_by(question.name)
    return [item for item in candidates if (item.scheme, item.code) in known]


def _settings(question: Question, stages: Mapping[str, str]) -> list[Setting]:
    """The schemes to ask, under the context that the conditions give; of several values of one the first counts."""
    given: dict[str, Any] = {}
    for condition in question.conditions:
        if condition.property in CONTEXT and condition.values and condition.quantifier != "none":
            given.setdefault(condition.property, condition.values[0])
    if "stage" in given:
        text = fold(given["stage"])
        given["stage"] = stages.get(text) or stages.get(text.partition(" ")[2]) or given["stage"]
    if "as_of" in given:
        given["as_of"] = _day(given["as_of"])
    context = resolver.Context(**{name: value for name, value in given.items() if name in _ASKED_OF_RESOLVER})
    types: tuple[str | None, ...] = question.types or (None,)
    return [(scheme, context) for scheme in types]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None


def _judged(question: Question, said: Iterable[resolver.Candidate], entities: Mapping[Known, Entity]) -> Found:
    """The candidates that fulfil what is required, those that agree with what was said before their equals."""
    proposals = []
    for candidate in said:
        entity = entities.get((candidate.scheme, candidate.code))
        fulfilled = {
            condition.property: _fulfils(condition, entity)
            for condition in question.conditions
            if entity is not None and _is_compared(condition)
        }
        required = (condition.property for condition in question.conditions if condition.required)
        if all(fulfilled.get(name, True) for name in required):
            proposals.append(Proposal(candidate, entity, fulfilled))
    proposals.sort(key=lambda item: (-item.candidate.score, -sum(item.fulfilled.values())))
    return Found(tuple(_one_match(proposals))[: question.limit])


def _is_compared(condition: Condition) -> bool:
    return condition.property not in CONTEXT or condition.property == "stage"


def _fulfils(condition: Condition, entity: Entity) -> bool:
    values = entity.values.get(condition.property, ())
    agreeing = [agrees(text, values) for text in condition.values]
    if condition.quantifier == "none":
        return not any(agreeing)
    return all(agreeing) if condition.quantifier == "all" else any(agreeing) or not agreeing


def _one_match(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Several schemes may each have a match of their own: then none of them is beyond doubt."""
    matches = [item for item in proposals if item.candidate.match]
    if len(matches) < 2:
        return list(proposals)
    return [replace(item, candidate=replace(item.candidate, match=False)) for item in proposals]


def _pairs(said: Iterable[Iterable[resolver.Candidate]]) -> Iterable[Known]:
    return ((item.scheme, item.code) for candidates in said for item in candidates)
