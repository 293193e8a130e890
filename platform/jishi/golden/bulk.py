"""Bulk publications: indexes of small tables built after the load instead of during it, and fresh statistics after it."""

from __future__ import annotations

from dataclasses import dataclass, field

import asyncpg

from jishi.golden.columns import Names

BULK_ROWS = 50_000
"""From so many new rows on it pays to build a small table's indexes anew."""

STATISTICS_SHARE = 0.1
"""Growth since the last statistics after which the planner would be misled."""


@dataclass
class Bulk:
    """The tables one publication fills; begin before the inserts, end after them, in one transaction."""

    connection: asyncpg.Connection
    names: Names
    suspended: list[str] = field(default_factory=list)
    rows: int = 0

    @property
    def tables(self) -> tuple[str, ...]:
        name = self.names.register.name
        return (f"{name}_link", "identifier", name, "change", f"{name}_contribution")

    async def begin(self, rows: int) -> None:
        """``rows`` new entities are about to be inserted."""
        self.rows = rows
        if rows < BULK_ROWS:
            return
        for table in self.tables:
            if await self.connection.fetchval("SELECT jishi.suspend_indexes($1)", table):
                self.suspended.append(table)

    async def end(self) -> None:
        for table in self.suspended:
            await self.connection.execute("SELECT jishi.restore_indexes($1)", table)
        for table in self.tables:
            if await self._has_outgrown(table):
                await self.connection.execute("SELECT jishi.refresh_statistics($1)", table)

    async def _has_outgrown(self, table: str) -> bool:
        """Whether the planner's idea of the table is older than this publication makes bearable."""
        if self.rows < 1_000:
            return False
        known = await self.connection.fetchval(
            "SELECT COALESCE(sum(GREATEST(reltuples, 0)), 0) FROM pg_class WHERE oid = to_regclass($1)::oid OR oid IN"
            " (SELECT relid FROM pg_partition_tree(to_regclass($1)) WHERE isleaf)",
            f"jishi.{table}",
        )
        return bool(self.rows > STATISTICS_SHARE * float(known))
