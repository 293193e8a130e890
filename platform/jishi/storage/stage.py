"""Stage tables: one UNLOGGED table a batch in schema ``stage``, visible to every connection, gone with the batch."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping

import asyncpg

SCHEMA = "stage"


def stage_name(batch_id: int) -> str:
    return f"b_{batch_id}"


async def create(connection: asyncpg.Connection, batch_id: int, columns: Mapping[str, str]) -> str:
    """A fresh stage table of ``columns`` (name → PostgreSQL type, from the declaration); what a killed run left is dropped."""
    await drop(connection, batch_id)
    return await create_table(connection, stage_name(batch_id), columns)


async def create_table(connection: asyncpg.Connection, table: str, columns: Mapping[str, str]) -> str:
    """The same under a name of one's own (ours, never a request's)."""
    name = f"{SCHEMA}.{table}"
    listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    await connection.execute(f"CREATE UNLOGGED TABLE {name} ({listed})")
    await connection.execute(f"ALTER TABLE {name} SET (autovacuum_enabled = off)")
    return name


async def copy(connection: asyncpg.Connection, batch_id: int, columns: Iterable[str], rows: bytes) -> None:
    """Append CSV rows (null = empty unquoted field) to the stage table."""
    await copy_into(connection, stage_name(batch_id), columns, rows)


async def copy_into(connection: asyncpg.Connection, table: str, columns: Iterable[str], rows: bytes) -> None:
    """The same for a table of a name of one's own."""
    # asyncpg leaves its copy in a reference cycle: closing lets go of the rows now instead of at some collection
    with io.BytesIO(rows) as source:
        await connection.copy_to_table(table, schema_name=SCHEMA, columns=list(columns), source=source, format="csv")


async def discard_rows(connection: asyncpg.Connection, batch_id: int, pages: Iterable[list[int]]) -> None:
    """Take rows out that were settled otherwise (repeats, and what a newer row of the key takes the place of)."""
    for rows in pages:
        await connection.execute(
            f"DELETE FROM {SCHEMA}.{stage_name(batch_id)} WHERE row_number = ANY($1::bigint[])", rows
        )


async def mark_conflicts(connection: asyncpg.Connection, batch_id: int, pages: Iterable[list[int]]) -> None:
    """Rows of one key that say different things."""
    for rows in pages:
        await connection.execute(
            f"UPDATE {SCHEMA}.{stage_name(batch_id)} SET row__key_conflict = TRUE WHERE row_number = ANY($1::bigint[])",
            rows,
        )


async def analyse(connection: asyncpg.Connection, batch_id: int) -> None:
    await connection.execute("SET default_statistics_target = 10")
    await connection.execute(f"ANALYZE {SCHEMA}.{stage_name(batch_id)}")
    await connection.execute("RESET default_statistics_target")


async def count(connection: asyncpg.Connection, batch_id: int) -> int:
    return int(await connection.fetchval(f"SELECT count(*) FROM {SCHEMA}.{stage_name(batch_id)}"))


async def drop(connection: asyncpg.Connection, batch_id: int) -> None:
    """Drop the stage table and what stands beside it."""
    await drop_table(connection, stage_name(batch_id))


async def drop_table(connection: asyncpg.Connection, name: str) -> None:
    """The same for a table of a name of one's own."""
    await connection.execute(f"DROP TABLE IF EXISTS {SCHEMA}.{name}, {SCHEMA}.{name}_bad, {SCHEMA}.{name}_absent")


async def leftovers(connection: asyncpg.Connection, unfinished: Iterable[str]) -> list[int]:
    """Batches that have stage tables though they are over, or are none: ``unfinished`` are the statuses of the others. A killed
    run's session may make a table after the run that took its place has ended.
    """
    rows = await connection.fetch(_LEFTOVERS, list(unfinished))
    return [int(row["batch_id"]) for row in rows]


_LEFTOVERS = """
-- Batches of stage tables that no run will ask for.
SELECT DISTINCT t.batch_id
FROM (
  SELECT substring(tablename FROM '^b_([0-9]{1,18})(_|$)')::bigint AS batch_id
  FROM pg_tables
  WHERE schemaname = 'stage'
) t
WHERE t.batch_id IS NOT NULL
  AND NOT EXISTS (SELECT FROM jishi.batch b WHERE b.batch_id = t.batch_id AND b.status = ANY ($1))
ORDER BY 1
"""


async def keep_absent(connection: asyncpg.Connection, batch_id: int, contributions: Iterable[int]) -> str:
    """A table of the contributions that a full delivery no longer holds; its name."""
    name = f"{stage_name(batch_id)}_absent"
    await connection.execute(f"CREATE UNLOGGED TABLE {SCHEMA}.{name} (contribution_id bigint)")
    await connection.copy_records_to_table(name, schema_name=SCHEMA, records=((number,) for number in contributions))
    return f"{SCHEMA}.{name}"
