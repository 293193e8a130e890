from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI

from copyist import Copyist

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]
Granted = Callable[..., Awaitable[httpx.AsyncClient]]
Heard = Callable[[], AbstractAsyncContextManager[None]]
Feed = Callable[..., Awaitable[None]]

INSTANT = datetime(2026, 11, 1, tzinfo=UTC)
NUMBERS = {"natural_person": 1, "legal_entity": 2, "place": 3}


def at(hours: int) -> datetime:
    return INSTANT + timedelta(hours=hours)


@pytest.fixture
def publish(connection: Connection[Any]) -> Feed:
    """``await publish("place", uid, "create", hours=0)`` appends to the feed as a publication does; clocks in hours from INSTANT."""

    async def append(register: str, uid: UUID, kind: str, hours: int = 0, **more: Any) -> None:
        number = NUMBERS[register]
        seq = await connection.fetchval(
            "INSERT INTO jishi.register_state (register, name, last_seq, last_recorded_at, last_contribution_id, turned_to)"
            " VALUES ($1, $2, 1, $3, 0, $3) ON CONFLICT (register) DO UPDATE SET last_seq = register_state.last_seq + 1"
            " RETURNING last_seq",
            number,
            register,
            at(hours),
        )
        row: dict[str, Any] = {
            "register": number,
            "seq": seq,
            "uid": uid,
            "type": kind,
            "recorded_at": at(hours),
            "effective_from": at(hours),
        }
        row |= more
        names = ", ".join(f'"{name}"' for name in row)
        places = ", ".join(f"${n}" for n in range(1, len(row) + 1))
        await connection.execute(f"INSERT INTO jishi.change ({names}) VALUES ({places})", *row.values())

    return append


def clocks(hours: int) -> dict[str, str]:
    return {"effective_from": at(hours).isoformat(), "recorded_at": at(hours).isoformat()}


async def _types(client: httpx.AsyncClient, **asked: Any) -> list[tuple[str, str]]:
    answer = await client.get("/changes", params={"collections": "places", **asked})
    assert answer.status_code == 200, answer.text
    return [(one["type"], one["uid"]) for one in answer.json()["changes"]]


async def test_whoever_sees_some_rows_is_told_of_his_part(granted: Granted, put: Put, publish: Feed) -> None:
    """Of five: one stays inside, one leaves, one enters, one was never inside, one ends."""
    client = await granted("places", clear=["place_name", "phone"], rows="category = '教育'")
    for number in range(1, 6):
        uid = await put(
            "place_version", number, place_type="poi", category="餐饮" if number in (3, 4) else "教育", **clocks(0)
        )
        await publish("place", uid, "create")
        category = "教育" if number in (1, 3, 5) else "餐饮"
        await put(
            "place",
            number,
            place_type="poi",
            category=category,
            **clocks(5),
            state="ended" if number == 5 else "active",
        )
        moved = {"before_from": at(0), "before_known": at(0)}
        if number == 5:
            await publish("place", uid, "end", 5, **moved)
        else:
            await publish("place", uid, "change", 5, elements=["category", "phone"], **moved)
    uids = [str(UUID(int=uid.int - 5 + n)) for n in range(1, 6)]
    first = [("create", uids[0]), ("create", uids[1]), ("create", uids[4])]
    then = [("change", uids[0]), ("withhold", uids[1]), ("create", uids[2]), ("end", uids[4])]
    assert await _types(client) == first + then  # in the order they were recorded


async def test_the_state_before_is_found_where_the_feed_does_not_name_it(
    granted: Granted, put: Put, publish: Feed
) -> None:
    """Changes of before the migration."""
    client = await granted("places", clear=["place_name"], rows="category = '教育'")
    uid = await put("place_version", 1, place_type="poi", category="教育", **clocks(0))
    await put("place", 1, place_type="poi", category="餐饮", **clocks(5))
    await publish("place", uid, "change", 5, elements=["category"])
    assert await _types(client) == [("withhold", str(uid))]


async def test_only_granted_elements_are_named_and_a_change_of_others_is_none(
    granted: Granted, put: Put, publish: Feed
) -> None:
    client = await granted("places", clear=["place_name"], masked=["phone"])
    uid = await put("place", 1, place_type="poi", **clocks(1))
    await put("place_version", 1, place_type="poi", **clocks(0))
    before = {"before_from": at(0), "before_known": at(0)}
    await publish("place", uid, "change", 1, elements=["place_name", "phone", "category"], **before)
    await publish("place", uid, "change", 1, elements=["category"], **before)
    answer = (await client.get("/changes?collections=places")).json()
    assert [(one["seq"], one["elements"]) for one in answer["changes"]] == [(1, ["place_name", "phone"])]
    assert answer["more"] is False
    again = (await client.get("/changes", params={"collections": "places", "after": answer["next_after"]})).json()
    assert again["changes"] == [] and again["next_after"] == answer["next_after"]


async def test_a_merged_entity_leads_to_its_survivor_and_an_unmerged_one_comes_back(
    granted: Granted, put: Put, publish: Feed, connection: Connection[Any]
) -> None:
    client = await granted("legal-entities", clear=["entity_name", "city"])
    narrow = await granted("legal-entities", clear=["entity_name"], rows="city = '甲'")
    one = await put("legal_entity_version", 1, entity_name="一", city="甲", **clocks(0))
    await put(
        "legal_entity_version",
        1,
        entity_name="一",
        city="甲",
        **clocks(2),
        state="merged",
        into=str(UUID(int=one.int + 1)),
    )
    two = await put("legal_entity", 2, entity_name="二", city="乙", **clocks(0))
    await publish("legal_entity", one, "create")
    await publish("legal_entity", two, "create")
    await publish("legal_entity", one, "merge", 2, into=two)
    copies = [Copyist(reader, "legal-entities", ["entity_name"]) for reader in (client, narrow)]
    assert [(c["type"], c["into"]) for c in await copies[0].follow()] == [
        ("create", None),
        ("create", None),
        ("merge", str(two)),
    ]
    assert [(c["type"], c["into"]) for c in await copies[1].follow()] == [("create", None), ("withhold", None)], (
        "the survivor stands outside the rows and is not named"
    )
    await put("legal_entity", 1, entity_name="一", city="甲", **clocks(4))
    await publish("legal_entity", one, "unmerge", 4)
    for copy in copies:
        assert [(c["type"], c["uid"]) for c in await copy.follow()] == [("unmerge", str(one))]
        assert copy.held[str(one)]["entity_name"] == "一"
    assert copies[0].held.keys() == {str(one), str(two)} and copies[1].held.keys() == {str(one)}


async def test_several_registers_are_told_in_one_feed_each_in_its_own_order(
    granted: Granted, put: Put, publish: Feed, caller: httpx.AsyncClient
) -> None:
    for number in range(1, 8):
        register, more = ("place", {"place_type": "poi"}) if number % 2 else ("legal_entity", {"entity_name": "甲"})
        await publish(register, await put(register, number, **more, **clocks(number)), "create", number)
    told, after, pages = [], "", 0
    while pages < 20:
        page = (await caller.get("/changes", params={"limit": 2, **({"after": after} if after else {})})).json()
        told += page["changes"]
        after, pages = page["next_after"], pages + 1
        if not page["more"]:
            break
    assert pages == 4 and len({one["uid"] for one in told}) == len(told) == 7
    for collection in ("places", "legal-entities"):
        seqs = [one["seq"] for one in told if one["collection"] == collection]
        assert seqs == list(range(1, len(seqs) + 1))
    only = (await caller.get("/changes", params={"collections": "places", "after": after})).json()
    assert only["changes"] == []


async def test_a_position_that_is_no_longer_kept_is_gone_and_leads_to_an_export(
    granted: Granted, put: Put, publish: Feed, connection: Connection[Any]
) -> None:
    client = await granted("places", clear=["place_name"])
    for number in range(1, 5):
        await publish("place", await put("place", number, place_type="poi", **clocks(number)), "create", number)
    kept = (await client.get("/changes?collections=places&limit=3")).json()["next_after"]
    first = (await client.get("/changes?collections=places&limit=1")).json()["next_after"]
    await connection.execute("DELETE FROM jishi.change WHERE seq <= 3; UPDATE jishi.register_state SET pruned_seq = 3")
    assert len(await _types(client, after=kept)) == 1 and len(await _types(client, after=3)) == 1
    for expired in (first, "0", "2", "99", ""):
        answer = await client.get("/changes", params={"collections": "places", "after": expired})
        assert answer.status_code == 410 and answer.json()["code"] == "QRY-POSITION-EXPIRED"
        assert answer.json()["links"] == [{"rel": "baseline", "href": "http://jishi.test/exports", "method": "POST"}]
        assert 'rel="baseline"' in answer.headers["Link"]


async def test_a_position_serves_no_other_grant_and_no_other_client(
    granted: Granted, put: Put, publish: Feed, connection: Connection[Any], heard: Heard
) -> None:
    client = await granted("places", clear=["place_name"], rows="category = '教育'")
    other = await granted("places", clear=["place_name"])
    await publish("place", await put("place", 1, place_type="poi", **clocks(0)), "create")
    after = (await client.get("/changes?collections=places")).json()["next_after"]
    refused = await other.get("/changes", params={"collections": "places", "after": after})
    assert refused.status_code == 400 and refused.json()["errors"][0]["code"] == "QRY-VALUE-POSITION"
    async with heard():
        await connection.execute(
            "WITH gone AS (UPDATE jishi.access_grant SET revoked_at = now() WHERE client_id = $1 RETURNING *)"
            " SELECT count(*) FROM gone",
            client.headers["X-Test-Client"],
        )
    answer = await client.get("/changes", params={"collections": "places", "after": after})
    assert answer.status_code == 410 and answer.json()["code"] == "QRY-POSITION-GRANT"


async def test_persons_are_followed_by_the_right_alone_and_hidden_ones_by_nobody(
    granted: Granted, put: Put, publish: Feed, connection: Connection[Any]
) -> None:
    plain = await granted("natural-persons", clear=["full_name"])
    client = await granted("natural-persons", clear=["full_name"], rights=["export"])
    seen = await put("natural_person", 1, full_name="欧阳明日", person_status_code="1", **clocks(0))
    hidden = await put("natural_person", 2, full_name="欧阳明月", person_status_code="1", **clocks(0))
    await connection.execute(
        "INSERT INTO jishi.protection (uid, register, level, reason, set_by) VALUES ($1, 'natural_person', 'hidden', 'x', 't')",
        hidden,
    )
    for uid in (seen, hidden):
        await publish("natural_person", uid, "create")
    await asyncio.sleep(0.2)
    refused = await plain.get("/changes?collections=natural-persons")
    assert refused.status_code == 403 and {error["code"] for error in refused.json()["errors"]} == {"ACC-RIGHT"}
    answer = (await client.get("/changes?collections=natural-persons")).json()
    assert [one["uid"] for one in answer["changes"]] == [str(seen)]
    assert str(hidden) not in (await client.get("/changes?collections=natural-persons&after=0")).text
    assert "natural-persons" not in {one["collection"] for one in (await plain.get("/changes")).json()["changes"]}


async def test_the_dead_are_told_as_ended(granted: Granted, put: Put, publish: Feed) -> None:
    client = await granted("natural-persons", clear=["full_name"], rights=["export"])
    uid = await put("natural_person_version", 1, full_name="欧阳明日", person_status_code="1", **clocks(0))
    await put("natural_person", 1, full_name="欧阳明日", person_status_code="2", **clocks(1))
    await publish(
        "natural_person", uid, "change", 1, elements=["person_status_code"], before_from=at(0), before_known=at(0)
    )
    answer = (await client.get("/changes?collections=natural-persons")).json()
    assert [one["type"] for one in answer["changes"]] == ["end"]


async def test_what_was_told_stands_in_the_log(
    granted: Granted, put: Put, publish: Feed, connection: Connection[Any]
) -> None:
    client = await granted("places", clear=["place_name"], quota_per_day=2)
    uids = [await put("place", number, place_type="poi", **clocks(number)) for number in (1, 2, 3)]
    for number, uid in enumerate(uids, 1):
        await publish("place", uid, "create", number)
    page = (await client.get("/changes?collections=places&limit=2")).json()
    row = await connection.fetchrow("SELECT * FROM jishi.disclosure WHERE act = 'changes'")
    assert row["subjects"] == uids[:2] and row["register"] == 3 and list(row["clear"]) == []
    refused = await client.get("/changes", params={"collections": "places", "after": page["next_after"]})
    assert refused.status_code == 429 and refused.json()["code"] == "QRY-QUOTA"


async def test_who_waits_is_told_as_soon_as_something_is_published(granted: Granted, put: Put, publish: Feed) -> None:
    client = await granted("places", clear=["place_name"])
    waiting = asyncio.create_task(client.get("/changes?collections=places&wait=20"))
    await asyncio.sleep(0.3)
    uid = await put("place", 1, place_type="poi", **clocks(0))
    await publish("place", uid, "create")
    answer = await asyncio.wait_for(waiting, 10)
    assert [one["uid"] for one in answer.json()["changes"]] == [str(uid)]
    empty = await client.get(
        "/changes", params={"collections": "places", "after": answer.json()["next_after"], "wait": 1}
    )
    assert empty.status_code == 200 and empty.json()["changes"] == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("after=x", "QRY-VALUE-POSITION"),
        ("after=5", "QRY-VALUE-POSITION"),
        ("collections=nothing", "QRY-COLLECTION"),
        ("wait=-1", "QRY-VALUE-WAIT"),
        ("limit=0", "QRY-VALUE-LIMIT"),
        ("since=1", "QRY-UNKNOWN-PARAMETER"),
    ],
)
async def test_bad_questions_are_told(api: FastAPI, caller: httpx.AsyncClient, query: str, code: str) -> None:
    answer = await caller.get(f"/changes?{query}")
    assert answer.status_code == 400 and {error["code"] for error in answer.json()["errors"]} == {code}
