"""What tickets ask the database (beside the road)."""

from __future__ import annotations

from jishi.registers.register import Register, element_columns

ALONE = "SELECT pg_advisory_xact_lock(7307)"
"""Steps get their numbers in the order of their commits, so that a feed passes none over."""

NUMBER = "SELECT nextval(pg_get_serial_sequence('jishi.ticket', 'ticket_id'))"

OPEN = """
-- A ticket; no row where one of this row and rule is open.
INSERT INTO jishi.ticket (
  ticket_id, origin, register, source_id, department, batch_id, row_number, source_key, rule, elements, headers, dispute_id,
  note, opened_by, due
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
ON CONFLICT (batch_id, row_number, rule) WHERE status <> 'closed' AND rule IS NOT NULL DO NOTHING
RETURNING ticket_id
"""

OPEN_REFUSED = """
-- A ticket for each row of a batch that is refused by a rule and has none open for it.
INSERT INTO jishi.ticket (
  origin, register, source_id, department, batch_id, row_number, source_key, rule, elements, headers, opened_by, due
)
SELECT 'rule', $3, q.source_id, $4, q.batch_id, q.row_number, q.source_key, $2, $5, $6, $7, $8
FROM jishi.quarantine q
WHERE q.batch_id = $1 AND q.status = 'open' AND $2 = ANY(q.reasons)
ORDER BY q.row_number
ON CONFLICT (batch_id, row_number, rule) WHERE status <> 'closed' AND rule IS NOT NULL DO NOTHING
RETURNING ticket_id
"""


def open_warned(register: Register) -> str:
    return f"""
-- Likewise for each accepted row that the rule warns of and that is still its contribution's newest word.
INSERT INTO jishi.ticket (
  origin, register, source_id, department, batch_id, row_number, source_key, rule, elements, headers, opened_by, due
)
SELECT 'rule', $3, l.source_id, $4, c.batch_id, c.row_number, l.source_key, $2, $5, $6, $7, $8
FROM jishi.{register.name}_link l
JOIN jishi.{register.name}_contribution c ON c.contribution_id = l.contribution_id AND c.batch_id = $1 AND c.recorded_at = $9
WHERE l.source_id = $10 AND $2 = ANY(l.warnings)
ORDER BY c.row_number
ON CONFLICT (batch_id, row_number, rule) WHERE status <> 'closed' AND rule IS NOT NULL DO NOTHING
RETURNING ticket_id
"""  # noqa: S608  identifiers of the declaration


STEP = """
-- The same step of many tickets, each with its words and lateness; their place in the feed follows.
WITH step AS (
  INSERT INTO jishi.ticket_step (ticket_id, act, actor, department, words, assigned_to, late_days)
  SELECT t.ticket_id, $2, $3, $4, t.words, $7, t.late_days
  FROM unnest($1::bigint[], $5::bytea[], $6::int[]) t (ticket_id, words, late_days)
  ORDER BY t.ticket_id
  RETURNING ticket_id, step_id
)
UPDATE jishi.ticket t
SET last_step = s.step_id, status = COALESCE($8, t.status), assigned_to = COALESCE($7, t.assigned_to),
  closed_at = CASE COALESCE($8, t.status) WHEN 'closed' THEN COALESCE(t.closed_at, clock_timestamp()) END,
  closed_by_batch = CASE COALESCE($8, t.status) WHEN 'closed' THEN COALESCE($9, t.closed_by_batch) END
FROM step s
WHERE s.ticket_id = t.ticket_id
"""

LOCK = "SELECT status FROM jishi.ticket WHERE ticket_id = $1 FOR UPDATE"

SETTLE_DISPUTES = """
-- Upheld disputes whose tickets are closed bear no flag any more.
WITH settled AS (
  UPDATE jishi.dispute SET status = 'resolved', resolved_at = clock_timestamp()
  WHERE ticket_id = ANY($1::bigint[]) AND status = 'upheld'
  RETURNING dispute_id
)
INSERT INTO jishi.dispute_step (dispute_id, act, actor)
SELECT dispute_id, 'resolve', $2 FROM settled
"""

REVIVE_DISPUTES = """
-- A ticket that is opened again: what it came from is flagged again, unless it was raised anew meanwhile.
WITH revived AS (
  UPDATE jishi.dispute d SET status = 'upheld', resolved_at = NULL
  WHERE d.ticket_id = $1 AND d.status = 'resolved' AND NOT EXISTS (
    SELECT FROM jishi.dispute o
    WHERE o.register = d.register AND o.contribution_id = d.contribution_id AND o.element = d.element
      AND o.raised_by = d.raised_by AND o.resolved_at IS NULL
  )
  RETURNING dispute_id
)
INSERT INTO jishi.dispute_step (dispute_id, act, actor)
SELECT dispute_id, 'uphold', $2 FROM revived
"""

_COLUMNS = """
  t.ticket_id, t.origin, t.register, t.source_id, t.department, t.batch_id, t.row_number, t.source_key, t.rule, t.elements,
  t.headers, t.dispute_id, t.note, t.opened_by, t.opened_at, t.due, t.assigned_to, t.status, t.closed_at, t.closed_by_batch,
  t.last_step, s.name AS source, s.title AS source_title, d.name AS department_name
FROM jishi.ticket t
JOIN jishi.source s USING (source_id)
LEFT JOIN jishi.department d ON d.uscc = t.department
"""

ONE = f"""
-- One ticket.
SELECT {_COLUMNS}
WHERE t.ticket_id = $1
"""

_CHOSEN = """
WHERE ($1::text IS NULL OR t.department = $1)
  AND ($2::text IS NULL OR s.name = $2)
  AND ($3::text IS NULL OR t.status = $3)
  AND ($4::bigint IS NULL OR t.batch_id = $4)
  AND ($5::text IS NULL OR t.rule = $5)
"""

LISTED = f"""
-- Tickets, newest first.
SELECT {_COLUMNS}
{_CHOSEN}
  AND t.ticket_id < $6
ORDER BY t.ticket_id DESC
LIMIT $7
"""

FEED = f"""
-- Tickets by their last step, each once, with what became of it.
SELECT {_COLUMNS}
{_CHOSEN}
  AND t.last_step > $6
ORDER BY t.last_step
LIMIT $7
"""

STEPS = """
-- What was done with one ticket, the first step first.
SELECT act, actor, department, words, assigned_to, late_days, taken_at
FROM jishi.ticket_step
WHERE ticket_id = $1
ORDER BY step_id
"""

COUNTS = """
-- Tickets of each department by status and day, for counting how late they are.
SELECT t.department, d.name AS department_name, t.status, t.due, t.closed_at, count(*) AS number
FROM jishi.ticket t
LEFT JOIN jishi.department d ON d.uscc = t.department
WHERE $1::text IS NULL OR t.department = $1
GROUP BY 1, 2, 3, 4, 5
"""

ROWS = """
-- The quarantined rows of tickets, sealed, and what their columns were taken for.
SELECT t.ticket_id, q.raw, b.columns::text AS columns, s.key_columns
FROM jishi.ticket t
JOIN jishi.batch b USING (batch_id)
JOIN jishi.source s ON s.source_id = t.source_id
JOIN jishi.quarantine q ON q.batch_id = t.batch_id AND q.row_number = t.row_number
WHERE t.ticket_id = ANY($1::bigint[])
"""

BATCH = """
-- A batch with its source, as a ticket needs it.
SELECT b.batch_id, b.source_id, s.name AS source, s.department, s.register, b.recorded_at, b.columns::text AS columns,
  b.rules::text AS rules
FROM jishi.batch b
JOIN jishi.source s USING (source_id)
WHERE b.batch_id = $1
"""

REFUSED_ROW = "SELECT source_key, reasons FROM jishi.quarantine WHERE batch_id = $1 AND row_number = $2"

KEYS = """
-- Keys of rows with an open ticket that a later delivery of the source may put right.
SELECT DISTINCT source_key FROM jishi.ticket
WHERE source_id = $1 AND status <> 'closed' AND source_key IS NOT NULL AND batch_id <> $2
"""


def accepted_row(register: Register) -> str:
    return f"""
-- The key of an accepted row of a batch.
SELECT l.source_key FROM jishi.{register.name}_contribution c JOIN jishi.{register.name}_link l USING (contribution_id)
WHERE c.recorded_at = $3 AND c.batch_id = $1 AND c.row_number = $2
"""  # noqa: S608  identifiers of the declaration


def passing(register: Register) -> str:
    return f"""
-- Tickets of a rule whose row a batch delivered and the rule now lets pass; without a warning where it warns.
SELECT t.ticket_id, t.due
FROM jishi.ticket t
WHERE t.source_id = $1 AND t.status <> 'closed' AND t.batch_id <> $2 AND t.rule IS NOT NULL
  AND t.source_key = ANY($3::uuid[])
  AND NOT EXISTS (
    SELECT FROM jishi.quarantine q
    WHERE q.batch_id = $2 AND q.source_key = t.source_key AND t.rule = ANY(q.reasons)
  )
  AND NOT EXISTS (
    SELECT FROM jishi.{register.name}_link l
    WHERE l.source_id = $1 AND l.source_key = t.source_key AND t.rule = ANY(l.warnings)
  )
"""  # noqa: S608  identifiers of the declaration


def corrected(register: Register, element: str) -> str:
    """Of a sealed element the row holds the mask, so the number itself is looked at: it was cut where the new one begins."""
    declared = register.elements[element]
    columns = element_columns(element, declared)
    new, old = (", ".join(f"{alias}.{column}" for column in columns) for alias in "no")
    differs = f"ROW({new}) IS DISTINCT FROM ROW({old})"
    if declared.sealed:
        differs += f""" OR EXISTS (
    SELECT FROM jishi.identifier d
    WHERE d.contribution_id = l.contribution_id AND d.register = {register.number} AND d.element = '{element}'
      AND d.valid_to = n.effective_from
  )"""
    return f"""
-- Tickets about a value that a batch delivered anew, another than when the ticket was opened; or it ended the row.
SELECT t.ticket_id, t.due
FROM jishi.ticket t
JOIN jishi.{register.name}_link l ON l.source_id = t.source_id AND l.source_key = t.source_key
JOIN jishi.{register.name}_contribution n ON n.contribution_id = l.contribution_id AND n.recorded_at = $4 AND n.batch_id = $2
JOIN LATERAL (
  SELECT c.* FROM jishi.{register.name}_contribution c
  WHERE c.contribution_id = l.contribution_id AND c.recorded_at <= t.opened_at AND c.recorded_at < $4
  ORDER BY c.effective_from DESC, c.recorded_at DESC
  LIMIT 1
) o ON true
WHERE t.source_id = $1 AND t.status <> 'closed' AND t.batch_id <> $2 AND t.rule IS NULL AND '{element}' = ANY(t.elements)
  AND t.source_key = ANY($3::uuid[])
  AND (n.ended OR {differs})
"""  # noqa: S608  identifiers of the declaration


CORRECTABLE = """
-- Elements that open tickets without a rule are about.
SELECT DISTINCT unnest(elements) AS element FROM jishi.ticket
WHERE source_id = $1 AND status <> 'closed' AND rule IS NULL AND source_key = ANY($2::uuid[])
"""
