"""The resolver: what a department calls a thing → the dictionary's concept, with the reason, or honestly nothing.

This stage compares codes, preferred names and aliases after folding; what is merely similar is not looked for yet.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from jishi.dictionary import store
from jishi.dictionary.spelling import fold
from jishi.errors import CallerError, Fault, NotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection

PROJECT_SCHEMES = ("project-nodes", "om-categories", "project-types")
NAMES_LIMIT = 1000
LENGTH_LIMIT = 200
EXACT, IN_SCOPE, OUT_OF_SCOPE = 100, 98, 90


@dataclass(frozen=True, slots=True)
class Context:
    """Where the name was used: a place (name or division code), department, stage code, and the day (None: today)."""

    place: str | None = None
    department: str | None = None
    stage: str | None = None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A concept the name may mean; ``score`` 0-100, ``why`` a message of the catalogue with its values."""

    scheme: str
    code: str
    name: str
    score: int
    match: bool
    why: Fault

    def reason(self, language: str = "zh-CN") -> str:
        return self.why.text(language)


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer for one name: at most one match, the candidates best first, or the fault of the name itself."""

    name: str
    match: Candidate | None
    candidates: tuple[Candidate, ...]
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answers in the order asked, and the version of the dictionary they rest on."""

    version: str
    results: tuple[Resolution, ...]

    def as_json(self, language: str = "zh-CN") -> dict[str, object]:
        """The body of the contract's ``POST /dictionary/resolve``."""
        return {"version": self.version, "results": [_result_json(result, language) for result in self.results]}


async def resolve(
    connection: Connection[Any],
    names: Sequence[str],
    scheme: str | None = None,
    context: Context | None = None,
    limit: int = 5,
) -> Answer:
    """Resolve up to 1000 names in ``scheme`` (a concept scheme or a code list; None: the three project schemes).

    An alias that other places use is a candidate, never a match. A name that means two things equally has no match.
    An empty or overlong name is that item's ``fault``. Raises ``DIC-NAMES-LIMIT``, ``DIC-LIMIT`` and
    ``DIC-SCHEME-UNKNOWN``: the caller's.
    """
    if len(names) > NAMES_LIMIT:
        raise CallerError("DIC-NAMES-LIMIT", given=len(names), limit=NAMES_LIMIT)
    if limit < 1:
        raise CallerError("DIC-LIMIT", given=limit)
    where = context or Context()
    day = where.as_of or datetime.now(UTC).date()
    keys = [None if _fault(name) else fold(name) for name in names]
    hits = await _find(connection, scheme, sorted({key for key in keys if key}), day)
    place = await _place(connection, where.place, day)
    by_key: dict[str, list[store.Hit]] = {}
    for hit in hits:
        by_key.setdefault(hit.folded, []).append(hit)
    version = await store.current_version(connection) or ""
    results = (
        _judge(name, by_key.get(key or "", ()), place, where.stage, limit)
        for name, key in zip(names, keys, strict=True)
    )
    return Answer(version, tuple(results))


async def _find(connection: Connection[Any], scheme: str | None, folded: list[str], day: date) -> list[store.Hit]:
    wanted = PROJECT_SCHEMES if scheme is None else (scheme,)
    schemes, lists = await store.known_schemes(connection, wanted)
    if scheme is not None and not schemes and not lists:
        raise NotFoundError("DIC-SCHEME-UNKNOWN", scheme=scheme)
    hits = await store.find_concepts(connection, schemes, folded, day) if schemes and folded else []
    return [*hits, *(await store.find_values(connection, lists, folded, day) if lists and folded else [])]


async def _place(connection: Connection[Any], place: str | None, day: date) -> str | None:
    """The place as a folded name; a division code is turned into its full name."""
    if place and place.strip().isascii() and place.strip().isdigit():
        code = place.strip()[:6].ljust(6, "0")
        return fold(await store.division_name(connection, code, day) or place)
    return fold(place) if place and place.strip() else None


def _fault(name: str) -> Fault | None:
    if not fold(name):
        return Fault("name", "DIC-NAME-BLANK")
    if len(name) > LENGTH_LIMIT:
        return Fault("name", "DIC-NAME-LONG", {"limit": LENGTH_LIMIT})
    return None


def _judge(name: str, hits: Iterable[store.Hit], place: str | None, stage: str | None, limit: int) -> Resolution:
    fault = _fault(name)
    if fault is not None:
        return Resolution(name, None, (), fault)
    hits = tuple(hits)
    refused = {(hit.scheme, hit.code) for hit in hits if hit.negative and _in_scope(hit.places, place)}
    best: dict[tuple[str, str], tuple[int, store.Hit]] = {}
    for hit in hits:
        score = _score(hit, place)
        concept = (hit.scheme, hit.code)
        if hit.negative or concept in refused or (concept in best and best[concept][0] >= score):
            continue
        best[concept] = (score, hit)
    ranked = sorted(best.values(), key=lambda item: (-item[0], item[1].stage_code != stage, item[1].code))
    chosen = _unambiguous(ranked, stage)
    candidates = tuple(_candidate(score, hit, place, hit is chosen) for score, hit in ranked)
    return Resolution(name, next((item for item in candidates if item.match), None), candidates[:limit])


def _unambiguous(ranked: Sequence[tuple[int, store.Hit]], stage: str | None) -> store.Hit | None:
    """The one best hit; where several are as good, the one of the stage asked for, if it is alone there."""
    if not ranked or ranked[0][0] < IN_SCOPE:
        return None
    best = [hit for score, hit in ranked if score == ranked[0][0]]
    if len(best) > 1 and stage is not None:
        best = [hit for hit in best if hit.stage_code == stage]
    return best[0] if len(best) == 1 else None


def _score(hit: store.Hit, place: str | None) -> int:
    if hit.via != "alias":
        return EXACT
    return IN_SCOPE if _in_scope(hit.places, place) else OUT_OF_SCOPE


def _in_scope(places: Sequence[str], place: str | None) -> bool:
    """An alias without places holds everywhere; where the question names no place, scope says nothing.

    苏州 covers 苏州市, and 江苏省苏州市姑苏区.
    """
    return not places or place is None or any(fold(known) in place or place in fold(known) for known in places)


def _candidate(score: int, hit: store.Hit, place: str | None, match: bool) -> Candidate:
    code = {"code": "DIC-WHY-CODE", "name": "DIC-WHY-NAME"}.get(hit.via, "DIC-WHY-ALIAS")
    if hit.via == "alias" and hit.places:
        code = "DIC-WHY-ALIAS-PLACE" if _in_scope(hit.places, place) else "DIC-WHY-ALIAS-ELSEWHERE"
    why = Fault("reason", code, {"alias": hit.text, "places": "、".join(hit.places)})
    return Candidate(hit.scheme, hit.code, hit.name, score, match, why)


def _result_json(result: Resolution, language: str) -> dict[str, object]:
    match = result.match
    answer: dict[str, object] = {
        "name": result.name,
        "match": {"code": match.code, "name": match.name, "score": match.score} if match else None,
        "candidates": [_candidate_json(candidate, language) for candidate in result.candidates],
    }
    if result.fault is not None:
        answer["fault"] = {"code": result.fault.code, "reason": result.fault.text(language)}
    return answer


def _candidate_json(candidate: Candidate, language: str) -> dict[str, object]:
    return {
        "scheme": candidate.scheme,
        "code": candidate.code,
        "name": candidate.name,
        "score": candidate.score,
        "match": candidate.match,
        "reason": candidate.reason(language),
    }
