"""Bulk repairs 批量修复 and their trials: asked for by an officer, carried out by a worker, counted (before the road in).

Which rows: those the officer sees that a filter finds. A trial says how many the mapping changes and how many pass then;
in earnest these become one repair a batch. Without a mapping the rows take the road as they were received, once the rules or
the source's mapping have changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.access.acts import Actor, ActorKind
from jishi.access.officer import Officer
from jishi.errors import CallerError, NotFoundError
from jishi.identifiers.keys import Keys
from jishi.identifiers.sealed_file import open_bytes, seal_bytes
from jishi.identifiers.sealing import CipherName
from jishi.quality.quarantine_search import Wanted
from jishi.stewardship.cell_mapping import CellMapping
from jishi.stewardship.repairs import FIND, Repair

if TYPE_CHECKING:
    from asyncpg import Connection

MOST_ROWS = 100_000
"""Rows of one bulk repair; what is more is left for the next."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Open rows of these; ``header`` with ``digest``: those whose cell there holds what has this digest."""

    batch: int | None = None
    source: str | None = None
    register: str | None = None
    department: str | None = None
    rule: str | None = None
    element: str | None = None
    header: str | None = None
    digest: str | None = None

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            *("open", self.batch, self.source, self.register, self.department, self.rule, self.element),
        )


@dataclass(frozen=True, slots=True)
class Bulk:
    """``done``: rows looked at so far; ``selected``, ``touched``, ``passed``, ``reasons`` None before the end."""

    bulk_id: int
    officer: str
    department: str | None
    reason: str | None
    filter: Filter
    dry: bool
    status: str
    done: int
    selected: int | None
    touched: int | None
    passed: int | None
    reasons: Mapping[str, int] | None
    fault: str | None
    created_at: datetime
    finished_at: datetime | None
    repairs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """``reasons``: rule id → touched rows that still fail it."""

    selected: int
    touched: int
    passed: int
    reasons: Mapping[str, int]


async def ask(
    connection: Connection[Any],
    keys: Keys,
    cipher: CipherName,
    officer: Officer,
    wanted: Filter,
    mapping: CellMapping,
    *,
    dry: bool,
    reason: str | None,
    request_id: UUID | None,
) -> int:
    """Ask for it; its number. Its job comes with it. ``QLT-MAPPING`` with every fault, ``QLT-FILTER`` where it would be of
    everything there is. Inside a transaction."""
    if faults := mapping.faults():
        raise CallerError("QLT-MAPPING", faults=tuple(faults))
    if wanted.batch is None and wanted.source is None and wanted.rule is None:
        raise CallerError("QLT-FILTER")
    bulk_id = int(await connection.fetchval(_NUMBER))
    told = json.dumps(asdict(mapping), ensure_ascii=False).encode()
    sealed = None if mapping.empty else seal_bytes(told, keys, cipher, context=_context(bulk_id))
    asked = json.dumps({name: value for name, value in asdict(wanted).items() if value is not None})
    await connection.execute(_ASK, bulk_id, officer.by, officer.department, reason, request_id, asked, sealed, dry)
    return bulk_id


async def find(connection: Connection[Any], officer: Officer, bulk_id: int) -> Bulk:
    """One bulk repair. NotFoundError ``QLT-BULK-UNKNOWN``, also for one of another department."""
    row = await connection.fetchrow(f"{_FIND} WHERE k.bulk_id = $1", bulk_id)
    if row is None or officer.department not in (None, row["department"]):
        raise NotFoundError("QLT-BULK-UNKNOWN", bulk=bulk_id)
    return _read(row)


async def listed(connection: Connection[Any], officer: Officer, before: int | None, limit: int) -> list[Bulk]:
    """Bulk repairs of the officer's department (the city's own see all), the newest first."""
    rows = await connection.fetch(
        f"{_FIND} WHERE ($1::text IS NULL OR k.department = $1) AND ($2::bigint IS NULL OR k.bulk_id < $2)"
        " ORDER BY k.bulk_id DESC LIMIT $3",
        officer.department,
        before,
        limit,
    )
    return [_read(row) for row in rows]


async def carry_out(
    connection: Connection[Any],
    keys: Keys,
    cipher: CipherName,
    officer: Officer,
    tried: Bulk,
    *,
    request_id: UUID | None,
) -> int:
    """What was tried, in earnest; the number of the bulk repair that does it. In a transaction.

    Raises CallerError ``QLT-BULK-TRIED``: no finished trial, or one of more than a day ago, whose mapping is gone.
    """
    row = await connection.fetchrow(_TRIED, tried.bulk_id)
    if row is None:
        raise CallerError("QLT-BULK-TRIED", bulk=tried.bulk_id)
    mapping = _opened(keys, tried.bulk_id, row["mapping"])
    asked = (connection, keys, cipher, officer, tried.filter, mapping)
    return await ask(*asked, dry=False, reason=tried.reason, request_id=request_id)


async def repairs_of(connection: Connection[Any], bulk_id: int) -> list[Repair]:
    """The repairs that were made of it, one a batch."""
    rows = await connection.fetch(f"{FIND} WHERE r.bulk_id = $1 ORDER BY r.repair_id", bulk_id)
    return [Repair(**dict(row)) for row in rows]


async def forget(connection: Connection[Any], before: datetime) -> int:
    """Let the mappings of trials go that were finished before an instant; how many."""
    done = await connection.execute(_FORGET, before)
    return int(done.split()[-1])


async def cancel(connection: Connection[Any], bulk_id: int) -> None:
    """Call it off before its repairs are made; ``QLT-BULK-OVER`` where they are, or where it is over."""
    if await connection.fetchval(_CANCEL, bulk_id) is None:
        raise CallerError("QLT-BULK-OVER", bulk=bulk_id)


# What the worker does.


async def begin(connection: Connection[Any], keys: Keys, bulk_id: int) -> tuple[Bulk, Officer, CellMapping] | None:
    """It, under way; who asked for it, with what he may touch; what is to become of the rows. None where it is over."""
    row = await connection.fetchrow(_BEGIN, bulk_id)
    if row is None:
        return None
    found = await connection.fetchrow(f"{_FIND} WHERE k.bulk_id = $1", bulk_id)
    bulk = _read(found)
    return bulk, Officer(_actor(bulk.officer), bulk.department, frozenset()), _opened(keys, bulk_id, row["mapping"])


async def progress(connection: Connection[Any], bulk_id: int, done: int) -> bool:
    """So many rows were looked at; False where it was called off."""
    found = await connection.fetchval(
        "UPDATE jishi.bulk_repair SET done = $2 WHERE bulk_id = $1 AND status = 'running' RETURNING TRUE", bulk_id, done
    )
    return bool(found)


async def finish(connection: Connection[Any], bulk_id: int, tally: Tally) -> bool:
    """What came of it; False where it was called off meanwhile. In the transaction that makes its repairs."""
    reasons = json.dumps(dict(tally.reasons))
    done = await connection.fetchval(_FINISH, bulk_id, tally.selected, tally.touched, tally.passed, reasons)
    return done is not None


async def fail(connection: Connection[Any], bulk_id: int, code: str) -> None:
    await connection.execute(_FAIL, bulk_id, code)


def _actor(by: str) -> Actor:
    kind, _, name = by.partition(":")
    kinds: dict[str, ActorKind] = {"user": "user", "client": "client", "operator": "operator"}
    return Actor(kinds[kind], name)


def _opened(keys: Keys, bulk_id: int, sealed: bytes | None) -> CellMapping:
    if sealed is None:
        return CellMapping()
    return CellMapping(**json.loads(open_bytes(sealed, keys, context=_context(bulk_id))))


def _context(bulk_id: int) -> bytes:
    return f"bulk/{bulk_id}".encode()


def _read(row: Mapping[str, Any]) -> Bulk:
    return Bulk(
        **{
            **dict(row),
            "filter": Filter(**json.loads(row["filter"])),
            "reasons": json.loads(row["reasons"]) if row["reasons"] else None,
            "repairs": tuple(row["repairs"]),
        }
    )


_NUMBER = "SELECT nextval(pg_get_serial_sequence('jishi.bulk_repair', 'bulk_id'))"

_ASK = """
-- A bulk repair or its trial; its job comes with it.
INSERT INTO jishi.bulk_repair (bulk_id, officer, department, reason, request_id, filter, mapping, dry)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

_FIND = """
SELECT k.bulk_id, k.officer, k.department, k.reason, k.filter, k.dry, k.status, k.done, k.selected, k.touched, k.passed,
  k.reasons, k.fault, k.created_at, k.finished_at,
  ARRAY(SELECT r.repair_id FROM jishi.repair r WHERE r.bulk_id = k.bulk_id ORDER BY 1) AS repairs
FROM jishi.bulk_repair k"""

_BEGIN = """
UPDATE jishi.bulk_repair SET status = 'running', done = 0
WHERE bulk_id = $1 AND status IN ('queued', 'running') RETURNING mapping"""

_FINISH = """
UPDATE jishi.bulk_repair
SET status = 'done', selected = $2, touched = $3, passed = $4, reasons = $5, finished_at = clock_timestamp(),
  mapping = CASE WHEN dry THEN mapping END
WHERE bulk_id = $1 AND status = 'running' RETURNING bulk_id"""

_FAIL = """
UPDATE jishi.bulk_repair SET status = 'failed', fault = $2, mapping = NULL, finished_at = clock_timestamp()
WHERE bulk_id = $1 AND status IN ('queued', 'running')"""

_TRIED = """
SELECT mapping FROM jishi.bulk_repair
WHERE bulk_id = $1 AND dry AND status = 'done' AND finished_at > now() - interval '1 day'"""

_FORGET = "UPDATE jishi.bulk_repair SET mapping = NULL WHERE mapping IS NOT NULL AND finished_at < $1"

_CANCEL = """
UPDATE jishi.bulk_repair SET status = 'cancelled', mapping = NULL, finished_at = clock_timestamp()
WHERE bulk_id = $1 AND status IN ('queued', 'running') RETURNING bulk_id"""
