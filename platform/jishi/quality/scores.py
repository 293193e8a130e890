"""Scores 质量评分 by register, source, department and month: shares of what was asked, and means of shares (behind the road in).

A sub-indicator is passing rows of asked rows, over all its rules; a dimension the weighted mean of its sub-indicators, the
whole that of its dimensions. Where nothing was asked there is no score, and it weighs nothing. Every number a score is made
of is published with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

import asyncpg

from jishi.access.officer import Officer
from jishi.quality.indicators import Indicators, Share
from jishi.quality.score_store import Measured

Group = Literal["source", "department", "register", "city"]
GROUPS: tuple[Group, ...] = ("source", "department", "register", "city")

_KEYS: dict[Group, tuple[str, ...]] = {
    "source": ("month", "register", "source", "department"),
    "department": ("month", "department"),
    "register": ("month", "register"),
    "city": ("month",),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines; None: all. ``month`` is its first day."""

    register: str | None = None
    source: str | None = None
    department: str | None = None
    month: date | None = None


@dataclass(frozen=True, slots=True)
class IndicatorScore:
    """``measures``: what it was added up from."""

    code: str
    weight: Decimal
    share: Share
    measures: tuple[Measured, ...]


@dataclass(frozen=True, slots=True)
class DimensionScore:
    code: str
    weight: Decimal
    score: Decimal | None
    grade: str | None
    indicators: tuple[IndicatorScore, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """One line of the table; of ``register``, ``source`` and ``department`` those are set that it is grouped by."""

    month: date
    register: str | None
    source: str | None
    department: str | None
    score: Decimal | None
    grade: str | None
    dimensions: tuple[DimensionScore, ...]


async def read_scores(
    connection: asyncpg.Connection, indicators: Indicators, officer: Officer | None, wanted: Wanted, group: Group
) -> list[Scored]:
    """Newest month first. ``officer`` None: the command line's operator, who sees all."""
    department = wanted.department
    if officer is not None and officer.department is not None:
        if department not in (None, officer.department):
            return []
        department = officer.department
    rows = await connection.fetch(_SCORES, wanted.register, wanted.source, department, wanted.month)
    lines: dict[tuple[object, ...], list[Measured]] = {}
    for row in rows:
        lines.setdefault(tuple(row[name] for name in _KEYS[group]), []).append(Measured(*row))
    return [_scored(dict(zip(_KEYS[group], key, strict=True)), found, indicators) for key, found in lines.items()]


def mean(scores: Iterable[tuple[Decimal | None, Decimal]]) -> Decimal | None:
    """The weighted mean of those that there are; None where there is none."""
    there = [(score, weight) for score, weight in scores if score is not None]
    total = sum((weight for _, weight in there), Decimal(0))
    return sum((score * weight for score, weight in there), Decimal(0)) / total if total else None


def _scored(key: dict[str, object], measured: Sequence[Measured], indicators: Indicators) -> Scored:
    dimensions = tuple(_dimension(code, measured, indicators) for code in sorted(indicators.dimensions))
    score = mean((dimension.score, dimension.weight) for dimension in dimensions)
    return Scored(
        **{name: key.get(name) for name in ("month", "register", "source", "department")},  # type: ignore[arg-type]
        score=score,
        grade=indicators.grade_of(score),
        dimensions=dimensions,
    )


def _dimension(code: str, measured: Sequence[Measured], indicators: Indicators) -> DimensionScore:
    found = []
    for indicator, titled in sorted(indicators.of_dimension(code).items()):
        lines = tuple(line for line in measured if line.indicator == indicator)
        share = Share(sum(line.numerator for line in lines), sum(line.denominator for line in lines))
        found.append(IndicatorScore(indicator, titled.weight, share, lines))
    score = mean((one.share.score, one.weight) for one in found)
    return DimensionScore(code, indicators.dimensions[code].weight, score, indicators.grade_of(score), tuple(found))


_SCORES = """
-- What scores are made of, newest month first.
SELECT month, register, source, department, indicator, measure, rules_version, numerator, denominator, batches
FROM jishi.score
WHERE ($1::text IS NULL OR register = $1) AND ($2::text IS NULL OR source = $2)
  AND ($3::text IS NULL OR department = $3) AND ($4::date IS NULL OR month = $4)
ORDER BY month DESC, register, source, indicator, measure, rules_version"""
