-- What the change feed needs to tell whose rows an entity stood in, how far it is kept, and exports.

ALTER TABLE jishi.change
  ADD COLUMN known_at timestamptz,
  ADD COLUMN before_from timestamptz,
  ADD COLUMN before_known timestamptz;

COMMENT ON COLUMN jishi.change.known_at IS 'recorded_at of the version that came into force; null = recorded with the change';

COMMENT ON COLUMN jishi.change.before_from IS 'effective_from of the version it took the place of';

COMMENT ON COLUMN jishi.change.before_known IS 'and that version''s recorded_at';

ALTER TABLE jishi.register_state ADD COLUMN pruned_seq bigint DEFAULT 0 NOT NULL;

COMMENT ON COLUMN jishi.register_state.pruned_seq IS 'last change no longer kept';

CREATE TABLE jishi.export (
	export_id UUID NOT NULL, 
	client_id TEXT NOT NULL, 
	grant_id BIGINT NOT NULL, 
	register SMALLINT NOT NULL, 
	format TEXT NOT NULL, 
	request JSONB NOT NULL, 
	purpose TEXT, 
	case_no TEXT, 
	request_id UUID NOT NULL, 
	status TEXT DEFAULT 'queued' NOT NULL, 
	fault TEXT, 
	rows BIGINT, 
	bytes BIGINT, 
	sha256 BYTEA, 
	seq BIGINT, 
	taken_at TIMESTAMP WITH TIME ZONE, 
	charged BIGINT DEFAULT 0 NOT NULL, 
	created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL, 
	started_at TIMESTAMP WITH TIME ZONE, 
	finished_at TIMESTAMP WITH TIME ZONE, 
	expires_at TIMESTAMP WITH TIME ZONE, 
	CONSTRAINT export_pkey PRIMARY KEY (export_id), 
	CONSTRAINT export_status_check CHECK (status IN ('queued', 'running', 'done', 'failed', 'cancelled', 'expired'))
);

COMMENT ON TABLE jishi.export IS 'Exports 批量导出';

COMMENT ON COLUMN jishi.export.grant_id IS 'the grant it was asked for under; with it the file ends';

COMMENT ON COLUMN jishi.export.request IS 'members of the body: properties, filter, bbox, include';

COMMENT ON COLUMN jishi.export.request_id IS 'of the request that asked for it; names it in the log';

COMMENT ON COLUMN jishi.export.fault IS 'code of why it failed';

COMMENT ON COLUMN jishi.export.bytes IS 'of the file as it is downloaded';

COMMENT ON COLUMN jishi.export.sha256 IS 'of the same bytes';

COMMENT ON COLUMN jishi.export.seq IS 'last change of the register that the file holds';

COMMENT ON COLUMN jishi.export.taken_at IS 'the instant of the one snapshot it was read in';

COMMENT ON COLUMN jishi.export.charged IS 'subjects taken of the quota';

COMMENT ON COLUMN jishi.export.expires_at IS 'from then on nobody gets the file';

CREATE INDEX export_client_idx ON jishi.export (client_id, created_at);

CREATE INDEX export_kept_idx ON jishi.export (expires_at) WHERE status = 'done';

-- Who may ask for an export may not queue other jobs: the row itself brings its job with it.
CREATE FUNCTION jishi.queue_export() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = jishi AS $$
BEGIN
  INSERT INTO jishi.job (kind, lane, payload)
  VALUES ('export', 'export:' || NEW.client_id, jsonb_build_object('export', NEW.export_id));
  PERFORM pg_notify('jishi_jobs', NEW.export_id::text);
  RETURN NULL;
END $$;

CREATE TRIGGER queue_export AFTER INSERT ON jishi.export
FOR EACH ROW EXECUTE FUNCTION jishi.queue_export();
