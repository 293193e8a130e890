"""What each database role may and may not do once the rights are granted."""

from __future__ import annotations

from typing import Any

import asyncpg
import pytest

from jishi.errors import InternalError
from jishi.settings import Settings
from jishi.storage import cluster, engine, roles

TABLES = """
CREATE TABLE IF NOT EXISTS jishi.thing (n int);
CREATE TABLE IF NOT EXISTS jishi.disclosure (n int) PARTITION BY RANGE (n);
CREATE TABLE IF NOT EXISTS jishi.disclosure_1 PARTITION OF jishi.disclosure FOR VALUES FROM (0) TO (100);
INSERT INTO jishi.thing VALUES (1);
"""


@pytest.fixture
async def granted(connection: asyncpg.Connection[Any], database: str) -> str:
    await connection.execute(TABLES)
    await roles.grant_all(connection)
    await roles.grant_all(connection)
    return database


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
        ("jishi_api", "INSERT INTO jishi.disclosure VALUES (2)", True),
        ("jishi_api", "UPDATE jishi.disclosure SET n = 2", False),
        ("jishi_api", "DELETE FROM jishi.disclosure", False),
        ("jishi_api", "DELETE FROM jishi.disclosure_1", False),
        ("jishi_api", "CREATE TABLE jishi.mine (n int)", False),
        ("jishi_api", "CREATE TABLE stage.mine (n int)", False),
        ("jishi_ingest", "UPDATE jishi.thing SET n = 2", True),
        ("jishi_ingest", "DELETE FROM jishi.thing", True),
        ("jishi_ingest", "CREATE UNLOGGED TABLE stage.mine (n int)", True),
        ("jishi_ingest", "CREATE TABLE jishi.mine (n int)", False),
        ("jishi_ingest", "DROP TABLE jishi.thing", False),
        ("jishi_ingest", "UPDATE jishi.disclosure SET n = 2", False),
        ("jishi_ingest", "DELETE FROM jishi.disclosure_1", False),
        ("jishi_audit", "SELECT * FROM jishi.disclosure", True),
        ("jishi_audit", "SELECT * FROM jishi.thing", False),
        ("jishi_audit", "INSERT INTO jishi.disclosure VALUES (2)", False),
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
