from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from jishi.access import clients
from jishi.errors import CallerError, NotFoundError
from jishi.identifiers.keys import Keys, load_or_create
from jishi.settings import Settings
from jishi.storage import engine

if TYPE_CHECKING:
    from asyncpg import Connection


async def test_a_client_is_found_by_its_key_and_by_no_other(connection: Connection[Any], keys: Keys) -> None:
    made = await clients.create(connection, keys, "住建局审批系统", "113205000141498861", ("steward",))
    found = await clients.authenticate_key(connection, keys, made.api_key)
    assert found is not None
    assert (found.client_id, found.name, found.department) == (made.client_id, "住建局审批系统", "113205000141498861")
    assert found.roles == {"steward"} and not found.disabled
    for wrong in ("", made.api_key[:-1], made.api_key + "x", made.client_secret, made.client_id, "密钥\x00"):
        assert await clients.authenticate_key(connection, keys, wrong) is None


async def test_secrets_are_kept_as_hashes_only(connection: Connection[Any], keys: Keys) -> None:
    made = await clients.create(connection, keys, "one")
    kept = await connection.fetchval("SELECT row_to_json(c)::text FROM jishi.client c")
    assert made.api_key not in kept and made.client_secret not in kept
    assert made.api_key not in repr(made) and made.client_secret not in repr(made)
    assert len(made.api_key) >= 43 and len(made.client_secret) >= 43


async def test_two_clients_of_one_name_are_refused(connection: Connection[Any], keys: Keys) -> None:
    await clients.create(connection, keys, "one")
    with pytest.raises(CallerError) as refused:
        await clients.create(connection, keys, "one")
    assert refused.value.code == "ACC-CLIENT-NAME-TAKEN"
    assert await connection.fetchval("SELECT count(*) FROM jishi.client") == 1


async def test_every_fault_of_a_new_client_is_told_at_once(connection: Connection[Any], keys: Keys) -> None:
    with pytest.raises(CallerError) as refused:
        await clients.create(connection, keys, " ", "1", ("steward", "king"))
    assert [fault.code for fault in refused.value.faults] == [
        "ACC-CLIENT-NAME",
        "ACC-CLIENT-DEPARTMENT",
        "ACC-CLIENT-ROLE",
    ]
    assert "king" in refused.value.text("en")


def test_the_command_prints_the_secrets_once_as_json(settings: Settings) -> None:
    program = (
        "import argparse, sys\n"
        "from jishi.access.cli import register\n"
        "parser = argparse.ArgumentParser()\n"
        "register(parser.add_subparsers())\n"
        "args = parser.parse_args(sys.argv[1:])\n"
        "sys.exit(args.run(args))"
    )
    environment = {
        **os.environ,
        "JISHI_DATABASE_URL": settings.database_url or "",
        "JISHI_STATE": str(settings.state_dir),
    }
    command = [sys.executable, "-c", program, "clients", "create", "demo", "--role", "steward", "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert set(json.loads(done.stdout)) == {"client_id", "client_secret", "api_key"}


async def test_the_hash_is_keyed(connection: Connection[Any], keys: Keys, tmp_path: Path) -> None:
    """A copy of the table under other keys lets nobody in, and tells nobody whether a guess was right."""
    made = await clients.create(connection, keys, "one")
    other = load_or_create(tmp_path / "other.json")
    assert await clients.authenticate_key(connection, other, made.api_key) is None
    assert await clients.authenticate_secret(connection, other, made.client_id, made.client_secret) is None
    kept = await connection.fetchval("SELECT key_hash FROM jishi.client")
    assert kept != hashlib.sha256(made.api_key.encode()).digest() and len(kept) == 32


async def test_a_secret_is_its_own_clients_only(connection: Connection[Any], keys: Keys) -> None:
    one = await clients.create(connection, keys, "one")
    two = await clients.create(connection, keys, "two")
    found = await clients.authenticate_secret(connection, keys, one.client_id, one.client_secret)
    assert found is not None and found.client_id == one.client_id
    for client_id, secret in (
        (one.client_id, two.client_secret), (one.client_id, one.api_key), (one.client_id, ""), ("", ""),
        ("one", one.client_secret), (one.client_id + "\x00", one.client_secret), ("x" * 10_000, one.client_secret),
    ):  # fmt: skip
        assert await clients.authenticate_secret(connection, keys, client_id, secret) is None


async def test_new_secrets_end_the_old_ones(connection: Connection[Any], keys: Keys) -> None:
    old = await clients.create(connection, keys, "one")
    new = await clients.rotate(connection, keys, old.client_id)
    assert new.client_id == old.client_id
    assert await clients.authenticate_key(connection, keys, old.api_key) is None
    assert await clients.authenticate_secret(connection, keys, old.client_id, old.client_secret) is None
    found = await clients.authenticate_key(connection, keys, new.api_key)
    assert found is not None and found.tokens_from is not None
    with pytest.raises(NotFoundError):
        await clients.rotate(connection, keys, "c-0")


async def test_disabling_voids_tokens_for_good(connection: Connection[Any], keys: Keys) -> None:
    made = await clients.create(connection, keys, "one")
    await clients.disable(connection, made.client_id)
    disabled = await clients.named(connection, "one")
    assert disabled.disabled and disabled.tokens_from is not None
    await clients.enable(connection, made.client_id)
    enabled = await clients.named(connection, made.client_id)
    assert not enabled.disabled and enabled.tokens_from == disabled.tokens_from


async def test_a_department_must_be_one_of_the_citys_once_they_are_loaded(
    connection: Connection[Any], keys: Keys
) -> None:
    await clients.create(connection, keys, "before", "113205000141498861")
    await connection.execute(
        """
        INSERT INTO jishi.department (uscc, name, short_name, name_en, roles, note)
        VALUES ('11320500000090018H', '市公安局', '公安', 'public security', '{}', '')
        """
    )
    await clients.create(connection, keys, "police", "11320500000090018H")
    with pytest.raises(CallerError) as refused:
        await clients.create(connection, keys, "after", "113205000141498861")
    assert [fault.code for fault in refused.value.faults] == ["ACC-DEPARTMENT-UNKNOWN"]


def test_the_commands_rotate_disable_and_list_and_each_is_an_act(settings: Settings) -> None:
    made = json.loads(_command(settings, "create", "审批系统", "--json").stdout)
    again = json.loads(_command(settings, "rotate", "审批系统", "--json").stdout)
    assert again["client_id"] == made["client_id"] and again["api_key"] != made["api_key"]
    _command(settings, "disable", made["client_id"])
    assert json.loads(_command(settings, "list", "--json").stdout)[0]["disabled_at"] is not None
    _command(settings, "enable", "审批系统")
    first = _command(settings, "rotate-signing-key").stderr.split()[-1]
    _command(settings, "rotate-signing-key", "--withdraw", first)
    refused = _command(settings, "disable", "nobody", check=False)
    assert refused.returncode == 2 and "ACC-NO-CLIENT" in refused.stderr
    done = engine.wait(_acts(settings.database_url or ""))
    assert done == [
        ("client.create", made["client_id"], True),
        ("client.rotate", made["client_id"], True),
        ("client.disable", made["client_id"], True),
        ("client.enable", made["client_id"], True),
        ("signing-key.rotate", first, True),
        ("signing-key.withdraw", first, True),
        ("client.disable", "nobody", False),
    ]


async def _acts(url: str) -> list[tuple[str, str, bool]]:
    connection = await engine.connect(url)
    try:
        rows = await connection.fetch("SELECT act, target, succeeded FROM jishi.administrative_act ORDER BY act_id")
        return [tuple(row) for row in rows]
    finally:
        await connection.close()


def _command(settings: Settings, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "JISHI_DATABASE_URL": settings.database_url or "", "LANG": "en_GB.UTF-8"}
    environment |= {"JISHI_STATE": str(settings.state_dir), "JISHI_HOME": str(settings.home_dir)}
    command = [sys.executable, "-m", "jishi.cli", "clients", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=check)
