"""Jobs 作业 as an officer may see them: what is under way, how far it is, and that it shall end (beside both roads).

A job that belongs to a source is its department's and the city's; every other is the city's own. Nothing of its payload is
told but which source and batch it is about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jishi.access.officer import Officer
from jishi.errors import CallerError, NotFoundError
from jishi.jobs import queue

if TYPE_CHECKING:
    from asyncpg import Connection

STATUSES = ("queued", "running", "done", "failed")


@dataclass(frozen=True, slots=True)
class SeenJob:
    """``progress``: what its worker last told, step and rows. ``error``: the code of what ended it."""

    job: int
    kind: str
    status: str
    source: str | None
    title: str | None
    batch: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancelled_at: datetime | None
    cancelled_by: str | None
    attempts: int
    progress: Mapping[str, Any]
    error: str | None

    @property
    def over(self) -> bool:
        return self.status in ("done", "failed")

    @property
    def share(self) -> float | None:
        """How much of it is done (0–1), None where that cannot be told."""
        rows, whole = self.progress.get("rows"), self.progress.get("of")
        if self.over:
            return 1.0
        return min(rows / whole, 1.0) if isinstance(rows, int) and isinstance(whole, int) and whole > 0 else None


async def listed(
    connection: Connection[Any],
    officer: Officer,
    status: str | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[SeenJob]:
    """Newest first; ``before``: only those with a smaller number."""
    rows = await connection.fetch(_JOBS, officer.department, None, status, before, limit)
    return [_job(row) for row in rows]


async def under_way(connection: Connection[Any], officer: Officer) -> int:
    """How many wait or run."""
    number: int = await connection.fetchval(_UNDER_WAY, officer.department)
    return number


async def one(connection: Connection[Any], officer: Officer, job: int) -> SeenJob:
    """NotFoundError ``STW-JOB`` where there is none, or it is another department's."""
    row = await connection.fetchrow(_JOBS, officer.department, job, None, None, 1)
    if row is None:
        raise NotFoundError("STW-JOB")
    return _job(row)


async def cancel(connection: Connection[Any], officer: Officer, job: int) -> SeenJob:
    """Have it end, inside the transaction of an act. ``STW-JOB``; CallerError ``STW-JOB-OVER`` where it has ended."""
    found = await one(connection, officer, job)
    if not await queue.cancel(connection, found.job, officer.by):
        raise CallerError("STW-JOB-OVER")
    return found


def _job(row: Mapping[str, Any]) -> SeenJob:
    return SeenJob(
        row["job_id"],
        row["kind"],
        row["status"],
        row["source"],
        row["title"],
        row["batch_id"],
        row["created_at"],
        row["started_at"],
        row["finished_at"],
        row["cancelled_at"],
        row["cancelled_by"],
        row["attempts"],
        json.loads(row["progress"]),
        row["error"],
    )


_SEEN = """
FROM jishi.job j
LEFT JOIN jishi.batch b ON b.batch_id = CASE WHEN j.payload ->> 'batch' ~ '^[0-9]{1,18}$' THEN (j.payload ->> 'batch')::bigint END
LEFT JOIN jishi.source s ON s.source_id = b.source_id OR (b.source_id IS NULL AND s.name = j.payload ->> 'source')
WHERE ($1::text IS NULL OR s.department = $1)
"""

_JOBS = f"""
-- Jobs with the source they are about, newest first.
SELECT
  j.job_id, j.kind, j.status, s.name AS source, s.title, b.batch_id, j.created_at, j.started_at, j.finished_at,
  j.cancelled_at, j.cancelled_by, j.attempts, j.progress::text AS progress, j.error ->> 'code' AS error
{_SEEN}
  AND ($2::bigint IS NULL OR j.job_id = $2)
  AND ($3::text IS NULL OR j.status = $3)
  AND ($4::bigint IS NULL OR j.job_id < $4)
ORDER BY j.job_id DESC
LIMIT $5
"""

_UNDER_WAY = f"SELECT count(*) {_SEEN} AND j.status IN ('queued', 'running')"
