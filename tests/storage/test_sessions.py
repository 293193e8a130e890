"""Whoever takes the place of a killed run first ends the sessions it left."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from jishi.storage import sessions
from jishi.storage.engine import as_role, connect
from jishi.storage.roles import INGEST


@pytest.mark.parametrize("role", [None, INGEST])
async def test_a_session_of_the_same_run_is_over_before_the_next_statement(database: str, role: str | None) -> None:
    url = database if role is None else as_role(database, role)
    name = sessions.name_of_run(7)
    left, other, mine = [
        await connect(url, application=application) for application in (name, sessions.name_of_run(71), name)
    ]
    try:
        waiting = asyncio.create_task(left.execute("SELECT pg_sleep(60); CREATE TABLE stage.b_7 (a int)"))
        await asyncio.sleep(0.2)
        assert await sessions.end_others(mine, name) == 1
        assert await mine.fetchval("SELECT count(*) FROM pg_stat_activity WHERE application_name = $1", name) == 1
        with pytest.raises((asyncpg.AdminShutdownError, asyncpg.ConnectionDoesNotExistError)):
            await waiting
        assert await other.fetchval("SELECT 1") == 1
        assert await mine.fetchval("SELECT to_regclass('stage.b_7')") is None
        assert await mine.fetchval("SELECT current_user") == (role or await mine.fetchval("SELECT session_user"))
    finally:
        for opened in (left, other, mine):
            opened.terminate()


async def test_nobody_is_ended_where_nobody_was_left(database: str) -> None:
    mine = await connect(database, application=sessions.name_of_run(8))
    try:
        assert await sessions.end_others(mine, sessions.name_of_run(8)) == 0
    finally:
        await mine.close()
