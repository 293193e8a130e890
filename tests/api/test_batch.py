from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]
PutNumber = Callable[[UUID, str, str, str], Awaitable[None]]
Granted = Callable[..., Awaitable[httpx.AsyncClient]]

NUMBER = "11010519491231002X"
NEVER = "01920000-0000-7000-8000-00000000ffff"


async def test_each_uid_has_its_own_outcome(
    granted: Granted, put: Put, put_number: PutNumber, connection: Connection[Any]
) -> None:
    alive = await put("natural_person", 1, full_name="欧阳明日", id_number="110***********002X")
    await put_number(alive, "natural_person", "id_number", NUMBER)
    dead = await put("natural_person", 2, full_name="王某", person_status_code="2")
    merged = await put("natural_person_version", 3, state="merged", into=str(alive))
    company = await put("legal_entity", 4, entity_name="某公司")
    client = await granted("natural-persons", clear={"full_name", "id_number"})
    ids = [str(dead), str(alive), NEVER, str(merged), str(company), str(alive)]
    answer = await client.post(
        "/collections/natural-persons/batch", json={"ids": ids, "properties": ["id_number", "full_name"]}
    )
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [(item["id"], item["outcome"]) for item in items] == list(
        zip(ids, ["ended", "found", "not_found", "merged", "not_found", "found"], strict=True)
    )
    assert items[1]["feature"]["properties"] == {"full_name": "欧阳明日", "id_number": NUMBER}
    assert items[3]["into"] == str(alive) and "feature" not in items[0]
    row = await connection.fetchrow("SELECT act, subjects, misses, clear, masked, result FROM jishi.disclosure")
    assert row["act"] == "batch" and set(row["subjects"]) == {alive} and row["misses"] == 4
    assert row["clear"] == ["full_name", "id_number"] and row["masked"] == [] and row["result"] == "ok"


async def test_the_dead_are_shown_by_right_on_request(granted: Granted, put: Put) -> None:
    uid = str(await put("natural_person", 2, full_name="王某", person_status_code="2"))
    client = await granted("natural-persons", clear={"full_name"}, rights=["inactive"])
    path, body = "/collections/natural-persons/batch", {"ids": [uid], "properties": "full_name"}
    assert (await client.post(path, json=body)).json()["items"][0]["outcome"] == "ended"
    answer = await client.post(path, json=body | {"include": "inactive"})
    assert answer.json()["items"][0]["feature"]["properties"] == {"full_name": "王某"}
    item = f"/collections/natural-persons/items/{uid}?properties=full_name"
    assert (await client.get(item)).status_code == 410
    assert (await client.get(f"{item}&include=inactive")).status_code == 200


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "QRY-VALUE-IDS"),
        ({"ids": []}, "QRY-VALUE-IDS"),
        ({"ids": [NEVER] * 101}, "QRY-VALUE-IDS"),
        ({"ids": NEVER}, "QRY-VALUE-IDS"),
        ({"ids": [NEVER, "x"]}, "QRY-VALUE-UID"),
        ({"ids": [5]}, "QRY-VALUE-UID"),
        ({"ids": ["'; DROP TABLE jishi.place; --"]}, "QRY-VALUE-UID"),
        ({"ids": [NEVER], "properties": ["shape"]}, "QRY-PROPERTY-UNKNOWN"),
        ({"ids": [NEVER], "properties": [{}]}, "QRY-VALUE"),
        ({"ids": [NEVER], "filter": "a=1"}, "QRY-UNKNOWN-PARAMETER"),
    ],
)
async def test_a_faulty_batch_is_refused(caller: httpx.AsyncClient, body: dict[str, Any], code: str) -> None:
    answer = await caller.post("/collections/places/batch", json=body)
    assert answer.status_code == 400 and code in {fault["code"] for fault in answer.json()["errors"]}, answer.text


async def test_a_batch_of_features_needs_no_properties(caller: httpx.AsyncClient, put: Put) -> None:
    uid = await put("place", 1, place_type="poi", place_name="虎丘", geom="POINT(120 31)")
    answer = await caller.post("/collections/places/batch", json={"ids": [str(uid)]})
    feature = answer.json()["items"][0]["feature"]
    assert feature["properties"]["place_name"] == "虎丘" and feature["geometry"]["coordinates"] == [120, 31]
