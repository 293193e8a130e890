"""Received rows read once more from the landing zone for stewards who ask."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    path = Path(__file__).parent / "0019_row_readings.sql"
    for statement in path.read_text(encoding="utf-8").split(";\n\n"):
        op.get_bind().exec_driver_sql(statement.rstrip(";\n").replace("%", "%%"))


def downgrade() -> None:
    op.execute("DROP TABLE jishi.row_reading")
    op.execute("DROP FUNCTION jishi.queue_row_reading()")
