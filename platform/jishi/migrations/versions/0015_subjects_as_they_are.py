"""Subjects of a disclosure are kept as they are: pressing thousands of uids together cost two thirds of their insert.

Uids of one time have much in common, so the attempt to compress them is neither quick to give up nor saves much.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("ALTER TABLE jishi.disclosure ALTER COLUMN subjects SET STORAGE EXTERNAL")


def downgrade() -> None:
    op.execute("ALTER TABLE jishi.disclosure ALTER COLUMN subjects SET STORAGE EXTENDED")
