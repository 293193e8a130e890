"""The private PostgreSQL: made, started, killed, stopped; two side by side; a locale without Chinese refused."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from jishi.errors import InternalError
from jishi.settings import Settings
from jishi.storage import cluster, database, engine
from jishi.storage.postmaster import running_pid

SMALL = {"shared_buffers": "32MB", "fsync": "off"}
#: Statements whose errors quote a value, a key or themselves.
LEAKY = (
    "SELECT 'seeded-value'::date",
    "CREATE TABLE jishi.leak (n text PRIMARY KEY)",
    "INSERT INTO jishi.leak VALUES ('seeded-value'), ('seeded-value')",
    "SELECT seeded-value",
)


@pytest.fixture
def own(own_state: Path) -> Settings:
    return Settings(state=own_state)


async def _one(url: str, query: str) -> object:
    connection = await engine.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def _do(url: str, statement: str) -> None:
    connection = await engine.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _ask(url: str, query: str) -> object:
    return engine.wait(_one(url, query))


def test_a_cluster_starts_twice_stops_once_and_keeps_its_url(own: Settings) -> None:
    first = cluster.start(own, overrides=SMALL)
    assert cluster.is_running(own)
    assert cluster.start(own) == first
    assert cluster.stop(own)
    assert not cluster.is_running(own)
    assert not cluster.stop(own)
    assert cluster.start(own, overrides=SMALL) == first


def test_what_was_committed_survives_a_killed_server(own: Settings) -> None:
    url = cluster.start(own, overrides={"shared_buffers": "32MB"})
    engine.wait(_do(url, "CREATE TABLE jishi.kept AS SELECT 7 AS n"))
    busy = subprocess.Popen(
        [sys.executable, "-c", "import asyncio, sys, asyncpg\nasync def f():\n c = await asyncpg.connect(sys.argv[1])\n"
         " await c.execute('SELECT pg_sleep(60)')\nasyncio.run(f())", url],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    time.sleep(1)
    pid = running_pid(own.state_dir / "postgres")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert busy.wait(30) != 0
    assert not cluster.is_running(own)
    assert _ask(cluster.start(own, overrides=SMALL), "SELECT n FROM jishi.kept") == 7


def test_a_pid_another_process_bears_by_now_stops_no_start(own: Settings) -> None:
    cluster.start(own, overrides=SMALL)
    cluster.stop(own)
    stale = own.state_dir / "postgres" / "postmaster.pid"
    stale.write_text(f"{os.getppid()}\n{stale.parent}\n", encoding="ascii")
    assert not cluster.is_running(own)
    assert _ask(cluster.start(own, overrides=SMALL), "SELECT 1") == 1


def test_processes_that_start_at_once_share_one_server(own: Settings) -> None:
    with ThreadPoolExecutor(3) as threads:
        urls = set(threads.map(lambda _: cluster.start(own, overrides=SMALL), range(3)))
    assert len(urls) == 1
    assert _ask(urls.pop(), "SELECT 1") == 1


def test_two_states_run_side_by_side(own: Settings, server: Settings) -> None:
    mine, other = cluster.start(own, overrides=SMALL), cluster.url(server)
    ports = [json.loads((s.state_dir / "postgres.json").read_text())["port"] for s in (own, server)]
    assert ports[0] != ports[1]
    assert _ask(mine, "SELECT current_database()") == _ask(other, "SELECT current_database()") == "jishi"
    with pytest.raises(InternalError, match="STO-CONNECT"):
        _ask(mine.replace(f"port={ports[0]}", f"port={ports[1]}"), "SELECT 1")


def test_a_long_state_path_moves_the_socket_to_a_short_folder(own_state: Path) -> None:
    state = own_state / ("long" * 25)
    settings = Settings(state=state)
    try:
        assert _ask(cluster.start(settings, overrides=SMALL), "SELECT 1") == 1
        sockets = Path(json.loads((state / "postgres.json").read_text())["socket"])
        assert sockets.parent == Path("/tmp")
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    finally:
        cluster.stop(settings, immediate=True)
        subprocess.run(["rm", "-rf", str(sockets)], check=True)


def test_only_the_owner_reads_keys_data_and_sockets(server: Settings) -> None:
    state = server.state_dir
    for name, mode in (("keys", 0o700), ("keys/database.json", 0o600), ("postgres", 0o700), ("run", 0o700)):
        assert stat.S_IMODE((state / name).stat().st_mode) == mode, name


def test_a_wrong_password_is_refused_on_socket_and_loopback(server: Settings) -> None:
    url = cluster.url(server)
    password = url.split("@")[0].rpartition(":")[2]
    port = json.loads((server.state_dir / "postgres.json").read_text())["port"]
    for wrong in (url.replace(password, "wrong"), f"postgresql://jishi_owner:wrong@127.0.0.1:{port}/jishi"):
        with pytest.raises(InternalError, match="STO-CONNECT"):
            _ask(wrong, "SELECT 1")
    assert _ask(f"postgresql://jishi_owner:{password}@127.0.0.1:{port}/jishi", "SELECT 1") == 1


def test_a_made_cluster_without_its_passwords_says_so(own: Settings) -> None:
    cluster.start(own, overrides=SMALL)
    cluster.stop(own)
    (own.state_dir / "keys" / "database.json").unlink()
    with pytest.raises(InternalError, match="STO-KEYS"):
        cluster.start(own)


def test_the_server_log_holds_no_value_of_a_row(own: Settings) -> None:
    url = cluster.start(own, overrides=SMALL)
    for statement in LEAKY:
        with suppress(asyncpg.PostgresError):
            engine.wait(_do(url, statement))
    cluster.stop(own)
    logs = [*(own.state_dir / "postgres" / "log").iterdir(), own.state_dir / "postgres" / "startup.log"]
    assert any("shut down" in log.read_text() for log in logs)
    assert not any("seeded" in log.read_text() for log in logs)


def test_a_locale_without_chinese_letters_is_refused(server: Settings) -> None:
    admin = engine.to_database(cluster.url(server, "postgres"), "postgres")
    name = f"plain_{uuid.uuid4().hex[:8]}"
    engine.wait(_do(admin, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'"))
    try:
        with pytest.raises(InternalError, match="STO-LOCALE"):
            engine.wait(database.equip(engine.to_database(admin, name), owner="jishi_owner"))
    finally:
        engine.wait(_do(admin, f"DROP DATABASE {name}"))


def test_another_encoding_is_refused(server: Settings) -> None:
    admin = engine.to_database(cluster.url(server, "postgres"), "postgres")
    name = f"latin_{uuid.uuid4().hex[:8]}"
    engine.wait(_do(admin, f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'"))
    try:
        with pytest.raises(InternalError, match="STO-ENCODING"):
            engine.wait(database.equip(engine.to_database(admin, name), owner="jishi_owner"))
    finally:
        engine.wait(_do(admin, f"DROP DATABASE {name}"))


def test_a_foreign_database_is_used_and_nothing_is_started(settings: Settings) -> None:
    assert cluster.start(settings) == settings.database_url
    assert cluster.is_running(settings)
    assert not (settings.state_dir / "postgres").exists()
    assert not cluster.stop(settings)
    assert _ask(cluster.url(settings, "jishi_api"), "SELECT current_user") == "jishi_api"
    lost = Settings(state=settings.state, database_url="postgresql://nobody@127.0.0.1:9/none")
    assert not cluster.is_running(lost)
