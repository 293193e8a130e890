"""``turn``: applies versions whose effective date has come; the daily job, and catch-up at every worker's start."""

from __future__ import annotations

from datetime import datetime

import asyncpg

from jishi.golden.columns import Names
from jishi.golden.feed import publish_changes
from jishi.golden.lock import Clock, lock_register
from jishi.golden.recompute import change_of
from jishi.golden.relations import LOCK, follow_values
from jishi.registers.catalog import registers
from jishi.registers.register import Register


async def turn_all(connection: asyncpg.Connection, until: datetime | None = None) -> dict[str, int]:
    """Turn every register; register name → changes published."""
    return {name: await turn(connection, register, until) for name, register in registers().items()}


async def turn(connection: asyncpg.Connection, register: Register, until: datetime | None = None) -> int:
    """Make every version with an effective date up to ``until`` (default: now) golden; number of changes published."""
    names = Names(register, "", frozenset())
    async with connection.transaction():
        clock = await lock_register(connection, register)
        moment = until or clock.recorded_at
        await connection.execute(_due(names), register.number, moment)
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM in_force)"):
            await connection.execute(_TURNED, register.number, moment)
            return 0
        await connection.execute(change_of(names, "a.since"))
        await connection.execute(_keep(names))
        await connection.execute(f"DELETE FROM {names.golden} g USING in_force d WHERE d.uid = g.uid")
        await connection.execute(_apply(names))
        if register.references:
            await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
            await connection.execute("CREATE TEMP TABLE moved ON COMMIT DROP AS SELECT uid FROM in_force")
            await follow_values(connection, register, clock, None)
        changes = await _publish(connection, register, clock)
        await connection.execute(_TURNED, register.number, moment)
        return changes


async def _publish(connection: asyncpg.Connection, register: Register, clock: Clock) -> int:
    counts, last_seq = await publish_changes(connection, register, clock)
    await connection.execute(
        "UPDATE jishi.register_state SET last_recorded_at = $2, last_seq = $3 WHERE register = $1",
        register.number,
        clock.recorded_at,
        last_seq,
    )
    return sum(counts.values())


def _due(names: Names) -> str:
    """Of each entity the version in force at the new moment, where it is not the golden row already."""
    return f"""
CREATE TEMP TABLE in_force ON COMMIT DROP AS
SELECT v.* FROM (
  SELECT DISTINCT ON (v.uid) v.uid, v.effective_from AS t, v.recorded_at AS since, v.state, v.batch_id, {names.column_list("v")}
  FROM {names.version} v
  WHERE v.effective_from <= $2
    AND v.uid IN (
      SELECT uid FROM {names.version}
      WHERE effective_from > (SELECT turned_to FROM jishi.register_state WHERE register = $1) - interval '1 hour'
        AND effective_from <= $2
    )
  ORDER BY v.uid, v.effective_from DESC, v.recorded_at DESC
) v
LEFT JOIN {names.golden} g ON g.uid = v.uid
WHERE v.state <> 'merged' AND (g.uid IS NULL OR (v.t, v.since) > (g.effective_from, g.recorded_at))"""


def _keep(names: Names) -> str:
    """Golden rows about to be replaced go to the version table, unless they stand there already."""
    return f"""
INSERT INTO {names.version} (uid, {names.column_list()}, effective_from, recorded_at, state, batch_id)
SELECT g.uid, {names.column_list("g")}, g.effective_from, g.recorded_at, g.state, g.batch_id
FROM {names.golden} g JOIN in_force d ON d.uid = g.uid
WHERE NOT g.in_version"""


def _apply(names: Names) -> str:
    """The versions whose time has come; they keep standing in the version table."""
    return f"""
INSERT INTO {names.golden} (uid, {names.column_list()}, effective_from, recorded_at, state, in_version, batch_id)
SELECT d.uid, {names.column_list("d")}, d.t, d.since, d.state, TRUE, d.batch_id
FROM in_force d"""


_TURNED = "UPDATE jishi.register_state SET turned_to = greatest(turned_to, $2) WHERE register = $1"
