"""The spine: three registers, ledger, quarantine, jobs, dictionary, clients."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    here = Path(__file__).parent
    for name in ("0001_spine.sql", "0001_functions.sql"):
        for statement in (here / name).read_text(encoding="utf-8").split(";\n\n"):
            op.get_bind().exec_driver_sql(statement.rstrip(";\n").replace("%", "%%"))


def downgrade() -> None:
    raise RuntimeError("the first migration is not undone: drop the database instead")
