"""Relations 关系 follow contributions that went over to another entity: what was recorded of the first one is closed as never
having been so, as known from now on, and stands of the other (merge).

Relations that ended before stay where they stood, and stand of the other entity too. A retired row names no contribution
any more, so that nothing that is said later changes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.golden.lock import Clock
from jishi.golden.relations import LOCK, concerns, find_targets, follow_values
from jishi.registers.register import Register

if TYPE_CHECKING:
    from asyncpg import Connection


async def move_relations(
    connection: Connection[Any], register: Register, clock: Clock, moved: list[int], before: UUID, after: UUID
) -> None:
    """``moved`` contributions were ``before``'s and are ``after``'s. Leaves the temp table ``moved``."""
    if not concerns(register):
        return
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK)
    number, at = register.number, clock.recorded_at
    await connection.execute(_moving(register), number, before, after, moved)
    await connection.execute(_APPEND, at)
    await connection.execute(_RETIRE, at)
    await find_targets(connection, register, clock)
    await connection.execute(
        "CREATE TEMP TABLE moved ON COMMIT DROP AS SELECT unnest($1::uuid[]) AS uid", [before, after]
    )
    await follow_values(connection, register, clock, None)


def _moving(register: Register) -> str:
    """Which relations are of another entity now, and of which; without a target where it has to be looked for anew. Of an
    entity that is gone all that refers to it goes over; of one that goes on what refers by a number that was taken away,
    or by a value."""
    goes_on = f"EXISTS (SELECT FROM jishi.{register.name} g WHERE g.uid = $2)"
    taken = (
        "EXISTS (SELECT FROM jishi.identifier d WHERE d.lookup = r.to_lookup AND d.register = $1"
        " AND d.contribution_id = ANY($4::bigint[]))"
    )
    kept = (
        "EXISTS (SELECT FROM jishi.identifier d WHERE d.lookup = r.to_lookup AND d.register = $1 AND d.uid = $2"
        " AND d.valid_to IS DISTINCT FROM d.valid_from)"
    )
    return f"""
CREATE TEMP TABLE moving ON COMMIT DROP AS
SELECT r.relation_id, f.is_from, t.is_to,
  CASE WHEN NOT t.is_to THEN r.to_uid WHEN NOT {goes_on} OR (r.to_lookup IS NOT NULL AND NOT {kept}) THEN $3::uuid END AS to_uid,
  CASE WHEN f.is_from THEN $3::uuid ELSE r.from_uid END AS from_uid,
  f.is_from AND r.contribution_id IS NULL AS is_valued
FROM jishi.relation r
CROSS JOIN LATERAL (
  SELECT r.from_register = $1::smallint AND r.from_uid = $2 AND CASE
    WHEN r.contribution_id IS NULL THEN NOT {goes_on} ELSE r.contribution_id = ANY($4::bigint[]) END AS is_from
) f
CROSS JOIN LATERAL (
  SELECT coalesce(r.to_register = $1::smallint AND r.to_uid = $2
    AND (NOT {goes_on} OR r.to_value IS NOT NULL OR {taken}), FALSE) AS is_to
) t
WHERE (r.from_uid = $2 OR r.to_uid = $2) AND (f.is_from OR t.is_to) AND r.effective_to IS DISTINCT FROM r.effective_from"""


_APPEND = """
INSERT INTO jishi.relation (kind, from_register, from_uid, contribution_id, element, to_register, to_uid, to_scheme, to_lookup,
  to_value, effective_from, effective_to, recorded_at, resolved_at, closed_at, batch_id)
SELECT r.kind, r.from_register, m.from_uid, r.contribution_id, r.element, CASE WHEN m.to_uid IS NOT NULL THEN r.to_register END,
  m.to_uid, r.to_scheme, r.to_lookup, r.to_value, r.effective_from, r.effective_to, $1::timestamptz,
  CASE WHEN m.to_uid IS NOT NULL THEN $1::timestamptz END, CASE WHEN r.closed_at IS NOT NULL THEN $1::timestamptz END, r.batch_id
FROM moving m JOIN jishi.relation r USING (relation_id)
WHERE NOT m.is_valued AND (m.to_uid IS NOT NULL OR r.closed_at IS NULL)
  AND NOT EXISTS (
    SELECT FROM jishi.relation o
    WHERE o.from_uid = m.from_uid AND o.kind = r.kind AND o.element = r.element AND o.to_uid = m.to_uid
      AND o.contribution_id IS NOT DISTINCT FROM r.contribution_id AND o.effective_from = r.effective_from
      AND o.effective_to IS NOT DISTINCT FROM r.effective_to AND (o.closed_at IS NULL) = (r.closed_at IS NULL)
  )"""
"""What the golden value of an entity refers to that is gone is said by the other's."""

_RETIRE = """
UPDATE jishi.relation r SET effective_to = r.effective_from, closed_at = $1, contribution_id = NULL
FROM moving m
WHERE m.relation_id = r.relation_id AND r.closed_at IS NULL"""
