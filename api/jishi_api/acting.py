"""What the routes of stewardship share: the officer with the record of his act, numbers in addresses, and how they answer.

Nothing they tell is kept by anybody on the way (authenticate, respond, road out).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jishi.access import acts
from jishi.access.officer import Officer
from jishi_api.serving import serving_of
from jishi_api.steward import steward_of
from jishi_api.writing import writing

if TYPE_CHECKING:
    from asyncpg import Connection

GREATEST = 2**63 - 1


@asynccontextmanager
async def acting(request: Request, act: str, target: str) -> AsyncIterator[tuple[Connection[Any], Officer, acts.Entry]]:
    """A lane that writes, the steward, and the record of the act, which stands or falls with it."""
    async with reading(request) as (connection, officer):
        request_id = UUID(request.state.request_id)
        async with acts.doing(connection, officer.actor, act, target, request_id=request_id) as entry:
            yield connection, officer, entry


@asynccontextmanager
async def reading(request: Request) -> AsyncIterator[tuple[Connection[Any], Officer]]:
    """A lane and the steward who asks. It may write, for attempts to log in are counted."""
    async with writing(serving_of(request)) as connection:
        yield connection, await steward_of(connection, request)


def number_of(given: int) -> int:
    """A number the database can hold; another names nothing."""
    return given if 0 < given <= GREATEST else 0


def private_json(document: Mapping[str, Any], status: int = 200) -> Response:
    return JSONResponse(dict(document), status_code=status, headers={"Cache-Control": "private, no-store"})
