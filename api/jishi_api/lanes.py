"""A process's own few connections, on which single statements are run one after the other (query, road out).

A pool asks the server to reset each connection that is given back, which costs as much as a point look-up itself. Lanes
do without: their sessions can only read, nothing but single statements runs on them, and none of these may change the
session. The event loop is the limit long before the connections are, so a process needs four to six. What may take long
(searches, large boxes) runs on lanes of its own, so that it cannot keep look-ups waiting.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import asyncpg

from jishi.errors import InternalError
from jishi.storage.engine import LOST

if TYPE_CHECKING:
    from asyncpg import Connection, Record

Connect = Callable[[], Awaitable["Connection[Any]"]]


NEWEST = 0.2
"""How much a statement counts for what the next ones are expected to take."""


class Lanes:
    """``size`` connections, opened as they are needed and again when they were lost.

    Who finds none free waits at most ``wait_s``. Beyond ``queue`` waiting ones, or where those before it will take longer
    than that by what statements took of late, the next is refused at once. One loop's.
    """

    def __init__(self, connect: Connect, size: int, *, queue: int, wait_s: float) -> None:
        self._connect = connect
        self._free = [_Lane() for _ in range(size)]
        self._waiting: deque[asyncio.Future[_Lane]] = deque()
        self._queue = queue
        self._wait_s = wait_s
        self._mean_s = 0.0  # of a statement, the latest counting most
        self._closed = False
        self.size = size

    @property
    def busy(self) -> int:
        """Lanes with a statement under way."""
        return self.size - len(self._free)

    @property
    def waiting(self) -> int:
        """Statements that wait for a lane."""
        return len(self._waiting)

    async def fetch(self, statement: str, *values: object) -> list[Record]:
        """All rows of one statement; values of type json arrive as the bytes PostgreSQL wrote.

        Raises InternalError: ``STO-CONNECT`` without a database, ``QRY-BUSY`` where no lane becomes free,
        ``QRY-TIMEOUT`` where the statement takes too long.
        """
        lane = self._free.pop() if self._free else await self._wait()
        started = time.perf_counter()
        try:
            connection = lane.connection
            if connection is None or connection.is_closed():
                connection = lane.connection = await self._connect()
            rows: list[Record] = await connection.fetch(statement, *values)
        except asyncpg.QueryCanceledError as error:
            raise InternalError("QRY-TIMEOUT") from error
        except LOST as error:
            if isinstance(error, ValueError):  # a value that is not of the parameter's type was never sent
                raise
            lane.drop()
            raise InternalError("STO-CONNECT", reason=type(error).__name__) from error
        finally:
            self._mean_s += (time.perf_counter() - started - self._mean_s) * NEWEST
            self._give_back(lane)
        return rows

    async def fetchrow(self, statement: str, *values: object) -> Record | None:
        """The first row, None where there is none; errors as :meth:`fetch`."""
        rows = await self.fetch(statement, *values)
        return rows[0] if rows else None

    async def fetchval(self, statement: str, *values: object) -> Any:
        """The first value of the first row, None where there is none; errors as :meth:`fetch`."""
        rows = await self.fetch(statement, *values)
        return rows[0][0] if rows else None

    async def close(self) -> None:
        """Close what is free; a lane that is busy closes when it is given back."""
        self._closed = True
        for lane in self._free:
            await lane.close()

    async def _wait(self) -> _Lane:
        before = len(self._waiting)
        if before >= self._queue or before * self._mean_s > self._wait_s * self.size:
            raise InternalError("QRY-BUSY")
        waiter: asyncio.Future[_Lane] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(self._wait_s):
                return await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled():  # it was ours in the moment we gave up
                self._give_back(waiter.result())
            else:
                with suppress(ValueError):
                    self._waiting.remove(waiter)
            if isinstance(error, TimeoutError):
                raise InternalError("QRY-BUSY") from error
            raise

    def _give_back(self, lane: _Lane) -> None:
        if self._closed:
            lane.drop()
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(lane)
                return
        self._free.append(lane)


class _Lane:
    """One place for a connection; None = not opened yet, or lost."""

    __slots__ = ("connection",)

    def __init__(self) -> None:
        self.connection: Connection[Any] | None = None

    def drop(self) -> None:
        if self.connection is not None:
            with suppress(asyncpg.InterfaceError):  # the driver may have noticed before us
                self.connection.terminate()
            self.connection = None

    async def close(self) -> None:
        if self.connection is not None:
            with suppress(*LOST, TimeoutError):
                await self.connection.close(timeout=1)
            self.connection = None
