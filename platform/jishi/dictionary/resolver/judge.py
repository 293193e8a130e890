"""Judges a batch of names: equal to a code, a name, an alias in scope; equal but for writing; or like, with a probability."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jishi.dictionary.resolver.answers import Candidate, Resolution
from jishi.dictionary.resolver.index import ALIAS, CODE, WORDING, Index, Scope, readings
from jishi.dictionary.resolver.likeness import Comparison, Floats, Likely
from jishi.dictionary.resolver.setting import Setting
from jishi.dictionary.resolver.wording import Reader, Reading
from jishi.dictionary.resolver.words import Curve, Words
from jishi.dictionary.spelling import fold
from jishi.errors import Fault

LENGTH_LIMIT = 200
EXACT, IN_SCOPE, WRITTEN_OTHERWISE, BARE, OUT_OF_SCOPE = 100, 98, 97, 96, 90
LIKE_MOST = 97
"""No name that is merely like another scores more, however sure."""
CHUNK = 128
"""So many names are compared at once: enough to be fast, few enough to keep arrays small."""
COVERED_LEAST = 0.34
"""A name of which less is known than this part is foreign."""
BROAD_MOST = 70
"""A word that means many things scores no more by itself."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Everything a batch needs, made once an index; used by threads, never changed."""

    index: Index
    comparison: Comparison
    reader: Reader
    read: Sequence[Reading | None]
    words: Words
    curve: Curve
    broad: frozenset[str]
    refusals: dict[frozenset[str], tuple[int, ...]]

    def resolve(self, names: Sequence[str], setting: Setting, limit: int) -> tuple[Resolution, ...]:
        """One answer a name, in order; a name that cannot be read is the fault of its item."""
        answers: list[Resolution | None] = [None] * len(names)
        open_names: list[tuple[int, Reading, frozenset[int]]] = []
        for place, name in enumerate(names):
            plain = self.reader.plain(name) if len(name) <= LENGTH_LIMIT else ""
            if not plain or "\0" in name:
                answers[place] = Resolution(name, None, (), _fault(name))
                continue
            hits, refused = self._equal(name, plain, setting)
            if hits:
                answers[place] = self._settle(name, hits, setting, limit)
                continue
            reading = self.reader.read(plain) if self.index.words else self.reader.skim(plain)
            if self._says_something(reading):
                open_names.append((place, reading, refused | self._refused(reading, setting)))
        for start in range(0, len(open_names), CHUNK):
            chunk = open_names[start : start + CHUNK]
            likely = self.comparison.likely([reading for _, reading, _ in chunk], setting.living, setting.bonus)
            for row, candidates in self._judged(chunk, likely, setting, limit):
                place = chunk[row][0]
                match = candidates[0] if candidates and candidates[0].match else None
                answers[place] = Resolution(names[place], match, candidates)
        return tuple(answer or Resolution(name, None, ()) for name, answer in zip(names, answers, strict=True))

    def compared(self, name: str, setting: Setting) -> Reading | None:
        """How a name reads that is equal to nothing and is compared by words of more than one meaning; None for others."""
        plain = self.reader.plain(name)
        reading = self.reader.read(plain)
        if self._equal(name, plain, setting)[0] or not self._says_something(reading) or self._is_broad(reading):
            return None
        return reading

    def _equal(self, name: str, plain: str, setting: Setting) -> tuple[dict[int, tuple[int, int]], frozenset[int]]:
        """Concept → (score, spelling) of what is equal to the name, and which concepts it is decided not to mean."""
        found = [(spelling, 0) for spelling in self.index.by_plain.get(plain, ())]
        bare = self.reader.bare(plain)
        found += [(spelling, BARE) for spelling in self.index.by_bare.get(bare, ()) if bare]
        if not found:
            return {}, _NOBODY
        refused: set[int] = set()
        best: dict[int, tuple[int, int]] = {}
        for spelling, most in found:
            owner = self.index.owners[spelling]
            scope = self.index.scope(spelling)
            if not setting.living[owner] or not scope.first <= setting.day < scope.end:
                continue
            if scope.negative:
                if setting.covers(scope):
                    refused.add(owner)
                continue
            if self.index.kinds[spelling] == WORDING and self._is_broad(self.read[spelling]):
                continue
            score = self._score(name, spelling, scope, most, setting)
            if owner not in best or best[owner][0] < score:
                best[owner] = (score, spelling)
        return {owner: held for owner, held in best.items() if owner not in refused}, frozenset(refused)

    def _score(self, name: str, spelling: int, scope: Scope, most: int, setting: Setting) -> int:
        kind = self.index.kinds[spelling]
        score = EXACT if kind != ALIAS else IN_SCOPE if setting.covers(scope) else OUT_OF_SCOPE
        if kind == WORDING:
            score = LIKE_MOST
        if most:
            return min(score, most)
        return score if fold(self.index.texts[spelling]) == fold(name) else min(score, WRITTEN_OTHERWISE)

    def _settle(self, name: str, hits: dict[int, tuple[int, int]], setting: Setting, limit: int) -> Resolution:
        """The candidates of equal spellings, and the match if one is alone at the top (in the stage asked for, or nearest)."""
        index = self.index
        ranked = sorted(
            hits.items(),
            key=lambda hit: (
                -hit[1][0],
                -setting.bonus[hit[0]],
                bool(index.scope(hit[1][1]).places),
                index.codes[hit[0]],
            ),
        )
        best = [owner for owner, (score, _) in ranked if score == ranked[0][1][0] and score > OUT_OF_SCOPE]
        if len(best) > 1:
            top = max(setting.bonus[owner] for owner in best)
            best = [owner for owner in best if setting.bonus[owner] == top]
        chosen = best[0] if len(best) == 1 else -1
        made = [
            Candidate(
                index.schemes[owner],
                index.codes[owner],
                index.names[owner],
                score,
                owner == chosen,
                self._why_equal(name, spelling, score, setting),
            )
            for owner, (score, spelling) in ranked
        ]
        return Resolution(name, next((item for item in made if item.match), None), tuple(made[:limit]))

    def _why_equal(self, name: str, spelling: int, score: int, setting: Setting) -> Fault:
        index, kind, scope = self.index, self.index.kinds[spelling], self.index.scope(spelling)
        text = index.texts[spelling]
        if kind == WORDING:
            return Fault("reason", "DIC-WHY-WORDING", {"alias": text})
        if fold(text) != fold(name):
            return Fault("reason", "DIC-WHY-WRITTEN", {"alias": text})
        values: dict[str, object] = {"alias": text, "places": "、".join((*scope.places, *scope.departments))}
        if kind != ALIAS:
            return Fault("reason", "DIC-WHY-CODE" if kind == CODE else "DIC-WHY-NAME", values)
        if not scope.places and not scope.departments:
            return Fault("reason", "DIC-WHY-ALIAS", values)
        return Fault("reason", "DIC-WHY-ALIAS-PLACE" if setting.covers(scope) else "DIC-WHY-ALIAS-ELSEWHERE", values)

    def _says_something(self, reading: Reading) -> bool:
        """Whether a name is worth comparing: nothing of other matters, and more than one broad word with a stranger."""
        if not reading.run or reading.foreign:
            return False
        if not self.index.words:
            return not reading.run.isdigit()
        broad = [word for word in reading.weights if word in self.broad]
        return not (len(broad) == len(reading.weights) == 1 and reading.unknown)

    def _is_broad(self, reading: Reading | None) -> bool:
        return reading is not None and len(reading.weights) == 1 and next(iter(reading.weights)) in self.broad

    def _refused(self, reading: Reading, setting: Setting) -> frozenset[int]:
        """Concepts that a decision says are not meant by a name of the same words."""
        if not self.refusals or not reading.weights:
            return _NOBODY
        spellings = self.refusals.get(frozenset(reading.weights), ())
        held = [spelling for spelling in spellings if setting.covers(self.index.scope(spelling))]
        return frozenset(self.index.owners[spelling] for spelling in held)

    def _judged(
        self, chunk: Sequence[tuple[int, Reading, frozenset[int]]], likely: Likely, setting: Setting, limit: int
    ) -> Iterable[tuple[int, tuple[Candidate, ...]]]:
        chances, leads = self.chances(likely, len(chunk))
        bounds = np.searchsorted(likely.row, np.arange(len(chunk) + 1)).tolist()
        owners, spellings = likely.owner.tolist(), likely.spelling.tolist()
        chance, lead, covered = chances.tolist(), leads.tolist(), likely.covered.tolist()
        whole = likely.whole.tolist()
        for row, (_, reading, refused) in enumerate(chunk):
            made: list[Candidate] = []
            broad = self._is_broad(reading)
            for place in range(bounds[row], bounds[row + 1]):
                if len(made) == limit or chance[place] < self.curve.floor:
                    break
                owner = owners[place]
                if owner in refused or covered[place] < COVERED_LEAST:
                    continue
                sure = chance[place] >= self.curve.match and lead[place] >= self.curve.margin
                match = sure and whole[place] and not made and not broad and not refused
                score = min(BROAD_MOST if broad else LIKE_MOST, round(100 * chance[place]))
                made.append(self._candidate(owner, spellings[place], score, match, reading))
            made.sort(key=_by_score)
            yield row, tuple(made)

    def chances(self, likely: Likely, names: int) -> tuple[Floats, Floats]:
        """The probability of each pair being right, and its lead: over the runner-up, or behind the best (negative)."""
        like, row = likely.like, likely.row
        first = np.searchsorted(row, np.arange(names))
        after = np.searchsorted(row, np.arange(names), side="right")
        top = np.zeros(names, np.float32)
        runner_up = np.zeros(names, np.float32)
        has, has_second = after > first, after > first + 1
        top[has] = like[first[has]]
        runner_up[has_second] = like[first[has_second] + 1]
        lead: Floats = like - top[row]
        lead[first[has]] = (top - runner_up)[has]
        curve = self.curve
        logit = (
            curve.bias
            + curve.likeness * like
            + curve.lead * lead
            + curve.covered * likely.covered
            + curve.covering * likely.covering
        )
        chance: Floats = (1 / (1 + np.exp(-logit))).astype(np.float32)
        return chance, lead

    def _candidate(self, owner: int, spelling: int, score: int, match: bool, reading: Reading) -> Candidate:
        index = self.index
        other = self.read[spelling]
        shared = "、".join([word for word in reading.weights if other is not None and word in other.weights])
        why = _why_like(index.texts[spelling], shared, reading.guessed)
        return Candidate(index.schemes[owner], index.codes[owner], index.names[owner], score, match, why)


@lru_cache(maxsize=20_000)
def _why_like(text: str, shared: str, guessed: bool) -> Fault:
    if not shared:
        return Fault("reason", "DIC-WHY-LIKE", {"alias": text})
    return Fault("reason", "DIC-WHY-SOUND" if guessed else "DIC-WHY-WORDS", {"alias": text, "words": shared})


def make_judge(index: Index, reader: Reader, words: Words) -> Judge:
    """Lay out an index for comparing; runs long for large lists, so keep it off the event loop."""
    read = readings(index, reader)
    refusals: dict[frozenset[str], tuple[int, ...]] = {}
    for spelling, scope in index.scopes.items():
        reading = read[spelling]
        if scope.negative and reading is not None and reading.weights:
            key = frozenset(reading.weights)
            refusals[key] = (*refusals.get(key, ()), spelling)
    told = [None if index.scope(place).negative else reading for place, reading in enumerate(read)]
    comparison = Comparison(index, told, words)
    curve = words.calibration.concepts if index.words else words.calibration.lists
    return Judge(index, comparison, reader, read, words, curve, frozenset(words.broad), refusals)


def _fault(name: str) -> Fault:
    """What is wrong with a name that cannot be compared."""
    if "\0" in name:
        return Fault("name", "DIC-NAME-ZERO")
    if len(name) > LENGTH_LIMIT:
        return Fault("name", "DIC-NAME-LONG", {"limit": LENGTH_LIMIT})
    return Fault("name", "DIC-NAME-BLANK")


def _by_score(candidate: Candidate) -> int:
    return -candidate.score


_NOBODY: frozenset[int] = frozenset()
