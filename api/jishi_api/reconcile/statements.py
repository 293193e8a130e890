"""What the reconciliation service asks the database: entities by code, entities by how they begin (query, road out)."""

from __future__ import annotations

ENTITIES = """
-- Concepts, and values of code lists in their latest period, by scheme and code.
SELECT c.scheme, c.code, (
    to_jsonb(c) || jsonb_build_object(
      'name', c.preferred_name,
      'name_en', to_jsonb(c) ->> 'preferred_name_en',
      'aliases', (
        SELECT coalesce(jsonb_agg(DISTINCT a.alias), '[]')
        FROM jishi.concept_alias a
        WHERE a.scheme = c.scheme AND a.code = c.code AND a.status = $3 AND NOT a.negative
      )
    )
  )::text AS entity
FROM jishi.concept c
JOIN unnest($1::text[], $2::text[]) AS asked (scheme, code) USING (scheme, code)
UNION ALL
SELECT v.scheme, v.code, v.entity
FROM unnest($1::text[], $2::text[]) AS asked (scheme, code)
CROSS JOIN LATERAL (
  SELECT v.list AS scheme, v.code, (
      to_jsonb(v) - 'keys' || jsonb_build_object(
        'scheme', v.list, 'aliases', v.alternatives, 'status', CASE WHEN v.valid_to IS NULL THEN 'approved' ELSE 'ended' END
      )
    )::text AS entity
  FROM jishi.code_value v
  WHERE v.list = asked.scheme AND v.code = asked.code
  ORDER BY v.valid_to DESC NULLS FIRST, v.valid_from DESC NULLS LAST
  LIMIT 1
) v
"""

NAMES = """
-- Names of codes of one scheme or list.
SELECT code, preferred_name AS name
FROM jishi.concept
WHERE scheme = $1 AND code = ANY($2::text[])
UNION ALL
SELECT DISTINCT ON (code) code, name
FROM jishi.code_value
WHERE list = $1 AND code = ANY($2::text[])
"""

STAGES = """
-- Codes of the stages by their names.
SELECT DISTINCT stage_name, stage_code
FROM jishi.concept
WHERE stage_name IS NOT NULL AND stage_code IS NOT NULL
"""

SUGGESTED = """
-- Entities whose code, name or alias begins with a text or holds it: those of concept schemes before those of lists.
SELECT scheme, code
FROM (
  SELECT c.scheme, c.code, 0 AS lists,
    min(CASE
      WHEN lower(c.code) = $1 OR c.name_normalised = $1 THEN 0
      WHEN starts_with(lower(c.code), $1) OR starts_with(c.name_normalised, $1) THEN 1
      WHEN starts_with(a.alias_normalised, $1) THEN 2
      ELSE 3
    END) AS far
  FROM jishi.concept c
  LEFT JOIN jishi.concept_alias a
    ON a.scheme = c.scheme AND a.code = c.code AND a.status = $5 AND NOT a.negative
  WHERE c.removed_at IS NULL
    AND ($2::text IS NULL OR c.scheme = $2)
    AND (strpos(c.name_normalised, $1) > 0 OR starts_with(lower(c.code), $1) OR strpos(a.alias_normalised, $1) > 0)
  GROUP BY c.scheme, c.code
  UNION ALL
  SELECT v.list, v.code, 1,
    min(CASE
      WHEN $1 = ANY(v.keys) THEN 0
      WHEN starts_with(lower(v.code), $1) OR starts_with(lower(v.name), $1) THEN 1
      ELSE 3
    END)
  FROM jishi.code_value v
  WHERE v.removed_at IS NULL AND v.valid_to IS NULL
    AND ($2::text IS NULL OR v.list = $2)
    AND ($1 <> '' OR $2::text IS NOT NULL)
    AND (strpos(lower(v.name), $1) > 0 OR starts_with(lower(v.code), $1) OR $1 = ANY(v.keys))
  GROUP BY v.list, v.code
) found
ORDER BY lists, far, scheme, code
LIMIT $3 OFFSET $4
"""

SCHEMES = """
-- Every concept scheme, then every code list.
SELECT id, title, title_en, 'concepts' AS kind
FROM jishi.scheme
WHERE removed_at IS NULL
UNION ALL
SELECT id, title, title_en, 'codes'
FROM jishi.code_list
WHERE removed_at IS NULL
ORDER BY kind DESC, id
"""
