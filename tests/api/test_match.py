from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from jishi_api.guesses import MOST_WRONG

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]
PutNumber = Callable[[UUID, str, str, str], Awaitable[None]]
Granted = Callable[..., Awaitable[httpx.AsyncClient]]

ENTITIES, PERSONS = "/collections/legal-entities/match", "/collections/natural-persons/match"
USCC, OTHER_USCC = "91320500MA1MK7E20X", "913205007919000000"
NUMBER, NOBODYS = "11010519491231002X", "110105194912310038"
CLEAR = {"full_name", "birth_date", "id_number", "sex_code", "hukou_address", "hukou_division_code", "mobile"}


@pytest.fixture
async def entities(put: Put, put_number: PutNumber) -> list[UUID]:
    first = await put(
        "legal_entity",
        1,
        entity_name="苏州恒瑞电子科技有限公司",
        uscc=USCC,
        domicile="江苏省苏州市虎丘区三香路1号",
        establish_date="2010-05-06",
        former_names=[{"name": "苏州达通物流有限公司"}],
    )
    await put_number(first, "legal_entity", "uscc", USCC)
    second = await put(
        "legal_entity", 2, entity_name="苏州恒瑞电子商务有限公司", domicile="江苏省苏州市姑苏区十梓街2号"
    )
    third = await put("legal_entity", 3, entity_name="常德鼎城果蔬专业合作社", domicile="湖南省常德市鼎城区")
    await put("legal_entity", 4, entity_name="苏州恒瑞电子科技有限公司", state="ended")
    return [first, second, third]


@pytest.fixture
async def person(put: Put, put_number: PutNumber) -> UUID:
    uid = await put(
        "natural_person",
        1,
        full_name="欧阳明日",
        birth_date="1949-12-31",
        birth_date_high="1949-12-31",
        birth_date_precision="day",
        id_number="110***********002X",
        mobile="13800000001",
        hukou_division_code="320505001002",
        sex_code="1",
    )
    await put_number(uid, "natural_person", "id_number", NUMBER)
    return uid


async def _results(client: httpx.AsyncClient, path: str, *examples: object, **more: object) -> list[dict[str, Any]]:
    answer = await client.post(path, json={"examples": list(examples), **more})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    assert len(found) == len(examples)
    return found


def _words(candidate: dict[str, Any]) -> dict[str, str]:
    return {reason["element"]: reason["code"].removeprefix("MAT-ELEMENT-") for reason in candidate["reasons"]}


async def test_a_strong_number_makes_two_one_and_every_element_is_told(
    caller: httpx.AsyncClient, entities: list[UUID]
) -> None:
    example = {
        "uscc": "９１320500ma1mk7e20x",
        "entity_name": "蘇州恒瑞電子科技有限公司",
        "domicile": "苏州市虎丘区三香路1号",
        "establish_date": "2010-05-07",
        "org_code": "000000000",
    }
    (found,) = await _results(caller, ENTITIES, example)
    best = found["candidates"][0]
    assert found["outcome"] == "found" and best["id"] == str(entities[0]) and 0.95 <= best["score"] < 1
    assert _words(best) == {
        "uscc": "AGREES",
        "entity_name": "AGREES",
        "domicile": "ALIKE",
        "establish_date": "DIFFERS",
        "org_code": "UNKNOWN",
    }
    assert [reason["reason"] for reason in best["reasons"]][:2] == [
        "Unified social credit code: agrees",
        "Name: agrees",
    ]
    answer = await caller.post(ENTITIES, json={"examples": [example]}, headers={"Accept-Language": "zh"})
    assert answer.json()["results"][0]["candidates"][0]["reasons"][1]["reason"] == "名称一致"


async def test_a_number_of_quite_another_name_is_a_contradiction(
    caller: httpx.AsyncClient, entities: list[UUID]
) -> None:
    (found,) = await _results(caller, ENTITIES, {"uscc": USCC, "entity_name": "湖畔甲乙丙丁饭庄"})
    (candidate,) = found["candidates"]
    assert candidate["id"] == str(entities[0]) and 0.3 <= candidate["score"] <= 0.5
    assert _words(candidate) == {"uscc": "AGREES", "entity_name": "CONTRADICTS"}


async def test_a_name_it_bore_before_is_its_name(caller: httpx.AsyncClient, entities: list[UUID]) -> None:
    (found,) = await _results(caller, ENTITIES, {"uscc": USCC, "entity_name": "苏州达通物流有限公司"})
    assert found["candidates"][0]["score"] == 1
    assert _words(found["candidates"][0]) == {"uscc": "AGREES", "entity_name": "AGREES"}


async def test_another_number_keeps_one_name_apart(caller: httpx.AsyncClient, entities: list[UUID]) -> None:
    (found,) = await _results(caller, ENTITIES, {"uscc": OTHER_USCC, "entity_name": "苏州恒瑞电子科技有限公司"})
    scores = {candidate["id"]: candidate["score"] for candidate in found["candidates"]}
    assert scores[str(entities[0])] <= 0.4


@pytest.mark.parametrize(
    "name",
    [
        "苏州恒瑞电子科技有限公司",
        "苏州恒瑞电子科技股份有限公司",
        "苏州市恒瑞电子科技有限责任公司",
        "恒瑞电子科技有限公司",
        "苏州恒锐电子科技有限公司",
        "苏州恒瑞电子科持有限公司",
        "蘇州恒瑞電子科技（集團）有限公司",
    ],
)
async def test_a_name_is_found_though_it_is_written_otherwise(
    caller: httpx.AsyncClient, entities: list[UUID], name: str
) -> None:
    (found,) = await _results(caller, ENTITIES, {"entity_name": name, "domicile": "苏州虎丘区三香路1号"})
    best = found["candidates"][0]
    assert best["id"] == str(entities[0]) and 0.6 < best["score"] <= 0.9, found
    assert str(entities[2]) not in {candidate["id"] for candidate in found["candidates"]}


async def test_examples_are_answered_in_their_order_and_a_miss_is_one(
    caller: httpx.AsyncClient, entities: list[UUID], connection: Connection[Any]
) -> None:
    found = await _results(
        caller,
        ENTITIES,
        {"entity_name": "无此名号饭庄"},
        {"entity_name": "常德市鼎城果蔬合作社"},
        {"domicile": "江苏省苏州市姑苏区十梓街2号"},
        properties=["entity_name"],
        limit=1,
    )
    assert [one["outcome"] for one in found] == ["none", "found", "found"]
    assert [one["candidates"][0]["id"] for one in found[1:]] == [str(entities[2]), str(entities[1])]
    assert found[1]["candidates"][0]["feature"]["properties"] == {"entity_name": "常德鼎城果蔬专业合作社"}
    (row,) = await connection.fetch("SELECT act, subjects, misses, result, clear FROM jishi.disclosure")
    assert (row["act"], row["misses"], row["result"]) == ("match", 1, "ok")
    assert row["subjects"] == [entities[2], entities[1]] and row["clear"] == ["domicile", "entity_name"]


async def test_matching_writes_nothing_but_its_disclosure(
    caller: httpx.AsyncClient, entities: list[UUID], connection: Connection[Any]
) -> None:
    counts = "SELECT (SELECT count(*) FROM jishi.judgement) + (SELECT count(*) FROM jishi.review) + count(*) FROM jishi.change"
    before = await connection.fetchval(counts)
    await _results(caller, ENTITIES, {"uscc": USCC})
    assert await connection.fetchval(counts) == before


async def test_what_is_not_granted_in_clear_is_neither_compared_nor_told(
    caller: httpx.AsyncClient, granted: Granted, entities: list[UUID]
) -> None:
    answer = await caller.post(
        ENTITIES, json={"examples": [{"entity_name": "苏州恒瑞电子科技有限公司", "legal_rep_name": "王某"}]}
    )
    assert answer.status_code == 403
    assert [(fault["name"], fault["code"]) for fault in answer.json()["errors"]] == [
        ("legal_rep_name", "ACC-ELEMENT-COMPARED")
    ]
    assert "王某" not in answer.text and str(entities[0]) not in answer.text
    few = await granted("legal-entities", clear={"entity_name"}, rows="city = '苏州'")
    (found,) = await _results(few, ENTITIES, {"entity_name": "苏州恒瑞电子科技有限公司"})
    assert found == {"outcome": "none", "candidates": []}
    refused = await few.post(ENTITIES, json={"examples": [{"entity_name": "x"}], "properties": ["city"]})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    "example",
    [
        {"id_number": NUMBER},
        {"full_name": "歐陽明日", "id_number": "110105491231002"},
        {"full_name": "欧阳明日", "birth_date": "1949-12-31", "sex_code": "1"},
        {"full_name": "欧阳明日", "hukou_division_code": "320505"},
        {"full_name": "欧阳%", "birth_date": "1949-12-31", "hukou_division_code": "320505001"},
        {"mobile": "13800000001", "full_name": "欧阳明日"},
    ],
)
async def test_a_person_is_matched_by_the_shapes_of_a_search(
    granted: Granted, person: UUID, example: dict[str, str]
) -> None:
    client = await granted("natural-persons", clear=CLEAR)
    (found,) = await _results(client, PERSONS, example)
    (candidate,) = found["candidates"]
    assert candidate["id"] == str(person) and "feature" not in candidate
    assert set(_words(candidate).values()) == {"AGREES"}
    assert candidate["score"] == (1 if "id_number" in example else 0.9)


async def test_what_a_person_is_said_to_be_beside_the_shape_is_compared(granted: Granted, person: UUID) -> None:
    client = await granted("natural-persons", clear=CLEAR)
    right, wrong, other = await _results(
        client,
        PERSONS,
        {"id_number": NUMBER, "full_name": "欧阳明日", "hukou_address": "某路1号"},
        {"id_number": NUMBER, "full_name": "欧阳明日", "sex_code": "2"},
        {"id_number": NUMBER, "full_name": "王芳", "birth_date": "1980-01-01"},
        properties=["full_name"],
    )
    assert _words(right["candidates"][0]) == {"id_number": "AGREES", "full_name": "AGREES", "hukou_address": "UNKNOWN"}
    assert right["candidates"][0]["feature"]["properties"] == {"full_name": "欧阳明日"}
    assert _words(wrong["candidates"][0])["sex_code"] == "DIFFERS"
    assert _words(other["candidates"][0]) == {
        "id_number": "AGREES",
        "full_name": "CONTRADICTS",
        "birth_date": "DIFFERS",
    }
    assert wrong["candidates"][0]["score"] < 1 and other["candidates"][0]["score"] == 0.3


async def test_an_example_that_is_no_search_is_refused_with_the_shapes(
    granted: Granted, person: UUID, connection: Connection[Any]
) -> None:
    client = await granted("natural-persons", clear=CLEAR)
    answer = await client.post(
        PERSONS,
        json={"examples": [{"id_number": NUMBER}, {"full_name": "欧阳明日"}, {"full_name": "欧%", "sex_code": "1"}]},
    )
    assert answer.status_code == 400
    faults = answer.json()["errors"]
    assert [(fault["name"], fault["code"]) for fault in faults] == [
        ("examples.1", "QRY-SEARCH-SHAPE"),
        ("examples.2", "QRY-SEARCH-SHAPE"),
    ]
    assert "name + birth date" in faults[0]["reason"] and "欧" not in answer.text
    assert await connection.fetchval("SELECT count(*) FROM jishi.disclosure") == 0


async def test_a_masked_element_of_a_person_is_matched_whole_by_right_and_never_compared(
    granted: Granted, person: UUID
) -> None:
    masked = await granted("natural-persons", masked={"full_name", "id_number"})
    blind = await masked.post(PERSONS, json={"examples": [{"id_number": NUMBER}]})
    assert blind.status_code == 403
    exact = await granted("natural-persons", masked={"full_name", "id_number"}, clear={"sex_code"}, rights=["exact"])
    (found,) = await _results(exact, PERSONS, {"id_number": NUMBER, "sex_code": "1"}, properties=["full_name"])
    assert found["candidates"][0]["feature"]["properties"] == {"full_name": "欧**"}
    refused = await exact.post(PERSONS, json={"examples": [{"id_number": NUMBER, "full_name": "欧阳明日"}]})
    assert refused.status_code == 403
    assert [fault["name"] for fault in refused.json()["errors"]] == ["full_name"]
    ungranted = await exact.post(PERSONS, json={"examples": [{"id_number": NUMBER, "mobile": "13800000001"}]})
    assert ungranted.status_code == 403


async def test_who_guesses_about_a_person_is_stopped(granted: Granted, person: UUID) -> None:
    client = await granted("natural-persons", clear=CLEAR)
    for guess in range(MOST_WRONG):
        await _results(client, PERSONS, {"id_number": NUMBER, "birth_date": f"19{50 + guess}-01-01"})
    stopped = await client.post(PERSONS, json={"examples": [{"id_number": NUMBER, "birth_date": "1949-12-31"}]})
    assert stopped.status_code == 429 and stopped.json()["code"] == "ACC-GUESSING-SUBJECT"
    by_name = {"full_name": "欧阳明日", "birth_date": "1949-12-31", "sex_code": "2"}
    assert (await client.post(PERSONS, json={"examples": [by_name]})).status_code == 429
    other = await granted("natural-persons", clear=CLEAR)
    assert (await _results(other, PERSONS, {"id_number": NUMBER}))[0]["outcome"] == "found"


async def test_who_names_nobody_is_stopped_too_and_every_miss_is_written(
    granted: Granted, person: UUID, connection: Connection[Any]
) -> None:
    client = await granted("natural-persons", clear=CLEAR)
    for _ in range(MOST_WRONG):
        assert (await _results(client, PERSONS, {"id_number": NOBODYS}))[0] == {"outcome": "none", "candidates": []}
    assert (await client.post(PERSONS, json={"examples": [{"id_number": NOBODYS}]})).status_code == 429
    rows = await connection.fetch("SELECT misses, result FROM jishi.disclosure")
    assert [tuple(row) for row in rows] == [(1, "none")] * MOST_WRONG


async def test_of_more_persons_than_may_be_shown_none_is(granted: Granted, put: Put) -> None:
    for number in range(1, 12):
        await put("natural_person", number, full_name="王芳", hukou_division_code="320505001002")
    client = await granted("natural-persons", clear=CLEAR)
    example = {"full_name": "王芳", "hukou_division_code": "320505"}
    assert await _results(client, PERSONS, example) == [{"outcome": "too_many", "candidates": []}]


@pytest.mark.parametrize(
    ("body", "name", "code"),
    [
        ({}, "examples", "QRY-MATCH-EXAMPLES"),
        ({"examples": []}, "examples", "QRY-MATCH-EXAMPLES"),
        ({"examples": [{"entity_name": "甲"}] * 101}, "examples", "QRY-MATCH-EXAMPLES"),
        ({"examples": [{}]}, "examples.0", "QRY-MATCH-EXAMPLE"),
        ({"examples": [{"entity_name": None}]}, "examples.0", "QRY-MATCH-EXAMPLE"),
        ({"examples": ["甲"]}, "examples.0", "QRY-MATCH-EXAMPLE"),
        ({"examples": [{"shoe_size": "1"}]}, "examples.0.shoe_size", "QRY-PROPERTY-UNKNOWN"),
        ({"examples": [{"address_uid": "x"}]}, "examples.0.address_uid", "QRY-PROPERTY-UNKNOWN"),
        ({"examples": [{"former_names": "甲"}]}, "examples.0.former_names", "QRY-PROPERTY-UNKNOWN"),
        ({"examples": [{"entity_name": ["甲"]}]}, "examples.0.entity_name", "QRY-VALUE-TEXT"),
        ({"examples": [{"entity_name": "甲" * 1001}]}, "examples.0.entity_name", "QRY-VALUE-TEXT"),
        ({"examples": [{"establish_date": "yesterday"}]}, "examples.0.establish_date", "QRY-VALUE-DATE"),
        ({"examples": [{"entity_name": "甲"}], "limit": 11}, "limit", "QRY-VALUE-LIMIT"),
        ({"examples": [{"entity_name": "甲"}], "limit": True}, "limit", "QRY-VALUE-LIMIT"),
        ({"examples": [{"entity_name": "甲"}], "properties": ["x"]}, "properties: x", "QRY-PROPERTY-UNKNOWN"),
        ({"examples": [{"entity_name": "甲"}], "write": True}, "write", "QRY-UNKNOWN-PARAMETER"),
    ],
)
async def test_what_is_no_example_is_named(
    caller: httpx.AsyncClient, body: dict[str, Any], name: str, code: str
) -> None:
    answer = await caller.post(ENTITIES, json=body)
    assert answer.status_code == 400, answer.text
    assert [(fault["name"], fault["code"]) for fault in answer.json()["errors"]] == [(name, code)]


async def test_only_posting_matches(caller: httpx.AsyncClient) -> None:
    answer = await caller.get(ENTITIES)
    assert answer.status_code == 405 and answer.headers["Allow"] == "POST"


async def test_a_place_is_matched_by_its_name_or_address(caller: httpx.AsyncClient, put: Put) -> None:
    uid = await put("place", 1, place_type="poi", place_name="虎丘山风景区", address_full="江苏省苏州市虎丘山门内8号")
    path = "/collections/places/match"
    by_name, by_address = await _results(
        caller, path, {"place_name": "虎丘风景区"}, {"address_full": "苏州市虎丘山门内8号"}
    )
    assert [one["candidates"][0]["id"] for one in (by_name, by_address)] == [str(uid)] * 2
