"""Brings one dictionary table to what the files say (beside the road: one step of a load).

Identifiers come from the declarations in ``tables.py``; all values are bound. What a person decided is never undone: rows
of origin ``steward`` are not touched, and of the others the status is written once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData, Table
from sqlalchemy.dialects import postgresql

from jishi.dictionary.status import LEFT_FILES
from jishi.dictionary.tables import define_tables
from jishi.storage.metadata import SCHEMA

if TYPE_CHECKING:
    from asyncpg import Connection

FIRST_WORD = ("status", "status_reason", "successors")
"""Columns of tables with a status that a file decides only when a row is new, or comes back after the files left it."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one table's load did, in rows."""

    inserted: int
    updated: int
    ended: int

    def __bool__(self) -> bool:
        return bool(self.inserted or self.updated or self.ended)


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


def _upsert(table: Table, key: Sequence[str], columns: Sequence[str]) -> str:
    """Insert or change; a row that says the same as before is not touched."""
    typed = ", ".join(f"{name} {table.c[name].type.compile(dialect=_DIALECT)}" for name in columns)
    names = ", ".join(columns)
    first = FIRST_WORD if "status" in table.c else ()
    values = [name for name in columns if name not in key and name not in first]
    back = _back(table)
    changed = ", ".join(
        [
            *(f"{name} = EXCLUDED.{name}" for name in values),
            *(
                f"{name} = CASE WHEN {back} THEN EXCLUDED.{name} ELSE held.{name} END"
                for name in columns
                if name in first
            ),
            "removed_at = NULL",
        ]
    )
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


def _back(table: Table) -> str:
    """Whether a row comes back whose status the loader itself ended."""
    ours = "held.status_origin = 'dictionary'" if "status_origin" in table.c else "held.status = 'ended'"
    return f"held.removed_at IS NOT NULL AND {ours}"


def _end(table: Table, key: Sequence[str]) -> str:
    """Mark what no file holds any more."""
    typed = ", ".join(f"{name} {table.c[name].type.compile(dialect=_DIALECT)}" for name in key)
    same = " AND ".join(f"{_filled(table, 'given', name)} = {_filled(table, 'held', name)}" for name in key)
    ends = ["removed_at = now()"]
    if "valid_to" in table.c:
        ends.append(
            "valid_to = CASE WHEN valid_from >= current_date THEN valid_to ELSE least(valid_to, current_date) END"
        )
    if "status_origin" in table.c:
        ours = "status_origin = 'dictionary' AND status = 'approved'"
        ends.append(f"status = CASE WHEN {ours} THEN 'deprecated' ELSE status END")
        ends.append(f"status_reason = CASE WHEN {ours} THEN '{LEFT_FILES}' ELSE status_reason END")
    elif "status" in table.c:
        ends.append("status = CASE WHEN status IN ('draft', 'approved') THEN 'ended' ELSE status END")
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
