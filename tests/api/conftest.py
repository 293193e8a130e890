"""An API over a fresh database, clients that ask it, golden rows put in by hand: merging is tested elsewhere."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI

from jishi.access import clients
from jishi.identifiers.masks import mask
from jishi.registers.catalog import register_of
from jishi.settings import Settings
from jishi_api.main import create_app

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]
PutNumber = Callable[[UUID, str, str, str], Awaitable[None]]
Granted = Callable[..., Awaitable[httpx.AsyncClient]]

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
async def caller(api: FastAPI, connection: Connection[Any]) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key and no role."""
    made = await clients.create(connection, "caller")
    async with _client(api, made.api_key) as client:
        yield client


@pytest.fixture
async def steward(api: FastAPI, connection: Connection[Any]) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key and the role of a steward."""
    made = await clients.create(connection, "steward", roles=("steward",))
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
    app = create_app(settings)
    await stack.enter_async_context(app.router.lifespan_context(app))
    return app


def _client(app: FastAPI, key: str | None = None) -> httpx.AsyncClient:
    headers = {"Accept-Language": "en"} | ({"X-API-Key": key} if key else {})
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://jishi.test", headers=headers)


@pytest.fixture
def granted(api: FastAPI, connection: Connection[Any]) -> Granted:
    """``await granted("natural-persons", clear=…, masked=…, rows=…)`` is a client of its own with that grant."""

    async def grant(collection: str, **says: object) -> httpx.AsyncClient:
        register = register_of(collection)
        made = await clients.create(connection, f"client {uuid4().hex[:8]}")
        row: dict[str, object] = {
            "client_id": made.client_id,
            "register": register.name,
            "sharing": "conditional",
            "basis": "test",
        }
        row |= {"created_by": "test"} | {
            name: sorted(value) if isinstance(value, (set, frozenset)) else value for name, value in says.items()
        }
        names = ", ".join(row)
        await connection.execute(
            f"INSERT INTO jishi.access_grant ({names}) "
            f"VALUES ({', '.join(f'${number}' for number in range(1, len(row) + 1))})",
            *row.values(),
        )
        client = _client(api, made.api_key)
        client.headers["X-Test-Client"] = made.client_id
        return client

    return grant


@pytest.fixture
def put_number(api: FastAPI, connection: Connection[Any]) -> PutNumber:
    """``await put_number(uid, "natural_person", "id_number", "3205…")`` seals the number as ingesting it does."""

    async def seal(uid: UUID, register: str, element: str, number: str) -> None:
        declared = register_of(register)
        sealed = api.state.serving.sealer.seal(number)
        masked = mask(number, declared.elements[element].mask.value) if declared.elements[element].sealed else number
        contribution = uid.int & 0xFFFF
        await connection.execute(
            f"""
            INSERT INTO jishi.{register}_link
              (contribution_id, source_id, source_key, origin, rank, scope, uid, method, digest, raw_tag, ended, checked)
            VALUES ($1, 1, $2, '', 1, '', $2, 1, $2, $2, false, 1)
            ON CONFLICT DO NOTHING
            """,
            contribution,
            uid,
        )
        await connection.execute(
            """
            INSERT INTO jishi.identifier
              (register, contribution_id, uid, element, scheme, lookup, cipher, masked, strong, valid_from)
            VALUES ($1, $2, $3, $4, 'test', $5, $6, $7, $8, '2020-01-01')
            """,
            declared.number,
            contribution,
            uid,
            element,
            sealed.lookup,
            sealed.cipher,
            masked,
            declared.elements[element].strong,
        )

    return seal
