from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import asyncpg
import pytest

from jishi.access import clients, grant_cli, grant_store, terms
from jishi.access.terms import Terms
from jishi.errors import CallerError, JishiError, NotFoundError
from jishi.identifiers.keys import Keys
from jishi.registers import catalogue_entry
from jishi.registers.catalog import register_of
from jishi.registers.catalogue_entry import Sharing
from jishi.settings import Settings
from jishi.storage import engine, roles

if TYPE_CHECKING:
    from asyncpg import Connection

PERSONS = register_of("natural_person")
BASIS = "协议 2026-1"

Command = Callable[..., tuple[str, str]]


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """``command("grants", "list")``: what it writes on stdout and stderr."""
    monkeypatch.setenv("JISHI_DATABASE_URL", settings.database_url or "")
    monkeypatch.setenv("JISHI_STATE", str(settings.state_dir))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)

    def run(*words: str) -> tuple[str, str]:
        parser = argparse.ArgumentParser()
        grant_cli.register(parser.add_subparsers())
        args = parser.parse_args(words)
        assert args.run(args) == 0
        said = capsys.readouterr()
        return said.out, said.err

    return run


async def _client(connection: Connection[Any], name: str = "住建审批") -> str:
    return (await clients.create(connection, Keys(1, {1: bytes(32)}), name)).client_id


async def test_what_is_not_named_in_clear_is_masked_and_what_has_no_mask_is_clear(connection: Connection[Any]) -> None:
    client = await _client(connection)
    wanted = Terms(PERSONS, ("full_name", "id_number", "sex_code", "mobile"), clear=("mobile",), basis=BASIS)
    grant = (await grant_store.add(connection, client, wanted, "operator:test")).grant
    assert grant.masked == {"full_name", "id_number"}
    assert grant.clear == {"mobile", "sex_code"}  # a sex has no mask: the same both ways
    assert (await grant_store.of_client(connection, client)) == {"natural_person": grant}


async def test_a_star_means_each_element_there_is_and_in_clear_each_one_granted(connection: Connection[Any]) -> None:
    client = await _client(connection)
    everything = (await grant_store.add(connection, client, Terms(PERSONS, ("*",), basis=BASIS), "operator:test")).grant
    assert everything.elements == frozenset(PERSONS.elements) and "id_number" in everything.masked
    open_ = (
        await grant_store.add(connection, client, Terms(PERSONS, ("*",), ("*",), basis=BASIS), "operator:test")
    ).grant
    assert open_.clear == frozenset(PERSONS.elements) and not open_.masked
    some = Terms(PERSONS, ("full_name", "mobile"), ("*",), basis=BASIS)
    assert (await grant_store.add(connection, client, some, "operator:test")).grant.clear == {"full_name", "mobile"}


async def test_a_new_grant_takes_the_place_of_the_one_before(connection: Connection[Any]) -> None:
    client, other = await _client(connection), await _client(connection, "另一系统")
    wanted = Terms(PERSONS, ("full_name",), basis=BASIS)
    first = await grant_store.add(connection, client, wanted, "operator:test")
    beside = await grant_store.add(connection, other, wanted, "operator:test")
    second = await grant_store.add(connection, client, replace(wanted, elements=("mobile",)), "operator:test")
    assert first.replaced is None and second.replaced == first.grant.grant_id
    assert (await grant_store.of_client(connection, client)) == {"natural_person": second.grant}
    assert (await grant_store.of_client(connection, other)) == {"natural_person": beside.grant}
    kept = await grant_store.listed(connection, client_id=client, revoked=True)
    assert [(item.grant.grant_id, item.revoked_at is None) for item in kept] == [
        (first.grant.grant_id, False),
        (second.grant.grant_id, True),
    ]


async def test_of_grants_made_at_once_exactly_one_stands(connection: Connection[Any], database: str) -> None:
    client = await _client(connection)
    lanes = [await engine.connect(database) for _ in range(5)]
    wanted = Terms(PERSONS, ("full_name",), basis=BASIS)
    try:
        added = await asyncio.gather(*(grant_store.add(lane, client, wanted, "operator:test") for lane in lanes))
    finally:
        for lane in lanes:
            await lane.close()
    standing = await grant_store.of_client(connection, client)
    assert standing["natural_person"].grant_id in {item.grant.grant_id for item in added}
    assert await connection.fetchval("SELECT count(*) FROM jishi.access_grant WHERE revoked_at IS NULL") == 1


async def test_a_grant_is_revoked_once(connection: Connection[Any]) -> None:
    client = await _client(connection)
    made = await grant_store.add(connection, client, Terms(PERSONS, ("full_name",), basis=BASIS), "operator:test")
    revoked = await grant_store.revoke(connection, made.grant.grant_id, "operator:test")
    assert revoked == made.grant and await grant_store.of_client(connection, client) == {}
    with pytest.raises(CallerError) as again:
        await grant_store.revoke(connection, made.grant.grant_id, "operator:test")
    assert again.value.code == "ACC-GRANT-REVOKED"
    with pytest.raises(NotFoundError) as unknown:
        await grant_store.revoke(connection, 999, "operator:test")
    assert unknown.value.code == "ACC-GRANT-UNKNOWN"


@pytest.mark.parametrize(
    ("change", "name", "code"),
    [
        ({"elements": (), "clear": ()}, "elements", "ACC-GRANT-EMPTY"),
        ({"elements": ("full_name", "shoe_size")}, "elements: shoe_size", "ACC-GRANT-ELEMENT"),
        ({"clear": ("shoe_size",)}, "clear: shoe_size", "ACC-GRANT-ELEMENT"),
        ({"clear": ("mobile",)}, "clear: mobile", "ACC-GRANT-CLEAR"),
        ({"derived": ("height",)}, "derived: height", "ACC-DERIVED"),
        ({"derived": ("certificate_valid_on",)}, "derived: certificate_valid_on", "ACC-DERIVED"),
        ({"derived": ("resident_of(x)",)}, "derived: resident_of(x)", "ACC-DERIVED-ARGUMENT"),
        ({"derived": ("age(2000-01-01)",)}, "derived: age(2000-01-01)", "ACC-DERIVED-ARGUMENT"),
        ({"rights": ("fly",)}, "rights: fly", "ACC-GRANT-RIGHT"),
        ({"rows": " "}, "rows", "ACC-GRANT-FILTER"),
        ({"rows": "x" * 2001}, "rows", "ACC-GRANT-FILTER"),
        ({"rows": "a = '\0'"}, "rows", "ACC-GRANT-FILTER"),
        ({"purposes": ("two words",)}, "purposes", "ACC-GRANT-PURPOSE"),
        ({"purposes": ("",)}, "purposes", "ACC-GRANT-PURPOSE"),
        ({"rate_per_minute": 0}, "rate", "ACC-GRANT-NUMBER"),
        ({"quota_per_day": -1}, "quota", "ACC-GRANT-NUMBER"),
        ({"quota_per_day": 2**31}, "quota", "ACC-GRANT-NUMBER"),
        ({"basis": ""}, "basis", "ACC-GRANT-BASIS"),
        ({"basis": "\0"}, "basis", "ACC-GRANT-BASIS"),
        ({"basis": "x" * 501}, "basis", "ACC-GRANT-BASIS"),
    ],
)
def test_terms_are_refused_by_name(change: dict[str, Any], name: str, code: str) -> None:
    sound = Terms(PERSONS, ("full_name",), basis=BASIS)
    assert terms.faults_of_terms(sound) == ()
    assert [(fault.name, fault.code) for fault in terms.faults_of_terms(replace(sound, **change))] == [(name, code)]


def test_what_the_catalogue_does_not_share_is_granted_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = replace(catalogue_entry.ENTRIES["natural_person"], sharing=Sharing.NONE, basis="某法第一条")
    monkeypatch.setitem(catalogue_entry.ENTRIES, "natural_person", entry)
    faults = terms.faults_of_terms(Terms(PERSONS, ("full_name",), basis=BASIS))
    assert [fault.code for fault in faults] == ["ACC-GRANT-NOT-SHARED"] and "某法第一条" in faults[0].text("en")


def test_what_is_shared_without_condition_rests_on_the_catalogue() -> None:
    entities = Terms(register_of("legal_entity"), ("entity_name",))
    assert terms.faults_of_terms(entities) == () and entities.basis_stated == "catalogue"
    assert entities.sharing is Sharing.UNCONDITIONAL


async def test_the_api_may_add_and_revoke_grants_and_change_nothing_else_of_them(
    connection: Connection[Any], database: str
) -> None:
    client = await _client(connection)
    await roles.grant_all(connection)
    api = await engine.connect(database, role=roles.API)
    try:
        wanted = Terms(PERSONS, ("full_name",), basis=BASIS)
        made = await grant_store.add(api, client, wanted, "client:c")
        assert (await grant_store.add(api, client, wanted, "client:c")).replaced == made.grant.grant_id
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await api.execute("UPDATE jishi.access_grant SET clear = '{id_number}'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await api.execute("DELETE FROM jishi.access_grant")
    finally:
        await api.close()


async def test_the_commands_make_list_and_revoke_grants(command: Command, connection: Connection[Any]) -> None:
    client = await _client(connection)
    add = (
        *("grants", "add", "住建审批", "natural-persons", "--elements", "full_name,id_number,hukou_division_code"),
        *(
            "--clear",
            "hukou_division_code",
            "--derived",
            "age,resident_of(3205)",
            "--rows",
            "hukou_division_code LIKE '3205%'",
        ),
        *("--purposes", "housing,tax", "--case-required", "--rate", "60/min", "--quota", "1000/day"),
        *("--rights", "exact,inactive", "--until", "2030-12-31", "--json"),
    )
    made = json.loads(command(*add)[0])
    expected = {
        "client": client,
        "collection": "natural-persons",
        "masked": ["full_name", "id_number"],
        "clear": ["hukou_division_code"],
        "derived": ["age", "resident_of(320500)"],
        "rows": "hukou_division_code LIKE '3205%'",
        "purposes": ["housing", "tax"],
        "case_required": True,
        "rate_per_minute": 60,
        "quota_per_day": 1000,
        "rights": ["exact", "inactive"],
        "sharing": "conditional",
        "basis": "command line, operator",
        "valid_until": "2030-12-31T16:00:00+00:00",  # the day is over at midnight in the city
    }
    assert {name: made[name] for name in expected} == expected and made["replaced"] is None
    assert json.loads(command(*add)[0])["replaced"] == made["grant"]
    listed = json.loads(command("grants", "list", "--json")[0])
    assert [item["grant"] for item in listed] == [made["grant"] + 1] and listed[0]["name"] == "住建审批"
    assert len(json.loads(command("grants", "list", client, "--all", "--json")[0])) == 2
    assert "natural-persons" in command("grants", "list")[0]
    command("grants", "revoke", str(made["grant"] + 1))
    assert json.loads(command("grants", "list", "--json")[0]) == []
    acts = await connection.fetch(
        "SELECT act, target, succeeded, actor_kind FROM jishi.administrative_act ORDER BY act_id"
    )
    assert [tuple(row) for row in acts] == [
        ("grant.add", str(made["grant"]), True, "operator"),
        ("grant.add", str(made["grant"] + 1), True, "operator"),
        ("grant.revoke", str(made["grant"] + 1), True, "operator"),
    ]


async def test_the_command_tells_every_fault_at_once_and_writes_the_refusal_down(
    command: Command, connection: Connection[Any]
) -> None:
    await _client(connection)
    with pytest.raises(CallerError) as refused:
        command(
            *("grants", "add", "住建审批", "natural-persons", "--elements", "full_name,nose", "--clear", "mobile,ear"),
            *("--derived", "height", "--rate", "fast", "--quota", "0/day", "--until", "soon", "--rights", "fly"),
            *("--purposes", "two words", "--rows", " ", "--basis", " "),
        )
    assert [(fault.name, fault.code) for fault in refused.value.faults] == [
        ("elements: nose", "ACC-GRANT-ELEMENT"),
        ("clear: ear", "ACC-GRANT-ELEMENT"),
        ("clear: mobile", "ACC-GRANT-CLEAR"),
        ("derived: height", "ACC-DERIVED"),
        ("rights: fly", "ACC-GRANT-RIGHT"),
        ("rows", "ACC-GRANT-FILTER"),
        ("purposes", "ACC-GRANT-PURPOSE"),
        ("quota", "ACC-GRANT-NUMBER"),
        ("basis", "ACC-GRANT-BASIS"),
        ("rate", "ACC-GRANT-NUMBER"),
        ("until", "ACC-GRANT-UNTIL"),
    ]
    for words, code in (
        (("grants", "add", "nobody", "natural-persons", "--elements", "full_name"), "ACC-GRANT-CLIENT"),
        (("grants", "add", "住建审批", "unicorns", "--elements", "full_name"), "REG-UNKNOWN"),
        (("grants", "list", "nobody"), "ACC-GRANT-CLIENT"),
        (("grants", "revoke", "77"), "ACC-GRANT-UNKNOWN"),
    ):
        with pytest.raises(JishiError) as wrong:
            command(*words)
        assert wrong.value.code == code
    acts = await connection.fetch("SELECT act, target, succeeded, code FROM jishi.administrative_act ORDER BY act_id")
    assert [tuple(row) for row in acts] == [
        ("grant.add", "住建审批", False, "ACC-GRANT"),
        ("grant.add", "nobody", False, "ACC-GRANT-CLIENT"),
        ("grant.revoke", "77", False, "ACC-GRANT-UNKNOWN"),
    ]
    assert await connection.fetchval("SELECT count(*) FROM jishi.access_grant") == 0


@pytest.mark.parametrize(
    ("rows", "name", "code"),
    [
        ("hukou_division_code LIKE", "rows", "QRY-FILTER-SYNTAX"),
        ("((" * 30 + "1=1" + "))" * 30, "rows", "QRY-FILTER-DEEP"),
        ("nose = 'x'", "nose", "QRY-FILTER-PROPERTY"),
        ("pg_sleep(10) = 1", "filter", "QRY-FILTER-SIDES"),
    ],
)
async def test_a_row_filter_that_cannot_be_compiled_is_refused_before_the_grant_stands(
    command: Command, connection: Connection[Any], rows: str, name: str, code: str
) -> None:
    await _client(connection)
    with pytest.raises(CallerError) as refused:
        command("grants", "add", "住建审批", "natural-persons", "--elements", "full_name", "--rows", rows)
    assert [(fault.name, fault.code) for fault in refused.value.faults] == [(name, code)]
    assert await connection.fetchval("SELECT count(*) FROM jishi.access_grant") == 0


async def test_a_grant_whose_day_is_past_is_made_and_said_to_permit_nothing(
    command: Command, connection: Connection[Any]
) -> None:
    client = await _client(connection)
    out, told = command("grants", "add", client, "natural-persons", "--elements", "full_name", "--until", "2020-01-01")
    assert out.strip().isdigit() and "is over already" in told
    grant = (await grant_store.of_client(connection, client))["natural_person"]
    assert not grant.in_force(datetime.now(UTC))
