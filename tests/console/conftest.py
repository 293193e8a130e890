"""A console on a real port over a prepared city, browsers that visit it, and one in this process for what needs no browser."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from console_city import fill
from console_site import USERS, ConsoleSite
from jishi.access import users
from jishi.prepare import make_signing_keys
from jishi.settings import Settings
from jishi.storage import cluster, engine, roles
from jishi_api.connection import Connection as Caller
from jishi_api.main import create_app
from jishi_api.server import listen

if TYPE_CHECKING:
    from asyncpg import Connection
    from playwright.sync_api import Browser

ARTEFACTS = "TEST_ARTEFACTS"
CHROMIUM = Path("/usr/bin/chromium")


@pytest.fixture(scope="session")
def site(server: Settings, loaded_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleSite]:
    """One for all tests of this folder: they add to it and rely on nothing that another may have changed."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = engine.to_database(cluster.url(server, "postgres"), "postgres")
    engine.wait(_execute(admin, f"CREATE DATABASE {name} OWNER {roles.OWNER} TEMPLATE {loaded_template}"))
    url = engine.to_database(cluster.url(server), name)
    folder = tmp_path_factory.mktemp("console")
    settings = Settings(state=folder / "state", home=folder / "home", database_url=url)
    assert settings.home is not None
    settings.home.mkdir()
    cluster.start(settings)
    make_signing_keys(url, settings)
    passwords = engine.wait(_prepare(url, settings))
    artefacts = os.environ.get(ARTEFACTS)
    shots = Path(artefacts) if artefacts else folder / "shots"
    shots.mkdir(parents=True, exist_ok=True)
    with _serving(settings) as address:
        yield ConsoleSite(address, settings, url, passwords, shots)
    engine.wait(_execute(admin, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless; no browser is downloaded. For tests that are plain functions."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        opened = started.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield opened
        opened.close()


@pytest.fixture
async def app(loaded_settings: Settings) -> AsyncIterator[FastAPI]:
    """The application in this process, over a database with the dictionaries and nothing else."""
    assert loaded_settings.database_url is not None
    make_signing_keys(loaded_settings.database_url, loaded_settings)
    made = create_app(loaded_settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(made.router.lifespan_context(made))
        yield made


@pytest.fixture
async def owner(loaded_database: str) -> AsyncIterator[Connection[Any]]:
    """The owner's connection to the database of ``app``."""
    opened = await engine.connect(loaded_database)
    yield opened
    await opened.close()


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """A browser of sorts that nobody has logged in with: it keeps cookies and follows no redirect by itself."""
    headers = {"Accept": "text/html", "Accept-Language": "en", "Origin": "http://jishi.test"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://jishi.test", headers=headers) as client:
        yield client


async def _prepare(url: str, settings: Settings) -> dict[str, str]:
    connection = await engine.connect(url)
    try:
        made = {
            login: (await users.create(connection, login, granted, department)).password
            for login, (granted, department) in USERS.items()
        }
        await fill(settings, connection)
        return made
    finally:
        await connection.close()


class _serving:
    """The application on a port of its own, in a thread of its own."""

    def __init__(self, settings: Settings) -> None:
        self._listener = listen("127.0.0.1", 0)
        config = uvicorn.Config(
            create_app(settings), http=Caller, ws="none", access_log=False, log_config=None, lifespan="on"
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        deadline = time.monotonic() + 60
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert self._server.started, "the server did not start"
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(30)
        self._listener.close()


async def _execute(url: str, statement: str) -> None:
    connection = await engine.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
