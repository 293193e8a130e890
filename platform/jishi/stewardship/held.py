"""Held batches 暂存批次: why they are held, what publishing them would change, and what is decided of them (before the road's end).

A preview is made by a worker: the batch travels the road in a transaction that is rolled back. Where the city wants four
eyes, a release is proposed by one officer and carried out when another says so too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from jishi.access.officer import Officer
from jishi.errors import CallerError, DeniedError, NotFoundError
from jishi.golden import ledger

if TYPE_CHECKING:
    from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Decision:
    """``carried_out`` False: a proposal that another officer must agree to."""

    act: str
    officer: str
    reason: str
    carried_out: bool
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class HeldBatch:
    """``notes``: codes and values, counts and shares only, that say why. ``decisions``: since it was held, oldest first."""

    batch_id: int
    source: str
    register: str
    department: str
    status: str
    file_name: str
    landing: str
    delivered_at: datetime
    held_at: datetime | None
    received: int
    held: int
    quarantined: int
    notes: tuple[Mapping[str, Any], ...]
    decisions: tuple[Decision, ...]
    preview_id: int | None

    @property
    def why(self) -> list[Mapping[str, Any]]:
        """The notes that tell of a band it left."""
        return [note for note in self.notes if str(note["code"]).startswith("QLT-HELD-")]

    @property
    def proposed_by(self) -> str | None:
        """Who proposed its release, where that waits for another."""
        waiting = [one for one in self.decisions if one.act == "release" and not one.carried_out]
        return waiting[-1].officer if waiting else None


@dataclass(frozen=True, slots=True)
class Preview:
    """``result`` None: not done. ``progress``: step and rows so far."""

    preview_id: int
    batch_id: int
    officer: str
    status: str
    result: Mapping[str, Any] | None
    fault: str | None
    created_at: datetime
    finished_at: datetime | None
    progress: Mapping[str, Any]


async def listed(connection: Connection[Any], officer: Officer, before: int | None, limit: int) -> list[HeldBatch]:
    """Held batches the officer sees, the newest first; ``before``: only those with a smaller number."""
    rows = await connection.fetch(
        f"{_HELD} WHERE b.status = 'held' AND ($1::text IS NULL OR s.department = $1)"
        " AND ($2::bigint IS NULL OR b.batch_id < $2) ORDER BY b.batch_id DESC LIMIT $3",
        officer.department,
        before,
        limit,
    )
    return [_read(row) for row in rows]


async def find(connection: Connection[Any], officer: Officer, batch_id: int) -> HeldBatch:
    """One batch, held or not. NotFoundError ``ING-BATCH-UNKNOWN``, also for one the officer does not see."""
    row = await connection.fetchrow(f"{_HELD} WHERE b.batch_id = $1", batch_id)
    if row is None or not officer.sees(row["department"]):
        raise NotFoundError("ING-BATCH-UNKNOWN", batch=batch_id)
    return _read(row)


async def release(
    connection: Connection[Any], officer: Officer, batch: HeldBatch, reason: str, *, four_eyes: bool
) -> bool:
    """Let it be published; its job comes with it. With ``four_eyes`` the first officer only proposes (False), another
    one's word carries it out (True). In a transaction.

    Raises CallerError ``ING-NOT-HELD``, ``QLT-HELD-REASON``; DeniedError ``QLT-HELD-EYES`` to who proposed it himself.
    """
    _demand(batch, reason, ("held",))
    proposer = batch.proposed_by
    if four_eyes and proposer == officer.by:
        raise DeniedError("QLT-HELD-EYES", batch=batch.batch_id)
    carried_out = not four_eyes or proposer is not None
    await ledger.decide(connection, batch.batch_id, "release", officer.by, reason, carried_out=carried_out)
    return carried_out


async def discard(connection: Connection[Any], officer: Officer, batch: HeldBatch, reason: str) -> None:
    """Give it up, or one that could not be run, with its refused rows. Errors as of :func:`release`. In a transaction."""
    _demand(batch, reason, ("held", "failed"))
    await ledger.decide(connection, batch.batch_id, "discard", officer.by, reason)


def _demand(batch: HeldBatch, reason: str, statuses: tuple[str, ...]) -> None:
    if batch.status not in statuses:
        raise CallerError("ING-NOT-HELD", batch=batch.batch_id)
    if not reason.strip():
        raise CallerError("QLT-HELD-REASON")


async def ask_preview(connection: Connection[Any], officer: Officer, batch: HeldBatch) -> int:
    """Ask for a preview; one that waits or is under way already is taken. Its number. ``ING-NOT-HELD``."""
    if batch.status != "held":
        raise CallerError("ING-NOT-HELD", batch=batch.batch_id)
    waiting = await connection.fetchval(_WAITING, batch.batch_id)
    return int(waiting or await connection.fetchval(_ASK, batch.batch_id, officer.by))


async def preview(connection: Connection[Any], batch: HeldBatch) -> Preview:
    """The latest preview of a batch. NotFoundError ``QLT-PREVIEW-UNKNOWN``."""
    row = await connection.fetchrow(_PREVIEW, batch.batch_id)
    if row is None:
        raise NotFoundError("QLT-PREVIEW-UNKNOWN", batch=batch.batch_id)
    told = {**dict(row), "progress": json.loads(row["progress"] or "{}")}
    return Preview(**{**told, "result": json.loads(row["result"]) if row["result"] else None})


async def cancel_preview(connection: Connection[Any], batch: HeldBatch) -> None:
    """Call the preview of a batch off. CallerError ``QLT-PREVIEW-OVER``."""
    if not await connection.fetch(_CANCEL, batch.batch_id):
        raise CallerError("QLT-PREVIEW-OVER")


# What the worker does.


async def begin_preview(connection: Connection[Any], preview_id: int) -> int | None:
    """The batch of a preview that is now under way; None where it is over."""
    found = await connection.fetchval(
        "UPDATE jishi.batch_preview SET status = 'running'"
        " WHERE preview_id = $1 AND status IN ('queued', 'running') RETURNING batch_id",
        preview_id,
    )
    return None if found is None else int(found)


async def is_running(connection: Connection[Any], preview_id: int) -> bool:
    """Whether nobody has called it off."""
    found = await connection.fetchval(
        "SELECT status = 'running' FROM jishi.batch_preview WHERE preview_id = $1", preview_id
    )
    return bool(found)


async def finish_preview(connection: Connection[Any], preview_id: int, result: Mapping[str, Any]) -> None:
    await connection.execute(_FINISH, preview_id, json.dumps(dict(result), ensure_ascii=False))


async def fail_preview(connection: Connection[Any], preview_id: int, code: str) -> None:
    await connection.execute(_FAIL, preview_id, code)


def _read(row: Mapping[str, Any]) -> HeldBatch:
    told = {name: value for name, value in dict(row).items() if name not in ("notes", "decisions")}
    decisions = tuple(
        Decision(**{**one, "decided_at": datetime.fromisoformat(one["decided_at"])})
        for one in json.loads(row["decisions"])
    )
    return HeldBatch(**told, notes=tuple(json.loads(row["notes"])), decisions=decisions)


_HELD = """
-- Batches with what was decided of them since they were held last.
SELECT b.batch_id, s.name AS source, s.register, s.department, b.status, b.file_name, b.landing, b.delivered_at,
  b.finished_at AS held_at, COALESCE(b.received, 0) AS received, COALESCE(b.held, 0) AS held,
  COALESCE(b.quarantined, 0) AS quarantined, b.notes,
  (SELECT COALESCE(jsonb_agg(jsonb_build_object('act', d.act, 'officer', d.officer, 'reason', d.reason,
      'carried_out', d.carried_out, 'decided_at', d.decided_at) ORDER BY d.decision_id), '[]')
    FROM jishi.batch_decision d WHERE d.batch_id = b.batch_id
      AND (b.status <> 'held' OR b.finished_at IS NULL OR d.decided_at >= b.finished_at)) AS decisions,
  (SELECT max(p.preview_id) FROM jishi.batch_preview p WHERE p.batch_id = b.batch_id) AS preview_id
FROM jishi.batch b JOIN jishi.source s USING (source_id)"""

_WAITING = """
SELECT preview_id FROM jishi.batch_preview WHERE batch_id = $1 AND status IN ('queued', 'running')
ORDER BY preview_id DESC LIMIT 1"""

_ASK = "INSERT INTO jishi.batch_preview (batch_id, officer) VALUES ($1, $2) RETURNING preview_id"

_PREVIEW = """
SELECT p.preview_id, p.batch_id, p.officer, p.status, p.result, p.fault, p.created_at, p.finished_at,
  (SELECT j.progress FROM jishi.job j WHERE j.kind = 'preview' AND (j.payload ->> 'preview')::bigint = p.preview_id
    ORDER BY j.job_id DESC LIMIT 1) AS progress
FROM jishi.batch_preview p WHERE p.batch_id = $1 ORDER BY p.preview_id DESC LIMIT 1"""

_CANCEL = """
UPDATE jishi.batch_preview SET status = 'cancelled', finished_at = clock_timestamp()
WHERE batch_id = $1 AND status IN ('queued', 'running') RETURNING preview_id"""

_FINISH = """
UPDATE jishi.batch_preview SET status = 'done', result = $2, finished_at = clock_timestamp()
WHERE preview_id = $1 AND status = 'running'"""

_FAIL = """
UPDATE jishi.batch_preview SET status = 'failed', fault = $2, finished_at = clock_timestamp()
WHERE preview_id = $1 AND status IN ('queued', 'running')"""
