"""Stands where the process's callers, its disclosure log and its view of protected persons will stand: one question a
request instead of what is kept in memory and heard of (authenticate and disclose, road out)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID, uuid4

from starlette.requests import Request

from jishi.access.disclosures import Disclosure
from jishi.access.grants import Grant
from jishi.errors import InternalError
from jishi.settings import Settings
from jishi.storage import cluster, engine, roles
from jishi_api.auth import authenticate
from jishi_api.caller import Caller

if TYPE_CHECKING:
    from asyncpg import Connection

    from jishi_api.serving import Serving


class Log(Protocol):
    """What writes disclosures: :meth:`write` returns when the row is durable, or raises and nothing may be released."""

    async def write(self, disclosure: Disclosure) -> None: ...

    async def stop(self) -> None: ...


class Protected(Protocol):
    """What protects one person: ``hidden`` from all without the right, or shown for ``purposes`` only."""

    @property
    def level(self) -> str: ...

    @property
    def purposes(self) -> frozenset[str]: ...

    @property
    def register(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Protection:
    """A row of the table."""

    register: str
    level: str
    purposes: frozenset[str]


async def caller_of(serving: Serving, request: Request) -> Caller:
    """The client behind the request and its grants; DeniedError ``ACC-KEY-…`` where there is none."""
    async with serving.connection() as connection:
        client = await authenticate(connection, request)
        rows = await connection.fetch(_GRANTS, client.client_id)
    return Caller(client, {row["register"]: _grant(row) for row in rows})


async def protections(connection: Connection[Any]) -> Mapping[UUID, Protection]:
    """Every protected person."""
    rows = await connection.fetch("SELECT uid, register, level, purposes FROM jishi.protection")
    return {row["uid"]: Protection(row["register"], row["level"], frozenset(row["purposes"])) for row in rows}


@dataclass
class PlainLog:
    """Writes each disclosure by itself, unchained."""

    settings: Settings
    _writer: UUID = field(default_factory=uuid4)
    _number: int = 0
    _connection: Connection[Any] | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def write(self, disclosure: Disclosure) -> None:
        async with self._lock:
            try:
                await self._insert(disclosure)
            except Exception as error:
                await self.stop()
                raise InternalError("ACC-LOG") from error

    async def stop(self) -> None:
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _insert(self, d: Disclosure) -> None:
        if self._connection is None:
            url = await asyncio.to_thread(cluster.url, self.settings, roles.API)
            self._connection = await engine.connect(url, application="jishi-log")
        self._number += 1
        row: tuple[object, ...] = (
            d.request_id,
            d.channel,
            d.act,
            d.caller_kind,
            d.caller,
            d.department,
            d.grant_id,
            d.purpose,
            d.case_no,
        )
        row += (d.register, list(d.masked), list(d.clear), list(d.subjects), d.misses, d.query_digest, d.result)
        await self._connection.execute(_INSERT, self._writer, self._number, datetime.now(UTC), *row, bytes(32))


def _grant(row: Mapping[str, Any]) -> Grant:
    found: dict[str, Any] = {field.name: row[field.name] for field in fields(Grant)}
    for name in ("masked", "clear", "derived", "purposes", "rights"):
        found[name] = frozenset(found[name])
    return Grant(**found)


_GRANTS = """
-- The grants of one client that are not revoked.
SELECT *
FROM jishi.access_grant
WHERE client_id = $1 AND revoked_at IS NULL
"""

_INSERT = """
-- One disclosure.
INSERT INTO jishi.disclosure
  (writer, number, disclosed_at, request_id, channel, act, caller_kind, caller, department, grant_id, purpose, case_no,
   register, masked, clear, subjects, misses, query_digest, result, previous, hash)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20)
"""
