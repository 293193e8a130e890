"""Exports 批量导出 in the database and on disk: asked for, begun, finished, let go (beside the road out).

The files lie encrypted under the state folder, named by nothing but the export's id. A row says ``done`` only when its
file stands there whole; a draft of a run that was killed has another name and is removed by the next one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection

FORMATS = {
    "csv": ("text/csv; charset=utf-8", "csv"),
    "ndjson": ("application/x-ndjson", "ndjson"),
    "geojsonseq": ("application/geo+json-seq", "geojsonl"),
    "parquet": ("application/vnd.apache.parquet", "parquet"),
}
"""Format → media type and the ending of a file's name."""

MOST_WAITING = 5
"""Exports that one client may have waiting and under way."""


@dataclass(frozen=True, slots=True)
class Export:
    """One export as its row says. ``request``: the members of the body that asked for it; ``size``: of its file in bytes."""

    export_id: UUID
    client_id: str
    grant_id: int
    register: int
    format: str
    request: Mapping[str, Any]
    purpose: str | None
    case_no: str | None
    request_id: UUID
    status: str = "queued"
    fault: str | None = None
    rows: int | None = None
    size: int | None = None
    sha256: bytes | None = None
    seq: int | None = None
    taken_at: datetime | None = None
    charged: int = 0
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None

    def status_at(self, now: datetime) -> str:
        """A finished export is over when its time is, whether its file was cleared away yet or not."""
        over = self.status == "done" and self.expires_at is not None and self.expires_at <= now
        return "expired" if over else self.status


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished file holds. ``seq``: the last change of the register in the snapshot of ``taken_at``."""

    rows: int
    size: int
    sha256: bytes
    seq: int
    taken_at: datetime


def path_of(settings: Settings, export_id: UUID) -> Path:
    return settings.exports_dir / f"{export_id}.sealed"


def remove_file(settings: Settings, export_id: UUID) -> None:
    """The file and whatever drafts killed runs left of it."""
    path = path_of(settings, export_id)
    path.unlink(missing_ok=True)
    for draft in settings.exports_dir.glob(f".{path.name}.*.part"):
        draft.unlink(missing_ok=True)


async def add(connection: Connection[Any], wanted: Export) -> bool:
    """Ask for an export; its job comes with it. False where the client has as many as it may."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 7306))", wanted.client_id)
        if await connection.fetchval(_WAITING, wanted.client_id) >= MOST_WAITING:
            return False
        await connection.execute(
            _ADD,
            wanted.export_id,
            wanted.client_id,
            wanted.grant_id,
            wanted.register,
            wanted.format,
            json.dumps(dict(wanted.request), ensure_ascii=False),
            wanted.purpose,
            wanted.case_no,
            wanted.request_id,
        )
    return True


async def find(connection: Connection[Any], export_id: UUID) -> Export | None:
    row = await connection.fetchrow("SELECT * FROM jishi.export WHERE export_id = $1", export_id)
    return None if row is None else _read(row)


async def of_client(connection: Connection[Any], client_id: str, limit: int) -> list[Export]:
    """The client's exports, the newest first."""
    return [_read(row) for row in await connection.fetch(_OF_CLIENT, client_id, limit)]


async def begin(connection: Connection[Any], export_id: UUID) -> Export | None:
    """The export, now running (again, where a worker died over it); None where it is over or was called off."""
    row = await connection.fetchrow(_BEGIN, export_id)
    return None if row is None else _read(row)


async def charge(connection: Connection[Any], export_id: UUID, subjects: int) -> None:
    """Remember what was taken of the quota, so that a run that is begun again takes it once."""
    await connection.execute("UPDATE jishi.export SET charged = $2 WHERE export_id = $1", export_id, subjects)


async def finish(connection: Connection[Any], export_id: UUID, outcome: Outcome, hours: int) -> bool:
    """The file stands; False where the export was called off meanwhile."""
    done = await connection.fetchval(
        _FINISH, export_id, outcome.rows, outcome.size, outcome.sha256, outcome.seq, outcome.taken_at, hours
    )
    return done is not None


async def fail(connection: Connection[Any], export_id: UUID, code: str) -> None:
    await connection.execute(_FAIL, export_id, code)


async def cancel(connection: Connection[Any], export_id: UUID) -> None:
    """Call it off, whatever has become of it."""
    await connection.execute(_CANCEL, export_id)


async def expire(connection: Connection[Any], settings: Settings, now: datetime) -> int:
    """Clear away the files of exports whose time is over, and those no row knows; how many files went."""
    rows = await connection.fetch("UPDATE jishi.export SET status = 'expired' WHERE status = 'done' AND expires_at <= $1 "
                                  "RETURNING export_id", now)  # fmt: skip
    for row in rows:
        remove_file(settings, row["export_id"])
    gone = len(rows)
    lying = {_id_of(path) for path in settings.exports_dir.glob("*") if path.suffix in (".sealed", ".part")}
    for export_id in lying - {None}:
        known = await find(connection, export_id) if export_id else None
        if export_id and (known is None or known.status not in ("done", "running")):
            remove_file(settings, export_id)
            gone += 1
    return gone


def _id_of(path: Path) -> UUID | None:
    """Whose file or draft it is; None = nobody's."""
    try:
        return UUID(path.name.removeprefix(".")[:36])
    except ValueError:
        return None


def _read(row: Mapping[str, Any]) -> Export:
    told = {**dict(row), "request": json.loads(row["request"]), "size": row["bytes"]}
    del told["bytes"]
    return Export(**told)


_WAITING = "SELECT count(*) FROM jishi.export WHERE client_id = $1 AND status IN ('queued', 'running')"

_ADD = """
-- An export to be made.
INSERT INTO jishi.export (export_id, client_id, grant_id, register, format, request, purpose, case_no, request_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

_OF_CLIENT = "SELECT * FROM jishi.export WHERE client_id = $1 ORDER BY created_at DESC, export_id LIMIT $2"

_BEGIN = """
-- A worker takes an export up.
UPDATE jishi.export
SET status = 'running', started_at = coalesce(started_at, now())
WHERE export_id = $1 AND status IN ('queued', 'running')
RETURNING *
"""

_FINISH = """
-- The file stands whole.
UPDATE jishi.export
SET status = 'done', rows = $2, bytes = $3, sha256 = $4, seq = $5, taken_at = $6, finished_at = now(),
  expires_at = now() + make_interval(hours => $7)
WHERE export_id = $1 AND status = 'running'
RETURNING export_id
"""

_FAIL = """
-- The export cannot be made.
UPDATE jishi.export
SET status = 'failed', fault = $2, finished_at = now()
WHERE export_id = $1 AND status IN ('queued', 'running')
"""

_CANCEL = """
-- The client calls its export off.
UPDATE jishi.export
SET status = 'cancelled', finished_at = now()
WHERE export_id = $1 AND status IN ('queued', 'running', 'done')
"""
