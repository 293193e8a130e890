"""The demo client of a deployment: made at first start, credentials kept beside the keys to be shown again."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from jishi.settings import Settings
from jishi.storage.engine import connect, wait

NAME = "demo"
MEMBERS = frozenset({"client_id", "client_secret", "api_key"})


def demo_client(settings: Settings, url: str) -> dict[str, str]:
    """``{"client_id", "client_secret", "api_key"}``; made anew where this database does not know the kept ones."""
    path = settings.state_dir / "keys" / "demo-client.json"
    kept = _kept(path)
    made = wait(_ensure(url, kept))
    if made != kept:
        _keep(path, made)
    return made


def _kept(path: Path) -> dict[str, str]:
    """What was written down, nothing where the file is gone or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.keys() >= MEMBERS else {}


def _keep(path: Path, credentials: dict[str, str]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(credentials, file)
    temporary.replace(path)


async def _ensure(url: str, kept: dict[str, str]) -> dict[str, str]:
    from jishi.access import clients

    connection = await connect(url)
    try:
        known = await connection.fetchval("SELECT true FROM jishi.client WHERE client_id = $1", kept.get("client_id"))
        if known:
            return kept
        taken = await connection.fetchval("SELECT true FROM jishi.client WHERE name = $1", NAME)
        # A restored database may hold a demo client whose secrets were not kept here; they cannot be shown again.
        made = await clients.create(connection, f"{NAME}-{secrets.token_hex(3)}" if taken else NAME)
        return {"client_id": made.client_id, "client_secret": made.client_secret, "api_key": made.api_key}
    finally:
        await connection.close()
