"""Names that are equal to a code, a name or an alias in scope, or equal but for writing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jishi.dictionary.resolver.answers import Candidate, Resolution
from jishi.dictionary.resolver.index import ALIAS, CODE, WORDING, Index, Scope
from jishi.dictionary.resolver.setting import Setting
from jishi.dictionary.resolver.told import Found, tell
from jishi.dictionary.resolver.wording import Reading, is_broad
from jishi.dictionary.spelling import fold
from jishi.errors import Fault

EXACT, IN_SCOPE, WRITTEN_OTHERWISE, BARE, OUT_OF_SCOPE = 100, 98, 97, 96, 90
COMMON = 97
"""What a name scores that equals a common wording, which is no reviewed alias."""
NOBODY: frozenset[int] = frozenset()

Hits = dict[int, tuple[int, int]]
"""Concept → score and spelling."""


@dataclass(frozen=True, slots=True)
class Equals:
    """Finds equal spellings and settles what they mean."""

    index: Index
    read: Sequence[Reading | None]
    broad: frozenset[str]

    def hits(self, name: str, plain: str, bare: str, setting: Setting) -> tuple[Hits, frozenset[int]]:
        """What is equal to the name, and which concepts it is decided not to mean."""
        index = self.index
        exact = index.by_plain.get(plain, ())
        written = index.by_bare.get(bare, ()) if bare else ()
        if not exact and not written:
            return {}, NOBODY
        refused: set[int] = set()
        best: Hits = {}
        for spelling, most in [*[(each, 0) for each in exact], *[(each, BARE) for each in written]]:
            owner = index.owners[spelling]
            scope = index.scope(spelling)
            if not setting.living[owner] or not scope.first <= setting.day < scope.end:
                continue
            if scope.negative:
                if setting.covers(scope):
                    refused.add(owner)
                continue
            if index.kinds[spelling] == WORDING and is_broad(self.read[spelling], self.broad):
                continue
            score = self._score(name, spelling, scope, most, setting)
            if owner not in best or best[owner][0] < score:
                best[owner] = (score, spelling)
        return {owner: held for owner, held in best.items() if owner not in refused}, frozenset(refused)

    def settle(self, name: str, hits: Hits, setting: Setting, limit: int) -> Resolution:
        """The candidates, and the match if one is alone at the top (in the stage asked for, or nearest)."""
        index = self.index
        if len(hits) == 1:
            [(owner, (score, spelling))] = hits.items()
            only = tell(index, setting.standing, owner, score, self._why(name, spelling, score, setting))
            made = [_candidate(index, each, each.sure and each.score > OUT_OF_SCOPE) for each in only]
            return Resolution(name, made[0] if made[0].match else None, tuple(made[:limit]))
        found = {
            each.owner: each
            for owner, (score, spelling) in sorted(hits.items(), key=lambda hit: hit[1][0])
            for each in tell(index, setting.standing, owner, score, self._why(name, spelling, score, setting))
        }
        ranked = sorted(
            found.values(),
            key=lambda each: (
                -each.score,
                -setting.bonus[each.owner],
                each.owner in hits and bool(index.scope(hits[each.owner][1]).places),
                index.codes[each.owner],
            ),
        )
        best = [each for each in ranked if each.score == ranked[0].score and each.score > OUT_OF_SCOPE and each.sure]
        if len(best) > 1:
            top = max(setting.bonus[each.owner] for each in best)
            best = [each for each in best if setting.bonus[each.owner] == top]
        chosen = best[0].owner if len(best) == 1 else -1
        made = [_candidate(index, each, each.owner == chosen) for each in ranked]
        return Resolution(name, next((item for item in made if item.match), None), tuple(made[:limit]))

    def _score(self, name: str, spelling: int, scope: Scope, most: int, setting: Setting) -> int:
        kind = self.index.kinds[spelling]
        score = EXACT if kind != ALIAS else IN_SCOPE if setting.covers(scope) else OUT_OF_SCOPE
        if kind == WORDING:
            score = COMMON
        if most:
            return min(score, most)
        return score if _is_same(self.index.texts[spelling], name) else min(score, WRITTEN_OTHERWISE)

    def _why(self, name: str, spelling: int, score: int, setting: Setting) -> Fault:
        index, kind, scope = self.index, self.index.kinds[spelling], self.index.scope(spelling)
        text = index.texts[spelling]
        if kind == WORDING:
            return Fault("reason", "DIC-WHY-WORDING", {"alias": text})
        if not _is_same(text, name):
            return Fault("reason", "DIC-WHY-WRITTEN", {"alias": text})
        values: dict[str, object] = {"alias": text, "places": "、".join((*scope.places, *scope.departments))}
        if kind != ALIAS:
            return Fault("reason", "DIC-WHY-CODE" if kind == CODE else "DIC-WHY-NAME", values)
        if not scope.places and not scope.departments:
            return Fault("reason", "DIC-WHY-ALIAS", values)
        return Fault("reason", "DIC-WHY-ALIAS-PLACE" if setting.covers(scope) else "DIC-WHY-ALIAS-ELSEWHERE", values)


def _is_same(text: str, name: str) -> bool:
    return text == name or fold(text) == fold(name)


def _candidate(index: Index, found: Found, match: bool) -> Candidate:
    owner = found.owner
    return Candidate(index.schemes[owner], index.codes[owner], index.names[owner], found.score, match, found.why)
