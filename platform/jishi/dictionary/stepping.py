"""A concept goes one step in its life: by whom, why, and what stands instead (beside the road)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from jishi.dictionary.editions import Edition, lock, record_edition
from jishi.dictionary.forms import Status
from jishi.dictionary.status import step_faults, word_faults
from jishi.errors import CallerError, Fault, NotFoundError

if TYPE_CHECKING:
    from asyncpg import Connection


async def step(
    connection: Connection[Any],
    code: str,
    status: Status,
    author: str,
    *,
    scheme: str | None = None,
    successors: Sequence[str] = (),
    reason: str = "",
) -> Edition | None:
    """Give a concept its next status, in the caller's transaction; None where it has it already.

    ``scheme`` None: of the one scheme that has the code. Raises NotFoundError ``DIC-CONCEPT``, CallerError
    ``DIC-CONCEPT-SCHEME`` (several schemes have the code) and ``DIC-STATUS`` with every fault.
    """
    await lock(connection)
    rows = await connection.fetch(_FIND, code, scheme)
    if not rows:
        raise NotFoundError("DIC-CONCEPT", given=code[:40])
    if len(rows) > 1:
        schemes = ", ".join(row["scheme"] for row in rows)
        raise CallerError("DIC-CONCEPT-SCHEME", given=code, schemes=schemes)
    where, before = rows[0]["scheme"], rows[0]["status"]
    if before == status and not successors:
        return None
    known = {row["code"]: row["status"] for row in await connection.fetch(_KNOWN, where)}
    named = sorted(set(successors))
    faults: list[Fault] = step_faults(code, before, status)
    if before == status:
        faults = [Fault(code, "DIC-STATUS-STEP", {"before": before, "after": status, "legal": "-"})]
    faults += word_faults(code, code, status, named, reason, known)
    faults += [
        Fault(code, "DIC-SUCCESSOR", {"given": code, "successor": item})
        for item in named
        if known.get(item) == "deprecated"
    ]
    if faults:
        raise CallerError("DIC-STATUS", faults=tuple(faults), given=code)
    await connection.execute(_STEP, where, code, status, named, reason)
    return await record_edition(connection, "status", author, reason=reason)


_FIND = """
-- The concepts of a code.
SELECT scheme, status
FROM jishi.concept
WHERE code = $1
  AND ($2::text IS NULL OR scheme = $2)
ORDER BY scheme
"""

_KNOWN = """
-- Every code of a scheme with its status.
SELECT code, status
FROM jishi.concept
WHERE scheme = $1 AND removed_at IS NULL
"""

_STEP = """
-- The next status, and that it is a person's word.
UPDATE jishi.concept
SET status = $3, status_origin = 'steward', successors = $4, status_reason = $5
WHERE scheme = $1 AND code = $2
"""
