from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from jishi.access import grant_cli, protection
from jishi.access.grants import Grant
from jishi.access.protection import Protection, Visibility, visible
from jishi.errors import CallerError, JishiError, NotFoundError
from jishi.registers.catalog import register_of
from jishi.settings import Settings
from jishi.storage import engine, roles

if TYPE_CHECKING:
    from asyncpg import Connection

PERSONS = register_of("natural_person")
CALLER = Grant(1, "c-1", "natural_person")
TRUSTED = Grant(2, "c-2", "natural_person", rights=frozenset({"protected"}))
INSTANT = "2026-11-01T00:00:00Z"


async def _person(connection: Connection[Any], number: int) -> UUID:
    uid = UUID(int=number)
    await connection.execute(
        "INSERT INTO jishi.natural_person (uid, effective_from, recorded_at, state, in_version, batch_id) "
        "VALUES ($1, $2::text::timestamptz, $2::text::timestamptz, 'active', false, 1)",
        uid,
        INSTANT,
    )
    return uid


async def _merge(connection: Connection[Any], one: UUID, into: UUID) -> None:
    await connection.execute("DELETE FROM jishi.natural_person WHERE uid = $1", one)
    await connection.execute(
        'INSERT INTO jishi.natural_person_version (uid, effective_from, recorded_at, state, "into", batch_id) '
        "VALUES ($1, $2::text::timestamptz, $2::text::timestamptz, 'merged', $3, 1)",
        one,
        INSTANT,
        into,
    )


def test_who_is_hidden_does_not_exist_for_who_lacks_the_right() -> None:
    hidden = Protection(uuid4(), "natural_person", "hidden")
    assert visible(hidden, CALLER, "housing") is Visibility.HIDDEN
    assert visible(hidden, TRUSTED, None) is Visibility.VISIBLE
    assert visible(None, CALLER, None) is Visibility.VISIBLE


def test_who_is_shown_for_a_purpose_is_shown_for_no_other_and_no_right_replaces_it() -> None:
    guarded = Protection(uuid4(), "natural_person", "purpose", frozenset({"court", "rescue"}))
    for grant in (CALLER, TRUSTED):
        assert visible(guarded, grant, "court") is Visibility.VISIBLE
        assert visible(guarded, grant, "housing") is Visibility.PURPOSE
        assert visible(guarded, grant, None) is Visibility.PURPOSE


async def test_protections_are_set_changed_lifted_and_loaded(connection: Connection[Any]) -> None:
    one, two = await _person(connection, 1), await _person(connection, 2)
    await protection.put(connection, PERSONS, one, "hidden", (), "witness", "operator:test")
    await protection.put(connection, PERSONS, two, "purpose", ("court",), "adoption", "operator:test")
    assert await protection.load(connection) == {
        one: Protection(one, "natural_person", "hidden", frozenset(), "witness"),
        two: Protection(two, "natural_person", "purpose", frozenset({"court"}), "adoption"),
    }
    await protection.put(connection, PERSONS, one, "purpose", ("court",), "witness", "operator:test")
    await protection.lift(connection, PERSONS, two)
    assert await protection.load(connection) == {
        one: Protection(one, "natural_person", "purpose", frozenset({"court"}), "witness")
    }
    with pytest.raises(NotFoundError) as none:
        await protection.lift(connection, PERSONS, two)
    assert none.value.code == "ACC-PROTECTION-NONE"


async def test_a_protection_follows_its_person_through_merges_and_the_stricter_counts(
    connection: Connection[Any],
) -> None:
    one, two, three = [await _person(connection, number) for number in (1, 2, 3)]
    await protection.put(connection, PERSONS, one, "hidden", (), "witness", "operator:test")
    await protection.put(connection, PERSONS, three, "purpose", ("court",), "adoption", "operator:test")
    await _merge(connection, one, two)
    assert (await protection.load(connection))[two].level == "hidden"
    await _merge(connection, two, three)
    loaded = await protection.load(connection)
    assert loaded[three].level == "hidden" and loaded[three].uid == three
    assert visible(loaded[three], CALLER, "court") is Visibility.HIDDEN


async def test_of_two_purpose_protections_that_meet_only_the_purposes_of_both_see(connection: Connection[Any]) -> None:
    one, two = await _person(connection, 1), await _person(connection, 2)
    await protection.put(connection, PERSONS, one, "purpose", ("court", "tax"), "a", "operator:test")
    await protection.put(connection, PERSONS, two, "purpose", ("court", "rescue"), "b", "operator:test")
    await _merge(connection, one, two)
    assert (await protection.load(connection))[two].purposes == {"court"}


async def test_every_fault_of_a_protection_is_told_by_name(connection: Connection[Any]) -> None:
    one = await _person(connection, 1)
    for level, purposes, reason, codes in (
        ("hidden", ("court",), "witness", ["ACC-PROTECTION-PURPOSES"]),
        ("purpose", (), "witness", ["ACC-PROTECTION-PURPOSES"]),
        ("purpose", ("two words",), "witness", ["ACC-GRANT-PURPOSE"]),
        ("hidden", (), "because she asked", ["ACC-PROTECTION-REASON"]),
        ("hidden", (), "", ["ACC-PROTECTION-REASON"]),
        ("secret", ("court",), "一", ["ACC-PROTECTION-LEVEL", "ACC-PROTECTION-PURPOSES", "ACC-PROTECTION-REASON"]),
    ):
        with pytest.raises(CallerError) as refused:
            await protection.put(connection, PERSONS, one, level, purposes, reason, "operator:test")  # type: ignore[arg-type]
        assert [fault.code for fault in refused.value.faults] == codes
    with pytest.raises(NotFoundError) as unknown:
        await protection.put(connection, PERSONS, uuid4(), "hidden", (), "witness", "operator:test")
    assert unknown.value.code == "ACC-PROTECTION-UID"
    assert await protection.load(connection) == {}


async def test_an_alert_is_written_by_the_api_and_protections_are_not(
    connection: Connection[Any], database: str
) -> None:
    one, two = await _person(connection, 1), await _person(connection, 2)
    await roles.grant_all(connection)
    request = uuid4()
    api = await engine.connect(database, role=roles.API)
    try:
        await protection.alert(api, (one, two), "client:c-1", request)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await protection.put(api, PERSONS, one, "hidden", (), "witness", "client:c-1")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await protection.lift(api, PERSONS, one)
    finally:
        await api.close()
    alerts = await connection.fetch("SELECT kind, uid, caller, request_id FROM jishi.access_alert ORDER BY alert_id")
    assert [tuple(row) for row in alerts] == [
        ("protected", one, "client:c-1", request),
        ("protected", two, "client:c-1", request),
    ]


async def test_the_commands_set_list_and_lift(
    settings: Settings,
    connection: Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("JISHI_DATABASE_URL", settings.database_url or "")
    monkeypatch.setenv("JISHI_STATE", str(settings.state_dir))

    def command(*words: str) -> str:
        parser = argparse.ArgumentParser()
        grant_cli.register(parser.add_subparsers())
        args = parser.parse_args(("protection", *words))
        assert args.run(args) == 0
        return capsys.readouterr().out

    one = await _person(connection, 1)
    command("set", "natural-persons", str(one), "--level", "purpose", "--purposes", "court, rescue", "--reason", "w1")
    expected = {
        "uid": str(one),
        "collection": "natural-persons",
        "level": "purpose",
        "purposes": ["court", "rescue"],
        "reason": "w1",
    }
    assert json.loads(command("list", "--json")) == [expected]
    assert command("list") == f"{one}\tnatural-persons\tpurpose\tcourt,rescue\tw1\n"
    with pytest.raises(JishiError):
        command("set", "natural-persons", str(uuid4()), "--level", "hidden", "--reason", "w1")
    command("lift", "natural-persons", str(one))
    assert json.loads(command("list", "--json")) == []
    acts = await connection.fetch("SELECT act, succeeded, code FROM jishi.administrative_act ORDER BY act_id")
    assert [tuple(row) for row in acts] == [
        ("protection.set", True, None),
        ("protection.set", False, "ACC-PROTECTION-UID"),
        ("protection.lift", True, None),
    ]
