"""What stewards asked to be merged, unmerged or split, carried out by a worker: the API may not write golden records (step
*match*).

A request and all that follows from it are one transaction; one that cannot be done says why and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uuid_utils.compat import uuid7

from jishi.errors import CallerError, JishiError, NotFoundError
from jishi.golden.regroup import (
    Regrouped,
    Word,
    merge_entities,
    note_different,
    split_contribution,
    unmerge_entity,
)
from jishi.registers.catalog import registers
from jishi.registers.register import Register

if TYPE_CHECKING:
    from collections.abc import Mapping

    from asyncpg import Connection


async def carry_out(connection: Connection[Any], number: int, timezone: str) -> str:
    """Do what was asked, once; its status. ``connection`` is in no transaction; ``timezone`` is the city's."""
    try:
        async with connection.transaction():
            row = await connection.fetchrow(_TAKE, number)
            if row is None:
                raise NotFoundError("MAT-REGROUPING-UNKNOWN")
            if row["status"] != "queued":
                return str(row["status"])
            register = next(item for item in registers().values() if item.number == row["register"])
            done = await _do(connection, register, row, Word(row["requested_by"], timezone))
            moved = list(done.moved) if done else []
            await connection.execute(_DONE, number, done.survivor if done else None, moved)
            verdict = "different" if row["act"] in ("different", "split", "unmerge") else "same"
            await connection.execute(_REVIEWED, row["review_id"], verdict)
        return "done"
    except CallerError as error:
        await give_up(connection, number, error)
        return "failed"


async def give_up(connection: Connection[Any], number: int, error: JishiError) -> None:
    """It cannot be done, and is not tried again; the question it answered is open still."""
    await connection.execute(_FAILED, number, error.code)


async def _do(connection: Connection[Any], register: Register, row: Mapping[str, Any], word: Word) -> Regrouped | None:
    match row["act"]:
        case "merge":
            return await merge_entities(connection, register, row["uid"], row["other_uid"], word)
        case "unmerge":
            came_with = await connection.fetchval(_CAME_WITH, row["register"], row["uid"])
            if not came_with:
                raise NotFoundError("MAT-NOT-MERGED", collection=register.collection)
            return await unmerge_entity(connection, register, row["uid"], came_with, word)
        case "split":
            fresh = uuid7()
            return await split_contribution(connection, register, row["contribution_id"], fresh, word)
        case "different":
            await note_different(connection, register, row["contribution_id"], row["other_uid"], word)
    return None


_TAKE = "SELECT * FROM jishi.regrouping WHERE regrouping_id = $1 FOR UPDATE"

_DONE = """
UPDATE jishi.regrouping SET status = 'done', survivor = $2, moved = $3, finished_at = clock_timestamp()
WHERE regrouping_id = $1"""

_FAILED = """
UPDATE jishi.regrouping SET status = 'failed', fault = $2, finished_at = clock_timestamp()
WHERE regrouping_id = $1 AND status = 'queued'"""

_REVIEWED = "UPDATE jishi.review SET status = $2 WHERE review_id = $1 AND status = 'open'"

_CAME_WITH = """
SELECT moved FROM jishi.regrouping
WHERE register = $1 AND act = 'merge' AND status = 'done' AND $2 IN (uid, other_uid) AND survivor <> $2
ORDER BY regrouping_id DESC
LIMIT 1"""
"""With which contributions an entity went into another, when it last did."""
