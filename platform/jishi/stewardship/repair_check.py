"""Checks 校验 of edited rows: asked for by an officer, carried out by a worker, told without a value (beside the road in)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jishi.access.officer import Officer
from jishi.errors import NotFoundError
from jishi.identifiers.keys import Keys
from jishi.identifiers.sealing import CipherName
from jishi.quality import quarantine_search
from jishi.quality.quarantine_search import Entry
from jishi.stewardship.repairs import Cells, open_cells, remember, seal_cells

if TYPE_CHECKING:
    from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ids of the rules the edited row fails, and of each the headers it is about. ``seconds``: of the worker's work."""

    refused: tuple[str, ...]
    warned: tuple[str, ...]
    headers: Mapping[str, tuple[str, ...]]
    seconds: float


@dataclass(frozen=True, slots=True)
class Check:
    """``verdict`` None: not done. ``fault``: the code of why it could not be done."""

    check_id: int
    quarantine_id: int
    status: str
    verdict: Verdict | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """A check as the worker takes it up; ``cells`` sealed."""

    check_id: int
    entry: Entry
    cells: bytes | None


async def ask(
    connection: Connection[Any], keys: Keys, cipher: CipherName, officer: Officer, entry: Entry, cells: Cells
) -> int:
    """Ask for a check of the row with these cells; its number. Its job comes with it."""
    async with connection.transaction():
        check_id = int(await connection.fetchval(_NUMBER))
        sealed = seal_cells(keys, cipher, cells, _context(check_id))
        await connection.execute(_ASK, check_id, entry.quarantine_id, officer.by, sealed)
        await remember(connection, officer, entry, "check")
    return check_id


async def find(connection: Connection[Any], officer: Officer, quarantine_id: int, check_id: int) -> Check:
    """One's own check. Raises NotFoundError ``QLT-CHECK-UNKNOWN``."""
    row = await connection.fetchrow(_FIND, check_id)
    if row is None or row["quarantine_id"] != quarantine_id or row["officer"] != officer.by:
        raise NotFoundError("QLT-CHECK-UNKNOWN", check=check_id)
    verdict = None
    if row["result"]:
        told = json.loads(row["result"])
        headers = {rule: tuple(names) for rule, names in told["headers"].items()}
        verdict = Verdict(tuple(told["refused"]), tuple(told["warned"]), headers, told["seconds"])
    return Check(check_id, quarantine_id, row["status"], verdict, row["fault"])


async def begin(connection: Connection[Any], check_id: int) -> Asked | None:
    """The check, now under way (again, where a worker died over it); None where it is over."""
    row = await connection.fetchrow(_BEGIN, check_id)
    if row is None:
        return None
    entry = await quarantine_search.find(connection, row["quarantine_id"])
    return None if entry is None else Asked(check_id, entry, row["cells"])


def cells_of(keys: Keys, asked: Asked) -> Cells:
    return open_cells(keys, asked.cells, _context(asked.check_id))


async def finish(connection: Connection[Any], check_id: int, verdict: Verdict) -> None:
    """The verdict stands, and the cells go."""
    told = {
        "refused": verdict.refused,
        "warned": verdict.warned,
        "headers": dict(verdict.headers),
        "seconds": verdict.seconds,
    }
    await connection.execute(_FINISH, check_id, json.dumps(told, ensure_ascii=False))


async def fail(connection: Connection[Any], check_id: int, code: str) -> None:
    await connection.execute(_FAIL, check_id, code)


def _context(check_id: int) -> bytes:
    return f"check/{check_id}".encode()


_NUMBER = "SELECT nextval(pg_get_serial_sequence('jishi.repair_check', 'check_id'))"

_ASK = """
-- A check; its job comes with it.
INSERT INTO jishi.repair_check (check_id, quarantine_id, officer, cells) VALUES ($1, $2, $3, $4)
"""

_FIND = "SELECT quarantine_id, officer, status, result, fault FROM jishi.repair_check WHERE check_id = $1"

_BEGIN = """
UPDATE jishi.repair_check SET status = 'running'
WHERE check_id = $1 AND status IN ('queued', 'running') RETURNING quarantine_id, cells"""

_FINISH = """
UPDATE jishi.repair_check SET status = 'done', result = $2, cells = NULL, finished_at = clock_timestamp()
WHERE check_id = $1"""

_FAIL = """
UPDATE jishi.repair_check SET status = 'failed', fault = $2, cells = NULL, finished_at = clock_timestamp()
WHERE check_id = $1 AND status IN ('queued', 'running')"""
