"""Judges a batch of names: equal to a code, a name, an alias in scope; equal but for writing; or like, with a probability."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from jishi.dictionary.resolver.answers import Candidate, Resolution
from jishi.dictionary.resolver.chance import chances_of
from jishi.dictionary.resolver.equal import NOBODY, Equals, Hits
from jishi.dictionary.resolver.index import Index, readings
from jishi.dictionary.resolver.likely import Floats, Likely
from jishi.dictionary.resolver.likeness import Comparison
from jishi.dictionary.resolver.setting import Setting
from jishi.dictionary.resolver.told import tell
from jishi.dictionary.resolver.unsaid import Unsaid
from jishi.dictionary.resolver.wording import Reader, Reading, is_broad
from jishi.dictionary.resolver.words import Curve, Words
from jishi.errors import Fault

LENGTH_LIMIT = 200
LIKE_MOST = 97
"""No name that is merely like another scores more, however sure."""
CHUNK = 128
"""So many names are compared at once: enough to be fast, few enough to keep arrays small."""
COVERED_LEAST = 0.34
"""A name of which less is known than this part is foreign."""
COVERED_SURE = 0.6
"""A name of which less is known than this part has candidates, but no match."""
BROAD_LEAST, BROAD_MOST = 0.01, 70
"""A word that means many things has candidates from this probability on, and scores no more by itself."""

Asked = tuple[int, Reading, frozenset[int]]
"""Place of the name, how it reads, and the concepts it is decided not to mean."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Everything a batch needs, made once an index; used by threads, never changed."""

    index: Index
    equals: Equals
    comparison: Comparison
    unsaid: Unsaid
    reader: Reader
    read: Sequence[Reading | None]
    words: Words
    curve: Curve
    broad: frozenset[str]
    refusals: dict[frozenset[str], tuple[int, ...]]

    def resolve(self, names: Sequence[str], setting: Setting, limit: int) -> tuple[Resolution, ...]:
        """One answer a name, in order; a name that cannot be read is the fault of its item."""
        answers: list[Resolution | None] = [None] * len(names)
        asked: list[Asked] = []
        for place, name in enumerate(names):
            plain = self.reader.plain(name) if len(name) <= LENGTH_LIMIT else ""
            if not plain or "\0" in name:
                answers[place] = Resolution(name, None, (), _fault(name))
                continue
            hits, refused, reading = self._look(name, plain, setting)
            if hits:
                answers[place] = self.equals.settle(name, hits, setting, limit)
            elif self._says_something(reading):
                asked.append((place, reading, refused | self._refused(reading, setting)))
        asked.sort(key=_alike)
        for start in range(0, len(asked), CHUNK):
            chunk = asked[start : start + CHUNK]
            likely, left = self.compared([reading for _, reading, _ in chunk], setting, limit)
            for row, candidates in self._judged(chunk, likely, left, setting, limit):
                place = chunk[row][0]
                match = candidates[0] if candidates and candidates[0].match else None
                answers[place] = Resolution(names[place], match, candidates)
        return tuple([answer or Resolution(name, None, ()) for name, answer in zip(names, answers, strict=True)])

    def reading_of(self, name: str, setting: Setting) -> Reading | None:
        """How a name reads that is equal to nothing and is compared by words of more than one meaning; None for others."""
        hits, _, reading = self._look(name, self.reader.plain(name), setting)
        return None if hits or not self._says_something(reading) or is_broad(reading, self.broad) else reading

    def compared(self, asked: Sequence[Reading], setting: Setting, limit: int = 5) -> tuple[Likely, Floats]:
        """What each reading is like, and per pair 1 where something is left unsaid."""
        likely = self.comparison.likely(asked, setting.living, setting.bonus, limit)
        if not self.index.words:
            return likely, np.zeros(len(likely.row), np.float32)
        return self.unsaid.settle(likely, asked)

    def _look(self, name: str, plain: str, setting: Setting) -> tuple[Hits, frozenset[int], Reading]:
        text = self.reader.text(plain)
        bare = self.reader.marked_off(text)
        hits, refused = self.equals.hits(name, plain, bare, setting)
        if hits:
            return hits, refused, _UNREAD
        reading = self.reader.read_text(text, bare) if self.index.words else self.reader.skim(plain)
        return hits, refused, reading

    def _says_something(self, reading: Reading) -> bool:
        """Whether a name is worth comparing: nothing of other matters, and more than one broad word with a stranger."""
        if not reading.run or reading.foreign:
            return False
        if not self.index.words:
            return not reading.run.isdigit()
        return not (reading.unknown and is_broad(reading, self.broad))

    def _refused(self, reading: Reading, setting: Setting) -> frozenset[int]:
        """Concepts that a decision says are not meant by a name of the same words."""
        if not self.refusals or not reading.weights:
            return NOBODY
        spellings = self.refusals.get(frozenset(reading.weights), ())
        held = [spelling for spelling in spellings if setting.covers(self.index.scope(spelling))]
        return frozenset(self.index.owners[spelling] for spelling in held)

    def _judged(
        self, chunk: Sequence[Asked], likely: Likely, left: Floats, setting: Setting, limit: int
    ) -> Iterable[tuple[int, tuple[Candidate, ...]]]:
        chances, leads = chances_of(self.curve, likely, left, len(chunk))
        bounds = np.searchsorted(likely.row, np.arange(len(chunk) + 1)).tolist()
        owners, spellings = likely.owner.tolist(), likely.spelling.tolist()
        sure = (chances >= self.curve.match) & (leads >= self.curve.margin) & likely.whole & (left == 0)
        known = likely.covered >= (COVERED_SURE if self.index.words else 0)
        scores = np.minimum(np.rint(100 * chances), LIKE_MOST).astype(np.int64).tolist()
        vague = np.array([is_broad(reading, self.broad) for _, reading, _ in chunk], np.bool_)
        floor = np.where(vague[likely.row], BROAD_LEAST, self.curve.floor)
        told = ((chances >= floor) & (likely.covered >= COVERED_LEAST)).tolist()
        certain = (sure & known).tolist()
        for row, (_, reading, refused) in enumerate(chunk):
            made: list[Candidate] = []
            broad = bool(vague[row])
            for place in range(bounds[row], bounds[row + 1]):
                if len(made) >= limit:
                    break
                if not told[place] or owners[place] in refused:
                    continue
                match = certain[place] and not made and not broad
                score = min(BROAD_MOST, scores[place]) if broad else scores[place]
                made += self._told(owners[place], score, match, self._why(spellings[place], reading), setting)
            if len(made) > 1:
                once: dict[tuple[str, str], Candidate] = {}
                for each in made:
                    once.setdefault((each.scheme, each.code), each)
                made = sorted(once.values(), key=_by_score)[:limit]
            yield row, tuple(made)

    def _told(self, owner: int, score: int, match: bool, why: Fault, setting: Setting) -> list[Candidate]:
        index = self.index
        if not index.drafts and not index.successors:
            return [Candidate(index.schemes[owner], index.codes[owner], index.names[owner], score, match, why)]
        return [
            Candidate(
                index.schemes[each.owner],
                index.codes[each.owner],
                index.names[each.owner],
                each.score,
                match and each.sure,
                each.why,
            )
            for each in tell(index, setting.standing, owner, score, why)
        ]

    def _why(self, spelling: int, reading: Reading) -> Fault:
        other = self.read[spelling]
        shared = "、".join([word for word in reading.weights if word in other.weights]) if other is not None else ""
        return _why_like(self.index.texts[spelling], shared, reading.guessed)


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
    broad = frozenset(words.broad)
    unsaid = Unsaid(read if index.words else (), words)
    return Judge(index, Equals(index, read, broad), comparison, unsaid, reader, read, words, curve, broad, refusals)


def _fault(name: str) -> Fault:
    """What is wrong with a name that cannot be compared."""
    if "\0" in name:
        return Fault("name", "DIC-NAME-ZERO")
    if len(name) > LENGTH_LIMIT:
        return Fault("name", "DIC-NAME-LONG", {"limit": LENGTH_LIMIT})
    return Fault("name", "DIC-NAME-BLANK")


def _alike(asked: Asked) -> str:
    """Names of the same words stand together, so that those are compared once."""
    return "".join(asked[1].weights)


def _by_score(candidate: Candidate) -> int:
    return -candidate.score


_UNREAD = Reading("", {}, 0.0, "")
