"""One API on a real port for all tests of this folder, over a small invented city that nobody changes."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from city import CITY_TOML, fill
from jishi.access import clients
from jishi.identifiers.keys import load_or_create
from jishi.prepare import make_signing_keys
from jishi.settings import Settings
from jishi.storage import cluster, engine, roles
from jishi_api.connection import Connection
from jishi_api.main import Application, create_app
from jishi_api.server import listen
from site_of_city import Site


@pytest.fixture(scope="session")
def city_database(server: Settings, loaded_template: str) -> Iterator[str]:
    """The owner's URL of a database with the dictionaries and the city."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    engine.wait(_execute(server, f"CREATE DATABASE {name} OWNER {roles.OWNER} TEMPLATE {loaded_template}"))
    url = engine.to_database(cluster.url(server), name)
    engine.wait(fill(url))
    yield url
    engine.wait(_execute(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def site(city_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The API over that database, and a client that may ask it."""
    folder = tmp_path_factory.mktemp("ogc")
    settings = Settings(state=folder / "state", home=folder / "home", database_url=city_database)
    assert settings.home is not None
    settings.home.mkdir()
    (settings.home / "city.toml").write_text(CITY_TOML, encoding="utf-8")
    cluster.start(settings)
    make_signing_keys(city_database, settings)
    key = engine.wait(_key(city_database, settings))
    seen: list[str] = []
    with _serving(settings, seen) as url:
        yield Site(url=url, key=key, seen=seen, folder=Path(folder))


@pytest.fixture
def asker(site: Site) -> Iterator[httpx.Client]:
    """A client with a key."""
    headers = {"Accept-Language": "en", "X-API-Key": site.key}
    with httpx.Client(base_url=site.url, headers=headers, timeout=60) as client:
        yield client


class _serving:
    """The application on a port of its own, in a thread of its own; ``seen`` gathers the requests' targets."""

    def __init__(self, settings: Settings, seen: list[str]) -> None:
        app = create_app(settings)
        self._listener = listen("127.0.0.1", 0)
        config = uvicorn.Config(
            _Noting(app, seen),
            http=Connection,
            ws="none",
            access_log=False,
            log_config=None,
            lifespan="on",
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


class _Noting:
    """Writes down what is asked for; our own log never does."""

    def __init__(self, app: Application, seen: list[str]) -> None:
        self._app, self._seen = app, seen

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            query = scope["query_string"].decode("latin-1")
            self._seen.append(f"{scope['method']} {scope['path']}{'?' if query else ''}{query}")
        await self._app(scope, receive, send)


async def _execute(server: Settings, statement: str) -> None:
    connection = await engine.connect(engine.to_database(cluster.url(server, "postgres"), "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def _key(url: str, settings: Settings) -> str:
    connection = await engine.connect(url)
    try:
        made: Any = await clients.create(connection, load_or_create(settings.key_path), "asker")
    finally:
        await connection.close()
    return str(made.api_key)
