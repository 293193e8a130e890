"""The job queue: jobs of one lane run one after the other, under a lease and a session lock of the worker's connection.

The lock ends with the connection, so a job whose worker died is free at once; the lease tells people who holds it and
lets a hung worker be seen. Two workers never run one lane: taking a job needs the lane's advisory lock.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

CHANNEL = "jishi_jobs"
LOCK_SPACE = 7_305  # first key of the two-key advisory locks that stand for lanes


@dataclass(frozen=True, slots=True)
class Job:
    """A job that this worker holds."""

    job_id: int
    kind: str
    lane: str
    payload: Mapping[str, Any]
    attempts: int


async def enqueue(connection: asyncpg.Connection, kind: str, lane: str, payload: Mapping[str, Any]) -> int:
    """Queue a job and wake the workers; within a transaction both happen at its commit."""
    number = await connection.fetchval(
        "INSERT INTO jishi.job (kind, lane, payload) VALUES ($1, $2, $3) RETURNING job_id",
        kind,
        lane,
        json.dumps(dict(payload)),
    )
    await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, str(number))
    return int(number)


async def enqueue_once(connection: asyncpg.Connection, kind: str) -> None:
    """Queue a job of ``kind`` that takes up whatever has come together, unless one is waiting already; in a lane of its own."""
    await connection.execute(
        """
WITH queued AS (
  INSERT INTO jishi.job (kind, lane, payload) SELECT $1, $1, '{}'
  WHERE NOT EXISTS (SELECT FROM jishi.job WHERE lane = $1 AND status = 'queued')
  RETURNING job_id
)
SELECT pg_notify($2, job_id::text) FROM queued""",
        kind,
        CHANNEL,
    )


async def take(
    connection: asyncpg.Connection, worker: UUID, lease_s: int, *, kinds: Collection[str], lane: str | None = None
) -> Job | None:
    """The first job of a free lane, of one of these ``kinds``, now held by ``worker`` on this connection; None when there is
    nothing to do. The jobs of a lane are of one kind."""
    waiting = await connection.fetch(
        """
SELECT DISTINCT ON (lane) job_id, lane FROM jishi.job
WHERE status IN ('queued', 'running') AND ($1::text IS NULL OR lane = $1) AND kind = ANY($2::text[])
ORDER BY lane, job_id""",
        lane,
        list(kinds),
    )
    for candidate in sorted(waiting, key=lambda row: int(row["job_id"])):
        locked = await connection.fetchval(
            "SELECT pg_try_advisory_lock($1, hashtext($2))", LOCK_SPACE, candidate["lane"]
        )
        if not locked:
            continue
        row = await connection.fetchrow(
            """
UPDATE jishi.job SET status = 'running', worker_id = $2, attempts = attempts + 1,
  lease_until = now() + make_interval(secs => $3), started_at = COALESCE(started_at, now())
WHERE job_id = $1 AND status IN ('queued', 'running')
RETURNING job_id, kind, lane, payload, attempts""",
            candidate["job_id"],
            worker,
            lease_s,
        )
        if row is not None:
            return Job(row["job_id"], row["kind"], row["lane"], json.loads(row["payload"]), row["attempts"])
        await release(connection, candidate["lane"])
    return None


async def release(connection: asyncpg.Connection, lane: str) -> None:
    """Give the lane's lock back."""
    await connection.execute("SELECT pg_advisory_unlock($1, hashtext($2))", LOCK_SPACE, lane)


async def renew(connection: asyncpg.Connection, worker: UUID, lease_s: int) -> None:
    """The worker is alive: its presence and the lease of the job it holds."""
    await connection.execute("UPDATE jishi.worker SET seen_at = now() WHERE worker_id = $1", worker)
    await connection.execute(
        "UPDATE jishi.job SET lease_until = now() + make_interval(secs => $2) WHERE worker_id = $1 AND status = 'running'",
        worker,
        lease_s,
    )


async def complete(connection: asyncpg.Connection, job: Job, result: Mapping[str, Any]) -> None:
    """The job is done."""
    await connection.execute(
        "UPDATE jishi.job SET status = 'done', result = $2, finished_at = now(), lease_until = NULL WHERE job_id = $1",
        job.job_id,
        json.dumps(dict(result)),
    )


async def fail(connection: asyncpg.Connection, job: Job, error: Mapping[str, Any]) -> None:
    """The job cannot be done; it is not tried again by itself."""
    await connection.execute(
        "UPDATE jishi.job SET status = 'failed', error = $2, finished_at = now(), lease_until = NULL WHERE job_id = $1",
        job.job_id,
        json.dumps(dict(error)),
    )


async def report_progress(connection: asyncpg.Connection, job_id: int, progress: Mapping[str, Any]) -> bool:
    """What a waiting person is told: step and rows so far, never a value. False: somebody wants the job to end."""
    wanted: bool = await connection.fetchval(
        "UPDATE jishi.job SET progress = $2 WHERE job_id = $1 RETURNING cancelled_at IS NULL",
        job_id,
        json.dumps(dict(progress)),
    )
    return wanted


async def is_cancelled(connection: asyncpg.Connection, job_id: int) -> bool:
    """Whether somebody wants the job to end."""
    cancelled: bool = await connection.fetchval(
        "SELECT cancelled_at IS NOT NULL FROM jishi.job WHERE job_id = $1", job_id
    )
    return cancelled


async def cancel(connection: asyncpg.Connection, job_id: int, by: str) -> bool:
    """Have a job end: at once where it waits, at its next report where it runs. False where it is over already."""
    number = await connection.fetchval(
        """
UPDATE jishi.job SET cancelled_at = COALESCE(cancelled_at, clock_timestamp()), cancelled_by = COALESCE(cancelled_by, $2)
WHERE job_id = $1 AND status IN ('queued', 'running')
RETURNING job_id""",
        job_id,
        by,
    )
    return number is not None


async def live_workers(connection: asyncpg.Connection, within_s: float = 15) -> int:
    """Workers that were seen lately."""
    return int(
        await connection.fetchval(
            "SELECT count(*) FROM jishi.worker WHERE seen_at > now() - make_interval(secs => $1)", within_s
        )
    )
