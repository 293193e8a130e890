"""Merge 合并 and unmerge 拆分: golden stays a fresh computation, the feed folds, the past as known stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from asking import Asking, asking
from jishi.access import protection
from jishi.golden.regrouping import carry_out
from jishi.registers.catalog import register_of

Make = dict[str, Callable[..., str]]
MORE = 'effective = "since"\ndeleted = { column = "gone", values = ["是"] }\n[thresholds]\nmax_endings_share = 1.0\nvolume_band = 99.0'
TODAY = datetime.now(UTC)
ITEMS = "/collections/legal-entities/items"


@pytest.fixture
async def ask(city: Any) -> AsyncIterator[Asking]:
    async with asking(city.settings, city.connection) as opened:
        yield opened


def entity(invent: Make, number: int, since: int, **values: object) -> dict[str, object]:
    plain = {"key": f"K{number}", "name": f"测试企业{number}号", "code": invent["uscc"](number), "city": ""}
    return {**plain, "since": (TODAY + timedelta(days=since)).strftime("%Y-%m-%d"), "gone": "", **values}


async def asked(
    city: Any, act: str, uid: UUID, other: UUID | None = None, contribution: int | None = None, register: int = 2
) -> str:
    """Have a worker do it; the status."""
    number = await city.value(
        "INSERT INTO jishi.regrouping (register, act, uid, other_uid, contribution_id, words, requested_by)"
        " VALUES ($5, $1, $2, $3, $4, '', 'user:test') RETURNING regrouping_id",
        act,
        uid,
        other,
        contribution,
        register,
    )
    return await carry_out(city.connection, number, "Asia/Shanghai")


async def of_codes(city: Any, invent: Make, *numbers: int) -> list[UUID]:
    return [await city.value("SELECT uid FROM jishi.legal_entity WHERE uscc = $1", invent["uscc"](n)) for n in numbers]


async def uids(city: Any) -> list[UUID]:
    return [row["uid"] for row in await city.rows("SELECT uid FROM jishi.legal_entity ORDER BY uid")]


async def test_a_merge_and_an_unmerge_are_fresh_computations_and_leave_the_past_as_it_was_known(
    city: Any, invent: Make, watch: Callable[[Any], Any]
) -> None:
    source = city.declare("tiny", more=MORE)
    watcher = watch(city)
    await city.deliver(source, [entity(invent, 1, -100, city="甲"), entity(invent, 3, -10)])
    await watcher.look()
    await city.deliver(
        source, [entity(invent, 2, -300, city="乙", scope="茶"), entity(invent, 2, 20, city="丁", key="K9")]
    )
    await watcher.look()
    third, older, younger = await of_codes(city, invent, 3, 1, 2)
    assert await asked(city, "merge", younger, older) == "done"
    assert sorted(await watcher.look()) == ["change", "merge"]
    assert set(await uids(city)) == {older, third}
    [row] = await city.rows("SELECT * FROM jishi.legal_entity WHERE uid = $1", older)
    assert (row["city"], row["business_scope"]) == ("甲", "茶")
    changes = await city.changes("legal_entity")
    assert {(c["type"], c["uid"], c["into"]) for c in changes[-2:]} == {
        ("merge", younger, older),
        ("change", older, None),
    }
    await city.deliver(source, [entity(invent, 2, -50, city="丙", scope="茶", name="测试企业贰号")])
    await watcher.look()
    await city.deliver(source, [entity(invent, 2, -40, city="戊", key="K8")])
    await watcher.look()
    assert await city.value("SELECT count(DISTINCT uid) FROM jishi.legal_entity_link") == 2, (
        "the number is the survivor's"
    )
    assert await asked(city, "merge", younger, older) == "failed", "there is no such entity any more"
    assert await asked(city, "unmerge", younger) == "done"
    types = await watcher.look()
    assert types.count("unmerge") == 1
    assert set(await uids(city)) == {older, third, younger}
    found = {r["uid"]: r for r in await city.rows("SELECT uid, city, uscc FROM jishi.legal_entity")}
    assert found[older]["uscc"] == invent["uscc"](1) and found[older]["city"] == "甲"
    assert found[younger]["city"] == "戊", "what joined by its number since goes with it"
    await city.deliver(source, [entity(invent, 1, -80, city="己")])
    await watcher.look(TODAY - timedelta(days=60))
    for days in (10, 25):
        await city.turn("legal_entity", TODAY + timedelta(days=days))
        await watcher.look(now=TODAY + timedelta(days=days))
    assert await asked(city, "unmerge", third) == "failed"
    assert (
        await city.value("SELECT fault FROM jishi.regrouping ORDER BY regrouping_id DESC LIMIT 1") == "MAT-NOT-MERGED"
    )


async def test_whoever_asks_for_the_merged_uid_is_led_to_the_survivor(city: Any, invent: Make, ask: Asking) -> None:
    source = city.declare("tiny", more=MORE)
    await city.deliver(source, [entity(invent, n, -100, city=f"城{n}") for n in (1, 2, 3)])
    one, two, three = await uids(city)
    cities = {row["uid"]: row["city"] for row in await city.rows("SELECT uid, city FROM jishi.legal_entity")}
    client = await ask.client()
    await client.get(f"{ITEMS}/{three}")
    assert await asked(city, "merge", two, three) == "done"
    assert await asked(city, "merge", one, two) == "done"
    for gone in (two, three):
        answer = await client.get(f"{ITEMS}/{gone}")
        assert answer.status_code == 308 and answer.headers["Location"].endswith(f"/{one}"), answer.text
    [item] = (await client.post("/collections/legal-entities/batch", json={"ids": [str(three)]})).json()["items"]
    assert item == {"id": str(three), "outcome": "merged", "into": str(one)}
    told = (await client.get("/changes?collections=legal-entities&after=0")).json()["changes"]
    ends = {c["uid"]: (c["type"], c["into"]) for c in told if c["uid"] != str(one)}
    assert ends[str(two)] == ("merge", str(one)) and ends[str(three)][0] in ("withhold", "end")
    history = (await client.get(f"{ITEMS}/{one}/history")).json()
    assert [m["id"] for m in history["merged_from"]] == [str(two)]
    assert await asked(city, "unmerge", three) == "done"
    assert (await client.get(f"{ITEMS}/{three}")).json()["properties"]["city"] == cities[three]
    assert (await client.get(f"{ITEMS}/{two}")).status_code == 308
    last = (await client.get("/changes?collections=legal-entities&after=0")).json()["changes"]
    assert (str(three), "unmerge") in [(c["uid"], c["type"]) for c in last]


FIRMS = """
id = "firms"
title = "测试"
title_en = "Test"
department = "113205000000900347"
register = "legal_entity"
rank = 10
key = ["key"]
mode = "delta"

[map]
entity_name = { from = "name", as = "entity_name" }
uscc = { from = "code", as = "uscc" }
legal_rep_name = { from = "rep", as = "person_name" }
legal_rep_id_no = { from = "rep_number" }
"""

STANDING = """
SELECT f.uscc, r.to_uid FROM jishi.relation r JOIN jishi.legal_entity f ON f.uid = r.from_uid
WHERE r.kind = 'legal_representative' AND r.effective_from <= now() AND (r.effective_to IS NULL OR r.effective_to > now())
ORDER BY f.uscc, r.to_uid"""

AS_KNOWN = """
SELECT r.to_uid FROM jishi.relation r JOIN jishi.legal_entity f ON f.uid = r.from_uid
WHERE f.uscc = $1 AND r.kind = 'legal_representative' AND r.recorded_at <= $2 AND r.resolved_at <= $2
  AND (r.effective_to IS NULL OR r.closed_at > $2)"""


async def test_relations_protections_and_disputes_follow_those_who_are_merged_and_parted(
    city: Any, invent: Make, ask: Asking
) -> None:
    people = city.declare("people", "persons")
    (city.settings.home_dir / "sources" / "firms.toml").write_text(FIRMS, encoding="utf-8")
    city.opened = None
    numbers = [invent["citizen"](n) for n in (1, 2)]
    await city.deliver(people, [{"key": f"P{n}", "name": "严测甲", "number": numbers[n - 1]} for n in (1, 2)])
    firms = [entity(invent, n, 0, rep="严测甲", rep_number=numbers[n - 1]) for n in (1, 2)]
    await city.deliver("firms", firms)
    codes = [invent["uscc"](n) for n in (1, 2)]
    before = {row["uscc"]: row["to_uid"] for row in await city.rows(STANDING)}
    known = await city.value("SELECT clock_timestamp()")
    one, two = sorted(before.values())
    await protection.put(city.connection, register_of("natural_person"), two, "hidden", (), "court", "test")
    assert await asked(city, "merge", one, two, register=1) == "done"
    assert [(row["uscc"], row["to_uid"]) for row in await city.rows(STANDING)] == [
        (code, one) for code in sorted(codes)
    ]
    for code in codes:
        then = [row["to_uid"] for row in await city.rows(AS_KNOWN, code, known)]
        assert then == [before[code]], "what was known before stays so"
    assert set(await protection.load(city.connection)) == {one, two}
    assert await asked(city, "unmerge", two, register=1) == "done"
    assert {row["uscc"]: row["to_uid"] for row in await city.rows(STANDING)} == before
    assert len(await city.rows(STANDING)) == 2
    assert set(await protection.load(city.connection)) == {two}
    away, stays = (await city.rows(STANDING))[1], (await city.rows(STANDING))[0]
    ends = sorted(await of_codes(city, invent, 1, 2))
    client = await ask.client(legal_entity={"clear": ["entity_name", "uscc"]})
    said = {"collection": "legal-entities", "uid": str(ends[1]), "element": "uscc", "reason": "不符", "case_no": "1"}
    assert (await client.post("/stewardship/disputes", json=said)).status_code == 201
    assert await asked(city, "merge", ends[0], ends[1]) == "done"
    relations = await city.rows(STANDING)
    assert {row["to_uid"] for row in relations} == {away["to_uid"], stays["to_uid"]} and len(relations) == 2
    found = (await client.get(f"{ITEMS}/{ends[0]}")).json()
    for _ in range(200):
        if "disputed" in found:
            break
        await asyncio.sleep(0.05)
        found = (await client.get(f"{ITEMS}/{ends[0]}")).json()
    assert list(found["disputed"]) == ["uscc"], "what the other's source said is disputed of the survivor"
    assert await asked(city, "unmerge", ends[1]) == "done"
    assert {row["uscc"]: row["to_uid"] for row in await city.rows(STANDING)} == before
