"""What one API process holds: settings, city, database lanes, keys, the disclosure log (under every step of the road out)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import asyncpg
from starlette.requests import Request

from jishi.access.disclosure_log import DisclosureLog
from jishi.errors import InternalError
from jishi.identifiers.keys import Use, load_or_create
from jishi.identifiers.sealing import Sealer
from jishi.settings import City, Settings, load_city
from jishi.storage import cluster, engine, roles

if TYPE_CHECKING:
    from asyncpg import Connection, Pool

LANES = 6
"""Connections of one process; more of them do not serve more, the event loop is the limit."""

STATEMENT_TIMEOUT_MS = 10_000
LANE_TIMEOUT_S = 5.0


@dataclass
class Serving:
    """One process's own. The lanes open at first use and survive a restart of the database."""

    settings: Settings
    city: City
    cursor_secret: bytes = field(repr=False)
    query_key: bytes = field(repr=False)
    sealer: Sealer = field(repr=False)
    log: DisclosureLog = field(repr=False)
    _pool: Pool[Any] | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection[Any]]:
        """A lane whose every statement is a read-only transaction under a time limit.

        Raises InternalError: ``STO-CONNECT`` without a database, ``QRY-BUSY`` where no lane becomes free,
        ``QRY-TIMEOUT`` where a statement takes too long.
        """
        pool = self._pool or await self._open()
        try:
            connection = await pool.acquire(timeout=LANE_TIMEOUT_S)
        except TimeoutError as error:
            raise InternalError("QRY-BUSY") from error
        except _LOST as error:
            raise InternalError("STO-CONNECT", reason=type(error).__name__) from error
        try:
            yield connection
        except asyncpg.QueryCanceledError as error:
            raise InternalError("QRY-TIMEOUT") from error
        except _LOST as error:
            with suppress(asyncpg.InterfaceError):  # the pool may have noticed before us
                connection.terminate()
            raise InternalError("STO-CONNECT", reason=type(error).__name__) from error
        finally:
            await pool.release(connection)

    async def close(self) -> None:
        await self.log.stop()
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def _open(self) -> Pool[Any]:
        async with self._opening:
            if self._pool is None:
                url = await asyncio.to_thread(cluster.url, self.settings, roles.API)
                self._pool = await engine.pool(_guarded(url), LANES, application="jishi-api")
            return self._pool


def prepare(settings: Settings) -> Serving:
    """Read the city and the deployment's keys (made where there are none yet); what is wrong with them is told here."""
    keys = load_or_create(settings.key_path)
    return Serving(
        settings,
        load_city(settings),
        cursor_secret=keys.key(Use.QUERY, detail="cursor"),
        query_key=keys.key(Use.QUERY, detail="disclosure"),
        sealer=Sealer(keys, settings.cipher),
        log=DisclosureLog(settings),
    )


def serving_of(request: Request) -> Serving:
    """What the process that answers ``request`` holds."""
    serving: Serving = request.app.state.serving
    return serving


_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""How a connection that the server has dropped shows itself, in the driver's various states of knowing it."""


def _guarded(url: str) -> str:
    """The same URL, whose sessions may only read and only for so long."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    guards = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_TIMEOUT_MS}"
    query["options"] = " ".join(part for part in (query.get("options", ""), guards) if part)
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote, safe="/")))
