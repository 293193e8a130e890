from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]
Heard = Callable[[], AbstractAsyncContextManager[None]]

SQUARE = "MULTIPOLYGON(((120 31, 120 32, 121 32, 121 31, 120 31)))"  # clockwise, as no GeoJSON may have it


async def _page(client: httpx.AsyncClient, address: str, **parameters: str) -> dict[str, Any]:
    answer = await client.get(address, params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def _names(page: dict[str, Any]) -> list[str]:
    return [feature["properties"]["place_name"] for feature in page["features"]]


async def test_a_page_is_geojson_in_longitude_and_latitude(caller: httpx.AsyncClient, put: Put) -> None:
    uid = await put("place", 1, place_type="poi", place_name="“虎丘”\\塔", geom="POINT(120.573 31.338123456789)")
    answer = await caller.get("/collections/places/items")
    assert answer.headers["Content-Type"] == "application/geo+json"
    assert answer.headers["Content-Crs"] == "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"
    page = answer.json()
    assert page["type"] == "FeatureCollection" and page["numberReturned"] == 1 and "numberMatched" not in page
    (feature,) = page["features"]
    assert feature["type"] == "Feature" and feature["id"] == str(uid)
    assert feature["geometry"] == {"type": "Point", "coordinates": [120.573, 31.3381235]}
    assert feature["properties"]["place_name"] == "“虎丘”\\塔"
    assert feature["properties"]["division_code"] is None
    assert not feature["properties"].keys() & {"geom", "uid", "state", "batch_id"}


async def test_rings_follow_the_right_hand_rule_and_a_place_without_geometry_has_null(
    caller: httpx.AsyncClient, put: Put
) -> None:
    await put("place", 1, place_type="division", place_name="某市", geom=SQUARE)
    await put("place", 2, place_type="poi", place_name="某处")
    first, second = (await _page(caller, "/collections/places/items"))["features"]
    ring = first["geometry"]["coordinates"][0][0]
    assert sum((b[0] - a[0]) * (b[1] + a[1]) for a, b in pairwise(ring)) < 0
    assert second["geometry"] is None


async def test_pages_follow_each_other_without_gap_or_repetition(caller: httpx.AsyncClient, put: Put) -> None:
    for number in range(1, 8):
        await put("place", number, place_type="poi", place_name=f"{number}", category="公园")
    await put("place", 9, place_type="poi", place_name="other", category="学校")
    seen: list[str] = []
    address = "http://jishi.test/collections/places/items?category=公园&limit=3&properties=place_name"
    while address:
        page = (await caller.get(address)).json()
        assert page["numberReturned"] == len(page["features"]) <= 3
        seen += _names(page)
        address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert seen == [f"{number}" for number in range(1, 8)]


async def test_a_full_last_page_has_no_next(caller: httpx.AsyncClient, put: Put) -> None:
    for number in (1, 2):
        await put("place", number, place_type="poi", place_name="x")
    page = await _page(caller, "/collections/places/items", limit="2")
    assert "next" not in {link["rel"] for link in page["links"]}


async def test_a_cursor_of_another_question_is_refused(caller: httpx.AsyncClient, put: Put) -> None:
    for number in (1, 2):
        await put("place", number, place_type="poi", place_name="x")
    page = await _page(caller, "/collections/places/items", limit="1")
    following = next(link["href"] for link in page["links"] if link["rel"] == "next")
    answer = await caller.get(f"{following}&place_name=x")
    assert answer.status_code == 400 and answer.json()["errors"][0]["code"] == "QRY-VALUE-CURSOR"
    assert _names((await caller.get(following.replace("limit=1", "limit=50"))).json()) == ["x"]


async def test_a_box_selects_what_touches_it(caller: httpx.AsyncClient, put: Put) -> None:
    await put("place", 1, place_type="division", place_name="around", geom=SQUARE)
    await put("place", 2, place_type="poi", place_name="inside", geom="POINT(120.5 31.5)")
    await put("place", 3, place_type="poi", place_name="outside", geom="POINT(122 31.5)")
    await put("place", 4, place_type="poi", place_name="nowhere")
    page = await _page(caller, "/collections/places/items", bbox="120.4,31.4,120.6,31.6")
    assert _names(page) == ["around", "inside"]
    page = await _page(caller, "/collections/places/items", bbox="120.4,31.4,120.6,31.6", place_type="poi")
    assert _names(page) == ["inside"]


async def test_equality_is_typed(caller: httpx.AsyncClient, put: Put) -> None:
    await put("legal_entity", 1, entity_name="甲", establish_date="2001-02-03", entity_status_code="1")
    await put("legal_entity", 2, entity_name="乙", establish_date="2001-02-04", entity_status_code="1")
    page = await _page(caller, "/collections/legal-entities/items", establish_date="2001-02-03")
    assert [feature["properties"]["entity_name"] for feature in page["features"]] == ["甲"]
    page = await _page(caller, "/collections/legal-entities/items", entity_status_code="1", entity_name="乙")
    assert [feature["properties"]["entity_name"] for feature in page["features"]] == ["乙"]


async def test_ended_entities_are_not_among_the_items(caller: httpx.AsyncClient, put: Put) -> None:
    await put("place", 1, place_type="poi", place_name="here")
    await put("place", 2, place_type="poi", place_name="gone", state="ended")
    assert _names(await _page(caller, "/collections/places/items")) == ["here"]


async def test_personal_elements_leave_masked(caller: httpx.AsyncClient, put: Put) -> None:
    await put(
        "legal_entity",
        1,
        entity_name="某公司",
        legal_rep_name="欧阳明日",
        legal_rep_phone="13812345678",
        legal_rep_id_type="111",
        legal_rep_id_no="320***********002X",
    )
    (feature,) = (await _page(caller, "/collections/legal-entities/items"))["features"]
    told = feature["properties"]
    assert told["legal_rep_name"] == "欧**" and told["legal_rep_phone"] == "138****5678"
    assert told["legal_rep_id_type"] is None and told["legal_rep_id_type_name"] is None
    assert told["legal_rep_id_no"] == "320***********002X"


async def test_codes_come_with_their_names_and_numbers_and_lists_as_json(
    caller: httpx.AsyncClient, put: Put, connection: Connection[Any]
) -> None:
    await connection.execute(
        """
        INSERT INTO jishi.code_list
          (id, title, title_en, standard, edition, source, complete, extensible, checked, version)
        VALUES ('entity_status', '状态', 'status', 'P', '', '', true, false, '2026-01-01', '1')
        """
    )
    await connection.execute(
        """
        INSERT INTO jishi.code_value (list, code, name, name_en, note, valid_from, valid_to)
        VALUES
          ('entity_status', '1', '旧名', '', '', '1990-01-01', '2000-01-01'),
          ('entity_status', '1', '存续', '', '', '2000-01-01', NULL),
          ('entity_status', '3', '注销', '', '', NULL, '2020-01-01')
        """
    )
    await put(
        "legal_entity", 1, entity_status_code="1", reg_capital=50, former_names=[{"name": "旧"}], term_from="2001-02-03"
    )
    await put("legal_entity", 2, entity_status_code="3")
    await put("legal_entity", 3, entity_status_code="8")
    page = await _page(caller, "/collections/legal-entities/items")
    first, second, third = (feature["properties"] for feature in page["features"])
    assert (first["entity_status_code"], first["entity_status"]) == ("1", "存续")
    assert (second["entity_status"], third["entity_status"]) == ("注销", None)
    assert (first["reg_capital"], first["former_names"], first["term_from"]) == (50, [{"name": "旧"}], "2001-02-03")
    answer = await caller.get("/collections/legal-entities/items?entity_status_code=8")
    assert answer.status_code == 400 and answer.json()["errors"][0]["code"] == "QRY-VALUE-CODE"


async def test_only_the_members_asked_for_are_told(caller: httpx.AsyncClient, put: Put) -> None:
    await put("place", 1, place_type="poi", place_name="x", geom="POINT(120 31)")
    page = await _page(caller, "/collections/places/items", properties="place_name,place_type")
    assert page["features"][0]["properties"] == {"place_type": "poi", "place_type_name": None, "place_name": "x"}
    page = await _page(caller, "/collections/places/items", properties="geom")
    assert page["features"][0]["properties"] == {} and page["features"][0]["geometry"]


async def test_an_empty_collection_is_an_empty_page(caller: httpx.AsyncClient) -> None:
    page = await _page(caller, "/collections/places/items", f="json")
    assert page["features"] == [] and page["numberReturned"] == 0


async def test_a_page_is_never_longer_than_its_limit(caller: httpx.AsyncClient, put: Put) -> None:
    for number in (1, 2, 3):
        await put("place", number, place_type="poi", place_name="x")
    for limit in ("1", "2", "10000"):
        page = await _page(caller, "/collections/places/items", limit=limit)
        assert page["numberReturned"] == min(3, int(limit))


async def test_one_feature_is_found_by_its_uid(caller: httpx.AsyncClient, put: Put) -> None:
    uid = await put("place", 1, place_type="poi", place_name="虎丘", geom="POINT(120 31)")
    answer = await caller.get(f"/collections/places/items/{uid}", params={"properties": "place_name"})
    assert answer.headers["Content-Type"] == "application/geo+json"
    assert answer.json()["id"] == str(uid) and answer.json()["properties"] == {"place_name": "虎丘"}
    assert {link["rel"] for link in answer.json()["links"]} == {"self", "alternate", "collection"}


async def test_what_is_not_there_is_not_found(caller: httpx.AsyncClient) -> None:
    uid = "01920000-0000-7000-8000-00000000ffff"
    for key in (uid, "nothing", "%00", "320505%00", "1" * 3000, "9" * 18, "..%2f"):
        for collection in ("places", "legal-entities"):
            answer = await caller.get(f"/collections/{collection}/items/{key}")
            assert answer.status_code == 404, answer.text


async def test_a_faulty_parameter_of_a_single_feature_is_refused(caller: httpx.AsyncClient, put: Put) -> None:
    uid = await put("place", 1, place_type="poi", place_name="x")
    answer = await caller.get(f"/collections/places/items/{uid}?limit=1&properties=shape&f=xml")
    assert {fault["code"] for fault in answer.json()["errors"]} == {
        "QRY-UNKNOWN-PARAMETER",
        "QRY-PROPERTY-UNKNOWN",
        "QRY-VALUE-FORMAT",
    }


async def test_a_legal_entity_is_found_by_its_code(caller: httpx.AsyncClient, put: Put) -> None:
    uid = await put("legal_entity", 1, entity_name="某公司", uscc="914403001922038216")
    await put("legal_entity", 2, entity_name="某店", uscc="92320500MA1ABCDE0X")
    answer = await caller.get("/collections/legal-entities/items/914403001922038216")
    assert answer.json()["id"] == str(uid)
    answer = await caller.get("/collections/legal-entities/items/92320500MA1ABCDE0X")
    assert answer.status_code == 400 and answer.json()["code"] == "QRY-KEY-PERSONAL"


async def test_of_divisions_with_one_code_the_civil_affairs_one_is_meant(caller: httpx.AsyncClient, put: Put) -> None:
    await put("place", 1, place_type="division", place_name="nbs", code_system="nbs", division_code="320505")
    uid = await put("place", 2, place_type="division", place_name="mca", code_system="mca", division_code="320505")
    await put(
        "place", 3, place_type="division", place_name="old", code_system="mca", division_code="320505", state="ended"
    )
    answer = await caller.get("/collections/places/items/320505")
    assert answer.status_code == 200 and answer.json()["id"] == str(uid)


async def test_entities_that_bear_one_code_equally_are_listed(caller: httpx.AsyncClient, put: Put) -> None:
    uids = [
        await put("place", number, place_type="division", place_name="x", code_system="mca", division_code="320505")
        for number in (1, 2)
    ]
    answer = await caller.get("/collections/places/items/320505")
    assert answer.status_code == 409 and answer.json()["code"] == "QRY-KEY-AMBIGUOUS"
    assert [fault["name"] for fault in answer.json()["errors"]] == [str(uid) for uid in uids]


async def test_a_merged_uid_leads_to_the_survivor(caller: httpx.AsyncClient, put: Put) -> None:
    survivor = await put("place", 1, place_type="poi", place_name="x")
    merged = await put("place_version", 2, state="merged", into=str(survivor))
    answer = await caller.get(f"/collections/places/items/{merged}?properties=place_name")
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"http://jishi.test/collections/places/items/{survivor}?properties=place_name"


async def test_an_ended_entity_is_gone(caller: httpx.AsyncClient, put: Put) -> None:
    uid = await put("place", 1, place_type="poi", place_name="x", state="ended")
    answer = await caller.get(f"/collections/places/items/{uid}")
    assert answer.status_code == 410 and answer.json()["code"] == "QRY-ENDED"


async def test_a_sorted_page_goes_on_where_the_last_one_ended_also_past_missing_values(
    caller: httpx.AsyncClient, put: Put
) -> None:
    days = ["2003-01-01", None, "2001-01-01", "2003-01-01", None, "2002-01-01", None]
    for number, day in enumerate(days, 1):
        await put("legal_entity", number, entity_name=f"{number}", establish_date=day)
    for sortby, expected in {
        "establish_date": "3614257",
        "-establish_date": "4163752",
        "uid": "1234567",
        "-uid": "7654321",
        "entity_name": "1234567",
    }.items():
        for limit in (1, 2, 3, 7):
            seen = ""
            address = f"http://jishi.test/collections/legal-entities/items?sortby={sortby}&limit={limit}"
            while address:
                page = (await caller.get(address)).json()
                assert 0 < page["numberReturned"] <= limit
                seen += "".join(feature["properties"]["entity_name"] for feature in page["features"])
                address = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
            assert seen == expected, (sortby, limit)


async def test_only_an_indexed_queryable_is_sorted_by(caller: httpx.AsyncClient) -> None:
    for text in ("legal_rep_name", "domicile", "", "-", "city,legal_rep_name", "city;drop", "state"):
        answer = await caller.get("/collections/legal-entities/items", params={"sortby": text})
        assert answer.status_code == 400 and answer.json()["errors"][0]["code"] == "QRY-VALUE-SORT", text


async def test_what_matches_is_counted_only_on_request(
    caller: httpx.AsyncClient, put: Put, connection: Connection[Any], heard: Heard
) -> None:
    uids = [await put("place", number, place_type="poi", place_name="x") for number in range(1, 6)]
    await put("place", 9, place_type="poi", place_name="x", state="ended")
    page = await _page(caller, "/collections/places/items", limit="2", count="exact", filter="place_name = 'x'")
    assert (page["numberMatched"], page["numberReturned"]) == (5, 2)
    assert "numberMatched" not in await _page(caller, "/collections/places/items", count="none")
    protection = (
        "INSERT INTO jishi.protection (uid, register, level, reason, set_by) VALUES ($1, 'place', 'hidden', '', '')"
    )
    async with heard():
        await connection.execute(protection, uids[0])
    page = await _page(caller, "/collections/places/items", count="exact")
    assert page["numberMatched"] == page["numberReturned"] == 4


async def test_every_answer_is_written_with_whom_it_shows(
    caller: httpx.AsyncClient, put: Put, connection: Connection[Any]
) -> None:
    uids = [await put("place", number, place_type="poi", place_name="x") for number in (1, 2)]
    await put("place", 3, place_type="poi", place_name="x", state="ended")
    base = "/collections/places/items"
    asked = (f"{base}?limit=1&properties=place_name", f"{base}?place_name=y", f"{base}/{uids[1]}", f"{base}/{uids[0]}x")
    answers = [await caller.get(address) for address in (*asked, f"{base}/{str(uids[0])[:-1]}3")]
    rows = await connection.fetch("SELECT * FROM jishi.disclosure ORDER BY number")
    assert [str(row["request_id"]) for row in rows] == [answer.headers["X-Request-Id"] for answer in answers]
    assert [(row["act"], row["subjects"], row["misses"], row["result"]) for row in rows] == [
        ("page", uids[:1], 0, "ok"),
        ("page", [], 1, "none"),
        ("item", uids[1:], 0, "ok"),
        ("item", [], 1, "none"),
        ("item", [], 1, "ended"),
    ]
    assert rows[0]["clear"] == ["geom", "place_name"] and rows[1]["clear"] == [] and rows[0]["grant_id"] == 0
    assert len({row["query_digest"] for row in rows}) == 5 and all(row["register"] == 3 for row in rows)
