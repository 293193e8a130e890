"""Reports: the failing rows of a batch, what Great Expectations said of it, changes of rules, and what scores are made of."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    path = Path(__file__).parent / "0017_reports.sql"
    for statement in path.read_text(encoding="utf-8").split(";\n\n"):
        op.get_bind().exec_driver_sql(statement.rstrip(";\n").replace("%", "%%"))


def downgrade() -> None:
    raise RuntimeError("who changed which rule when is not forgotten by a migration")
