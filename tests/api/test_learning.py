"""Learning under review: names nobody knew wait for a steward, what he makes of them is answered from the next question on."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI

from jishi.access import clients, users
from jishi.dictionary import seen
from jishi.dictionary.load import load_all
from jishi.identifiers.keys import load_or_create
from jishi.settings import LearningRules, Settings
from jishi.storage import engine
from served import Served

if TYPE_CHECKING:
    from asyncpg import Connection

QUEUE, ALIASES = "/stewardship/dictionary/queue", "/stewardship/dictionary/aliases"
UNKNOWN = "舢板摆渡"


@pytest.fixture
async def owner(loaded_database: str) -> AsyncIterator[Connection[Any]]:
    opened = await engine.connect(loaded_database)
    yield opened
    await opened.close()


@pytest.fixture
async def key(loaded_api: FastAPI, loaded_settings: Settings, owner: Connection[Any]) -> str:
    """The API key of a client with the role of a steward."""
    made = await clients.create(owner, load_or_create(loaded_settings.key_path), "steward", roles=("steward",))
    return made.api_key


@pytest.fixture
async def steward(loaded_api: FastAPI, key: str) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Accept-Language": "en", "X-API-Key": key}
    transport = httpx.ASGITransport(loaded_api)
    async with httpx.AsyncClient(transport=transport, base_url="http://jishi.test", headers=headers) as client:
        yield client


async def resolved(client: httpx.AsyncClient, *names: str, **context: str) -> list[dict[str, Any]]:
    answer = await client.post("/dictionary/resolve", json={"names": list(names), "context": context})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


async def waiting(api: FastAPI, steward: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """The queue by name, once everything asked so far is noted."""
    await api.state.noting.flush()
    answer = await steward.get(QUEUE)
    assert answer.status_code == 200, answer.text
    assert answer.json()["waiting"] == len(answer.json()["names"])
    return {entry["name"]: entry for entry in answer.json()["names"]}


async def made(steward: httpx.AsyncClient, name: str, code: str, **more: Any) -> dict[str, Any]:
    answer = await steward.post(ALIASES, json={"name": name, "code": code, **more})
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_names_without_an_answer_wait_with_their_counts_and_contexts(
    loaded_api: FastAPI, reader: httpx.AsyncClient, steward: httpx.AsyncClient
) -> None:
    for place in ("苏州市", "苏州市", "常德市"):
        await resolved(reader, UNKNOWN, "信息化规划编制", place=place, stage="02")
    await reader.post("/reconcile/match", json={"queries": [{"conditions": [_named(UNKNOWN)]}]})
    found = await waiting(loaded_api, steward)
    assert "信息化规划编制" not in found
    entry = found[UNKNOWN]
    assert entry["times"] == 4 and entry["outcome"] in ("nothing", "doubtful") and entry["scheme"] == ""
    told = {(item["place"], item["stage"]): item["times"] for item in entry["contexts"]}
    assert told == {("苏州市", "02"): 2, ("常德市", "02"): 1, (None, None): 1}
    assert entry["first_seen"] <= entry["last_seen"]


async def test_what_may_tell_of_a_person_or_of_no_concept_never_waits(
    loaded_api: FastAPI, reader: httpx.AsyncClient, steward: httpx.AsyncClient, owner: Connection[Any]
) -> None:
    await resolved(reader, "张三", "11010519491231002X", "13800001111", "人民路128号", "长" * 60, " ", UNKNOWN)
    await reader.post("/dictionary/resolve", json={"names": ["无此行业"], "scheme": "industry"})
    assert set(await waiting(loaded_api, steward)) == {UNKNOWN}
    rows = await owner.fetch("SELECT name FROM jishi.seen_name")
    assert {row["name"] for row in rows} == {UNKNOWN}


async def test_one_call_makes_an_alias_and_the_next_question_knows_it(
    loaded_api: FastAPI, reader: httpx.AsyncClient, steward: httpx.AsyncClient, owner: Connection[Any]
) -> None:
    await resolved(reader, UNKNOWN)
    entry = (await waiting(loaded_api, steward))[UNKNOWN]
    effect = (await steward.post(f"{QUEUE}/{entry['id']}/preview", json={"code": "0103"})).json()
    (change,) = [item for item in effect["changes"] if item["name"] == UNKNOWN]
    assert change["queued"] is True and change["before"]["match"] is None and change["after"]["match"]["code"] == "0103"
    (before,) = await resolved(reader, UNKNOWN)
    assert before["match"] is None, "a preview makes nothing"
    assert await owner.fetchval("SELECT count(*) FROM jishi.concept_alias WHERE origin = 'steward'") == 0

    alias = await made(steward, UNKNOWN, "0103", reason="苏州的说法")
    assert alias["status"] == "approved" and alias["left_queue"] == 1 and alias["proposed_by"].startswith("client:")
    (after,) = await resolved(reader, UNKNOWN)
    assert after["match"]["code"] == "0103" and after["match"]["score"] >= 98
    assert await waiting(loaded_api, steward) == {}, "a resolved name waits no more"
    acts = await owner.fetch(
        "SELECT act, target, succeeded, detail::text FROM jishi.administrative_act ORDER BY act_id"
    )
    assert [(act["act"], act["target"], act["succeeded"]) for act in acts][-1] == (
        "dictionary.alias",
        "project-nodes:0103",
        True,
    )
    assert UNKNOWN not in "".join(act["detail"] for act in acts)
    edition = await owner.fetchrow("SELECT act, author, reason FROM jishi.dictionary_edition ORDER BY id DESC LIMIT 1")
    assert (edition["act"], edition["reason"]) == ("alias", "苏州的说法") and edition["author"].startswith("client:")


async def test_a_negative_alias_is_never_answered_again_and_survives_a_load(
    loaded_api: FastAPI,
    reader: httpx.AsyncClient,
    steward: httpx.AsyncClient,
    owner: Connection[Any],
    loaded_settings: Settings,
) -> None:
    name = "数字政府规划"
    (before,) = await resolved(reader, name, place="广州")
    assert before["match"]["code"] == "0101"
    await loaded_api.state.noting.flush()
    effect = (await steward.post(f"{ALIASES}/preview", json={"name": name, "code": "0101", "negative": True})).json()
    (change,) = [item for item in effect["changes"] if item["name"] == name and item["place"] == "广州"]
    assert change["before"]["match"]["code"] == "0101" and change["queued"] is False
    assert all(candidate["code"] != "0101" for candidate in change["after"]["candidates"])
    await made(steward, name, "0101", negative=True, reason="不是同一件事")
    await made(steward, UNKNOWN, "0103")
    report = await load_all(owner, loaded_settings)
    assert not report.changed
    for spelling in (name, "数字 政府规划", "「数字政府规划」", "數字政府規劃"):
        for context in ({"place": "广州"}, {}):
            (after,) = await resolved(reader, spelling, **context)
            assert all(candidate["code"] != "0101" for candidate in after["candidates"]), (spelling, context)
    (kept,) = await resolved(reader, UNKNOWN)
    assert kept["match"]["code"] == "0103"
    assert name in await waiting(loaded_api, steward), "what no longer matches waits"


async def test_a_discarded_name_does_not_come_back(
    loaded_api: FastAPI, reader: httpx.AsyncClient, steward: httpx.AsyncClient
) -> None:
    await resolved(reader, UNKNOWN)
    entry = (await waiting(loaded_api, steward))[UNKNOWN]
    refused = await steward.post(f"{QUEUE}/{entry['id']}/discard", json={"reason": " "})
    assert refused.status_code == 400 and refused.json()["code"] == "DIC-SEEN-REASON"
    gone = await steward.post(f"{QUEUE}/{entry['id']}/discard", json={"reason": "不是节点"})
    assert gone.json()["state"] == "discarded" and gone.json()["reason"] == "不是节点"
    await resolved(reader, UNKNOWN)
    assert await waiting(loaded_api, steward) == {}
    assert (await steward.get(f"{QUEUE}/{entry['id']}")).json()["times"] == 2
    assert (await steward.get(f"{QUEUE}/999999")).status_code == 404


async def test_where_the_city_wants_four_eyes_nobody_approves_his_own(
    loaded_api: FastAPI, reader: httpx.AsyncClient, steward: httpx.AsyncClient, owner: Connection[Any]
) -> None:
    serving = loaded_api.state.serving
    serving.city = serving.city.model_copy(update={"learning": LearningRules(four_eyes=True)})
    draft = await made(steward, UNKNOWN, "0103")
    assert draft["status"] == "draft"
    (unchanged,) = await resolved(reader, UNKNOWN)
    assert unchanged["match"] is None
    own = await steward.post(f"{ALIASES}/{draft['id']}/approve", json={})
    assert own.status_code == 403 and own.json()["code"] == "DIC-ALIAS-EYES"
    user = await users.create(owner, "second", ("steward",))
    basic = "Basic " + b64encode(f"{user.login}:{user.password}".encode()).decode()
    other = await reader.post(f"{ALIASES}/{draft['id']}/approve", json={}, headers={"Authorization": basic})
    assert other.status_code == 200 and other.json()["decided_by"] == "user:second"
    (known,) = await resolved(reader, UNKNOWN)
    assert known["match"]["code"] == "0103"
    listed = (await steward.get(ALIASES, params={"status": "approved"})).json()["aliases"]
    assert [(entry["name"], entry["proposed_by"][:7]) for entry in listed] == [(UNKNOWN, "client:")]
    refused = await owner.fetch("SELECT code FROM jishi.administrative_act WHERE NOT succeeded")
    assert [row["code"] for row in refused] == ["DIC-ALIAS-EYES"]


async def test_an_alias_is_rejected_or_ended_with_a_reason(
    reader: httpx.AsyncClient, steward: httpx.AsyncClient
) -> None:
    draft = await made(steward, UNKNOWN, "0103", draft=True)
    silent = await steward.post(f"{ALIASES}/{draft['id']}/reject", json={})
    assert silent.json()["code"] == "DIC-ALIAS-REASON"
    rejected = await steward.post(f"{ALIASES}/{draft['id']}/reject", json={"reason": "不确定"})
    assert rejected.json()["status"] == "rejected"
    late = await steward.post(f"{ALIASES}/{draft['id']}/approve", json={})
    assert late.status_code == 409 and late.json()["code"] == "DIC-ALIAS-STEP"
    again = await made(steward, UNKNOWN, "0103")
    assert again["id"] == draft["id"] and again["status"] == "approved"
    ended = await steward.post(f"{ALIASES}/{again['id']}/end", json={"reason": "改了"})
    assert ended.json()["status"] == "ended"
    (after,) = await resolved(reader, UNKNOWN)
    assert after["match"] is None


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"name": UNKNOWN, "code": "9999"}, "DIC-ALIAS-CONCEPT"),
        ({"name": "信息化规划编制", "code": "0101"}, "DIC-ALIAS-OWN"),
        ({"name": "信息化规划编制", "code": "0103"}, "DIC-ALIAS-TAKEN"),
        ({"name": "数字政府规划", "code": "0103", "places": ["广州"]}, "DIC-ALIAS-TAKEN"),
        ({"name": UNKNOWN, "code": "0103", "valid_from": "2026-02-01", "valid_to": "2026-01-01"}, "DIC-ALIAS-PERIOD"),
    ],
)
async def test_an_alias_that_would_do_harm_is_refused(
    steward: httpx.AsyncClient, wanted: dict[str, Any], code: str
) -> None:
    answer = await steward.post(ALIASES, json=wanted)
    assert answer.status_code == 400 and code in {fault["code"] for fault in answer.json()["errors"]}, answer.text


async def test_only_stewards_see_the_queue(
    reader: httpx.AsyncClient, loaded_api: FastAPI, loaded_settings: Settings, owner: Connection[Any]
) -> None:
    plain = await clients.create(owner, load_or_create(loaded_settings.key_path), "plain")
    auditor = await users.create(owner, "auditor", ("auditor",))
    right = b64encode(f"auditor:{auditor.password}".encode()).decode()
    wrong = b64encode(b"auditor:wrong").decode()
    for headers, status in (
        ({}, 401),
        ({"X-API-Key": plain.api_key}, 403),
        ({"Authorization": f"Basic {right}"}, 403),
        ({"Authorization": f"Basic {wrong}"}, 403),
        ({"Authorization": "Basic *"}, 403),
    ):
        for method, path in (("GET", QUEUE), ("POST", f"{ALIASES}/preview"), ("POST", ALIASES)):
            body = {"name": UNKNOWN, "code": "0103"} if method == "POST" else None
            answer = await reader.request(method, path, json=body, headers=headers)
            assert answer.status_code == status, (headers, path, answer.text)
    assert await owner.fetchval("SELECT count(*) FROM jishi.concept_alias WHERE origin = 'steward'") == 0


async def test_the_queue_is_paged_and_bounded(
    loaded_api: FastAPI, reader: httpx.AsyncClient, steward: httpx.AsyncClient, owner: Connection[Any]
) -> None:
    loaded_api.state.noting._limit = 7
    names = [f"舢板摆渡{letter}" for letter in "甲乙丙丁戊己庚辛壬癸"]
    await resolved(reader, *names)
    assert len(await waiting(loaded_api, steward)) == 7
    await resolved(reader, *names, *names)
    held = await waiting(loaded_api, steward)
    assert len(held) == 7 and {entry["times"] for entry in held.values()} == {3}, "those known are counted on"
    shown, page = list[str](), f"{QUEUE}?limit=3"
    while page:
        told = (await steward.get(page)).json()
        shown += [entry["name"] for entry in told["names"]]
        page = next((link["href"] for link in told["links"] if link["rel"] == "next"), "")
    assert sorted(shown) == sorted(held)
    old = "UPDATE jishi.seen_name SET times = 1, last_seen = now() - interval '40 days' WHERE name = $1"
    await owner.execute(old, shown[0])
    assert await seen.forget(owner, 30) == 1


async def test_noting_never_fails_or_delays_an_answer(loaded_api: FastAPI, reader: httpx.AsyncClient) -> None:
    class Broken:
        async def __aenter__(self) -> Any:
            raise OSError("no database")

        async def __aexit__(self, *error: object) -> None:
            return None

    loaded_api.state.noting._lane = Broken
    (answer,) = await resolved(reader, UNKNOWN)
    await loaded_api.state.noting.flush()
    assert answer["match"] is None and not loaded_api.state.noting._notes


async def test_every_worker_knows_an_alias_within_a_second(
    loaded_settings: Settings, key: str, loaded_api: FastAPI, owner: Connection[Any]
) -> None:
    def asking(url: str) -> list[dict[str, Any]]:
        """The answers of many connections, so that both processes are asked."""
        told = []
        for _ in range(24):
            body = {"names": [UNKNOWN, "数字政府规划"], "context": {"place": "广州"}}
            told.append(httpx.post(f"{url}/dictionary/resolve", json=body, timeout=30).json()["results"])
        return told

    def run() -> tuple[Any, ...]:
        with Served(loaded_settings, workers=2) as served:
            before = asking(served.url)
            headers = {"X-API-Key": key}
            for body in ({"name": UNKNOWN, "code": "0103"}, {"name": "数字政府规划", "code": "0101", "negative": True}):
                answer = httpx.post(f"{served.url}{ALIASES}", json=body, headers=headers, timeout=30)
                assert answer.status_code == 201, answer.text
            after = asking(served.url)
            return before, after, len(served.workers())

    before, after, processes = await asyncio.to_thread(run)
    assert processes >= 2
    assert all(first["match"] is None and second["match"]["code"] == "0101" for first, second in before)
    for first, second in after:
        assert first["match"]["code"] == "0103"
        assert all(candidate["code"] != "0101" for candidate in second["candidates"])
    row = await owner.fetchrow("SELECT times, outcome FROM jishi.seen_name WHERE name = $1", UNKNOWN)
    assert row is not None and row["times"] > 0 and row["outcome"] == "match"


def _named(text: str) -> dict[str, str]:
    return {"matchType": "name", "propertyValue": text}
