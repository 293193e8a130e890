from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pyarrow.parquet
import pytest
from fastapi import FastAPI

from copyist import Copyist
from jishi.delivery import (
    bulk_table,  # noqa: F401  its import holds up a loop that answers requests too
    export_store,
)
from jishi.delivery.bulk import run_export
from jishi.delivery.escape import escape_formula
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]
PutNumber = Callable[[UUID, str, str, str], Awaitable[None]]
Granted = Callable[..., Awaitable[httpx.AsyncClient]]
Heard = Callable[[], AbstractAsyncContextManager[None]]

INSTANT = datetime(2026, 11, 1, tzinfo=UTC)
NUMBER, NUMBER_MASKED = "11010519491231002X", "110***********002X"
FORMATS = ("csv", "ndjson", "geojsonseq", "parquet")


async def make(client: httpx.AsyncClient, settings: Settings, **body: object) -> dict[str, Any]:
    """Ask for an export, do what the worker does, and see how it ended."""
    asked = await client.post("/exports", json=body)
    assert asked.status_code == 202, asked.text
    assert asked.headers["Location"].endswith(asked.json()["id"])
    await run_export(settings, UUID(asked.json()["id"]))
    return dict((await client.get(f"/exports/{asked.json()['id']}")).json())


async def fetch(client: httpx.AsyncClient, told: dict[str, Any]) -> bytes:
    answer = await client.get(f"/exports/{told['id']}/data")
    assert answer.status_code == 200, answer.text
    assert len(answer.content) == told["bytes"] and hashlib.sha256(answer.content).hexdigest() == told["sha256"]
    return answer.content


def rows_of(form: str, content: bytes) -> dict[str, dict[str, Any]]:
    """uid → members, whatever the format; geometry left out."""
    if form == "csv":
        rows = list(csv.DictReader(io.StringIO(content.decode())))
        return {
            row.pop("uid"): {name: text or None for name, text in row.items() if name != "geometry"} for row in rows
        }
    if form == "parquet":
        table = pyarrow.parquet.read_table(io.BytesIO(content)).to_pylist()
        return {row.pop("uid"): {name: value for name, value in row.items() if name != "geometry"} for row in table}
    lines = [json.loads(line.lstrip("\x1e")) for line in content.decode().split("\n") if line]
    if form == "geojsonseq":
        assert content[:1] in (b"\x1e", b"") and all(line["type"] == "Feature" for line in lines)
        return {line["id"]: line["properties"] for line in lines}
    return {line.pop("id"): {name: value for name, value in line.items() if name != "geometry"} for line in lines}


@pytest.fixture
async def person(put: Put, put_number: PutNumber) -> UUID:
    uid = await put(
        "natural_person",
        1,
        full_name='欧阳 "明日",\n乙',
        sex_code="1",
        mobile="13800000001",
        birth_date="1949-12-31",
        birth_date_high="1949-12-31",
        birth_date_precision="day",
        id_number=NUMBER_MASKED,
        person_status_code="1",
    )
    await put_number(uid, "natural_person", "id_number", NUMBER)
    return uid


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("clear", [True, False])
async def test_every_format_holds_what_a_read_answers(
    granted: Granted, put: Put, person: UUID, settings: Settings, form: str, clear: bool
) -> None:
    """Clear numbers are opened, masks are the pages' own, whatever stands in the values."""
    elements = ["birth_date", "full_name", "id_number", "mobile", "sex_code"]
    second = await put("natural_person", 2, full_name="=1+1", mobile=None, id_number="310***********0018")
    says = {"clear": elements} if clear else {"masked": elements}
    client = await granted("natural-persons", **says, rights=["export"])
    told = await make(client, settings, collection="natural-persons", format=form, properties=elements)
    assert told["status"] == "done" and told["rows"] == 2, told
    found = rows_of(form, await fetch(client, told))
    answer = await client.post(
        "/collections/natural-persons/batch", json={"ids": [str(person), str(second)], "properties": elements}
    )
    read = {item["id"]: item["feature"]["properties"] for item in answer.json()["items"]}
    if form == "csv":
        read = {
            uid: {name: escape_formula(value) if isinstance(value, str) else value for name, value in row.items()}
            for uid, row in read.items()
        }
    assert found == read
    assert found[str(person)]["id_number"] == (NUMBER if clear else NUMBER_MASKED)


@pytest.mark.parametrize("form", FORMATS)
async def test_places_come_with_their_geometry_and_types(
    granted: Granted, put: Put, settings: Settings, form: str
) -> None:
    client = await granted("places", clear=["place_name", "geom", "category"], rows="category = '教育'")
    uid = await put("place", 1, place_type="poi", place_name="学校", category="教育", geom="POINT(120.6 31.3)")
    await put("place", 2, place_type="poi", place_name="食堂", category="餐饮", geom="POINT(120.7 31.3)")
    told = await make(client, settings, collection="places", format=form, filter="place_name like '学%'")
    content = await fetch(client, told)
    assert rows_of(form, content) == {str(uid): {"place_name": "学校", "category": "教育"}}
    if form == "csv":
        assert b"POINT(120.6 31.3)" in content
    elif form == "parquet":
        table = pyarrow.parquet.read_table(io.BytesIO(content))
        assert json.loads(table.schema.metadata[b"geo"])["columns"]["geometry"]["encoding"] == "WKB"
        assert table["geometry"][0].as_py()[:5] == b"\x01\x01\x00\x00\x00"
    else:
        assert b'"coordinates":[120.6,31.3]' in content


async def test_nothing_to_export_is_a_whole_file_without_rows(granted: Granted, settings: Settings) -> None:
    client = await granted("natural-persons", clear=["full_name", "id_number"], rights=["export"])
    for form in FORMATS:
        told = await make(
            client, settings, collection="natural-persons", format=form, properties=["full_name", "id_number"]
        )
        assert told["status"] == "done" and told["rows"] == 0
        assert rows_of(form, await fetch(client, told)) == {}


async def test_the_log_tells_of_everybody_before_anything_can_be_fetched(
    granted: Granted, put: Put, settings: Settings, connection: Connection[Any]
) -> None:
    client = await granted("places", clear=["place_name"])
    uids = [await put("place", number, place_type="poi", place_name="甲") for number in range(1, 4)]
    told = await make(client, settings, collection="places", format="ndjson")
    rows = await connection.fetch("SELECT * FROM jishi.disclosure ORDER BY disclosed_at, number")
    assert [(row["act"], row["result"], len(row["subjects"])) for row in rows] == [
        ("export", "started", 0),
        ("export", "chunk", 3),
        ("export", "done", 0),
    ]
    assert set(rows[1]["subjects"]) == set(uids) and list(rows[1]["clear"]) == ["place_name"]
    assert {row["channel"] for row in rows} == {"export"} and len({row["request_id"] for row in rows}) == 1
    await fetch(client, told)
    assert await connection.fetchval("SELECT count(*) FROM jishi.disclosure WHERE act = 'download'") == 1


async def test_a_fetch_can_be_taken_up_where_it_broke_off(granted: Granted, put: Put, settings: Settings) -> None:
    client = await granted("places", clear=["place_name"])
    for number in range(1, 30):
        await put("place", number, place_type="poi", place_name=f"地点{number}")
    told = await make(client, settings, collection="places", format="csv")
    whole, here = await fetch(client, told), f"/exports/{told['id']}/data"
    head = await client.head(here)
    assert head.status_code == 200 and head.content == b"" and int(head.headers["Content-Length"]) == len(whole)
    tag = head.headers["ETag"]
    assert tag == f'"{told["sha256"]}"' and head.headers["Accept-Ranges"] == "bytes"
    first = await client.get(here, headers={"Range": "bytes=0-99"})
    rest = await client.get(here, headers={"Range": "bytes=100-", "If-Range": tag})
    last = await client.get(here, headers={"Range": "bytes=-7"})
    assert (first.status_code, rest.status_code, last.status_code) == (206, 206, 206)
    assert first.content + rest.content == whole and last.content == whole[-7:]
    assert first.headers["Content-Range"] == f"bytes 0-99/{len(whole)}"
    assert (await client.get(here, headers={"Range": "bytes=5-", "If-Range": '"other"'})).content == whole
    beyond = await client.get(here, headers={"Range": f"bytes={len(whole)}-"})
    assert beyond.status_code == 416 and beyond.headers["Content-Range"] == f"bytes */{len(whole)}"
    assert (await client.get(here, headers={"If-None-Match": tag})).status_code == 304


async def test_the_file_at_rest_is_encrypted_and_its_owners_alone(
    granted: Granted, put: Put, settings: Settings
) -> None:
    client = await granted("places", clear=["place_name"])
    other = await granted("places", clear=["place_name"])
    await put("place", 1, place_type="poi", place_name="金鸡湖畔学校")
    told = await make(client, settings, collection="places", format="ndjson")
    (path,) = settings.exports_dir.iterdir()
    assert "金鸡湖" not in path.read_bytes().decode("utf-8", "replace") and path.stat().st_mode & 0o077 == 0
    for act in (
        other.get(f"/exports/{told['id']}"),
        other.get(f"/exports/{told['id']}/data"),
        other.delete(f"/exports/{told['id']}"),
    ):
        assert (await act).status_code == 404
    assert [one["id"] for one in (await client.get("/exports")).json()["exports"]] == [told["id"]]
    assert (await other.get("/exports")).json() == {"exports": []}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"properties": ["full_name"]}, 403, "ACC-RIGHT"),
        ({"properties": ["mobile"]}, 403, "ACC-ELEMENT"),
        ({"properties": ["full_name"], "filter": "sex_code = '1'"}, 403, "ACC-ELEMENT-COMPARED"),
        ({}, 400, "QRY-PROPERTIES-NEEDED"),
        ({"properties": ["full_name"], "format": "xlsx"}, 400, "QRY-VALUE-EXPORT-FORMAT"),
        ({"properties": ["full_name"], "limit": 5}, 400, "QRY-UNKNOWN-PARAMETER"),
        ({"properties": ["full_name"], "collections": ["places"]}, 400, "QRY-VALUE-EXPORT-COLLECTION"),
    ],
)
async def test_what_the_grant_does_not_permit_is_refused_at_once(
    granted: Granted, body: dict[str, Any], status: int, code: str
) -> None:
    rights = [] if code == "ACC-RIGHT" else ["export"]
    client = await granted("natural-persons", clear=["full_name"], masked=["sex_code"], rights=rights)
    answer = await client.post("/exports", json={"collection": "natural-persons", **body})
    assert answer.status_code == status and code in {error["code"] for error in answer.json()["errors"]}, answer.text


async def test_the_whole_is_charged_to_the_quota_once(
    granted: Granted, put: Put, settings: Settings, connection: Connection[Any]
) -> None:
    client = await granted("places", clear=["place_name"], quota_per_day=5)
    for number in range(1, 4):
        await put("place", number, place_type="poi", place_name="甲")
    told = await make(client, settings, collection="places")
    await connection.execute("UPDATE jishi.export SET status = 'running' WHERE export_id = $1", UUID(told["id"]))
    await run_export(settings, UUID(told["id"]))  # as after a kill in the last moment
    assert await connection.fetchval("SELECT subjects FROM jishi.quota_use") == 3
    failed = await make(client, settings, collection="places")
    assert (failed["status"], failed["fault"]) == ("failed", "QRY-EXPORT-QUOTA")
    assert (await client.get(f"/exports/{failed['id']}/data")).status_code == 410


async def test_with_the_grant_its_exports_end(
    granted: Granted, put: Put, settings: Settings, connection: Connection[Any], heard: Heard
) -> None:
    client = await granted("places", clear=["place_name"])
    await put("place", 1, place_type="poi", place_name="甲")
    told = await make(client, settings, collection="places")
    waiting = (await client.post("/exports", json={"collection": "places"})).json()
    assert (await client.get(f"/exports/{waiting['id']}/data")).status_code == 409
    async with heard():
        await connection.execute(
            "UPDATE jishi.access_grant SET revoked_at = now() WHERE client_id = $1", client.headers["X-Test-Client"]
        )
    refused = await client.get(f"/exports/{told['id']}/data")
    assert refused.status_code == 403 and refused.json()["code"] == "QRY-EXPORT-GRANT"
    await run_export(settings, UUID(waiting["id"]))
    after = (await client.get(f"/exports/{waiting['id']}")).json()
    assert (after["status"], after["fault"]) == ("failed", "QRY-EXPORT-GRANT")


async def test_hidden_persons_are_in_no_export(
    granted: Granted, put: Put, person: UUID, settings: Settings, connection: Connection[Any]
) -> None:
    client = await granted("natural-persons", clear=["full_name"], rights=["export"])
    hidden = await put("natural_person", 2, full_name="欧阳明月")
    await connection.execute(
        "INSERT INTO jishi.protection (uid, register, level, reason, set_by) VALUES ($1, 'natural_person', 'hidden', 'x', 't')",
        hidden,
    )
    told = await make(client, settings, collection="natural-persons", format="ndjson", properties=["full_name"])
    assert rows_of("ndjson", await fetch(client, told)).keys() == {str(person)} and told["rows"] == 1


async def test_an_export_is_called_off_or_ends_with_its_time(
    granted: Granted, put: Put, settings: Settings, connection: Connection[Any]
) -> None:
    client = await granted("places", clear=["place_name"])
    await put("place", 1, place_type="poi", place_name="甲")
    queued = (await client.post("/exports", json={"collection": "places"})).json()
    assert (await client.delete(f"/exports/{queued['id']}")).json()["status"] == "cancelled"
    assert await run_export(settings, UUID(queued["id"])) == "cancelled"
    dropped, kept, old = [await make(client, settings, collection="places") for _ in range(3)]
    assert (await client.delete(f"/exports/{dropped['id']}")).json()["status"] == "cancelled"
    await connection.execute("UPDATE jishi.export SET expires_at = now() WHERE export_id = $1", UUID(old["id"]))
    answer = await client.get(f"/exports/{old['id']}/data")
    assert answer.status_code == 410 and (await client.get(f"/exports/{old['id']}")).json()["status"] == "expired"
    stray = settings.exports_dir / "01930000-0000-7000-8000-000000000000.sealed"
    stray.write_bytes(b"")
    assert await export_store.expire(connection, settings, datetime.now(UTC)) == 2
    assert [path.stem for path in settings.exports_dir.iterdir()] == [kept["id"]]
    assert await export_store.expire(connection, settings, datetime.now(UTC) + timedelta(hours=25)) == 1
    assert list(settings.exports_dir.iterdir()) == []


async def test_a_run_that_is_called_off_leaves_nothing(
    granted: Granted, settings: Settings, connection: Connection[Any]
) -> None:
    client = await granted("places", clear=["place_name"])
    await connection.execute(
        "INSERT INTO jishi.place (uid, place_type, place_name, effective_from, recorded_at, state, in_version, batch_id)"
        " SELECT gen_random_uuid(), 'poi', repeat('x', 200), $1, $1, 'active', false, 1 FROM generate_series(1, 60000) n",
        INSTANT,
    )
    asked = (await client.post("/exports", json={"collection": "places", "format": "csv"})).json()
    running = asyncio.create_task(run_export(settings, UUID(asked["id"])))
    while not await connection.fetchval("SELECT count(*) FROM jishi.disclosure WHERE result = 'chunk'"):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    assert (await client.delete(f"/exports/{asked['id']}")).json()["status"] == "cancelled"
    assert await asyncio.wait_for(running, 60) == "cancelled"
    assert list(settings.exports_dir.iterdir()) == []
    assert (await client.get(f"/exports/{asked['id']}/data")).status_code == 410


async def test_a_client_has_only_so_many_under_way(granted: Granted) -> None:
    client = await granted("places", clear=["place_name"])
    answers = [await client.post("/exports", json={"collection": "places"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [202] * 5 + [429]


async def test_an_export_and_the_changes_after_it_make_a_copy(
    granted: Granted, put: Put, settings: Settings, connection: Connection[Any]
) -> None:
    client = await granted("places", clear=["place_name"])
    first = await put("place", 1, place_type="poi", place_name="甲")
    await connection.execute(
        "INSERT INTO jishi.register_state (register, name, last_seq, last_recorded_at, last_contribution_id, turned_to,"
        " pruned_seq) VALUES (3, 'place', 7, now(), 0, now(), 7)"
    )
    expired = await client.get("/changes?collections=places&after=2")
    assert expired.status_code == 410
    told = await make(client, settings, collection="places", format="geojsonseq")
    copy = Copyist(client, "places", after=told["after"], held=rows_of("geojsonseq", await fetch(client, told)))
    assert told["seq"] == 7 and await copy.follow() == []
    second = await put("place", 2, place_type="poi", place_name="乙")
    await connection.execute(
        "INSERT INTO jishi.change (register, seq, uid, type, recorded_at, effective_from) VALUES (3, 8, $1, 'create', $2, $2)",
        second,
        INSTANT,
    )
    await connection.execute("UPDATE jishi.register_state SET last_seq = 8")
    assert [one["seq"] for one in await copy.follow()] == [8]
    assert {uid: row["place_name"] for uid, row in copy.held.items()} == {str(first): "甲", str(second): "乙"}


PROGRAM = """
import asyncio, sys
from uuid import UUID
from jishi.delivery import bulk_table  # noqa: F401  its import holds up a loop that answers requests too
from jishi.delivery.bulk import run_export
from jishi.settings import Settings
print(asyncio.run(run_export(Settings(), UUID(sys.argv[1]))))
"""


@pytest.mark.parametrize("form", ["csv", "parquet"])
async def test_a_worker_killed_anywhere_leaves_no_half_file(
    api: FastAPI, granted: Granted, settings: Settings, connection: Connection[Any], form: str
) -> None:
    client = await granted("places", clear=["place_name", "category"])
    await connection.execute(
        "INSERT INTO jishi.place (uid, place_type, place_name, category, effective_from, recorded_at, state, in_version,"
        " batch_id) SELECT gen_random_uuid(), 'poi', '地点' || n, repeat('x', 50), $1, $1, 'active', false, 1"
        " FROM generate_series(1, 60000) n",
        INSTANT,
    )
    asked = (await client.post("/exports", json={"collection": "places", "format": form})).json()
    environment = {
        **os.environ,
        "JISHI_DATABASE_URL": str(settings.database_url),
        "JISHI_STATE": str(settings.state_dir),
        "JISHI_HOME": str(settings.home),
    }
    for share in (0.2, 0.6):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, asked["id"], env=environment, stdout=subprocess.DEVNULL
        )
        begun = "SELECT count(*) FROM jishi.disclosure WHERE result = 'chunk'"
        before = await connection.fetchval(begun)
        for _ in range(6000):
            if await connection.fetchval(begun) - before >= 6 * share:
                break
            await asyncio.sleep(0.01)
        process.kill()
        await process.wait()
        assert (await client.get(f"/exports/{asked['id']}")).json()["status"] == "running"
        assert (await client.get(f"/exports/{asked['id']}/data")).status_code == 409
    assert await run_export(settings, UUID(asked["id"])) == "done"
    told = (await client.get(f"/exports/{asked['id']}")).json()
    assert told["rows"] == 60000 == len(rows_of(form, await fetch(client, told)))
    assert [path.stem for path in settings.exports_dir.iterdir()] == [asked["id"]]
