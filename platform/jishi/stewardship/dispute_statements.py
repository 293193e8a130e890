"""What disputes ask the database (beside the road)."""

from __future__ import annotations

NUMBER = "SELECT nextval(pg_get_serial_sequence('jishi.dispute', 'dispute_id'))"

RAISE = """
-- A dispute; no row where the same party has one standing on the same value.
INSERT INTO jishi.dispute (
  dispute_id, register, uid, element, contribution_id, source_id, department, batch_id, row_number, raised_by,
  raised_department, case_no, claimed, due
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
ON CONFLICT (register, contribution_id, element, raised_by) WHERE resolved_at IS NULL DO NOTHING
RETURNING dispute_id
"""

STEP = """
-- What was done with a dispute.
INSERT INTO jishi.dispute_step (dispute_id, act, actor, department, words, late_days)
VALUES ($1, $2, $3, $4, $5, $6)
"""

MOVE = """
-- What follows from a step.
UPDATE jishi.dispute
SET status = $2, ticket_id = COALESCE($3, ticket_id),
  resolved_at = CASE WHEN $2 IN ('open', 'upheld') THEN NULL ELSE clock_timestamp() END
WHERE dispute_id = $1
"""

LOCK = "SELECT status FROM jishi.dispute WHERE dispute_id = $1 FOR UPDATE"

_COLUMNS = """
  t.dispute_id, t.register, t.uid, t.element, t.contribution_id, t.source_id, t.department, t.batch_id, t.row_number,
  t.raised_by, t.raised_department, t.case_no, t.claimed, t.raised_at, t.due, t.status, t.ticket_id, t.resolved_at,
  s.name AS source, o.name AS department_name, r.name AS raised_department_name
FROM jishi.dispute t
JOIN jishi.source s USING (source_id)
LEFT JOIN jishi.department o ON o.uscc = t.department
LEFT JOIN jishi.department r ON r.uscc = t.raised_department
"""

ONE = f"""
-- One dispute.
SELECT {_COLUMNS}
WHERE t.dispute_id = $1
"""

LISTED = f"""
-- Disputes, newest first: of one department as owner or as who raised it, or of one party alone, or all.
SELECT {_COLUMNS}
WHERE t.dispute_id < $1
  AND ($2::text IS NULL OR t.status = $2)
  AND ($3::text IS NULL OR t.department = $3 OR t.raised_department = $3)
  AND ($4::text IS NULL OR t.raised_by = $4)
ORDER BY t.dispute_id DESC
LIMIT $5
"""

STEPS = """
-- What was done with one dispute, the first step first.
SELECT act, actor, department, words, late_days, taken_at
FROM jishi.dispute_step
WHERE dispute_id = $1
ORDER BY step_id
"""

STANDING_REGISTERS = "SELECT DISTINCT register FROM jishi.dispute WHERE resolved_at IS NULL"

WAITING = "SELECT count(*) FROM jishi.dispute WHERE status = 'open' AND ($1::text IS NULL OR department = $1)"

ANY_STANDING = "SELECT EXISTS (SELECT FROM jishi.dispute WHERE register = $1 AND resolved_at IS NULL)"

STANDING = """
-- Disputed elements of a register by the entity their contribution belongs to now.
SELECT l.uid, d.element, min(d.raised_at) AS since
FROM jishi.dispute d
JOIN jishi.{register}_link l USING (contribution_id)
WHERE d.register = $1 AND d.resolved_at IS NULL
GROUP BY 1, 2
"""
