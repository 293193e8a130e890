"""APScheduler fires the sources' schedules and the daily jobs, in one process at a time under a leader lock."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import asyncpg
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger

from jishi.errors import JishiError
from jishi.golden.ledger import register_source
from jishi.jobs import queue
from jishi.jobs.work import GONE, lost_database
from jishi.logs import logger
from jishi.quality.rule_history import record_rules
from jishi.storage.engine import connect
from jishi_ingest.road import Road
from jishi_ingest.run import entry_of, lane_of

log = logger(__name__)

LEADER = 7_306
"""Key of the advisory lock that makes one scheduler the leader; it ends with its connection."""

BUILT_IN = {"turn": "5 0 * * *", "purge": "35 0 * * *", "report": "50 0 * * *"}
"""Jobs of every deployment, in lanes of their own; each also runs when a scheduler begins to lead."""


async def schedule(road: Road, stop: asyncio.Event) -> None:
    """Be the leader when nobody else is: queue jobs when their time comes, until ``stop``."""
    while not stop.is_set():
        try:
            await _lead(road, stop)
        except (*GONE, JishiError) as error:
            if not lost_database(error):
                raise
            log.warning("scheduler lost the database (%s)", type(error).__name__)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 5)


async def _lead(road: Road, stop: asyncio.Event) -> None:
    connection = await connect(road.url, application="jishi-scheduler")
    try:
        if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LEADER):
            return
        for source in road.sources.values():
            await register_source(connection, entry_of(source))
        await record_rules(connection, {s.id: (s.register_name, s.rules) for s in road.sources.values()})
        for kind in BUILT_IN:
            await queue.enqueue(connection, kind, kind, {})
        scheduler = _fill(road, connection)
        scheduler.start()
        try:
            while not stop.is_set() and await connection.fetchval("SELECT TRUE"):
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), 5)
        finally:
            scheduler.shutdown(wait=False)
    finally:
        if not connection.is_closed():
            await connection.close()


def _fill(road: Road, connection: asyncpg.Connection) -> AsyncIOScheduler:
    """The schedule: each source's cron text in the city's time zone, and the daily jobs shortly after midnight."""
    scheduler = AsyncIOScheduler(timezone=road.city.timezone)
    lock = asyncio.Lock()

    async def fire(kind: str, lane: str, payload: Mapping[str, Any]) -> None:
        async with lock:
            await queue.enqueue(connection, kind, lane, payload)

    def at(cron: str) -> CronTrigger:
        return CronTrigger.from_crontab(cron, timezone=road.city.timezone)

    for kind, cron in BUILT_IN.items():
        scheduler.add_job(fire, at(cron), args=(kind, kind, {}), id=kind, coalesce=True)
    for source in road.sources.values():
        if source.schedule:
            scheduler.add_job(
                fire,
                at(source.schedule),
                args=("fetch", f"fetch:{lane_of(source.id)}", {"source": source.id}),
                id=source.id,
                coalesce=True,
                misfire_grace_time=3600,
            )
    return scheduler
