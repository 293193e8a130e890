"""The probability that a candidate is right, by a curve learned from names whose codes are known."""

from __future__ import annotations

import numpy as np

from jishi.dictionary.resolver.likely import Floats, Likely
from jishi.dictionary.resolver.words import Curve


def chances_of(curve: Curve, likely: Likely, left: Floats, names: int) -> tuple[Floats, Floats]:
    """The probability of each pair being right, and its lead: over the runner-up, or behind the best (negative)."""
    like, row = likely.like, likely.row
    bounds = np.searchsorted(row, np.arange(names + 1))
    first, after = bounds[:-1], bounds[1:]
    top = np.zeros(names, np.float32)
    runner_up = np.zeros(names, np.float32)
    has, has_second = after > first, after > first + 1
    top[has] = like[first[has]]
    runner_up[has_second] = like[first[has_second] + 1]
    lead: Floats = like - top[row]
    lead[first[has]] = (top - runner_up)[has]
    logit = curve.bias + curve.likeness * like + curve.lead * lead + curve.unsaid * left
    logit += curve.covered * likely.covered + curve.covering * likely.covering
    chance: Floats = (1 / (1 + np.exp(-logit))).astype(np.float32)
    return chance, lead
