"""Names that were asked for are kept with their answers, and decisions about aliases with who took them: learning under review."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    path = Path(__file__).parent / "0008_learning.sql"
    for statement in path.read_text(encoding="utf-8").split(";\n\n"):
        op.get_bind().exec_driver_sql(statement.rstrip(";\n").replace("%", "%%"))


def downgrade() -> None:
    raise RuntimeError("what stewards decided about names is not forgotten by a migration")
