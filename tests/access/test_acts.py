from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
import pytest

from jishi.access import acts, clients
from jishi.access.acts import Actor
from jishi.errors import CallerError
from jishi.identifiers.keys import Keys
from jishi.storage import engine, roles

if TYPE_CHECKING:
    from asyncpg import Connection

ADMIN = Actor("user", "admin")


async def test_an_act_and_its_record_are_one(connection: Connection[Any], keys: Keys) -> None:
    request_id = uuid4()
    async with acts.doing(
        connection, ADMIN, "client.create", "one", request_id=request_id, detail={"roles": []}
    ) as entry:
        made = await clients.create(connection, keys, "one")
        entry.target = made.client_id
    row = await connection.fetchrow("SELECT * FROM jishi.administrative_act")
    assert (row["actor_kind"], row["actor"], row["act"], row["target"]) == (
        "user",
        "admin",
        "client.create",
        made.client_id,
    )
    assert (row["succeeded"], row["code"], row["request_id"]) == (True, None, request_id)
    assert json.loads(row["detail"]) == {"roles": []}


async def test_a_refused_act_changes_nothing_and_is_recorded_by_its_code(
    connection: Connection[Any], keys: Keys
) -> None:
    with pytest.raises(CallerError):
        async with acts.doing(connection, ADMIN, "client.create", "two"):
            await clients.create(connection, keys, "two")
            await clients.create(connection, keys, "two")
    assert await connection.fetchval("SELECT count(*) FROM jishi.client") == 0
    row = await connection.fetchrow("SELECT target, succeeded, code FROM jishi.administrative_act")
    assert tuple(row) == ("two", False, "ACC-CLIENT-NAME-TAKEN")


async def test_what_fails_for_another_reason_is_recorded_too(connection: Connection[Any]) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        async with acts.doing(connection, ADMIN, "grant.add", "x\x00\ny" * 100):
            await connection.execute("INSERT INTO jishi.nothing VALUES (1)")
    row = await connection.fetchrow("SELECT target, succeeded, code FROM jishi.administrative_act")
    assert row["code"] == "UndefinedTableError" and not row["succeeded"]
    assert row["target"] == ("xy" * 100)[:200]


async def test_an_act_inside_a_transaction_is_a_mistake(connection: Connection[Any]) -> None:
    with pytest.raises(RuntimeError):
        async with connection.transaction(), acts.doing(connection, ADMIN, "client.create", "one"):
            pass


async def test_the_api_adds_acts_and_changes_none(connection: Connection[Any], database: str) -> None:
    api = await engine.connect(database, role=roles.API)
    try:
        await acts.record(api, "client", "c-1", "grant.add", "c-2", True)
        for statement in ("UPDATE jishi.administrative_act SET actor = 'x'", "DELETE FROM jishi.administrative_act"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await api.execute(statement)
    finally:
        await api.close()
    assert await connection.fetchval("SELECT actor FROM jishi.administrative_act") == "c-1"
