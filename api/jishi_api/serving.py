"""What one API process holds: settings, city, database lanes, keys, the disclosure log (under every step of the road out)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

import asyncpg
from starlette.requests import Request

from jishi.access import tokens
from jishi.access.disclosure_log import DisclosureLog
from jishi.access.key_of_process import signing_key
from jishi.access.quotas import Quotas, Rates
from jishi.access.revocation import Change
from jishi.access.signing import SigningKey
from jishi.errors import InternalError
from jishi.identifiers.keys import Keys, Use, load_or_create
from jishi.identifiers.sealing import Sealer
from jishi.settings import City, Settings, load_city
from jishi.storage import cluster, engine, roles
from jishi.storage.engine import LOST
from jishi_api.callers import Callers
from jishi_api.coalesce import Coalescer
from jishi_api.disputes import Disputes
from jishi_api.guesses import Guesses
from jishi_api.lanes import Lanes
from jishi_api.metrics import Metrics
from jishi_api.protections import Protections

if TYPE_CHECKING:
    from asyncpg import Connection, Pool

    from jishi.access.grants import Grant
    from jishi_api.query import Chosen

LANES = 6
"""Connections of one process for what needs a connection of its own for several statements; opened as needed."""

KEY_LANES = 2
PAGE_LANES = 4
KEY_QUEUE = 2048
"""Lanes for look-ups, which the coalescer fills, and for pages; how many statements may wait for one."""

HEAVY_LANES = 2
HEAVY_QUEUE = 24
"""Lanes for searches and large boxes: few, and a short queue, so that whoever waits is answered within two seconds."""

COUNT_LANES = 1
COUNT_QUEUE = 8
COUNT_TIMEOUT_MS = 3_000
"""A lane for exact counts and aggregates, whose statements end sooner than others."""

HEALTH_QUEUE = 16
HEALTH_WAIT_S = 2.0
"""One more lane for who watches, so that readiness tells of the database and not of how busy the others are."""

STATEMENT_TIMEOUT_MS = 10_000
LANE_TIMEOUT_S = 5.0
HEAVY_WAIT_S = 0.6
KEPT_STATEMENTS = 512

_ALONE = "-c max_parallel_workers_per_gather=0"
"""Starting a parallel worker costs more than a page does, and the other cores have requests of their own."""

_OPTIONS = {
    "key": f"{_ALONE} -c plan_cache_mode=force_generic_plan",
    "lane": _ALONE,
    "heavy": f"{_ALONE} -c plan_cache_mode=force_custom_plan",
    "count": f"{_ALONE} -c plan_cache_mode=force_custom_plan -c statement_timeout={COUNT_TIMEOUT_MS}",
}
"""Of the sessions of lanes. Look-ups by key have one plan whatever the keys: making it anew costs more than they do. Wide
reads are planned for their values: a word may stand in no name or in most."""


MOST_SINGLES = 4096


@dataclass
class Serving:
    """One process's own. Connections open at first use and survive a restart of the database."""

    settings: Settings
    city: City
    secrets: Keys = field(repr=False)
    cursor_secret: bytes = field(repr=False)
    query_key: bytes = field(repr=False)
    sealer: Sealer = field(repr=False)
    callers: Callers = field(repr=False)
    protections: Protections
    disputes: Disputes
    log: DisclosureLog
    rates: Rates
    quotas: Quotas
    guesses: Guesses = field(default_factory=Guesses)
    metrics: Metrics = field(default_factory=Metrics)
    draining: bool = False  # asked to stop: no longer ready, answers what comes until it stops listening
    keys: Lanes = field(init=False)
    lanes: Lanes = field(init=False)
    heavy: Lanes = field(init=False)
    counts: Lanes = field(init=False)
    health: Lanes = field(init=False)
    coalescer: Coalescer = field(init=False)
    singles: dict[tuple[str, Grant, bytes], Chosen] = field(default_factory=dict)  # look-ups understood before
    _receipt_key: SigningKey | None = None
    _pool: Pool[Any] | None = None
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.lanes = Lanes(partial(self._connect, "lane"), PAGE_LANES, queue=KEY_QUEUE, wait_s=LANE_TIMEOUT_S)
        self.heavy = Lanes(partial(self._connect, "heavy"), HEAVY_LANES, queue=HEAVY_QUEUE, wait_s=HEAVY_WAIT_S)
        self.counts = Lanes(partial(self._connect, "count"), COUNT_LANES, queue=COUNT_QUEUE, wait_s=HEAVY_WAIT_S)
        self.health = Lanes(partial(self._connect, "health"), 1, queue=HEALTH_QUEUE, wait_s=HEALTH_WAIT_S)
        self.keys = Lanes(partial(self._connect, "key"), KEY_LANES, queue=KEY_QUEUE, wait_s=LANE_TIMEOUT_S)
        self.coalescer = Coalescer(self.keys)
        self.log.lull = self.coalescer.lull
        self.callers.revocations.subscribe(self._on_change)
        self.metrics.watch("keys", self.keys)
        self.metrics.watch("pages", self.lanes)
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

    async def receipt_key(self) -> SigningKey:
        """The key that signs receipts, asked for again where one was rotated."""
        if self._receipt_key is None or not self.callers.revocations.current:
            self._receipt_key = await signing_key(self.settings, "receipt")
        return self._receipt_key

    def _on_change(self, change: Change) -> None:
        if change.touches("signing_key"):
            self._receipt_key = None

    async def start(self) -> None:
        await self.callers.start()

    async def close(self) -> None:
        await self.log.stop()
        with suppress(InternalError):  # without a database what was taken of the quotas stays taken for the day
            async with self.callers.connection() as connection:
                await self.quotas.give_back(connection)
        await self.callers.close()
        for lanes in (self.keys, self.lanes, self.heavy, self.counts, self.health):
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
            await self._address(_OPTIONS.get(kind, "")),
            application=f"jishi-api-{kind}",
            timeout_s=LANE_TIMEOUT_S,
            kept_statements=KEPT_STATEMENTS,
        )
        await connection.set_type_codec("json", schema="pg_catalog", encoder=bytes, decoder=bytes, format="binary")
        return connection

    async def _address(self, options: str = "") -> str:
        return _guarded(await asyncio.to_thread(cluster.url, self.settings, roles.API), options)


def prepare(settings: Settings, metrics_folder: Path | None = None) -> Serving:
    """Read the city and the deployment's keys (made where there are none yet); what is wrong with them is told here."""
    keys = load_or_create(settings.key_path)
    city = load_city(settings)
    callers = Callers(settings, keys, tokens.issuer(city.division_prefix))
    return Serving(
        settings,
        city,
        keys,
        cursor_secret=keys.key(Use.QUERY, detail="cursor"),
        query_key=keys.key(Use.QUERY, detail="disclosure"),
        sealer=Sealer(keys, settings.cipher),
        callers=callers,
        protections=Protections(callers),
        disputes=Disputes(callers),
        log=DisclosureLog(settings),
        rates=Rates(settings.workers),
        quotas=Quotas(ZoneInfo(city.timezone)),
        metrics=Metrics(metrics_folder),
    )


def serving_of(request: Request) -> Serving:
    """What the process that answers ``request`` holds."""
    serving: Serving = request.app.state.serving
    return serving


def _guarded(url: str, options: str = "") -> str:
    """The same URL, whose sessions may only read and only for so long."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    guards = f"-c default_transaction_read_only=on -c statement_timeout={STATEMENT_TIMEOUT_MS}"
    query["options"] = " ".join(part for part in (query.get("options", ""), guards, options) if part)
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote, safe="/")))
