"""What each database role may and may not do once the rights are granted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from jishi.errors import InternalError
from jishi.settings import Settings
from jishi.storage import cluster, engine, roles
from jishi.storage.partitions import make_partitions

TABLES = """
CREATE TABLE IF NOT EXISTS jishi.thing (n int);
INSERT INTO jishi.thing VALUES (1);
"""


@pytest.fixture
async def granted(connection: asyncpg.Connection[Any], database: str) -> str:
    await connection.execute(TABLES)
    await make_partitions(connection)
    await roles.grant_all(connection)
    await roles.grant_all(connection)
    return database


_DISCLOSE = """
INSERT INTO jishi.disclosure (writer, number, disclosed_at, request_id, channel, act, caller_kind, caller, subjects, misses,
  query_digest, result, previous, hash)
VALUES (gen_random_uuid(), 1, now(), gen_random_uuid(), 'api', 'item', 'client', 'c', '{}', 0, '', 'ok', '', '')"""
_PARTITION = f"jishi.disclosure_m{datetime.now(UTC):%Y%m}"


async def _may(url: str, role: str, statement: str) -> bool:
    connection = await engine.connect(url, role=role)
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return False
    finally:
        await connection.close()
    return True


@pytest.mark.parametrize(
    ("role", "statement", "allowed"),
    [
        ("jishi_api", "SELECT * FROM jishi.thing", True),
        ("jishi_api", "INSERT INTO jishi.thing VALUES (2)", False),
        ("jishi_api", "UPDATE jishi.thing SET n = 2", False),
        ("jishi_api", "DELETE FROM jishi.thing", False),
        ("jishi_api", _DISCLOSE, True),
        ("jishi_api", "UPDATE jishi.disclosure SET misses = 2", False),
        ("jishi_api", "DELETE FROM jishi.disclosure", False),
        ("jishi_api", f"DELETE FROM {_PARTITION}", False),
        ("jishi_api", "UPDATE jishi.user_account SET failures = 1", True),
        ("jishi_api", "UPDATE jishi.user_account SET department = NULL", False),
        ("jishi_api", "UPDATE jishi.access_grant SET clear = NULL", False),
        ("jishi_api", "CREATE TABLE jishi.mine (n int)", False),
        ("jishi_api", "CREATE TABLE stage.mine (n int)", False),
        ("jishi_ingest", "UPDATE jishi.thing SET n = 2", True),
        ("jishi_ingest", "DELETE FROM jishi.thing", True),
        ("jishi_ingest", "CREATE UNLOGGED TABLE stage.mine (n int)", True),
        ("jishi_ingest", "CREATE TABLE jishi.mine (n int)", False),
        ("jishi_ingest", "DROP TABLE jishi.thing", False),
        ("jishi_ingest", "UPDATE jishi.disclosure SET misses = 2", False),
        ("jishi_ingest", f"DELETE FROM {_PARTITION}", False),
        ("jishi_audit", "SELECT * FROM jishi.disclosure", True),
        ("jishi_audit", "SELECT * FROM jishi.thing", False),
        ("jishi_audit", _DISCLOSE, False),
    ],
)
async def test_a_role_may_do_what_its_work_needs_and_no_more(
    granted: str, role: str, statement: str, allowed: bool
) -> None:
    assert await _may(granted, role, statement) is allowed


async def test_every_role_logs_in_with_a_password_of_its_own(server: Settings) -> None:
    for role in roles.ROLES:
        connection = await engine.connect(cluster.url(server, role))
        assert await connection.fetchval("SELECT session_user") == role
        await connection.close()
    assert len({cluster.url(server, role).split("@")[0] for role in roles.ROLES}) == len(roles.ROLES)
    with pytest.raises(InternalError, match="STO-ROLE"):
        cluster.url(server, "nobody")


async def test_no_role_of_ours_is_a_superuser(connection: asyncpg.Connection[Any]) -> None:
    found = await connection.fetch(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'jishi%' AND (rolsuper OR rolcreaterole)"
    )
    assert found == []
