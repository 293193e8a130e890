"""What a comparison finds: pairs of a name and a concept, best of each name first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


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
    whole: Flags

    def ordered(self, order: Ints, like: Floats) -> Likely:
        """The pairs in another order, with likenesses of their own (in the order they stand in now)."""
        return Likely(
            self.row[order],
            self.owner[order],
            self.spelling[order],
            like[order],
            self.covered[order],
            self.covering[order],
            self.whole[order],
        )


def best_of(likely: Likely, laid: bool = False) -> Likely:
    """Of each concept the best spelling, of each name the best concepts first; ``laid``: by name, concept and spelling."""
    if laid:
        return _ranked(likely, _best_laid(likely))
    order = np.lexsort((likely.spelling, -likely.like, likely.owner, likely.row))
    row, owner = likely.row[order], likely.owner[order]
    first = np.ones(len(row), np.bool_)
    first[1:] = (row[1:] != row[:-1]) | (owner[1:] != owner[:-1])
    return _ranked(likely, order[first])


def _best_laid(likely: Likely) -> Ints:
    """The place of each concept's best spelling; of equal ones the first."""
    row, owner, like = likely.row, likely.owner, likely.like
    if not len(row):
        return row
    first = np.ones(len(row), np.bool_)
    first[1:] = (row[1:] != row[:-1]) | (owner[1:] != owner[:-1])
    starts = np.flatnonzero(first)
    group = np.cumsum(first) - 1
    best = np.flatnonzero(like == np.maximum.reduceat(like, starts)[group])
    _, once = np.unique(group[best], return_index=True)
    kept: Ints = best[once]
    return kept


def _ranked(likely: Likely, kept: Ints) -> Likely:
    again = np.lexsort((likely.owner[kept], -likely.like[kept], likely.row[kept]))
    return likely.ordered(kept[again], likely.like)


_NO_INTS, _NO_FLOATS = np.zeros(0, np.int64), np.zeros(0, np.float32)
NOTHING = Likely(_NO_INTS, _NO_INTS, _NO_INTS, _NO_FLOATS, _NO_FLOATS, _NO_FLOATS, np.zeros(0, np.bool_))
