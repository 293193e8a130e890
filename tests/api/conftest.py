"""An API over a fresh database, clients that ask it, golden rows put in by hand: merging is tested elsewhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from jishi.access import clients
from jishi.identifiers.keys import Keys, load_or_create
from jishi.prepare import make_signing_keys
from jishi.settings import Settings
from jishi_api.main import create_app

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]

INSTANT = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
async def api(settings: Settings) -> AsyncIterator[FastAPI]:
    """The application, started up, over the empty database of ``connection``."""
    async with AsyncExitStack() as stack:
        yield await _started(stack, settings)


@pytest.fixture
async def loaded_api(loaded_settings: Settings) -> AsyncIterator[FastAPI]:
    """As ``api``, over a database that holds the shipped dictionaries."""
    async with AsyncExitStack() as stack:
        yield await _started(stack, loaded_settings)


@pytest.fixture
async def anybody(api: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a key."""
    async with _client(api) as client:
        yield client


@pytest.fixture
async def reader(loaded_api: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody without a key, where the dictionaries are loaded."""
    async with _client(loaded_api) as client:
        yield client


@pytest.fixture
def keys(settings: Settings) -> Keys:
    """The deployment's keys."""
    return load_or_create(settings.key_path)


@pytest.fixture
async def caller(api: FastAPI, keys: Keys, connection: Connection[Any]) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key and no role."""
    made = await clients.create(connection, keys, "caller")
    async with _client(api, made.api_key) as client:
        yield client


@pytest.fixture
async def steward(api: FastAPI, keys: Keys, connection: Connection[Any]) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key and the role of a steward."""
    made = await clients.create(connection, keys, "steward", roles=("steward",))
    async with _client(api, made.api_key) as client:
        yield client


@pytest.fixture
def put(connection: Connection[Any]) -> Put:
    """``put("place", 7, geom="POINT(120.6 31.3)")`` makes a row of a golden or version table; its uid ends in 7."""

    async def put_row(register: str, number: int, **values: object) -> UUID:
        row = {
            "uid": str(_uid(number)),
            "effective_from": INSTANT.isoformat(),
            "recorded_at": INSTANT.isoformat(),
            "state": "active",
            "in_version": False,
            "batch_id": 1,
            **values,
        }
        if register.endswith("_version"):
            del row["in_version"]
        if "geom" in row:
            row["geom"] = f"SRID=4490;{row['geom']}"
        names = ", ".join(f'"{name}"' for name in row)
        await connection.execute(
            f"INSERT INTO jishi.{register} ({names}) "
            f"SELECT {names} FROM jsonb_populate_record(NULL::jishi.{register}, $1::jsonb)",
            json.dumps(row),
        )
        return _uid(number)

    return put_row


def _uid(number: int) -> UUID:
    return UUID(int=(0x0192 << 112) | (7 << 76) | (8 << 60) | number)


async def _started(stack: AsyncExitStack, settings: Settings) -> FastAPI:
    assert settings.database_url is not None
    make_signing_keys(settings.database_url, settings)
    app = create_app(settings)
    await stack.enter_async_context(app.router.lifespan_context(app))
    return app


def _client(app: FastAPI, key: str | None = None) -> httpx.AsyncClient:
    headers = {"Accept-Language": "en"} | ({"X-API-Key": key} if key else {})
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://jishi.test", headers=headers)
