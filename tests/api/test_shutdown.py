"""How the processes of the API end: asked to, killed, or left behind."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest

from jishi.access import clients
from jishi.identifiers.keys import load_or_create
from jishi.settings import Settings
from jishi.storage.engine import connect
from served import Served, is_running

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
async def key(loaded_settings: Settings) -> str:
    assert loaded_settings.database_url is not None
    connection = await connect(loaded_settings.database_url)
    made = await clients.create(connection, load_or_create(loaded_settings.key_path), "caller")
    await connection.close()
    return made.api_key


async def test_what_is_under_way_is_answered_before_the_processes_end(loaded_settings: Settings, key: str) -> None:
    with Served(loaded_settings, JISHI_DRAIN_S="3.0") as served:
        workers = served.workers()
        assert len(workers) == 2
        async with httpx.AsyncClient(base_url=served.url, headers={"X-API-Key": key}, timeout=30) as client:
            assert (await client.get("/collections/places/items")).status_code == 200
            holder = await _hold_places(loaded_settings)
            waiting = [asyncio.create_task(client.get("/collections/places/items")) for _ in range(8)]
            await asyncio.sleep(0.5)
            served.process.send_signal(signal.SIGTERM)
            asked = time.monotonic()
            ready = await _not_ready(client)
            assert ready.headers["Connection"] == "close"
            assert [fault["code"] for fault in ready.json()["errors"]] == ["QRY-STOPPING"]
            assert (await client.get("/health/live")).status_code == 200, "it still answers"
            while await _answers(served.url):
                assert time.monotonic() - asked < 15
                await asyncio.sleep(0.1)
            await holder.close()
            assert {answer.status_code for answer in await asyncio.gather(*waiting)} == {200}
        exit_code = await asyncio.to_thread(served.process.wait, 30)
        assert exit_code == 0 and time.monotonic() - asked < 25
        assert not any(map(is_running, workers))
        lines = [json.loads(line) for line in served.log.read_text(encoding="utf-8").splitlines()]
        answered = [line for line in lines if line.get("route") == "/collections/{collection}/items"]
        assert len(answered) == 9 and {line["status"] for line in answered} == {200}


def test_a_killed_worker_is_replaced_and_the_other_answers_meanwhile(loaded_settings: Settings) -> None:
    with Served(loaded_settings) as served:
        first, second = served.workers()
        os.kill(first, signal.SIGKILL)
        for _ in range(20):
            assert httpx.get(f"{served.url}/health/live", timeout=5).status_code == 200
        _until(lambda: len(served.workers()) == 2)
        assert second in served.workers() and first not in served.workers()
        metrics = httpx.get(f"{served.url}/metrics").text
        assert 'jishi_requests_total{method="GET",route="/health/live",status="2xx"}' in metrics


def test_no_process_outlives_its_killed_parent(loaded_settings: Settings) -> None:
    with Served(loaded_settings) as served:
        workers = served.workers()
        served.process.kill()
        served.process.wait()
        _until(lambda: not any(map(is_running, workers)))
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{served.url}/health/live")


async def test_a_port_that_is_taken_is_an_error_at_once(loaded_settings: Settings) -> None:
    with Served(loaded_settings, workers=1) as served:
        again = Served(loaded_settings)
        again._arguments[again._arguments.index("--port") + 1] = str(served.port)
        process = await asyncio.create_subprocess_exec(
            *again._arguments, env=again._environment, stderr=asyncio.subprocess.PIPE
        )
        _, said = await asyncio.wait_for(process.communicate(), 30)
        assert process.returncode not in {0, None} and b"Traceback" not in said, said


async def _not_ready(client: httpx.AsyncClient) -> httpx.Response:
    for _ in range(100):
        answer = await client.get("/health/ready")
        if answer.status_code != 200:
            return answer
        await asyncio.sleep(0.05)
    raise AssertionError("ready for five seconds after it was asked to stop")


async def _answers(url: str) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            await client.get(f"{url}/health/live")
        except httpx.TransportError:
            return False
    return True


async def _hold_places(settings: Settings) -> asyncpg.Connection[Any]:
    """Nobody reads a place until the connection is closed."""
    assert settings.database_url is not None
    connection = await connect(settings.database_url)
    await connection.execute("BEGIN; LOCK TABLE jishi.place IN ACCESS EXCLUSIVE MODE")
    return connection


def _until(true: Callable[[], bool], timeout_s: float = 30) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.1)
