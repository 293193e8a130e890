"""What the making of aliases asks the database (beside the road)."""

from __future__ import annotations

CONCEPT = "SELECT preferred_name, name_normalised, status FROM jishi.concept WHERE scheme = $1 AND code = $2 AND removed_at IS NULL"

PROPOSE = """
-- A draft; one that was rejected or ended before, with the same scope, is taken up again. No row: it is there already.
INSERT INTO jishi.concept_alias AS a (
  scheme, code, alias_normalised, alias, places, departments, valid_from, valid_to, negative, status, origin
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'draft', 'steward')
ON CONFLICT ON CONSTRAINT concept_alias_scope_key DO UPDATE
SET status = 'draft', alias = EXCLUDED.alias, valid_to = EXCLUDED.valid_to, origin = 'steward', removed_at = NULL
WHERE a.status IN ('rejected', 'ended')
RETURNING alias_id
"""

SUPPOSE = """
-- An alias as if it were approved, in a transaction that is undone.
INSERT INTO jishi.concept_alias AS a (
  scheme, code, alias_normalised, alias, places, departments, valid_from, valid_to, negative, status, origin
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'approved', 'steward')
ON CONFLICT ON CONSTRAINT concept_alias_scope_key DO UPDATE
SET status = 'approved', removed_at = NULL
"""

STATUS = "UPDATE jishi.concept_alias SET status = $2 WHERE alias_id = $1"

DECIDE = """
-- Who did what, and why.
INSERT INTO jishi.alias_decision (alias_id, act, decided_by, decided_at, reason)
VALUES ($1, $2, $3, clock_timestamp(), $4)
"""

TAKEN = """
-- Other concepts of the scheme that go by this name where the alias would hold.
SELECT DISTINCT c.code, c.preferred_name
FROM jishi.concept c
LEFT JOIN jishi.concept_alias a
  ON a.scheme = c.scheme AND a.code = c.code AND a.alias_normalised = $3 AND a.status = 'approved' AND NOT a.negative
    AND (a.valid_to IS NULL OR current_date < a.valid_to)
    AND (a.places = '{}' OR $4::text[] = '{}' OR a.places && $4::text[])
    AND (a.departments = '{}' OR $5::text[] = '{}' OR a.departments && $5::text[])
WHERE c.scheme = $1 AND c.code <> $2 AND c.removed_at IS NULL AND c.status <> 'deprecated'
  AND (c.name_normalised = $3 OR a.alias_id IS NOT NULL)
ORDER BY c.code
"""

REFUSED = """
-- Whether it was decided that the name does not mean this concept.
SELECT EXISTS (
  SELECT FROM jishi.concept_alias
  WHERE scheme = $1 AND code = $2 AND alias_normalised = $3 AND status = 'approved' AND negative
    AND (valid_to IS NULL OR current_date < valid_to)
    AND (places = '{}' OR $4::text[] = '{}' OR places && $4::text[])
    AND (departments = '{}' OR $5::text[] = '{}' OR departments && $5::text[])
)
"""

_COLUMNS = """
  a.alias_id, a.scheme, a.code, a.alias, a.negative, a.places, a.departments, a.valid_from, a.valid_to, a.status, a.origin,
  c.preferred_name, p.decided_by AS proposed_by, d.decided_by, d.decided_at, d.reason
FROM jishi.concept_alias a
JOIN jishi.concept c USING (scheme, code)
LEFT JOIN LATERAL (
  SELECT decided_by
  FROM jishi.alias_decision
  WHERE alias_id = a.alias_id AND act = 'propose'
  ORDER BY decision_id DESC
  LIMIT 1
) p ON true
LEFT JOIN LATERAL (
  SELECT decided_by, decided_at, reason
  FROM jishi.alias_decision
  WHERE alias_id = a.alias_id
  ORDER BY decision_id DESC
  LIMIT 1
) d ON true
"""

ONE = f"""
-- One alias, with its last decision.
SELECT {_COLUMNS}
WHERE a.alias_id = $1
"""

LISTED = f"""
-- Aliases of stewards, newest first.
SELECT {_COLUMNS}
WHERE a.origin = 'steward'
  AND ($1::text IS NULL OR a.status = $1)
  AND ($2::bigint IS NULL OR a.alias_id < $2)
ORDER BY a.alias_id DESC
LIMIT $3
"""
