"""The dictionary in the database: brings tables to what the files say, and finds the candidates of a name.

Identifiers come from the declarations in ``tables.py``; all values are bound.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, Table
from sqlalchemy.dialects import postgresql

from jishi.dictionary.tables import define_tables
from jishi.storage.metadata import SCHEMA

if TYPE_CHECKING:
    from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Change:
    """What one table's load did, in rows."""

    inserted: int
    updated: int
    ended: int

    def __bool__(self) -> bool:
        return bool(self.inserted or self.updated or self.ended)


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


async def synchronise(
    connection: Connection[Any], table_name: str, key: Sequence[str], rows: Sequence[Mapping[str, object]]
) -> Change:
    """Make ``table_name`` say what ``rows`` say: insert, update what differs, mark as ended what is not among them.

    ``rows`` all have the same members, dates as ISO text. Call inside a transaction that holds the table's lock.
    """
    table = _declared().tables[f"{SCHEMA}.{table_name}"]
    given = json.dumps(list(rows), ensure_ascii=False)
    columns = [name for name in (column.name for column in table.columns) if rows and name in rows[0]]
    written = await connection.fetch(_upsert(table, key, columns), given) if rows else []
    ended = await connection.fetch(_end(table, key), given)
    inserted = sum(row["inserted"] for row in written)
    return Change(inserted, len(written) - inserted, len(ended))


async def lock(connection: Connection[Any]) -> None:
    """One load at a time; readers are not disturbed."""
    await connection.execute("LOCK TABLE jishi.dictionary_edition IN SHARE ROW EXCLUSIVE MODE")


async def current_version(connection: Connection[Any]) -> str | None:
    """The version of what was loaded last; None before the first load."""
    version: str | None = await connection.fetchval(_VERSION)
    return version


async def record_version(connection: Connection[Any], version: str) -> None:
    await connection.execute("INSERT INTO jishi.dictionary_edition (version) VALUES ($1)", version)


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


def _upsert(table: Table, key: Sequence[str], columns: Sequence[str]) -> str:
    """Insert or change; a row that says the same as before is not touched."""
    typed = ", ".join(f"{name} {table.c[name].type.compile(dialect=_DIALECT)}" for name in columns)
    names = ", ".join(columns)
    values = [name for name in columns if name not in key]
    changed = ", ".join([*(f"{name} = EXCLUDED.{name}" for name in values), "removed_at = NULL"])
    before = ", ".join([*(f"held.{name}" for name in values), "held.removed_at"])
    after = ", ".join([*(f"EXCLUDED.{name}" for name in values), "NULL::timestamptz"])
    return f"""
INSERT INTO {table.fullname} AS held ({names})
SELECT {names}
FROM jsonb_to_recordset($1::jsonb) AS given ({typed})
ON CONFLICT ({", ".join(key)}) DO UPDATE
SET {changed}
WHERE ({before}) IS DISTINCT FROM ({after}){_mine(table, "held")}
RETURNING (xmax = 0) AS inserted"""  # noqa: S608  identifiers of the declaration


def _end(table: Table, key: Sequence[str]) -> str:
    """Mark what no file holds any more."""
    typed = ", ".join(f"{name} {table.c[name].type.compile(dialect=_DIALECT)}" for name in key)
    same = " AND ".join(f"{_filled(table, 'given', name)} = {_filled(table, 'held', name)}" for name in key)
    ends = ["removed_at = now()"]
    if "valid_to" in table.c:
        ends.append(
            "valid_to = CASE WHEN valid_from >= current_date THEN valid_to ELSE least(valid_to, current_date) END"
        )
    if "status" in table.c:
        ends.append("status = 'ended'")
    return f"""
UPDATE {table.fullname} AS held
SET {", ".join(ends)}
WHERE held.removed_at IS NULL{_mine(table, "held")}
  AND NOT EXISTS (SELECT FROM jsonb_to_recordset($1::jsonb) AS given ({typed}) WHERE {same})
RETURNING 1"""  # noqa: S608  identifiers of the declaration


def _filled(table: Table, source: str, name: str) -> str:
    """A key column that may be null, made comparable (only dates may be)."""
    return f"coalesce({source}.{name}, '-infinity')" if table.c[name].nullable else f"{source}.{name}"


def _mine(table: Table, source: str) -> str:
    """What stewards added is not the files' to change."""
    return f" AND {source}.origin = 'dictionary'" if "origin" in table.c else ""


@cache
def _declared() -> MetaData:
    declared = MetaData(schema=SCHEMA)
    define_tables(declared)
    return declared


_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]

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
WHERE a.status = 'active'
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
