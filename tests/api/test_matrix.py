"""Who sees what, by a table: every channel gives what a tiny oracle computes from the grant alone; and what the curious try."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]
Heard = Callable[[], AbstractAsyncContextManager[None]]
PutNumber = Callable[[UUID, str, str, str], Awaitable[None]]
Granted = Callable[..., Awaitable[httpx.AsyncClient]]

VALUES = {
    "full_name": ("欧阳明日", "欧**"),
    "birth_date": ("1949-12-31", "1949"),
    "mobile": ("13800000001", "138****0001"),
    "hukou_address": ("江苏省苏州市虎丘区枫桥街道某路1号", "江苏省苏州市虎丘区枫桥街道***"),
    "sex_code": ("1", "1"),
    "marital_status_code": ("10", None),
}
NUMBERS = {
    "320505": ("11010519491231002X", "110***********002X"),
    "320506": ("110105194912310038", "110***********0038"),
}
"""By district of the person: the number and its mask, written here by hand."""


@dataclass(frozen=True)
class Role:
    clear: frozenset[str] = frozenset()
    masked: frozenset[str] = frozenset()
    rights: frozenset[str] = frozenset()


ALL = frozenset(VALUES) | {"id_number"}
ROLES = {
    "nobody": None,
    "all clear": Role(clear=ALL),
    "all masked, exact": Role(masked=ALL, rights=frozenset({"exact"})),
    "all masked": Role(masked=ALL),
    "mixed": Role(clear=frozenset({"id_number", "full_name", "sex_code"}), masked=frozenset({"mobile", "birth_date"})),
}
DISTRICTS = (None, "320505")
PURPOSES = ((None, None), ("loan", None), ("loan", "loan"), ("loan", "other"))
CHANNELS = ("item", "search", "batch", "verify")

Told = tuple[str, Any]


def oracle(role: Role | None, rows: str | None, purposes: tuple[str | None, str | None], element: str, channel: str,
           district: str) -> Told:  # fmt: skip
    """``("refused", reasons)``, ``("absent", None)``, ``("value", what)`` or ``("verdict", outcome)``."""
    if role is None:
        return "refused", {"ACC-NO-GRANT"}
    reasons = set()
    needed, stated = purposes
    if needed and stated != needed:
        reasons.add("ACC-PURPOSE" if stated else "ACC-PURPOSE-MISSING")
    known = role.clear | (role.masked if "exact" in role.rights else frozenset())
    if channel != "verify" and element not in role.clear | role.masked:
        reasons.add("ACC-ELEMENT")
    if (channel == "verify" and element not in known) or (channel in ("search", "verify") and "id_number" not in known):
        reasons.add("ACC-ELEMENT-COMPARED")
    if reasons:
        return "refused", reasons
    seen = rows is None or rows == district
    if channel == "verify":
        return "verdict", "match" if seen else "mismatch"
    clear, masked = NUMBERS[district] if element == "id_number" else VALUES[element]
    return ("value", clear if element in role.clear else masked) if seen else ("absent", None)


async def ask(
    client: httpx.AsyncClient, channel: str, element: str, stated: str | None, uid: UUID, district: str
) -> Told:
    base, key = "/collections/natural-persons", {"id_number": NUMBERS[district][0]}
    headers = {"X-Purpose": stated} if stated else {}
    value = key["id_number"] if element == "id_number" else VALUES[element][0]
    path, body = {
        "item": (f"{base}/items/{uid}?properties={element}", None),
        "search": (f"{base}/search", {"properties": [element], "key": key}),
        "batch": (f"{base}/batch", {"ids": [str(uid)], "properties": [element]}),
        "verify": ("/verify", {"collection": "natural-persons", "key": key, "claims": {element: value}}),
    }[channel]
    answer = await client.request("POST" if body else "GET", path, json=body, headers=headers)
    told = answer.json()
    if answer.status_code == 403:
        return "refused", {fault["code"] for fault in told["errors"]}
    if answer.status_code == 404:
        return "absent", None
    assert answer.status_code == 200, answer.text
    if channel == "verify":
        return "verdict", told["outcome"]
    features = [told] if channel == "item" else told.get("features", [])
    if channel == "batch":
        features = [item["feature"] for item in told["items"] if item["outcome"] == "found"]
    return ("value", features[0]["properties"][element]) if features else ("absent", None)


@pytest.mark.parametrize("role", ROLES)
async def test_every_channel_gives_what_the_grant_says(
    api: FastAPI, granted: Granted, caller: httpx.AsyncClient, put: Put, put_number: PutNumber, role: str,
    connection: Connection[Any],
) -> None:  # fmt: skip
    api.state.serving.guesses.clock = itertools.count(0, 7200).__next__  # every guess is the first of its hour
    uids = {}
    for number, (district, (clear, masked)) in enumerate(NUMBERS.items(), 1):
        values = {name: value for name, (value, _) in VALUES.items()}
        span = {"birth_date_high": values["birth_date"], "birth_date_precision": "day"}
        uid = await put(
            "natural_person", number, **values, **span, id_number=masked, hukou_division_code=district + "001"
        )
        await put_number(uid, "natural_person", "id_number", clear)
        uids[district] = uid
    says, released = ROLES[role], 0
    for rows, needed in itertools.product(DISTRICTS, (None, "loan")):
        client = caller
        if says is not None:
            client = await granted(
                "natural-persons",
                clear=says.clear,
                masked=says.masked,
                rights=says.rights,
                purposes=[needed] if needed else [],
                rows=f"hukou_division_code LIKE '{rows}%'" if rows else None,
            )
        for element, channel, (district, uid) in itertools.product(sorted(ALL), CHANNELS, uids.items()):
            for purposes in [pair for pair in PURPOSES if pair[0] == needed]:
                expected = oracle(says, rows, purposes, element, channel, district)
                told = await ask(client, channel, element, purposes[1], uid, district)
                assert told == expected, (role, rows, purposes, element, channel, district)
                released += told[0] != "refused"
    assert await connection.fetchval("SELECT count(*) FROM jishi.disclosure") == released


ENTITY = {
    "entity_name": ("某公司", "某公司"),
    "legal_rep_name": ("欧阳明日", "欧**"),
    "legal_rep_phone": ("13812345678", "138****5678"),
    "legal_rep_id_no": ("11010519491231002X", "110***********002X"),
}


@pytest.mark.parametrize("how", ["clear", "masked", "absent", "standing"])
async def test_pages_mask_as_the_other_channels_do(
    granted: Granted, caller: httpx.AsyncClient, put: Put, put_number: PutNumber, how: str
) -> None:
    uid = await put(
        "legal_entity",
        1,
        **{name: masked if name.endswith("no") else value for name, (value, masked) in ENTITY.items()},
    )
    await put_number(uid, "legal_entity", "legal_rep_id_no", ENTITY["legal_rep_id_no"][0])
    await put("legal_entity", 2, entity_name="elsewhere", city="常州")
    grants: dict[str, dict[str, Any]] = {
        "clear": {"clear": ENTITY.keys()},
        "masked": {"masked": ENTITY.keys()},
        "absent": {"clear": {"uscc"}},
    }
    says = {name: set(value) for name, value in grants.get(how, {}).items()}
    client = caller if how == "standing" else await granted("legal-entities", rows="city IS NULL", **says)
    base = "/collections/legal-entities"
    for name, (clear, masked) in ENTITY.items():
        answers = [
            await client.get(f"{base}/items?properties={name}"),
            await client.post(f"{base}/search", json={"properties": [name]}),
            await client.get(f"{base}/items/{uid}?properties={name}"),
            await client.post(f"{base}/batch", json={"ids": [str(uid)], "properties": [name]}),
        ]
        if how == "absent":
            for answer in answers:
                assert answer.status_code == 403
                assert [(f["name"], f["code"]) for f in answer.json()["errors"]] == [(name, "ACC-ELEMENT")]
            continue
        page, search, item, batch = (answer.json() for answer in answers)
        told = [page["features"][0], search["features"][0], item, batch["items"][0]["feature"]]
        expected = clear if how == "clear" else masked
        assert [feature["properties"] for feature in told] == [{name: expected}] * 4
        assert page["numberReturned"] == search["numberReturned"] == (2 if how == "standing" else 1)


async def test_without_properties_a_feature_holds_what_is_granted_and_nothing_else(granted: Granted, put: Put) -> None:
    uid = await put("place", 1, place_type="poi", place_name="虎丘", phone="1", geom="POINT(120 31)")
    client = await granted("places", clear={"place_name", "place_type"})
    for path in ("/collections/places/items", f"/collections/places/items/{uid}"):
        told = (await client.get(path)).json()
        feature = told.get("features", [told])[0]
        assert feature["geometry"] is None
        assert feature["properties"] == {"place_type": "poi", "place_type_name": None, "place_name": "虎丘"}
    for parameters in ("bbox=119,30,121,32", "filter=S_INTERSECTS(geom,POINT(120 31))", "properties=geom"):
        answer = await client.get(f"/collections/places/items?{parameters}")
        assert answer.status_code == 403 and answer.json()["errors"][0]["name"] == "geom", parameters


async def test_a_grant_outside_its_time_opens_nothing(
    granted: Granted, put: Put, connection: Connection[Any], heard: Heard
) -> None:
    await put("place", 1, place_type="poi", place_name="虎丘")
    client = await granted("places", clear={"place_name"})
    assert (await client.get("/collections/places/items")).status_code == 200
    async with heard():
        await connection.execute("UPDATE jishi.access_grant SET valid_until = now() - interval '1 second'")
    answer = await client.get("/collections/places/items")
    assert answer.status_code == 403 and answer.json()["errors"][0]["code"] == "ACC-GRANT-ENDED"
    later = "UPDATE jishi.access_grant SET valid_until = NULL, valid_from = now() + interval '1 day'"
    async with heard():
        await connection.execute(later)
    assert (await client.get("/collections/places/items")).status_code == 403


async def test_uids_of_one_collection_open_no_other(granted: Granted, put: Put) -> None:
    person = await put("natural_person", 1, full_name="欧阳明日")
    place = await put("place", 2, place_type="poi", place_name="虎丘")
    client = await granted("natural-persons", clear={"full_name"})
    for path in (
        f"places/items/{person}",
        f"legal-entities/items/{place}",
        f"natural-persons/items/{place}?properties=full_name",
    ):
        answer = await client.get(f"/collections/{path}")
        assert answer.status_code == 404 and "欧阳" not in answer.text, path
    answer = await client.get(f"/collections/certificates/items/{person}?properties=cert_no")
    assert answer.status_code == 403


async def test_a_merge_is_told_only_where_the_survivor_is_seen(granted: Granted, put: Put) -> None:
    survivor = await put("natural_person", 1, full_name="欧阳明日", hukou_division_code="320506")
    merged = await put("natural_person_version", 2, state="merged", into=str(survivor))
    path = f"/collections/natural-persons/items/{merged}?properties=full_name"
    all_rows = await granted("natural-persons", clear={"full_name"})
    answer = await all_rows.get(path)
    assert answer.status_code == 308 and str(survivor) in answer.headers["Location"]
    some = await granted("natural-persons", clear={"full_name"}, rows="hukou_division_code LIKE '320505%'")
    assert (await some.get(path)).status_code == 404


async def test_a_cursor_serves_nobody_else_and_no_other_question(granted: Granted, put: Put) -> None:
    for number in range(1, 5):
        await put("place", number, place_type="poi", place_name=f"{number}")
    one, other = [await granted("places", clear={"place_name", "place_type"}) for _ in range(2)]
    narrow = await granted("places", clear={"place_name", "place_type"}, rows="place_name = '1'")
    path = "/collections/places/items"
    for asked in (
        {"limit": "1"},
        {"limit": "1", "sortby": "-place_name"},
        {"limit": "1", "filter": "place_name <> '9'"},
    ):
        page = (await one.get(path, params=asked)).json()
        following = next(link["href"] for link in page["links"] if link["rel"] == "next")
        cursor = httpx.URL(following).params["cursor"]
        assert (await one.get(following)).status_code == 200
        tampered = [cursor[:-2], cursor[1:], cursor.swapcase(), "A" * len(cursor), cursor + "AAAA", "%00", "9" * 5000]
        refused = [await one.get(path, params={**asked, "cursor": text}) for text in tampered]
        refused += [await client.get(path, params={**asked, "cursor": cursor}) for client in (other, narrow)]
        refused += [await one.get(path, params={**asked, "cursor": cursor, "place_name": "1"})]
        refused += [await one.get(path, params={**asked, "cursor": cursor, "sortby": "place_name"})]
        refused += [await one.get("/collections/legal-entities/items", params={"limit": "1", "cursor": cursor})]
        assert {answer.status_code for answer in refused} == {400}


INJECTIONS = (
    "'",
    "';--",
    "') OR 1=1 --",
    "1; SELECT pg_sleep(5)",
    "$1",
    "${7*7}",
    "%27",
    "\\",
    "‘ or ’1’=’1",
)


async def test_no_text_becomes_a_part_of_a_statement(granted: Granted, put: Put, connection: Connection[Any]) -> None:
    await put("place", 1, place_type="poi", place_name="虎丘")
    await put("natural_person", 1, full_name="欧阳明日", mobile="1")
    client = await granted("natural-persons", clear={"full_name", "mobile"})
    for text in INJECTIONS:
        base = "/collections/places/items"
        literal = text.replace("'", "''")
        for answer in (
            await client.get(base, params={"place_name": text}),
            await client.get(base, params={"filter": f"place_name = '{literal}'"}),
            await client.get(base, params={"filter": f"place_name LIKE '{literal}x'"}),
        ):
            assert answer.status_code == 200 and answer.json()["features"] == [], (text, answer.text)
        for name in ("properties", "sortby", "bbox", "limit", "filter", "filter-lang", "include", "count", text):
            answer = await client.get(base, params={name: text})
            assert answer.status_code == 400, (name, text)
        key = {"full_name": text, "mobile": text}
        answer = await client.post(
            "/collections/natural-persons/search", json={"properties": ["full_name"], "key": key}
        )
        assert answer.status_code in (200, 400) and "欧阳" not in answer.text
    assert await connection.fetchval("SELECT count(*) FROM jishi.place") == 1


async def test_paths_that_are_no_paths_lead_nowhere(granted: Granted, put: Put) -> None:
    uid = await put("natural_person", 1, full_name="欧阳明日")
    client = await granted("natural-persons", clear={"full_name"})
    for path in (
        f"natural-persons/items/{uid}%2F..%2F..",
        f"natural-persons/items/{uid}%00",
        f"natural-persons/items/{uid}%20",
        f"natural-persons/items/%7B{uid}%7D",
        f"natural-persons/items/{uid.hex}",
        f"natural-persons/items/urn:uuid:{uid}",
        f"natural-persons/items//{uid}",
        f"natural-persons/items/{uid}/",
        f"Natural-Persons/items/{uid}",
        f"natural_person/items/{uid}",
        f"natural-persons/items/{'%2e' * 2}/{uid}",
    ):
        answer = await client.get(f"/collections/{path}?properties=full_name")
        assert answer.status_code == 404 and "欧阳" not in answer.text, (path, answer.text)
    answer = await client.get(f"/collections/natural-persons/items/{str(uid).upper()}?properties=full_name")
    assert answer.status_code == 200 and answer.json()["id"] == str(uid)


async def test_an_encoded_slash_leads_past_no_check(granted: Granted, caller: httpx.AsyncClient, put: Put) -> None:
    uid = await put("natural_person", 1, full_name="欧阳明日")
    narrow = await granted("natural-persons", clear={"full_name"}, rows="full_name = '王某'")
    for path in (f"natural-persons%2Fitems%2F{uid}", f"places%2F..%2Fnatural-persons/items%2F{uid}"):
        for client in (caller, narrow):
            answer = await client.get(f"/collections/{path}?properties=full_name")
            assert answer.status_code in (403, 404) and "欧阳" not in answer.text, path


async def test_headers_grant_nothing(granted: Granted, put: Put) -> None:
    uid = await put("natural_person", 1, full_name="欧阳明日")
    client = await granted("natural-persons", clear={"full_name"}, purposes={"loan"})
    path = f"/collections/natural-persons/items/{uid}?properties=full_name"
    for headers in (
        {"X-Forwarded-For": "127.0.0.1", "X-Original-URL": "/health/live"},
        {"X-HTTP-Method-Override": "PUT", "X-Rewrite-URL": path},
        {"X-Purpose": "LOAN"},
        {"X-Purpose": "loan,other"},
        {"X-Purpose": "other%2Cloan"},
        {"X-Purpose": "%6coan%00"},
        {"X-Client-Id": "admin", "X-Grant": "*"},
    ):
        answer = await client.get(path, headers=headers)
        assert answer.status_code in (400, 403) and "欧阳" not in answer.text, headers
    assert (await client.get(path, headers={"X-Purpose": "%6Coan"})).status_code == 200
