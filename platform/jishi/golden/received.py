"""Which deliveries' bytes may go, and what became of received rows (beside the road: landing zone and ledger)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from jishi.registers.register import Register

FINAL = ("published", "unchanged", "refused", "discarded")
"""States in which nothing more is owed to a batch. A failed one is not among them: its rows have no outcome yet."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A delivery as the ledger knows it, for finding its rows again."""

    batch_id: int
    source: str
    status: str
    landing: str  # path below the landing zone
    file_name: str
    sha256: bytes
    delivered_at: datetime
    finished_at: datetime | None
    received: int | None  # None: never read to its end
    unchanged: int
    duplicate: int
    same_as: int | None
    repair: bool = False  # rows of another batch, edited


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one row: ``accepted``, ``ended``, or ``quarantined`` with the state there and the rule ids."""

    outcome: str
    quarantine: str | None = None
    reasons: tuple[str, ...] = ()


async def deliveries_at(connection: asyncpg.Connection, landings: Sequence[str]) -> list[Kept]:
    """The deliveries that lie at these places of the landing zone."""
    return [_kept(row) for row in await connection.fetch(f"{_KEPT} WHERE b.landing = ANY($1::text[])", list(landings))]


async def deliveries_of(connection: asyncpg.Connection, source: str) -> list[Kept]:
    """All deliveries of a source, the newest first."""
    return [_kept(row) for row in await connection.fetch(f"{_KEPT} WHERE s.name = $1 ORDER BY 1 DESC", source)]


async def deliveries_like(connection: asyncpg.Connection, source: str, sha256: bytes) -> list[int]:
    """Batches of the source whose bytes were these, the newest first; also those refused whole."""
    rows = await connection.fetch(
        "SELECT batch_id FROM jishi.batch JOIN jishi.source USING (source_id) WHERE name = $1 AND sha256 = $2"
        " ORDER BY 1 DESC",
        source,
        sha256,
    )
    return [row["batch_id"] for row in rows]


async def is_over(connection: asyncpg.Connection, batch_id: int, before: datetime) -> bool:
    """Whether the batch has been in a final state since before ``before``; it stays so until the transaction ends."""
    found = await connection.fetchval(
        "SELECT TRUE FROM jishi.batch WHERE batch_id = $1 AND status = ANY($2::text[]) AND finished_at < $3 FOR UPDATE",
        batch_id,
        list(FINAL),
        before,
    )
    return bool(found)


async def forget_closed(connection: asyncpg.Connection, before: datetime) -> int:
    """Empty the cells of quarantined rows that are closed and whose batch is over since before ``before``; the rows with
    their reasons stay, and so do the cells of open ones. Number of rows emptied."""
    done = await connection.execute(
        """
UPDATE jishi.quarantine q SET raw = ''
FROM jishi.batch b
WHERE b.batch_id = q.batch_id AND b.status = ANY($1::text[]) AND b.finished_at < $2
  AND q.status <> 'open' AND q.raw <> ''""",
        list(FINAL),
        before,
    )
    return int(done.split()[-1])


async def fates(
    connection: asyncpg.Connection, register: Register, rows: Iterable[tuple[int, int]], since: datetime
) -> Mapping[tuple[int, int], Fate]:
    """What the quarantine and the contributions know of rows, each a batch with a row number; none of the batches was
    delivered before ``since``. A row that neither knows is left out."""
    batches, numbers = zip(*rows, strict=True)
    pairs = (list(batches), list(numbers))
    accepted = await connection.fetch(
        f"""
SELECT c.batch_id, c.row_number, c.ended
FROM jishi.{register.name}_contribution c
JOIN unnest($1::bigint[], $2::bigint[]) a(batch_id, row_number) USING (batch_id, row_number)
WHERE c.recorded_at >= $3""",
        *pairs,
        since,
    )
    refused = await connection.fetch(
        """
SELECT q.batch_id, q.row_number, q.status, q.reasons
FROM jishi.quarantine q JOIN unnest($1::bigint[], $2::bigint[]) a(batch_id, row_number) USING (batch_id, row_number)""",
        *pairs,
    )
    found = {(row["batch_id"], row["row_number"]): Fate("ended" if row["ended"] else "accepted") for row in accepted}
    return found | {
        (row["batch_id"], row["row_number"]): Fate("quarantined", row["status"], tuple(row["reasons"]))
        for row in refused
    }


_KEPT = """
SELECT b.batch_id, s.name AS source, b.status, b.landing, b.file_name, b.sha256, b.delivered_at, b.finished_at, b.received,
  COALESCE(b.unchanged, 0) AS unchanged, COALESCE(b.duplicate, 0) AS duplicate, b.same_as,
  b.kind = 'repair' AS repair
FROM jishi.batch b JOIN jishi.source s USING (source_id)"""


def _kept(row: asyncpg.Record) -> Kept:
    return Kept(**dict(row))
