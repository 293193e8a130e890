"""Bulk: the change feed knows the versions before and after, and how far it is kept; exports with their jobs."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    path = Path(__file__).parent / "0011_bulk.sql"
    for statement in path.read_text(encoding="utf-8").split(";\n\n"):
        op.get_bind().exec_driver_sql(statement.rstrip(";\n").replace("%", "%%"))


def downgrade() -> None:
    raise RuntimeError("what was exported is not forgotten by a migration")
