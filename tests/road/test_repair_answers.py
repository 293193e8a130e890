"""The quarantine over HTTP: what each officer sees of it, checks within seconds, near misses, repairs that are served."""

from __future__ import annotations

import asyncio
from typing import Any

from stewarding import LOOSE, Make, at_work, person, refused, three, work


def swapped(number: str) -> str:
    """Two digits of the order number and birth day changed about."""
    at = next(at for at in range(16, 6, -1) if number[at] != number[at - 1])
    return number[: at - 1] + number[at] + number[at - 1] + number[at + 1 :]


async def test_a_row_is_found_checked_and_repaired_by_whoever_may_see_it(city: Any, invent: Make) -> None:
    source = city.declare("people", "persons", more=LOOSE)
    number = invent["citizen"](1)
    await city.deliver(source, [person(invent, 1, number=swapped(number), sex="7"), person(invent, 2)])
    [row] = await refused(city)
    here = f"/stewardship/quarantine/{row.quarantine_id}"
    async with three(city) as (opened, own, whole, other):
        # each sees what is his to see, and the log says so
        [listed] = (await own.get("/stewardship/quarantine")).json()["rows"]
        assert listed["sight"] == "clear" and listed["cells"]["number"] == swapped(number)
        answer = await whole.get("/stewardship/quarantine", params={"element": "id_number", "source": source})
        [masked] = answer.json()["rows"]
        assert masked["sight"] == "masked" and masked["cells"]["number"] == "9" * 18
        assert number[:6] not in answer.text and "陈" not in answer.text and masked["digests"]["number"]
        assert {reason["rule"] for reason in masked["reasons"]} >= {"natural_person.id_number.check_character"}
        assert (await other.get("/stewardship/quarantine")).json()["rows"] == []
        for path in (here, f"{here}/suggestions"):
            assert (await other.get(path)).status_code == 404
        for act, sent in (("check", {}), ("repair", {}), ("discard", {"reason": "x"})):
            assert (await other.post(f"{here}/{act}", json=sent)).status_code == 404
        [seen] = await opened.disclosed(own)
        assert (seen["act"], seen["masked"]) == ("quarantine", []) and "id_number" in seen["clear"]
        [seen] = await opened.disclosed(whole)
        assert seen["clear"] == [] and "id_number" in seen["masked"]

        # the city's officer repairs what he cannot see
        async with at_work(city):
            cells: dict[str, object] = {"number": number}
            body = {"cells": cells}
            checked = (await whole.post(f"{here}/check", json=body)).json()
            assert checked["accepted"] is False and [one["columns"] for one in checked["refused"]] == [["sex"]]
            cells["sex"] = "1" if int(number[16]) % 2 else "2"
            checked = (await whole.post(f"{here}/check", json=body)).json()
            assert checked["accepted"] is True and checked["refused"] == [] and checked["seconds"] < 10
        assert await city.value("SELECT count(*) FROM jishi.repair_check WHERE cells IS NOT NULL") == 0
        kept = await city.rows("SELECT result::text FROM jishi.repair_check")
        assert kept and all(number not in row["result"] for row in kept)
        assert await city.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'stage'") == 0
        made = await whole.post(f"{here}/repair", json={**body, "reason": "按原件更正"})
        assert made.status_code == 202, made.text
        assert (await own.post(f"{here}/repair", json=body)).status_code == 409
        await work(city, source)
        repaired = (await whole.get(made.json()["links"][0]["href"])).json()
        assert (repaired["status"], repaired["repaired"]) == ("done", 1)
        told = (await own.get(here)).json()
        assert told["status"] == "repaired"
        assert [step["step"] for step in told["steps"]] == ["check", "check", "repair", "repaired"]
        assert (await other.get(made.json()["links"][0]["href"])).status_code == 404
    assert len(await city.served("natural_person", "full_name")) == 2
    acts = await city.rows("SELECT act, succeeded FROM jishi.administrative_act WHERE act LIKE 'quarantine.%'")
    assert [row["succeeded"] for row in acts if row["act"] == "quarantine.repair"] == [True]


async def test_a_transposed_number_suggests_the_entity_it_meant_and_can_be_tried_unseen(
    city: Any, invent: Make
) -> None:
    register, source = city.declare("people", "persons"), city.declare("others", "persons", rank=20, more=LOOSE)
    number = invent["citizen"](1)
    await city.deliver(register, [person(invent, one) for one in (1, 2, 3)])
    await city.deliver(source, [person(invent, 1, key="Q1", number=swapped(number), phone="13900000001")])
    [row] = await refused(city)
    here = f"/stewardship/quarantine/{row.quarantine_id}"
    async with three(city) as (opened, own, whole, _):
        answer = await whole.get(f"{here}/suggestions")
        [likely] = answer.json()["suggestions"]
        assert (likely["slip"], likely["column"], likely["name_agrees"]) == ("transposed", "number", True)
        assert number not in answer.text and likely["name"] == "陈**" and likely["number"].startswith(number[:3] + "*")
        seen = (await opened.disclosed(whole))[-1]
        assert [str(uid) for uid in seen["subjects"]] == [likely["uid"]] and seen["act"] == "suggest"
        assert seen["misses"] > 0 and set(seen["masked"]) == {"id_number", "full_name"}
        async with at_work(city):
            checked = await whole.post(f"{here}/check", json={"suggestion": likely["n"]})
        assert checked.json()["accepted"] is True and number not in checked.text
        assert (await whole.post(f"{here}/check", json={"suggestion": 9})).status_code == 400
        answer = await whole.post(f"{here}/repair", json={"suggestion": likely["n"]})
        assert answer.status_code == 202
        await work(city, source)
        # protected people are suggested to nobody
        await city.connection.execute(
            "INSERT INTO jishi.protection (uid, register, level, reason, set_by) VALUES ($1, 'natural_person', 'hidden', 'T', 't')",
            likely["uid"],
        )
        await city.deliver(source, [person(invent, 1, key="Q2", number=swapped(number))])
        [row] = await refused(city, status="open")
        await asyncio.sleep(0.3)
        answer = (await own.get(f"/stewardship/quarantine/{row.quarantine_id}/suggestions")).json()
        assert answer["suggestions"] == []
    # the repaired row is that person's
    assert await city.served("natural_person", "mobile") == [("13900000001",), (None,), (None,)]


async def test_edited_cells_must_be_cells_of_the_delivery(city: Any, invent: Make) -> None:
    source = city.declare("people", "persons", more=LOOSE)
    await city.deliver(source, [person(invent, 1, number="12"), person(invent, 2)])
    [row] = await refused(city)
    here = f"/stewardship/quarantine/{row.quarantine_id}"
    async with three(city) as (_, own, __, ___):
        answer = await own.post(f"{here}/repair", json={"cells": {"nothing": "x", "name": "a\0b"}})
        assert answer.status_code == 400 and answer.json()["code"] == "QLT-CELLS"
        assert [fault["code"] for fault in answer.json()["errors"]] == ["QLT-CELL-UNKNOWN", "QLT-CELL-VALUE"]
        assert (await own.post(f"{here}/discard", json={"reason": ""})).status_code in (400, 422)
        assert (await own.post(f"{here}/discard", json={"reason": "查无此人"})).json()["status"] == "discarded"
        assert (await own.post(f"{here}/discard", json={"reason": "再一次"})).status_code == 409
        assert (await own.get("/stewardship/quarantine?status=discarded")).json()["rows"][0]["closed_by_batch"] is None
        paged = (await own.get("/stewardship/quarantine?status=any&limit=1")).json()
        assert len(paged["rows"]) == 1 and paged["links"] == []
