ALTER TABLE jishi.scheme ADD COLUMN origin TEXT DEFAULT 'dictionary' NOT NULL,
	ADD CONSTRAINT scheme_origin_check CHECK (origin IN ('dictionary', 'steward'));

ALTER TABLE jishi.concept ADD COLUMN preferred_name_en TEXT DEFAULT '' NOT NULL,
	ADD COLUMN definition TEXT DEFAULT '' NOT NULL,
	ADD COLUMN scope_note TEXT DEFAULT '' NOT NULL,
	ADD COLUMN legal_basis TEXT[] DEFAULT '{}' NOT NULL,
	ADD COLUMN status_origin TEXT DEFAULT 'dictionary' NOT NULL,
	ADD COLUMN status_reason TEXT DEFAULT '' NOT NULL,
	ADD COLUMN successors TEXT[] DEFAULT '{}' NOT NULL,
	ADD COLUMN origin TEXT DEFAULT 'dictionary' NOT NULL,
	DROP CONSTRAINT concept_status_check;

UPDATE jishi.concept
SET status = CASE WHEN status = 'ended' THEN 'deprecated' ELSE 'approved' END,
	status_reason = CASE WHEN status = 'ended' THEN '不再列入字典文件 no dictionary file holds it any more' ELSE '' END;

ALTER TABLE jishi.concept
	ADD CONSTRAINT concept_status_check CHECK (status IN ('draft', 'review', 'approved', 'deprecated')),
	ADD CONSTRAINT concept_status_origin_check CHECK (status_origin IN ('dictionary', 'steward')),
	ADD CONSTRAINT concept_deprecated_why_check
		CHECK (status <> 'deprecated' OR cardinality(successors) > 0 OR status_reason <> ''),
	ADD CONSTRAINT concept_origin_check CHECK (origin IN ('dictionary', 'steward'));

ALTER TABLE jishi.concept_alias DROP CONSTRAINT concept_alias_pkey,
	DROP CONSTRAINT concept_alias_status_check,
	ADD COLUMN alias_id BIGINT GENERATED ALWAYS AS IDENTITY,
	ADD COLUMN departments TEXT[] DEFAULT '{}' NOT NULL,
	ADD COLUMN valid_from DATE,
	ADD COLUMN valid_to DATE;

UPDATE jishi.concept_alias
SET status = CASE status WHEN 'active' THEN 'approved' WHEN 'proposed' THEN 'draft' ELSE status END
WHERE status IN ('active', 'proposed');

ALTER TABLE jishi.concept_alias ADD CONSTRAINT concept_alias_pkey PRIMARY KEY (alias_id),
	ADD CONSTRAINT concept_alias_scope_key
		UNIQUE NULLS NOT DISTINCT (scheme, code, alias_normalised, negative, places, departments, valid_from),
	ADD CONSTRAINT concept_alias_status_check CHECK (status IN ('draft', 'approved', 'rejected', 'ended')),
	ADD CONSTRAINT concept_alias_period_check CHECK (valid_from < valid_to);

ALTER TABLE jishi.dictionary_edition ADD COLUMN files TEXT DEFAULT '' NOT NULL,
	ADD COLUMN author TEXT DEFAULT 'dictionary' NOT NULL,
	ADD COLUMN act TEXT DEFAULT 'load' NOT NULL,
	ADD COLUMN reason TEXT DEFAULT '' NOT NULL;

UPDATE jishi.dictionary_edition
SET files = version;

CREATE TABLE jishi.dictionary_version (
	kind TEXT NOT NULL, 
	scheme TEXT NOT NULL, 
	code TEXT NOT NULL, 
	revision BIGINT NOT NULL, 
	edition BIGINT NOT NULL, 
	change TEXT NOT NULL, 
	ended BOOLEAN NOT NULL, 
	content JSONB NOT NULL, 
	CONSTRAINT dictionary_version_pkey PRIMARY KEY (kind, scheme, code, revision), 
	CONSTRAINT dictionary_version_kind_check CHECK (kind IN ('scheme', 'concept')), 
	CONSTRAINT dictionary_version_change_check CHECK (change IN ('new', 'modified', 'deprecated')), 
	CONSTRAINT dictionary_version_edition_fkey FOREIGN KEY(edition) REFERENCES jishi.dictionary_edition (id)
);

COMMENT ON COLUMN jishi.dictionary_version.kind IS 'scheme or concept (a value of a code list is one)';

COMMENT ON COLUMN jishi.dictionary_version.code IS 'empty for a scheme';

COMMENT ON COLUMN jishi.dictionary_version.revision IS 'of this entry, from 1';

COMMENT ON COLUMN jishi.dictionary_version.change IS 'new, modified or deprecated';

COMMENT ON COLUMN jishi.dictionary_version.ended IS 'deprecated, over or in no file any more';

COMMENT ON COLUMN jishi.dictionary_version.content IS 'the whole entry as view dictionary_entry shows it';

CREATE INDEX dictionary_version_code_idx ON jishi.dictionary_version (code);

CREATE INDEX dictionary_version_edition_kind_scheme_code_idx ON jishi.dictionary_version (edition, kind, scheme, code);

CREATE TABLE jishi.concept_edge (
	edge_id BIGINT GENERATED ALWAYS AS IDENTITY, 
	scheme TEXT NOT NULL, 
	code TEXT NOT NULL, 
	predecessor TEXT NOT NULL, 
	place TEXT NOT NULL, 
	procedure TEXT NOT NULL, 
	removes BOOLEAN NOT NULL, 
	valid_from DATE, 
	valid_to DATE, 
	note TEXT DEFAULT '' NOT NULL, 
	origin TEXT DEFAULT 'dictionary' NOT NULL, 
	removed_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT concept_edge_pkey PRIMARY KEY (edge_id), 
	CONSTRAINT concept_edge_scheme_code_fkey FOREIGN KEY(scheme, code) REFERENCES jishi.concept (scheme, code), 
	CONSTRAINT concept_edge_scheme_predecessor_fkey FOREIGN KEY(scheme, predecessor) REFERENCES jishi.concept (scheme, code), 
	CONSTRAINT concept_edge_procedure_key UNIQUE NULLS NOT DISTINCT (scheme, code, predecessor, place, procedure, valid_from), 
	CONSTRAINT concept_edge_period_check CHECK (valid_from < valid_to), 
	CONSTRAINT concept_edge_origin_check CHECK (origin IN ('dictionary', 'steward'))
);

COMMENT ON COLUMN jishi.concept_edge.place IS 'the city whose procedure it is';

COMMENT ON COLUMN jishi.concept_edge.procedure IS 'version of the procedure: the rule that sets it';

COMMENT ON COLUMN jishi.concept_edge.removes IS 'the order everywhere else does not hold here';

COMMENT ON COLUMN jishi.concept_edge.valid_to IS 'first day the procedure no longer holds';

COMMENT ON COLUMN jishi.concept_edge.origin IS 'dictionary (a file) or steward; files change only what is theirs';

COMMENT ON COLUMN jishi.concept_edge.removed_at IS 'since when no dictionary file holds it';

COMMENT ON COLUMN jishi.dictionary_edition.version IS 'of files alone their digest; with acts of people a number behind it';

COMMENT ON COLUMN jishi.dictionary_edition.files IS 'digest over code lists, schemes and departments of the files';

COMMENT ON COLUMN jishi.dictionary_edition.author IS 'login, or dictionary: the files';

COMMENT ON COLUMN jishi.dictionary_edition.act IS 'load, import, status or alias';

COMMENT ON COLUMN jishi.scheme.origin IS 'dictionary (a file) or steward; files change only what is theirs';

COMMENT ON COLUMN jishi.concept.code IS 'never used again with another meaning';

COMMENT ON COLUMN jishi.concept.predecessors IS 'codes of the same scheme, or any';

COMMENT ON COLUMN jishi.concept.status IS 'draft, review, approved or deprecated';

COMMENT ON COLUMN jishi.concept.status_origin IS 'dictionary (the files'' first word) or steward';

COMMENT ON COLUMN jishi.concept.successors IS 'codes that stand instead of a deprecated one';

COMMENT ON COLUMN jishi.concept.origin IS 'dictionary (a file) or steward; files change only what is theirs';

COMMENT ON COLUMN jishi.concept_alias.departments IS 'which departments use it; empty: all';

COMMENT ON COLUMN jishi.concept_alias.valid_from IS 'null: always';

COMMENT ON COLUMN jishi.concept_alias.valid_to IS 'first day it is no longer used; null: still';

COMMENT ON COLUMN jishi.concept_alias.status IS 'draft, approved, rejected or ended';

CREATE VIEW jishi.dictionary_entry AS
SELECT 'scheme' AS kind, s.id AS scheme, '' AS code, s.removed_at IS NOT NULL AS ended,
  jsonb_build_object(
    'kind', 'concepts', 'title', s.title, 'title_en', s.title_en, 'description', s.description, 'origin', s.origin,
    'removed_at', to_char(s.removed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  ) AS content
FROM jishi.scheme s
UNION ALL
SELECT 'scheme', l.id, '', l.removed_at IS NOT NULL,
  jsonb_build_object(
    'kind', 'codes', 'title', l.title, 'title_en', l.title_en, 'standard', l.standard, 'edition', l.edition,
    'source', l.source, 'complete', l.complete, 'extensible', l.extensible, 'checked', l.checked,
    'parent_list', l.parent_list, 'version', l.version, 'removed_at', to_char(l.removed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
  )
FROM jishi.code_list l
UNION ALL
SELECT 'concept', c.scheme, c.code, c.status = 'deprecated' OR c.removed_at IS NOT NULL,
  jsonb_build_object(
    'name', c.preferred_name, 'name_en', c.preferred_name_en, 'definition', c.definition, 'scope_note', c.scope_note,
    'stage_code', c.stage_code, 'stage_name', c.stage_name, 'predecessors', c.predecessors,
    'responsible', c.responsible, 'documents', c.documents, 'legal_basis', c.legal_basis, 'note', c.note,
    'status', c.status, 'status_origin', c.status_origin, 'status_reason', c.status_reason, 'successors', c.successors,
    'valid_from', c.valid_from, 'valid_to', c.valid_to, 'origin', c.origin, 'removed_at', to_char(c.removed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    'aliases', coalesce(a.aliases, '[]'), 'edges', coalesce(e.edges, '[]')
  )
FROM jishi.concept c
LEFT JOIN (
  SELECT scheme, code,
    jsonb_agg(
      jsonb_build_object(
        'name', alias, 'places', places, 'departments', departments, 'valid_from', valid_from, 'valid_to', valid_to,
        'negative', negative, 'status', status, 'origin', origin, 'removed_at', to_char(removed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
      ) ORDER BY alias COLLATE "C", negative, places, departments, valid_from NULLS FIRST
    ) AS aliases
  FROM jishi.concept_alias
  GROUP BY scheme, code
) a USING (scheme, code)
LEFT JOIN (
  SELECT scheme, code,
    jsonb_agg(
      jsonb_build_object(
        'predecessor', predecessor, 'place', place, 'procedure', procedure, 'removes', removes,
        'valid_from', valid_from, 'valid_to', valid_to, 'note', note, 'origin', origin,
        'removed_at', to_char(removed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
      ) ORDER BY place COLLATE "C", procedure COLLATE "C", predecessor COLLATE "C", valid_from NULLS FIRST
    ) AS edges
  FROM jishi.concept_edge
  GROUP BY scheme, code
) e USING (scheme, code)
UNION ALL
SELECT 'concept', v.list, v.code, bool_and(v.valid_to IS NOT NULL OR v.removed_at IS NOT NULL),
  jsonb_build_object(
    'periods', jsonb_agg(
      jsonb_build_object(
        'name', v.name, 'name_en', v.name_en, 'parent', v.parent, 'valid_from', v.valid_from, 'valid_to', v.valid_to,
        'alternatives', v.alternatives, 'note', v.note, 'level', v.level, 'full_name', v.full_name, 'kind', v.kind,
        'successors', v.successors, 'removed_at', to_char(v.removed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
      ) ORDER BY v.valid_from NULLS FIRST
    )
  )
FROM jishi.code_value v
GROUP BY v.list, v.code;

COMMENT ON VIEW jishi.dictionary_entry IS 'Every entry of the dictionary as it stands: what a version keeps';

INSERT INTO jishi.dictionary_version (kind, scheme, code, revision, edition, change, ended, content)
SELECT kind, scheme, code, 1, (SELECT max(id) FROM jishi.dictionary_edition), 'new', ended, content
FROM jishi.dictionary_entry
WHERE EXISTS (SELECT FROM jishi.dictionary_edition);
