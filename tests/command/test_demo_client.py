"""The demo client is made once, and made again where its credentials are lost."""

from __future__ import annotations

from typing import Any

import asyncpg

from jishi.demo_client import demo_client
from jishi.settings import Settings


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
