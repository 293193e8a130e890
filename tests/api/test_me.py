from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI

from jishi.access import clients, grant_store
from jishi.access.grants import RIGHTS
from jishi.access.quotas import Quotas
from jishi.access.terms import Terms
from jishi.identifiers.keys import Keys
from jishi.registers.catalog import register_of

if TYPE_CHECKING:
    from asyncpg import Connection

Heard = Callable[[], AbstractAsyncContextManager[None]]
PERSONS = register_of("natural_person")
TERMS = Terms(
    PERSONS,
    elements=("full_name", "id_number", "birth_date", "sex_code", "hukou_division_code"),
    clear=("birth_date",),
    derived=("age", "resident_of(320505)"),
    rows="hukou_division_code LIKE '3205%'",
    purposes=("housing", "tax"),
    case_required=True,
    rate_per_minute=60,
    quota_per_day=10,
    rights=("inactive",),
    basis="协议",
    valid_until=datetime(2099, 1, 1, tzinfo=UTC),
)
SOUND: dict[str, Any] = {
    "collection": "natural-persons",
    "properties": ["full_name", "birth_date", "sex", "age", "resident_of(320505)"],
    "purpose": "housing",
    "case_no": "(2026)7",
}


@pytest.fixture
async def granted(
    api: FastAPI, connection: Connection[Any], keys: Keys
) -> AsyncIterator[tuple[httpx.AsyncClient, str]]:
    """A client of a department with a grant on persons, and its id."""
    made = await clients.create(connection, keys, "住建审批", "113205000141498861", ("steward",))
    await grant_store.add(connection, made.client_id, TERMS, "operator:test")
    headers = {"X-API-Key": made.api_key, "Accept-Language": "en"}
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://jishi.test", headers=headers) as client:
        yield client, made.client_id


async def test_me_says_who_one_is_and_what_one_may_ask_for(
    granted: tuple[httpx.AsyncClient, str], connection: Connection[Any]
) -> None:
    client, client_id = granted
    grant = (await grant_store.of_client(connection, client_id))["natural_person"]
    await Quotas().take(connection, grant, 3)
    answer = await client.get("/me")
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "private, no-store"
    told = answer.json()
    assert (told["client_id"], told["name"], told["department"], told["roles"]) == (
        client_id,
        "住建审批",
        "113205000141498861",
        ["steward"],
    )
    persons, entities, places = told["collections"]
    assert {name: persons[name] for name in ("collection", "masked", "clear", "rows", "purposes", "case_required")} == {
        "collection": "natural-persons",
        "masked": ["full_name", "hukou_division_code", "id_number"],
        "clear": ["birth_date", "sex_code"],
        "rows": "hukou_division_code LIKE '3205%'",
        "purposes": ["housing", "tax"],
        "case_required": True,
    }
    assert [(item["name"], item["asked_as"]) for item in persons["derived"]] == [
        ("age", "age"),
        ("resident_of(320505)", "resident_of(320505)"),
    ]
    assert (persons["rate_per_minute"], persons["quota_per_day"], persons["quota_left"]) == (60, 10, 7)
    assert persons["rights"] == ["inactive"] and persons["valid_until"] == "2099-01-01T00:00:00+00:00"
    assert persons["grant"] == grant.grant_id and persons["in_force"] and not persons["standing"]
    assert persons["shapes"] == []  # every shape looks by something that is masked here
    for open_ in (entities, places):
        assert (
            open_["standing"]
            and open_["grant"] is None
            and open_["quota_left"] is None
            and open_["basis"] == "catalogue"
        )
    assert "legal_rep_id_no" in entities["masked"] and "entity_name" in entities["clear"]


async def test_shapes_are_those_that_look_by_what_is_clear_or_matched_by_right(
    granted: tuple[httpx.AsyncClient, str], connection: Connection[Any], heard: Heard
) -> None:
    client, client_id = granted

    async def shapes(clear: tuple[str, ...], rights: tuple[str, ...] = ()) -> list[str]:
        terms = Terms(PERSONS, ("full_name", "id_number", "birth_date", "mobile"), clear, rights=rights, basis="b")
        async with heard():
            await grant_store.add(connection, client_id, terms, "operator:test")
        found: list[str] = (await client.get("/me")).json()["collections"][0]["shapes"]
        return found

    assert await shapes(("id_number",)) == ["identifier"]
    assert await shapes(("full_name", "birth_date")) == ["name + birth date"]
    assert await shapes(("mobile", "full_name")) == ["mobile + name"]
    # by right every masked element may be matched whole, never by its beginning
    assert await shapes((), ("exact",)) == ["identifier", "name + birth date", "mobile + name"]


async def test_a_grant_that_is_over_is_shown_as_such_and_permits_nothing(
    granted: tuple[httpx.AsyncClient, str], connection: Connection[Any], heard: Heard
) -> None:
    client, client_id = granted
    over = Terms(PERSONS, ("full_name",), ("*",), basis="b", valid_until=datetime.now(UTC) - timedelta(seconds=1))
    async with heard():
        await grant_store.add(connection, client_id, over, "operator:test")
    persons = (await client.get("/me")).json()["collections"][0]
    assert not persons["in_force"] and persons["shapes"] == []
    planned = (await client.post("/me/plan", json={**SOUND, "properties": ["full_name"]})).json()
    assert [error["code"] for error in planned["errors"]] == ["ACC-GRANT-ENDED"]


async def test_a_plan_that_is_permitted_says_under_which_grant_and_what_comes_masked(
    granted: tuple[httpx.AsyncClient, str], connection: Connection[Any]
) -> None:
    client, client_id = granted
    grant = (await grant_store.of_client(connection, client_id))["natural_person"]
    planned = await client.post("/me/plan", json=SOUND)
    assert planned.status_code == 200
    assert planned.json() == {
        "permitted": True,
        "errors": [],
        "grant": grant.grant_id,
        "masked": ["full_name"],
        "clear": ["age", "birth_date", "resident_of(320505)", "sex_code"],
    }


async def test_a_plan_is_refused_by_name(granted: tuple[httpx.AsyncClient, str]) -> None:
    client, _ = granted
    for change, name, code in (
        ({"properties": ["mobile"]}, "mobile", "ACC-ELEMENT"),
        ({"properties": ["nose"]}, "nose", "QRY-PROPERTY-UNKNOWN"),
        ({"properties": ["is_adult"]}, "is_adult", "ACC-ELEMENT"),
        ({"properties": ["resident_of(320506)"]}, "resident_of(320506)", "ACC-ELEMENT"),
        ({"properties": ["resident_of"]}, "resident_of", "ACC-DERIVED-ARGUMENT"),
        ({"properties": None}, "properties", "ACC-PLAN-PROPERTIES"),
        ({"clear": ["full_name"]}, "full_name", "ACC-ELEMENT-MASKED"),
        ({"compared": ["id_number"]}, "id_number", "ACC-ELEMENT-COMPARED"),
        ({"compared": ["nose"]}, "nose", "QRY-PROPERTY-UNKNOWN"),
        ({"matched": ["id_number"]}, "id_number", "ACC-ELEMENT-COMPARED"),
        ({"sortby": ["-full_name"]}, "full_name", "ACC-ELEMENT-COMPARED"),
        ({"shape": "identifier"}, "id_number", "ACC-ELEMENT-COMPARED"),
        ({"shape": "shoe size"}, "shape", "ACC-PLAN-SHAPE"),
        ({"rights": ["withheld"]}, "withheld", "ACC-RIGHT"),
        ({"rights": ["fly"]}, "rights: fly", "ACC-GRANT-RIGHT"),
        ({"purpose": "gossip"}, "purpose", "ACC-PURPOSE"),
        ({"purpose": None}, "purpose", "ACC-PURPOSE-MISSING"),
        ({"case_no": None}, "case_no", "ACC-CASE-MISSING"),
        ({"collection": "certificates", "properties": []}, "certificates", "ACC-NO-GRANT"),
    ):
        planned = (await client.post("/me/plan", json={**SOUND, **change})).json()
        assert not planned["permitted"] and planned["masked"] == planned["clear"] == []
        assert [(error["name"], error["code"]) for error in planned["errors"]] == [(name, code)], change
        assert all(error["reason"] for error in planned["errors"])
    many = {"collection": "natural-persons", "properties": ["mobile", "nose"], "sortby": ["email"]}
    planned = (await client.post("/me/plan", json=many)).json()
    assert len(planned["errors"]) == 5


async def test_a_plan_is_refused_once_the_days_quota_is_used_up(
    granted: tuple[httpx.AsyncClient, str], connection: Connection[Any]
) -> None:
    client, client_id = granted
    grant = (await grant_store.of_client(connection, client_id))["natural_person"]
    await Quotas().take(connection, grant, 10)
    planned = (await client.post("/me/plan", json=SOUND)).json()
    assert [(error["name"], error["code"]) for error in planned["errors"]] == [("quota", "ACC-PLAN-QUOTA")]


async def test_me_and_plan_agree_on_every_element_and_every_right(granted: tuple[httpx.AsyncClient, str]) -> None:
    client, _ = granted
    for told in (await client.get("/me")).json()["collections"]:
        held = {*told["masked"], *told["clear"]}
        stated = {"collection": told["collection"], "purpose": "tax", "case_no": "1"}
        every = sorted(register_of(told["collection"]).elements)
        planned = (await client.post("/me/plan", json={**stated, "properties": every})).json()
        assert {error["name"] for error in planned["errors"]} == set(every) - held
        planned = (await client.post("/me/plan", json={**stated, "properties": [], "sortby": every})).json()
        assert {error["name"] for error in planned["errors"]} == set(every) - set(told["clear"])
        planned = (await client.post("/me/plan", json={**stated, "properties": [], "rights": list(RIGHTS)})).json()
        assert {error["name"] for error in planned["errors"]} == set(RIGHTS) - set(told["rights"])


async def test_everything_granted_is_what_an_open_collection_gives_where_nothing_is_named(
    granted: tuple[httpx.AsyncClient, str],
) -> None:
    client, _ = granted
    planned = (await client.post("/me/plan", json={"collection": "places"})).json()
    assert planned["permitted"] and planned["grant"] is None
    assert {*planned["masked"], *planned["clear"]} == set(register_of("place").elements)


async def test_nobody_learns_anything_without_a_key_nor_of_another(
    anybody: httpx.AsyncClient, caller: httpx.AsyncClient, granted: tuple[httpx.AsyncClient, str]
) -> None:
    assert (await anybody.get("/me")).status_code == 401
    assert (await anybody.post("/me/plan", json=SOUND)).status_code == 401
    mine = (await caller.get("/me")).json()
    assert [told["collection"] for told in mine["collections"]] == ["legal-entities", "places"]
    assert (await caller.post("/me/plan", json=SOUND)).json()["errors"][0]["code"] == "ACC-NO-GRANT"
    assert (await caller.post("/me/plan", json={**SOUND, "collection": "unicorns"})).status_code == 404
    for body in ({}, {**SOUND, "more": 1}, {**SOUND, "properties": "full_name"}, {**SOUND, "purpose": "\0"}):
        answer = await caller.post("/me/plan", json=body)
        assert answer.status_code == 400 and answer.json()["errors"], body
