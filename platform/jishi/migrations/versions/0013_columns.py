"""What each column of a delivery was taken for, so that a refused row can be shown under the masks of its elements."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("ALTER TABLE jishi.batch ADD COLUMN columns jsonb DEFAULT '{}' NOT NULL")
    op.execute("COMMENT ON COLUMN jishi.batch.columns IS 'header → the elements taken from it'")


def downgrade() -> None:
    op.execute("ALTER TABLE jishi.batch DROP COLUMN columns")
