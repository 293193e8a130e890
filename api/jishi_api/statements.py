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
-- Each source with its latest delivery and its latest published one.
SELECT
  s.name AS source, s.register, s.department, s.schedule,
  p.delivered_at AS published_delivery, p.finished_at AS published_at,
  extract(epoch FROM now() - p.finished_at)::bigint AS age_s,
  l.batch_id AS latest_batch, l.status AS latest_status, l.delivered_at AS latest_delivery
FROM jishi.source s
LEFT JOIN LATERAL (
  SELECT batch_id, status, delivered_at
  FROM jishi.batch
  WHERE source_id = s.source_id
  ORDER BY batch_id DESC
  LIMIT 1
) l ON true
LEFT JOIN LATERAL (
  SELECT delivered_at, finished_at
  FROM jishi.batch
  WHERE source_id = s.source_id AND status IN ('published', 'unchanged')
  ORDER BY batch_id DESC
  LIMIT 1
) p ON true
ORDER BY s.name
"""

_BATCH = """
  b.batch_id AS batch, s.name AS source, s.register, b.status, b.format, b.encoding, b.bytes,
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
ORDER BY b.batch_id DESC
LIMIT $4
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

SCHEMES = """
-- Every concept scheme and every code list.
SELECT id, title, title_en, 'concepts' AS kind, NULL AS standard, NULL AS version
FROM jishi.scheme
WHERE removed_at IS NULL
UNION ALL
SELECT id, title, title_en, 'codes', standard, version
FROM jishi.code_list
WHERE removed_at IS NULL
ORDER BY kind DESC, id
"""

CONCEPTS = """
-- The concepts of one scheme.
SELECT row_to_json(p)::text AS concept
FROM jishi.concept c
CROSS JOIN LATERAL (
  SELECT c.code, c.preferred_name AS name, c.stage_code, c.stage_name, c.status, c.valid_from, c.valid_to
) p
WHERE c.scheme = $1
ORDER BY c.code
"""

CODES = """
-- The values of one code list, with their periods.
SELECT row_to_json(p)::text AS concept
FROM jishi.code_value v
CROSS JOIN LATERAL (
  SELECT v.code, v.name, v.name_en, v.parent, v.valid_from, v.valid_to, v.alternatives, v.level, v.full_name,
    v.successors
) p
WHERE v.list = $1
ORDER BY v.code, v.valid_from NULLS FIRST
"""

CONCEPT = """
-- Concepts of one code, with what else they are called; of all schemes or of one.
SELECT row_to_json(p)::text AS concept, c.scheme
FROM jishi.concept c
CROSS JOIN LATERAL (
  SELECT c.scheme, c.code, c.preferred_name AS name, c.stage_code, c.stage_name, c.predecessors, c.responsible,
    c.documents, c.note, c.status, c.valid_from, c.valid_to,
    (
      SELECT coalesce(json_agg(json_build_object('name', a.alias, 'places', a.places) ORDER BY a.alias), '[]')
      FROM jishi.concept_alias a
      WHERE a.scheme = c.scheme AND a.code = c.code AND a.status = 'active' AND NOT a.negative
    ) AS aliases
) p
WHERE c.code = $1
  AND ($2::text IS NULL OR c.scheme = $2)
ORDER BY c.scheme
"""

CODE_VALUE = """
-- The periods of one code of one list.
SELECT row_to_json(p)::text AS concept
FROM jishi.code_value v
CROSS JOIN LATERAL (
  SELECT v.list AS scheme, v.code, v.name, v.name_en, v.parent, v.valid_from, v.valid_to, v.alternatives, v.note,
    v.level, v.full_name, v.successors
) p
WHERE v.code = $1
  AND v.list = $2
ORDER BY v.valid_to DESC NULLS FIRST, v.valid_from DESC NULLS LAST
"""
