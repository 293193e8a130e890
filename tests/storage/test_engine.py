"""Connections carry the same session settings whichever driver opens them."""

from __future__ import annotations

from typing import Any

import asyncpg
import sqlalchemy

from jishi.storage import engine

SESSION = "SELECT current_setting('timezone'), current_setting('jit'), replace(current_setting('search_path'), ' ', '')"
WANTED = ("UTC", "off", "jishi,stage,public")


async def test_asyncpg_connections_and_pools_share_their_settings(database: str) -> None:
    opened = await engine.pool(database, 2)
    try:
        assert tuple(await opened.fetchrow(SESSION)) == WANTED
    finally:
        await opened.close()


def test_the_synchronous_engine_has_the_same_settings_and_role(database: str) -> None:
    url = engine.psycopg_url(engine.as_role(database, "jishi_ingest"), application="great expectations")
    synchronous = sqlalchemy.create_engine(url)
    with synchronous.connect() as connection:
        assert tuple(connection.exec_driver_sql(SESSION).one()) == WANTED
        who = connection.exec_driver_sql("SELECT current_user, current_setting('application_name')").one()
        assert tuple(who) == ("jishi_ingest", "great expectations")
    synchronous.dispose()


async def test_waiting_inside_a_running_loop_goes_on_beside_it(connection: asyncpg.Connection[Any]) -> None:
    async def answer() -> int:
        return 42

    assert engine.wait(answer()) == 42
