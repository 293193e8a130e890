from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from disclosed import disclosure
from jishi.access import signing
from jishi.identifiers.keys import load_or_create
from jishi.identifiers.sealing import Sealer
from jishi.registers.catalog import register_of
from jishi.registers.element import Kind
from jishi.settings import DisclosureRules, Settings

if TYPE_CHECKING:
    from asyncpg import Connection

SEEN = UUID(int=1)


@pytest.fixture
async def counter(steward: httpx.AsyncClient, connection: Connection[Any]) -> httpx.AsyncClient:
    """The steward's client, with the counter's role instead."""
    await connection.execute("UPDATE jishi.client SET roles = '{counter}' WHERE name = 'steward'")
    return steward


@pytest.fixture
async def auditor(caller: httpx.AsyncClient, connection: Connection[Any]) -> httpx.AsyncClient:
    await connection.execute("UPDATE jishi.client SET roles = '{auditor}' WHERE name = 'caller'")
    return caller


async def _looks(client: httpx.AsyncClient, **asked: Any) -> dict[str, Any]:
    answer = await client.post("/access-log/search", json={"collection": "natural-persons", "uid": str(SEEN), **asked})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_the_counter_is_told_when_who_why_and_what_and_not_by_whose_hand(
    api: FastAPI, counter: httpx.AsyncClient, connection: Connection[Any]
) -> None:
    await connection.execute(
        "INSERT INTO jishi.department (uscc, name, short_name, name_en, note) VALUES ($1, '市公安局', '公安', '', '')",
        "11320500000090018H",
    )
    log = api.state.serving.log
    await log.write(disclosure(1, act="search", case_no="机密案号"))
    await log.write(disclosure(2))
    await log.write(disclosure(2, 1, masked=(), clear=("name", "sex")))
    full, hit = (await _looks(counter))["disclosures"]
    assert hit["department"] == {"uscc": "11320500000090018H", "name": "市公安局"}
    assert (hit["seen"], hit["purpose"], hit["collection"]) == ("hit", "visit", "natural-persons")
    assert (hit["masked"], hit["clear"]) == (["mobile"], ["name"])
    assert (full["seen"], full["masked"], full["clear"]) == ("full", [], ["name", "sex"])
    assert full["at"] >= hit["at"]
    assert hit.keys() == {"at", "department", "purpose", "collection", "masked", "clear", "seen"}


async def test_investigations_are_told_to_auditors_only_and_counted_nowhere(
    api: FastAPI, counter: httpx.AsyncClient, auditor: httpx.AsyncClient
) -> None:
    serving = api.state.serving
    serving.city = serving.city.model_copy(update={"disclosure": DisclosureRules(exempt_purposes=("case",))})
    await serving.log.write(disclosure(1))
    for _ in range(3):
        await serving.log.write(disclosure(1, purpose="case", case_no="A-1"))
    await serving.log.write(disclosure(1, purpose=None))
    first = await _looks(counter, limit=1)
    assert [look["purpose"] for look in first["disclosures"]] == [None] and first["next"]
    second = await _looks(counter, limit=1, before=first["next"])
    assert [look["purpose"] for look in second["disclosures"]] == ["visit"] and second["next"] is None
    everything = (await _looks(auditor))["disclosures"]
    assert [look["exempt"] for look in everything if look["act"] == "item"] == [False, True, True, True, False]
    assert {look["case_no"] for look in everything if look["exempt"]} == {"A-1"}


async def test_the_look_itself_is_disclosed_before_it_is_answered(
    api: FastAPI, counter: httpx.AsyncClient, connection: Connection[Any]
) -> None:
    await api.state.serving.log.write(disclosure(1))
    assert len((await _looks(counter, purpose="citizen-asks", case_no="窗口7"))["disclosures"]) == 1
    row = await connection.fetchrow("SELECT * FROM jishi.disclosure WHERE act = 'access-log'")
    assert row["subjects"] == [SEEN] and row["purpose"] == "citizen-asks" and row["case_no"] == "窗口7"
    assert len(row["query_digest"]) == 32
    (look, _) = (await _looks(counter))["disclosures"]
    assert look["seen"] == "log" and look["purpose"] == "citizen-asks"


async def test_without_the_log_nobody_is_told_anything(
    api: FastAPI, counter: httpx.AsyncClient, connection: Connection[Any]
) -> None:
    await api.state.serving.log.write(disclosure(1))
    await connection.execute("REVOKE INSERT ON jishi.disclosure FROM jishi_api")
    answer = await counter.post("/access-log/search", json={"collection": "natural-persons", "uid": str(SEEN)})
    assert answer.status_code == 503 and answer.json()["code"] == "ACC-LOG" and "disclosures" not in answer.json()
    assert answer.headers["Retry-After"]


async def test_a_person_is_found_by_a_number_and_nobody_is_the_same_answer_as_unseen(
    api: FastAPI, settings: Settings, counter: httpx.AsyncClient, connection: Connection[Any]
) -> None:
    number = "11010519491231002X"
    tag = Sealer(load_or_create(settings.key_path)).tag(number)
    await connection.execute(
        "INSERT INTO jishi.identifier (register, contribution_id, uid, element, scheme, lookup, masked, strong, valid_from) "
        "VALUES (1, 1, $1, $2, 'citizen_id', $3, '110105********002X', true, now())",
        SEEN,
        _number_element(),
        tag,
    )
    await api.state.serving.log.write(disclosure(1))
    element = _number_element()
    found = await _looks(counter, uid=None, key={element: "110105４91231002"})
    assert len(found["disclosures"]) == 1
    nobody = await _looks(counter, uid=None, key={element: "34052419800101001X"})
    assert nobody == {"disclosures": [], "next": None}
    misses = await connection.fetch("SELECT misses FROM jishi.disclosure WHERE act = 'access-log' ORDER BY number")
    assert [row["misses"] for row in misses] == [0, 1]


def _number_element() -> str:
    elements = register_of("natural-persons").elements
    return next(name for name, element in elements.items() if element.kind is Kind.IDENTIFIER and element.sealed)


async def test_only_counter_and_auditors_ask(caller: httpx.AsyncClient, anybody: httpx.AsyncClient) -> None:
    body = {"collection": "natural-persons", "uid": str(SEEN)}
    answer = await caller.post("/access-log/search", json=body)
    assert answer.status_code == 403 and answer.json()["code"] == "ACC-ROLE-MISSING"
    assert (await anybody.post("/access-log/search", json=body)).status_code == 401


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"uid": str(SEEN), "key": {"name": "x"}},
        {"key": {"name": "欧阳明日"}},
        {"key": {"citizen_id": "1", "name": "2"}},
        {"uid": "x"},
        {"uid": str(SEEN), "before": "x~y"},
        {"uid": str(SEEN), "before": "9999-12-31T23:59:59+14:00~x~1"},
        {"uid": str(SEEN), "since": "2026-01-01"},
        {"uid": str(SEEN), "limit": 0},
        {"uid": str(SEEN), "purpose": "a\0"},
        {"uid": str(SEEN), "other": 1},
    ],
)
async def test_what_cannot_be_asked_is_said_and_not_repeated(counter: httpx.AsyncClient, asked: dict[str, Any]) -> None:
    answer = await counter.post("/access-log/search", json={"collection": "natural-persons", **asked})
    assert answer.status_code == 400, answer.text
    assert "欧阳" not in answer.text
    unknown = await counter.post("/access-log/search", json={"collection": "nothing", "uid": str(SEEN)})
    assert unknown.status_code == 404


async def test_pages_follow_one_another_without_gap_or_repeat(api: FastAPI, auditor: httpx.AsyncClient) -> None:
    log = api.state.serving.log
    await asyncio.gather(*(log.write(disclosure(1, misses=number, result=str(number))) for number in range(25)))
    seen: list[str] = []
    before = None
    for _ in range(10):
        page = await _looks(auditor, limit=10, before=before)
        seen += [look["result"] for look in page["disclosures"] if look["act"] == "item"]
        before = page["next"]
        if before is None:
            break
    assert sorted(map(int, seen)) == list(range(25))


@pytest.mark.parametrize("use", ["receipt", "seal"])
async def test_anybody_reads_the_public_keys_and_no_withdrawn_one(
    settings: Settings, anybody: httpx.AsyncClient, connection: Connection[Any], use: Any
) -> None:
    keys = load_or_create(settings.key_path)
    gone = await signing.current(connection, keys, use)
    kept = await signing.rotate(connection, keys, use)
    assert await signing.withdraw(connection, gone.kid)
    answer = await anybody.get(f"/.well-known/jishi-{use}-keys.json")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/jwk-set+json"
    (jwk,) = answer.json()["keys"]
    assert jwk == kept.public_jwk and "d" not in jwk
