"""The quarantine store: refused rows, whole and sealed, with their reasons, and what became of each, step by step.

What a newer delivery of the source says about a key closes the open rows of that key; what a steward has decided of a row
stays when its batch takes the road again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

DECIDED = "ING-DECIDED"
"""Reason of a row that a steward has sent down the road again, or discarded: a replay of its batch leaves it alone."""


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
    supersedes: Mapping[int, int] | None = None,
) -> int:
    """Keep the rows; a newer word of the same source about the same key closes what was open, unless it is held back
    itself (``supersede``). ``supersedes``: of a repair, row number → the row of the quarantine it was. Number of rows kept.

    Inside a transaction, as everything here that writes.
    """
    kept = await _keep(connection, batch_id, source_id, refused, ("open", now, None, None), supersedes or {})
    if supersede:
        await connection.execute(_SUPERSEDE, batch_id, source_id, now)
    return kept


async def store_discarded(
    connection: asyncpg.Connection, batch_id: int, source_id: int, refused: Iterable[Refused], now: datetime
) -> int:
    """Keep the faulty rows of a batch refused whole, for its report only: the department sends the whole delivery
    again, so there is nothing to repair here, and what was open before stays open. Number of rows kept."""
    return await _keep(connection, batch_id, source_id, refused, ("discarded", now, now, batch_id), {})


async def _keep(
    connection: asyncpg.Connection,
    batch_id: int,
    source_id: int,
    refused: Iterable[Refused],
    state: tuple[object, ...],
    supersedes: Mapping[int, int],
) -> int:
    """Put the rows beside or in place of what an earlier run of the batch kept; ``state``: status, opened, closed, closed
    by. A row that is refused once more stays the same row, closed if another batch or a steward has closed it."""
    rows = [
        (
            *(batch_id, source_id, row.source_key, row.row_number, row.raw, row.reasons),
            *state,
            supersedes.get(row.row_number),
        )
        for row in refused
    ]
    if await connection.fetchval("SELECT EXISTS (SELECT FROM jishi.quarantine WHERE batch_id = $1)", batch_id):
        await connection.execute("CREATE TEMP TABLE refused_again (LIKE jishi.quarantine) ON COMMIT DROP")
        await connection.execute("ALTER TABLE refused_again ALTER quarantine_id DROP NOT NULL")
        await connection.copy_records_to_table("refused_again", columns=_KEPT, records=rows)
        await connection.execute("ANALYZE refused_again")
        await connection.execute(_REFUSED_AGAIN, batch_id)
        await connection.execute(_NO_MORE, batch_id)
        await connection.execute(_NEW.format(columns=", ".join(_KEPT)), batch_id)
        await connection.execute("DROP TABLE refused_again")
    elif rows:
        await connection.copy_records_to_table("quarantine", schema_name="jishi", columns=_KEPT, records=rows)
    return len(rows)


_KEPT = [
    *("batch_id", "source_id", "source_key", "row_number", "raw", "reasons"),
    *("status", "opened_at", "closed_at", "closed_by_batch", "supersedes"),
]

_IS_DECIDED = "(q.repair_id IS NOT NULL OR (q.status = 'discarded' AND q.closed_by_batch IS NULL))"

_CLOSED_BY_OTHERS = f"({_IS_DECIDED} OR (q.status <> 'open' AND q.closed_by_batch <> q.batch_id))"

_REFUSED_AGAIN = f"""
-- Rows that an earlier run of the batch refused too: what is wrong with them now.
UPDATE jishi.quarantine q
SET source_key = n.source_key, raw = n.raw,
  reasons = CASE WHEN {_IS_DECIDED} THEN q.reasons ELSE n.reasons END,
  status = CASE WHEN {_CLOSED_BY_OTHERS} THEN q.status ELSE n.status END,
  closed_at = CASE WHEN {_CLOSED_BY_OTHERS} THEN q.closed_at ELSE n.closed_at END,
  closed_by_batch = CASE WHEN {_CLOSED_BY_OTHERS} THEN q.closed_by_batch ELSE n.closed_by_batch END
FROM refused_again n
WHERE q.batch_id = $1 AND n.row_number = q.row_number
"""

_NO_MORE = f"""
-- Rows that are refused no more leave the quarantine; what was done with them is remembered.
WITH gone AS (
  DELETE FROM jishi.quarantine q
  WHERE q.batch_id = $1 AND NOT {_IS_DECIDED}
    AND NOT EXISTS (SELECT FROM refused_again n WHERE n.row_number = q.row_number)
  RETURNING q.quarantine_id, q.batch_id, q.row_number
)
INSERT INTO jishi.quarantine_step (quarantine_id, batch_id, row_number, step, by_batch)
SELECT quarantine_id, batch_id, row_number, 'accepted', batch_id FROM gone
"""

_NEW = """
-- Rows that are refused for the first time.
INSERT INTO jishi.quarantine ({columns})
SELECT {columns} FROM refused_again n
WHERE NOT EXISTS (SELECT FROM jishi.quarantine q WHERE q.batch_id = $1 AND q.row_number = n.row_number)
"""


async def decided_rows(connection: asyncpg.Connection, batch_id: int) -> list[int]:
    """Numbers of the rows of a batch of which a steward has decided: repaired, under repair, or discarded."""
    rows = await connection.fetch(
        f"SELECT q.row_number FROM jishi.quarantine q WHERE q.batch_id = $1 AND {_IS_DECIDED} ORDER BY 1", batch_id
    )
    return [row["row_number"] for row in rows]


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
    await connection.execute(_CLOSE_REPAIRED, batch_id, source_id, now, list(keys))


_NOT_LATER = """EXISTS (
    SELECT FROM jishi.batch o JOIN jishi.batch n ON n.batch_id = $1
    WHERE o.batch_id = q.batch_id AND o.delivered_at <= n.delivered_at
  )"""
"""What was delivered after this batch is no older word: a replay or a repair leaves it alone."""

_REMEMBER = """
INSERT INTO jishi.quarantine_step (quarantine_id, batch_id, row_number, step, by_batch)
SELECT quarantine_id, batch_id, row_number, '{step}', $1 FROM closed"""

_CLOSE_REPAIRED = f"""
-- Open rows of other batches under keys that this batch accepts.
WITH closed AS (
  UPDATE jishi.quarantine q SET status = 'repaired', closed_at = $3, closed_by_batch = $1
  WHERE q.source_id = $2 AND q.status = 'open' AND q.batch_id <> $1 AND q.source_key = ANY($4::uuid[]) AND {_NOT_LATER}
  RETURNING q.quarantine_id, q.batch_id, q.row_number
){_REMEMBER.format(step="repaired")}
"""

_SUPERSEDE = f"""
-- Open rows of other batches under keys that this batch refuses again.
WITH closed AS (
  UPDATE jishi.quarantine q SET status = 'superseded', closed_at = $3, closed_by_batch = $1
  FROM (SELECT DISTINCT source_key FROM jishi.quarantine WHERE batch_id = $1 AND source_key IS NOT NULL) n
  WHERE q.source_id = $2 AND q.source_key = n.source_key AND q.status = 'open' AND q.batch_id <> $1 AND {_NOT_LATER}
  RETURNING q.quarantine_id, q.batch_id, q.row_number
){_REMEMBER.format(step="superseded")}
"""
