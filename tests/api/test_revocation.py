"""What is taken away is taken away in every process at once; where that cannot be known nothing is answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI

from jishi.access import clients, revocation, signing
from jishi.access.revocation import Change
from jishi.errors import InternalError
from jishi.identifiers.keys import Keys, load_or_create
from jishi.prepare import make_signing_keys, migrate
from jishi.settings import Settings
from jishi.storage import cluster, engine
from jishi_api.callers import Callers
from jishi_api.main import create_app

if TYPE_CHECKING:
    from asyncpg import Connection

DATA = "/collections/places/items"
FORM = {"grant_type": "client_credentials"}
WITHIN_S = 1.0
LATER_S = 5.0

Two = tuple[httpx.AsyncClient, httpx.AsyncClient]


@pytest.fixture
async def apps(settings: Settings) -> AsyncIterator[tuple[FastAPI, FastAPI]]:
    """Two processes' applications over one database."""
    assert settings.database_url is not None
    make_signing_keys(settings.database_url, settings)
    async with AsyncExitStack() as stack:
        yield await _started(stack, settings), await _started(stack, settings)


@pytest.fixture
async def two(apps: tuple[FastAPI, FastAPI]) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(_client(apps[0])), await stack.enter_async_context(_client(apps[1]))


async def test_a_disabled_client_is_refused_by_every_process_within_a_second(
    two: Two, apps: tuple[FastAPI, FastAPI], keys: Keys, connection: Connection[Any]
) -> None:
    made = await clients.create(connection, keys, "one")
    token = (await two[0].post("/oauth/token", data={**FORM, **_body(made)})).json()["access_token"]
    by_key, by_token = {"X-API-Key": made.api_key}, {"Authorization": f"Bearer {token}"}
    for headers in (by_key, by_token):
        await _settled(two, headers, 200)
        assert all(_callers(app).known(_raw(headers)) is not None for app in apps), "both have it by heart"
    await clients.disable(connection, made.client_id)
    await _settled(two, by_key, 403)
    await _settled(two, by_token, 401)
    await clients.enable(connection, made.client_id)
    await _settled(two, by_key, 200)
    await _settled(two, by_token, 401)


async def test_new_secrets_and_withdrawn_keys_void_tokens_everywhere_within_a_second(
    two: Two, keys: Keys, connection: Connection[Any]
) -> None:
    made = await clients.create(connection, keys, "one")
    token = (await two[0].post("/oauth/token", data={**FORM, **_body(made)})).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    await _settled(two, headers, 200)
    await signing.rotate(connection, keys, "token")
    await _settled(two, headers, 200)
    newer = (await two[1].post("/oauth/token", data={**FORM, **_body(made)})).json()["access_token"]
    old_kid = await connection.fetchval("SELECT kid FROM jishi.signing_key WHERE retired_at IS NOT NULL")
    await signing.withdraw(connection, old_kid)
    await _settled(two, headers, 401)
    await _settled(two, {"Authorization": f"Bearer {newer}"}, 200)
    made = await clients.rotate(connection, keys, made.client_id)
    await _settled(two, {"Authorization": f"Bearer {newer}"}, 401)
    await _settled(two, {"X-API-Key": made.api_key}, 200)


async def test_grants_are_seen_by_every_process_within_a_second(
    apps: tuple[FastAPI, FastAPI], keys: Keys, connection: Connection[Any]
) -> None:
    made = await clients.create(connection, keys, "one")
    headers = _raw({"X-API-Key": made.api_key})

    async def holds(app: FastAPI, registers: set[str]) -> bool:
        return set((await _callers(app).of(headers)).grants) == registers

    for app in apps:
        assert await holds(app, set())
    grant = await connection.fetchval(
        """
        INSERT INTO jishi.access_grant (client_id, register, masked, clear, purposes, sharing, basis, created_by, rows)
        VALUES ($1, 'natural_person', '{full_name}', '{sex_code}', '{approval}', 'conditional', 'agreement', 'me', 'true')
        RETURNING grant_id
        """,
        made.client_id,
    )
    for app in apps:
        await _within(partial(holds, app, {"natural_person"}))
        held = (await _callers(app).of(headers)).grants["natural_person"]
        assert (held.grant_id, held.rows, held.basis) == (grant, "true", "agreement")
        assert held.masked == {"full_name"} and held.clear == {"sex_code"} and held.purposes == {"approval"}
    await connection.execute("UPDATE jishi.access_grant SET revoked_at = now(), revoked_by = 'me'")
    for app in apps:
        await _within(partial(holds, app, set()))


async def test_who_was_refused_a_moment_ago_is_let_in_once_there(
    two: Two, keys: Keys, connection: Connection[Any]
) -> None:
    made = await clients.create(connection, keys, "one")
    row = await connection.fetchrow("DELETE FROM jishi.client RETURNING *")
    await _settled(two, {"X-API-Key": made.api_key}, 401)
    await connection.execute("INSERT INTO jishi.client SELECT ($1::jishi.client).*", tuple(row))
    await _settled(two, {"X-API-Key": made.api_key}, 200)


async def test_every_table_of_access_announces_its_changes(
    api: FastAPI, connection: Connection[Any], keys: Keys
) -> None:
    heard: list[Change] = []
    _callers(api).revocations.subscribe(heard.append)
    made = await clients.create(connection, keys, "one")
    old = await signing.current(connection, keys, "seal")
    key = await signing.rotate(connection, keys, "seal")
    uid = "01920000-0000-7000-8000-000000000001"
    await connection.execute(
        "INSERT INTO jishi.protection (uid, register, level, reason, set_by) VALUES ($1, 'natural_person', 'hidden', 'x', 'me')",
        uid,
    )
    await connection.execute("DELETE FROM jishi.protection")
    await connection.execute("INSERT INTO jishi.user_account (login, password_hash) VALUES ('li', '')")
    await connection.execute("UPDATE jishi.user_account SET failures = 3")
    await connection.execute("UPDATE jishi.user_account SET roles = '{admin}'")
    await connection.execute("TRUNCATE jishi.client, jishi.access_grant")
    expected = [
        Change("client", made.client_id),
        Change("signing_key", old.kid),
        Change("signing_key", key.kid),
        Change("protection", uid),
        Change("protection", uid),
        Change("user_account", "li"),
        Change("user_account", "li"),
        Change("client"),
        Change("access_grant"),
    ]

    async def all_heard() -> bool:
        return len(heard) >= len(expected)

    await _within(all_heard)
    assert heard == expected, "failures of a login alone are not announced"


async def test_a_listener_that_lost_its_connection_believes_nothing_and_listens_again(
    two: Two, apps: tuple[FastAPI, FastAPI], keys: Keys, connection: Connection[Any]
) -> None:
    made = await clients.create(connection, keys, "one")
    headers = {"X-API-Key": made.api_key}
    await _settled(two, headers, 200)
    await connection.execute(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'jishi-access' AND datname = current_database()
        """
    )
    await connection.execute("UPDATE jishi.client SET disabled_at = now()")
    await _settled(two, headers, 403)
    await connection.execute("UPDATE jishi.client SET disabled_at = NULL")
    await _settled(two, headers, 200)
    for app in apps:
        await _within(partial(_is_current, app, True), LATER_S)


async def test_a_connection_that_dies_silently_is_noticed(
    api: FastAPI, caller: httpx.AsyncClient, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing comes any more and nothing says so: as where the network between drops every packet."""
    monkeypatch.setattr(revocation, "CURRENT_S", 0.5)
    monkeypatch.setattr(revocation, "UNHEARD_S", 1.5)
    assert (await caller.get(DATA)).status_code == 200
    callers = _callers(api)
    monkeypatch.setattr(callers.revocations, "_beat", _silence)
    await _within(partial(_is_current, api, False))
    assert callers.known(_raw(dict(caller.headers))) is None
    await connection.execute("UPDATE jishi.client SET roles = '{steward}'")
    answer = await caller.get("/stewardship/batches")
    assert answer.status_code == 200, "fetched, not remembered"
    await asyncio.sleep(1.5)
    answer = await caller.get(DATA)
    assert (answer.status_code, answer.json()["code"]) == (503, "ACC-REVOCATION-UNHEARD")
    assert int(answer.headers["Retry-After"]) >= 1
    monkeypatch.undo()
    deadline = time.monotonic() + 5
    while (await caller.get(DATA)).status_code != 200:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_nothing_is_answered_while_the_database_is_stopped_and_everything_after(
    own_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(revocation, "UNHEARD_S", 3.0)
    settings = Settings(state=own_state, home=own_state / "home")
    url = cluster.start(settings, overrides={"fsync": "off", "shared_buffers": "32MB"})
    migrate(url)
    make_signing_keys(url, settings)
    made = await _made(url, settings)
    async with AsyncExitStack() as stack:
        app = await _started(stack, settings)
        client = await stack.enter_async_context(_client(app))
        headers = {"X-API-Key": made.api_key}
        assert (await client.get(DATA, headers=headers)).status_code == 200
        assert _callers(app).known(_raw(headers)) is not None
        await asyncio.to_thread(cluster.stop, settings, immediate=True)
        stopped = time.monotonic()
        await _within(partial(_is_current, app, False), revocation.CURRENT_S + LATER_S)
        answers = set()
        while time.monotonic() < stopped + revocation.UNHEARD_S + 1:
            answer = await client.get(DATA, headers=headers)
            answers.add((answer.status_code, answer.json()["code"]))
            await asyncio.sleep(0.25)
        assert answers <= {(503, "QRY-UNAVAILABLE"), (503, "ACC-REVOCATION-UNHEARD")}
        with pytest.raises(InternalError) as refused:
            await _callers(app).of(_raw(headers))
        assert refused.value.code == "ACC-REVOCATION-UNHEARD"
        await asyncio.to_thread(cluster.start, settings)
        begun = time.monotonic()
        while (await client.get(DATA, headers=headers)).status_code != 200:
            assert time.monotonic() < begun + 20
            await asyncio.sleep(0.1)


async def _made(url: str, settings: Settings) -> clients.NewClient:
    connection = await engine.connect(url)
    try:
        return await clients.create(connection, load_or_create(settings.key_path), "one")
    finally:
        await connection.close()


async def _settled(two: Two, headers: dict[str, str], status: int) -> None:
    """Both processes answer so within a second."""
    for client in two:

        async def answers(client: httpx.AsyncClient = client) -> bool:
            return (await client.get(DATA, headers=headers)).status_code == status

        await _within(answers)


async def _within(condition: Callable[[], Awaitable[bool]], seconds: float = WITHIN_S) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.01)


async def _is_current(app: FastAPI, expected: bool) -> bool:
    return _callers(app).revocations.current is expected


async def _silence(connection: object) -> None:
    """A beat that is never sent, so never returns."""


def _callers(app: FastAPI) -> Callers:
    callers: Callers = app.state.serving.callers
    return callers


def _raw(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


def _body(client: clients.NewClient) -> dict[str, str]:
    return {"client_id": client.client_id, "client_secret": client.client_secret}


async def _started(stack: AsyncExitStack, settings: Settings) -> FastAPI:
    app = create_app(settings)
    await stack.enter_async_context(app.router.lifespan_context(app))
    return app


def _client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://jishi.test")
