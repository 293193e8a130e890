"""One private PostgreSQL for the whole test run, a fresh migrated database for each test that asks for one.

The run's first test that needs the server makes it, under a lock, for all xdist workers; the process that started the
run stops it, and a watchdog does so where that process was killed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import settings as examples

from jishi.prepare import load_dictionaries, migrate
from jishi.settings import Settings
from jishi.storage import cluster, engine, roles
from jishi.supervise import down

_STATE = "JISHI_TEST_STATE"
_RUNNER = "JISHI_TEST_RUNNER"
_TEMPLATE = "jishi_template"
_LOADED = "jishi_template_loaded"
#: A test's database may be lost with the machine, so nothing waits for a disk; the rest is as in earnest.
_SPEED = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "256MB",
    "max_connections": "200",
}
#: Waits for the process that runs the tests to end, however it ends, then clears away what it left.
_WATCHDOG = """
import os, select, sys
from pathlib import Path
sys.path[:0] = sys.argv[3:]
from jishi.settings import Settings
from jishi.supervise import down
import shutil
try:
    select.select([os.pidfd_open(int(sys.argv[1]))], [], [])
except ProcessLookupError:
    pass
state = Path(sys.argv[2])
if state.is_dir():
    for folder in (*(inner for inner in state.iterdir() if inner.is_dir()), state):
        down(Settings(state=folder))
    shutil.rmtree(state, ignore_errors=True)
"""


examples.register_profile("shared machine", deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    examples.load_profile("shared machine")
    if not hasattr(config, "workerinput") and not os.environ.get(_STATE):
        for name in [name for name in os.environ if name.startswith("JISHI_")]:
            del os.environ[name]
        os.environ[_STATE] = str(Path(tempfile.gettempdir()) / f"jishi-test-{uuid.uuid4().hex[:8]}")
        os.environ[_RUNNER] = str(os.getpid())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long files first, so that no process waits at the end for another's."""
    items.sort(key=lambda item: _LONGEST.get(item.path.name, _LONG.get(item.path.parent.name, len(_LONG))))


_LONGEST = {"test_the_table.py": -2, "test_demo_city.py": -1}
_LONG = {"road": 0, "console": 1, "command": 2, "ogc": 3, "api": 4}


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    if os.environ.get(_RUNNER) == str(os.getpid()):
        _end(Path(os.environ[_STATE]))


@pytest.fixture(scope="session")
def server() -> Settings:
    """Settings of the run's own private cluster, started. For tests of a database take ``database`` instead."""
    state = Path(os.environ[_STATE])
    settings = Settings(state=state, home=state / "home")
    with _alone(state):
        if not cluster.is_running(settings):
            _watch(state)
        cluster.start(settings, overrides=_SPEED)
    return settings


@pytest.fixture
def own_state(server: Settings) -> Iterator[Path]:
    """State folder of one more deployment, which the database's user can enter; what runs on it is ended afterwards."""
    state = server.state_dir / f"own-{uuid.uuid4().hex[:8]}"
    yield state
    down(Settings(state=state))
    shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="session")
def template(server: Settings) -> str:
    """Name of the migrated template database, migrated by whoever comes first."""
    return _template(server, _TEMPLATE)


@pytest.fixture(scope="session")
def loaded_template(server: Settings, template: str) -> str:
    """Name of the template that holds the shipped dictionaries too."""
    return _template(server, _LOADED)


@pytest.fixture
def database(server: Settings, template: str) -> Iterator[str]:
    """The owner's URL of a fresh, migrated, empty database; dropped afterwards."""
    yield from _copy(server, template)


@pytest.fixture
def loaded_database(server: Settings, loaded_template: str) -> Iterator[str]:
    """The owner's URL of a fresh database with the shipped dictionaries loaded; dropped afterwards."""
    yield from _copy(server, loaded_template)


@pytest.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection[Any]]:
    """A connection of the owner to ``database``."""
    opened = await engine.connect(database)
    yield opened
    await opened.close()


@pytest.fixture
def settings(database: str, tmp_path: Path) -> Settings:
    """Settings of a deployment of its own: empty state and home folders, ``database`` as its database."""
    return _settings(database, tmp_path)


@pytest.fixture
def loaded_settings(loaded_database: str, tmp_path: Path) -> Settings:
    """As ``settings``, on ``loaded_database``."""
    return _settings(loaded_database, tmp_path)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real open data beside the checkout; without it the test is skipped and says so."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the open data is not beside this checkout (../shared/data)")
    return folder


def _settings(url: str, folder: Path) -> Settings:
    made = Settings(state=folder / "state", home=folder / "home", database_url=url)
    assert made.home is not None
    made.home.mkdir()
    cluster.start(made)
    return made


def _template(server: Settings, name: str) -> str:
    """Make template ``name`` once a run; a build that fails is dropped and fails every test that needs it."""
    admin = cluster.url(server, "postgres")
    with _alone(server.state_dir):
        if not engine.wait(_value(admin, "SELECT true FROM pg_database WHERE datname = $1", name)):
            growing = f"{name}_growing"
            source = _TEMPLATE if name == _LOADED else "jishi"
            engine.wait(_execute(admin, f"DROP DATABASE IF EXISTS {growing}"))
            engine.wait(_execute(admin, f"CREATE DATABASE {growing} OWNER {roles.OWNER} TEMPLATE {source}"))
            url = engine.to_database(cluster.url(server), growing)
            if name == _LOADED:
                load_dictionaries(url, server)
            elif _has_migrations():
                migrate(url)
            engine.wait(_execute(admin, f"ALTER DATABASE {growing} RENAME TO {name}"))
    return name


def _has_migrations() -> bool:
    """While the house is being built there may be no migration yet; the database is then an equipped empty one."""
    from importlib.util import find_spec

    return find_spec("jishi.migrations.env") is not None


def _copy(server: Settings, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = engine.to_database(cluster.url(server, "postgres"), "postgres")
    # copied file by file: the other way writes all of it into the log first, 22 MB a test
    engine.wait(_execute(admin, f"CREATE DATABASE {name} OWNER {roles.OWNER} TEMPLATE {template} STRATEGY file_copy"))
    yield engine.to_database(cluster.url(server), name)
    engine.wait(_execute(admin, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


async def _execute(url: str, statement: str) -> None:
    connection = await engine.connect(engine.to_database(url, "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _value(url: str, query: str, *values: object) -> Any:
    connection = await engine.connect(engine.to_database(url, "postgres"))
    try:
        return await connection.fetchval(query, *values)
    finally:
        await connection.close()


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """One process of this test run at a time."""
    state.mkdir(mode=0o755, exist_ok=True)
    with (state / "tests.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _watch(state: Path) -> None:
    silence = [(os.POSIX_SPAWN_OPEN, descriptor, os.devnull, os.O_RDWR, 0) for descriptor in range(3)]
    arguments = [sys.executable, "-c", _WATCHDOG, os.environ[_RUNNER], str(state), *sys.path[1:]]
    os.posix_spawn(sys.executable, arguments, os.environ, file_actions=silence, setsid=True)


def _end(state: Path) -> None:
    if state.is_dir():
        with _alone(state):
            cluster.stop(Settings(state=state), immediate=True)
        shutil.rmtree(state, ignore_errors=True)
