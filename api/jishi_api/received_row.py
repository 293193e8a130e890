"""Rows as received 原始行, read once more by the worker for an officer and disclosed before they are shown (disclose, road out).

JSON routes and console pages show them by these functions and no others.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

from starlette.requests import Request

from jishi.access.officer import Officer
from jishi.errors import NotFoundError
from jishi.quality.raw_row import Sight, open_row, sight
from jishi.registers.catalog import register_of
from jishi.registers.register import Register
from jishi.stewardship import row_readings
from jishi.stewardship.row_readings import Reading, ReceivedRow
from jishi_api.looking import Channel, look
from jishi_api.serving import Serving
from jishi_api.waiting import waited

if TYPE_CHECKING:
    from asyncpg import Connection


async def asked(
    request: Request,
    serving: Serving,
    connection: Connection[Any],
    officer: Officer,
    register: Register,
    contribution: int,
) -> tuple[ReceivedRow, Reading]:
    """The row behind a contribution and the officer's reading of it, asked for where he has none.

    NotFoundError ``QLT-CONTRIBUTION-UNKNOWN``: there is none, it is of a department he does not see, or its entity is
    protected.
    """
    row = await row_readings.received_row(connection, officer, register, contribution)
    await _demand_unprotected(request, serving, officer, row)
    return row, await row_readings.ask(connection, officer, row)


async def awaited(serving: Serving, reading: Reading) -> Reading:
    """The reading when it is done, or as it stands after a little while."""

    async def found() -> Reading:
        async with serving.connection() as connection:
            return await row_readings.find(connection, reading.reading_id)

    return await waited(found, lambda one: one.status in ("done", "failed")) if reading.is_under_way else reading


async def shown(
    request: Request, serving: Serving, officer: Officer, channel: Channel, row: ReceivedRow, raw: bytes
) -> Sight:
    """The row as he sees it; its entity is in the log as looked at when this returns. NotFoundError as of :func:`asked` where
    the entity was protected while the row was waited for."""
    await _demand_unprotected(request, serving, officer, row)
    register, keys = register_of(row.register), serving.sealer.keys

    def opened() -> Sight:
        return sight(keys, officer, open_row(keys, row.batch_id, row.row_number, raw), register, row)

    found = await asyncio.to_thread(opened)
    await look(
        *(request, serving, officer, channel, "received-row", register, [row.batch_id, row.row_number]),
        masked=found.masked,
        clear=found.clear,
        subjects=[row.uid],
    )
    return found


async def _demand_unprotected(request: Request, serving: Serving, officer: Officer, row: ReceivedRow) -> None:
    if row.uid in await serving.protections.now():
        await serving.protections.alert((row.uid,), officer.actor.name, UUID(request.state.request_id))
        raise NotFoundError("QLT-CONTRIBUTION-UNKNOWN", contribution=row.contribution)
