"""The change feed: numbers what a publication changed, gap-free in commit order under the register's lock (publish)."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from jishi.golden.lock import Clock
from jishi.registers.register import Register


async def publish_changes(
    connection: asyncpg.Connection, register: Register, clock: Clock, accepted: str | None = None
) -> tuple[dict[str, int], int]:
    """Append ``delta`` (and the new single entities among ``accepted`` rows); counts of delta by type, last number."""
    singles = (
        f"UNION ALL SELECT s.entity, 'create', s.effective_from, NULL, NULL, NULL, NULL, NULL FROM {accepted} WHERE s.single"
        if accepted
        else ""
    )
    written = await connection.execute(
        f"""
INSERT INTO jishi.change
  (register, seq, uid, type, recorded_at, effective_from, elements, known_at, before_from, before_known, "into")
SELECT $1::smallint, $2 + row_number() OVER (), c.uid, c.type, $3, c.effective_from, c.elements, c.known_at,
  c.before_from, c.before_known, c."into"
FROM (
  SELECT d.uid, d.type, d.effective_from, d.elements, d.known_at, d.before_from, d.before_known, d."into" FROM delta d {singles}
) c""",
        register.number,
        clock.last_seq,
        clock.recorded_at,
    )
    counted = await connection.fetch("SELECT type, count(*) AS n FROM delta GROUP BY type")
    counts = {"create": 0, "change": 0, "withhold": 0, "end": 0} | {row["type"]: int(row["n"]) for row in counted}
    return counts, clock.last_seq + int(written.split()[-1])


PRUNED_AT_ONCE = 10_000


async def prune_changes(connection: asyncpg.Connection, before: datetime) -> int:
    """Let go of changes recorded before an instant, a little at a time; how many went. Whoever stands behind them is told so
    by the number up to which they are gone, which moves in the same transaction."""
    gone = 0
    for number in await connection.fetch("SELECT register FROM jishi.register_state"):
        while went := int(await connection.fetchval(_PRUNE, number["register"], before, PRUNED_AT_ONCE)):
            gone += went
    return gone


_PRUNE = """
-- The oldest changes of a register that are older than an instant; how many they were.
WITH old AS (
  SELECT c.seq
  FROM jishi.change c
  WHERE c.register = $1 AND c.recorded_at < $2
    AND c.seq <= (SELECT pruned_seq + $3 FROM jishi.register_state WHERE register = $1)
), gone AS (
  DELETE FROM jishi.change c USING old WHERE c.register = $1 AND c.seq = old.seq
  RETURNING c.seq
), moved AS (
  UPDATE jishi.register_state SET pruned_seq = greatest(pruned_seq, (SELECT max(seq) FROM gone))
  WHERE register = $1 AND EXISTS (SELECT FROM gone)
)
SELECT count(*) FROM gone
"""
