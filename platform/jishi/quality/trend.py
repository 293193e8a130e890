"""How often each rule failed in a source's earlier batches, so that a share is seen beside what is usual (behind the road in)."""

from __future__ import annotations

from dataclasses import dataclass

import asyncpg

from jishi.quality.failures import BatchEntry

BATCHES = 10
"""Published batches looked back on."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One rule in one earlier batch."""

    batch: int
    evaluated: int
    failed: int

    @property
    def share(self) -> float | None:
        """Of the rows that were asked; None where none was."""
        return self.failed / self.evaluated if self.evaluated else None


async def trend_of(connection: asyncpg.Connection, entry: BatchEntry) -> dict[str, tuple[TrendPoint, ...]]:
    """Rule → the source's last published batches before this one that were measured by it, oldest first."""
    rows = await connection.fetch(_TREND, entry.source_id, entry.batch, BATCHES)
    found: dict[str, list[TrendPoint]] = {}
    for row in rows:
        found.setdefault(row["rule"], []).append(TrendPoint(row["batch_id"], row["evaluated"], row["failed"]))
    return {rule: tuple(points) for rule, points in found.items()}


_TREND = """
-- What each rule counted in the last published batches.
SELECT b.batch_id, r.rule, r.evaluated, r.failed
FROM (
  SELECT batch_id, rules FROM jishi.batch
  WHERE source_id = $1 AND batch_id < $2 AND status = 'published' AND kind = 'delivery'
  ORDER BY batch_id DESC
  LIMIT $3
) b
CROSS JOIN LATERAL jsonb_to_recordset(b.rules) AS r(rule text, evaluated bigint, failed bigint)
ORDER BY b.batch_id, r.rule"""
