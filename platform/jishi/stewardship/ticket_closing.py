"""Tickets close by themselves 自动办结: a later delivery of the row passes what the ticket is about (step *publish* of the
road).

A ticket of a rule closes when the row comes and the rule lets it pass, even where another rule still refuses it. A ticket
of an element (a dispute, or made by hand) closes when the source says another value of it. A ticket of neither is closed by
hand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.registers.register import Register
from jishi.stewardship import ticket_statements as statements
from jishi.stewardship.terms import Terms
from jishi.stewardship.tickets import note_steps

if TYPE_CHECKING:
    from datetime import datetime

    from asyncpg import Connection


async def close_by_delivery(
    connection: Connection[Any],
    register: Register,
    source_id: int,
    batch_id: int,
    recorded_at: datetime,
    holds: Callable[[list[UUID]], Sequence[UUID]],
    terms: Terms,
) -> int:
    """In the transaction that publishes the batch, after its rows and refusals are written; how many closed. ``holds``: which
    of these keys the delivery has."""
    asked = [row["source_key"] for row in await connection.fetch(statements.KEYS, source_id, batch_id)]
    keys = list(holds(asked)) if asked else []
    if not keys:
        return 0
    found = {
        row["ticket_id"]: row["due"]
        for row in await connection.fetch(statements.passing(register), source_id, batch_id, keys)
    }
    for row in await connection.fetch(statements.CORRECTABLE, source_id, keys):
        if row["element"] in register.elements:
            statement = statements.corrected(register, row["element"])
            corrected = await connection.fetch(statement, source_id, batch_id, keys, recorded_at)
            found |= {one["ticket_id"]: one["due"] for one in corrected}
    numbers = sorted(found)
    by = f"batch:{batch_id}"
    late = {due: terms.late(due) for due in set(found.values())}
    lateness = [late[found[number]] for number in numbers]
    await note_steps(connection, numbers, "close", by, None, late=lateness, after="closed", batch_id=batch_id)
    if numbers:
        await connection.execute(statements.SETTLE_DISPUTES, numbers, by)
    return len(numbers)
