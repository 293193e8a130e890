"""What one API process holds: settings, city, database lanes, cursor secret (under every step of the road out)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import asyncpg
from starlette.requests import Request

from jishi.errors import InternalError
from jishi.identifiers.keys import Use, load_or_create
from jishi.settings import City, Settings, load_city
from jishi.storage import cluster, engine, roles
from jishi_api.coalesce import Coalescer
from jishi_api.lanes import LOST, Lanes
from jishi_api.metrics import Metrics

if TYPE_CHECKING:
    from asyncpg import Connection, Pool

LANES = 6
"""Connections of one process for what needs a connection of its own for several statements; opened as needed."""

KEY_LANES = 5
KEY_QUEUE = 2048
"""Lanes for look-ups and pages, and how many statements may wait for one."""

HEAVY_LANES = 2
HEAVY_QUEUE = 48
"""Lanes for searches and large boxes: few, and a short queue, so that whoever waits is answered within two seconds."""

HEALTH_QUEUE = 16
HEALTH_WAIT_S = 2.0
"""One more lane for who watches, so that readiness tells of the database and not of how busy the others are."""

STATEMENT_TIMEOUT_MS = 10_000
LANE_TIMEOUT_S = 5.0
HEAVY_WAIT_S = 1.5
KEPT_STATEMENTS = 512


@dataclass
class Serving:
    """One process's own. Connections open at first use and survive a restart of the database."""

    settings: Settings
    city: City
    cursor_secret: bytes = field(repr=False)
    metrics: Metrics = field(default_factory=Metrics)
    draining: bool = False  # asked to stop: no longer ready, answers what comes until it stops listening
    lanes: Lanes = field(init=False)
    heavy: Lanes = field(init=False)
    health: Lanes = field(init=False)
    coalescer: Coalescer = field(init=False)
    _pool: Pool[Any] | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.lanes = Lanes(partial(self._connect, "lane"), KEY_LANES, queue=KEY_QUEUE, wait_s=LANE_TIMEOUT_S)
        self.heavy = Lanes(partial(self._connect, "heavy"), HEAVY_LANES, queue=HEAVY_QUEUE, wait_s=HEAVY_WAIT_S)
        self.health = Lanes(partial(self._connect, "health"), 1, queue=HEALTH_QUEUE, wait_s=HEALTH_WAIT_S)
        self.coalescer = Coalescer(self.lanes)
        self.metrics.watch("keys", self.lanes)
        self.metrics.watch("heavy", self.heavy)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection[Any]]:
        """A connection of one's own whose every statement is a read-only transaction under a time limit.

        Raises InternalError: ``STO-CONNECT`` without a database, ``QRY-BUSY`` where no connection becomes free,
        ``QRY-TIMEOUT`` where a statement takes too long.
        """
        pool = self._pool or await self._open()
        try:
            connection = await pool.acquire(timeout=LANE_TIMEOUT_S)
        except TimeoutError as error:
            raise InternalError("QRY-BUSY") from error
        except LOST as error:
            raise InternalError("STO-CONNECT", reason=type(error).__name__) from error
        try:
            yield connection
        except asyncpg.QueryCanceledError as error:
            raise InternalError("QRY-TIMEOUT") from error
        except LOST as error:
            with suppress(asyncpg.InterfaceError):  # the pool may have noticed before us
                connection.terminate()
            raise InternalError("STO-CONNECT", reason=type(error).__name__) from error
        finally:
            with suppress(*LOST):  # what is given back broken is thrown away, and no reason to fail
                await pool.release(connection)

    async def close(self) -> None:
        for lanes in (self.lanes, self.heavy, self.health):
            await lanes.close()
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def _open(self) -> Pool[Any]:
        async with self._opening:
            if self._pool is None:
                self._pool = await engine.pool(await self._address(), LANES, application="jishi-api")
            return self._pool

    async def _connect(self, kind: str) -> Connection[Any]:
        """A connection for a lane. The text of a json value is handed on as it is, so it is not decoded."""
        connection = await engine.connect(
            await self._address(),
            application=f"jishi-api-{kind}",
            timeout_s=LANE_TIMEOUT_S,
            kept_statements=KEPT_STATEMENTS,
        )
        await connection.set_type_codec("json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")
        return connection

    async def _address(self) -> str:
        return _guarded(await asyncio.to_thread(cluster.url, self.settings, roles.API))


def prepare(settings: Settings, metrics_folder: Path | None = None) -> Serving:
    """Read the city and the deployment's keys (made where there are none yet); what is wrong with them is told here."""
    keys = load_or_create(settings.key_path)
    secret = keys.key(Use.QUERY, detail="cursor")
    return Serving(settings, load_city(settings), secret, Metrics(metrics_folder))


def serving_of(request: Request) -> Serving:
    """What the process that answers ``request`` holds."""
    serving: Serving = request.app.state.serving
    return serving


def _guarded(url: str) -> str:
    """The same URL, whose sessions may only read and only for so long."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    guards = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_TIMEOUT_MS}"
    query["options"] = " ".join(part for part in (query.get("options", ""), guards) if part)
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote, safe="/")))
