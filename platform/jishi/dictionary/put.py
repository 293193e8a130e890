"""Writes rows of concepts as they are given, over what was there (import). Identifiers come from the declarations."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import MetaData
from sqlalchemy.dialects import postgresql

from jishi.dictionary.concept_tables import define_concepts
from jishi.storage.metadata import SCHEMA

if TYPE_CHECKING:
    from asyncpg import Connection

KEYS = {
    "scheme": ("id",),
    "concept": ("scheme", "code"),
    "concept_alias": ("scheme", "code", "alias_normalised", "negative", "places", "departments", "valid_from"),
    "concept_edge": ("scheme", "code", "predecessor", "place", "procedure", "valid_from"),
}


async def put(connection: Connection[Any], table: str, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert or replace ``rows`` of a table of ``KEYS``; all have the same members, dates as ISO text."""
    if rows:
        await connection.execute(_statement(table, tuple(sorted(rows[0]))), json.dumps(list(rows), ensure_ascii=False))


@cache
def _statement(name: str, columns: tuple[str, ...]) -> str:
    declared = MetaData(schema=SCHEMA)
    define_concepts(declared)
    table = declared.tables[f"{SCHEMA}.{name}"]
    typed = ", ".join(f"{column} {table.c[column].type.compile(dialect=_DIALECT)}" for column in columns)
    changed = ", ".join(f"{column} = EXCLUDED.{column}" for column in columns if column not in KEYS[name])
    return f"""
-- Rows as they are given.
INSERT INTO {table.fullname} ({", ".join(columns)})
SELECT {", ".join(columns)}
FROM jsonb_to_recordset($1::jsonb) AS given ({typed})
ON CONFLICT ({", ".join(KEYS[name])}) DO UPDATE
SET {changed}"""  # noqa: S608  identifiers of the declaration


_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
