"""A page of the ledger of batches as an officer may see it (query, road out)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jishi.access.officer import Officer
from jishi_api import statements
from jishi_api.acting import GREATEST

if TYPE_CHECKING:
    from asyncpg import Connection, Record


async def ledger_page(
    connection: Connection[Any],
    officer: Officer,
    *,
    source: str | None = None,
    status: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Record]:
    """Batches, newest first; ``before``: only those with a smaller number. No file name, note or message of a delivery."""
    asked = (before or GREATEST, source, status, officer.department, limit)
    found: list[Record] = await connection.fetch(statements.BATCHES, *asked)
    return found


async def ledger_row(connection: Connection[Any], batch: int) -> Record:
    """One batch that is there."""
    return await connection.fetchrow(statements.BATCH, batch)
