"""What the place register tells the reading of addresses: its towns and villages, and roads of one county (standardise)."""

from __future__ import annotations

import asyncpg

from jishi.standardise.address.gazetteer import PlaceName, RoadName

ROAD_PLACES = 3
"""A road tells a county when so many places on it named that county themselves, and none another."""


async def place_names(connection: asyncpg.Connection, prefix: str) -> list[PlaceName]:
    """The living towns and villages under a division code, of both code systems."""
    return [PlaceName(row["division_code"], row["place_name"]) for row in await connection.fetch(_PLACES, f"{prefix}%")]


async def road_names(connection: asyncpg.Connection, prefix: str) -> list[RoadName]:
    """The roads under a division code that lie in one county as far as is known."""
    rows = await connection.fetch(_ROADS, f"{prefix}%", ROAD_PLACES)
    return [RoadName(row["addr_road"], row["county"]) for row in rows]


_PLACES = """
SELECT DISTINCT division_code, place_name FROM jishi.place
WHERE place_type = 'division' AND state = 'active' AND division_code LIKE $1 AND length(division_code) IN (9, 12)"""
"""Towns (9 digits) and villages (12 digits)."""

_ROADS = """
SELECT addr_road, min(addr_division_code) AS county FROM jishi.place
WHERE place_type IN ('address', 'poi') AND state = 'active' AND addr_road IS NOT NULL
  AND addr_division_code LIKE $1 AND addr_resolution IN ('exact', 'alias', 'history')
GROUP BY addr_road
HAVING count(*) >= $2 AND min(addr_division_code) = max(addr_division_code)"""
"""Roads by what the addresses on them say; a county that was itself told by a road or a town tells nothing more."""
