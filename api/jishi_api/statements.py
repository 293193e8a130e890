"""The fixed statements of the road out: reads of health, ledger and dictionary (query)."""

from __future__ import annotations

REVISION = """
-- The revision the database is migrated to.
SELECT version_num
FROM jishi.alembic_version
"""

LOADED = """
-- Whether dictionaries have been loaded.
SELECT EXISTS (SELECT FROM jishi.code_value) AND EXISTS (SELECT FROM jishi.concept)
"""

FRESHNESS = """
-- Each source with its latest delivery and its latest published one; a repair brings nothing new.
SELECT
  s.name AS source, s.register, s.department, s.schedule,
  p.delivered_at AS published_delivery, p.finished_at AS published_at,
  extract(epoch FROM now() - p.finished_at)::bigint AS age_s,
  l.batch_id AS latest_batch, l.status AS latest_status, l.delivered_at AS latest_delivery
FROM jishi.source s
LEFT JOIN LATERAL (
  SELECT batch_id, status, delivered_at
  FROM jishi.batch
  WHERE source_id = s.source_id AND kind = 'delivery'
  ORDER BY batch_id DESC
  LIMIT 1
) l ON true
LEFT JOIN LATERAL (
  SELECT delivered_at, finished_at
  FROM jishi.batch
  WHERE source_id = s.source_id AND status IN ('published', 'unchanged') AND kind = 'delivery'
  ORDER BY batch_id DESC
  LIMIT 1
) p ON true
ORDER BY s.name
"""

_BATCH = """
  b.batch_id AS batch, s.name AS source, s.title, s.register, b.kind, b.repairs, b.status, b.format, b.encoding, b.bytes,
  encode(b.sha256, 'hex') AS sha256, b.delivered_at, b.recorded_at, b.finished_at, b.same_as, b.last_seq,
  b.received, b.unchanged, b.inserted, b.updated, b.ended, b.quarantined, b.held, b.duplicate, b.ended_by_absence,
  b.golden_created, b.golden_changed, b.golden_ended, b.golden_review,
  b.reasons::text AS reasons, b.warnings::text AS warnings, b.seconds::text AS seconds,
  b.fault ->> 'code' AS fault_code,
  (b.fault ->> 'line')::bigint AS fault_line, (b.fault ->> 'byte')::bigint AS fault_byte
"""

BATCHES = f"""
-- A page of the ledger, newest first: no file name, note or message, which might repeat a value.
SELECT {_BATCH}
FROM jishi.batch b
JOIN jishi.source s USING (source_id)
WHERE b.batch_id < $1
  AND ($2::text IS NULL OR s.name = $2)
  AND ($3::text IS NULL OR b.status = $3)
  AND ($4::text IS NULL OR s.department = $4)
ORDER BY b.batch_id DESC
LIMIT $5
"""  # noqa: S608  a fixed fragment

BATCH = f"""
-- One batch of the ledger.
SELECT {_BATCH}
FROM jishi.batch b
JOIN jishi.source s USING (source_id)
WHERE b.batch_id = $1
"""  # noqa: S608  a fixed fragment

KNOWN_CODE = """
-- Whether a code is one of its list; a list that was never loaded knows every code.
SELECT EXISTS (SELECT FROM jishi.code_value WHERE list = $1 AND code = $2)
  OR NOT EXISTS (SELECT FROM jishi.code_value WHERE list = $1)
"""

CODES_NAMED = """
-- Codes of these lists whose names hold one of these words.
SELECT w.word, v.list, v.code
FROM jishi.code_value v
JOIN unnest($2::text[]) AS w (word) ON position(w.word IN v.name) > 0
WHERE v.list = ANY($1::text[])
GROUP BY w.word, v.list, v.code
ORDER BY w.word, v.list, v.code
LIMIT 2000
"""
