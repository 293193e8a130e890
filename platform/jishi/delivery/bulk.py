"""Carries out an export: its subjects into the log, its rows by COPY into an encrypted file (disclose, respond).

Order: a row that it was begun; the uids of all its subjects, a row a chunk, and meanwhile the bytes, both of one snapshot; a
row that it is done. The file is there, and can be fetched, only after all of it, so no byte leaves before the row that tells
of it is durable. A run that is killed leaves rows too many and no file; the next one begins from scratch.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from asyncpg.pgproto.pgproto import UUID as _Uid  # the driver's own, made in a sixth of the time

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
        readers = [await connect(url, application="jishi-export-reader") for _ in range(2)]
        try:
            return await _through(settings, connection, readers, export)
        finally:
            for reader in readers:
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


async def _through(
    settings: Settings, connection: Connection[Any], readers: Sequence[Connection[Any]], export: Export
) -> str:
    """Run it until it is done, fails or is called off."""
    work = asyncio.create_task(_make(settings, connection, readers, export))
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
        if await watch_on.fetchval(_STATUS, export.export_id) != "running":  # its draft was cleared away from under it
            return "cancelled"
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
        if await connection.fetchval(_STATUS, export_id) != "running":
            return


async def _make(
    settings: Settings, connection: Connection[Any], readers: Sequence[Connection[Any]], export: Export
) -> str:
    keys = load_or_create(settings.key_path)
    reading = await planner()(connection, settings, export)
    async with DisclosureLog(settings) as log:
        run = _Run(settings, keys, log, export, reading)
        await run.disclose("started")
        try:
            outcome = await _take(run, connection, *readers)
        except BaseException:
            with suppress(JishiError):
                await run.disclose("failed")
            raise
        await run.disclose("done")
    if not await export_store.finish(connection, export.export_id, outcome, settings.export_hours):
        remove_file(settings, export.export_id)
        return "cancelled"
    return "done"


async def _take(run: _Run, connection: Connection[Any], first: Connection[Any], second: Connection[Any]) -> Outcome:
    """Uids into the log by one reader, rows into the file by the other, both of one snapshot. Its transactions end with the
    readers' connections: one that was called off amid a COPY could not be told to roll back."""
    await first.execute(_SNAPSHOT)
    seq = await first.fetchval(_HEIGHT, run.reading.register.number) or 0
    taken_at: datetime = await first.fetchval("SELECT now()")
    snapshot = await first.fetchval("SELECT pg_export_snapshot()")
    await second.execute(_SNAPSHOT)
    await second.execute(await first.fetchval("SELECT format('SET TRANSACTION SNAPSHOT %L', $1::text)", snapshot))
    for reader in (first, second):
        await reader.execute("SET LOCAL max_parallel_workers_per_gather = 0")
    await _charge(run, connection, first)
    disclosing = asyncio.create_task(_disclose_all(run, connection, first))
    try:
        with SealedWriter(path_of(run.settings, run.export.export_id), run.keys, run.settings.cipher) as file:
            await _write(run, second, file)
            rows = await disclosing  # the file appears only where all of it is told
    finally:
        disclosing.cancel()
        await asyncio.gather(disclosing, return_exceptions=True)
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
    """Every subject, a chunk a row; how many. They come as the bytes of COPY: a record a uid would take longer than the log."""
    uids = _Uids()

    async def tell(chunk: tuple[UUID, ...]) -> None:
        await run.disclose("chunk", chunk)
        if watched := run.reading.watched.intersection(chunk) if run.reading.watched else ():
            await protection.alert(connection, sorted(watched), run.export.client_id, run.export.request_id)

    async def take(data: bytes) -> None:
        uids.add(data)
        while uids.waiting >= CHUNK:
            await tell(uids.next(CHUNK))

    await reader.copy_from_query(run.reading.keys, *run.reading.values, output=take, format="binary")
    if uids.waiting:
        await tell(uids.next(CHUNK))
    return uids.taken


class _Uids:
    """Reads uids, one a tuple, from what COPY sends in its binary form: a head of 19 bytes; of each tuple the number of its
    fields, the length of the field and the field; the number -1 at the end."""

    HEAD, TUPLE, LEAD = 19, 22, 6

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._head = self.HEAD
        self.taken = 0

    @property
    def waiting(self) -> int:
        """Whole tuples that were not taken yet."""
        return len(self._bytes) // self.TUPLE

    def add(self, data: bytes) -> None:
        self._bytes += data
        if self._head and len(self._bytes) >= self._head:
            del self._bytes[: self._head]
            self._head = 0

    def next(self, most: int) -> tuple[UUID, ...]:
        end = min(self.waiting, most) * self.TUPLE
        part = bytes(self._bytes[:end])
        del self._bytes[:end]
        found = tuple([_Uid(part[at + self.LEAD : at + self.TUPLE]) for at in range(0, end, self.TUPLE)])
        self.taken += len(found)
        return found


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


_STATUS = "SELECT status FROM jishi.export WHERE export_id = $1"

_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

_HEIGHT = "SELECT last_seq FROM jishi.register_state WHERE register = $1"

_COUNT = "SELECT count(*) FROM ({keys}) q"
