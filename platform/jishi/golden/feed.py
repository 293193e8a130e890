"""The change feed: numbers what a publication changed, gap-free in commit order under the register's lock."""

from __future__ import annotations

import asyncpg

from jishi.golden.lock import Clock
from jishi.registers.register import Register


async def publish_changes(
    connection: asyncpg.Connection, register: Register, clock: Clock, accepted: str | None = None
) -> tuple[dict[str, int], int]:
    """Append ``delta`` (and the new single entities among ``accepted`` rows); counts of delta by type, last number."""
    singles = (
        f"UNION ALL SELECT s.entity, 'create', s.effective_from, NULL, NULL, NULL, NULL FROM {accepted} WHERE s.single"
        if accepted
        else ""
    )
    written = await connection.execute(
        f"""
INSERT INTO jishi.change
  (register, seq, uid, type, recorded_at, effective_from, elements, known_at, before_from, before_known)
SELECT $1::smallint, $2 + row_number() OVER (), c.uid, c.type, $3, c.effective_from, c.elements, c.known_at,
  c.before_from, c.before_known
FROM (
  SELECT d.uid, d.type, d.effective_from, d.elements, d.known_at, d.before_from, d.before_known FROM delta d {singles}
) c""",
        register.number,
        clock.last_seq,
        clock.recorded_at,
    )
    counted = await connection.fetch("SELECT type, count(*) AS n FROM delta GROUP BY type")
    counts = {"create": 0, "change": 0, "withhold": 0, "end": 0} | {row["type"]: int(row["n"]) for row in counted}
    return counts, clock.last_seq + int(written.split()[-1])
