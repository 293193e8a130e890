"""The demo client and users of a deployment: made at first start, credentials kept beside the keys to be shown again."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jishi.identifiers.keys import load_or_create
from jishi.settings import Settings
from jishi.storage.engine import connect, wait

if TYPE_CHECKING:
    from asyncpg import Connection

    from jishi.identifiers.keys import Keys

NAME = "demo"
PURPOSE = "demo"
MEMBERS = frozenset({"client_id", "client_secret", "api_key"})
MARKET, POLICE = "113205000000900347", "11320500000090018H"
USERS: dict[str, tuple[str, str | None]] = {
    "steward": ("steward", None),
    "auditor": ("auditor", None),
    "admin": ("admin", None),
    "counter": ("counter", None),
    "market": ("steward", MARKET),
    "police": ("steward", POLICE),
}
"""Login → role and department (None: the city's own). Stewards of departments are made where the city has these."""


def demo_client(settings: Settings, url: str) -> dict[str, str]:
    """``{"client_id", "client_secret", "api_key"}``; made anew where this database does not know the kept ones."""
    path = settings.state_dir / "keys" / "demo-client.json"
    kept = _kept(path)
    kept = {name: text for name, text in kept.items() if isinstance(text, str)} if kept.keys() >= MEMBERS else {}
    made = wait(_ensure(url, load_or_create(settings.key_path), kept))
    if made != kept:
        _keep(path, made)
    return made


def demo_users(settings: Settings, url: str) -> dict[str, dict[str, str]]:
    """``{"steward": {"login", "password"}, …}`` by the names of :data:`USERS`; one is made anew where this database has no
    such login or the password was not kept. Logins that were disabled or given another password since are left alone.
    """
    path = settings.state_dir / "keys" / "demo-users.json"
    kept = {name: user for name, user in _kept(path).items() if name in USERS and _is_login(user)}
    made = wait(_ensure_users(url, kept))
    if made != kept:
        _keep(path, made)
    return made


def _kept(path: Path) -> dict[str, Any]:
    """What was written down, nothing where the file is gone or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_login(user: object) -> bool:
    return isinstance(user, dict) and isinstance(user.get("login"), str) and isinstance(user.get("password"), str)


def _keep(path: Path, credentials: dict[str, Any]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(credentials, file)
    temporary.replace(path)


async def _ensure(url: str, keys: Keys, kept: dict[str, str]) -> dict[str, str]:
    from jishi.access import acts, clients

    connection = await connect(url)
    try:
        known = await clients.authenticate_key(connection, keys, kept.get("api_key", ""))
        if known is not None and known.client_id == kept["client_id"]:
            return kept
        taken = await connection.fetchval("SELECT true FROM jishi.client WHERE name = $1", NAME)
        # A restored database may hold a demo client whose secrets were not kept here; they cannot be shown again.
        async with acts.doing(connection, acts.operator(), "client.create", NAME, detail={"demo": True}) as entry:
            made = await clients.create(connection, keys, f"{NAME}-{secrets.token_hex(3)}" if taken else NAME)
            entry.target = made.client_id
        await _grant(connection, made.client_id)
        return {"client_id": made.client_id, "client_secret": made.client_secret, "api_key": made.api_key}
    finally:
        await connection.close()


async def _grant(connection: Connection[Any], client_id: str) -> None:
    """Every personal collection under its masks, for the purpose ``demo``, looked up by exact values and taken as a whole; of
    persons age and majority besides."""
    from jishi.access import acts, grant_store
    from jishi.access.terms import ALL, Terms
    from jishi.registers.catalog import registers

    for register in registers().values():
        if not register.personal:
            continue
        derived = ("age", "is_adult") if register.name == "natural_person" else ()
        terms = Terms(
            register,
            elements=(ALL,),
            derived=derived,
            purposes=(PURPOSE,),
            rights=("exact", "export"),
            basis="demo city: nobody in it exists",
        )
        actor = acts.operator()
        async with acts.doing(connection, actor, "grant.add", client_id, detail={"demo": True}):
            await grant_store.add(connection, client_id, terms, f"{actor.kind}:{actor.name}")


async def _ensure_users(url: str, kept: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    from jishi.access.clients import department_fault

    connection = await connect(url)
    try:
        logins = [user["login"] for user in kept.values()]
        rows = await connection.fetch(
            "SELECT login FROM jishi.user_account WHERE login = ANY($1) OR login = ANY($2)", logins, list(USERS)
        )
        present = {row["login"] for row in rows}
        return {
            name: kept[name]
            if name in kept and kept[name]["login"] in present
            else await _make_user(connection, name, role, department, taken=name in present)
            for name, (role, department) in USERS.items()
            if await department_fault(connection, department) is None
        }
    finally:
        await connection.close()


async def _make_user(
    connection: Connection[Any], name: str, role: str, department: str | None, *, taken: bool
) -> dict[str, str]:
    from jishi.access import acts, users

    login = f"{name}-{secrets.token_hex(3)}" if taken else name
    detail = {"demo": True, "roles": [role], "department": department}
    async with acts.doing(connection, acts.operator(), "user.create", login, detail=detail):
        made = await users.create(connection, login, (role,), department)
    return {"login": made.login, "password": made.password}
