"""Facts about staged rows that only the registers know: neighbours' names, parents, distance from the known boundary.

Filled into the stage table before the rules are evaluated; verdicts stay with the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from jishi.registers.register import Register

MOST_PAIRS = 50_000
"""So many differing names are fetched to be compared; of more, every nth row."""


@dataclass(frozen=True, slots=True)
class NamePairs:
    """Accepted rows whose entity is in the register already, and what those of another name are called."""

    compared: int  # rows with a name on both sides
    differing: int  # of those, rows whose name is not letter for letter that of any entity they point to
    pairs: Sequence[tuple[str, str]]  # delivered name, golden name; all, or an even sample in order of rows


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


async def name_pairs(
    connection: asyncpg.Connection,
    register: Register,
    stage: str,
    staged: frozenset[str],
    bad: str,
    source_id: int,
    least: int = 1,
) -> NamePairs | None:
    """Hold the names of a staged delivery against the register: by source key, else by strong identifier.

    None for a register whose names say nothing. With fewer than ``least`` differing rows no pairs are fetched.
    """
    name = next((name for name in register.contradiction.names if name in staged), None)
    if name is None:
        return None
    if not await connection.fetchval(f"SELECT EXISTS (SELECT FROM jishi.{register.name})"):
        return NamePairs(0, 0, ())
    pointing = _pointing(register, stage, staged, bad, name)
    counts = await connection.fetchrow(
        f"{pointing} SELECT count(*) AS compared, count(*) FILTER (WHERE differs) AS differing FROM met",
        source_id,
        register.number,
    )
    compared, differing = int(counts["compared"]), int(counts["differing"])
    if differing < least:
        return NamePairs(compared, differing, ())
    found = await connection.fetch(
        f"""{pointing}
SELECT delivered, golden FROM (
  SELECT m.*, row_number() OVER (ORDER BY row_number) AS place FROM met m WHERE differs
) d WHERE place % $3 = 0""",
        source_id,
        register.number,
        -(-differing // MOST_PAIRS),
    )
    return NamePairs(compared, differing, [(row["delivered"], row["golden"]) for row in found])


def _pointing(register: Register, stage: str, staged: frozenset[str], bad: str, name: str) -> str:
    """``met(row_number, delivered, golden, differs)``: accepted rows and the entity each points to, one line a row."""
    golden = f"jishi.{register.name}"
    anchors = []
    for slot in register.identifiers:
        if not register.elements[slot].strong or slot not in staged:
            continue
        other = f" OR i.scheme = s.{slot}__scheme_alt" if f"{slot}__scheme_alt" in staged else ""
        anchors.append(
            f"""
  SELECT f.row_number, i.uid FROM fresh f JOIN {stage} s USING (row_number)
  JOIN jishi.identifier i ON i.lookup = s.{slot}__lookup AND (i.scheme = s.{slot}__scheme{other})
    AND i.register = $2::smallint AND i.strong AND i.valid_to IS NULL"""
        )
    return f"""
WITH good AS (
  SELECT s.row_number, s.{name} AS delivered, l.uid
  FROM {stage} s
  LEFT JOIN {bad} b USING (row_number)
  LEFT JOIN {golden}_link l ON l.source_id = $1::smallint AND l.source_key = s.source_key
  WHERE COALESCE(b.reasons, '{{}}') = '{{}}' AND NOT s.ended AND s.{name} IS NOT NULL
), fresh AS (
  SELECT row_number FROM good WHERE uid IS NULL
), pointing AS ({" UNION ALL ".join(["SELECT row_number, uid FROM good WHERE uid IS NOT NULL", *anchors])}
), met AS (
  SELECT p.row_number, min(n.delivered) AS delivered, min(g.{name}) AS golden, bool_and(g.{name} <> n.delivered) AS differs
  FROM pointing p JOIN good n USING (row_number) JOIN {golden} g ON g.uid = p.uid
  WHERE g.{name} IS NOT NULL AND g.state = 'active'
  GROUP BY p.row_number
)"""
