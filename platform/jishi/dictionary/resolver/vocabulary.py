"""Words of spellings as a table of weights: what a name shares with every spelling is a sum of rows."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np

from jishi.dictionary.resolver.likely import Floats, Ints
from jishi.dictionary.resolver.wording import Reading
from jishi.dictionary.resolver.words import Words

ACT_WEIGHT = 0.8
"""What a head word weighs beside a modifier of the same rarity."""
OTHER_HEAD = 0.72
"""What is left of a likeness whose head words are different acts."""
OTHER_CATEGORY = 0.93
"""What is left of a likeness where only one of the two is worded as a category."""
NO_WORDS = 1e9
"""What a spelling without known words weighs: nothing covers it."""


class Vocabulary:
    """The words of spellings, their weights by rarity over ``count`` concepts, and what near words are worth.

    ``part``: what each spelling counts for; ``weight``: what all its words weigh.
    """

    def __init__(self, read: Sequence[Reading], owners: Ints, part: Floats, count: int, words: Words) -> None:
        self._words = words
        self._heads = {act: place + 1 for place, act in enumerate(words.acts)}
        self._near: dict[str, list[tuple[str, float]]] = {}
        for one, other, worth in words.related:
            self._near.setdefault(one, []).append((other, worth))
            self._near.setdefault(other, []).append((one, worth))
        self._weights = self._rarities(read, owners, count)
        self._unknown = float(np.median(list(self._weights.values()))) if self._weights else 1.0
        heads = np.array([self._heads.get(reading.head, 0) if reading.weights else 0 for reading in read], np.int64)
        category = np.array([reading.category for reading in read], np.bool_)
        differs = np.float32(OTHER_CATEGORY)
        self._if_category = np.where(category, 1 / differs, differs)
        self._agree = np.ascontiguousarray(
            self._agreement()[:, heads] * np.where(category, differs, np.float32(1)) * part
        )
        self._places = {word: place + 1 for place, word in enumerate(sorted(self._said()))}
        self.weight: Floats = np.full(len(read), NO_WORDS, np.float32)
        self._table = np.zeros((len(self._places) + 1, len(read)), np.float32)
        for place, reading in enumerate(read):
            if reading.weights:
                self._lay(place, reading)

    def shared(self, names: Sequence[Reading]) -> tuple[Floats, Floats]:
        """Weight that each name (down) shares with each spelling (across), and the weight of each name's words."""
        known, places, unknown = self._weights, self._places, self._unknown
        weights: list[float] = []
        held: list[tuple[list[int], list[int], list[float]]] = [([], [], [])]
        for row, reading in enumerate(names):
            weight = reading.unknown * unknown
            for number, (word, part) in enumerate(reading.weights.items()):
                weight += known.get(word, unknown)
                if number == len(held):
                    held.append(([], [], []))
                rows, words, parts = held[number]
                rows.append(row)
                words.append(places.get(word, 0))
                parts.append(part)
            weights.append(weight)
        shared: Floats = np.zeros((len(names), self._table.shape[1]), np.float32)
        for rows, words, parts in held:
            told = self._table[words]
            if parts and min(parts) < 1:
                told *= np.array(parts, np.float32)[:, None]
            if len(rows) == len(names):
                shared += told
            else:
                shared[rows] += told
        return shared, np.maximum(np.array(weights, np.float32), np.float32(1e-6))

    def fit(self, names: Sequence[Reading]) -> Floats:
        """What is left of the likeness of each name (down) to each spelling (across) by head word, category and part."""
        fit: Floats = self._agree[[self._heads.get(reading.head, 0) for reading in names]]
        category = [row for row, reading in enumerate(names) if reading.category]
        if category:
            fit[category] *= self._if_category
        return fit

    def _rarities(self, read: Sequence[Reading], owners: Ints, count: int) -> dict[str, float]:
        holders: dict[str, set[int]] = {}
        for owner, reading in zip(owners.tolist(), read, strict=True):
            for word in reading.weights:
                holders.setdefault(word, set()).add(owner)
        acts = self._words.acts
        return {
            word: (ACT_WEIGHT if word in acts else 1.0) * log(1 + max(1, count) / len(held))
            for word, held in holders.items()
        }

    def _said(self) -> set[str]:
        """The words of spellings and those that are near one."""
        return set(self._weights) | {near for word in self._weights for near, _ in self._near.get(word, ())}

    def _lay(self, place: int, reading: Reading) -> None:
        own = {word: self._weights[word] for word in reading.weights}
        self.weight[place] = sum(own.values()) + reading.unknown * self._unknown
        worth = dict(own)
        for word, weight in own.items():
            for near, part in self._near.get(word, ()):
                if near not in own:
                    worth[near] = max(worth.get(near, 0.0), part * min(weight, self._weights.get(near, weight)))
        for word, weight in worth.items():
            self._table[self._places[word], place] = weight

    def _agreement(self) -> Floats:
        """Head word by head word: 1 where they agree, less where they are near, least where they differ; 0 is no head."""
        table = np.full((len(self._heads) + 1, len(self._heads) + 1), OTHER_HEAD, np.float32)
        table[0, :] = table[:, 0] = (1 + OTHER_HEAD) / 2
        np.fill_diagonal(table, 1)
        for one, near in self._near.items():
            for other, worth in near:
                if one in self._heads and other in self._heads:
                    table[self._heads[one], self._heads[other]] = OTHER_HEAD + (1 - OTHER_HEAD) * worth
        return table
