"""After people were delivered, looked up, missed, verified and refused, none of their values stands where none may stand.

Numbers stand nowhere in clear, not even in the database; names, addresses, telephone numbers and case numbers only in its
registers, and not in logs, metrics, URLs, job names, acts, alerts or what is written of disclosures beside the case number.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from jishi.access import clients, grant_store
from jishi.access.terms import ALL, Terms
from jishi.identifiers import citizen_id
from jishi.identifiers.keys import load_or_create
from jishi.prepare import migrate
from jishi.registers.catalog import register_of
from jishi.settings import Settings
from jishi.storage import cluster
from jishi.storage.engine import connect
from jishi.storage.programs import find_programs
from jishi_ingest.road import Road
from jishi_ingest.run import finish, source_of, submit
from served import Served

DIVISION = "329997"  # no division ever had it
PEOPLE = 6
SEARCH = "/collections/natural-persons/search"


def _person(number: int) -> dict[str, str]:
    body = f"{DIVISION}1970010{number + 1}{number:03d}"
    return {
        "rec_id": f"R{number}",
        "来源": "公安户籍",
        "姓名": f"龘龘{'甲乙丙丁戊己'[number]}",
        "性别": "1" if number % 2 else "2",
        "公民身份号码": body + citizen_id.check_character(body),
        "出生日期": f"1970-01-0{number + 1}",
        "民族": "汉族",
        "户籍地址": f"龗龗街{number + 1}号",
        "联系电话": f"1609999000{number}",
    }


ROWS = [_person(number) for number in range(PEOPLE)]
NUMBERS = [row["公民身份号码"] for row in ROWS]
PERSONAL = ["龘龘", "龗龗街", "1609999000", "龙案", *NUMBERS, *(number[:17] for number in NUMBERS)]
"""What is looked for; the last are case numbers and the numbers without their check character."""


async def test_no_value_of_a_person_stands_where_none_may_stand(own_state: Path, tmp_path: Path) -> None:
    settings = Settings(state=own_state, home=own_state / "home")
    url = cluster.start(settings)
    migrate(url)
    assert settings.home is not None
    settings.home.mkdir()
    await _ingest(settings, tmp_path)
    key = await _client(url, settings)
    with Served(settings, knock="/health/live") as served:
        async with httpx.AsyncClient(base_url=served.url, headers={"X-API-Key": key}, timeout=60) as client:
            urls = await _ask(client)
            metrics, written = await _told(client, served)
    assert "/collections/{collection}/search" in written and "jishi_requests" in metrics
    assert _found(written) == [] and _found(metrics) == [] and _found("\n".join(urls)) == []
    _check_files(own_state)
    await _check_tables(url)
    _check_dump(settings, url)


async def _told(client: httpx.AsyncClient, served: Served) -> tuple[str, str]:
    """Metrics and log once the last request stands in both: they are written down a little later than it is answered."""
    for _ in range(100):
        metrics = (await client.get("/metrics")).text
        written = served.log.read_text(encoding="utf-8")
        if '"/oauth/token"' in written and 'route="/oauth/token"' in metrics:
            return metrics, written
        await asyncio.sleep(0.1)
    raise AssertionError("the requests are told neither in the log nor in the metrics")


async def _ingest(settings: Settings, folder: Path) -> None:
    bad = {**ROWS[0], "rec_id": "R9", "公民身份号码": NUMBERS[0][:17] + "A"}
    file = folder / "people.csv"
    lines = [",".join(ROWS[0]), *(",".join(row.values()) for row in [*ROWS, bad])]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    road = Road.open(settings)
    receipt = await finish(road, await submit(road, source_of(road, "population"), file), lambda _: None)
    assert receipt["status"] in ("published", "held"), receipt
    if receipt["status"] == "held":
        from jishi_ingest.pipeline import travel

        async def quiet(_: Any) -> None:
            return None

        await travel(road, receipt["batch"], quiet, release=True)


async def _client(url: str, settings: Settings) -> str:
    connection = await connect(url)
    made = await clients.create(connection, load_or_create(settings.key_path), "caller")
    terms = Terms(register_of("natural_person"), elements=(ALL,), clear=(ALL,), purposes=("visit",), basis="test")
    await grant_store.add(connection, made.client_id, terms, "operator:test")
    await connection.close()
    return made.api_key


async def _ask(client: httpx.AsyncClient) -> list[str]:
    """Every way to ask for a person, and the ways in which callers go wrong; the URLs of all links in answers."""
    person, number = ROWS[1], NUMBERS[1]
    said = {"purpose": "visit", "case_no": "龙案1"}
    shown = {"properties": ["full_name", "id_number", "mobile", "hukou_address"], **said}
    found = await client.post(SEARCH, json={**shown, "key": {"id_number": number}})
    assert found.status_code == 200, found.text
    (hit,) = found.json()["features"]
    assert hit["properties"]["id_number"] == number and hit["properties"]["full_name"] == person["姓名"]
    uid = hit["id"]
    asked: list[tuple[int, httpx.Response]] = []

    async def post(status: int, path: str, body: Any) -> None:
        asked.append((status, await client.post(path, json=body)))

    await post(200, SEARCH, {**shown, "key": {"full_name": person["姓名"], "birth_date": person["出生日期"]}})
    await post(200, SEARCH, {**shown, "key": {"full_name": person["姓名"], "mobile": person["联系电话"]}})
    await post(200, SEARCH, {**shown, "key": {"id_number": NUMBERS[1][:17] + "0"}})
    await post(400, SEARCH, {**shown, "key": {"full_name": person["姓名"]}})
    await post(400, SEARCH, {**shown, "filter": f"full_name = '{person['姓名']}' OR id_number = '{number}'"})
    await post(400, SEARCH, {**shown, "filter": f"pg_sleep('{person['姓名']}') = '{number}'"})
    await post(400, SEARCH, {**shown, "key": {"nobody": number}})
    await post(403, SEARCH, {**shown, "purpose": person["姓名"], "key": {"id_number": number}})
    await post(200, "/collections/natural-persons/batch", {"ids": [uid], **shown})
    await post(400, "/collections/natural-persons/batch", {"ids": [number], **shown})
    claims = {"full_name": person["姓名"], "mobile": ROWS[2]["联系电话"]}
    verify = {"collection": "natural-persons", "key": {"id_number": number}, "claims": claims, **said}
    await post(200, "/verify", {**verify, "salt": "QUJDREVGR0hJSktMTU5PUA"})
    await post(400, "/verify", {**verify, "claims": {"full_name": person["姓名"], "nobody": number}})
    await post(404, "/me/plan", {"collection": person["姓名"], "properties": [number]})
    stated = {"X-Purpose": "visit", "X-Case-No": "%E9%BE%99%E6%A1%882"}
    properties = "?properties=full_name,id_number"
    asked.append((200, await client.get(f"/collections/natural-persons/items/{uid}{properties}", headers=stated)))
    wrong = {
        f"/collections/natural-persons/items/{number}{properties}": 404,
        f"/{number}": 404,
        f"/collections/{number}": 404,
        f"/collections/legal-entities/items?entity_name={person['姓名']}&sortby={number}": 400,
        f"/collections/places/items?bbox={number}&cursor={person['姓名']}": 400,
    }
    asked += [(status, await client.get(path, headers=stated)) for path, status in wrong.items()]
    asked.append((401, await client.get("/collections/places/items", headers={"X-API-Key": number})))
    asked.append((400, await client.post("/verify", content=f"{{{number}".encode())))
    asked.append((0, await client.post("/oauth/token", data={"grant_type": person["姓名"], "client_id": number})))
    for status, answer in asked:
        assert status in (0, answer.status_code), (answer.request.url.path[:30], answer.status_code, answer.text[:300])
        if answer.status_code >= 400:
            assert _found(answer.text) == [], (answer.status_code, answer.json()["code"])
    links = [
        link["href"] for _, answer in asked if answer.status_code == 200 for link in answer.json().get("links", [])
    ]
    return links


async def _check_tables(url: str) -> None:
    """Everything that is no register and no store of values."""
    connection = await connect(url)
    try:
        for table in ("job", "administrative_act", "access_alert", "batch", "worker", "quota_use", "client"):
            rows = await connection.fetch(f"SELECT to_jsonb(t)::text AS row FROM jishi.{table} t")
            assert _found("\n".join(row["row"] for row in rows)) == [], table
        rows = await connection.fetch("SELECT (to_jsonb(d) - 'case_no')::text AS row FROM jishi.disclosure d")
        assert len(rows) >= 8 and _found("\n".join(row["row"] for row in rows)) == []
        assert await connection.fetchval("SELECT count(*) FROM jishi.disclosure WHERE case_no LIKE '龙案%'") >= 8
        queries = await connection.fetch("SELECT query FROM pg_stat_activity")
        assert _found("\n".join(row["query"] or "" for row in queries)) == []
    finally:
        await connection.close()


def _check_files(state: Path) -> None:
    """Whatever lies in the state folder, the database's own files apart: those are looked into by a dump."""
    for file in (path for path in state.rglob("*") if path.is_file() and "postgres" not in path.parts):
        assert _found(file.read_text(encoding="utf-8", errors="replace")) == [], file
    for file in (state / "postgres" / "log").glob("*"):
        text = file.read_text(encoding="utf-8", errors="replace")
        assert _found(text) == [], [line for line in text.splitlines() if _found(line)][:3]


def _check_dump(settings: Settings, url: str) -> None:
    """No number in a dump of the whole database; names stand in its registers, where they belong."""
    program = find_programs(settings.state_dir / "postgres") / "pg_dump"
    dump = subprocess.run([str(program), "--inserts", url], check=True, capture_output=True).stdout.decode()
    assert "龘龘" in dump and len(dump) > 100_000
    assert [number for number in (*NUMBERS, *(number[:17] for number in NUMBERS)) if number in dump] == []


def _found(text: str) -> list[str]:
    escaped = json.dumps(text, ensure_ascii=True)
    return [
        value for value in PERSONAL if value in text or (not value.isascii() and json.dumps(value)[1:-1] in escaped)
    ]


@pytest.fixture(autouse=True)
def _nothing_of_the_fixtures_is_real() -> None:
    assert all(number.startswith(DIVISION) for number in NUMBERS)
