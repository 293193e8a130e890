"""What the disclosure log costs: µs a row for one, 32 and 128 writers at once, beside the same number of empty round trips; and
what the index over subjects costs an insert and saves who asks.

Against a deployment whose database runs (``jishi db start``), in a database of its own that is dropped afterwards. fsync is as
the cluster has it: say so when quoting.

    python benchmarks/audit_write.py [--rows 1000000] [--seconds 3]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import time
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID, uuid4

from jishi.access import chain, who
from jishi.access.disclosure_log import DisclosureLog
from jishi.access.disclosures import Disclosure
from jishi.access.insert_rows import INSERT, as_group, parameters
from jishi.prepare import migrate
from jishi.settings import Settings
from jishi.storage import cluster, engine

ROUNDS = 5
SUBJECTS = 500_000
CHUNK = 5_000
_INDEX = "CREATE INDEX disclosure_subjects_idx ON jishi.disclosure USING gin (subjects) WITH (fastupdate = off)"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--seconds", type=float, default=3.0)
    args = arguments.parse_args()
    name = f"audit_{uuid.uuid4().hex[:8]}"
    server = Settings()
    admin = engine.to_database(cluster.url(server, "postgres"), "postgres")
    engine.wait(_run(admin, f"CREATE DATABASE {name} OWNER jishi_owner TEMPLATE jishi"))
    try:
        url = engine.to_database(cluster.url(server), name)
        migrate(url)
        with TemporaryDirectory() as folder:
            settings = Settings(state=Path(folder), database_url=url)
            cluster.start(settings)
            asyncio.run(measure(settings, url, args.rows, args.seconds))
    finally:
        engine.wait(_run(admin, f"DROP DATABASE {name} WITH (FORCE)"))
    return 0


async def measure(settings: Settings, url: str, rows: int, seconds: float) -> None:
    owner = await engine.connect(url)
    try:
        durable = {row["name"]: row["setting"] for row in await owner.fetch(_DURABLE)}
        print(json.dumps({"what": "cluster", **durable}))
        for subjects in (1, 100):
            for writers in (1, 32, 128):
                await _writers(settings, writers, subjects, seconds)
        await owner.execute("TRUNCATE jishi.disclosure")
        await _index(owner, rows)
    finally:
        await owner.close()


async def _writers(settings: Settings, writers: int, subjects: int, seconds: float) -> None:
    """Interleaved with the same tasks that write nothing: what is told is the difference."""
    told = _told(tuple(UUID(int=number) for number in range(subjects)))
    with_log, without = [], []
    async with DisclosureLog(settings) as log:
        await log.write(told)
        for _ in range(ROUNDS):
            with_log.append(await _pace(lambda: log.write(told), writers, seconds / ROUNDS))
            without.append(await _pace(_nothing, writers, seconds / ROUNDS))
    wall, cpu = (statistics.median(pair[place] for pair in with_log) for place in (0, 1))
    nothing = statistics.median(pair[0] for pair in without)
    figures = {"wall_us": wall, "python_cpu_us": cpu, "nothing_us": nothing}
    print(json.dumps({"what": "write", "writers": writers, "subjects": subjects, **_short(figures)}))


async def _pace(act: Any, writers: int, seconds: float) -> tuple[float, float]:
    """µs of wall and of this process's CPU for each call."""
    calls = 0
    end = time.perf_counter() + seconds

    async def go_on() -> None:
        nonlocal calls
        while time.perf_counter() < end:
            await act()
            calls += 1

    started, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(go_on() for _ in range(writers)))
    return (time.perf_counter() - started) / calls * 1e6, (time.process_time() - cpu) / calls * 1e6


async def _nothing() -> None:
    await asyncio.sleep(0)


async def _index(owner: Any, rows: int) -> None:
    """Two tables' worth of rows in turns of 50,000, with the index and without it, then who asks."""
    chance = random.Random(7)
    spent: dict[bool, list[float]] = {True: [], False: []}
    slowest: dict[bool, float] = {True: 0.0, False: 0.0}
    head, number, writer = chain.FIRST, 0, uuid4()
    turn = min(50_000, rows)
    for begun in range(0, rows, turn):
        indexed = begun // turn % 8 != 7
        if not indexed:
            await owner.execute("DROP INDEX jishi.disclosure_subjects_idx")
        for _ in range(turn // CHUNK):
            told = [_told((UUID(int=chance.randrange(SUBJECTS)),)) for _ in range(CHUNK)]
            group = as_group(1, writer, number, head, _now(), told)
            started = time.perf_counter()
            await owner.execute(INSERT, *parameters(group))
            took = time.perf_counter() - started
            spent[indexed].append(took / CHUNK * 1e6)
            slowest[indexed] = max(slowest[indexed], took * 1e3)
            head, number = group.hashes[-1], number + CHUNK
        if not indexed:
            await owner.execute(_INDEX)
    figures = {
        f"{word}_{'indexed' if indexed else 'plain'}": value
        for indexed in (True, False)
        if spent[indexed]
        for word, value in (("us_a_row", statistics.mean(spent[indexed])), ("slowest_ms", slowest[indexed]))
    }
    print(json.dumps({"what": "insert", "rows": number, "a_statement": CHUNK, **_short(figures)}))
    await _small(owner, writer, number, head, chance)
    await _ask(owner, chance)
    await owner.execute("VACUUM ANALYZE jishi.disclosure")
    await _ask(owner, chance)
    await owner.execute("DROP INDEX jishi.disclosure_subjects_idx")
    await _ask(owner, chance)


async def _small(owner: Any, writer: UUID, number: int, head: bytes, chance: random.Random) -> None:
    """Groups of 32, as requests make them."""
    took = []
    for _ in range(2000):
        told = [_told((UUID(int=chance.randrange(SUBJECTS)),)) for _ in range(32)]
        group = as_group(1, writer, number, head, _now(), told)
        started = time.perf_counter()
        await owner.execute(INSERT, *parameters(group))
        took.append((time.perf_counter() - started) * 1e3)
        head, number = group.hashes[-1], number + 32
    took.sort()
    figures = {"p50_ms": took[1000], "p99_ms": took[1980], "slowest_ms": took[-1]}
    print(json.dumps({"what": "insert of 32", "rows": number, **_short(figures)}))


async def _ask(owner: Any, chance: random.Random) -> None:
    indexed = await owner.fetchval("SELECT to_regclass('jishi.disclosure_subjects_idx') IS NOT NULL")
    took = []
    for _ in range(20):
        started = time.perf_counter()
        await who.who_saw(owner, [UUID(int=chance.randrange(SUBJECTS))])
        took.append((time.perf_counter() - started) * 1e3)
    size = await owner.fetchval("SELECT sum(pg_relation_size(relid)) FROM pg_partition_tree('jishi.disclosure')")
    at = {"median_ms": statistics.median(took), "slowest_ms": max(took)}
    print(json.dumps({"what": "who", "indexed": indexed, "table_mb": int(size) >> 20, **_short(at)}))


def _now() -> datetime:
    return datetime.now(UTC)


def _told(subjects: tuple[UUID, ...]) -> Disclosure:
    return replace(_ONE, subjects=subjects, request_id=uuid4())


def _short(figures: dict[str, float]) -> dict[str, float]:
    return {name: round(value, 2) for name, value in figures.items()}


async def _run(url: str, statement: str) -> None:
    connection = await engine.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


_DURABLE = "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'shared_buffers')"
_ONE = Disclosure(
    request_id=UUID(int=0),
    channel="api",
    act="item",
    caller_kind="client",
    caller="c-0123456789abcdef",
    department="11320500000090018H",
    grant_id=7,
    purpose="visit",
    case_no="A-1",
    register=1,
    masked=("mobile", "address"),
    clear=("name", "birth_date", "sex_code"),
    subjects=(),
    misses=0,
    query_digest=bytes(32),
    result="ok",
)


if __name__ == "__main__":
    raise SystemExit(main())
