"""Charts of quality, drawn offline by a worker and kept as SVG: scores of months, of registers, failures by county.

Altair takes seconds to load and its renderer a hundred megabytes, which no process that answers people should spend. What a
chart shows stands as a table beside it wherever it is shown; a chart is drawn anew only when that changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import asyncpg

from jishi.messages import render
from jishi.quality.county_failures import CountyFailures, county_failures, outlines
from jishi.quality.indicators import Indicators
from jishi.quality.report import EN, ZH, register_title
from jishi.quality.scores import Scored, Wanted, read_scores
from jishi.registers.catalog import registers

Spec = dict[str, Any]
"""A Vega-Lite document."""

TREND, REGISTERS, COUNTIES = "trend", "registers", "counties"
CHARTS = (TREND, REGISTERS, COUNTIES)

WIDTH, HEIGHT = 560, 280
INK, LINES, PAPER = "#46515b", "#9aa5ad", "#ffffff"
"""A chart is a sheet of white paper in either theme: no grey is read well on both white and black."""

PALETTE = ("#3b82c4", "#2f9e77", "#c2762e", "#9b6bc9", "#c75b7a", "#7a8b3d")


async def draw_charts(connection: asyncpg.Connection, indicators: Indicators, prefix: str) -> int:
    """Draw what changed, for all departments together and for each; how many were drawn."""
    departments = [None, *(row["department"] for row in await connection.fetch(_DEPARTMENTS))]
    drawn = 0
    for department in departments:
        wanted = Wanted(department=department)
        months = await read_scores(connection, indicators, None, wanted, "city")
        by_register = await read_scores(connection, indicators, None, wanted, "register")
        counties = await county_failures(connection, None, department)
        shapes = await outlines(connection, prefix) if counties else []
        for language in (ZH, EN):
            specs: dict[str, Callable[[], Spec | None]] = {
                TREND: partial(trend_of_scores, months, indicators, language),
                REGISTERS: partial(scores_of_registers, by_register, language),
                COUNTIES: partial(failures_by_county, counties, shapes, language),
            }
            for chart, build in specs.items():
                drawn += await _draw(connection, chart, department or "", language, build)
    return drawn


async def kept_chart(connection: asyncpg.Connection, chart: str, department: str | None, language: str) -> str | None:
    """The SVG; None where nothing is drawn (yet)."""
    svg = await connection.fetchval(_KEPT, chart, department or "", language)
    return None if svg is None else str(svg)


async def _draw(
    connection: asyncpg.Connection, chart: str, department: str, language: str, build: Callable[[], Spec | None]
) -> int:
    spec = await asyncio.to_thread(build)
    if spec is None:
        return 0
    digest = hashlib.sha256(json.dumps(spec, sort_keys=True).encode()).hexdigest()[:16]
    if await connection.fetchval(_DIGEST, chart, department, language) == digest:
        return 0
    svg = await asyncio.to_thread(_svg, spec)
    await connection.execute(_KEEP, chart, department, language, digest, svg)
    return 1


def _svg(spec: Spec) -> str:
    """Drawn by the library's own copy of Vega-Lite; nothing may be fetched on the way."""
    from vl_convert import vegalite_to_svg

    return str(vegalite_to_svg(spec, allowed_base_urls=[]))


def trend_of_scores(months: Sequence[Scored], indicators: Indicators, language: str) -> Spec | None:
    """A line a dimension over the months."""
    values = [
        {
            "month": f"{line.month:%Y-%m}",
            "dimension": indicators.dimensions[one.code].told(language),
            "score": float(one.score),
        }
        for line in months
        for one in line.dimensions
        if one.score is not None
    ]
    if not values:
        return None
    import altair as alt

    titles = [one.told(language) for one in indicators.dimensions.values()]
    chart = (
        alt.Chart(alt.InlineData(values=values))
        .mark_line(point=True, strokeWidth=2)
        .encode(
            x=alt.X("month:O", title=render("QLT-CHART-MONTH", language), axis=alt.Axis(labelAngle=0)),
            y=alt.Y("score:Q", title=None, axis=alt.Axis(format=".0%"), scale=alt.Scale(zero=False, nice=True)),
            color=alt.Color(
                "dimension:N", title=None, sort=titles, scale=alt.Scale(domain=titles, range=list(PALETTE))
            ),
        )
    )
    return _spec(chart)


def scores_of_registers(lines: Sequence[Scored], language: str) -> Spec | None:
    """A bar a register, of the newest month."""
    if not lines:
        return None
    newest = max(line.month for line in lines)
    titles = {name: register_title(name, language) for name in registers()}
    values = [
        {"register": titles[line.register or ""], "score": float(line.score), "told": f"{line.score:.1%}"}
        for line in lines
        if line.month == newest and line.score is not None
    ]
    if not values:
        return None
    import altair as alt

    base = alt.Chart(alt.InlineData(values=values)).encode(
        x=alt.X("score:Q", title=None, axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1])),
        y=alt.Y("register:N", title=None, sort="x"),
    )
    text = base.mark_text(align="right", dx=-6, color="#ffffff").encode(text="told:N")
    return _spec(alt.layer(base.mark_bar(color=PALETTE[0]), text))


def failures_by_county(
    counties: Iterable[CountyFailures], shapes: Sequence[Mapping[str, Any]], language: str
) -> Spec | None:
    """The city's counties, the darker the greater the share of rows that failed; grey where none was examined."""
    shares = {one.county: one for one in counties}
    features = [{**shape, "share": one.share if (one := shares.get(str(shape["code"]))) else None} for shape in shapes]
    if not features or not any(feature["share"] is not None for feature in features):
        return None
    import altair as alt

    colour = alt.Color(
        "share:Q",
        title=render("QLT-CHART-SHARE", language),
        scale=alt.Scale(scheme="oranges", domainMin=0),
        legend=alt.Legend(format=".1%", orient="right"),
    )
    missing = {"value": LINES}
    chart = (
        alt.Chart(alt.InlineData(values=features))
        .mark_geoshape(stroke=INK, strokeWidth=0.6)
        .encode(color=alt.condition("isValid(datum.share)", colour, missing))
        .project(type="identity", reflectY=True)
    )
    return _spec(chart)


def _spec(chart: Any) -> Spec:
    """The Vega-Lite document, in one look."""
    fitted = chart.properties(width=WIDTH, height=HEIGHT, background=PAPER)
    fitted = fitted.configure_axis(
        labelColor=INK, titleColor=INK, domainColor=LINES, tickColor=LINES, gridColor=LINES, gridOpacity=0.35
    )
    fitted = fitted.configure_legend(labelColor=INK, titleColor=INK).configure_view(stroke=None)
    told: Spec = fitted.to_dict()
    return told


_DEPARTMENTS = "SELECT DISTINCT department FROM jishi.score WHERE department <> '' ORDER BY 1"
_DIGEST = "SELECT digest FROM jishi.quality_chart WHERE chart = $1 AND department = $2 AND language = $3"
_KEPT = "SELECT svg FROM jishi.quality_chart WHERE chart = $1 AND department = $2 AND language = $3"
_KEEP = """
INSERT INTO jishi.quality_chart (chart, department, language, digest, svg) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (chart, department, language) DO UPDATE SET digest = excluded.digest, svg = excluded.svg, drawn_at = now()"""
