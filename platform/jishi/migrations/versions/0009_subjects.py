"""Who was disclosed is filed into the index behind the answers, in bulk, not before each of them."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"

INDEX = """
-- What waits on its list is read by whoever asks; the sealer files it long before it has grown so far.
CREATE INDEX disclosure_subjects_idx ON jishi.disclosure USING gin (subjects)
WITH (fastupdate = on, gin_pending_list_limit = 32768)
"""

FUNCTION = """
-- Files the subjects that wait into the index of each partition; the pages that were filed. Only an index's owner may do
-- so, and the API is none.
CREATE FUNCTION jishi.file_subjects() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT coalesce(sum(gin_clean_pending_list(part.relid)), 0)::bigint
  FROM pg_partition_tree('jishi.disclosure_subjects_idx') part
  WHERE part.isleaf
$$
"""


def upgrade() -> None:
    op.execute("DROP INDEX jishi.disclosure_subjects_idx")
    op.execute(INDEX)
    op.execute(FUNCTION)


def downgrade() -> None:
    raise RuntimeError("disclosures are not filed twice")
