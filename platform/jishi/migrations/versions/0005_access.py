"""Access: users, grants, applications, administrative acts, protected persons, the disclosure log and its seals."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    path = Path(__file__).parent / "0005_access.sql"
    for statement in path.read_text(encoding="utf-8").split(";\n\n"):
        op.get_bind().exec_driver_sql(statement.rstrip(";\n").replace("%", "%%"))


def downgrade() -> None:
    raise RuntimeError("who was allowed what and who saw what is not forgotten by a migration")
