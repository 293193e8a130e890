"""Disputes 异议: a served value bears its flag in every answer until the department it came from has settled it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest

from asking import Asking, asking
from jishi.delivery.bulk import run_export

Make = dict[str, Callable[..., str]]
OWNER = "113205000000900347"
OTHER = "11320500000090018H"
DISPUTES = "/stewardship/disputes"
ITEMS = "/collections/legal-entities/items"


@pytest.fixture
async def ask(city: Any) -> AsyncIterator[Asking]:
    async with asking(city.settings, city.connection) as opened:
        yield opened


def today() -> str:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()


def entity(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {"key": f"K{number}", "name": f"测试企业{number}号", "code": invent["uscc"](number), "city": "", **values}


async def uids(city: Any, register: str) -> list[str]:
    name = "entity_name" if register == "legal_entity" else "full_name"
    return [str(row["uid"]) for row in await city.rows(f"SELECT uid FROM jishi.{register} ORDER BY batch_id, {name}")]


async def raised(client: httpx.AsyncClient, uid: str, element: str, **more: object) -> httpx.Response:
    body = {
        "collection": "legal-entities",
        "uid": uid,
        "element": element,
        "reason": "与现场不符",
        "case_no": "苏〔2026〕1号",
    }
    return await client.post(DISPUTES, json=body | more)


async def until(client: httpx.AsyncClient, path: str, flagged: bool) -> dict[str, Any]:
    """The answer once it bears a flag, or none: a second later at most, on a machine that has the time."""
    for _ in range(200):
        answer = (await client.get(path)).json()
        if ("disputed" in answer) == flagged:
            return dict(answer)
        await asyncio.sleep(0.05)
    raise AssertionError(f"not {flagged} in time")


async def test_a_disputed_value_bears_flag_and_date_in_every_answer(city: Any, invent: Make, ask: Asking) -> None:
    source = city.declare("tiny")
    await city.deliver(source, [entity(invent, 1, city="甲"), entity(invent, 2, city="乙")])
    one, other = await uids(city, "legal_entity")
    client = await ask.client()
    answer = await raised(client, one, "city", claimed="丙")
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["status"] == "open" and told["flagged"] and told["department"] == OWNER
    assert "row" not in told, "whose row it is, is the owner's"
    flag = {"city": today()}
    single = await until(client, f"{ITEMS}/{one}", flagged=True)
    assert single["disputed"] == flag
    assert "disputed" not in (await client.get(f"{ITEMS}/{one}?properties=uscc")).json(), (
        "only what is shown is flagged"
    )
    assert "disputed" not in (await client.get(f"{ITEMS}/{one}?datetime={today()}")).json(), "of now, not of a time"
    by_uid = {f["id"]: f for f in (await client.get(ITEMS)).json()["features"]}
    assert by_uid[one]["disputed"] == flag and "disputed" not in by_uid[other]
    found = (await client.post("/collections/legal-entities/search", json={"city": "甲"})).json()["features"]
    assert [f["disputed"] for f in found] == [flag]
    [item] = (await client.post("/collections/legal-entities/batch", json={"ids": [one]})).json()["items"]
    assert item["feature"]["disputed"] == flag
    verified = {
        "collection": "legal-entities",
        "key": {"uid": one},
        "claims": {"city": "甲", "uscc": invent["uscc"](1)},
    }
    assert (await client.post("/verify", json=verified)).json()["disputed"] == flag
    verified["claims"] = {"city": "别处"}
    assert "disputed" not in (await client.post("/verify", json=verified)).json(), "a mismatch tells of nobody"
    assert (await client.get(f"{ITEMS}/{one}/related")).json()["feature"]["disputed"] == flag
    assert (await client.get(f"{ITEMS}/{one}/history")).json()["disputed"] == flag
    lineage = (await client.get(f"{ITEMS}/{one}/lineage")).json()
    assert [e["element"] for e in lineage["elements"] if "disputed" in e] == ["city"]
    page = csv.DictReader(io.StringIO((await client.get(f"{ITEMS}?f=csv")).text.lstrip("\ufeff")))
    assert {row["uid"]: row["disputed"] for row in page} == {one: json.dumps(flag), other: ""}
    for path in (f"{ITEMS}?f=html", f"{ITEMS}/{one}?f=html"):
        assert f"disputed since {today()}" in (await client.get(path)).text
    await _exported(city, client, one, other, flag)
    withdrawn = await client.post(f"{DISPUTES}/{told['id']}/withdraw", json={"reason": "查明无误"})
    assert withdrawn.json()["status"] == "withdrawn"
    assert "disputed" not in await until(client, f"{ITEMS}/{one}", flagged=False)


async def _exported(city: Any, client: httpx.AsyncClient, one: str, other: str, flag: dict[str, str]) -> None:
    for form in ("csv", "ndjson", "geojsonseq", "parquet"):
        made = await client.post("/exports", json={"collection": "legal-entities", "format": form})
        number = made.json()["id"]
        assert await run_export(city.settings, UUID(number)) == "done"
        data = (await client.get(f"/exports/{number}/data")).content
        if form == "parquet":
            import polars as pl

            rows = pl.read_parquet(io.BytesIO(data))
            told = dict(zip(rows["uid"], rows["disputed"], strict=True))
            assert json.loads(told[one]) == flag and told[other] is None
        elif form == "csv":
            lines = {row["uid"]: row["disputed"] for row in csv.DictReader(io.StringIO(data.decode()))}
            assert json.loads(lines[one]) == flag and lines[other] == ""
        else:
            found = {row["id"]: row for row in map(json.loads, data.decode().replace("\x1e", "").splitlines())}
            assert found[one]["disputed"] == flag and not found[other].get("disputed")


async def test_what_is_computed_from_a_disputed_value_is_disputed_and_only_what_is_granted_is_told(
    city: Any, invent: Make, ask: Asking
) -> None:
    source = city.declare("people", "persons")
    await city.deliver(source, [{"key": "1", "name": "严测甲", "number": invent["citizen"](7), "born": "1960-01-01"}])
    [uid] = await uids(city, "natural_person")
    ages = await ask.client(natural_person={"derived": ["age"]})
    names = await ask.client(natural_person={"clear": ["full_name"]})
    path = f"/collections/natural-persons/items/{uid}?properties="
    about = {"collection": "natural-persons"}
    refused = await raised(names, uid, "birth_date", **about)
    assert refused.status_code == 403 and refused.json()["errors"][0]["name"] == "birth_date"
    assert (await raised(names, uid.replace("0", "1"), "full_name", **about)).status_code == 404
    answer = await raised(ages, uid, "age", **about)
    assert answer.status_code == 201 and answer.json()["element"] == "birth_date"
    assert (await until(ages, f"{path}age", flagged=True))["disputed"] == {"age": today()}
    assert "disputed" not in (await names.get(f"{path}full_name")).json()
    again = await raised(ages, uid, "age", **about)
    assert again.status_code == 400 and again.json()["errors"][0]["code"] == "QLT-DISPUTE-STANDING"
    assert {row["act"] for row in await ask.disclosed(ages)} == {"dispute", "item"}, (
        "a dispute says that somebody is there, so it is disclosed"
    )


async def test_only_the_owner_answers_and_an_upheld_dispute_is_settled_by_the_corrected_row(
    city: Any, invent: Make, ask: Asking
) -> None:
    source = city.declare("tiny")
    row = entity(invent, 1, city="甲", rep="严测甲")
    await city.deliver(source, [row])
    [uid] = await uids(city, "legal_entity")
    consumer = await ask.client(department=OTHER)
    owner = await ask.client("steward", department=OWNER)
    stranger = await ask.client("steward", department="12320500466006820Q")
    same = await ask.client("steward", department=OTHER)
    number = (await raised(consumer, uid, "city", claimed="丙")).json()["id"]
    here = f"{DISPUTES}/{number}"
    assert (await stranger.get(here)).status_code == 404 and (await stranger.get(DISPUTES)).json()["disputes"] == []
    verdict = {"verdict": "uphold", "reason": "确有错误"}
    assert (await stranger.post(f"{here}/answer", json=verdict)).status_code == 404
    denied = await same.post(f"{here}/answer", json=verdict)
    assert denied.status_code == 403 and denied.json()["code"] == "QLT-DISPUTE-OWNER"
    shown = (await owner.get(here)).json()
    assert shown["claimed"] == "丙" and shown["row"]["row_number"] == 1 and shown["steps"][0]["words"] == "与现场不符"
    assert (await same.get(here)).json()["claimed"] == "丙" and "row" not in (await same.get(here)).json()
    upheld = (await owner.post(f"{here}/answer", json=verdict)).json()
    assert upheld["status"] == "upheld" and upheld["flagged"] and upheld["ticket"]
    assert (await owner.post(f"{here}/answer", json=verdict)).json()["code"] == "QLT-DISPUTE-STEP"
    await city.deliver(source, [row | {"rep": "严测乙"}])
    assert (await owner.get(here)).json()["status"] == "upheld", "another value was corrected"
    await until(consumer, f"{ITEMS}/{uid}", flagged=True)
    receipt = await city.deliver(source, [row | {"rep": "严测乙", "city": "丙"}])
    told = (await owner.get(here)).json()
    assert told["status"] == "resolved" and [s["act"] for s in told["steps"]] == ["raise", "uphold", "resolve"]
    assert told["steps"][-1]["by"] == f"batch:{receipt['batch']}"
    await until(consumer, f"{ITEMS}/{uid}", flagged=False)
    ticket = (await owner.get(f"/stewardship/tickets/{upheld['ticket']}")).json()
    assert ticket["status"] == "closed" and ticket["closed_by_batch"] == receipt["batch"]
    assert ticket["columns"] == ["city"] and ticket["row_number"] == 1
    rejected = (await raised(consumer, uid, "uscc")).json()["id"]
    answer = await owner.post(f"{DISPUTES}/{rejected}/answer", json={"verdict": "reject", "reason": "与登记一致"})
    assert answer.json()["status"] == "rejected" and not answer.json()["flagged"]
    acts = [
        row["act"] for row in await city.rows("SELECT act FROM jishi.administrative_act WHERE succeeded ORDER BY 1")
    ]
    assert acts == ["dispute.raise", "dispute.raise", "dispute.reject", "dispute.uphold"]
    stored = await city.rows(
        "SELECT d::text AS text FROM jishi.dispute d UNION ALL SELECT s::text FROM jishi.dispute_step s"
    )
    assert not any("丙" in row["text"] or "不符" in row["text"] for row in stored), "words are sealed"
