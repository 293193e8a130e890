"""Facts about staged rows that only the registers know: neighbours' names, parents, distance from the known boundary.

Filled into the stage table before the rules are evaluated; verdicts stay with the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from jishi.matching.former import FORMER, known_by
from jishi.registers.certificate import TRANSITIONS
from jishi.registers.register import Register

MOST_NAMES = 200_000
"""About so many rows of a delivery are compared by name; of a longer one every nth stretch of rows."""

STRETCH = 1_000
"""Rows that are compared, or not, together: within them a block of wrong names is seen."""


@dataclass(frozen=True, slots=True)
class NamePair:
    """A row whose name is not letter for letter one the register's entity is known by."""

    row: int
    place: int  # the how manieth compared row it is
    delivered: str
    golden: str


@dataclass(frozen=True, slots=True)
class NamePairs:
    """Accepted rows whose entity is in the register already, and those of another name in the order of the delivery."""

    step: int  # every stretch was looked at (1), or every nth
    compared: int  # rows looked at that have a name on both sides
    pairs: Sequence[NamePair]


async def fill_facts(connection: asyncpg.Connection, register: Register, stage: str, staged: frozenset[str]) -> None:
    """Fill the register-dependent facts of ``stage``; registers without such facts are left alone."""
    if register.name in _FILLERS:
        await _FILLERS[register.name](connection, register, stage, staged)


async def _fill_place(connection: asyncpg.Connection, _register: Register, stage: str, staged: frozenset[str]) -> None:
    if "division_code__other_name" in staged:
        await connection.execute(_OTHER_NAME.format(stage=stage))
    if "parent_code__known" in staged:
        await connection.execute(_PARENT.format(stage=stage))
    if "geom__offset_m" in staged:
        address = "p.address_full IS NOT DISTINCT FROM s.address_full" if "address_full" in staged else "TRUE"
        division = _SAME_DIVISION if "division_code" in staged else "FALSE"
        await connection.execute(_OFFSET.format(stage=stage, same_address=address, same_division=division))


async def _fill_credit(connection: asyncpg.Connection, register: Register, stage: str, staged: frozenset[str]) -> None:
    """A record's delivery is late once, when it first arrives; a repair speaks of the decision the register knows."""
    if "decision_document__lookup" not in staged:
        return
    if "decided_on__late" in staged:
        await connection.execute(_LATE_ONCE.format(stage=stage), register.number)
    if "decided_on__agrees" in staged and "repair_decided_on" in staged:
        await connection.execute(_DECISION_AGREES.format(stage=stage), register.number)


async def _fill_certificate(
    connection: asyncpg.Connection, register: Register, stage: str, staged: frozenset[str]
) -> None:
    """What status a certificate has now, and whether the one delivered may follow it."""
    if {"cert_identifier__lookup", "cert_status__to"} <= staged:
        before, after = zip(*TRANSITIONS, strict=True)
        await connection.execute(_STATUS.format(stage=stage), register.number, before, after)


_FILLERS = {"place": _fill_place, "credit_record": _fill_credit, "certificate": _fill_certificate}

_KNOWN = """jishi.identifier i
WHERE i.register = $1::smallint AND i.strong AND (i.valid_to IS NULL OR i.valid_to > now())"""

_LATE_ONCE = f"""
UPDATE {{stage}} s SET decided_on__late = NULL
FROM {_KNOWN} AND i.lookup = s.decision_document__lookup AND s.decided_on__late"""
"""The day of a record's first arrival is what counts; what it was then stands in the report of that batch."""

_DECISION_AGREES = f"""
UPDATE {{stage}} s SET decided_on__agrees = (g.decided_on = s.decided_on)
FROM jishi.credit_record g, {_KNOWN} AND i.uid = g.uid AND i.lookup = s.decision_document__lookup
  AND s.repair_decided_on IS NOT NULL AND g.decided_on IS NOT NULL"""
"""Whether a repair counts its terms from the very decision; null where the decision has not arrived."""

_STATUS = f"""
UPDATE {{stage}} s SET cert_status__from = g.cert_status,
  cert_status__allowed = g.cert_status = s.cert_status__to
    OR (g.cert_status, s.cert_status__to) IN (SELECT * FROM unnest($2::text[], $3::text[]))
FROM jishi.certificate g, {_KNOWN} AND i.uid = g.uid AND i.lookup = s.cert_identifier__lookup
  AND g.cert_status IS NOT NULL AND s.cert_status__to IS NOT NULL"""
"""The status in force of the same certificate, whichever source said it, and whether it may change so."""

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
    rows: int,
) -> NamePairs:
    """Hold the names of a staged delivery of ``rows`` against the register: by source key, else by strong identifier."""
    name = next((name for name in register.contradiction.names if name in staged), None)
    if name is None or not await connection.fetchval(f"SELECT EXISTS (SELECT FROM jishi.{register.name})"):
        return NamePairs(1, 0, ())
    step = max(1, -(-rows // MOST_NAMES))
    query = _name_pairs(register, stage, staged, bad, name)
    found = await connection.fetchrow(query, source_id, register.number, step, STRETCH)
    differing = zip(*(found[column] or () for column in ("rows", "places", "delivered", "golden")), strict=True)
    return NamePairs(step, found["compared"], [NamePair(*pair) for pair in differing])


def _name_pairs(register: Register, stage: str, staged: frozenset[str], bad: str, name: str) -> str:
    """Each accepted row and the entities it points to; it agrees when one of them is known by its very name."""
    golden = f"jishi.{register.name}"
    slots = [slot for slot in register.identifiers if register.elements[slot].strong and slot in staged]
    told = [name, *([FORMER] if FORMER in staged else [])]
    own = ", ".join(f"s.{column}" for column in told)
    carried = "".join(f", s.{slot}__lookup, {_schemes(slot, staged)} AS {slot}__schemes" for slot in slots)
    of_good = ", ".join(("n.row_number", *(f"n.{column}" for column in told)))
    anchors = [
        f"""
  SELECT {of_good}, i.uid
  FROM good n JOIN jishi.identifier i ON i.lookup = n.{slot}__lookup AND i.scheme = ANY(n.{slot}__schemes)
    AND i.register = $2::smallint AND i.strong AND (i.valid_to IS NULL OR i.valid_to > now())
  WHERE n.uid IS NULL"""
        for slot in slots
    ]
    linked = f"SELECT {of_good}, n.uid FROM good n WHERE n.uid IS NOT NULL"
    known = known_by(register, staged, name, row="p", entity="p.uid", golden="g")
    return f"""
WITH good AS (
  SELECT s.row_number, {own}, l.uid{carried}
  FROM {stage} s
  LEFT JOIN {golden}_link l ON l.source_id = $1::smallint AND l.source_key = s.source_key
  WHERE (s.row_number - 1) / $4::bigint % $3::bigint = 0 AND NOT s.ended AND s.{name} IS NOT NULL
    AND NOT EXISTS (SELECT FROM {bad} b WHERE b.row_number = s.row_number AND b.reasons <> '{{}}')
), pointing AS ({" UNION ALL ".join([linked, *anchors])}
), met AS (
  SELECT p.row_number, row_number() OVER (ORDER BY p.row_number) AS place, min(p.{name}) AS delivered,
    min(g.{name}) AS golden, bool_and(CASE WHEN g.{name} = p.{name} THEN FALSE ELSE NOT {known} END) AS differs
  FROM pointing p JOIN {golden} g ON g.uid = p.uid
  WHERE g.{name} IS NOT NULL AND g.state = 'active'
  GROUP BY p.row_number
)
SELECT count(*) AS compared,
  {_in_order("row_number")} AS rows, {_in_order("place")} AS places, {_in_order("delivered")} AS delivered,
  {_in_order("golden")} AS golden
FROM met"""


def _in_order(column: str) -> str:
    return f"array_agg({column} ORDER BY row_number) FILTER (WHERE differs)"


def _schemes(slot: str, staged: frozenset[str]) -> str:
    other = f", s.{slot}__scheme_alt" if f"{slot}__scheme_alt" in staged else ""
    return f"ARRAY[s.{slot}__scheme{other}]"
