"""What a name says and its likest spelling does not: an act or object left over makes another thing of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from jishi.dictionary.resolver.likely import Floats, Likely
from jishi.dictionary.resolver.wording import Reading
from jishi.dictionary.resolver.words import Words

NEAR = 0.6
"""A word is said by one that is worth this part of it."""
RIVALS, RIVAL = 4, 0.7
"""So many candidates, no less like than this part of the first, may go before it where they say what it leaves out."""
LEFT_OUT = 0.85
"""What is left of the likeness of one that gives way."""


class Unsaid:
    """For every spelling the words it says, itself or nearly; words that tell nothing apart are said by all."""

    def __init__(self, read: Sequence[Reading | None], words: Words) -> None:
        near: dict[str, set[str]] = {}
        for one, other, worth in words.related:
            if worth >= NEAR:
                near.setdefault(one, {one}).add(other)
                near.setdefault(other, {other}).add(one)
        mild = frozenset(words.mild)
        made: dict[frozenset[str], frozenset[str]] = {}
        self._said: list[frozenset[str]] = []
        for reading in read:
            own = frozenset(reading.weights) if reading is not None else frozenset()
            said = made.get(own)
            if said is None:
                said = made[own] = mild.union(own, *(near[word] for word in own if word in near))
            self._said.append(said)

    def settle(self, likely: Likely, names: Sequence[Reading]) -> tuple[Likely, Floats]:
        """``likely`` with those first that say all of the name, and per pair 1 where something is left unsaid."""
        bounds = np.searchsorted(likely.row, np.arange(len(names) + 1)).tolist()
        spellings = likely.spelling.tolist()
        left: Floats = np.zeros(len(spellings), np.float32)
        moved: list[int] = []
        like = likely.like
        for row, reading in enumerate(names):
            first, after = bounds[row], bounds[row + 1]
            if first == after:
                continue
            if self._said[spellings[first]].issuperset(reading.weights):
                left[first] = reading.tail
                continue
            left[first] = 1
            for place in range(first + 1, min(after, first + RIVALS)):
                if like[place] < RIVAL * like[first]:
                    break
                if not self._said[spellings[place]].issuperset(reading.weights):
                    left[place] = 1
                    continue
                moved.append(row)
                break
        if not moved:
            return likely, left
        like = np.where(left > 0, like * np.float32(LEFT_OUT), like)
        order = np.arange(len(spellings))
        for row in moved:
            part = slice(bounds[row], bounds[row + 1])
            order[part] = bounds[row] + np.argsort(-like[part], kind="stable")
        touched = np.zeros(len(names), np.bool_)
        touched[moved] = True
        like = np.where(touched[likely.row], like, likely.like)
        return likely.ordered(order, like), left[order]
