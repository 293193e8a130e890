"""``/health/…``: alive, ready to serve, and how fresh the data is (edge of the road out)."""

from __future__ import annotations

import logging
from functools import cache

import asyncpg
from fastapi import APIRouter
from starlette.requests import Request

from jishi.errors import Fault, InternalError
from jishi_api import statements
from jishi_api.documents import DataHealth, Health, SourceFreshness
from jishi_api.lanes import Lanes
from jishi_api.serving import Serving, serving_of

router = APIRouter(prefix="/health", tags=["health"])

log = logging.getLogger("jishi.api")


@router.get("/live", summary="存活 alive")
async def live() -> Health:
    return Health()


@router.get("/ready", summary="就绪 can serve")
async def ready(request: Request) -> Health:
    """503 with every reason while the database, its migrations or the dictionaries are missing, or it is to stop."""
    serving = serving_of(request)
    faults = (Fault("process", "QRY-STOPPING"),) if serving.draining else await _missing(serving)
    if faults:
        raise InternalError("QRY-NOT-READY", faults=faults)
    return Health()


@router.get("/data", summary="数据时效 freshness a source")
async def data(request: Request) -> DataHealth:
    async with serving_of(request).connection() as connection:
        rows = await connection.fetch(statements.FRESHNESS)
    return DataHealth(sources=tuple(SourceFreshness(**dict(row)) for row in rows))


async def _missing(serving: Serving) -> tuple[Fault, ...]:
    try:
        return await _unready_parts(serving.health)
    except InternalError as error:
        log.warning("not ready: %s", error.code)
        return (Fault("database", "QRY-READY-DATABASE"),)


async def _unready_parts(lane: Lanes) -> tuple[Fault, ...]:
    try:
        if await lane.fetchval(statements.REVISION) != _head():
            return (Fault("migrations", "QRY-READY-MIGRATIONS"),)
        if not await lane.fetchval(statements.LOADED):
            return (Fault("dictionaries", "QRY-READY-DICTIONARIES"),)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError, asyncpg.InsufficientPrivilegeError):
        return (Fault("migrations", "QRY-READY-MIGRATIONS"),)
    return ()


@cache
def _head() -> str | None:
    """The newest revision this version of the software knows."""
    from alembic.script import ScriptDirectory

    from jishi import migrations

    return ScriptDirectory(str(migrations.HERE)).get_current_head()
