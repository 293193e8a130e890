from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from jishi.errors import InternalError
from jishi_api.serving import LANES, Serving

if TYPE_CHECKING:
    from asyncpg import Connection


async def test_a_lane_reads_as_the_role_of_the_api_and_writes_nothing(api: FastAPI) -> None:
    serving: Serving = api.state.serving
    async with serving.connection() as lane:
        assert await lane.fetchval("SELECT current_user") == "jishi_api"
        assert await lane.fetchval("SHOW timezone") == "UTC"
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await lane.execute("INSERT INTO jishi.client (client_id) VALUES ('x')")


async def test_a_statement_that_takes_too_long_is_given_up(api: FastAPI) -> None:
    serving: Serving = api.state.serving
    with pytest.raises(InternalError) as given_up:
        async with serving.connection() as lane:
            assert await lane.fetchval("SELECT current_setting('statement_timeout')") == "10s"
            await lane.execute("SET statement_timeout = 20")
            await lane.execute("SELECT pg_sleep(5)")
    assert given_up.value.code == "QRY-TIMEOUT"
    async with serving.connection() as lane:
        assert await lane.fetchval("SELECT current_setting('statement_timeout')") == "10s"


async def test_a_restarted_database_is_found_again(caller: httpx.AsyncClient, connection: Connection[Any]) -> None:
    async def ask() -> int:
        return (await caller.get("/collections/places/items")).status_code

    assert set(await asyncio.gather(*(ask() for _ in range(2 * LANES)))) == {200}
    await connection.execute(
        """
        SELECT pg_terminate_backend(pid)
        FROM pg_stat_activity
        WHERE application_name = 'jishi-api' AND datname = current_database()
        """
    )
    answers = [await ask() for _ in range(2 * LANES)]
    assert set(answers) <= {200, 503} and answers[-1] == 200
