"""All versions of one entity as SQL: what was recorded when, of what time, and the state each of them took the place of
(query, road out)."""

from __future__ import annotations

from functools import lru_cache

from jishi.registers.clock import WITHHELD
from jishi.registers.register import Register
from jishi_api.as_of import versions
from jishi_api.plan import LATEST_NAME, LATEST_NUMBER, Plan
from jishi_api.sql import answer
from jishi_api.temporal import CITY_ZONE

OPEN = ("active", "ended", "merged")
"""States of the versions anybody may see who may see the entity."""


@lru_cache(maxsize=512)
def history(plan: Plan, withheld: bool, continued: bool) -> str:
    """Versions by (effective_from, recorded_at) after two bound instants, and those they took the place of, which have no
    ``place``. Bound behind the plan's values: uid, number of rows, and, where ``continued``, the two instants.

    What a version took the place of is the state at its effective date as known before it was recorded.
    """
    uid, limit, since, at = (f"${plan.first + number}" for number in range(4))
    states = "" if withheld else f" AND q.state IN ({', '.join(map(repr, OPEN))}){_not_withheld_now(plan.register)}"
    rows = f" AND ({plan.rows})" if plan.rows else ""
    after = f" AND (q.effective_from, q.recorded_at) > ({since}::timestamptz, {at}::timestamptz)" if continued else ""
    return f"""
-- A page of the versions of one of {plan.register.collection}.
WITH known AS MATERIALIZED (
  SELECT q.* FROM ({versions(plan.register)}) q WHERE q.uid = {uid}::uuid AND NOT q.in_version
), page AS (
  SELECT q.effective_from, q.recorded_at,
    row_number() OVER (ORDER BY q.effective_from, q.recorded_at) AS place,
    (SELECT min(o.recorded_at) FROM known o WHERE o.effective_from = q.effective_from AND o.recorded_at > q.recorded_at)
      AS superseded_at,
    (SELECT min(o.effective_from) FROM known o WHERE o.effective_from > q.effective_from) AS effective_until
  FROM known q
  WHERE true{states}{rows}{after}
  ORDER BY q.effective_from, q.recorded_at
  LIMIT {limit}::int
), before AS (
  SELECT p.*, b.effective_from AS before_from, b.recorded_at AS before_at
  FROM page p LEFT JOIN LATERAL (
    SELECT o.effective_from, o.recorded_at FROM known o
    WHERE o.recorded_at < p.recorded_at AND o.effective_from <= p.effective_from
    ORDER BY 1 DESC, 2 DESC
    LIMIT 1
  ) b ON true
), wanted AS (
  SELECT effective_from, recorded_at FROM before
  UNION
  SELECT before_from, before_at FROM before WHERE before_at IS NOT NULL
)
SELECT {answer(plan)}, q.effective_from, q.recorded_at, q.state, q."into", q.batch_id, b.place, b.superseded_at,
  b.effective_until, b.before_from, b.before_at
FROM known q
JOIN wanted w ON w.effective_from = q.effective_from AND w.recorded_at = q.recorded_at
LEFT JOIN before b ON b.effective_from = q.effective_from AND b.recorded_at = q.recorded_at{_of_its_day(plan.joins)}
CROSS JOIN LATERAL (SELECT {plan.columns}) p
WHERE true{states}{rows}
ORDER BY b.place
"""  # noqa: S608  identifiers of the declaration


def merged(register: Register) -> str:
    """Who was merged into an entity, and until when it has been so."""
    return f"""
-- Entities that were merged into one, as long as they were.
SELECT DISTINCT ON (v.recorded_at, v.uid) v.uid, v.effective_from, v.recorded_at, (
  SELECT min(o.recorded_at) FROM ({versions(register)}) o
  WHERE o.uid = v.uid AND o.recorded_at > v.recorded_at AND o.state <> 'merged'
) AS unmerged_at
FROM jishi.{register.name}_version v
WHERE v."into" = $1 AND v.state = 'merged' AND v.uid <> ALL($2::uuid[])
ORDER BY v.recorded_at, v.uid, v.effective_from
LIMIT 100
"""  # noqa: S608  identifiers of the declaration


BATCHES = """
-- Which department said it, in which delivery.
SELECT b.batch_id, b.delivered_at, s.name AS source, s.department, d.name AS department_name
FROM jishi.batch b
JOIN jishi.source s USING (source_id)
LEFT JOIN jishi.department d ON d.uscc = s.department
WHERE b.batch_id = ANY($1::bigint[])
"""

RELATIONS = """
-- Relations that one entity has, or had, whoever says so: by its own elements that may be told, or by another's.
SELECT r.relation_id, r.kind, r.element, r.effective_from, r.effective_to, r.recorded_at, r.closed_at, r.batch_id,
  (r.from_uid = $1 AND r.from_register = $2) AS outward, CASE WHEN r.from_uid = $1 THEN r.to_uid ELSE r.from_uid END AS other,
  CASE WHEN r.from_uid = $1 THEN r.to_register ELSE r.from_register END AS other_register
FROM jishi.relation r
WHERE ((r.from_uid = $1 AND r.from_register = $2 AND r.element = ANY($3::text[])) OR (r.to_uid = $1 AND r.to_register = $2))
  AND r.relation_id > $4
ORDER BY r.relation_id
LIMIT $5
"""


def _not_withheld_now(register: Register) -> str:
    """What may no longer be told is not told of another time either."""
    now = f"SELECT FROM jishi.{register.name} n WHERE n.uid = q.uid AND n.state = '{WITHHELD}'"
    return f" AND NOT EXISTS ({now})"


def _of_its_day(joins: str) -> str:
    """Names of codes, and numbers, as they were when the version began to be in force."""
    day = f"(q.effective_from AT TIME ZONE '{CITY_ZONE.key}')::date"
    named = f"((v.valid_from IS NULL OR v.valid_from <= {day}) AND (v.valid_to IS NULL OR {day} < v.valid_to)) DESC"
    carried = "(d.valid_from <= q.effective_from AND (d.valid_to IS NULL OR q.effective_from < d.valid_to)) DESC"
    return joins.replace(LATEST_NAME, f"{named}, {LATEST_NAME}").replace(LATEST_NUMBER, f"{carried}, {LATEST_NUMBER}")
