"""How like two readings are: shared words by weight, shared pairs of characters, and whether the head words agree.

Everything is an inverted index: a name touches only the spellings it shares something with, and a batch is settled with
a few operations over flat arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from jishi.dictionary.resolver.index import DOCUMENT, Index
from jishi.dictionary.resolver.wording import Reading
from jishi.dictionary.resolver.words import Words

ACT_WEIGHT = 0.8
"""What a head word weighs beside a modifier of the same rarity."""
WORDS_PART = 0.85
"""What shared words count for; the rest is for shared pairs of characters."""
COVERED_POWER = 0.6
"""How much the part of the name that is covered counts; the rest is for the part of the spelling."""
OTHER_HEAD = 0.72
"""What is left of a likeness whose head words are different acts."""
DOCUMENT_PART = 0.92
"""What a document of the node counts for beside its names."""
PAIRS_ALONE = 0.8
"""What shared pairs of characters count for by themselves, where the words are not known."""
FIRST_PART, LATER_PART, JOINED_LOOSELY, SAME = 0.92, 0.85, 0.85, 0.97
"""A name that joins two things is worth this much as its first, as a later one, and as one thing that holds words of both;
from ``SAME`` on it is that thing itself."""
OTHER_CATEGORY = 0.93
"""What is left of a likeness where only one of the two is worded as a category."""
POSTINGS = 1500
"""So many entries of the inverted index are looked at for one name; the rarest pairs of characters come first."""

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Likely:
    """Per pair of a name and a concept it is like: best of each name first.

    ``row`` name, ``owner`` concept, ``spelling`` the one that is most like; ``like`` 0-1; ``covered`` and ``covering``:
    the part of the name's and of the spelling's weight that is shared; ``whole``: the whole name is like it, not one of
    the things it joins.
    """

    row: Ints
    owner: Ints
    spelling: Ints
    like: Floats
    covered: Floats
    covering: Floats
    whole: npt.NDArray[np.bool_]


class Comparison:
    """The spellings of an index as inverted lists of words and of pairs of characters."""

    def __init__(self, index: Index, read: Sequence[Reading | None], words: Words) -> None:
        self._index = index
        self._owners = np.array(index.owners, np.int64)
        self._part = np.ones(len(index.texts), np.float32)
        self._part[np.frombuffer(bytes(index.kinds), np.uint8) == DOCUMENT] = DOCUMENT_PART
        self._joins = np.array([bool(reading is not None and reading.parts) for reading in read], np.bool_)
        self._category = self._categories(read)
        self._heads = {act: place + 1 for place, act in enumerate(words.acts)}
        self._related: dict[str, list[tuple[str, float]]] = {}
        for one, other, worth in words.related:
            self._related.setdefault(one, []).append((other, worth))
            self._related.setdefault(other, []).append((one, worth))
        self._agree = self._agreement()
        self._lay_words(read if index.words else [None] * len(index.texts), words)
        self._lay_pairs([None if reading is None else reading.run for reading in read])

    def likely(self, names: Sequence[Reading], living: npt.NDArray[np.bool_], bonus: Floats) -> Likely:
        """The concepts each of ``names`` is like, of those in force; ``bonus`` by concept is what the context adds.

        A name that joins several things is compared as a whole and by its parts, of which the first counts most.
        """
        rows, name_of, worth = list(names), list(range(len(names))), [1.0] * len(names)
        for place, reading in enumerate(names):
            for number, part in enumerate(reading.parts):
                rows.append(part)
                name_of.append(place)
                worth.append(FIRST_PART if not number else LATER_PART)
        found = self._compare(rows, living, bonus)
        if len(rows) == len(names):
            return found
        joins = np.array([bool(reading.parts) for reading in names], np.bool_)
        whole = found.row < len(names)
        loose = whole & joins[np.where(whole, found.row, 0)] & ~self._joins[found.spelling] & (found.like < SAME)
        part = np.array(worth, np.float32)[found.row]
        part[loose] = JOINED_LOOSELY
        row = np.array(name_of, np.int64)[found.row]
        return _best(row, found.owner, found.spelling, found.like * part, found.covered * part, found.covering, whole & ~loose)

    def _compare(self, names: Sequence[Reading], living: npt.NDArray[np.bool_], bonus: Floats) -> Likely:
        keys: list[npt.NDArray[np.int64]] = []
        values: list[Floats] = []
        sides: list[int] = []
        total = len(self._owners)
        name_words = np.zeros(len(names), np.float32)
        name_pairs = np.zeros(len(names), np.float32)
        heads = np.zeros(len(names), np.int64)
        category = np.array([reading.category for reading in names], np.bool_)
        for row, reading in enumerate(names):
            if self._index.words:
                name_words[row] = self._take_words(reading, row * total, keys, values)
                heads[row] = self._heads.get(reading.head, 0)
            sides.extend([0] * (len(keys) - len(sides)))
            name_pairs[row] = self._take_pairs(reading.run, row * total, keys, values)
            sides.extend([1] * (len(keys) - len(sides)))
        if not keys:
            return _NONE
        lengths = np.fromiter((len(key) for key in keys), np.int64, len(keys))
        side = np.repeat(np.array(sides, np.bool_), lengths)
        key, value = np.concatenate(keys), np.concatenate(values)
        order = np.argsort(key, kind="stable")
        key, value, side = key[order], value[order], side[order]
        starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
        key = key[starts]
        shared_words = np.add.reduceat(np.where(side, np.float32(0), value), starts)
        shared_pairs = np.add.reduceat(np.where(side, value, np.float32(0)), starts)
        row, spelling = key // total, key % total
        covered = np.minimum(shared_words / np.maximum(name_words[row], 1e-6), 1)
        covering = np.minimum(shared_words / np.maximum(self._word_weight[spelling], 1e-6), 1)
        pairs = shared_pairs / np.sqrt(np.maximum(name_pairs[row] * self._pair_weight[spelling], 1e-6))
        if self._index.words:
            like = WORDS_PART * covered**COVERED_POWER * covering ** (1 - COVERED_POWER) + np.float32(1 - WORDS_PART) * pairs
            like *= self._agree[heads[row], self._head_of[spelling]]
            like[category[row] != self._category[spelling]] *= np.float32(OTHER_CATEGORY)
            like = np.maximum(like, PAIRS_ALONE * pairs) * self._part[spelling]
        else:
            like, covered, covering = pairs, pairs, pairs
        owner = self._owners[spelling]
        keep = living[owner] & (like > 0.15)
        row, owner, spelling, like = row[keep], owner[keep], spelling[keep], like[keep] + bonus[owner[keep]]
        return _best(row, owner, spelling, like, covered[keep], covering[keep], np.ones(len(row), np.bool_))

    def _take_words(self, reading: Reading, base: int, keys: list[Ints], values: list[Floats]) -> float:
        weight = reading.unknown * self._unknown
        for word, part in reading.weights.items():
            own = self._weights.get(word, self._unknown)
            weight += own
            held = self._words.get(word)
            if held is not None:
                keys.append(held[0] + base)
                values.append(held[1] if part == 1 else held[1] * np.float32(part))
        return weight

    def _take_pairs(self, run: str, base: int, keys: list[Ints], values: list[Floats]) -> float:
        """Pairs of characters, the rarest first, until enough is looked at; the weight of all of them."""
        found = {pair: self._pairs.get(pair) for pair in _pairs(run)}
        known = sorted((held for held in found.values() if held is not None), key=len)
        weight = self._rarest * (len(found) - len(known))
        left = POSTINGS
        for held in known:
            rarity = self._rarity(len(held))
            weight += rarity
            if len(held) <= left:
                left -= len(held)
                keys.append(held + base)
                values.append(np.full(len(held), rarity, np.float32))
        return weight

    def _rarity(self, held: int) -> float:
        return log(1 + len(self._owners) / (1 + held))

    def _categories(self, read: Sequence[Reading | None]) -> npt.NDArray[np.bool_]:
        """Spellings worded as a category; concepts of a scheme of categories all are, for a name that is."""
        return np.array([reading is not None and reading.category for reading in read], np.bool_)

    def _agreement(self) -> Floats:
        """Head word by head word: 1 where they agree, less where they are near, least where they differ; 0 is no head."""
        table = np.full((len(self._heads) + 1, len(self._heads) + 1), OTHER_HEAD, np.float32)
        table[0, :] = table[:, 0] = (1 + OTHER_HEAD) / 2
        np.fill_diagonal(table, 1)
        for one, near in self._related.items():
            for other, worth in near:
                if one in self._heads and other in self._heads:
                    table[self._heads[one], self._heads[other]] = OTHER_HEAD + (1 - OTHER_HEAD) * worth
        return table

    def _lay_words(self, read: Sequence[Reading | None], words: Words) -> None:
        holders: dict[str, set[int]] = {}
        for owner, reading in zip(self._index.owners, read, strict=True):
            for word in reading.weights if reading is not None else ():
                holders.setdefault(word, set()).add(owner)
        count = max(1, len(self._index.codes))
        self._weights = {
            word: (ACT_WEIGHT if word in words.acts else 1.0) * log(1 + count / len(held))
            for word, held in holders.items()
        }
        self._unknown = float(np.median(list(self._weights.values()))) if self._weights else 1.0
        lists: dict[str, tuple[list[int], list[float]]] = {}
        self._word_weight = np.full(len(read), 1e9, np.float32)
        self._head_of = np.zeros(len(read), np.int64)
        for place, reading in enumerate(read):
            if reading is None or not reading.weights:
                continue
            self._head_of[place] = self._heads.get(reading.head, 0)
            own = {word: self._weights[word] for word in reading.weights}
            self._word_weight[place] = sum(own.values()) + reading.unknown * self._unknown
            worth = dict(own)
            for word, weight in own.items():
                for near, part in self._related.get(word, ()):
                    if near not in own:
                        worth[near] = max(worth.get(near, 0.0), part * min(weight, self._weights.get(near, weight)))
            for word, weight in worth.items():
                held = lists.setdefault(word, ([], []))
                held[0].append(place)
                held[1].append(weight)
        self._words = {
            word: (np.array(places, np.int64), np.array(weights, np.float32))
            for word, (places, weights) in lists.items()
        }

    def _lay_pairs(self, runs: Sequence[str | None]) -> None:
        lists: dict[str, list[int]] = {}
        for place, run in enumerate(runs):
            for pair in _pairs(run) if run else ():
                lists.setdefault(pair, []).append(place)
        self._pairs = {pair: np.array(places, np.int32) for pair, places in lists.items()}
        self._rarest = self._rarity(0)
        self._pair_weight = np.full(len(runs), 1e9, np.float32)
        laid = np.zeros(len(runs), np.float32)
        for places in self._pairs.values():
            laid[places] += self._rarity(len(places))
        self._pair_weight = np.maximum(laid, 1e-3)


def _pairs(run: str) -> Iterable[str]:
    """Each pair of neighbouring characters once; a single character stands for itself."""
    return dict.fromkeys(run[place : place + 2] for place in range(len(run) - 1)) or ([run] if run else [])


def _best(
    row: Ints, owner: Ints, spelling: Ints, like: Floats, covered: Floats, covering: Floats, whole: npt.NDArray[np.bool_]
) -> Likely:
    """Of each concept the best spelling, of each name the best concepts first."""
    order = np.lexsort((spelling, -like, owner, row))
    row, owner = row[order], owner[order]
    first = np.ones(len(row), np.bool_)
    first[1:] = (row[1:] != row[:-1]) | (owner[1:] != owner[:-1])
    kept = order[first]
    row, owner = row[first], owner[first]
    again = np.lexsort((owner, -like[kept], row))
    kept = kept[again]
    return Likely(row[again], owner[again], spelling[kept], like[kept], covered[kept], covering[kept], whole[kept])


_NO_INTS, _NO_FLOATS = np.zeros(0, np.int64), np.zeros(0, np.float32)
_NONE = Likely(_NO_INTS, _NO_INTS, _NO_INTS, _NO_FLOATS, _NO_FLOATS, _NO_FLOATS, np.zeros(0, np.bool_))
