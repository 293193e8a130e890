from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest
from fastapi import FastAPI

from jishi.errors import InternalError
from jishi_api.lanes import Lanes
from jishi_api.serving import HEAVY_LANES, KEY_LANES, Serving

if TYPE_CHECKING:
    from asyncpg import Connection

KILL = """
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE application_name LIKE 'jishi-api-%' AND datname = current_database()
"""


@pytest.fixture
def serving(api: FastAPI) -> Serving:
    held: Serving = api.state.serving
    return held


async def test_a_lane_reads_as_the_role_of_the_api_and_writes_nothing(serving: Serving) -> None:
    row = await serving.lanes.fetchrow(
        "SELECT current_user::text AS role, current_setting('statement_timeout') AS timeout, current_setting('timezone')"
    )
    assert row is not None and tuple(row) == ("jishi_api", "10s", "UTC")
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await serving.lanes.fetch("INSERT INTO jishi.access_alert (kind, caller) VALUES ('x', 'x')")
    assert await serving.lanes.fetchval("SELECT 1") == 1


async def test_the_text_of_json_is_handed_on_as_the_bytes_postgresql_wrote(serving: Serving) -> None:
    row = await serving.lanes.fetchrow("SELECT row_to_json(p) FROM (SELECT '欧阳' AS name, 1.50 AS number) p")
    assert row is not None and row[0] == '{"name":"欧阳","number":1.50}'.encode()


async def test_many_at_once_share_the_lanes_and_none_is_lost(serving: Serving) -> None:
    async def ask(number: int) -> object:
        return await serving.lanes.fetchval("SELECT $1::int FROM pg_sleep(0.005)", number)

    assert await asyncio.gather(*(ask(number) for number in range(200))) == list(range(200))
    assert serving.lanes.busy == serving.lanes.waiting == 0
    pids = {await serving.lanes.fetchval("SELECT pg_backend_pid()") for _ in range(10)}
    assert len(pids) == 1, "a lane is not opened anew for each statement"


async def test_heavy_queries_cannot_starve_look_ups(serving: Serving) -> None:
    slow = [asyncio.create_task(serving.heavy.fetch("SELECT pg_sleep(0.5)")) for _ in range(3 * HEAVY_LANES)]
    await asyncio.sleep(0.1)
    assert serving.heavy.busy == HEAVY_LANES and serving.heavy.waiting == 2 * HEAVY_LANES
    async with asyncio.timeout(0.3):
        assert await serving.lanes.fetchval("SELECT 1") == 1
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    assert serving.heavy.busy == 0


async def test_a_full_queue_and_a_long_wait_are_refused(serving: Serving) -> None:
    lanes = Lanes(lambda: serving._connect("test"), 1, queue=1, wait_s=0.1)
    held = asyncio.create_task(lanes.fetch("SELECT pg_sleep(0.5)"))
    await asyncio.sleep(0.05)
    waiting = asyncio.create_task(lanes.fetch("SELECT 1"))
    await asyncio.sleep(0)
    with pytest.raises(InternalError) as full:
        await lanes.fetch("SELECT 2")
    with pytest.raises(InternalError) as late:
        await waiting
    assert full.value.code == late.value.code == "QRY-BUSY"
    await held
    assert await lanes.fetchval("SELECT 3") == 3 and lanes.busy == 0
    await lanes.close()


async def test_who_gives_up_waiting_takes_no_lane_with_him(serving: Serving) -> None:
    lanes = Lanes(lambda: serving._connect("test"), 1, queue=10, wait_s=5)
    held = asyncio.create_task(lanes.fetch("SELECT pg_sleep(0.2)"))
    await asyncio.sleep(0.05)
    waiting = [asyncio.create_task(lanes.fetchval("SELECT $1::int", number)) for number in range(4)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    waiting[2].cancel()
    held.cancel()  # in the middle of a statement
    outcome = await asyncio.gather(held, *waiting, return_exceptions=True)
    assert outcome[2] == 1 and outcome[4] == 3
    assert lanes.busy == lanes.waiting == 0
    await lanes.close()


async def test_a_statement_that_takes_too_long_is_told_apart(serving: Serving) -> None:
    with pytest.raises(InternalError) as given_up:
        await serving.lanes.fetch("SELECT pg_sleep(3) FROM (SELECT set_config('statement_timeout', '20', false)) s")
        await serving.lanes.fetch("SELECT pg_sleep(3)")
    assert given_up.value.code == "QRY-TIMEOUT"


async def test_a_lost_connection_is_opened_again(serving: Serving, connection: Connection[Any]) -> None:
    assert await asyncio.gather(*(serving.lanes.fetchval("SELECT 1") for _ in range(KEY_LANES))) == [1] * KEY_LANES
    under_way = asyncio.create_task(serving.lanes.fetch("SELECT pg_sleep(5)"))
    await asyncio.sleep(0.1)
    await connection.execute(KILL)
    with pytest.raises(InternalError) as lost:
        await under_way
    assert lost.value.code == "STO-CONNECT"
    outcomes = []
    for _ in range(2 * KEY_LANES):
        try:
            outcomes.append(await serving.lanes.fetchval("SELECT 1"))
        except InternalError as error:
            outcomes.append(error.code)
    assert set(outcomes) <= {1, "STO-CONNECT"} and outcomes[-KEY_LANES:] == [1] * KEY_LANES


async def test_a_value_the_statement_has_no_use_for_costs_no_connection(serving: Serving) -> None:
    pid = await serving.lanes.fetchval("SELECT pg_backend_pid()")
    for value in ("not a number", "\0"):
        with pytest.raises((asyncpg.DataError, ValueError)):
            await serving.lanes.fetch("SELECT $1::int", value)
    assert await serving.lanes.fetchval("SELECT pg_backend_pid()") == pid


async def test_who_would_not_get_a_lane_in_time_is_refused_at_once(serving: Serving) -> None:
    lanes = Lanes(lambda: serving._connect("test"), 1, queue=100, wait_s=0.2)
    for _ in range(12):
        await lanes.fetch("SELECT pg_sleep(0.15)")
    asked = [asyncio.create_task(lanes.fetch("SELECT pg_sleep(0.02)")) for _ in range(6)]
    started = asyncio.get_running_loop().time()
    done, _ = await asyncio.wait(asked, timeout=0.1)
    refused = [task for task in done if isinstance(task.exception(), InternalError)]
    assert len(refused) >= 3 and asyncio.get_running_loop().time() - started < 0.15
    await asyncio.gather(*asked, return_exceptions=True)
    assert not asked[0].exception() and not asked[1].exception(), "those who would get one in time did"
    await lanes.close()
