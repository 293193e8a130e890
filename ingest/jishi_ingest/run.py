"""Submitting deliveries: land the bytes, open the ledger row, queue the job, and wait for a worker or do it here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import asyncpg

from jishi.access.acts import operator
from jishi.errors import CallerError, InternalError, JishiError
from jishi.golden import ledger
from jishi.golden.ledger import Landing, SourceEntry
from jishi.jobs import queue
from jishi.jobs.work import Handler, Worker, lost_database
from jishi.storage.engine import connect
from jishi_ingest.landing import land
from jishi_ingest.receipt import receipt
from jishi_ingest.road import Road

if TYPE_CHECKING:
    from jishi_ingest.source import Source

Progress = Callable[[Mapping[str, Any]], None]


def source_of(road: Road, name: str) -> Source:
    """The declared source of that id; raises CallerError naming those there are."""
    if name not in road.sources:
        raise CallerError("ING-SOURCE-UNKNOWN", source=name, known=", ".join(sorted(road.sources)))
    return road.sources[name]


def lane_of(source: str) -> str:
    """Batches of one source go one after the other."""
    return f"source:{source}"


async def submit(road: Road, source: Source, file: Path) -> int:
    """Land a file, write its ledger row and queue its job; the batch."""
    with file.open("rb") as stream:
        landed = await asyncio.to_thread(land, stream, road.settings, road.keys, source.id, file.name)
    landing = Landing(
        str(landed.path.relative_to(road.settings.landing_dir)), bytes.fromhex(landed.sha256), landed.bytes, landed.name
    )
    connection = await connect(road.url, application="jishi-submit")
    try:
        async with connection.transaction():
            number = await ledger.register_source(connection, entry_of(source))
            batch_id = await ledger.open_batch(connection, number, landing)
            await queue.enqueue(connection, "ingest", lane_of(source.id), {"batch": batch_id})
        return batch_id
    finally:
        await connection.close()


async def submit_again(road: Road, batch_id: int, *, release: bool) -> None:
    """Queue a landed batch once more: release of a held one (``ING-NOT-HELD`` if it is none), or replay.

    Raises ``ING-LANDED-GONE`` when its bytes were purged, ``ING-REPAIR-OVER`` where a repair came to nothing.
    """
    connection = await connect(road.url, application="jishi-submit")
    try:
        batch = await ledger.find_batch(connection, batch_id)
        landed = road.settings.landing_dir / batch.landing.path
        if batch.repairs is not None and batch.status != "published":
            raise CallerError("ING-REPAIR-OVER", batch=batch_id)
        async with connection.transaction():
            if release:
                actor = operator()
                await ledger.decide(connection, batch_id, "release", f"{actor.kind}:{actor.name}", "")
            else:
                await ledger.reopen(connection, batch_id)
                await queue.enqueue(connection, "ingest", lane_of(batch.source), {"batch": batch_id})
            if not landed.is_file():  # once reopened the batch is safe from the purge
                raise CallerError("ING-LANDED-GONE", file=landed.name)
    finally:
        await connection.close()


def waiting_files(road: Road, source: Source) -> list[Path]:
    """Files that lie ready for the source under JISHI_HOME, oldest first; a name with a dot before it is still being written."""
    if source.connector.kind != "path":
        return []
    lying = road.settings.home_dir.glob(source.connector.pattern)
    found = [file for file in lying if file.is_file() and not file.name.startswith(".")]
    return sorted(found, key=lambda file: (file.stat().st_mtime_ns, file.name))


async def collect(road: Road, source: Source) -> list[int]:
    """Submit what lies ready; each file, once landed, moves to ``taken/`` beside it under its batch's number."""
    batches = []
    for file in waiting_files(road, source):
        batch_id = await submit(road, source, file)
        taken = file.parent / "taken"
        taken.mkdir(exist_ok=True)
        file.rename(taken / f"{batch_id}-{file.name}")
        batches.append(batch_id)
    return batches


def entry_of(source: Source) -> SourceEntry:
    keys = () if source.key == "row-hash" else tuple(name for header in source.key for name in header)
    return SourceEntry(
        source.id,
        source.title,
        source.register_name,
        source.department,
        source.mode,
        source.schedule,
        source.version,
        keys,
    )


async def finish(road: Road, batch_id: int, progress: Progress, language: str = "zh-CN") -> dict[str, Any]:
    """See a queued batch through: a running worker does it, without one this process does; its receipt."""
    connection = await connect(road.url, application="jishi-wait")
    try:
        batch = await ledger.find_batch(connection, batch_id)
        if not await queue.live_workers(connection):
            await worker(road).run_lane(lane_of(batch.source))
        while (job := await _job_of(connection, batch_id))["status"] in ("queued", "running"):
            progress(json.loads(job["progress"]))
            await asyncio.sleep(0.1)
            if not await queue.live_workers(connection):
                await worker(road).run_lane(lane_of(batch.source))
        if job["status"] == "failed":
            error = json.loads(job["error"])
            raise InternalError("ING-RUN-FAILED", batch=batch_id, cause=error["code"], reason=error["message"])
        return await receipt(connection, batch_id, language)
    finally:
        await connection.close()


async def _job_of(connection: asyncpg.Connection, batch_id: int) -> asyncpg.Record:
    return await connection.fetchrow(
        "SELECT status, progress, error FROM jishi.job WHERE kind = 'ingest' AND (payload ->> 'batch')::bigint = $1"
        " ORDER BY job_id DESC LIMIT 1",
        batch_id,
    )


def exporter(road: Road) -> Worker:
    """A worker for exports alone, so that neither they nor deliveries wait for each other."""

    async def export(
        payload: Mapping[str, Any], report: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> Mapping[str, Any]:
        from jishi.delivery.bulk import run_export

        return {"status": await run_export(road.settings, UUID(str(payload["export"])))}

    async def give_up(payload: Mapping[str, Any], error: JishiError) -> None:
        from jishi.delivery.bulk import give_up_export

        await give_up_export(road.settings, UUID(str(payload["export"])), error)

    return Worker(road.url, {"export": export}, road.settings.lease_s, give_up={"export": give_up})


def checker(road: Road) -> Worker:
    """A worker for checks of edited rows and for rows read once more: a steward waits for them, so they wait for no
    delivery."""

    async def check(
        payload: Mapping[str, Any], report: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> Mapping[str, Any]:
        from jishi_ingest.checking import run_check

        return {"status": await run_check(road, int(payload["check"]))}

    async def give_up(payload: Mapping[str, Any], error: JishiError) -> None:
        from jishi_ingest.checking import give_up_check

        await give_up_check(road, int(payload["check"]), error)

    async def reread(
        payload: Mapping[str, Any], report: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> Mapping[str, Any]:
        from jishi_ingest.rereading import run_reading

        return {"status": await run_reading(road, int(payload["reading"]))}

    async def give_up_reading(payload: Mapping[str, Any], error: JishiError) -> None:
        from jishi_ingest import rereading

        await rereading.give_up_reading(road, int(payload["reading"]), error)

    kinds, given_up = {"check": check, "reread": reread}, {"check": give_up, "reread": give_up_reading}
    return Worker(road.url, kinds, road.settings.lease_s, give_up=given_up)


def bulk_repairer(road: Road) -> Worker:
    """A worker for bulk repairs and their trials alone; what they send down the road waits its turn there."""

    async def bulk(
        payload: Mapping[str, Any], report: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> Mapping[str, Any]:
        from jishi_ingest.bulk_repairing import run_bulk

        return {"status": await run_bulk(road, int(payload["bulk"]))}

    async def give_up(payload: Mapping[str, Any], error: JishiError) -> None:
        from jishi_ingest.bulk_repairing import give_up_bulk

        await give_up_bulk(road, int(payload["bulk"]), error)

    return Worker(road.url, {"bulk": bulk}, road.settings.lease_s, give_up={"bulk": give_up})


def worker(road: Road) -> Worker:
    """A worker that knows every kind of job on the road in."""

    async def give_up(payload: Mapping[str, Any], error: JishiError) -> None:
        from jishi_ingest.pipeline import abandon

        await abandon(road, int(payload["batch"]), error)

    async def leave(payload: Mapping[str, Any], error: JishiError) -> None:
        from jishi.golden.regrouping import give_up as give_up_regrouping

        connection = await connect(road.url, application="jishi-regroup")
        try:
            await give_up_regrouping(connection, int(payload["regrouping"]), error)
        finally:
            await connection.close()

    async def give_up_repair(payload: Mapping[str, Any], error: JishiError) -> None:
        from jishi_ingest.repairs import give_up_repair

        await give_up_repair(road, int(payload["repair"]), error)

    async def give_up_preview(payload: Mapping[str, Any], error: JishiError) -> None:
        from jishi_ingest.previewing import give_up_preview

        await give_up_preview(road, int(payload["preview"]), error)

    given_up = {"ingest": give_up, "repair": give_up_repair, "preview": give_up_preview, "regroup": leave}
    return Worker(road.url, handlers(road), road.settings.lease_s, give_up=given_up)


def handlers(road: Road) -> dict[str, Handler]:
    async def ingest(
        payload: Mapping[str, Any], report: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> Mapping[str, Any]:
        from jishi_ingest.pipeline import abandon, travel

        batch_id = int(payload["batch"])
        try:
            result = await travel(road, batch_id, report, release=bool(payload.get("release")))
        except Exception as error:
            if not lost_database(error):
                await abandon(road, batch_id, error)
            raise
        return {"status": result.status}

    async def repair(
        payload: Mapping[str, Any], report: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> Mapping[str, Any]:
        from jishi_ingest.repairs import give_up_repair, land_repair

        repair_id = int(payload["repair"])
        try:
            batch_id = await land_repair(road, repair_id)
        except Exception as error:
            if not lost_database(error):
                await give_up_repair(road, repair_id, error)
            raise
        return {"status": "cancelled"} if batch_id is None else await ingest({"batch": batch_id}, report)

    async def turn(
        payload: Mapping[str, Any], report: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> Mapping[str, Any]:
        from jishi.golden.turn import turn_all

        connection = await connect(road.url, application="jishi-turn")
        try:
            return {"changes": await turn_all(connection)}
        finally:
            await connection.close()

    async def purge(
        payload: Mapping[str, Any], report: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> Mapping[str, Any]:
        from jishi_ingest.purge import purge as purge_landing

        return asdict(await purge_landing(road))

    async def fetch(
        payload: Mapping[str, Any], report: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> Mapping[str, Any]:
        source = source_of(road, str(payload["source"]))
        return {"batches": await collect(road, source)}

    async def regroup(
        payload: Mapping[str, Any], report: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> Mapping[str, Any]:
        from jishi.golden.regrouping import carry_out

        connection = await connect(road.url, application="jishi-regroup")
        try:
            return {"status": await carry_out(connection, int(payload["regrouping"]), road.city.timezone)}
        finally:
            await connection.close()

    async def preview(
        payload: Mapping[str, Any], report: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> Mapping[str, Any]:
        from jishi_ingest.previewing import run_preview

        return {"status": await run_preview(road, int(payload["preview"]), report)}

    async def report_batches(
        payload: Mapping[str, Any], report: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> Mapping[str, Any]:
        from jishi_ingest.reports import make_reports

        return await make_reports(road, report)

    async def charts(
        payload: Mapping[str, Any], report: Callable[[Mapping[str, Any]], Awaitable[None]]
    ) -> Mapping[str, Any]:
        from jishi_ingest.reports import make_charts

        return await make_charts(road)

    about_batches = {"report": report_batches, "charts": charts}
    on_the_road = {"ingest": ingest, "repair": repair, "preview": preview, "regroup": regroup}
    return {**on_the_road, **about_batches, "turn": turn, "purge": purge, "fetch": fetch}
