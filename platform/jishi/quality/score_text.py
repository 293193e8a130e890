"""Scores as a terminal or a program reads them (behind the road in)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from jishi.messages import render
from jishi.quality.indicators import Indicators
from jishi.quality.scores import DimensionScore, IndicatorScore, Scored

Json = dict[str, Any]

PLACES = 6
"""Decimal places of a score as it is told; what it is computed from is told whole."""


def scores_json(scores: Iterable[Scored], indicators: Indicators, language: str) -> Json:
    """Lines with every number they are made of, and the weights and grades they were made with."""
    grades = [{"grade": n, "title_en": one.title_en, "from": float(one.from_)} for n, one in indicators.grades.items()]
    return {
        "indicators_version": indicators.version,
        "grades": grades,
        "scores": [_line(scored, indicators, language) for scored in scores],
    }


def _line(scored: Scored, indicators: Indicators, language: str) -> Json:
    return {
        "month": f"{scored.month:%Y-%m}",
        "register": scored.register,
        "source": scored.source,
        "department": scored.department,
        "score": rounded(scored.score),
        "grade": scored.grade,
        "dimensions": [_dimension(dimension, indicators, language) for dimension in scored.dimensions],
    }


def _dimension(dimension: DimensionScore, indicators: Indicators, language: str) -> Json:
    return {
        "code": dimension.code,
        "title": indicators.dimensions[dimension.code].told(language),
        "weight": float(dimension.weight),
        "score": rounded(dimension.score),
        "grade": dimension.grade,
        "indicators": [_indicator(one, indicators, language) for one in dimension.indicators],
    }


def _indicator(one: IndicatorScore, indicators: Indicators, language: str) -> Json:
    return {
        "code": one.code,
        "title": indicators.indicators[one.code].told(language),
        "weight": float(one.weight),
        "numerator": one.share.numerator,
        "denominator": one.share.denominator,
        "score": rounded(one.share.score),
        "measures": [
            {
                "measure": line.measure,
                "register": line.register,
                "source": line.source,
                "rules_version": line.rules_version or None,
                "numerator": line.numerator,
                "denominator": line.denominator,
                "batches": line.batches,
            }
            for line in one.measures
        ],
    }


def rounded(score: Decimal | None) -> float | None:
    return None if score is None else round(float(score), PLACES)


def scores_text(scores: Iterable[Scored], indicators: Indicators, language: str) -> Iterable[str]:
    """A line of scores a source, and one a dimension under it."""
    for scored in scores:
        place = " ".join(filter(None, (scored.register, scored.source, scored.department)))
        yield f"{scored.month:%Y-%m} {place}: {shown(scored.score, language)} {scored.grade or ''}".rstrip()
        for dimension in scored.dimensions:
            title = indicators.dimensions[dimension.code].told(language)
            passed = sum(one.share.numerator for one in dimension.indicators)
            asked = sum(one.share.denominator for one in dimension.indicators)
            yield f"  {dimension.code} {title} {shown(dimension.score, language)} {dimension.grade or ''} ({passed:,}/{asked:,})"


def shown(score: Decimal | None, language: str) -> str:
    """Per cent; where nothing was asked, not that."""
    return render("QLT-SCORE-NONE", language) if score is None else f"{score:.2%}"
