"""Quality 质量 in the console: scores by register and department, their trend, failures by county (query, respond, road out).

Charts were drawn by a worker; what they show stands in tables beside them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from starlette.responses import Response

from jishi.errors import NotFoundError
from jishi.quality.charts import CHARTS, COUNTIES, REGISTERS, TREND, kept_chart
from jishi.quality.county_failures import county_failures
from jishi.quality.indicators import Indicators, load_indicators
from jishi.quality.report import register_title
from jishi.quality.scores import GROUPS, Group, Scored, Wanted, read_scores
from jishi.registers.catalog import registers
from jishi_api.console.formats import spark
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit

section = Section()

ROLES = ("steward", "auditor", "admin")
GROUP_TITLES = {
    "register": words("Register"),
    "department": words("Department"),
    "source": words("Source"),
    "city": words("All"),
}
SVG = "image/svg+xml"
MONTHS = 12
"""So far back a trend goes on the overview."""


@dataclass(frozen=True, slots=True)
class Trend:
    """``points``: of its line; ``change``: percentage points since ``month``."""

    points: str
    change: float
    month: str


@section.page("/quality", words("Quality"), roles=ROLES, menu=Menu.QUALITY)
async def quality(visit: Visit) -> Response:
    asked = visit.asked.choice("group", GROUPS)
    months = [row["month"] for row in await visit.connection.fetch(_MONTHS)]
    month = visit.asked.choice("month", [f"{one:%Y-%m}" for one in months])
    visit.asked.check()
    group: Group = next((one for one in GROUPS if one == asked), "register")
    chosen = date.fromisoformat(f"{month}-01") if month else (months[0] if months else None)
    indicators = load_indicators(visit.serving.settings)
    scores = await read_scores(
        visit.connection,
        indicators,
        visit.officer,
        Wanted(month=chosen),
        group,
    )
    over_months = await read_scores(visit.connection, indicators, visit.officer, Wanted(), "city")
    drawn = [
        chart
        for chart in CHARTS
        if await kept_chart(visit.connection, chart, visit.officer.department, visit.language) is not None
    ]
    return visit.show(
        "quality.html",
        scores=scores if chosen else [],
        over_months=over_months,
        months=[f"{one:%Y-%m}" for one in months],
        month=f"{chosen:%Y-%m}" if chosen else None,
        group=group,
        groups=GROUP_TITLES,
        dimensions=[(code, one.told(visit.language)) for code, one in sorted(indicators.dimensions.items())],
        indicators={code: one.told(visit.language) for code, one in indicators.indicators.items()},
        grades=_grades(indicators, visit),
        registers={name: register_title(name, visit.language) for name in registers()},
        departments=await _departments(visit),
        counties=await county_failures(visit.connection, visit.officer),
        charts=drawn,
        names={"trend": TREND, "registers": REGISTERS, "counties": COUNTIES},
    )


@section.page("/quality/{chart}.svg", words("Chart"), roles=ROLES)
async def chart(visit: Visit) -> Response:
    """Drawn for all departments, or for the officer's own."""
    name = visit.text("chart")
    svg = await kept_chart(visit.connection, name, visit.officer.department, visit.language) if name in CHARTS else None
    if svg is None:
        raise NotFoundError("QRY-NOT-FOUND")
    headers = {
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    }
    return Response(svg, media_type=SVG, headers=headers)


@section.panel(words("Quality of this month"), roles=ROLES)
async def panel(visit: Visit) -> str:
    """The newest month by register."""
    indicators = load_indicators(visit.serving.settings)
    scores = await read_scores(visit.connection, indicators, visit.officer, Wanted(), "register")
    newest = [line for line in scores if line.month == scores[0].month]
    return visit.part(
        "quality_panel.html",
        scores=[(line, trend([one for one in scores if one.register == line.register])) for line in newest],
        registers={name: register_title(name, visit.language) for name in registers()},
        grades=_grades(indicators, visit),
    )


def trend(lines: Sequence[Scored]) -> Trend | None:
    """How the scores of one register came to the newest, which is the first of ``lines``; None with nothing before it."""
    scored = [(line.month, float(line.score)) for line in lines[:MONTHS] if line.score is not None]
    points = spark([score for _, score in reversed(scored)], min((score for _, score in scored), default=0.0))
    if points is None or lines[0].score is None:
        return None
    return Trend(points, 100 * (scored[0][1] - scored[1][1]), f"{scored[1][0]:%Y-%m}")


def _grades(indicators: Indicators, visit: Visit) -> dict[str, str]:
    """A grade as the reader's language has it."""
    return {name: one.title_en if visit.language == "en" else name for name, one in indicators.grades.items()}


async def _departments(visit: Visit) -> dict[str, str]:
    rows = await visit.connection.fetch("SELECT uscc, name FROM jishi.department")
    return {row["uscc"]: row["name"] for row in rows}


_MONTHS = "SELECT DISTINCT month FROM jishi.score ORDER BY month DESC"
