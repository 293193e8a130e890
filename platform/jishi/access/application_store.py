"""Applications in the database: each step in one transaction with what follows from it (beside the road out)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from jishi.access import grant_store
from jishi.access.applications import Application, Step, following
from jishi.access.grant_store import Added
from jishi.access.terms import Terms, document, read_document
from jishi.errors import NotFoundError
from jishi.registers.catalog import register_of

if TYPE_CHECKING:
    from asyncpg import Connection


async def apply(
    connection: Connection[Any],
    client_id: str,
    department: str,
    owner: str,
    terms: Terms,
    reason: str,
    check_due: date,
    by: str,
) -> Application:
    """A new application."""
    wanted = json.dumps(document(terms), ensure_ascii=False)
    values = (client_id, department, owner, terms.register.name, wanted, reason, terms.basis, check_due)
    async with connection.transaction():
        row = await connection.fetchrow(_INSERT, *values)
        await connection.execute(_STEP, row["application_id"], by, "apply", reason, 0)
    return _read(row)


async def take(
    connection: Connection[Any],
    application: Application,
    step: str,
    reasons: str,
    late_days: int,
    by: str,
    *,
    answer_due: date | None = None,
    grant: Terms | None = None,
) -> Added | None:
    """Take a step: ``answer_due`` with a check, ``grant`` (its terms) with a grant, which is in the result.

    Raises CallerError ``ACC-APPLICATION-STEP`` where another was taken meanwhile, ``ACC-GRANT`` where the terms are faulty.
    """
    async with connection.transaction():
        status = await connection.fetchval(_LOCK, application.application_id)
        after = following(status, step)
        added = None
        if grant is not None:
            added = await grant_store.add(
                connection, application.client_id, grant, by, application_id=application.application_id
            )
        grant_id = None if added is None else added.grant.grant_id
        await connection.execute(_MOVE, application.application_id, after, answer_due, grant_id)
        await connection.execute(_STEP, application.application_id, by, step, reasons, late_days)
    return added


async def one(connection: Connection[Any], application_id: int) -> Application:
    """NotFoundError ``ACC-APPLICATION-UNKNOWN`` where there is none."""
    row = await connection.fetchrow(_ONE, application_id) if 0 < application_id < 2**63 else None
    if row is None:
        raise NotFoundError("ACC-APPLICATION-UNKNOWN")
    return _read(row)


async def steps(connection: Connection[Any], application_id: int) -> Sequence[Step]:
    """What was done with it, the first step first."""
    rows = await connection.fetch(_STEPS, application_id)
    return [Step(row["taken_at"], row["actor"], row["step"], row["reasons"], row["late_days"]) for row in rows]


async def listed(
    connection: Connection[Any], department: str | None, status: str | None, before: int, limit: int
) -> list[Application]:
    """Newest first, below number ``before``: those a department asks or answers, all for ``department`` None."""
    rows = await connection.fetch(_LISTED, department, status, before, limit)
    return [_read(row) for row in rows]


def _read(row: Any) -> Application:
    register = register_of(row["register"])
    return Application(
        application_id=row["application_id"],
        client_id=row["client_id"],
        department=row["department"],
        owner=row["owner"],
        terms=read_document(register, json.loads(row["wanted"]), row["basis"]),
        reason=row["reason"],
        status=row["status"],
        applied_at=row["applied_at"],
        check_due=row["check_due"],
        answer_due=row["answer_due"],
        grant_id=row["grant_id"],
    )


_COLUMNS = """application_id, client_id, department, owner, register, wanted::text AS wanted, reason, basis, status, applied_at,
  check_due, answer_due, grant_id"""

_INSERT = f"""
-- A new application.
INSERT INTO jishi.application (client_id, department, owner, register, wanted, reason, basis, status, check_due)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'applied', $8)
RETURNING {_COLUMNS}
"""  # noqa: S608  columns of ours

_STEP = """
-- One step of an application.
INSERT INTO jishi.application_step (application_id, actor, step, reasons, late_days)
VALUES ($1, $2, $3, $4, $5)
"""

_LOCK = "SELECT status FROM jishi.application WHERE application_id = $1 FOR UPDATE"

_MOVE = """
-- What follows from a step.
UPDATE jishi.application
SET status = $2, answer_due = COALESCE($3, answer_due), grant_id = $4
WHERE application_id = $1
"""

_ONE = f"""
-- One application.
SELECT {_COLUMNS}
FROM jishi.application
WHERE application_id = $1
"""  # noqa: S608  columns of ours

_STEPS = """
-- The steps of one application.
SELECT taken_at, actor, step, reasons, late_days
FROM jishi.application_step
WHERE application_id = $1
ORDER BY step_id
"""

_LISTED = f"""
-- Applications that a department asks or answers, newest first.
SELECT {_COLUMNS}
FROM jishi.application
WHERE ($1::text IS NULL OR department = $1 OR owner = $1)
  AND ($2::text IS NULL OR status = $2)
  AND application_id < $3
ORDER BY application_id DESC
LIMIT $4
"""  # noqa: S608  columns of ours
