"""A run of rows whose names are beside the wrong numbers, found however long the delivery is (step *validate*).

Fifty rows of twenty thousand are no share to speak of; fifty in a row are no renamings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

LEAST = 20
"""Fewer strange names are no block."""

AGREEING = -4.0
BETWEEN = -0.2
"""What a row that bears its right name takes from a block of strange ones, which count 1 each, and a row between them of
which nothing is known: in a block four of five compared names are strange, and it lies close together."""

ENOUGH = 15.0


@dataclass(frozen=True, slots=True)
class Strange:
    """A row whose name has nothing of the register's; ``place`` counts the compared rows of the delivery up to it."""

    row: int
    place: int


@dataclass(frozen=True, slots=True)
class Block:
    """Rows ``first`` to ``last``, of which ``misnamed`` bear strange names."""

    first: int
    last: int
    misnamed: int


def find_block(rows: Sequence[Strange]) -> Block | None:
    """The heaviest run of strange names, in the order of the delivery; None when none is heavy enough."""
    best: tuple[float, int, int] = (0.0, 0, 0)
    weight, first = 0.0, 0
    for at, row in enumerate(rows):
        if at:
            agreeing = row.place - rows[at - 1].place - 1
            between = row.row - rows[at - 1].row - 1 - agreeing
            weight += AGREEING * agreeing + BETWEEN * between
        if weight <= 0:
            weight, first = 0.0, at
        weight += 1
        best = max(best, (weight, first, at), key=lambda found: found[0])
    weight, first, last = best
    if weight < ENOUGH or last - first + 1 < LEAST:
        return None
    return Block(rows[first].row, rows[last].row, last - first + 1)
