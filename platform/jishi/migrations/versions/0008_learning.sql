CREATE TABLE jishi.seen_name (
	name_id BIGINT GENERATED ALWAYS AS IDENTITY, 
	scheme TEXT NOT NULL, 
	folded TEXT NOT NULL, 
	name TEXT NOT NULL, 
	outcome TEXT NOT NULL, 
	code_scheme TEXT, 
	code TEXT, 
	score INTEGER, 
	version TEXT NOT NULL, 
	times BIGINT NOT NULL, 
	first_seen TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	last_seen TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	state TEXT DEFAULT 'open' NOT NULL, 
	decided_by TEXT, 
	decided_at TIMESTAMP WITH TIME ZONE, 
	reason TEXT, 
	CONSTRAINT seen_name_pkey PRIMARY KEY (name_id), 
	CONSTRAINT seen_name_scheme_folded_key UNIQUE (scheme, folded), 
	CONSTRAINT seen_name_outcome_check CHECK (outcome IN ('match', 'doubtful', 'nothing')), 
	CONSTRAINT seen_name_state_check CHECK (state IN ('open', 'discarded')), 
	CONSTRAINT seen_name_short_check CHECK (char_length(name) <= 40)
);

COMMENT ON TABLE jishi.seen_name IS 'Names the resolver was asked for, with its last answer; those without a match are the stewards'' queue';

COMMENT ON COLUMN jishi.seen_name.scheme IS 'asked in; empty: the project schemes';

COMMENT ON COLUMN jishi.seen_name.name IS 'as first written';

COMMENT ON COLUMN jishi.seen_name.outcome IS 'of the last answer: match, doubtful or nothing';

COMMENT ON COLUMN jishi.seen_name.code_scheme IS 'of the last answer''s best candidate';

COMMENT ON COLUMN jishi.seen_name.version IS 'of the dictionary, of the last answer';

COMMENT ON COLUMN jishi.seen_name.state IS 'open or discarded';

CREATE INDEX seen_name_queue_idx ON jishi.seen_name (times, name_id) WHERE outcome <> 'match' AND state = 'open';

CREATE TABLE jishi.seen_context (
	name_id BIGINT NOT NULL, 
	place TEXT NOT NULL, 
	department TEXT NOT NULL, 
	stage TEXT NOT NULL, 
	times BIGINT NOT NULL, 
	last_seen TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	CONSTRAINT seen_context_pkey PRIMARY KEY (name_id, place, department, stage), 
	CONSTRAINT seen_context_name_id_fkey FOREIGN KEY(name_id) REFERENCES jishi.seen_name (name_id)
);

COMMENT ON TABLE jishi.seen_context IS 'Where a name was used; empty: not said';

CREATE TABLE jishi.alias_decision (
	decision_id BIGINT GENERATED ALWAYS AS IDENTITY, 
	alias_id BIGINT NOT NULL, 
	act TEXT NOT NULL, 
	decided_by TEXT NOT NULL, 
	decided_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	reason TEXT NOT NULL, 
	CONSTRAINT alias_decision_pkey PRIMARY KEY (decision_id), 
	CONSTRAINT alias_decision_act_check CHECK (act IN ('propose', 'approve', 'reject', 'end')), 
	CONSTRAINT alias_decision_alias_id_fkey FOREIGN KEY(alias_id) REFERENCES jishi.concept_alias (alias_id)
);

COMMENT ON TABLE jishi.alias_decision IS 'Who proposed, approved, rejected or ended an alias of stewards';

COMMENT ON COLUMN jishi.alias_decision.act IS 'propose, approve, reject or end';

COMMENT ON COLUMN jishi.alias_decision.decided_by IS 'user:login, client:id or operator:account';

CREATE INDEX alias_decision_alias_id_idx ON jishi.alias_decision (alias_id);

-- One change of the dictionary at a time, also for a role that may not lock its tables: held until the transaction ends.
CREATE FUNCTION jishi.lock_dictionary() RETURNS void
LANGUAGE sql
SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'LOCK TABLE jishi.dictionary_edition IN SHARE ROW EXCLUSIVE MODE';

REVOKE ALL ON FUNCTION jishi.lock_dictionary() FROM PUBLIC;
