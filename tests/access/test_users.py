from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from jishi.access import passwords, users
from jishi.errors import CallerError, DeniedError, NotFoundError
from jishi.settings import Settings
from jishi.storage import engine, roles

if TYPE_CHECKING:
    from asyncpg import Connection


async def test_a_user_logs_in_by_the_password_shown_once(connection: Connection[Any]) -> None:
    made = await users.create(connection, "li.steward", ("steward", "counter"))
    found = await users.authenticate(connection, "li.steward", made.password)
    assert found.login == "li.steward" and found.locked_until is None
    assert found.roles == {"steward", "counter"}
    kept = await connection.fetchval("SELECT row_to_json(u)::text FROM jishi.user_account u")
    assert "$argon2id$" in kept and made.password not in kept
    assert made.password not in repr(made) and len(made.password) == 20


async def test_whoever_is_refused_is_not_told_why(connection: Connection[Any]) -> None:
    made = await users.create(connection, "one", ("admin",))
    await users.create(connection, "two", ("admin",))
    await users.disable(connection, "two")
    for login, password in (
        ("one", "wrong"), ("one", ""), ("one", made.password + "x"), ("two", made.password), ("three", made.password),
        ("", made.password), ("ONE", made.password), ("one\x00", made.password), ("x" * 10_000, "y" * 1_000_000),
    ):  # fmt: skip
        assert await _refusal(connection, login, password) == ("ACC-LOGIN", {}), login[:20]


async def test_five_failures_lock_and_each_further_one_locks_twice_as_long(connection: Connection[Any]) -> None:
    made = await users.create(connection, "one", ("admin",))
    for _ in range(users.FAILURES - 1):
        await _refusal(connection, "one", "wrong")
    await users.authenticate(connection, "one", made.password)  # four are forgotten by a success
    locks = []
    for attempt in range(1, 14):
        await _refusal(connection, "one", "wrong")
        locked = await _locked_s(connection)
        assert (locked is None) == (attempt < users.FAILURES)
        if locked is not None:
            locks.append(round(locked / 60))
            await _refusal(connection, "one", made.password)  # right, but locked: refused and not counted
            assert await connection.fetchval("SELECT failures FROM jishi.user_account") == attempt
            await _pass(connection, locked + 1)
    assert locks == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    await users.authenticate(connection, "one", made.password)
    assert await _locked_s(connection) is None
    assert await connection.fetchval("SELECT failures FROM jishi.user_account") == 0


async def test_many_attempts_at_once_are_no_more_than_one_after_another(
    connection: Connection[Any], database: str
) -> None:
    made = await users.create(connection, "one", ("admin",))
    opened = [await engine.connect(database, role=roles.API) for _ in range(10)]
    try:
        await asyncio.gather(*(_refusal(each, "one", "wrong") for each in opened))
    finally:
        for each in opened:
            await each.close()
    looked_at = await connection.fetchval(
        "SELECT count(*) FROM jishi.administrative_act WHERE act = 'user.login' AND NOT succeeded"
    )
    assert looked_at == 10
    assert await connection.fetchval("SELECT failures FROM jishi.user_account") == users.FAILURES
    assert (await _refusal(connection, "one", made.password))[0] == "ACC-LOGIN"


async def test_a_lock_ends_by_a_new_password_and_by_enabling(connection: Connection[Any]) -> None:
    await users.create(connection, "one", ("admin",))
    for end in (users.set_password, users.enable):
        for _ in range(users.FAILURES):
            await _refusal(connection, "one", "wrong")
        assert await _locked_s(connection) is not None
        await end(connection, "one")
        assert await _locked_s(connection) is None


async def test_an_unknown_login_takes_as_long_as_a_known_one(connection: Connection[Any]) -> None:
    made = await users.create(connection, "one", ("admin",))
    await _refusal(connection, "nobody", "wrong")  # makes the decoy
    spent: dict[str, float] = {}
    for login in ("one", "nobody"):
        begun = time.process_time()
        for _ in range(4):
            await _refusal(connection, login, "wrong")
        spent[login] = time.process_time() - begun
    assert 0.5 < spent["one"] / spent["nobody"] < 2
    assert not await passwords.matches(None, made.password)


async def test_every_fault_of_a_new_user_is_told_at_once(connection: Connection[Any]) -> None:
    with pytest.raises(CallerError) as refused:
        await users.create(connection, "Li Steward", ("king",), "1")
    assert [fault.code for fault in refused.value.faults] == [
        "ACC-USER-LOGIN",
        "ACC-CLIENT-ROLE",
        "ACC-CLIENT-DEPARTMENT",
    ]
    await users.create(connection, "one", ("admin",))
    with pytest.raises(CallerError) as taken:
        await users.create(connection, "one", ("admin",))
    assert taken.value.code == "ACC-USER-TAKEN"
    for change in (users.disable, users.enable, users.set_password):
        with pytest.raises(NotFoundError):
            await change(connection, "nobody")


async def test_a_login_is_an_act_and_what_was_typed_for_an_unknown_one_is_not_kept(
    connection: Connection[Any],
) -> None:
    made = await users.create(connection, "one", ("admin",))
    await users.authenticate(connection, "one", made.password)
    await _refusal(connection, "one", "wrong")
    await _refusal(connection, "my-secret-password", "one")
    acts = await connection.fetch("SELECT actor, target, succeeded, code, detail FROM jishi.administrative_act")
    assert [(act["actor"], act["target"], act["succeeded"], act["code"]) for act in acts] == [
        ("one", "one", True, None),
        ("one", "one", False, "ACC-LOGIN"),
        ("unknown", "unknown", False, "ACC-LOGIN"),
    ]
    assert [json.loads(act["detail"]) for act in acts] == [{}, {"state": "wrong"}, {"state": "unknown"}]


def test_the_commands_make_change_and_list_users(settings: Settings) -> None:
    made = json.loads(_command(settings, "create", "wang", "--role", "counter", "--json").stdout)
    assert made.keys() == {"login", "password"}
    _command(settings, "role", "wang", "--role", "auditor", "--role", "steward")
    again = json.loads(_command(settings, "password", "wang", "--json").stdout)
    assert again["password"] != made["password"]
    _command(settings, "disable", "wang")
    listed = json.loads(_command(settings, "list", "--json").stdout)
    assert [(user["login"], user["roles"]) for user in listed] == [("wang", ["auditor", "steward"])]
    assert listed[0]["disabled_at"] is not None
    refused = _command(settings, "enable", "nobody", check=False)
    assert refused.returncode == 2 and "ACC-NO-USER" in refused.stderr
    done = engine.wait(_acts(settings.database_url or ""))
    assert done == [
        ("user.create", "wang", True),
        ("user.role", "wang", True),
        ("user.password", "wang", True),
        ("user.disable", "wang", True),
        ("user.enable", "nobody", False),
    ]


def _command(settings: Settings, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "JISHI_DATABASE_URL": settings.database_url or "", "LANG": "en_GB.UTF-8"}
    environment |= {"JISHI_STATE": str(settings.state_dir), "JISHI_HOME": str(settings.home_dir)}
    command = [sys.executable, "-m", "jishi.cli", "users", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=check)


async def _acts(url: str) -> list[tuple[str, str, bool]]:
    connection = await engine.connect(url)
    try:
        rows = await connection.fetch("SELECT act, target, succeeded FROM jishi.administrative_act ORDER BY act_id")
        return [tuple(row) for row in rows]
    finally:
        await connection.close()


async def _refusal(connection: Connection[Any], login: str, password: str) -> tuple[str, dict[str, object]]:
    with pytest.raises(DeniedError) as refused:
        await users.authenticate(connection, login, password)
    return refused.value.code, refused.value.values


async def _locked_s(connection: Connection[Any]) -> float | None:
    seconds: float | None = await connection.fetchval(
        "SELECT extract(epoch FROM locked_until - now())::float FROM jishi.user_account WHERE login = 'one'"
    )
    return seconds


async def _pass(connection: Connection[Any], seconds: float) -> None:
    """Time goes by."""
    await connection.execute(
        "UPDATE jishi.user_account SET locked_until = locked_until - make_interval(secs => $1)", seconds
    )
