"""The worker's loop: takes jobs, runs their handlers, keeps its lease, and survives a database that goes away."""

from __future__ import annotations

import asyncio
import os
import traceback
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from jishi.errors import CallerError, InternalError, JishiError
from jishi.jobs import queue
from jishi.logs import logger
from jishi.storage.engine import connect

log = logger(__name__)

MOST_ATTEMPTS = 20
"""A job is begun so often at most: what kills its worker each time would do so for ever."""

Handler = Callable[[Mapping[str, Any], Callable[[Mapping[str, Any]], Awaitable[None]]], Awaitable[Mapping[str, Any]]]
"""Runs one job: (payload, report) → result; report(progress) tells waiting people how far it is."""

GiveUp = Callable[[Mapping[str, Any], JishiError], Awaitable[None]]
"""Told of a job that is not tried again because its runs never came to an end: (payload, why)."""

GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # the statement after one that the server's death cut short
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    ConnectionError,
)
"""What a database that stopped or was killed looks like on an open connection."""


def lost_database(error: BaseException) -> bool:
    """Whether ``error`` says that the database went away, or that it cannot be reached again yet (``STO-CONNECT``)."""
    if isinstance(error, JishiError):
        return isinstance(error.__cause__, (*GONE, OSError))
    # what went wrong while a lost connection was being given up is no other error
    return isinstance(error, GONE) or isinstance(error.__context__, GONE)


@dataclass
class Worker:
    """One worker: a connection that holds lanes' locks, and handlers by job kind."""

    url: str
    handlers: Mapping[str, Handler]
    lease_s: int
    poll_s: float = 2.0
    give_up: Mapping[str, GiveUp] = field(default_factory=dict)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; reconnects when the database comes back."""
        while not stop.is_set():
            try:
                await self._serve(stop)
            except Exception as error:  # what a dying connection raises has many names
                if not lost_database(error):
                    raise
                log.warning("database unreachable (%s), trying again", type(error).__name__)
                await _pause(stop, 1.0)

    async def run_lane(self, lane: str) -> None:
        """Work off one lane's waiting jobs and return: what the command line does when no worker runs."""
        connection = await connect(self.url, application="jishi-run")
        worker = await self._enter(connection)
        heartbeat = asyncio.create_task(self._beat(worker, asyncio.Event()))
        try:
            while job := await queue.take(connection, worker, self.lease_s, kinds=self.handlers, lane=lane):
                await self._do(connection, job)
        finally:
            heartbeat.cancel()
            await self._leave(connection, worker)

    async def _serve(self, stop: asyncio.Event) -> None:
        connection = await connect(self.url, application="jishi-worker")
        wake = asyncio.Event()
        await connection.add_listener(queue.CHANNEL, lambda *_: wake.set())
        worker = await self._enter(connection)
        heartbeat = asyncio.create_task(self._beat(worker, stop))
        try:
            while not stop.is_set():
                job = await queue.take(connection, worker, self.lease_s, kinds=self.handlers)
                if job is None:
                    await _pause(wake, self.poll_s, stop)
                    wake.clear()
                else:
                    await self._do(connection, job)
        finally:
            heartbeat.cancel()
            await self._leave(connection, worker)

    async def _do(self, connection: asyncpg.Connection, job: queue.Job) -> None:
        """Run one job to its end; what it raises is written on the job, a lost database is passed on."""
        log.info("job %s %s begins (attempt %s)", job.job_id, job.kind, job.attempts)

        async def report(progress: Mapping[str, Any]) -> None:
            if not await queue.report_progress(connection, job.job_id, progress):
                raise CallerError("JOB-CANCELLED")

        try:
            if job.attempts > MOST_ATTEMPTS:
                raise await self._given_up(job, InternalError("JOB-ATTEMPTS", attempts=job.attempts - 1))
            if await queue.is_cancelled(connection, job.job_id):
                raise await self._given_up(job, CallerError("JOB-CANCELLED"))
            result = await self.handlers[job.kind](job.payload, report)
        except Exception as error:  # the edge of a run: noted, never hidden
            if lost_database(error):
                connection.terminate()  # it may be stuck in the middle of something; its locks go with it
                raise
            await self._fail(connection, job, error)
        else:
            await queue.complete(connection, job, result)
        finally:
            if not connection.is_closed():
                await queue.release(connection, job.lane)

    async def _given_up(self, job: queue.Job, error: JishiError) -> JishiError:
        """Why the job is not begun (once more), after those concerned were told."""
        if job.kind in self.give_up:
            await self.give_up[job.kind](job.payload, error)
        return error

    async def _fail(self, connection: asyncpg.Connection, job: queue.Job, error: Exception) -> None:
        """Note the failure; the text of a foreign error is left out, for a database's may quote a row."""
        if isinstance(error, JishiError):
            log.exception("job %s failed: %s", job.job_id, error.code)
            await queue.fail(connection, job, {"code": error.code, "message": str(error)})
            return
        where = "".join(traceback.format_tb(error.__traceback__))
        log.error("job %s failed: %s\n%s", job.job_id, type(error).__name__, where)
        await queue.fail(connection, job, {"code": "JOB-FAILED", "message": type(error).__name__})

    async def _enter(self, connection: asyncpg.Connection) -> UUID:
        worker = uuid4()
        await connection.execute("INSERT INTO jishi.worker (worker_id, pid) VALUES ($1, $2)", worker, os.getpid())
        await connection.execute("DELETE FROM jishi.worker WHERE seen_at < now() - interval '1 day'")
        return worker

    async def _leave(self, connection: asyncpg.Connection, worker: UUID) -> None:
        if connection.is_closed():
            return
        try:
            await connection.execute("DELETE FROM jishi.worker WHERE worker_id = $1", worker)
            await connection.close()
        except GONE:
            log.warning("database gone while leaving")

    async def _beat(self, worker: UUID, stop: asyncio.Event) -> None:
        """Renew presence and lease on a connection of its own, so that a long statement does not look like death."""
        while not stop.is_set():
            try:
                await self._renew(worker, stop)
            except (*GONE, JishiError) as error:
                log.warning("heartbeat lost the database (%s)", type(error).__name__)
                await _pause(stop, 1.0)

    async def _renew(self, worker: UUID, stop: asyncio.Event) -> None:
        connection = await connect(self.url, application="jishi-heartbeat")
        try:
            while not stop.is_set():
                await queue.renew(connection, worker, self.lease_s)
                await asyncio.sleep(min(5.0, self.lease_s / 3))
        finally:
            if not connection.is_closed():
                await connection.close()


async def _pause(event: asyncio.Event, seconds: float, *more: asyncio.Event) -> None:
    """Wait until one of the events is set or the time is over."""
    tasks = [asyncio.create_task(item.wait()) for item in (event, *more)]
    try:
        await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
