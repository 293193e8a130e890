"""The row behind what a source says: from a value by its lineage to the cells as they were sent, each to who may see them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from jishi.access import console_sessions, protection, users
from jishi.registers.catalog import register_of
from jishi.stewardship import row_readings
from jishi_ingest.purge import purge
from stewarding import LOOSE, Make, at_work, person, three

WANTED = {"properties": "full_name,id_number"}


async def row_link(client: Any, uid: str) -> str:
    """The way to the row from the value, as a steward's client finds it."""
    answer = await client.get(f"/collections/natural-persons/items/{uid}/lineage", params=WANTED)
    assert answer.status_code == 200, answer.text
    [said] = answer.json()["contributions"]
    [link] = [link["href"] for link in said["links"] if link["rel"] == "row"]
    return str(link)


async def test_the_row_is_told_in_clear_to_its_department_and_by_shapes_to_the_city(city: Any, invent: Make) -> None:
    source = city.declare("people", "persons", more=LOOSE)
    receipt = await city.deliver(source, [person(invent, one) for one in (1, 2, 3)])
    number = invent["citizen"](2)
    uid = str(await city.value("SELECT uid FROM jishi.natural_person WHERE full_name = '陈试丙'"))
    async with three(city) as (opened, own, whole, other), at_work(city):
        reader = await opened.client(
            "steward", department="113205000000900347", natural_person={"masked": ["full_name", "id_number"]}
        )
        here = await row_link(reader, uid)
        told = (await own.get(here)).json()
        assert (told["batch"], told["row"], told["sight"]) == (receipt["batch"], 2, "clear")
        assert told["cells"]["number"] == number and told["cells"]["name"] == "陈试丙" and told["id"] == uid
        [seen] = await opened.disclosed(own)
        assert seen["act"] == "received-row" and "id_number" in seen["clear"] and seen["subjects"] == [UUID(uid)]
        answer = await whole.get(here)
        assert answer.json()["sight"] == "masked" and answer.json()["cells"]["number"] == "9" * 18
        assert number not in answer.text and "陈" not in answer.text and answer.json()["digests"]["number"]
        assert (await other.get(here)).status_code == 404
        assert (await own.get(here.replace("natural-persons", "places"))).status_code == 404
        assert (await own.get(here.rsplit("/", 2)[0] + "/999999/row")).status_code == 404
        assert (await own.get(here)).status_code == 200
        assert await city.value("SELECT count(*) FROM jishi.row_reading") == 2, "one a person who asks"
        kept = await city.rows("SELECT cells FROM jishi.row_reading")
        assert all(number.encode() not in row["cells"] for row in kept)

        await protection.put(city.connection, register_of("natural_person"), UUID(uid), "hidden", (), "court", "test")
        await _heard(own, here)


async def _heard(client: Any, here: str) -> None:
    for _ in range(200):
        if (await client.get(here)).status_code == 404:
            return
    pytest.fail("a protected person's row is still shown")


async def test_a_row_whose_bytes_were_let_go_is_said_to_be_gone(city: Any, invent: Make) -> None:
    source = city.declare("people", "persons", more=LOOSE)
    await city.deliver(source, [person(invent, 1)])
    contribution = await city.value("SELECT contribution_id FROM jishi.natural_person_link")
    here = f"/stewardship/contributions/natural-persons/{contribution}/row"
    later = datetime.now(UTC) + timedelta(days=400)
    async with three(city) as (_, own, _, _), at_work(city):
        assert (await own.get(here)).status_code == 200
        await purge(city.road, later)
        assert await city.value("SELECT count(*) FROM jishi.row_reading") == 0, "what was read goes too"
        answer = await own.get(here)
        assert answer.status_code == 410 and answer.json()["code"] == "QLT-ROW-GONE"


async def test_without_a_worker_the_answer_says_that_it_is_not_there_yet(
    city: Any, invent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jishi_api.waiting.WAIT_S", 0.1)
    source = city.declare("people", "persons", more=LOOSE)
    await city.deliver(source, [person(invent, 1)])
    contribution = await city.value("SELECT contribution_id FROM jishi.natural_person_link")
    here = f"/stewardship/contributions/natural-persons/{contribution}/row"
    async with three(city) as (_, own, _, _):
        answer = await own.get(here)
        assert answer.status_code == 202 and answer.headers["Retry-After"] == "1" and answer.json()["cells"] is None
        async with at_work(city):
            for _ in range(200):
                if (answer := await own.get(here)).status_code == 200:
                    break
        assert answer.json()["cells"]["name"] == "陈试乙"
        reading = await city.value("SELECT reading_id FROM jishi.row_reading")
        await city.connection.execute("UPDATE jishi.row_reading SET status = 'queued', cells = NULL")
        await row_readings.fail(city.connection, reading, "JOB-LOST")
        told = (await own.get(here)).json()
        assert (told["status"], told["fault"], told["cells"]) == ("failed", "JOB-LOST", None)


async def test_more_stewards_may_wait_than_there_are_lanes(
    city: Any, invent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages wait for a worker that does not come; who asks meanwhile is answered at once."""
    monkeypatch.setattr("jishi_api.waiting.WAIT_S", 3.0)
    source = city.declare("people", "persons", more=LOOSE)
    await city.deliver(source, [person(invent, one) for one in range(8)])
    said = [row["contribution_id"] for row in await city.rows("SELECT contribution_id FROM jishi.natural_person_link")]
    await users.create(city.connection, "hui", ("steward",))
    async with three(city) as (opened, own, _, _):
        session = await console_sessions.begin(city.connection, opened.app.state.serving.secrets, "hui", "password")
        cookie = {"Cookie": f"jishi-session={session}"}
        pages = [own.get(f"/console/rows/natural-persons/{one}", headers=cookie) for one in said]
        waiting = asyncio.gather(*pages)
        await asyncio.sleep(1)
        assert (await own.get("/stewardship/batches")).status_code == 200 and not waiting.done()
        answers = await waiting
        assert len(answers) == 8 and all(answer.status_code == 200 for answer in answers)
        assert all("The row is looked up in the delivery." in answer.text for answer in answers)


async def test_what_ended_by_absence_has_no_row(city: Any, invent: Make) -> None:
    more = f'absence = "end"\n{LOOSE}\nmax_endings_share = 1.0\nvolume_band = 99.0'
    source = city.declare("people", "persons", mode="full", more=more)
    await city.deliver(source, [person(invent, 1), person(invent, 2)])
    receipt = await city.deliver(source, [person(invent, 2)])
    assert receipt["status"] == "published", receipt
    contribution = await city.value("SELECT contribution_id FROM jishi.natural_person_link WHERE ended")
    async with three(city) as (_, own, _, _):
        answer = await own.get(f"/stewardship/contributions/natural-persons/{contribution}/row")
        assert answer.status_code == 404 and answer.json()["code"] == "QLT-ROW-ABSENT"
