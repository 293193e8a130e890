"""Concepts have definitions, scopes, a status with successors, a city's own order, and every version they ever had."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    path = Path(__file__).parent / "0007_concepts.sql"
    for statement in path.read_text(encoding="utf-8").split(";\n\n"):
        op.get_bind().exec_driver_sql(statement.rstrip(";\n").replace("%", "%%"))


def downgrade() -> None:
    raise RuntimeError("what a concept was called and when is not forgotten by a migration")
