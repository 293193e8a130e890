"""What an alias would change of what was answered before: shown before it is made, and written down after (beside the road).

Nothing is calculated by a second method: the alias is put in place, the names that were asked for are resolved again, each
where it was used, and the transaction is undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jishi.dictionary import seen
from jishi.dictionary.resolve import NAMES_LIMIT, PROJECT_SCHEMES, Context, Resolution, resolve
from jishi.dictionary.seen import Seen, Where
from jishi.stewardship import alias_statements as statements
from jishi.stewardship.aliases import Wanted, row_of

if TYPE_CHECKING:
    from asyncpg import Connection

EXAMINED = 5000
"""So many names are looked at, those most often asked for."""

PLACES = 3
"""And each in so many of its contexts."""

_NOWHERE: Where = ("", "", "")


@dataclass(frozen=True, slots=True)
class Change:
    """One name's answer in one context, before and after. ``queued``: it waits in the queue; ``times`` 0: not asked yet."""

    name: str
    name_id: int | None
    where: Where
    times: int
    queued: bool
    before: Resolution
    after: Resolution


@dataclass(frozen=True, slots=True)
class Effect:
    """``examined`` of ``known`` names were resolved again; ``changes`` those with another answer, most asked for first."""

    examined: int
    known: int
    changes: tuple[Change, ...]


async def effect_of(connection: Connection[Any], wanted: Wanted) -> Effect:
    """What this alias, approved, would change. The connection must be in no transaction that shall stand."""
    names, known = await _names(connection, wanted.scheme)
    own = Wanted(wanted.scheme, wanted.code, wanted.name, places=wanted.places, departments=wanted.departments)
    asked = [*_asked(names), *_itself(own, names)]
    before = await _answers(connection, wanted.scheme, asked)
    transaction = connection.transaction()
    await transaction.start()
    try:
        await connection.execute(statements.SUPPOSE, *row_of(wanted))
        after = await _answers(connection, wanted.scheme, asked)
    finally:
        await transaction.rollback()
    changes = [
        Change(
            name,
            entry.name_id if entry else None,
            where,
            entry.times if entry else 0,
            entry is not None and entry.outcome != "match" and entry.state == "open",
            old,
            new,
        )
        for (entry, name, where), old, new in zip(asked, before, after, strict=True)
        if _said(old) != _said(new)
    ]
    return Effect(len(names), known, tuple(sorted(changes, key=lambda change: -change.times)))


async def settle(connection: Connection[Any], scheme: str) -> int:
    """Resolve the names of the queue again after a change, in its transaction: those that match now leave it; how many."""
    names, _ = await _names(connection, scheme)
    waiting = [entry for entry in names if entry.outcome != "match"]
    asked = [(entry, entry.name, entry.contexts[0][0] if entry.contexts else _NOWHERE) for entry in waiting]
    answers = await _answers(connection, scheme, asked)
    changed = [
        (entry.name_id, answer)
        for (entry, _, _), answer in zip(asked, answers, strict=True)
        if seen.outcome_of(answer) != entry.outcome or _best(answer) != (entry.code_scheme, entry.code)
    ]
    version = await connection.fetchval("SELECT version FROM jishi.dictionary_edition ORDER BY id DESC LIMIT 1")
    await seen.answered(connection, changed, version or "")
    return sum(seen.outcome_of(answer) == "match" for _, answer in changed)


_Asked = tuple[Seen | None, str, Where]


async def _names(connection: Connection[Any], scheme: str) -> tuple[list[Seen], int]:
    """Names asked for where an alias of the scheme counts."""
    keys = ["", scheme] if scheme in PROJECT_SCHEMES else [scheme]
    found, known = list[Seen](), 0
    for key in keys:
        names, size = await seen.most_asked(connection, key, EXAMINED)
        found += names
        known += size
    return found, known


def _asked(names: Iterable[Seen]) -> list[_Asked]:
    return [
        (entry, entry.name, where)
        for entry in names
        for where in ([where for where, _ in entry.contexts[:PLACES]] or [_NOWHERE])
    ]


def _itself(wanted: Wanted, names: Iterable[Seen]) -> list[_Asked]:
    """The alias's own name where it would be used, if nobody has asked for it yet."""
    if any(entry.name == wanted.name for entry in names):
        return []
    where = (next(iter(wanted.places), ""), next(iter(wanted.departments), ""), "")
    return [(None, wanted.name, where)]


async def _answers(connection: Connection[Any], scheme: str, asked: Sequence[_Asked]) -> list[Resolution]:
    """The answers in the order asked; names of one setting go together."""
    groups: dict[tuple[str | None, Where], list[int]] = {}
    for place, (entry, _, where) in enumerate(asked):
        within = entry.scheme or None if entry is not None else None if scheme in PROJECT_SCHEMES else scheme
        groups.setdefault((within, where), []).append(place)
    found: dict[int, Resolution] = {}
    for (within, where), places in groups.items():
        used_in, department, stage = (word or None for word in where)
        context = Context(place=used_in, department=department, stage=stage)
        for start in range(0, len(places), NAMES_LIMIT):
            part = places[start : start + NAMES_LIMIT]
            answer = await resolve(connection, [asked[place][1] for place in part], within, context)
            found.update(zip(part, answer.results, strict=True))
    return [found[place] for place in range(len(asked))]


def _said(answer: Resolution) -> tuple[object, ...]:
    """What of an answer a caller acts on: the match, and the concepts proposed, in their order."""
    match = answer.match
    told = None if match is None else (match.scheme, match.code)
    return told, tuple((candidate.scheme, candidate.code) for candidate in answer.candidates)


def _best(answer: Resolution) -> tuple[str | None, str | None]:
    best = answer.match or (answer.candidates[0] if answer.candidates else None)
    return (best.scheme, best.code) if best else (None, None)
