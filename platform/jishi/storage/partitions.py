"""Partitions of the tables that only grow, made ahead of time so that nothing lands in the default partition.

The disclosure log is parted by months, so that its retention can be kept a month at a time; the rest by years.
"""

from __future__ import annotations

import asyncpg

_GROWING = """
SELECT c.relname AS name FROM pg_partitioned_table p
JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'jishi' AND p.partstrat = 'r' ORDER BY 1"""


MONTHLY = ("disclosure",)


async def make_partitions(connection: asyncpg.Connection, years_ahead: int = 1) -> list[str]:
    """Partitions by recording year or month, from this year on; those made now. Needs the owner's role."""
    made: list[str] = []
    year = int(await connection.fetchval("SELECT extract(year FROM now() AT TIME ZONE 'UTC')::int"))
    for table in [row["name"] for row in await connection.fetch(_GROWING)]:
        for begin in range(year, year + years_ahead + 1):
            for name, low, high in _months(table, begin) if table in MONTHLY else [_year(table, begin)]:
                if await connection.fetchval("SELECT to_regclass('jishi.' || $1)", name):
                    continue
                await connection.execute(
                    f"CREATE TABLE jishi.{name} PARTITION OF jishi.{table}"
                    f" FOR VALUES FROM ('{low}-01T00:00:00Z') TO ('{high}-01T00:00:00Z')"
                )
                made.append(name)
    return made


def _year(table: str, year: int) -> tuple[str, str, str]:
    return f"{table}_y{year}", f"{year}-01", f"{year + 1}-01"


def _months(table: str, year: int) -> list[tuple[str, str, str]]:
    following = [f"{year}-{month:02}" for month in range(2, 13)] + [f"{year + 1}-01"]
    return [(f"{table}_m{year}{month:02}", f"{year}-{month:02}", end) for month, end in enumerate(following, 1)]
