"""What a source's last published batches teach about its next one (step *validate*, before *match*).

A band is learnt from the last 15 batches of one source and scope, once there are four. The smallest and the largest value
are left out, so that one batch that a steward let pass teaches nothing; what happens every week stands there twice and
does. See ``docs/decisions/0010-learnt-bands.md``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

LEAST, MOST = 4, 15
"""So many batches are needed, and so many are looked at: two weeks of daily deliveries and the day they began on."""

SPREAD = 1.4826
"""Median absolute deviation → standard deviation of normally spread values."""

BEYOND = 2
"""Standard deviations by which a band reaches beyond the extremes that were kept ..."""

FARTHEST = 0.40
"""... but no farther than this share of them: the spread of a growing source is growth, not noise."""

NOISE = 3
"""Standard deviations of a mere count that are never suspicious."""


@dataclass(frozen=True, slots=True)
class Band:
    """Where the next value is expected; ``usual`` is the median of the ``batches`` it was learnt from, ``spread`` the
    standard deviation of most of them around it."""

    low: float
    high: float
    usual: float
    batches: int
    spread: float


def learn_volume(rows: Sequence[int], share: float) -> Band | None:
    """Band of the number of rows, in order of publication; None while there are too few batches.

    The extremes but one are widened by the largest of: ``share`` of them, twice the spread of the last batches (at most
    40 % of them), and what counting alone makes vary.
    """
    last = rows[-MOST:]
    if len(last) < LEAST:
        return None
    low, high, spread = _core(last)
    return Band(
        low=low - max(share * low, min(spread, FARTHEST * low), NOISE * sqrt(low)),
        high=high + max(share * high, min(spread, FARTHEST * high), NOISE * sqrt(high)),
        usual=median(last),
        batches=len(last),
        spread=spread / BEYOND,
    )


def learn_share(shares: Sequence[float], margin: float) -> Band | None:
    """Band of a share (0-1): the highest but one and ``margin``, or twice the spread if that is more (at most 40 % of it)."""
    last = shares[-MOST:]
    if len(last) < LEAST:
        return None
    _, high, spread = _core(last)
    reach = max(margin, min(spread, FARTHEST * high))
    return Band(0.0, min(1.0, high + reach), median(last), len(last), spread / BEYOND)


def _core(values: Sequence[float]) -> tuple[float, float, float]:
    """Least and greatest value without one of each, and twice the spread around the median."""
    ordered = sorted(values)[1:-1]
    middle = median(values)
    return ordered[0], ordered[-1], BEYOND * SPREAD * median(abs(value - middle) for value in values)
