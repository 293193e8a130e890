"""The demo client is made once, and made again where its credentials are lost."""

from __future__ import annotations

from typing import Any

import asyncpg

from jishi.access import clients, users
from jishi.demo_client import demo_client, demo_users
from jishi.identifiers.keys import load_or_create
from jishi.settings import Settings
from jishi.storage import engine


async def test_the_same_credentials_are_shown_again_until_they_are_lost(
    settings: Settings, connection: asyncpg.Connection[Any]
) -> None:
    assert settings.database_url is not None
    first = demo_client(settings, settings.database_url)
    assert demo_client(settings, settings.database_url) == first
    kept = settings.state_dir / "keys" / "demo-client.json"
    assert kept.stat().st_mode & 0o077 == 0
    kept.unlink()
    second = demo_client(settings, settings.database_url)
    assert second.keys() == first.keys()
    assert not set(second.values()) & set(first.values())
    assert demo_client(settings, settings.database_url) == second
    kept.write_text("{", encoding="utf-8")
    third = demo_client(settings, settings.database_url)
    assert third["client_id"] not in {first["client_id"], second["client_id"]}
    names = [row["name"] for row in await connection.fetch("SELECT name FROM jishi.client ORDER BY created_at")]
    assert names[0] == "demo"
    assert len(names) == 3
    assert all(name.startswith("demo-") for name in names[1:])


async def test_a_demo_client_whose_key_is_no_longer_taken_is_followed_by_another(settings: Settings) -> None:
    assert settings.database_url is not None
    first = demo_client(settings, settings.database_url)
    connection = await engine.connect(settings.database_url)
    try:
        await clients.rotate(connection, load_or_create(settings.key_path), first["client_id"])
        second = demo_client(settings, settings.database_url)
        found = await clients.authenticate_key(connection, load_or_create(settings.key_path), second["api_key"])
    finally:
        await connection.close()
    assert second["client_id"] != first["client_id"]
    assert found is not None and found.client_id == second["client_id"]


async def test_the_demo_users_log_in_and_are_made_once(settings: Settings, connection: asyncpg.Connection[Any]) -> None:
    assert settings.database_url is not None
    first = demo_users(settings, settings.database_url)
    assert list(first) == ["steward", "auditor", "admin", "counter", "market", "police"]
    for name, user in first.items():
        assert user.keys() == {"login", "password"}
        found = await users.authenticate(connection, user["login"], user["password"])
        assert found.roles == {name if name not in ("market", "police") else "steward"}
        assert (found.department is None) == (name not in ("market", "police"))
    kept = settings.state_dir / "keys" / "demo-users.json"
    assert kept.stat().st_mode & 0o077 == 0
    await users.disable(connection, "admin")
    await users.set_password(connection, "auditor")
    assert demo_users(settings, settings.database_url) == first, "what was closed is not opened again by a new one"
    kept.unlink()
    second = demo_users(settings, settings.database_url)
    logins = {user["login"] for user in second.values()}
    assert logins.isdisjoint(first) and len(logins) == 6
    assert await connection.fetchval("SELECT count(*) FROM jishi.user_account") == 12
