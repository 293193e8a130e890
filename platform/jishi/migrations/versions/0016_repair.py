"""Repair: what stewards do with refused rows and held batches, each with its job, and who did what when."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    path = Path(__file__).parent / "0016_repair.sql"
    for statement in path.read_text(encoding="utf-8").split(";\n\n"):
        op.get_bind().exec_driver_sql(statement.rstrip(";\n").replace("%", "%%"))


def downgrade() -> None:
    raise RuntimeError("what stewards decided is not forgotten by a migration")
