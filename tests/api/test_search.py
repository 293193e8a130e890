from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]
PutNumber = Callable[[UUID, str, str, str], Awaitable[None]]
Granted = Callable[..., Awaitable[httpx.AsyncClient]]
Heard = Callable[[], AbstractAsyncContextManager[None]]

SEARCH = "/collections/natural-persons/search"
NUMBER, OLD, WIDE = "11010519491231002X", "110105491231002", "１１０１０５１９４９１２３１００２ｘ"
MASKED = "110***********002X"
LOOKED_BY = {"full_name", "birth_date", "hukou_division_code", "id_number", "mobile"}


@pytest.fixture
async def person(put: Put, put_number: PutNumber) -> UUID:
    uid = await put(
        "natural_person",
        1,
        full_name="欧阳明日",
        birth_date="1949-12-31",
        birth_date_high="1949-12-31",
        birth_date_precision="day",
        id_number=MASKED,
        mobile="13800000001",
        hukou_division_code="320505001002",
        hukou_address="江苏省苏州市虎丘区枫桥街道某路1号",
        sex_code="1",
    )
    await put_number(uid, "natural_person", "id_number", NUMBER)
    return uid


async def _hits(client: httpx.AsyncClient, key: object, *properties: str, **more: object) -> list[dict[str, Any]]:
    answer = await client.post(SEARCH, json={"properties": list(properties or ["full_name"]), "key": key, **more})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/geo+json"
    found: list[dict[str, Any]] = answer.json()["features"]
    return found


async def _codes(client: httpx.AsyncClient, body: object, status: int = 400, path: str = SEARCH) -> set[str]:
    answer = await client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return {fault["code"] for fault in answer.json()["errors"]} or {answer.json()["code"]}


@pytest.mark.parametrize(
    "key",
    [
        {"id_number": NUMBER},
        {"id_number": OLD},
        {"id_number": WIDE},
        {"full_name": "欧阳明日", "birth_date": "1949-12-31"},
        {"full_name": "欧阳明日", "birth_date": "1949-12"},
        {"full_name": " 欧阳明日　", "hukou_division_code": "320505"},
        {"full_name": "欧阳%", "birth_date": "1949-12-31", "hukou_division_code": "320505001"},
        {"mobile": "13800000001", "full_name": "欧阳明日"},
    ],
)
async def test_a_person_is_found_by_each_shape_of_the_contract(
    granted: Granted, person: UUID, key: dict[str, str]
) -> None:
    client = await granted("natural-persons", clear=LOOKED_BY)
    (hit,) = await _hits(client, key, "id_number", "full_name")
    assert hit["id"] == str(person) and hit["geometry"] is None
    assert hit["properties"] == {"full_name": "欧阳明日", "id_number": NUMBER}


@pytest.mark.parametrize(
    "key",
    [
        {"id_number": "11010519491231001X"},
        {"full_name": "欧阳明日", "birth_date": "1949-12-30"},
        {"full_name": "欧阳明", "birth_date": "1949-12-31"},
        {"full_name": "欧阳明日", "hukou_division_code": "320506"},
        {"full_name": "阳明%", "birth_date": "1949-12-31", "hukou_division_code": "320505"},
    ],
)
async def test_who_does_not_fit_is_not_found_and_the_miss_is_written(
    granted: Granted, person: UUID, connection: Connection[Any], key: dict[str, str]
) -> None:
    client = await granted("natural-persons", clear=LOOKED_BY)
    assert await _hits(client, key) == []
    row = await connection.fetchrow("SELECT act, subjects, misses, result, clear FROM jishi.disclosure")
    assert dict(row) == {"act": "search", "subjects": [], "misses": 1, "result": "none", "clear": []}


async def test_somebody_at_an_address_is_found_by_the_address(
    granted: Granted, person: UUID, put: Put, connection: Connection[Any]
) -> None:
    place = await put("place", 5, place_type="address", place_name="某路1号")
    await connection.execute(
        """
        INSERT INTO jishi.relation (relation_id, kind, from_register, from_uid, element, to_register, to_uid,
          effective_from, recorded_at, batch_id)
        VALUES (1, 'located_at', 1, $1, 'residence_address', 3, $2, '2020-01-01', '2020-01-01', 1)
        """,
        person,
        place,
    )
    client = await granted("natural-persons", clear={"full_name", "residence_address"})
    (hit,) = await _hits(client, {"address_uid": str(place)})
    assert hit["id"] == str(person)
    assert await _codes(client, {"properties": ["full_name"], "key": {"address_uid": "x"}}) == {"QRY-VALUE-UID"}


@pytest.mark.parametrize(
    "written",
    [
        "full_name = '欧阳明日' AND birth_date = DATE('1949-12-31')",
        "id_number = '110105491231002'",
        "full_name LIKE '欧阳%' AND birth_date = '1949-12-31' AND hukou_division_code = '320505'",
        {"op": "=", "args": [{"property": "id_number"}, NUMBER]},
    ],
)
async def test_a_filter_says_the_same_as_a_key(granted: Granted, person: UUID, written: object) -> None:
    client = await granted("natural-persons", clear=LOOKED_BY)
    answer = await client.post(SEARCH, json={"properties": ["full_name"], "filter": written})
    assert [feature["id"] for feature in answer.json()["features"]] == [str(person)], answer.text


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"key": {"full_name": "欧阳明日"}}, "QRY-SEARCH-SHAPE"),
        ({"key": {"birth_date": "1949-12-31"}}, "QRY-SEARCH-SHAPE"),
        ({"key": {"full_name": "欧阳明日", "sex_code": "1", "birth_date": "1949-12-31"}}, "QRY-SEARCH-SHAPE"),
        ({"key": {"full_name": "欧阳%", "birth_date": "1949-12-31"}}, "QRY-SEARCH-SHAPE"),
        ({"key": {"email": "x@example.cn"}}, "QRY-SEARCH-SHAPE"),
        ({"key": {"full_name; DROP TABLE": "x"}}, "QRY-SEARCH-SHAPE"),
        (
            {"key": {"full_name": "欧%", "birth_date": "1949-12-31", "hukou_division_code": "320505"}},
            "QRY-VALUE-PREFIX",
        ),
        ({"key": {"full_name": "欧阳明日", "birth_date": "1949-13-01"}}, "QRY-VALUE-DATE"),
        ({"key": {"full_name": "欧阳明日", "hukou_division_code": "32"}}, "QRY-VALUE-DIVISION"),
        ({"key": {"id_number": "3.2E+17"}}, "QRY-VALUE-IDENTIFIER"),
        ({"key": {"id_number": "9" * 150}}, "QRY-VALUE-IDENTIFIER"),
        ({"key": {"full_name": "\x00", "birth_date": "1949-12-31"}}, "QRY-VALUE-TEXT"),
        ({"key": {"full_name": "\ud800", "birth_date": "1949-12-31"}}, "QRY-VALUE-TEXT"),
        ({"key": {"id_number": 5}}, "QRY-SEARCH-KEY"),
        ({"key": []}, "QRY-SEARCH-KEY"),
        ({}, "QRY-SEARCH-EITHER"),
        ({"filter": "full_name = '欧阳明日' OR birth_date = '1949-12-31'"}, "QRY-SEARCH-FILTER"),
        ({"filter": "full_name LIKE '%明日' AND birth_date = '1949-12-31'"}, "QRY-SEARCH-FILTER"),
        ({"filter": "birth_date > DATE('1949-01-01')"}, "QRY-SEARCH-FILTER"),
        ({"filter": "pg_sleep(10) = 1"}, "QRY-SEARCH-FILTER"),
        ({"filter": "(" * 51 + "a = 1" + ")" * 51}, "QRY-FILTER-DEEP"),
        ({"filter": "full_name = '" + "x" * 2000 + "'"}, "QRY-FILTER-LONG"),
    ],
)
async def test_every_other_combination_is_refused_without_repeating_a_value(
    granted: Granted, person: UUID, more: dict[str, Any], code: str
) -> None:
    client = await granted("natural-persons", clear=LOOKED_BY | {"sex_code", "email"})
    answer = await client.post(SEARCH, content=_json({"properties": ["full_name"], **more}))
    assert answer.status_code == 400 and code in {fault["code"] for fault in answer.json()["errors"]}, answer.text
    assert "欧阳" not in answer.text and "1949" not in answer.text
    if code == "QRY-SEARCH-SHAPE":
        assert "name prefix + birth date + division" in answer.json()["errors"][0]["reason"]


async def test_the_elements_must_be_named_and_granted(granted: Granted, person: UUID) -> None:
    client = await granted("natural-persons", clear={"id_number"}, masked={"full_name"})
    assert await _codes(client, {"key": {"id_number": NUMBER}}) == {"QRY-PROPERTIES-NEEDED"}
    answer = await client.post(
        SEARCH, json={"key": {"id_number": NUMBER}, "properties": ["full_name", "mobile", "sex"]}
    )
    assert answer.status_code == 403
    assert [(fault["name"], fault["code"]) for fault in answer.json()["errors"]] == [
        ("mobile", "ACC-ELEMENT"),
        ("sex_code", "ACC-ELEMENT"),
    ]
    (hit,) = await _hits(client, {"id_number": NUMBER})
    assert hit["properties"] == {"full_name": "欧**"}


async def test_a_masked_element_is_looked_by_only_where_the_grant_says_exact(granted: Granted, person: UUID) -> None:
    body = {"key": {"id_number": NUMBER}, "properties": ["id_number"]}
    client = await granted("natural-persons", masked={"id_number", "full_name", "birth_date", "hukou_division_code"})
    assert await _codes(client, body, 403) == {"ACC-ELEMENT-COMPARED"}
    exact = await granted(
        "natural-persons",
        masked={"id_number", "full_name", "birth_date", "hukou_division_code"},
        rights=["exact"],
    )
    (hit,) = await _hits(exact, body["key"], "id_number")
    assert hit["properties"] == {"id_number": MASKED}
    key = {"full_name": "欧阳%", "birth_date": "1949-12-31", "hukou_division_code": "320505"}
    assert await _codes(exact, {"key": key, "properties": ["id_number"]}, 403) == {"ACC-ELEMENT-COMPARED"}


async def test_one_hit_too_many_asks_to_narrow_and_shows_nobody(
    granted: Granted, put: Put, connection: Connection[Any]
) -> None:
    client = await granted("natural-persons", clear=LOOKED_BY)
    for number in range(1, 12):
        await put("natural_person", number, full_name="王某", hukou_division_code="320505")
        if number == 10:
            assert len(await _hits(client, {"full_name": "王某", "hukou_division_code": "320505"})) == 10
    body = {"properties": ["full_name"], "key": {"full_name": "王某", "hukou_division_code": "320505"}}
    answer = await client.post(SEARCH, json=body)
    assert answer.status_code == 400 and answer.json()["code"] == "QRY-TOO-MANY" and "narrow" in answer.json()["detail"]
    row = await connection.fetchrow("SELECT subjects, result FROM jishi.disclosure ORDER BY number DESC LIMIT 1")
    assert (row["subjects"], row["result"]) == ([], "too_many")


async def test_the_dead_and_the_ended_are_found_only_on_request_and_by_right(granted: Granted, put: Put) -> None:
    for number, more in enumerate(({"person_status_code": "2"}, {"state": "ended"}, {"person_status_code": "1"}), 1):
        await put("natural_person", number, full_name="王某", hukou_division_code="320505", **more)
    key = {"full_name": "王某", "hukou_division_code": "320505"}
    plain = await granted("natural-persons", clear=LOOKED_BY)
    able = await granted("natural-persons", clear=LOOKED_BY, rights=["inactive"])
    assert [hit["id"][-1] for hit in await _hits(plain, key)] == ["3"]
    assert [hit["id"][-1] for hit in await _hits(able, key)] == ["3"]
    assert [hit["id"][-1] for hit in await _hits(able, key, include=["inactive"])] == ["1", "2", "3"]
    body = {"properties": ["full_name"], "key": key, "include": ["inactive"]}
    assert await _codes(plain, body, 403) == {"ACC-RIGHT"}
    assert await _codes(plain, body | {"include": ["everything"]}) == {"QRY-VALUE-INCLUDE"}


async def test_a_withheld_credit_record_is_found_only_by_right(
    granted: Granted, put: Put, put_number: PutNumber
) -> None:
    uid = await put("credit_record", 1, counterparty_name="某公司", cp_uscc="914403001922038216", state="withheld")
    await put_number(uid, "credit_record", "cp_uscc", "914403001922038216")
    path = "/collections/credit-records/search"
    body: dict[str, Any] = {"properties": ["counterparty_name"], "key": {"cp_uscc": "914403001922038216"}}
    plain = await granted("credit-records", clear={"cp_uscc", "counterparty_name"})
    able = await granted("credit-records", clear={"cp_uscc", "counterparty_name"}, rights=["withheld"])
    assert (await plain.post(path, json=body)).json()["numberReturned"] == 0
    assert (await able.post(path, json=body | {"include": "withheld"})).json()["numberReturned"] == 1
    assert (await plain.get(f"/collections/credit-records/items/{uid}?properties=cp_uscc")).status_code == 404


async def test_certificates_are_found_by_holder_and_by_number_with_issuer(
    granted: Granted, put: Put, put_number: PutNumber
) -> None:
    uid = await put(
        "certificate", 1, cert_no="苏A1", issuer_name="某市住建局", holder_code=MASKED, cert_status="01", cert_name="证"
    )
    await put_number(uid, "certificate", "holder_code", NUMBER)
    client = await granted("certificates", clear={"cert_no", "issuer_name", "holder_code", "cert_name"})
    for key in ({"holder_code": OLD}, {"cert_no": "苏A1", "issuer_name": "某市住建局"}):
        answer = await client.post("/collections/certificates/search", json={"properties": ["cert_name"], "key": key})
        assert [feature["id"] for feature in answer.json()["features"]] == [str(uid)], answer.text


async def test_a_row_filter_bounds_what_is_found_and_counted(granted: Granted, put: Put) -> None:
    for number in range(1, 14):
        code = "320505" if number <= 3 else "320506"
        await put("natural_person", number, full_name="王某", mobile="13800000001", hukou_division_code=code)
    client = await granted("natural-persons", clear={"full_name", "mobile"}, rows="hukou_division_code LIKE '320505%'")
    assert len(await _hits(client, {"full_name": "王某", "mobile": "13800000001"})) == 3
    broken = await granted("natural-persons", clear={"full_name", "mobile"}, rows="shoe_size = 44")
    body = {"properties": ["full_name"], "key": {"full_name": "王某", "mobile": "13800000001"}}
    answer = await broken.post(SEARCH, json=body)
    assert answer.status_code == 500 and "王某" not in answer.text


async def test_a_purpose_and_a_case_are_demanded_in_header_or_body(
    granted: Granted, person: UUID, connection: Connection[Any]
) -> None:
    client = await granted("natural-persons", clear=LOOKED_BY, purposes={"loan"}, case_required=True)
    body: dict[str, Any] = {"properties": ["full_name"], "key": {"id_number": NUMBER}}
    assert await _codes(client, body, 403) == {"ACC-PURPOSE-MISSING", "ACC-CASE-MISSING"}
    assert await _codes(client, body | {"purpose": "x", "case_no": "1"}, 403) == {"ACC-PURPOSE"}
    headers = {"X-Purpose": "loan", "X-Case-No": "%E6%A1%881"}
    assert (await client.post(SEARCH, json=body, headers=headers)).status_code == 200
    assert (await client.post(SEARCH, json=body | {"purpose": "loan", "case_no": "案1"})).status_code == 200
    rows = await connection.fetch("SELECT purpose, case_no FROM jishi.disclosure ORDER BY number")
    assert [tuple(row) for row in rows] == [("loan", "案1")] * 2
    for tricks in ({"X-Purpose": "%ff"}, {"X-Purpose": "a" * 201}, {"X-Purpose": "%00"}, {"X-Purpose": " "}):
        assert (await client.post(SEARCH, json=body, headers=headers | tricks)).status_code == 400
    answer = await client.post(SEARCH, json=body | {"purpose": "other"}, headers=headers)
    assert answer.status_code == 400
    twice = [("X-Purpose", "loan"), ("X-Purpose", "other"), ("X-Case-No", "1")]
    assert (await client.post(SEARCH, json=body, headers=twice)).status_code == 400


async def test_a_hidden_person_is_as_if_it_were_not(
    granted: Granted, heard: Heard, person: UUID, connection: Connection[Any]
) -> None:
    async with heard():
        await connection.execute(
            "INSERT INTO jishi.protection (uid, register, level, reason, set_by) "
            "VALUES ($1, 'natural_person', 'hidden', 'x', 'x')",
            person,
        )
    client = await granted("natural-persons", clear=LOOKED_BY)
    able = await granted("natural-persons", clear=LOOKED_BY, rights=["protected"])
    item = f"/collections/natural-persons/items/{person}?properties=full_name"
    claims = {"collection": "natural-persons", "key": {"id_number": NUMBER}, "claims": {"full_name": "欧阳明日"}}
    nobody = {"collection": "natural-persons", "key": {"id_number": "110105194912310038"}, "claims": {"full_name": "x"}}
    assert await _hits(client, {"id_number": NUMBER}) == [] and len(await _hits(able, {"id_number": NUMBER})) == 1
    answer, other = await client.get(item), await client.get(item.replace(str(person)[-4:], "ffff"))
    assert answer.status_code == other.status_code == 404 and answer.json()["code"] == other.json()["code"]
    assert (await able.get(item)).status_code == 200
    answer = await client.post(
        "/collections/natural-persons/batch", json={"ids": [str(person)], "properties": "full_name"}
    )
    assert answer.json()["items"] == [{"id": str(person), "outcome": "not_found"}]
    assert (await client.post("/verify", json=claims)).json() == (await client.post("/verify", json=nobody)).json()
    assert (await able.post("/verify", json=claims)).json()["outcome"] == "match"


async def test_a_person_shown_for_a_purpose_takes_that_purpose(
    granted: Granted, heard: Heard, person: UUID, connection: Connection[Any]
) -> None:
    async with heard():
        await connection.execute(
            "INSERT INTO jishi.protection (uid, register, level, purposes, reason, set_by) "
            "VALUES ($1, 'natural_person', 'purpose', '{court}', 'x', 'x')",
            person,
        )
    client = await granted("natural-persons", clear=LOOKED_BY)
    body = {"properties": ["full_name"], "key": {"id_number": NUMBER}}
    assert await _codes(client, body, 403) == {"ACC-PROTECTED-PURPOSE"}
    assert (await client.post(SEARCH, json=body | {"purpose": "court"})).json()["numberReturned"] == 1


async def test_without_the_log_nothing_leaves(granted: Granted, person: UUID, connection: Connection[Any]) -> None:
    client = await granted("natural-persons", clear=LOOKED_BY)
    body = {"properties": ["full_name"], "key": {"id_number": NUMBER}}
    await connection.execute("ALTER TABLE jishi.disclosure RENAME TO disclosure_away")
    answer = await client.post(SEARCH, json=body)
    assert answer.status_code == 503 and answer.json()["code"] == "ACC-LOG" and "欧阳" not in answer.text
    await connection.execute("ALTER TABLE jishi.disclosure_away RENAME TO disclosure")
    assert (await client.post(SEARCH, json=body)).status_code == 200


async def test_no_personal_value_is_logged_and_none_stands_in_the_disclosure(
    granted: Granted, person: UUID, connection: Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    client = await granted("natural-persons", clear=LOOKED_BY)
    with caplog.at_level(logging.DEBUG):
        await _hits(client, {"full_name": "欧阳明日", "birth_date": "1949-12-31"}, "id_number")
        await client.post(SEARCH, json={"properties": ["full_name"], "key": {"id_number": NUMBER + "欧阳明日"}})
    rows = await connection.fetch("SELECT row_to_json(d)::text AS told FROM jishi.disclosure d")
    told = caplog.text + "".join(row["told"] for row in rows)
    assert rows and not [value for value in ("欧阳明日", NUMBER, "1949-12-31", "13800000001") if value in told]


async def test_places_are_searched_with_the_members_of_get(caller: httpx.AsyncClient, put: Put) -> None:
    for number in range(1, 6):
        await put("place", number, place_type="poi", place_name=f"{number}", geom=f"POINT(120.{number} 31)")
    body = {"bbox": [120.15, 30, 120.55, 32], "sortby": "-place_name", "limit": 3, "properties": ["place_name"]}
    answer = await caller.post("/collections/places/search", json=body)
    assert [feature["properties"]["place_name"] for feature in answer.json()["features"]] == ["5", "4", "3"]
    (following,) = [link for link in answer.json()["links"] if link["rel"] == "next"]
    answer = await caller.post("/collections/places/search", json=body | following["body"])
    assert [feature["properties"]["place_name"] for feature in answer.json()["features"]] == ["2"]
    assert [link["rel"] for link in answer.json()["links"]] == ["self"]
    answer = await caller.post(
        "/collections/places/search",
        json={"filter": {"op": "in", "args": [{"property": "place_name"}, ["1", "2"]]}, "place_type": "poi"},
    )
    assert answer.json()["numberReturned"] == 2


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"limit": 1, "limit": 2}', "[" * 100_000, '{"x": NaN}'])
async def test_a_body_that_is_no_object_is_refused(caller: httpx.AsyncClient, text: str) -> None:
    answer = await caller.post("/collections/places/search", content=text)
    assert answer.status_code == 400 and answer.json()["errors"][0]["code"] == "QRY-BODY-JSON"


def _json(body: object) -> str:
    import json

    return json.dumps(body)
