"""Names that were asked for, on their way to the stewards' queue: noted after the answer is out, written in batches (road out).

Nothing waits for it and nothing fails by it. What does not fit into memory, or cannot be written, is not noted: a name that
matters comes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager, suppress
from typing import TYPE_CHECKING, Any

import asyncpg

from jishi.dictionary import seen
from jishi.dictionary.resolve import Answer, Context
from jishi.errors import JishiError
from jishi.logs import logger

if TYPE_CHECKING:
    from asyncpg import Connection

WAIT_S = 0.3
"""How long notes are gathered before they are written: one statement for whatever came meanwhile."""

MOST = 4000
"""Names in memory; more are let go."""

AT_ONCE = 100
"""Names noted between two turns of the event loop."""

CLOSE_S = 2.0

log = logger(__name__)

Lane = Callable[[], "AbstractAsyncContextManager[Connection[Any]]"]


class Noting:
    """Notes of one process. ``lane`` gives a connection that may write; ``limit``: names kept in the database, 0 = none."""

    def __init__(self, lane: Lane, limit: int) -> None:
        self._lane = lane
        self._limit = limit
        self._notes: seen.Notes = {}
        self._writer: asyncio.Task[None] | None = None
        self._closed = False
        self._told = False

    async def take(self, said: Iterable[tuple[str | None, Context, Answer]]) -> None:
        """Note answers: scheme asked in, context, answer. For the background of a request."""
        if not self._limit or self._closed:
            return
        for scheme, context, answer in said:
            for place, result in enumerate(answer.results, 1):
                seen.note(self._notes, scheme, context, answer.version, result, MOST)
                if place % AT_ONCE == 0:
                    await asyncio.sleep(0)
        if self._notes and (self._writer is None or self._writer.done()):
            self._writer = asyncio.create_task(self._write(), name="jishi-noting")

    async def flush(self) -> None:
        """Returns when what was noted before is written, or given up."""
        while self._writer is not None and not self._writer.done():
            await asyncio.shield(self._writer)

    async def close(self) -> None:
        self._closed = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self.flush(), CLOSE_S)

    async def _write(self) -> None:
        while self._notes:
            await asyncio.sleep(0 if self._closed else WAIT_S)
            notes, self._notes = self._notes, {}
            try:
                async with self._lane() as connection:
                    await seen.write(connection, notes, self._limit)
                self._told = False
            except (JishiError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError) as error:
                if not self._told:
                    log.warning("names asked for were not noted (%s)", type(error).__name__)
                self._told = True
