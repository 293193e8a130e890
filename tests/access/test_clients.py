from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from jishi.access import clients
from jishi.errors import CallerError
from jishi.identifiers.keys import Keys
from jishi.settings import Settings

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
