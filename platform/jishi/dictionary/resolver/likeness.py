"""How like two readings are: shared words by weight, shared pairs of characters, and whether the head words agree.

A batch is settled with a few operations over whole tables, names down and spellings across; where spellings are too many
for that, a name touches only those it shares something with.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from jishi.dictionary.resolver.index import DOCUMENT, Index
from jishi.dictionary.resolver.likely import Flags, Floats, Ints, Likely, best_of
from jishi.dictionary.resolver.pairs import Pairs
from jishi.dictionary.resolver.vocabulary import Vocabulary
from jishi.dictionary.resolver.wording import Reading
from jishi.dictionary.resolver.words import Words

WORDS_PART = 0.85
"""What shared words count for; the rest is for shared pairs of characters."""
DOCUMENT_PART = 0.92
"""What a document of the node counts for beside its names."""
PAIRS_ALONE = 0.8
"""What shared pairs of characters count for by themselves, where the words are not known."""
SMALL = 8000
"""Up to so many spellings every one has a cell for every name of a chunk."""
ALIKE = 3
"""So many spellings of the same words are kept a concept, for their characters."""
NEAR_BEST, LEAST, TIE = 0.4, 0.15, 0.05
"""What is less like than this part of the best, or than this, is not told; so near one another are two a tie."""
FIRST_PART, LATER_PART, JOINED_LOOSELY, SAME = 0.92, 0.85, 0.85, 0.97
"""A name that joins two things is worth this much as its first, as a later one, and as one thing that holds words of both;
from ``SAME`` on it is that thing itself."""
SPARE = 4
"""So many concepts more than asked for are compared to the end."""


class Comparison:
    """The spellings of an index laid out for comparing."""

    def __init__(self, index: Index, read: Sequence[Reading | None], words: Words) -> None:
        kept = sorted(_kept(index, read), key=index.owners.__getitem__)
        told = [reading for spelling in kept if (reading := read[spelling]) is not None]
        self._spellings = np.array(kept, np.int64)
        self._owners = np.array(index.owners, np.int64)[self._spellings]
        self._joins = np.array([bool(reading.parts) for reading in told], np.bool_)
        self._pairs = Pairs([reading.run for reading in told])
        self._vocabulary: Vocabulary | None = None
        if index.words and 0 < len(told) <= SMALL:
            kinds = np.frombuffer(bytes(index.kinds), np.uint8)[self._spellings]
            self._part = np.where(kinds == DOCUMENT, np.float32(DOCUMENT_PART), np.float32(1))
            self._vocabulary = Vocabulary(told, self._owners, self._part, len(index.codes), words)
            self._starts = np.flatnonzero(np.diff(self._owners, prepend=-1))

    def likely(self, names: Sequence[Reading], living: Flags, bonus: Floats, most: int = 5) -> Likely:
        """The ``most`` concepts each of ``names`` is like, or some more, of those in force; ``bonus`` by concept is what

        the context adds. A name that joins several things is compared as a whole and by its parts, the first counts most.
        """
        rows, name_of, worth = list(names), list(range(len(names))), [1.0] * len(names)
        for place, reading in enumerate(names):
            for number, part in enumerate(reading.parts):
                rows.append(part)
                name_of.append(place)
                worth.append(FIRST_PART if not number else LATER_PART)
        found = self._compare(rows, living, bonus, most + SPARE)
        spelling = self._spellings[found.spelling]
        if len(rows) == len(names):
            return Likely(
                found.row,
                found.owner,
                spelling,
                found.like,
                found.covered,
                found.covering,
                np.ones(len(spelling), np.bool_),
            )
        joins = np.array([bool(reading.parts) for reading in names], np.bool_)
        whole = found.row < len(names)
        loose = whole & joins[np.where(whole, found.row, 0)] & ~self._joins[found.spelling] & (found.like < SAME)
        part_of = np.array(worth, np.float32)[found.row]
        part_of[loose] = JOINED_LOOSELY
        row = np.array(name_of, np.int64)[found.row]
        like, covered = found.like * part_of, found.covered * part_of
        return best_of(Likely(row, found.owner, spelling, like, covered, found.covering, whole & ~loose))

    def _compare(self, names: Sequence[Reading], living: Flags, bonus: Floats, most: int) -> Likely:
        if self._vocabulary is not None:
            return self._by_words(self._vocabulary, names, living, bonus, most)
        return self._by_pairs(names, living, bonus)

    def _by_words(
        self, vocabulary: Vocabulary, names: Sequence[Reading], living: Flags, bonus: Floats, most: int
    ) -> Likely:
        """By words, and by pairs of characters where a name holds what is no known word; every spelling has its cell."""
        of, distinct = _distinct(names)
        shared, weights = vocabulary.shared(distinct)
        like = np.minimum(shared * (1 / weights)[:, None], 1)
        like *= np.minimum(shared * (1 / vocabulary.weight), 1)
        np.sqrt(like, out=like)
        fit = vocabulary.fit(distinct)
        like *= fit
        top = self._top(like)
        strange = np.array([reading.unknown > 0 or len(reading.weights) < 2 for reading in distinct], np.bool_)
        unsure = np.flatnonzero((strange | _tied(top))[of])
        like, top = like[of], top[of]
        if len(unsure):
            pairs = self._pairs.dense([names[row].run for row in unsure.tolist()])
            mixed = fit[of[unsure]]
            mixed *= pairs
            mixed *= np.float32(1 - WORDS_PART)
            mixed += np.float32(WORDS_PART) * like[unsure]
            pairs *= np.float32(PAIRS_ALONE) * self._part
            like[unsure] = np.maximum(mixed, pairs, out=mixed)
            top[unsure] = self._top(mixed)
        if bonus.any():
            like += np.where(like > LEAST, bonus[self._owners], np.float32(0))
        if not living.all():
            like[:, ~living[self._owners]] = 0
        if bonus.any() or not living.all():
            top = self._top(like)
        cell = np.flatnonzero(like >= _limits(top, most)[:, None])
        row, spelling = cell // like.shape[1], cell % like.shape[1]
        told = shared[of[row], spelling]
        return best_of(
            Likely(
                row,
                self._owners[spelling],
                spelling,
                like[row, spelling],
                np.minimum(told / weights[of[row]], 1),
                np.minimum(told / vocabulary.weight[spelling], 1),
                np.ones(len(row), np.bool_),
            ),
            laid=True,
        )

    def _top(self, like: Floats) -> Floats:
        """By name (down) how like each concept (across) is at best."""
        top: Floats = np.maximum.reduceat(like, self._starts, axis=1)
        return top

    def _by_pairs(self, names: Sequence[Reading], living: Flags, bonus: Floats) -> Likely:
        """By pairs of characters only, in a list too long to give every spelling a cell."""
        row, spelling, like = self._pairs.sparse([reading.run for reading in names])
        best = np.zeros(len(names), np.float32)
        np.maximum.at(best, row, like)
        owner = self._owners[spelling]
        keep: npt.NDArray[np.bool_] = living[owner] & (like > np.maximum(NEAR_BEST * best[row], LEAST))
        row, owner, spelling, like = row[keep], owner[keep], spelling[keep], like[keep]
        return best_of(Likely(row, owner, spelling, like + bonus[owner], like, like, np.ones(len(row), np.bool_)))


def _distinct(names: Sequence[Reading]) -> tuple[Ints, list[Reading]]:
    """The readings that differ in words, and which of them each name's is."""
    places: dict[tuple[object, ...], int] = {}
    distinct: list[Reading] = []
    of: list[int] = []
    for reading in names:
        key = (frozenset(reading.weights.items()), reading.head, reading.unknown, reading.category)
        place = places.setdefault(key, len(distinct))
        if place == len(distinct):
            distinct.append(reading)
        of.append(place)
    return np.array(of, np.int64), distinct


def _tied(top: Floats) -> Flags:
    """Names that are about as like several concepts."""
    if top.shape[1] < 2:
        return np.zeros(len(top), np.bool_)
    best = np.partition(top, top.shape[1] - 2, axis=1)[:, -2:]
    tied: Flags = best[:, 0] >= np.maximum(best[:, 1] - np.float32(TIE), np.float32(LEAST))
    return tied


def _limits(top: Floats, most: int) -> Floats:
    """By name how like a spelling must be to be among the ``most`` best concepts and near the best."""
    limits: Floats = np.maximum(top.max(axis=1) * np.float32(NEAR_BEST), np.float32(LEAST))
    if most < top.shape[1]:
        place = top.shape[1] - most
        limits = np.maximum(limits, np.partition(top, place, axis=1)[:, place])
    return limits


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
    return kept
