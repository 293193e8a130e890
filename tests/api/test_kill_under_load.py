"""Whatever dies while requests are under way: every answer a caller received whole stands in the disclosure log."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest

from jishi.access import clients
from jishi.identifiers.keys import Keys, load_or_create
from jishi.prepare import migrate
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect
from jishi.storage.postmaster import running_pid
from served import Served

CALLERS = 16
PLACES = 500

Kill = Callable[[Settings, Served], None]


def _a_worker(settings: Settings, served: Served) -> None:
    os.kill(served.workers()[0], signal.SIGKILL)


def _postgresql(settings: Settings, served: Served) -> None:
    """The whole of it at once; then it is started again, as ``jishi up`` would."""
    pid = running_pid(settings.state_dir / "postgres")
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while running_pid(settings.state_dir / "postgres") is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    cluster.start(settings)


@pytest.mark.parametrize("kill", [_a_worker, _postgresql])
async def test_every_answer_received_has_its_row_whatever_is_killed(own_state: Path, kill: Kill) -> None:
    await _run(own_state, kill, seconds=3, kills=1)


@pytest.mark.soak
@pytest.mark.parametrize("kill", [_a_worker, _postgresql])
async def test_every_answer_received_has_its_row_after_many_kills(own_state: Path, kill: Kill) -> None:
    await _run(own_state, kill, seconds=60, kills=10)


async def _run(state: Path, kill: Kill, *, seconds: float, kills: int) -> None:
    settings = Settings(state=state, home=state / "home")
    url = await asyncio.to_thread(cluster.start, settings)  # durable, as in earnest: the tests' own server is not
    await asyncio.to_thread(migrate, url)
    assert settings.home is not None
    settings.home.mkdir(exist_ok=True)
    key = await _fill(url, load_or_create(settings.key_path))
    with Served(settings, knock="/health/live") as served:  # without dictionaries it is not ready
        received = await _load(served, settings, key, kill, seconds, kills)
    connection = await connect(cluster.url(settings))
    rows = await connection.fetch("SELECT request_id FROM jishi.disclosure")
    await connection.close()
    assert len(received) > 50 * seconds / 3
    written = {row["request_id"] for row in rows}
    assert received <= written, f"{len(received - written)} of {len(received)} answers have no row"


async def _load(served: Served, settings: Settings, key: str, kill: Kill, seconds: float, kills: int) -> set[UUID]:
    """The numbers of all requests that were answered with 200 and received to the last byte."""
    received: set[UUID] = set()
    after_last: set[UUID] = set()
    end = float("inf")
    killed_at = 0.0

    async def call() -> None:
        while time.monotonic() < end:
            headers = {"X-API-Key": key}
            async with httpx.AsyncClient(base_url=served.url, headers=headers, timeout=10) as client:
                try:
                    while time.monotonic() < end:
                        number = uuid4()
                        answer = await client.get(
                            "/collections/places/items?limit=5", headers={"X-Request-Id": str(number)}
                        )
                        assert answer.status_code in {200, 503}, answer.text
                        if answer.status_code == 200:
                            assert len(answer.json()["features"]) == 5
                            received.add(number)
                            if killed_at:
                                after_last.add(number)
                        else:
                            await asyncio.sleep(0.05)
                except httpx.TransportError:
                    await asyncio.sleep(0.05)

    callers = [asyncio.create_task(call()) for _ in range(CALLERS)]
    for _ in range(kills):
        await asyncio.sleep(seconds / (kills + 2))
        await asyncio.to_thread(kill, settings, served)
    killed_at = time.monotonic()
    end = killed_at + seconds / 2
    await asyncio.gather(*callers)
    assert after_last, "it never answered again"
    return received


async def _fill(url: str, keys: Keys) -> str:
    """Some places, and a client that may read them; its key."""
    connection = await connect(url)
    await connection.execute(
        f"""
        INSERT INTO jishi.place
          (uid, place_type, place_name, effective_from, recorded_at, state, in_version, batch_id)
        SELECT gen_random_uuid(), 'poi', 'place ' || n, now(), now(), 'active', false, 1
        FROM generate_series(1, {PLACES}) n
        """
    )
    made = await clients.create(connection, keys, "caller")
    await connection.close()
    return made.api_key
