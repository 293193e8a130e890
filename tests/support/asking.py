"""Clients of an API over a deployment's database, each with grants of its own; for tests that deliver and then ask."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx
from fastapi import FastAPI

from jishi.access import clients
from jishi.identifiers.keys import load_or_create
from jishi.prepare import make_signing_keys
from jishi.registers.catalog import register_of
from jishi.settings import Settings
from jishi_api.main import create_app


@dataclass
class Asking:
    """One running API; ``made`` counts its clients."""

    app: FastAPI
    settings: Settings
    connection: asyncpg.Connection[Any]
    made: int = field(default=0)

    async def client(self, *roles: str, **grants: Any) -> httpx.AsyncClient:
        """A client of these roles and grants: ``legal_entity={"clear": […], "rights": […]}``; ``department`` is
        its USCC."""
        self.made += 1
        keys = load_or_create(self.settings.key_path)
        made = await clients.create(
            self.connection, keys, f"client {self.made}", department=grants.pop("department", None), roles=tuple(roles)
        )
        for name, says in grants.items():
            row = {"client_id": made.client_id, "register": register_of(name).name, "sharing": "conditional"}
            row |= {"basis": "test", "created_by": "test", **says}
            await self.connection.execute(
                f"INSERT INTO jishi.access_grant ({', '.join(row)}) "
                f"VALUES ({', '.join(f'${number}' for number in range(1, len(row) + 1))})",
                *row.values(),
            )
        headers = {"Accept-Language": "en", "X-API-Key": made.api_key, "X-Test-Client": made.client_id}
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://jishi.test", headers=headers)

    async def disclosed(self, client: httpx.AsyncClient) -> list[dict[str, Any]]:
        """What stands in the log of this client, oldest first."""
        rows = await self.connection.fetch(
            "SELECT act, register, subjects, masked, clear, misses, result, grant_id FROM jishi.disclosure"
            " WHERE caller = $1 ORDER BY disclosed_at, number",
            client.headers["X-Test-Client"],
        )
        return [dict(row) for row in rows]


@asynccontextmanager
async def asking(settings: Settings, connection: asyncpg.Connection[Any]) -> AsyncIterator[Asking]:
    """The application, started up over the deployment's database."""
    assert settings.database_url is not None
    make_signing_keys(settings.database_url, settings)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield Asking(app, settings, connection)
