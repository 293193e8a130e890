"""The change feed: numbers what a publication changed, gap-free in commit order under the register's lock."""

from __future__ import annotations

import asyncpg

from jishi.golden.lock import Clock
from jishi.registers.register import Register


async def publish_changes(
    connection: asyncpg.Connection, register: Register, clock: Clock, *, singles: bool = True
) -> tuple[dict[str, int], int]:
    """Append ``delta`` (and the new single entities of ``incoming``) to the feed; counts of delta by type, last number."""
    await connection.execute(_SINGLES if singles else _DELTA, register.number, clock.last_seq, clock.recorded_at)
    counted = await connection.fetch("SELECT type, count(*) AS n FROM delta GROUP BY type")
    counts = {"create": 0, "change": 0, "end": 0} | {row["type"]: int(row["n"]) for row in counted}
    last = await connection.fetchval(
        "SELECT COALESCE(max(seq), 0) FROM jishi.change WHERE register = $1", register.number
    )
    return counts, int(last)


_DELTA = """
INSERT INTO jishi.change (register, seq, uid, type, recorded_at, effective_from, elements)
SELECT $1::smallint, $2 + row_number() OVER (ORDER BY d.uid), d.uid, d.type, $3, d.effective_from, d.elements
FROM delta d"""

_SINGLES = """
INSERT INTO jishi.change (register, seq, uid, type, recorded_at, effective_from, elements)
SELECT $1::smallint, $2 + row_number() OVER (), c.uid, c.type, $3, c.effective_from, c.elements
FROM (
  SELECT d.uid, d.type, d.effective_from, d.elements FROM delta d
  UNION ALL
  SELECT i.uid, 'create', i.effective_from, NULL FROM incoming i WHERE i.single
) c"""
