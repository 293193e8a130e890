"""How alike two names are, and when two records under one number contradict each other; pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import date

from jishi.registers.register import Contradiction

DIFFERENT_BELOW = 0.5
"""Similarity under which two names count as different when the dates differ too."""

GENERIC = re.compile(
    r"(有限责任公司|股份有限公司|有限公司|公司|集团|分公司|合作社|经营部|商行|中心|厂|店|省|市|县|区|[()（）\s])"
)
"""Words of organisation names that say nothing about which organisation it is."""


@dataclass(frozen=True, slots=True)
class Person:
    """What is compared of one record: its name, and the interval in which its date lies (None = unknown)."""

    name: str | None
    low: date | None = None
    high: date | None = None


def similarity(left: str, right: str) -> float:
    """Share of common characters (Dice, 0–1) of two names after folding width, case and generic words."""
    a, b = Counter(_fold(left)), Counter(_fold(right))
    total = sum(a.values()) + sum(b.values())
    return 2 * sum((a & b).values()) / total if total else 1.0


def contradicts(one: Person, other: Person, rule: Contradiction) -> bool:
    """Whether two records under one strong identifier must not be linked (design: strong identifiers).

    A name that is missing on either side, and dates whose intervals overlap, contradict nothing.
    """
    if not rule.names or not one.name or not other.name:
        return False
    alike = similarity(one.name, other.name)
    if alike <= rule.name_floor:
        return True
    return alike < DIFFERENT_BELOW and bool(rule.dates) and _apart(one, other)


def _apart(one: Person, other: Person) -> bool:
    if one.low is None or other.low is None:
        return False
    return one.low > (other.high or other.low) or other.low > (one.high or one.low)


def _fold(name: str) -> str:
    from jishi.matching.variants import fold_variants

    text = fold_variants(unicodedata.normalize("NFKC", name)).casefold()
    return GENERIC.sub("", text) or text
