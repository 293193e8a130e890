"""The quarantine store: refused rows, whole and sealed, with their reasons; earlier open rows of the key are superseded."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg


@dataclass(frozen=True, slots=True)
class Refused:
    """One refused row: ``raw`` is the received row as sealed JSON."""

    row_number: int
    source_key: UUID | None
    raw: bytes
    reasons: list[str]


def row_context(batch_id: int, row_number: int) -> bytes:
    """What a sealed row is bound to: it opens only as this row of this batch."""
    return f"{batch_id}/{row_number}".encode()


async def store(
    connection: asyncpg.Connection,
    batch_id: int,
    source_id: int,
    refused: Iterable[Refused],
    now: datetime,
    *,
    supersede: bool = True,
) -> int:
    """Keep the rows; a newer word of the same source about the same key closes what was open, unless it is held back
    itself (``supersede``). Number of rows kept."""
    kept = await _keep(connection, batch_id, source_id, refused, ("open", now, None, None))
    if supersede:
        await connection.execute(_SUPERSEDE, batch_id, source_id, now)
    return kept


async def store_discarded(
    connection: asyncpg.Connection, batch_id: int, source_id: int, refused: Iterable[Refused], now: datetime
) -> int:
    """Keep the faulty rows of a batch refused whole, for its report only: the department sends the whole delivery
    again, so there is nothing to repair here, and what was open before stays open. Number of rows kept."""
    return await _keep(connection, batch_id, source_id, refused, ("discarded", now, now, batch_id))


async def _keep(
    connection: asyncpg.Connection, batch_id: int, source_id: int, refused: Iterable[Refused], state: tuple[object, ...]
) -> int:
    """Put the rows in place of what an earlier run of the batch kept; ``state``: status, opened, closed, closed by."""
    rows = [(batch_id, source_id, row.source_key, row.row_number, row.raw, row.reasons, *state) for row in refused]
    await connection.execute("DELETE FROM jishi.quarantine WHERE batch_id = $1", batch_id)
    if rows:
        await connection.copy_records_to_table("quarantine", schema_name="jishi", columns=_KEPT, records=rows)
    return len(rows)


_KEPT = [
    *("batch_id", "source_id", "source_key", "row_number", "raw", "reasons"),
    *("status", "opened_at", "closed_at", "closed_by_batch"),
]


async def open_keys(connection: asyncpg.Connection, batch_id: int, source_id: int) -> list[UUID]:
    """Keys under which earlier batches of the source still have refused rows."""
    rows = await connection.fetch(
        "SELECT DISTINCT source_key FROM jishi.quarantine"
        " WHERE source_id = $1 AND status = 'open' AND batch_id <> $2 AND source_key IS NOT NULL",
        source_id,
        batch_id,
    )
    return [row["source_key"] for row in rows]


async def close_repaired(
    connection: asyncpg.Connection, batch_id: int, source_id: int, keys: Iterable[UUID], now: datetime
) -> None:
    """The source has now said something acceptable under these keys."""
    await connection.execute(
        "UPDATE jishi.quarantine SET status = 'repaired', closed_at = $3, closed_by_batch = $1"
        " WHERE source_id = $2 AND status = 'open' AND batch_id <> $1 AND source_key = ANY($4::uuid[])",
        batch_id,
        source_id,
        now,
        list(keys),
    )


_SUPERSEDE = """
UPDATE jishi.quarantine q SET status = 'superseded', closed_at = $3, closed_by_batch = $1
FROM jishi.quarantine n
WHERE n.batch_id = $1 AND q.source_id = $2 AND q.source_key = n.source_key AND q.status = 'open'
  AND q.batch_id <> $1"""
"""Open rows of an earlier batch under keys that this batch refuses again."""
