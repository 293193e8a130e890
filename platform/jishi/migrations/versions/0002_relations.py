"""Relations say who refers, by what, and when each was recorded; a target may be of more than one register."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
ALTER TABLE jishi.relation ADD COLUMN contribution_id bigint, ADD COLUMN element text NOT NULL, ADD COLUMN to_scheme text,
  ADD COLUMN to_value text, ADD COLUMN resolved_at timestamptz, ADD COLUMN closed_at timestamptz,
  ALTER COLUMN to_register DROP NOT NULL;
COMMENT ON COLUMN jishi.relation.contribution_id IS 'who says so; null where the golden value refers';
COMMENT ON COLUMN jishi.relation.element IS 'the element that refers';
COMMENT ON COLUMN jishi.relation.to_uid IS 'null while the target has not arrived';
COMMENT ON COLUMN jishi.relation.to_lookup IS 'the number that names the target';
COMMENT ON COLUMN jishi.relation.to_value IS 'the value that names the target';
COMMENT ON COLUMN jishi.relation.resolved_at IS 'when the target was recorded';
COMMENT ON COLUMN jishi.relation.closed_at IS 'when its end was recorded';
CREATE INDEX relation_contribution_idx ON jishi.relation (contribution_id);
CREATE INDEX relation_unresolved_idx ON jishi.relation (to_lookup) WHERE to_uid IS NULL;
CREATE INDEX relation_unresolved_value_idx ON jishi.relation (kind, to_value) WHERE to_uid IS NULL;
"""
    )


def downgrade() -> None:
    raise RuntimeError("what relations say would be lost: restore a backup instead")
