"""Many look-ups by one key each made into few statements by many keys (query, road out).

Requests that wait at the same moment for entities under the same plan share a statement ``… = ANY($1)``. There is no
timer: a key is sent as soon as the loop has nothing more ready that would go with it, and what comes while two statements
are under way goes with the next. Keys are
joined only under one plan, and a plan belongs to one grant, so no answer is ever computed under another's rights.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

import asyncpg

from jishi.errors import InternalError, JishiError
from jishi_api.lanes import Lanes

if TYPE_CHECKING:
    from asyncpg import Record

KEYS = 256
"""Keys of one statement."""

IN_FLIGHT = 2
"""Statements under way at once for one plan; more did not serve more."""

ROUNDS = 4
"""How often the loop is let round for more keys before a statement is sent."""

LULL_S = 0.005
"""How long others wait at most for look-ups under way."""

WAITING = 4096
"""Keys that may wait under one plan; the next one is refused (``QRY-BUSY``)."""

_Waiter = asyncio.Future["Sequence[Record]"]


class Coalescer:
    """Look-ups of one process over its lanes."""

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        self._groups: dict[Hashable, _Group] = {}
        self._under_way = 0
        self._answered: asyncio.Future[None] | None = None

    async def lull(self) -> None:
        """Until one statement of those under way has been answered, no longer than ``LULL_S``; at once where there is none.

        Whoever writes behind the look-ups waits so: what they find is written together, and the requests of a process
        go on side by side instead of dividing into groups that each pay for a look-up and an insert of their own.
        """
        if not self._under_way:
            return
        if self._answered is None:
            self._answered = asyncio.get_running_loop().create_future()
        await asyncio.wait((self._answered,), timeout=LULL_S)

    async def get(self, plan: Hashable, statement: str, key: Any, *values: object, place: int = 0) -> Record | None:
        """The one row of ``key``, None where there is none; as :meth:`find`."""
        rows = await self.find(plan, statement, key, *values, place=place)
        return rows[0] if rows else None

    async def find(self, plan: Hashable, statement: str, key: Any, *values: object, place: int = 0) -> Sequence[Record]:
        """Every row of ``key`` in the order of the statement.

        ``statement`` compares with ``= ANY(…)`` and its first column is the key. The keys are bound after the first
        ``place`` of ``values``, which are, as the statement, the same for every look-up under ``plan``. Errors as
        :meth:`Lanes.fetch`; a key that the database cannot take fails for itself, not for those it travelled with.
        """
        group = self._groups.get(plan)
        if group is None:
            group = self._groups[plan] = _Group(statement, values, place)
        elif group.statement != statement or group.values != values:
            raise ValueError("two statements under one plan")
        if len(group.waiting) >= WAITING:
            raise InternalError("QRY-BUSY")
        loop = asyncio.get_running_loop()
        waiter: _Waiter = loop.create_future()
        group.waiting.setdefault(key, []).append(waiter)
        if group.in_flight < IN_FLIGHT:
            group.in_flight += 1
            task = loop.create_task(self._send(plan, group))
            group.tasks.add(task)
            task.add_done_callback(group.tasks.discard)
        return await waiter

    async def _send(self, plan: Hashable, group: _Group) -> None:
        try:
            while group.waiting:
                await group.gather()
                if batch := group.take():
                    await self._answer(group, batch)
        finally:
            group.in_flight -= 1
            if not group.in_flight and not group.waiting and self._groups.get(plan) is group:
                del self._groups[plan]

    async def _answer(self, group: _Group, batch: dict[Any, list[_Waiter]]) -> None:
        """Every waiter of ``batch`` has its rows or its error when this returns."""
        self._under_way += 1
        try:
            rows = await self._lanes.fetch(group.statement, *group.bound(list(batch)))
        except (asyncpg.DataError, ValueError) as error:
            if len(batch) == 1:
                _fail(batch, error)
                return
            for key, waiters in batch.items():
                await self._answer(group, {key: waiters})
        except (JishiError, asyncpg.PostgresError) as error:
            _fail(batch, error)
        except BaseException:
            for waiters in batch.values():
                for waiter in waiters:
                    waiter.cancel()
            raise
        else:
            _settle(batch, rows)
        finally:
            self._under_way -= 1
            if self._answered is not None:
                self._answered.set_result(None)
                self._answered = None


class _Group:
    """What waits under one plan: key → who waits for it, in the order of arrival."""

    __slots__ = ("in_flight", "place", "statement", "tasks", "values", "waiting")

    def __init__(self, statement: str, values: tuple[object, ...], place: int) -> None:
        self.statement = statement
        self.values = values
        self.place = place
        self.waiting: dict[Any, list[_Waiter]] = {}
        self.in_flight = 0
        self.tasks: set[asyncio.Task[None]] = set()

    def bound(self, keys: list[Any]) -> tuple[object, ...]:
        return (*self.values[: self.place], keys, *self.values[self.place :])

    async def gather(self) -> None:
        """Let the loop go round as long as that brings more keys."""
        for _ in range(ROUNDS):
            before = len(self.waiting)
            await asyncio.sleep(0)
            if len(self.waiting) == before:
                return

    def take(self) -> dict[Any, list[_Waiter]]:
        """The keys of the next statement; those whose requests have gone meanwhile are left out."""
        taken: dict[Any, list[_Waiter]] = {}
        for key in list(islice(self.waiting, KEYS)):
            waiters = [waiter for waiter in self.waiting.pop(key) if not waiter.done()]
            if waiters:
                taken[key] = waiters
        return taken if taken or not self.waiting else self.take()


def _settle(batch: dict[Any, list[_Waiter]], rows: list[Record]) -> None:
    found: dict[Any, list[Record]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    for key, waiters in batch.items():
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(found.get(key, ()))


def _fail(batch: dict[Any, list[_Waiter]], error: BaseException) -> None:
    for waiters in batch.values():
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(error)
