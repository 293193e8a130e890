"""Carries out an export: disclosed first, then read in one snapshot by COPY into an encrypted file (disclose, respond).

Order: a row that it was begun; the uids of all its subjects, a row a chunk; the bytes; a row that it is done. The file can
be fetched only after all of it, so no byte leaves before the row that tells of it is durable. A run that is killed leaves
rows too many and no file; the next one begins from scratch.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from jishi.access import protection
from jishi.access.disclosure_log import DisclosureLog
from jishi.access.disclosures import Disclosure, digest_of
from jishi.access.quotas import TAKE
from jishi.delivery import export_store
from jishi.delivery.export_store import Export, Outcome, path_of, remove_file
from jishi.delivery.reading import Reading, planner
from jishi.errors import CallerError, JishiError
from jishi.identifiers.keys import Keys, Use, load_or_create
from jishi.identifiers.sealed_file import SealedWriter
from jishi.identifiers.sealing import Sealer
from jishi.jobs.work import lost_database
from jishi.settings import Settings, load_city
from jishi.storage import cluster, roles
from jishi.storage.engine import connect

if TYPE_CHECKING:
    from asyncpg import Connection

    from jishi.delivery.bulk_table import Tables

CHUNK = 10_000
"""Subjects of one disclosure row."""

WATCH_S = 1.0
"""How often it is looked whether the export was called off."""

JSON_LINES = {"delimiter": "\x02", "quote": "\x01"}
"""Neither can stand in JSON, which escapes them; so each line is one column that nothing is done to."""


@dataclass(frozen=True)
class _Run:
    settings: Settings
    keys: Keys
    log: DisclosureLog
    export: Export
    reading: Reading

    async def disclose(self, result: str, subjects: tuple[UUID, ...] = ()) -> None:
        e, r = self.export, self.reading
        question = [str(e.export_id), e.format, e.request]
        await self.log.write(
            Disclosure(
                request_id=e.request_id,
                channel="export",
                act="export",
                caller_kind="client",
                caller=e.client_id,
                department=r.department,
                grant_id=e.grant_id,
                purpose=e.purpose,
                case_no=e.case_no,
                register=e.register,
                masked=r.masked if subjects else (),
                clear=r.clear if subjects else (),
                subjects=subjects,
                misses=0,
                query_digest=digest_of(self.keys.key(Use.QUERY, detail="disclosure"), question),
                result=result,
            )
        )


async def run_export(settings: Settings, export_id: UUID) -> str:
    """Make the export's file; its status afterwards. What makes it impossible is written on its row, a lost database raised."""
    url = cluster.url(settings, roles.API)
    connection = await connect(url, application="jishi-export")
    try:
        export = await export_store.begin(connection, export_id)
        if export is None:
            return "cancelled"
        remove_file(settings, export_id)
        settings.exports_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        reader = await connect(url, application="jishi-export-reader")
        try:
            return await _through(settings, connection, reader, export)
        finally:
            reader.terminate()
    finally:
        connection.terminate()


async def give_up_export(settings: Settings, export_id: UUID, error: JishiError) -> None:
    """It is not begun once more: its runs never came to an end."""
    connection = await connect(cluster.url(settings, roles.API), application="jishi-export")
    try:
        await export_store.fail(connection, export_id, error.code)
    finally:
        await connection.close()
    remove_file(settings, export_id)


async def _through(settings: Settings, connection: Connection[Any], reader: Connection[Any], export: Export) -> str:
    """Run it until it is done, fails or is called off."""
    work = asyncio.create_task(_make(settings, connection, reader, export))
    watch_on = await connect(cluster.url(settings, roles.API), application="jishi-export-watch")
    watch = asyncio.create_task(_called_off(watch_on, export.export_id))
    try:
        await asyncio.wait((work, watch), return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            with suppress(asyncio.CancelledError):
                await work
            return "cancelled"
        return work.result()
    except Exception as error:
        if lost_database(error):
            raise
        code = error.code if isinstance(error, JishiError) else "JOB-FAILED"
        await export_store.fail(watch_on, export.export_id, code)
        if not isinstance(error, CallerError):
            raise
        return "failed"
    finally:
        for task in (work, watch):
            task.cancel()
        watch_on.terminate()


async def _called_off(connection: Connection[Any], export_id: UUID) -> None:
    """Returns when the export is no longer to be made."""
    while True:
        await asyncio.sleep(WATCH_S)
        if await connection.fetchval("SELECT status FROM jishi.export WHERE export_id = $1", export_id) != "running":
            return


async def _make(settings: Settings, connection: Connection[Any], reader: Connection[Any], export: Export) -> str:
    keys = load_or_create(settings.key_path)
    reading = await planner()(connection, settings, export)
    async with DisclosureLog(settings) as log:
        run = _Run(settings, keys, log, export, reading)
        await run.disclose("started")
        try:
            outcome = await _take(run, connection, reader)
        except BaseException:
            with suppress(JishiError):
                await run.disclose("failed")
            raise
        await run.disclose("done")
    if not await export_store.finish(connection, export.export_id, outcome, settings.export_hours):
        remove_file(settings, export.export_id)
        return "cancelled"
    return "done"


async def _take(run: _Run, connection: Connection[Any], reader: Connection[Any]) -> Outcome:
    """Uids into the log, rows into the file, both of one snapshot."""
    async with reader.transaction(isolation="repeatable_read", readonly=True):
        await reader.execute("SET LOCAL max_parallel_workers_per_gather = 0")
        seq = await reader.fetchval(_HEIGHT, run.reading.register.number) or 0
        taken_at: datetime = await reader.fetchval("SELECT now()")
        await _charge(run, connection, reader)
        rows = await _disclose_all(run, connection, reader)
        with SealedWriter(path_of(run.settings, run.export.export_id), run.keys, run.settings.cipher) as file:
            await _write(run, reader, file)
    return Outcome(rows, file.size, bytes.fromhex(file.sha256), seq, taken_at)


async def _charge(run: _Run, connection: Connection[Any], reader: Connection[Any]) -> None:
    """All subjects at once, before the first is read; what an earlier run took counts."""
    grant = run.reading.grant
    if grant.quota_per_day is None:
        return
    wanted = await reader.fetchval(_COUNT.format(keys=run.reading.keys), *run.reading.values)
    more = max(0, wanted - run.export.charged)
    today = datetime.now(ZoneInfo(load_city(run.settings).timezone)).date()
    async with connection.transaction():
        if more and await connection.fetchval(TAKE, grant.grant_id, today, more, grant.quota_per_day) is None:
            raise CallerError("QRY-EXPORT-QUOTA", subjects=wanted)
        await export_store.charge(connection, run.export.export_id, run.export.charged + more)


async def _disclose_all(run: _Run, connection: Connection[Any], reader: Connection[Any]) -> int:
    """Every subject, a chunk a row; how many."""
    rows = 0
    cursor = await reader.cursor(run.reading.keys, *run.reading.values)
    while found := await cursor.fetch(CHUNK):
        uids = tuple(row["uid"] for row in found)
        await run.disclose("chunk", uids)
        if watched := [uid for uid in uids if uid in run.reading.watched]:
            await protection.alert(connection, watched, run.export.client_id, run.export.request_id)
        rows += len(uids)
    return rows


async def _write(run: _Run, reader: Connection[Any], file: SealedWriter) -> None:
    """The rows as the database writes them, or by way of a table where numbers are opened or the format is one."""
    reading, form = run.reading, run.export.format
    if not reading.fields:
        lines: dict[str, Any] = {"header": True} if form == "csv" else JSON_LINES

        async def sink(data: bytes) -> None:
            file.write(data)

        await reader.copy_from_query(reading.rows, *reading.values, output=sink, format="csv", **lines)
        return
    tables = (await asyncio.to_thread(_tables))(reading, form, file, Sealer(run.keys, run.settings.cipher))
    async with tables.feeding() as take:
        await reader.copy_from_query(reading.rows, *reading.values, output=take, format="csv")


def _tables() -> type[Tables]:
    """pyarrow and Polars are the worker's alone, and take a moment."""
    from jishi.delivery.bulk_table import Tables

    return Tables


_HEIGHT = "SELECT last_seq FROM jishi.register_state WHERE register = $1"

_COUNT = "SELECT count(*) FROM ({keys}) q"
