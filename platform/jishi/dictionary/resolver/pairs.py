"""Pairs of neighbouring characters: which spellings hold them, and how like that makes a text to each."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import log

import numpy as np
import numpy.typing as npt

from jishi.dictionary.resolver.likely import Floats, Ints

POSTINGS = 1500
"""So many entries of the inverted index are looked at for one name; the rarest pairs of characters come first."""

Entry = tuple[npt.NDArray[np.int32], Floats, float, int]
"""The spellings that hold a pair, what it is worth to each (by all it holds), how rare it is, and how many they are."""


class Pairs:
    """An inverted index of pairs of characters over the texts of spellings."""

    def __init__(self, runs: Sequence[str]) -> None:
        lists: dict[str, list[int]] = {}
        for place, run in enumerate(runs):
            for pair in _pairs(run):
                lists.setdefault(pair, []).append(place)
        self._count = len(runs)
        self._rarest = self._rarity(0)
        weight = np.zeros(len(runs), np.float32)
        for places in lists.values():
            weight[places] += self._rarity(len(places))
        root = np.sqrt(np.maximum(weight, 1e-3))
        self._held: dict[str, Entry] = {}
        for pair, places in lists.items():
            rarity = self._rarity(len(places))
            at = np.array(places, np.int32)
            self._held[pair] = (at, (rarity / root[at]).astype(np.float32), rarity, len(places))

    def dense(self, runs: Sequence[str]) -> Floats:
        """How like each of ``runs`` (down) is to each spelling (across)."""
        places, worth, row, root = self._laid(runs)
        laid = np.bincount(places + row * self._count, worth, self._count * len(runs)).astype(np.float32)
        like: Floats = laid.reshape(len(runs), self._count)
        like *= (1 / root)[:, None]
        return like

    def sparse(self, runs: Sequence[str]) -> tuple[Ints, Ints, Floats]:
        """The same where it is more than nothing: run, spelling, likeness; by run and spelling."""
        places, worth, row, root = self._laid(runs)
        key = places + row * self._count
        order = np.argsort(key)
        key = key[order]
        first = np.ones(len(key), np.bool_)
        first[1:] = key[1:] != key[:-1]
        starts = np.flatnonzero(first)
        if not len(starts):
            return key, key, worth
        found = key[starts]
        row = found // self._count
        like: Floats = (np.add.reduceat(worth[order], starts) / root[row]).astype(np.float32)
        return row, found % self._count, like

    def _laid(self, runs: Sequence[str]) -> tuple[Ints, Floats, Ints, Floats]:
        """Of all entries of all runs: spelling, worth and run; and the root of what the pairs of each run weigh."""
        places: list[npt.NDArray[np.int32]] = []
        worths: list[Floats] = []
        spread: list[int] = []
        weights: list[float] = []
        for run in runs:
            held, weight, count = self._take(run)
            weights.append(weight)
            spread.append(count)
            for at, worth, _, _ in held:
                places.append(at)
                worths.append(worth)
        root = np.sqrt(np.maximum(np.array(weights, np.float32), np.float32(1e-6)))
        row = np.repeat(np.arange(len(runs)), spread)
        if not places:
            return np.zeros(0, np.int64), np.zeros(0, np.float32), row, root
        return np.concatenate(places).astype(np.int64), np.concatenate(worths), row, root

    def _take(self, run: str) -> tuple[list[Entry], float, int]:
        """The entries of a run's pairs, the rarest first, until enough is looked at; what all pairs weigh; how many."""
        known: list[Entry] = []
        weight, count = 0.0, 0
        for pair in _pairs(run):
            entry = self._held.get(pair)
            if entry is None:
                weight += self._rarest
            else:
                known.append(entry)
                weight += entry[2]
                count += entry[3]
        if count <= POSTINGS:
            return known, weight, count
        taken: list[Entry] = []
        left = POSTINGS
        for entry in sorted(known, key=_length):
            if entry[3] <= left:
                left -= entry[3]
                taken.append(entry)
        return taken, weight, POSTINGS - left

    def _rarity(self, held: int) -> float:
        return log(1 + self._count / (1 + held))


def _length(entry: Entry) -> int:
    return entry[3]


def _pairs(run: str) -> Collection[str]:
    """Each pair of neighbouring characters once; a single character stands for itself."""
    return set(map(str.__add__, run, run[1:])) or ({run} if run else ())
