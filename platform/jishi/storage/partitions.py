"""Yearly partitions of the tables that only grow; made ahead of time so that nothing lands in the default partition."""

from __future__ import annotations

import asyncpg

_GROWING = """
SELECT c.relname AS name FROM pg_partitioned_table p
JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'jishi' AND p.partstrat = 'r' ORDER BY 1"""


async def make_partitions(connection: asyncpg.Connection, years_ahead: int = 1) -> list[str]:
    """Partitions by recording year, from this year on; those made now. Needs the owner's role."""
    made: list[str] = []
    year = int(await connection.fetchval("SELECT extract(year FROM now() AT TIME ZONE 'UTC')::int"))
    for table in [row["name"] for row in await connection.fetch(_GROWING)]:
        for begin in range(year, year + years_ahead + 1):
            name = f"{table}_y{begin}"
            if await connection.fetchval("SELECT to_regclass('jishi.' || $1)", name):
                continue
            await connection.execute(
                f"CREATE TABLE jishi.{name} PARTITION OF jishi.{table}"
                f" FOR VALUES FROM ('{begin}-01-01T00:00:00Z') TO ('{begin + 1}-01-01T00:00:00Z')"
            )
            made.append(name)
    return made
