"""What scores are computed from, by month: how often each rule was satisfied, and what was counted of deliveries (after the
road, by a worker).

A month is made anew as a whole from what batches kept, so that computing it again changes nothing. A delivery counts for the
month in which it was delivered, in the city's time. Rows that said nothing new were not examined and count for no rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from jishi.dictionary.calendar import Calendar
from jishi.quality.cron import Cron
from jishi.quality.indicators import Indicators
from jishi.quality.lateness import measure
from jishi.registers.catalog import registers

LOCK = 7_308
"""Key of the advisory lock under which months are made one at a time."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One line: ``measure`` is a rule's id, or what was counted where it is no rule."""

    month: date
    register: str
    source: str
    department: str
    indicator: str
    measure: str
    rules_version: str
    numerator: int
    denominator: int
    batches: int


async def compute_months(connection: asyncpg.Connection, indicators: Indicators, timezone: str) -> int:
    """Make every month anew in which something ended since it was last made, and the last two; how many months."""
    zone = ZoneInfo(timezone)
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
        now = await connection.fetchval("SELECT clock_timestamp()")
        today = now.astimezone(zone).date()
        rows = await connection.fetch(_TOUCHED, timezone)
        months = {row["month"] for row in rows} | {_first(today), _first(_first(today) - timedelta(days=1))}
        for month in sorted(months):
            await _compute(connection, indicators, timezone, month, now)
    return len(months)


async def _compute(
    connection: asyncpg.Connection, indicators: Indicators, timezone: str, month: date, now: datetime
) -> None:
    following = _first(month + timedelta(days=32))
    await connection.execute("DELETE FROM jishi.score WHERE month = $1", month)
    codes = {rule.id: indicators.of_rule(rule) for register in registers().values() for rule in register.rules}
    assigned = {rule: code for rule, code in codes.items() if code is not None}
    period = (month, following, timezone, now)
    await connection.execute(_RULES, *period, list(assigned), list(assigned.values()))
    for name, statement in _COUNTED.items():
        if name in indicators.measures:
            await connection.execute(statement, *period, indicators.measures[name], name)
    if IN_TIME in indicators.measures:
        lines = await _in_time(connection, month, following, ZoneInfo(timezone))
        code = indicators.measures[IN_TIME]
        told = [(month, *line[:2], code, IN_TIME, "", *line[2:], now) for line in lines]
        await connection.executemany(_PUT, told)


IN_TIME = "deliveries_in_time"


async def _in_time(
    connection: asyncpg.Connection, month: date, following: date, zone: ZoneInfo
) -> Iterable[tuple[str, str, str, int, int, int]]:
    """Register, source, department, deliveries in time, times the schedule asked, deliveries: of scheduled sources."""
    found: dict[str, list[int]] = {}
    about: Mapping[str, asyncpg.Record] = {}
    rows = await connection.fetch(_DELIVERED, month, following, zone.key)
    about = {row["source"]: row for row in rows}
    for row in rows:
        cron = Cron.read(row["schedule"], zone)
        if cron is None or row["before"] is None:
            continue
        late = measure(cron, row["schedule"], row["before"], row["delivered_at"], _NO_CALENDAR)
        if late is not None:
            counts = found.setdefault(row["source"], [0, 0, 0])
            counts[0] += not late.late
            counts[1] += 1 + late.missed
            counts[2] += 1
    return [
        (about[source]["register"], source, about[source]["department"], *counts) for source, counts in found.items()
    ]


_NO_CALENDAR = Calendar({}, {})


def _first(day: date) -> date:
    return day.replace(day=1)


_TOUCHED = """
-- Months of batches that ended after their month was last made.
SELECT DISTINCT date_trunc('month', b.delivered_at AT TIME ZONE $1)::date AS month
FROM jishi.batch b
WHERE b.finished_at > COALESCE((
  SELECT max(s.computed_at) FROM jishi.score s
  WHERE s.month = date_trunc('month', b.delivered_at AT TIME ZONE $1)::date
), '-infinity')"""

_IN_MONTH = """b.kind = 'delivery' AND b.delivered_at >= $1::date::timestamp AT TIME ZONE $3
  AND b.delivered_at < $2::date::timestamp AT TIME ZONE $3"""

_INTO = """INSERT INTO jishi.score
  (month, register, source, department, indicator, measure, rules_version, numerator, denominator, batches, computed_at)"""

_RULES = f"""
-- How often each rule was satisfied, of the rows that were asked; what could not run says nothing.
{_INTO}
SELECT $1::date, s.register, s.name, s.department, a.indicator, a.rule, split_part(COALESCE(v.rules_version, ''), ' ', 1),
  sum(r.evaluated - r.failed), sum(r.evaluated), count(*), $4
FROM jishi.batch b
JOIN jishi.source s USING (source_id)
LEFT JOIN jishi.ruleset v ON v.ruleset_id = b.ruleset_id
CROSS JOIN LATERAL jsonb_to_recordset(b.rules) AS r(rule text, evaluated bigint, failed bigint, could_not_run text)
JOIN unnest($5::text[], $6::text[]) AS a(rule, indicator) ON a.rule = r.rule
WHERE {_IN_MONTH} AND b.status IN ('published', 'held', 'refused') AND r.could_not_run IS NULL
GROUP BY 2, 3, 4, 5, 6, 7"""


def _counting(numerator: str, denominator: str, where: str) -> str:
    return f"""
{_INTO}
SELECT $1::date, s.register, s.name, s.department, $5, $6, '', {numerator}, {denominator}, count(*), $4
FROM jishi.batch b
JOIN jishi.source s USING (source_id)
WHERE {_IN_MONTH} AND {where}
GROUP BY s.register, s.name, s.department"""


_ENDED = "b.status IN ('published', 'unchanged', 'held', 'refused', 'discarded')"

_COUNTED = {
    "rows_not_repeated": _counting(
        "sum(b.received - b.duplicate)", "sum(b.received)", f"{_ENDED} AND b.received IS NOT NULL"
    ),
    "rows_usable": _counting(
        "sum(b.unchanged + b.inserted + b.updated + b.ended)",
        "sum(b.received)",
        f"{_ENDED} AND b.received IS NOT NULL",
    ),
    "deliveries_readable": _counting("count(b.received)", "count(*)", _ENDED),
    "records_received": f"""
-- Rows received of those expected: the middle of the last five full deliveries of the same scope; deltas expect nothing.
{_INTO}
SELECT $1::date, e.register, e.source, e.department, $5, $6, '',
  sum(least(e.received, e.expected)), sum(e.expected), count(*), $4
FROM (
  SELECT s.register, s.name AS source, s.department, b.received, (
    SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY p.received)
    FROM (
      SELECT p.received FROM jishi.batch p
      WHERE p.source_id = b.source_id AND p.scope = b.scope AND p.status = 'published' AND p.kind = 'delivery'
        AND p.batch_id < b.batch_id
      ORDER BY p.batch_id DESC
      LIMIT 5
    ) p
  ) AS expected
  FROM jishi.batch b
  JOIN jishi.source s USING (source_id)
  WHERE {_IN_MONTH} AND s.mode = 'full' AND b.received IS NOT NULL AND b.status IN ('published', 'held', 'refused')
) e
WHERE e.expected > 0
GROUP BY e.register, e.source, e.department""",
}
"""Measure → its statement; the numerator never exceeds the denominator."""

_DELIVERED = f"""
-- Deliveries of scheduled sources, each with the one before it.
SELECT s.register, s.name AS source, s.department, s.schedule, b.delivered_at, (
  SELECT p.delivered_at FROM jishi.batch p
  WHERE p.source_id = b.source_id AND p.batch_id < b.batch_id AND p.status IN ('published', 'unchanged')
    AND p.kind = 'delivery'
  ORDER BY p.batch_id DESC
  LIMIT 1
) AS before
FROM jishi.batch b
JOIN jishi.source s USING (source_id)
WHERE {_IN_MONTH} AND s.schedule IS NOT NULL AND b.status IN ('published', 'unchanged', 'held', 'refused')
ORDER BY b.batch_id"""

_PUT = f"{_INTO} VALUES ($1, $2, $3, $7, $4, $5, $6, $8, $9, $10, $11)"
