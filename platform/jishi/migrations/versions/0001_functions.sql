-- What the ingest role may ask of the owner: fresh statistics, and indexes built after a first bulk load instead of
-- during it. Definitions wait in a table only the owner sees, so that nothing a caller says is ever executed.

CREATE FUNCTION jishi.refresh_statistics(target text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET default_statistics_target = '10' AS $$
-- Enough to plan by until the server's own analysis of the grown table.
BEGIN
  EXECUTE format('ANALYZE jishi.%I', target);
END $$;

CREATE FUNCTION jishi.suspend_indexes(target text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
-- Only for a plain table that is small: its readers wait until the transaction ends.
DECLARE
  item record;
  relation oid := to_regclass(format('jishi.%I', target));
BEGIN
  IF NOT EXISTS (SELECT FROM pg_class WHERE oid = relation AND relkind = 'r' AND NOT relispartition)
    OR pg_relation_size(relation) > 64 * 1024 * 1024
  THEN
    RETURN FALSE;
  END IF;
  EXECUTE format('LOCK TABLE jishi.%I IN ACCESS EXCLUSIVE MODE', target);
  INSERT INTO jishi.suspended_index
  SELECT target, row_number() OVER (ORDER BY c.oid IS NULL, i.indexrelid),
    CASE WHEN c.oid IS NOT NULL
      THEN format('ALTER TABLE jishi.%I ADD CONSTRAINT %I %s', target, c.conname, pg_get_constraintdef(c.oid))
      ELSE pg_get_indexdef(i.indexrelid) END
  FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
  WHERE i.indrelid = relation;
  FOR item IN
    SELECT i.indexrelid::regclass::text AS name, c.conname
    FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype IN ('p', 'u')
    WHERE i.indrelid = relation
  LOOP
    IF item.conname IS NOT NULL THEN
      EXECUTE format('ALTER TABLE jishi.%I DROP CONSTRAINT %I', target, item.conname);
    ELSE
      EXECUTE 'DROP INDEX ' || item.name;
    END IF;
  END LOOP;
  RETURN TRUE;
END $$;

CREATE FUNCTION jishi.restore_indexes(target text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public SET maintenance_work_mem = '512MB' AS $$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT definition FROM jishi.suspended_index WHERE table_name = target ORDER BY position LOOP
    EXECUTE item.definition;
  END LOOP;
  DELETE FROM jishi.suspended_index WHERE table_name = target;
END $$;

REVOKE ALL ON FUNCTION jishi.refresh_statistics(text), jishi.suspend_indexes(text), jishi.restore_indexes(text) FROM PUBLIC;
