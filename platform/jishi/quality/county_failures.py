"""How many examined rows failed a rule, by the county they name: for the map of the city (behind the road in)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from jishi.access.officer import Officer

DAYS = 92
"""Batches of so many days are counted: a quarter."""

TOLERANCE_DEGREES = 0.004
"""By which outlines are simplified, some 400 m: what a map of a hand's width shows."""


@dataclass(frozen=True, slots=True)
class CountyFailures:
    """``county``: six digits. ``failed`` of ``rows`` failed a rule, refused and warned alike."""

    county: str
    name: str | None
    rows: int
    failed: int

    @property
    def share(self) -> float:
        return self.failed / self.rows


async def county_failures(
    connection: asyncpg.Connection, officer: Officer | None, department: str | None = None
) -> list[CountyFailures]:
    """The worst first; of the batches of the last quarter that are there for the officer (None: of all)."""
    if officer is not None and officer.department is not None:
        department = officer.department
    rows = await connection.fetch(_FAILURES, DAYS, department)
    return [CountyFailures(row["county"], row["name"], row["rows"], row["failed"]) for row in rows]


async def outlines(connection: asyncpg.Connection, prefix: str) -> list[Mapping[str, Any]]:
    """GeoJSON features of the counties under ``prefix`` whose boundary the place register has; ``code`` beside."""
    rows = await connection.fetch(_OUTLINES, f"{prefix}%", TOLERANCE_DEGREES)
    return [{"type": "Feature", "geometry": json.loads(row["shape"]), "code": row["code"]} for row in rows]


_FAILURES = """
-- Rows by county, with the county's name where the place register knows it.
SELECT f.county, (
  SELECT p.place_name FROM jishi.place p
  WHERE p.place_type = 'division' AND p.state = 'active' AND p.division_code = f.county
  LIMIT 1
) AS name, sum(f.rows)::bigint AS rows, sum(f.failed)::bigint AS failed
FROM jishi.failing_county f
JOIN jishi.batch b USING (batch_id)
JOIN jishi.source s USING (source_id)
WHERE b.delivered_at > now() - make_interval(days => $1) AND b.status IN ('published', 'held', 'refused')
  AND b.kind = 'delivery'
  AND ($2::text IS NULL OR s.department = $2)
GROUP BY f.county
ORDER BY sum(f.failed)::numeric / sum(f.rows) DESC, f.county"""

_OUTLINES = """
-- The counties' outlines, as simple as a small map needs.
SELECT DISTINCT ON (division_code) division_code AS code,
  ST_AsGeoJSON(ST_SimplifyPreserveTopology(geom, $2), 4) AS shape
FROM jishi.place
WHERE place_type = 'division' AND state = 'active' AND geom IS NOT NULL
  AND division_level_code = 'county' AND division_code LIKE $1
ORDER BY division_code, crs_source_code"""
