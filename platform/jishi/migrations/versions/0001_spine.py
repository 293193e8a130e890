"""The spine: three registers, ledger, quarantine, jobs, dictionary, clients."""

from __future__ import annotations

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    for statement in Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").split(";\n\n"):
        op.get_bind().exec_driver_sql(statement.rstrip(";\n"))


def downgrade() -> None:
    raise RuntimeError("the first migration is not undone: drop the database instead")
