"""How like two readings are: shared words by weight, shared pairs of characters, and whether the head words agree.

Everything is an inverted index: a name touches only the spellings it shares something with, and a batch is settled with
a few operations over flat arrays.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
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
OTHER_HEAD = 0.72
"""What is left of a likeness whose head words are different acts."""
DOCUMENT_PART = 0.92
"""What a document of the node counts for beside its names."""
PAIRS_ALONE = 0.8
"""What shared pairs of characters count for by themselves, where the words are not known."""
SMALL = 8000
"""Up to so many spellings every one has a cell for every name of a chunk."""
ALIKE = 4
"""So many spellings of the same words are kept a concept, for their characters."""
NEAR_BEST, LEAST, TIE = 0.4, 0.15, 0.05
"""What is less like than this part of the best, or than this, is not told; so near one another are two a tie."""
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
        kept = _kept(index, read)
        read = [read[spelling] for spelling in kept]
        self._spellings = np.array(kept, np.int64)
        self._owners = np.array(index.owners, np.int64)[self._spellings]
        self._part = np.ones(len(kept), np.float32)
        self._part[np.frombuffer(bytes(index.kinds), np.uint8)[self._spellings] == DOCUMENT] = DOCUMENT_PART
        self._joins = np.array([bool(reading is not None and reading.parts) for reading in read], np.bool_)
        self._category = self._categories(read)
        self._uncategorical = np.where(self._category, np.float32(OTHER_CATEGORY), np.float32(1))
        self._heads = {act: place + 1 for place, act in enumerate(words.acts)}
        self._related: dict[str, list[tuple[str, float]]] = {}
        for one, other, worth in words.related:
            self._related.setdefault(one, []).append((other, worth))
            self._related.setdefault(other, []).append((one, worth))
        self._agree = self._agreement()
        self._lay_words(read if index.words else [None] * len(kept), words)
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
            return replace(found, spelling=self._spellings[found.spelling])
        joins = np.array([bool(reading.parts) for reading in names], np.bool_)
        whole = found.row < len(names)
        loose = whole & joins[np.where(whole, found.row, 0)] & ~self._joins[found.spelling] & (found.like < SAME)
        kept_part = np.array(worth, np.float32)[found.row]
        kept_part[loose] = JOINED_LOOSELY
        row = np.array(name_of, np.int64)[found.row]
        spelling = self._spellings[found.spelling]
        return _best(
            row,
            found.owner,
            spelling,
            found.like * kept_part,
            found.covered * kept_part,
            found.covering,
            whole & ~loose,
        )

    def _compare(self, names: Sequence[Reading], living: npt.NDArray[np.bool_], bonus: Floats) -> Likely:
        if self._index.words and len(self._owners) <= SMALL:
            return self._by_words(names, living, bonus)
        return self._by_pairs(names, living, bonus)

    def _by_words(self, names: Sequence[Reading], living: npt.NDArray[np.bool_], bonus: Floats) -> Likely:
        """By words, and by pairs of characters where a name holds what is no known word; every spelling has its cell."""
        total, count = len(self._owners), len(names)
        shared, weights = self._words_of(names)
        covered = np.minimum(shared / np.maximum(weights, 1e-6)[:, None], 1)
        covering = np.minimum(shared / self._word_weight, 1)
        heads = np.fromiter((self._heads.get(reading.head, 0) for reading in names), np.int64, count)
        category = np.fromiter((reading.category for reading in names), np.bool_, count)
        like = np.sqrt(covered * covering)
        fit = self._agree[heads][:, self._head_of]
        if category.any():
            fit *= np.where(category[:, None] == self._category, np.float32(1), np.float32(OTHER_CATEGORY))
        else:
            fit *= self._uncategorical
        strange = np.fromiter((reading.unknown > 0 or len(reading.weights) < 2 for reading in names), np.bool_, count)
        unsure = np.flatnonzero(strange | self._tied(like * fit))
        like *= fit
        if len(unsure):
            laid, held = self._pairs_of([names[row] for row in unsure.tolist()])
            pairs = laid / np.sqrt(np.maximum(held[:, None] * self._pair_weight, 1e-6))
            mixed = WORDS_PART * like[unsure] + np.float32(1 - WORDS_PART) * pairs * fit[unsure]
            like[unsure] = np.maximum(mixed, PAIRS_ALONE * pairs)
        like *= self._part
        if bonus.any():
            like += np.where(like > LEAST, bonus[self._owners], np.float32(0))
        if not living.all():
            like[:, ~living[self._owners]] = 0
        best = like.max(axis=1, keepdims=True)
        cell = np.flatnonzero(like > np.maximum(NEAR_BEST * best, LEAST))
        row, spelling = cell // total, cell % total
        return _best(
            row,
            self._owners[spelling],
            spelling,
            like[row, spelling],
            covered[row, spelling],
            covering[row, spelling],
            np.ones(len(row), np.bool_),
        )

    def _by_pairs(self, names: Sequence[Reading], living: npt.NDArray[np.bool_], bonus: Floats) -> Likely:
        """By pairs of characters only, in a list too long to give every spelling a cell."""
        total = len(self._owners)
        taken = [self._take(reading.run) for reading in names]
        spread = np.fromiter((sum(map(len, held)) for held, _, _ in taken), np.int64, len(taken))
        flat = [one for held, _, _ in taken for one in held]
        if not flat:
            return _NONE
        weights = np.concatenate(
            [
                np.full(len(one), worth, np.float32)
                for held, worths, _ in taken
                for one, worth in zip(held, worths, strict=True)
            ]
        )
        key = np.concatenate(flat).astype(np.int64) + np.repeat(np.arange(len(taken)) * total, spread)
        order = np.argsort(key)
        key = key[order]
        starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
        shared = np.add.reduceat(weights[order], starts)
        row, spelling = key[starts] // total, key[starts] % total
        held = np.fromiter((weight for _, _, weight in taken), np.float32, len(taken))
        like = (shared / np.sqrt(np.maximum(held[row] * self._pair_weight[spelling], 1e-6))).astype(np.float32)
        best = np.zeros(len(names), np.float32)
        np.maximum.at(best, row, like)
        owner = self._owners[spelling]
        keep = living[owner] & (like > np.maximum(NEAR_BEST * best[row], LEAST))
        row, owner, spelling, like = row[keep], owner[keep], spelling[keep], like[keep]
        return _best(row, owner, spelling, like + bonus[owner], like, like, np.ones(len(row), np.bool_))

    def _words_of(self, names: Sequence[Reading]) -> tuple[Floats, Floats]:
        """Weight shared by each name with each spelling, and the weight of each name's words."""
        weights = np.zeros(len(names), np.float32)
        flat: list[npt.NDArray[np.int32]] = []
        worths: list[Floats] = []
        spread: list[int] = []
        for row, reading in enumerate(names):
            weight, held = reading.unknown * self._unknown, 0
            for word, part in reading.weights.items():
                weight += self._weights.get(word, self._unknown)
                found = self._words.get(word)
                if found is not None:
                    flat.append(found[0])
                    worths.append(found[1] if part == 1 else found[1] * np.float32(part))
                    held += len(found[0])
            weights[row] = weight
            spread.append(held)
        shape = (len(names), len(self._owners))
        if not flat:
            return np.zeros(shape, np.float32), weights
        cells = np.concatenate(flat) + np.repeat(np.arange(shape[0]) * shape[1], spread)
        laid = np.bincount(cells, np.concatenate(worths), shape[0] * shape[1])
        return laid.astype(np.float32).reshape(shape), weights

    def _tied(self, like: Floats) -> npt.NDArray[np.bool_]:
        """Names whose best spellings are of several concepts."""
        top = like >= np.maximum(like.max(axis=1, keepdims=True) - TIE, LEAST)
        first = top.argmax(axis=1)
        last = top.shape[1] - 1 - top[:, ::-1].argmax(axis=1)
        tied: npt.NDArray[np.bool_] = self._owners[first] != self._owners[last]
        return tied

    def _pairs_of(self, names: Sequence[Reading]) -> tuple[Floats, Floats]:
        """Rarity of the pairs shared by each name with each spelling, and of the pairs of each name."""
        total = len(self._owners)
        taken = [self._take(reading.run) for reading in names]
        held = np.fromiter((weight for _, _, weight in taken), np.float32, len(taken))
        flat = [one for places, _, _ in taken for one in places]
        if not flat:
            return np.zeros((len(names), total), np.float32), held
        lengths = np.fromiter(map(len, flat), np.int64, len(flat))
        worth = np.repeat(
            np.fromiter((one for _, worths, _ in taken for one in worths), np.float32, len(flat)), lengths
        )
        rows = np.repeat(np.arange(len(taken)) * total, [sum(map(len, places)) for places, _, _ in taken])
        laid = np.bincount(np.concatenate(flat) + rows, worth, total * len(names))
        return laid.reshape(len(names), total).astype(np.float32), held

    def _take(self, run: str) -> tuple[list[npt.NDArray[np.int32]], list[float], float]:
        """Spellings by pair of characters, the rarest first, until enough is looked at; and the weight of all pairs."""
        pairs = _pairs(run)
        known = [held for pair in pairs if (held := self._pairs.get(pair)) is not None]
        weight = self._rarest * (len(pairs) - len(known))
        worths = [worth for _, worth in known]
        places = [place for place, _ in known]
        if sum(map(len, places)) > POSTINGS:
            return self._rarest_of(known, weight)
        return places, worths, weight + sum(worths)

    @staticmethod
    def _rarest_of(
        known: list[tuple[npt.NDArray[np.int32], float]], weight: float
    ) -> tuple[list[npt.NDArray[np.int32]], list[float], float]:
        taken: list[npt.NDArray[np.int32]] = []
        worths: list[float] = []
        left = POSTINGS
        for places, worth in sorted(known, key=lambda held: len(held[0])):
            weight += worth
            if len(places) <= left:
                left -= len(places)
                taken.append(places)
                worths.append(worth)
        return taken, worths, weight

    def _rarity(self, held: int) -> float:
        return log(1 + len(self._owners) / (1 + held))

    def _categories(self, read: Sequence[Reading | None]) -> npt.NDArray[np.bool_]:
        """Which spellings are worded as the name of a category."""
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
        for owner, reading in zip(self._owners.tolist(), read, strict=True):
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
            word: (np.array(places, np.int32), np.array(worths, np.float32)) for word, (places, worths) in lists.items()
        }

    def _lay_pairs(self, runs: Sequence[str | None]) -> None:
        lists: dict[str, list[int]] = {}
        for place, run in enumerate(runs):
            for pair in _pairs(run) if run else ():
                lists.setdefault(pair, []).append(place)
        self._pairs = {pair: (np.array(places, np.int32), self._rarity(len(places))) for pair, places in lists.items()}
        self._rarest = self._rarity(0)
        laid = np.zeros(len(runs), np.float32)
        for places, rarity in self._pairs.values():
            laid[places] += rarity
        self._pair_weight = np.maximum(laid, 1e-3)


def _kept(index: Index, read: Sequence[Reading | None]) -> list[int]:
    """The spellings to compare with: of those of a concept that read alike :data:`ALIKE` are enough."""
    alike: dict[tuple[object, ...], int] = {}
    kept: list[int] = []
    for spelling in sorted(range(len(read)), key=index.kinds.__getitem__):
        reading = read[spelling]
        if reading is None or not reading.run:
            continue
        if index.words and reading.weights:
            known = (index.owners[spelling], frozenset(reading.weights), reading.head, round(reading.unknown, 1))
            alike[known] = alike.get(known, 0) + 1
            if alike[known] > ALIKE:
                continue
        kept.append(spelling)
    return sorted(kept)


def _pairs(run: str) -> Collection[str]:
    """Each pair of neighbouring characters once; a single character stands for itself."""
    return dict.fromkeys([run[place : place + 2] for place in range(len(run) - 1)]) or ([run] if run else [])


def _best(
    row: Ints,
    owner: Ints,
    spelling: Ints,
    like: Floats,
    covered: Floats,
    covering: Floats,
    whole: npt.NDArray[np.bool_],
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
