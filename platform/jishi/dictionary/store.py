"""The dictionary in the database: finds the candidates of a name, and says which version is in force (query)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Hit:
    """One row a name was found by; ``via`` is code, name or alias, ``text`` the spelling found, ``folded`` its key."""

    folded: str
    scheme: str
    code: str
    name: str
    stage_code: str | None
    via: str
    text: str
    places: tuple[str, ...]
    negative: bool


async def lock(connection: Connection[Any]) -> None:
    """One load at a time; readers are not disturbed."""
    await connection.execute("LOCK TABLE jishi.dictionary_edition IN SHARE ROW EXCLUSIVE MODE")


async def current_version(connection: Connection[Any]) -> str | None:
    """The version of what was loaded last; None before the first load."""
    version: str | None = await connection.fetchval(_VERSION)
    return version


async def known_schemes(connection: Connection[Any], wanted: Sequence[str]) -> tuple[list[str], list[str]]:
    """Which of ``wanted`` are concept schemes, and which code lists."""
    rows = await connection.fetch(_KNOWN, list(wanted))
    return [row["id"] for row in rows if row["concepts"]], [row["id"] for row in rows if not row["concepts"]]


async def find_concepts(
    connection: Connection[Any], schemes: Sequence[str], folded: Sequence[str], day: date
) -> list[Hit]:
    """Concepts of ``schemes`` in force on ``day`` whose code, name or alias is among the folded names."""
    return [_hit(row) for row in await connection.fetch(_CONCEPTS, list(schemes), list(folded), day)]


async def find_values(connection: Connection[Any], lists: Sequence[str], folded: Sequence[str], day: date) -> list[Hit]:
    """Values of code lists in force on ``day`` whose code, name or alternative is among the folded names."""
    rows = await connection.fetch(_VALUES, list(lists), list(folded), day)
    return [_hit(row) for row in rows]


async def division_name(connection: Connection[Any], code: str, day: date) -> str | None:
    """The full name of a division code on ``day``."""
    name: str | None = await connection.fetchval(_DIVISION, code, day)
    return name


def _hit(row: Mapping[str, Any]) -> Hit:
    return Hit(
        row["folded"],
        row["scheme"],
        row["code"],
        row["name"],
        row["stage_code"],
        row["via"],
        row["text"],
        tuple(row["places"]),
        row["negative"],
    )


_VERSION = """
-- The latest load.
SELECT version
FROM jishi.dictionary_edition
ORDER BY id DESC
LIMIT 1
"""

_KNOWN = """
-- Which ids are schemes, which code lists.
SELECT id, true AS concepts
FROM jishi.scheme
WHERE id = ANY($1::text[]) AND removed_at IS NULL
UNION ALL
SELECT id, false
FROM jishi.code_list
WHERE id = ANY($1::text[]) AND removed_at IS NULL
"""

_CONCEPTS = """
-- Concepts by code, by preferred name and by alias.
WITH living AS (
  SELECT scheme, code, preferred_name, name_normalised, stage_code
  FROM jishi.concept
  WHERE scheme = ANY($1::text[])
    AND (removed_at IS NULL OR $3 < valid_to)
    AND (valid_from IS NULL OR valid_from <= $3)
    AND (valid_to IS NULL OR $3 < valid_to)
)
SELECT lower(code) AS folded, scheme, code, preferred_name AS name, stage_code, 'code' AS via, code AS text,
  '{}'::text[] AS places, false AS negative
FROM living
WHERE lower(code) = ANY($2::text[])
UNION ALL
SELECT name_normalised, scheme, code, preferred_name, stage_code, 'name', preferred_name, '{}', false
FROM living
WHERE name_normalised = ANY($2::text[])
UNION ALL
SELECT a.alias_normalised, c.scheme, c.code, c.preferred_name, c.stage_code, 'alias', a.alias, a.places, a.negative
FROM jishi.concept_alias a
JOIN living c USING (scheme, code)
WHERE a.status = 'approved'
  AND (a.valid_from IS NULL OR a.valid_from <= $3)
  AND (a.valid_to IS NULL OR $3 < a.valid_to)
  AND a.alias_normalised = ANY($2::text[])
"""

_VALUES = """
-- Values of code lists by any of their spellings; the array's first is the code, the second the name.
SELECT k.folded, v.list AS scheme, v.code, v.name, NULL::text AS stage_code,
  CASE k.place WHEN 1 THEN 'code' WHEN 2 THEN 'name' ELSE 'alias' END AS via,
  CASE WHEN k.place > 2 THEN v.alternatives[k.place - 2] ELSE v.name END AS text,
  '{}'::text[] AS places, false AS negative
FROM jishi.code_value v
CROSS JOIN LATERAL unnest(v.keys) WITH ORDINALITY AS k (folded, place)
WHERE v.list = ANY($1::text[])
  AND v.keys && $2::text[]
  AND k.folded = ANY($2::text[])
  AND (v.removed_at IS NULL OR $3 < v.valid_to)
  AND (v.valid_from IS NULL OR v.valid_from <= $3)
  AND (v.valid_to IS NULL OR $3 < v.valid_to)
"""

_DIVISION = """
-- A division's full name on a day.
SELECT coalesce(full_name, name)
FROM jishi.code_value
WHERE list = 'division' AND code = $1
  AND (valid_from IS NULL OR valid_from <= $2)
  AND (valid_to IS NULL OR $2 < valid_to)
"""
