"""Seals the disclosure log every ten seconds or ten thousand rows, in whichever process holds the lock (road out).

``jishi serve`` and ``jishi work`` both run it: one of them seals, the others wait for its place. The row goes into the
database first and the line to the file after it; whoever takes the place writes the lines that are missing there.

With each seal the subjects of the rows since the last one are filed into their index, in bulk: a row's own insert only adds
them to the index's list of what waits, which whoever asks reads to its end as well, so that no row is ever missed.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from jishi.access import chain, seal_files, seals
from jishi.access.disclosure_log import LOST
from jishi.access.key_of_process import signing_key
from jishi.access.seals import Head, Seal
from jishi.access.signing import SigningKey
from jishi.errors import JishiError
from jishi.settings import Settings
from jishi.storage import cluster, roles
from jishi.storage.engine import connect

if TYPE_CHECKING:
    from asyncpg import Connection

EVERY = timedelta(seconds=10)
EVERY_ROWS = 10_000
IDLE = timedelta(days=1)
"""Without new rows a seal is still made so often: it shows that somebody was there."""
POLL_S = 1.0
RETRY_S = 5.0
SLACK = timedelta(days=1)

log = logging.getLogger(__name__)


def folder_of(settings: Settings) -> Path:
    return settings.state_dir / "seals"


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Seal until ``stop`` is set, where no other process does; a database that goes away is waited for."""
    while not await _passes(stop, POLL_S):
        try:
            async with sealing(settings) as place:
                while place is not None and not await _passes(stop, POLL_S):
                    await place.seal_if_due()
                if place is not None:
                    await place.seal_now()
        except (*LOST, JishiError, asyncpg.PostgresError) as error:
            log.warning("sealing interrupted (%s), trying again", type(error).__name__)
        await _passes(stop, RETRY_S)


@asynccontextmanager
async def beside(settings: Settings) -> AsyncIterator[None]:
    """Seal as long as the block lasts, last of all what it wrote."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(settings, stop), name="jishi-sealer")
    try:
        yield
    finally:
        stop.set()
        await task


@asynccontextmanager
async def sealing(settings: Settings) -> AsyncIterator[Place | None]:
    """The sealer's place, None where another process holds it. The lock goes with the connection."""
    url = await asyncio.to_thread(cluster.url, settings, roles.API)
    connection = await connect(url, application="jishi-sealer")
    try:
        if not await connection.fetchval(_LOCK):
            yield None
            return
        place = Place(connection, settings, await signing_key(settings, "seal"))
        await place.take_up()
        yield place
    finally:
        with suppress(*LOST):
            await connection.close(timeout=1.0)


@dataclass
class Place:
    """What the one sealer knows: the last seal and where each chain stood when it was sealed last."""

    connection: Connection[Any]
    settings: Settings
    key: SigningKey
    last: Seal | None = None
    sealed: dict[UUID, Head] = field(default_factory=dict)
    _alerted: set[UUID] = field(default_factory=set)

    async def take_up(self) -> None:
        """Read where the one before stopped, and write to the files what he could not any more."""
        record = await self.connection.fetchrow(seals.LAST)
        self.last = seals.of_record(record) if record else None
        for row in await self.connection.fetch(_SEALED, self._since()):
            number, text = json.loads(row["head"])
            self.sealed[UUID(row["writer"])] = Head(number, bytes.fromhex(text))
        folder = folder_of(self.settings)
        known = await asyncio.to_thread(seal_files.last, folder)
        if known is not None and (self.last is None or self.last.number < known.number):
            log.error("the database has %s seals, the files have %s", self.last and self.last.number, known.number)
        for record in await self.connection.fetch(seals.AFTER, known.number) if known else ():
            await asyncio.to_thread(seal_files.append, folder, seals.of_record(record))

    async def seal_if_due(self) -> Seal | None:
        """A seal if ten seconds or ten thousand rows have passed, or a day without any; None if not yet."""
        now = datetime.now(UTC)
        fresh = await self._fresh()
        waited = now - self.last.sealed_at if self.last else IDLE
        due = waited >= IDLE or (fresh and (waited >= EVERY or self._rows(fresh) >= EVERY_ROWS))
        return await self._seal(now, fresh) if due else None

    async def seal_now(self) -> Seal | None:
        """A seal of what is new; None where nothing is."""
        now = datetime.now(UTC)
        fresh = await self._fresh()
        return await self._seal(now, fresh) if fresh else None

    async def _seal(self, now: datetime, fresh: dict[UUID, Head]) -> Seal:
        rows = (self.last.rows if self.last else 0) + self._rows(fresh)
        seal = seals.make(self.key, chain.SCHEMES[self.settings.digest], self.last, now, fresh, rows)
        heads = json.dumps(seals.heads_document(fresh))
        await self.connection.execute(
            seals.INSERT, seal.number, now, heads, rows, seal.previous, seal.hash, seal.kid, seal.signature
        )
        self.last = seal
        self.sealed.update(fresh)
        await asyncio.to_thread(seal_files.append, folder_of(self.settings), seal)
        await self.connection.fetchval(_FILE)
        return seal

    async def _fresh(self) -> dict[UUID, Head]:
        """Heads that have moved on. One that has moved back, or changed, is an alert and never sealed."""
        fresh = {}
        for row in await self.connection.fetch(_HEADS, self._since()):
            writer, head = row["writer"], Head(row["number"], row["hash"])
            before = self.sealed.get(writer)
            if before is None or head.number > before.number:
                fresh[writer] = head
            elif head != before and writer not in self._alerted:
                self._alerted.add(writer)
                log.error("the chain of writer %s is not what was sealed at %s", writer, before.number)
                await self.connection.execute(_ALERT, str(writer))
        return fresh

    def _rows(self, fresh: dict[UUID, Head]) -> int:
        """Numbers have no gaps, so what is new is the difference."""
        before = {writer: self.sealed[writer].number for writer in fresh if writer in self.sealed}
        return sum(head.number - before.get(writer, 0) for writer, head in fresh.items())

    def _since(self) -> datetime:
        """The month from which on rows may be unsealed: months before it need not be looked into."""
        if self.last is None:
            return datetime(2000, 1, 1, tzinfo=UTC)
        at = self.last.sealed_at - SLACK
        return datetime(at.year, at.month, 1, tzinfo=UTC)


async def _passes(stop: asyncio.Event, seconds: float) -> bool:
    """Wait so long, or until ``stop`` is set; whether it is."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()


_LOCK = "SELECT pg_try_advisory_lock(hashtext('jishi disclosure seals'))"

_HEADS = """
-- The last row of every chain that has one since the month given. Writers are few: each is found by one step in the index.
WITH RECURSIVE writers AS (
  (SELECT writer FROM jishi.disclosure WHERE disclosed_at >= $1 ORDER BY writer LIMIT 1)
  UNION ALL
  SELECT (
    SELECT next.writer FROM jishi.disclosure next
    WHERE next.writer > writers.writer AND next.disclosed_at >= $1
    ORDER BY next.writer
    LIMIT 1
  )
  FROM writers
  WHERE writers.writer IS NOT NULL
)
SELECT writers.writer, head.number, head.hash
FROM writers
CROSS JOIN LATERAL (
  SELECT d.number, d.hash
  FROM jishi.disclosure d
  WHERE d.writer = writers.writer AND d.disclosed_at >= $1
  ORDER BY d.number DESC
  LIMIT 1
) head
WHERE writers.writer IS NOT NULL
"""

_SEALED = """
-- Where each chain stood in the last seal that speaks of it.
SELECT DISTINCT ON (head.key) head.key AS writer, head.value::text AS head
FROM jishi.disclosure_seal s, jsonb_each(s.heads) head
WHERE s.sealed_at >= $1
ORDER BY head.key, s.number DESC
"""

_FILE = "SELECT jishi.file_subjects()"

_ALERT = "INSERT INTO jishi.access_alert (kind, caller) VALUES ('chain', $1)"
