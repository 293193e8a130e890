"""What goes back to departments: disputes of served values and tickets, with every step; the key columns of sources."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    path = Path(__file__).parent / "0018_cases.sql"
    for statement in path.read_text(encoding="utf-8").split(";\n\n"):
        op.get_bind().exec_driver_sql(statement.rstrip(";\n").replace("%", "%%"))


def downgrade() -> None:
    raise RuntimeError("what was disputed and answered is not forgotten by a migration")
