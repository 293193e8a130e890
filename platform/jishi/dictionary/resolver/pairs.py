"""Pairs of neighbouring characters: which spellings hold them, and how rare they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import log

import numpy as np
import numpy.typing as npt

from jishi.dictionary.resolver.likely import Floats, Ints

POSTINGS = 1500
"""So many entries of the inverted index are looked at for one name; the rarest pairs of characters come first."""

Places = npt.NDArray[np.int32]
Taken = tuple[list[Places], list[float], float]


class Pairs:
    """An inverted index of pairs of characters over the texts of spellings; ``weight``: what all pairs of each weigh."""

    def __init__(self, runs: Sequence[str]) -> None:
        lists: dict[str, list[int]] = {}
        for place, run in enumerate(runs):
            for pair in _pairs(run):
                lists.setdefault(pair, []).append(place)
        self._count = len(runs)
        self._held = {pair: (np.array(places, np.int32), self._rarity(len(places))) for pair, places in lists.items()}
        self._rarest = self._rarity(0)
        self.weight: Floats = np.zeros(len(runs), np.float32)
        for places, rarity in self._held.values():
            self.weight[places] += rarity
        self.weight = np.maximum(self.weight, 1e-3)

    def dense(self, runs: Sequence[str]) -> Floats:
        """How like each spelling (down) is to each of ``runs`` (across)."""
        taken = [self._take(run) for run in runs]
        weight = np.array([weight for _, _, weight in taken], np.float32)
        flat = [one for places, _, _ in taken for one in places]
        if not flat:
            return np.zeros((self._count, len(runs)), np.float32)
        worth, rows = _laid(taken, flat)
        laid = np.bincount(np.concatenate(flat) * np.int64(len(runs)) + rows, worth, self._count * len(runs))
        like = laid.reshape(self._count, len(runs)).astype(np.float32)
        like *= (1 / np.sqrt(self.weight))[:, None]
        like *= (1 / np.sqrt(np.maximum(weight, 1e-6)))[None, :]
        return like

    def sparse(self, runs: Sequence[str]) -> tuple[Ints, Ints, Floats]:
        """The same where it is more than nothing: run, spelling, likeness."""
        taken = [self._take(run) for run in runs]
        flat = [one for places, _, _ in taken for one in places]
        if not flat:
            nothing = np.zeros(0, np.int64)
            return nothing, nothing, np.zeros(0, np.float32)
        worth, rows = _laid(taken, flat)
        key = np.concatenate(flat) + rows * np.int64(self._count)
        order = np.argsort(key)
        key = key[order]
        starts = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
        shared = np.add.reduceat(worth[order], starts)
        row, spelling = key[starts] // self._count, key[starts] % self._count
        weight = np.array([weight for _, _, weight in taken], np.float32)
        like: Floats = (shared / np.sqrt(np.maximum(weight[row] * self.weight[spelling], 1e-6))).astype(np.float32)
        return row, spelling, like

    def _take(self, run: str) -> Taken:
        """Spellings by pair of characters, the rarest first, until enough is looked at; and the weight of all pairs."""
        pairs = _pairs(run)
        known = [held for pair in pairs if (held := self._held.get(pair)) is not None]
        weight = self._rarest * (len(pairs) - len(known))
        if sum([len(places) for places, _ in known]) > POSTINGS:
            return _rarest_of(known, weight)
        worths = [worth for _, worth in known]
        return [places for places, _ in known], worths, weight + sum(worths)

    def _rarity(self, held: int) -> float:
        return log(1 + self._count / (1 + held))


def _laid(taken: Sequence[Taken], flat: Sequence[Places]) -> tuple[Floats, Ints]:
    """For every entry of all lists what it is worth and whose it is."""
    lengths = np.array([len(one) for one in flat], np.int64)
    worth = np.repeat(np.array([one for _, worths, _ in taken for one in worths], np.float32), lengths)
    spread = [sum([len(one) for one in places]) for places, _, _ in taken]
    return worth, np.repeat(np.arange(len(taken)), spread)


def _rarest_of(known: list[tuple[Places, float]], weight: float) -> Taken:
    taken: list[Places] = []
    worths: list[float] = []
    left = POSTINGS
    for places, worth in sorted(known, key=lambda held: len(held[0])):
        weight += worth
        if len(places) <= left:
            left -= len(places)
            taken.append(places)
            worths.append(worth)
    return taken, worths, weight


def _pairs(run: str) -> Collection[str]:
    """Each pair of neighbouring characters once; a single character stands for itself."""
    return {run[place : place + 2] for place in range(len(run) - 1)} or ({run} if run else ())
