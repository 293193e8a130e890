"""Writes the disclosure log 披露: a disclosure is durable before anything is released (disclose, road out).

**Group commit.** One connection a process, one insert under way at a time. What arrives meanwhile waits and goes in the next
insert; no timer, but what the loop has ready to be asked for at this moment is let in first (most of an insert's cost is its
own, not its rows'). So the rows of a process reach the table in the order of their chain, and a crash can only cut the chain at
its end: a hole in the middle is never an accident. (Two inserts at once measured no faster here and could leave such holes.)

**Failures.** An insert that the server refused is rolled back: its waiters are told ``ACC-LOG``, and the chain goes on from the
last committed row. Where the connection was lost, nobody knows; the new connection is asked. If the group's last row is there,
all of it is (one statement). If not, the old session may still be about to commit, so that chain is left for ever, a chain
under a new name begins, and the group is written once more. The worst of it is a row too many, never one too few.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from jishi.access import chain
from jishi.access.disclosures import Disclosure
from jishi.access.insert_rows import INSERT, Group, as_group, parameters
from jishi.errors import CallerError, InternalError, JishiError
from jishi.settings import Settings
from jishi.storage import cluster, engine, roles
from jishi.storage.engine import connect

if TYPE_CHECKING:
    from asyncpg import Connection

MOST_ROWS = 500
"""Of one insert: beyond, the statement looks longer for each row's part of its arrays than it saves."""
ROUNDS = 4
"""How often the loop is let round for more to come before an insert is sent."""
MOST_SUBJECTS = 200_000
"""Likewise; a single disclosure may have more subjects and then goes alone."""
MOST_WAITING_ROWS = 20_000
MOST_WAITING_SUBJECTS = 2_000_000
STATEMENT_TIMEOUT_MS = 10_000
ATTEMPTS = 2
INSERT_TIMEOUT_S = 15.0
"""After this the server is taken for lost; a statement it can still stop ends before."""

LOST = (TimeoutError, *engine.LOST)
"""A statement that is not answered in time leaves its connection in no known state either."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Waiting:
    disclosure: Disclosure
    written: asyncio.Future[None]


@dataclass
class DisclosureLog:
    """The log's one writer in this process. ``writer`` names its chain, ``number`` and ``head`` its last committed row.

    ``lull``: awaited before each insert, for rows that are about to come; it must end soon by itself.
    """

    settings: Settings
    writer: UUID = field(default_factory=uuid4)
    number: int = 0
    head: bytes = chain.FIRST
    lull: Callable[[], Awaitable[None]] | None = None
    _connection: Connection[Any] | None = None
    _waiting: deque[_Waiting] = field(default_factory=deque)
    _waiting_subjects: int = 0
    _flusher: asyncio.Task[None] | None = None
    _stopped: bool = False
    _latest: datetime = _LONG_AGO

    async def write(self, disclosure: Disclosure) -> None:
        """Returns once the row is committed durably; until then, and where it raises, nothing may be released.

        Raises InternalError ``ACC-LOG`` where it cannot be written, ``ACC-LOG-BUSY`` where too many wait; CallerError
        ``ACC-LOG-TEXT`` for a purpose or case number that is no text a database can hold.
        """
        if self._stopped:
            raise InternalError("ACC-LOG", reason="stopped")
        _check(disclosure)
        subjects = self._waiting_subjects + len(disclosure.subjects)
        if len(self._waiting) >= MOST_WAITING_ROWS or (self._waiting and subjects > MOST_WAITING_SUBJECTS):
            raise InternalError("ACC-LOG-BUSY")
        waiting = _Waiting(disclosure, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._waiting_subjects = subjects
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush_all(), name="jishi-disclosures")
        await waiting.written

    async def stop(self) -> None:
        """Write what waits, then close; whatever comes later is refused."""
        self._stopped = True
        if self._flusher is not None:
            await self._flusher
        await self._drop()

    async def __aenter__(self) -> DisclosureLog:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def _flush_all(self) -> None:
        try:
            while self._waiting:
                await self._gather()
                group = self._take()
                failure = await self._outcome([waiting.disclosure for waiting in group])
                for waiting in group:
                    if waiting.written.done():  # whoever waited has gone away
                        continue
                    if failure is None:
                        waiting.written.set_result(None)
                    else:
                        waiting.written.set_exception(InternalError("ACC-LOG", reason=failure))
        finally:
            self._flusher = None

    async def _gather(self) -> None:
        """Wait for the lull and let the loop go round as long as that brings more rows."""
        if self.lull is not None:
            await self.lull()
        for _ in range(ROUNDS):
            before = len(self._waiting)
            await asyncio.sleep(0)
            if len(self._waiting) == before:
                return

    def _take(self) -> list[_Waiting]:
        """The oldest that wait, as many as one insert may carry."""
        taken: list[_Waiting] = []
        subjects = 0
        while self._waiting and len(taken) < MOST_ROWS:
            subjects += len(self._waiting[0].disclosure.subjects)
            if taken and subjects > MOST_SUBJECTS:
                break
            taken.append(self._waiting.popleft())
        self._waiting_subjects -= sum(len(waiting.disclosure.subjects) for waiting in taken)
        return taken

    async def _outcome(self, disclosures: list[Disclosure]) -> str | None:
        """None once all are durable, else why not. Whatever goes wrong here must reach those who wait."""
        try:
            await self._write_group(disclosures)
        except Exception as error:  # noqa: BLE001  the edge of a run: told to every waiter, the loop goes on
            reason = error.code if isinstance(error, JishiError) else type(error).__name__
            log.error("%s disclosures of writer %s not written: %s", len(disclosures), self.writer, reason)
            return reason
        return None

    async def _write_group(self, disclosures: list[Disclosure]) -> None:
        """Whatever became of an insert whose answer was lost, no number is ever given twice in one chain."""
        for attempt in range(ATTEMPTS):
            group = self._group(disclosures)
            try:
                await self._insert(group)
                break
            except LOST as error:
                if isinstance(error, ValueError):  # a value the driver could not even send
                    raise
                await self._drop()
                if await self._is_written(group):
                    break
                log.warning("connection lost: the chain of writer %s ends at %s", self.writer, self.number)
                self.writer, self.number, self.head = uuid4(), 0, chain.FIRST
                if attempt + 1 == ATTEMPTS:
                    raise
        self.number += len(disclosures)
        self.head = group.hashes[-1]

    def _group(self, disclosures: list[Disclosure]) -> Group:
        """Numbered and chained behind the head; the instant is that of the insert and never before an earlier one."""
        self._latest = max(self._latest, datetime.now(UTC))
        scheme = chain.SCHEMES[self.settings.digest]
        return as_group(scheme, self.writer, self.number, self.head, self._latest, disclosures)

    async def _insert(self, group: Group) -> None:
        connection = await self._lane()
        await connection.execute(INSERT, *parameters(group), timeout=INSERT_TIMEOUT_S)

    async def _is_written(self, group: Group) -> bool:
        """Whether a group whose answer was lost is there after all; False also where nobody can be asked."""
        last = group.first + len(group.hashes) - 1
        try:
            connection = await self._lane()
            found = await connection.fetchval(_IS_WRITTEN, group.writer, last, group.disclosed_at, group.hashes[-1])
        except (*LOST, JishiError):
            return False
        return found is True

    async def _lane(self) -> Connection[Any]:
        if self._connection is None or self._connection.is_closed():
            url = await asyncio.to_thread(cluster.url, self.settings, roles.API)
            connection = await connect(url, application="jishi-disclosures")
            await connection.execute(_SESSION)
            self._connection = connection
        return self._connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            with suppress(*LOST):
                await connection.close(timeout=1.0)
                return
            connection.terminate()


def _check(disclosure: Disclosure) -> None:
    for name in ("purpose", "case_no", "caller", "department"):
        text = getattr(disclosure, name)
        if text is not None and ("\0" in text or not _is_unicode(text)):
            raise CallerError("ACC-LOG-TEXT", name=name)


def _is_unicode(text: str) -> bool:
    """Half of a surrogate pair has no UTF-8."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


_SESSION = f"SET synchronous_commit = on; SET statement_timeout = {STATEMENT_TIMEOUT_MS}"

_IS_WRITTEN = """
-- Whether the last row of a group is there, and so the whole group.
SELECT true FROM jishi.disclosure
WHERE writer = $1 AND number = $2 AND disclosed_at = $3 AND hash = $4
"""
