"""Facts about staged rows that only the registers know: neighbours' names, parents, distance from the known boundary.

Filled into the stage table before the rules are evaluated; verdicts stay with the rules.
"""

from __future__ import annotations

import asyncpg

from jishi.registers.register import Register


async def fill_facts(connection: asyncpg.Connection, register: Register, stage: str, staged: frozenset[str]) -> None:
    """Fill the register-dependent facts of ``stage``; registers without such facts are left alone."""
    if register.name != "place":
        return
    if "division_code__other_name" in staged:
        await connection.execute(_OTHER_NAME.format(stage=stage))
    if "parent_code__known" in staged:
        await connection.execute(_PARENT.format(stage=stage))
    if "geom__offset_m" in staged:
        address = "p.address_full IS NOT DISTINCT FROM s.address_full" if "address_full" in staged else "TRUE"
        division = _SAME_DIVISION if "division_code" in staged else "FALSE"
        await connection.execute(_OFFSET.format(stage=stage, same_address=address, same_division=division))


_OTHER_NAME = """
UPDATE {stage} s SET division_code__other_name = p.place_name
FROM jishi.place p
WHERE p.place_type = 'division' AND p.state = 'active' AND p.division_code = s.division_code
  AND p.division_level_code = s.division_level_code AND p.code_system <> s.code_system"""
"""What the other code system calls a division of the same code."""

_PARENT = """
UPDATE {stage} s SET parent_code__known = EXISTS (
    SELECT FROM {stage} p WHERE p.division_code = s.parent_code
  ) OR EXISTS (
    SELECT FROM jishi.place g
    WHERE g.place_type = 'division' AND g.state = 'active' AND g.code_system = s.code_system
      AND g.division_code = s.parent_code
  )
WHERE s.parent_code IS NOT NULL"""
"""Whether the division above is in the delivery or in the register."""

_SAME_DIVISION = """p.division_code = s.division_code
      AND p.division_level_code = s.division_level_code AND p.crs_source_code = '1'"""

_OFFSET = """
UPDATE {stage} s SET geom__offset_m = ST_DistanceSphere(
    ST_SetSRID(ST_Centroid(s.geom::geometry), 4326), ST_SetSRID(ST_Centroid(p.geom), 4326))
FROM jishi.place p
WHERE s.geom IS NOT NULL AND p.geom IS NOT NULL AND p.state = 'active' AND p.place_type = s.place_type
  AND CASE WHEN s.place_type = 'division' THEN {same_division}
    ELSE p.place_name = s.place_name AND {same_address} END"""
"""Metres between the centroids of what is delivered and what is known of the same place (for divisions: its CGCS2000
boundary)."""
