from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from jishi_api.guesses import WITHIN_S

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]
PutNumber = Callable[[UUID, str, str, str], Awaitable[None]]
Granted = Callable[..., Awaitable[httpx.AsyncClient]]

NUMBER, NOBODYS = "11010519491231002X", "110105194912310038"
CLEAR = {"full_name", "birth_date", "id_number", "sex_code", "hukou_address"}


@pytest.fixture
async def person(put: Put, put_number: PutNumber) -> UUID:
    uid = await put(
        "natural_person",
        1,
        full_name="刘·Ａ芳",
        birth_date="1949-01-01",
        birth_date_high="1949-12-31",
        birth_date_precision="year",
        id_number="110***********002X",
        sex_code="1",
    )
    await put_number(uid, "natural_person", "id_number", NUMBER)
    return uid


def asking(claims: dict[str, Any], number: str = NUMBER, **more: Any) -> dict[str, Any]:
    return {"collection": "natural-persons", "key": {"id_number": number}, "claims": claims, **more}


async def _told(client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/verify", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert set(found) == {"outcome", "claims", "receipt"}
    return found


@pytest.mark.parametrize(
    ("claims", "outcome", "verdicts"),
    [
        ({"full_name": "劉•a 芳"}, "match", {"full_name": "consistent"}),
        ({"full_name": "刘·A芳", "sex_code": "1"}, "match", {"full_name": "consistent", "sex_code": "consistent"}),
        ({"id_number": "１１０１０５491231002"}, "match", {"id_number": "consistent"}),
        ({"birth_date": "1949"}, "match", {"birth_date": "consistent"}),
        ({"birth_date": "1949-05-05"}, "unverifiable", {"birth_date": "unverifiable"}),
        ({"hukou_address": "某路"}, "unverifiable", {"hukou_address": "unverifiable"}),
        ({"birth_date": "1950-01"}, "mismatch", {"birth_date": "inconsistent"}),
        ({"id_number": NOBODYS}, "mismatch", {"id_number": "inconsistent"}),
        ({"full_name": "刘·B芳", "sex_code": "1"}, "mismatch", {"full_name": "inconsistent", "sex_code": "consistent"}),
    ],
)
async def test_claims_are_compared_without_their_dress(
    granted: Granted, person: UUID, claims: dict[str, str], outcome: str, verdicts: dict[str, str]
) -> None:
    client = await granted("natural-persons", clear=CLEAR, rights=["distinct"])
    told = await _told(client, asking(claims))
    assert (told["outcome"], told["claims"]) == (outcome, verdicts)
    by_uid = {"collection": "natural-persons", "key": {"uid": str(person)}, "claims": claims}
    assert (await _told(client, by_uid))["claims"] == verdicts


async def test_nobody_and_a_wrong_claim_are_one_answer_unless_the_grant_says_otherwise(
    granted: Granted, person: UUID, connection: Connection[Any]
) -> None:
    wrong, nobody = (asking({"full_name": "王某", "sex_code": "1"}, number) for number in (NUMBER, NOBODYS))
    plain = await granted("natural-persons", clear=CLEAR)
    assert await _told(plain, wrong) == await _told(plain, nobody)
    distinct = await granted("natural-persons", clear=CLEAR, rights=["distinct"])
    assert (await _told(distinct, wrong))["outcome"] == "mismatch"
    assert (await _told(distinct, nobody))["outcome"] == "no_record"
    rows = await connection.fetch("SELECT act, subjects, misses, result FROM jishi.disclosure ORDER BY number")
    assert [tuple(row) for row in rows] == [
        ("verify", [person], 0, "mismatch"),
        ("verify", [], 1, "no_record"),
    ] * 2


async def test_a_masked_element_is_not_compared_without_the_right(granted: Granted, person: UUID) -> None:
    masked = await granted("natural-persons", clear={"id_number"}, masked={"full_name"})
    answer = await masked.post("/verify", json=asking({"full_name": "刘·A芳", "mobile": "1"}))
    assert answer.status_code == 403
    assert [(fault["name"], fault["code"]) for fault in answer.json()["errors"]] == [
        ("full_name", "ACC-ELEMENT-COMPARED"),
        ("mobile", "ACC-ELEMENT-COMPARED"),
    ]
    exact = await granted("natural-persons", masked={"full_name", "id_number"}, rights=["exact"])
    assert (await _told(exact, asking({"full_name": "刘·A芳"})))["outcome"] == "match"


async def test_after_five_wrong_guesses_about_one_subject_the_caller_waits(
    granted: Granted, api: FastAPI, person: UUID
) -> None:
    now = [1000.0]
    api.state.serving.guesses.clock = lambda: now[0]
    client, other = [await granted("natural-persons", clear=CLEAR) for _ in range(2)]
    for guess in range(5):
        assert (await _told(client, asking({"full_name": f"王{guess}"})))["outcome"] == "mismatch"
    for body in (asking({"full_name": "刘·A芳"}), asking({"full_name": "刘·A芳"}) | {"key": {"uid": str(person)}}):
        answer = await client.post("/verify", json=body)
        assert answer.status_code == 429 and answer.json()["code"] == "ACC-GUESSING-SUBJECT"
    assert (await _told(client, asking({"full_name": "王"}, NOBODYS)))["outcome"] == "mismatch"
    assert (await _told(other, asking({"full_name": "刘·A芳"})))["outcome"] == "match"
    now[0] += WITHIN_S + 1
    assert (await _told(client, asking({"full_name": "刘·A芳"})))["outcome"] == "match"


async def test_a_name_that_fits_several_is_not_verifiable(granted: Granted, put: Put) -> None:
    for number in (1, 2):
        await put("natural_person", number, full_name="王某", mobile="1", sex_code="1")
    client = await granted("natural-persons", clear=CLEAR | {"mobile"})
    body = {
        "collection": "natural-persons",
        "key": {"full_name": "王某", "mobile": "1"},
        "claims": {"sex_code": "1"},
    }
    assert (await _told(client, body))["outcome"] == "unverifiable"


async def test_a_company_is_verified_by_its_code(caller: httpx.AsyncClient, put: Put, put_number: PutNumber) -> None:
    uid = await put(
        "legal_entity",
        1,
        entity_name="苏州某（集团）公司",
        uscc="914403001922038216",
        reg_capital=50,
        establish_date="2001-02-03",
    )
    await put_number(uid, "legal_entity", "uscc", "914403001922038216")
    body = {
        "collection": "legal-entities",
        "key": {"uscc": " 9144030019220３8216"},
        "claims": {"entity_name": "蘇州某(集团)公司", "reg_capital": 50, "establish_date": "2001年2月3日"},
    }
    assert (await _told(caller, body))["outcome"] == "match"
    refused = await caller.post("/verify", json=body | {"claims": {"legal_rep_name": "张三"}})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"collection": "x"}, "collection"),
        ({"collection": None}, "collection"),
        (asking({}), "claims"),
        (asking({"shape": "x"}), "claims.shape"),
        (asking({"former_names": "x"}), "claims.former_names"),
        (asking({"full_name": None}), "claims.full_name"),
        (asking({"full_name": "\x00"}), "claims.full_name"),
        (asking({"birth_date": "昨天"}), "claims.birth_date"),
        (asking({"full_name": "x"}, salt="short"), "salt"),
        (asking({"full_name": "x"}, salt="*" * 40), "salt"),
        (asking({"full_name": "x"}) | {"key": {"full_name": "x"}}, "key"),
        (asking({"full_name": "x"}) | {"key": {"uid": "x"}}, "key.uid"),
        (asking({"full_name": "x"}) | {"answer": 1}, "answer"),
    ],
)
async def test_a_faulty_question_is_refused(granted: Granted, person: UUID, body: dict[str, Any], name: str) -> None:
    client = await granted("natural-persons", clear=CLEAR)
    answer = await client.post("/verify", json=body)
    assert answer.status_code == 400 and name in {fault["name"] for fault in answer.json()["errors"]}, answer.text
