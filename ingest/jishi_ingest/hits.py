"""Rows looked for and where they stand, as arrays: many rows are compared without an object for each (for *find*)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from jishi_ingest.row_hashes import Hashes

Numbers = np.ndarray[Any, np.dtype[np.int64]]


class Window:
    """Some rows of the file that is looked for; equal ones share a *place*, a number from 0 on."""

    def __init__(self, parts: Sequence[Hashes]) -> None:
        self.rows: Numbers = np.concatenate([part.rows for part in parts])
        first = np.concatenate([part.first for part in parts])
        self._first, representative, places = np.unique(first, return_index=True, return_inverse=True)
        self._second = np.concatenate([part.second for part in parts])[representative]
        self.places: Numbers = places.astype(np.int64)
        self.size = len(self._first)

    def find(self, part: Hashes) -> Numbers:
        """The place of each row of a delivery, -1 for a row that is not looked for."""
        places = np.minimum(np.searchsorted(self._first, part.first), self.size - 1)
        hit = (self._first[places] == part.first) & (self._second[places] == part.second)
        return np.where(hit, places, -1)


class Hits:
    """Where each place stands: the first ``limit`` entries told of it, and the number of all.

    An entry is a delivery (by its position in a list, told in order) and a row of it.
    """

    def __init__(self, window: Window, limit: int) -> None:
        self.times: Numbers = np.zeros(window.size, dtype=np.int64)
        self._kept: Numbers = np.zeros(window.size, dtype=np.int64)
        self._limit = limit
        self._parts: list[tuple[Numbers, Numbers, Numbers]] = []
        self._bounds: Numbers = np.zeros(1, dtype=np.int64)
        self._entries: tuple[Numbers, Numbers] = (self._bounds[:0], self._bounds[:0])

    def add(self, delivery: int, times: int, places: Numbers, rows: Numbers) -> None:
        """Rows of a delivery that was received so many ``times`` stand at these places."""
        counts = np.bincount(places, minlength=len(self.times))
        self.times += counts * times
        order = np.argsort(places, kind="stable")
        ordered = places[order]
        rank = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)  # among those of its place
        kept = order[self._kept[ordered] + rank < self._limit]
        self._kept = np.minimum(self._kept + counts, self._limit)
        if len(kept):
            self._parts.append((places[kept], np.full(len(kept), delivery), rows[kept]))

    def close(self) -> Hits:
        """After the last entry: put them in order of their places."""
        if self._parts:
            places, deliveries, rows = (np.concatenate(column) for column in zip(*self._parts, strict=True))
            order = np.argsort(places, kind="stable")
            self._entries = (deliveries[order], rows[order])
            self._bounds = np.searchsorted(places[order], np.arange(len(self.times) + 1))
        else:
            self._bounds = np.zeros(len(self.times) + 1, dtype=np.int64)
        self._parts = []
        return self

    def at(self, place: int) -> Iterator[tuple[int, int]]:
        """The entries kept of a place: delivery and row."""
        begin, end = self._bounds[place], self._bounds[place + 1]
        deliveries, rows = self._entries
        return zip(deliveries[begin:end].tolist(), rows[begin:end].tolist(), strict=True)
