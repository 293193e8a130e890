"""A deployment whose worker and database can be killed at a chosen stage of a batch: holds, watches, compares.

Runs are paused with locks that the test holds, so that product code knows nothing of it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from jishi.settings import Settings
from jishi.storage import cluster, engine
from jishi_ingest.road import Road
from jishi_ingest.run import finish, source_of, submit

ROWS = 2_500
PATIENCE_S = 120
RUNS = "jishi-batch-%"
"""How sessions that work on a batch are called."""
SOURCE = """
id = "{id}"
title = "测试"
title_en = "Test"
department = "113205000000900347"
register = "legal_entity"
rank = {rank}
key = ["key"]
mode = "full"
absence = "end"

[thresholds]
max_endings_share = 1.0

[map]
entity_name = {{ from = "name", as = "entity_name" }}
uscc = {{ from = "code", as = "uscc" }}
city = {{ from = "city" }}
"""


@dataclass(frozen=True)
class Stage:
    """Where a run is stopped: ``lock`` is taken before it begins, or once it waits for the lock ``via``; without a lock the
    run is caught in passing when its job has come to ``after``. ``by``: what the session is called that waits there."""

    name: str
    lock: str | None  # None: nothing is held, the run is caught in passing
    after: str | None = None
    via: str | None = None
    by: str = RUNS


CLOCK = "LOCK TABLE jishi.register_state IN ACCESS EXCLUSIVE MODE"

STAGES = [
    Stage("taken", "LOCK TABLE jishi.ruleset IN ACCESS EXCLUSIVE MODE"),
    Stage("reading", "LOCK TABLE jishi.legal_entity_link IN ACCESS EXCLUSIVE MODE"),
    Stage("validating", None, "validate"),
    Stage("clock", CLOCK),
    Stage("contributions", "LOCK TABLE jishi.legal_entity_contribution IN SHARE MODE"),
    Stage("links", "LOCK TABLE jishi.legal_entity_link IN SHARE MODE"),
    Stage("identifiers", "LOCK TABLE jishi.identifier IN SHARE MODE"),
    Stage("versions", "LOCK TABLE jishi.legal_entity_version IN SHARE MODE"),
    Stage("golden", "LOCK TABLE jishi.legal_entity IN SHARE MODE"),
    Stage("changes", "LOCK TABLE jishi.change IN SHARE MODE"),
    Stage("quarantine", "LOCK TABLE jishi.quarantine IN SHARE MODE"),
    Stage("ledger", "SELECT FROM jishi.batch WHERE status = 'running' FOR UPDATE", via=CLOCK),
]
BY_NAME = {stage.name: stage for stage in STAGES}


@dataclass
class Site:
    """A deployment whose workers are processes of their own."""

    settings: Settings
    deliveries: list[Path]
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return cluster.url(self.settings)

    def start(self) -> subprocess.Popen[bytes]:
        home = {"JISHI_HOME": str(self.settings.home_dir), "JISHI_STATE": str(self.settings.state_dir)}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JISHI_")} | home
        environment |= {"JISHI_CHUNK_ROWS": "1000", "JISHI_LEASE_S": "5"}
        if self.settings.database_url is not None:
            environment["JISHI_DATABASE_URL"] = self.settings.database_url
        log = (self.settings.home_dir / f"worker-{len(self.workers)}.log").open("wb")
        with log:
            worker = subprocess.Popen(
                [str(Path(sys.executable).with_name("jishi")), "work"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.workers.append(worker)
        return worker

    def logs(self) -> str:
        files = sorted(self.settings.home_dir.glob("worker-*.log"))
        return "\n".join(f"{file.name}:\n{file.read_text(errors='replace')[-3000:]}" for file in files)

    async def submit(self, file: Path, source: str = "tiny") -> int:
        road = Road.open(self.settings)
        return await submit(road, source_of(road, source), file)

    async def in_process(self, file: Path) -> dict[str, Any]:
        road = Road.open(self.settings)
        return await finish(road, await submit(road, source_of(road, "tiny"), file), lambda progress: None)

    async def until_done(self, *batches: int) -> list[dict[str, Any]]:
        """Wait for the jobs of the batches, whatever happens to the database meanwhile; the jobs."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        jobs: list[dict[str, Any]] = []
        while asyncio.get_running_loop().time() < deadline:
            with suppress(Exception):
                jobs = await ask(
                    self.url,
                    "SELECT * FROM jishi.job WHERE kind = 'ingest' AND (payload ->> 'batch')::bigint = ANY($1::bigint[])"
                    " ORDER BY job_id",
                    list(batches),
                )
                if jobs and all(job["status"] in ("done", "failed") for job in jobs):
                    assert [job["status"] for job in jobs] == ["done"] * len(batches), (jobs, self.logs())
                    return jobs
            await asyncio.sleep(0.1)
        pytest.fail(f"the batches did not end: {jobs}\n{self.logs()}")

    async def until(self, query: str, *values: object) -> None:
        """Until the query finds something."""
        await _until(self, query, *values)

    async def until_over(self, *kinds: str) -> None:
        """Until no job of these kinds waits or runs; every one came to a good end."""
        jobs = "FROM jishi.job WHERE kind = ANY($1::text[])"
        await self.until(f"SELECT WHERE NOT EXISTS (SELECT {jobs} AND status IN ('queued', 'running'))", list(kinds))
        failed = await ask(self.url, f"SELECT kind, error {jobs} AND status = 'failed'", list(kinds))
        assert failed == [], self.logs()

    async def sweeps(self) -> int:
        """Number of the newest job that a worker gives itself at its start."""
        return int(
            (await ask(self.url, "SELECT coalesce(max(job_id), 0) AS n FROM jishi.job WHERE kind = 'purge'"))[0]["n"]
        )

    async def until_swept(self, before: int) -> None:
        """Until the worker started last has done what it does at its start, which takes locks of its own; ``before``: what
        :meth:`sweeps` said before it was started."""
        await _until(self, "SELECT FROM jishi.job WHERE kind = 'purge' AND status = 'done' AND job_id > $1", before)


async def ask(url: str, query: str, *values: object) -> list[dict[str, Any]]:
    connection = await engine.connect(url, application="test")
    try:
        return [dict(row) for row in await connection.fetch(query, *values)]
    finally:
        await connection.close()


@asynccontextmanager
async def caught(site: Site, stage: Stage, file: Path | Callable[[], Awaitable[object]] | None) -> AsyncIterator[int]:
    """Submit ``file``, or by calling it (None: take the batch that is queued); yield the batch's number while a run stands
    at the stage."""
    connection = await engine.connect(site.url, application="test-lock")
    earlier = await engine.connect(site.url, application="test-lock")
    try:
        transaction = connection.transaction()
        if stage.via is not None:
            await earlier.execute(f"BEGIN; {stage.via}")
        elif stage.lock is not None and stage.after is None:
            await transaction.start()
            await connection.execute(stage.lock)
        if isinstance(file, Path):
            await site.submit(file)
        elif file is not None:
            await file()
        batch = (await ask(site.url, "SELECT max(batch_id) AS n FROM jishi.batch"))[0]["n"]
        if stage.after is not None:
            await _reach(site, batch, stage.after)
        if stage.via is not None:
            await _blocked(site, earlier, RUNS)
            await transaction.start()
            assert stage.lock is not None
            found = await connection.fetch(stage.lock)
            assert found or stage.lock.startswith("LOCK"), "there is no such row"
            await earlier.execute("ROLLBACK")
        if stage.lock is not None:
            await _blocked(site, connection, stage.by)
        yield batch
        if not connection.is_closed() and connection.is_in_transaction():
            with suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                await transaction.rollback()
    finally:
        connection.terminate()
        earlier.terminate()


@asynccontextmanager
async def caught_after_commit(site: Site) -> AsyncIterator[None]:
    """While the newest batch is published, and its job does not know it yet."""
    ledger = await engine.connect(site.url, application="test-lock")
    job = await engine.connect(site.url, application="test-lock")
    try:
        batch = await ledger.fetchval("SELECT max(batch_id) FROM jishi.batch")
        await _reach(site, batch, "read")
        await ledger.execute("BEGIN")
        await ledger.fetch("SELECT FROM jishi.batch WHERE batch_id = $1 FOR UPDATE", batch)
        await _blocked(site, ledger, RUNS)
        await job.execute("BEGIN")
        await job.fetch("SELECT FROM jishi.job WHERE (payload ->> 'batch')::bigint = $1 FOR UPDATE", batch)
        await ledger.execute("ROLLBACK")
        await _blocked(site, job, "jishi-worker")
        yield
        # the server would finish a dead client's statement as soon as the lock is gone
        await ledger.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'jishi-worker'"
        )
    finally:
        ledger.terminate()
        job.terminate()


@asynccontextmanager
async def caught_untold(
    site: Site, last: Stage, submit: Callable[[], Awaitable[object]] | None, kind: str
) -> AsyncIterator[None]:
    """While what ``last`` stood before is committed, and its job, the one of that kind that runs, does not know it yet."""
    job = await engine.connect(site.url, application="test-lock")
    try:
        async with caught(site, last, submit):
            await job.execute("BEGIN")
            running = "SELECT FROM jishi.job WHERE kind = $1 AND status = 'running' FOR UPDATE"
            assert len(await job.fetch(running, kind)) == 1
        await _blocked(site, job, "jishi-worker")
        yield
        # as above
        await job.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name = 'jishi-worker' AND datname = current_database()"
        )
    finally:
        job.terminate()


async def _reach(site: Site, batch: int, step: str) -> None:
    """Until the batch's run is at ``step``."""
    await _until(
        site,
        "SELECT FROM jishi.job WHERE (payload ->> 'batch')::bigint = $1 AND status = 'running'"
        " AND progress ->> 'step' = $2 AND attempts = (SELECT max(attempts) FROM jishi.job WHERE status = 'running')"
        " AND EXISTS (SELECT FROM pg_stat_activity WHERE application_name LIKE 'jishi-batch-%')",
        batch,
        step,
    )


async def _blocked(site: Site, holder: Any, application: str) -> None:
    """Until a connection of such a name waits for the holder's lock."""
    await _until(
        site,
        "SELECT FROM pg_stat_activity WHERE application_name LIKE $1 AND $2 = ANY(pg_blocking_pids(pid))",
        application,
        holder.get_server_pid(),
    )


async def _until(site: Site, query: str, *values: object) -> None:
    connection = await engine.connect(site.url, application="test")
    try:
        for _ in range(PATIENCE_S * 100):
            if await connection.fetchval(f"SELECT EXISTS ({query})", *values):
                return
            await asyncio.sleep(0.01)
    finally:
        await connection.close()
    pytest.fail(f"the run never came to where it was to be caught\n{site.logs()}")


async def state_of(site: Site) -> dict[str, Any]:
    """All that a run leaves behind, without clocks and random ids."""
    values = "entity_name, uscc, city"
    # a crash makes batch numbers jump: the first batch is 1, whatever its number
    nth = "(SELECT count(*) FROM jishi.batch n WHERE n.batch_id <= x.batch_id) AS nth"
    queries = {
        "golden": f"SELECT {values}, state FROM jishi.legal_entity",
        "versions": f"SELECT {values}, state FROM jishi.legal_entity_version",
        "contributions": f"SELECT {values}, ended, row_number, {nth} FROM jishi.legal_entity_contribution x",
        "links": "SELECT c.entity_name, l.method, l.ended FROM jishi.legal_entity_link l"
        " JOIN (SELECT DISTINCT contribution_id, entity_name FROM jishi.legal_entity_contribution) c"
        " USING (contribution_id)",
        "identifiers": "SELECT masked, valid_to IS NULL FROM jishi.identifier",
        "quarantine": f"SELECT {nth}, row_number, reasons::text, status FROM jishi.quarantine x",
        "changes": "SELECT g.entity_name, c.type, c.elements::text"
        " FROM jishi.change c JOIN jishi.legal_entity g USING (uid)",
        "reviews": "SELECT kind, reason FROM jishi.review",
        "ledger": f"SELECT {nth}, status, received, unchanged, inserted, updated, ended, quarantined, held, duplicate,"
        " ended_by_absence, golden_created, golden_changed, golden_ended, golden_review, reasons::text, warnings::text,"
        " last_seq, same_as FROM jishi.batch x",
    }
    found: dict[str, Any] = {
        name: Counter(tuple(row.values()) for row in await ask(site.url, query)) for name, query in queries.items()
    }
    numbers = [row["seq"] for row in await ask(site.url, "SELECT seq FROM jishi.change ORDER BY seq")]
    assert numbers == list(range(1, len(numbers) + 1))
    left = await ask(site.url, "SELECT tablename FROM pg_tables WHERE schemaname = 'stage'")
    return found | {"left behind": left}


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    for part, value in wanted.items():
        assert found[part] == value, part


def deliveries(folder: Path, code: Callable[[int], str]) -> list[Path]:
    """Three complete lists: the second changes, adds, spoils, doubles and leaves out some rows, the third is the first."""
    first = [(f"K{n}", f"测试企业{n:04d}号", code(n), "苏州") for n in range(ROWS)]
    second = [(key, name, number, "南京" if n % 50 == 0 else city) for n, (key, name, number, city) in enumerate(first)]
    second = second[25:] + [(f"K{n}", f"测试企业{n:04d}号", code(n), "常熟") for n in range(ROWS, ROWS + 50)]
    second += [second[0], ("X1", "坏码企业", "0" * 18, "苏州"), ("X2", "坏码企业", "12345", "苏州")]
    paths = []
    for number, rows in enumerate((first, second, first)):
        path = folder / f"list-{number}.csv"
        lines = ["key,name,code,city", *(",".join(row) for row in rows)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        paths.append(path)
    return paths


def make_site(settings: Settings, files: list[Path]) -> Site:
    folder = settings.home_dir / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(("tiny", "other")):
        (folder / f"{name}.toml").write_text(SOURCE.format(id=name, rank=10 + number), encoding="utf-8")
    return Site(settings, files)


def end(workers: Sequence[subprocess.Popen[bytes]]) -> None:
    for worker in workers:
        if worker.poll() is None:
            worker.kill()
        worker.wait()


def kill(worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def kill_database(settings: Settings) -> None:
    """SIGKILL to the server and every process of its own, as when the machine goes."""
    postmaster = int((settings.state_dir / "postgres" / "postmaster.pid").read_text().split()[0])
    family = [postmaster]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                after_name = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(after_name[1]) == postmaster:
                    family.append(int(entry.name))
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for _ in range(500):
        if not any(_lives(pid) for pid in family):
            return
        time.sleep(0.01)
    pytest.fail("the server's processes do not end")


def _lives(pid: int) -> bool:
    """A process that has ended and that nobody has asked after yet does not live."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
