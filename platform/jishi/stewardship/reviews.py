"""Reviews 待判定: whether two entities are one, and what stewards ask to be merged or parted (beside the road).

A steward's word is a request that a worker carries out (:mod:`jishi.golden.regrouping`); it outranks whatever the machine
thinks later. Acts are called inside the transaction of :func:`jishi.access.acts.doing`. A review belongs to the department
whose row raised it; entities hold rows of many, so merging by uid takes an officer who sees all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import asyncpg

from jishi.access.officer import Officer
from jishi.errors import CallerError, DeniedError, NotFoundError
from jishi.registers.catalog import registers
from jishi.registers.register import Register
from jishi.stewardship.sealed_text import Pen, demand_words

if TYPE_CHECKING:
    from asyncpg import Connection

STATUSES = ("open", "same", "different")
Verdict = Literal["same", "different"]


@dataclass(frozen=True, slots=True)
class Review:
    """``uid``: the entity the row was put to, ``other_uid``: whose it may be; equal where it is asked whether the row is its
    entity's still. ``regrouping``: the decision that waits or was carried out."""

    review_id: int
    register: Register
    kind: str
    reason: str
    contribution_id: int
    uid: UUID
    other_uid: UUID
    status: str
    batch_id: int
    opened_at: datetime
    source: str
    department: str
    department_name: str | None
    regrouping: int | None


@dataclass(frozen=True, slots=True)
class Regrouping:
    """A merge, unmerge or split that was asked for. ``status``: queued, done or failed (``fault`` says by which code why)."""

    regrouping_id: int
    register: Register
    act: str
    review_id: int | None
    uid: UUID
    other_uid: UUID | None
    requested_by: str
    department: str | None
    requested_at: datetime
    status: str
    fault: str | None
    survivor: UUID | None
    moved: int
    finished_at: datetime | None


def pen_of(pen: Pen) -> Pen:
    return replace(pen, kind="regrouping")


async def listed(
    connection: Connection[Any],
    officer: Officer,
    register: Register | None,
    status: str | None,
    reason: str | None,
    before: int,
    limit: int,
) -> list[Review]:
    """Newest first, below number ``before``: of the officer's department, or all for the city's."""
    number = register.number if register else None
    rows = await connection.fetch(_statement(_LISTED), before, officer.department, number, status, reason, limit)
    return [_read(row) for row in rows]


async def one(connection: Connection[Any], officer: Officer, number: int) -> Review:
    """NotFoundError ``MAT-REVIEW-UNKNOWN`` where there is none, or it is another department's."""
    row = await connection.fetchrow(_statement(_ONE), number) if 0 < number < 2**63 else None
    if row is None or row["department"] is None or not officer.sees(row["department"]):
        raise NotFoundError("MAT-REVIEW-UNKNOWN")
    return _read(row)


async def decide(
    connection: Connection[Any], pen: Pen, officer: Officer, number: int, verdict: Verdict, reason: str
) -> Regrouping:
    """Say whether it is the same. Raises NotFoundError ``MAT-REVIEW-UNKNOWN``, CallerError ``MAT-REVIEW-DECIDED``.

    Same: the two become one, which takes sight of all their rows (DeniedError ``MAT-REVIEW-SIGHT``); of a row that is its
    entity's nothing moves. Different: it is not asked again; of a row that is not its entity's any more, the row becomes
    an entity of its own.
    """
    words = demand_words(reason)
    found = await one(connection, officer, number)
    if found.status != "open":
        raise CallerError("MAT-REVIEW-DECIDED")
    own = found.uid == found.other_uid
    act = {"same": "same" if own else "merge", "different": "split" if own else "different"}[verdict]
    if act == "merge":
        await _demand_both(connection, officer, found)
    try:
        made = await _ask(connection, pen, officer, found.register, act, found.uid, found.other_uid, words, found)
    except asyncpg.UniqueViolationError as error:
        raise CallerError("MAT-REVIEW-DECIDED") from error
    return made


async def ask_merge(
    connection: Connection[Any], pen: Pen, officer: Officer, register: Register, uid: UUID, other: UUID, reason: str
) -> Regrouping:
    """Ask for two entities to become one. NotFoundError ``MAT-NO-ENTITY``, CallerError ``MAT-SAME``."""
    words = demand_words(reason)
    if uid == other:
        raise CallerError("MAT-SAME")
    for one_of in (uid, other):
        await demand_sight(connection, officer, register, one_of)
    return await _ask(connection, pen, officer, register, "merge", uid, other, words, None)


async def ask_unmerge(
    connection: Connection[Any], pen: Pen, officer: Officer, register: Register, uid: UUID, reason: str
) -> Regrouping:
    """Ask for a merged uid to stand by itself again. NotFoundError ``MAT-NOT-MERGED``."""
    words = demand_words(reason)
    moved = await connection.fetchval(_CAME_WITH, register.number, uid)
    statement = f"SELECT DISTINCT l.uid FROM jishi.{register.name}_link l WHERE l.contribution_id = ANY($1::bigint[])"  # noqa: S608
    holders = [row["uid"] for row in await connection.fetch(statement, moved or [])]
    if not moved or holders == [uid]:
        raise NotFoundError("MAT-NOT-MERGED", collection=register.collection)
    for holder in holders:
        await demand_sight(connection, officer, register, holder)
    return await _ask(connection, pen, officer, register, "unmerge", uid, None, words, None)


async def regrouping(connection: Connection[Any], officer: Officer, number: int) -> Regrouping:
    """How far a request is; NotFoundError ``MAT-REGROUPING-UNKNOWN`` for officers of other departments than who asked."""
    row = await connection.fetchrow(_REGROUPING, number) if 0 < number < 2**63 else None
    if row is None or officer.department not in (None, row["department"]):
        raise NotFoundError("MAT-REGROUPING-UNKNOWN")
    return _read_regrouping(row)


async def regroupings(connection: Connection[Any], officer: Officer, before: int, limit: int) -> list[Regrouping]:
    """What officers of the department, or (the city's) anybody, asked for; newest first, below number ``before``."""
    return [_read_regrouping(row) for row in await connection.fetch(_REGROUPINGS, before, officer.department, limit)]


async def waiting(connection: Connection[Any], officer: Officer) -> int:
    """How many reviews the officer has before him."""
    return int(await connection.fetchval(_statement(_WAITING), officer.department))


async def demand_sight(connection: Connection[Any], officer: Officer, register: Register, uid: UUID) -> None:
    """NotFoundError ``MAT-NO-ENTITY`` where there is no such entity, or it holds a row the officer does not see."""
    rows = await connection.fetch(
        f"SELECT DISTINCT s.department FROM jishi.{register.name}_link l JOIN jishi.source s USING (source_id)"  # noqa: S608
        " WHERE l.uid = $1",
        uid,
    )
    if not rows or not all(officer.sees(row["department"]) for row in rows):
        raise NotFoundError("MAT-NO-ENTITY", collection=register.collection)


async def _demand_both(connection: Connection[Any], officer: Officer, found: Review) -> None:
    try:
        for uid in (found.uid, found.other_uid):
            await demand_sight(connection, officer, found.register, uid)
    except NotFoundError as error:
        raise DeniedError("MAT-REVIEW-SIGHT") from error


async def _ask(
    connection: Connection[Any],
    pen: Pen,
    officer: Officer,
    register: Register,
    act: str,
    uid: UUID,
    other: UUID | None,
    words: str,
    review: Review | None,
) -> Regrouping:
    """Its job comes with it."""
    number = await connection.fetchval(_NUMBER)
    row = await connection.fetchrow(
        _ADD,
        number,
        register.number,
        act,
        review.review_id if review else None,
        review.contribution_id if review else None,
        uid,
        other,
        pen_of(pen).seal(number, words),
        officer.by,
        officer.department,
    )
    return _read_regrouping(row)


def _read(row: Mapping[str, Any]) -> Review:
    return Review(**{**dict(row), "register": _register(row)})


def _read_regrouping(row: Mapping[str, Any]) -> Regrouping:
    return Regrouping(**{**dict(row), "register": _register(row), "moved": len(row["moved"])})


def _register(row: Mapping[str, Any]) -> Register:
    return next(item for item in registers().values() if item.number == row["register"])


def _statement(text: str) -> str:
    """With the link of the review's row, whichever register it stands in."""
    links = " UNION ALL ".join(
        f"SELECT l.source_id, l.uid FROM jishi.{register.name}_link l"  # noqa: S608  identifiers of the declaration
        f" WHERE l.contribution_id = v.contribution_id AND v.register = {register.number}"
        for register in registers().values()
    )
    return text.replace("{links}", links)


_COLUMNS = """
  v.review_id, v.register, v.kind, v.reason, v.contribution_id, coalesce(l.uid, v.uid) AS uid, v.other_uid, v.status, v.batch_id,
  v.opened_at, s.name AS source, s.department, d.name AS department_name, g.regrouping_id AS regrouping
FROM jishi.review v
LEFT JOIN LATERAL ({links}) l ON true
LEFT JOIN jishi.source s ON s.source_id = l.source_id
LEFT JOIN jishi.department d ON d.uscc = s.department
LEFT JOIN jishi.regrouping g ON g.review_id = v.review_id AND g.status <> 'failed'
"""

_ONE = f"""
-- One review.
SELECT {_COLUMNS}
WHERE v.review_id = $1
"""

_LISTED = f"""
-- Reviews, newest first.
SELECT {_COLUMNS}
WHERE v.review_id < $1
  AND s.department IS NOT NULL AND ($2::text IS NULL OR s.department = $2)
  AND ($3::smallint IS NULL OR v.register = $3)
  AND ($4::text IS NULL OR v.status = $4)
  AND ($5::text IS NULL OR v.reason = $5)
ORDER BY v.review_id DESC
LIMIT $6
"""

_NUMBER = "SELECT nextval(pg_get_serial_sequence('jishi.regrouping', 'regrouping_id'))"

_REGROUPED = """regrouping_id, register, act, review_id, uid, other_uid, requested_by, department, requested_at, status, fault,
  survivor, moved, finished_at"""

_ADD = f"""
-- What a steward asks for; a trigger queues its job.
INSERT INTO jishi.regrouping (
  regrouping_id, register, act, review_id, contribution_id, uid, other_uid, words, requested_by, department
)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
RETURNING {_REGROUPED}
"""  # noqa: S608  columns of ours

_REGROUPING = f"""
-- One request.
SELECT {_REGROUPED} FROM jishi.regrouping WHERE regrouping_id = $1
"""  # noqa: S608  columns of ours

_REGROUPINGS = f"""
-- Requests, newest first.
SELECT {_REGROUPED} FROM jishi.regrouping
WHERE regrouping_id < $1 AND ($2::text IS NULL OR department = $2)
ORDER BY regrouping_id DESC
LIMIT $3
"""  # noqa: S608  columns of ours

_WAITING = """
-- How many reviews are open.
SELECT count(*)
FROM jishi.review v
LEFT JOIN LATERAL ({links}) l ON true
JOIN jishi.source s ON s.source_id = l.source_id
WHERE v.status = 'open' AND ($1::text IS NULL OR s.department = $1)
"""

_CAME_WITH = """
-- With which contributions an entity went into another, when it last did.
SELECT moved FROM jishi.regrouping
WHERE register = $1 AND act = 'merge' AND status = 'done' AND $2 IN (uid, other_uid) AND survivor <> $2
ORDER BY regrouping_id DESC
LIMIT 1
"""
