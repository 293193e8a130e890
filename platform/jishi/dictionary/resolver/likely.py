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


def best_of(likely: Likely) -> Likely:
    """Of each concept the best spelling, of each name the best concepts first."""
    order = np.lexsort((likely.spelling, -likely.like, likely.owner, likely.row))
    row, owner = likely.row[order], likely.owner[order]
    first = np.ones(len(row), np.bool_)
    first[1:] = (row[1:] != row[:-1]) | (owner[1:] != owner[:-1])
    kept = order[first]
    again = np.lexsort((owner[first], -likely.like[kept], row[first]))
    return likely.ordered(kept[again], likely.like)


_NO_INTS, _NO_FLOATS = np.zeros(0, np.int64), np.zeros(0, np.float32)
NOTHING = Likely(_NO_INTS, _NO_INTS, _NO_INTS, _NO_FLOATS, _NO_FLOATS, _NO_FLOATS, np.zeros(0, np.bool_))
