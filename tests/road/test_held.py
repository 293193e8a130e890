"""Held batches: why, what publishing would change and for whom, released or discarded, by four eyes where the city wants."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from asking import asking
from jishi.errors import CallerError, DeniedError
from jishi.golden.resolve import merge_batch
from jishi.stewardship import held
from jishi_ingest import previewing
from jishi_ingest.deciding import discard, release
from jishi_ingest.run import finish
from stewarding import DEPARTMENT, OTHER, officer, refused, work

Make = dict[str, Callable[..., str]]

FULL = 'absence = "end"\n'


def person(invent: Make, order: int, **values: object) -> dict[str, object]:
    number = invent["citizen"](order)
    return {
        "key": f"P{order}",
        "name": f"陈试{chr(0x4E00 + order)}",
        "number": number,
        "phone": "13900000000",
        **values,
    }


async def hold(city: Any, invent: Make) -> tuple[str, dict[str, Any]]:
    """A full source of forty people, and a delivery of half of them that is held; one row of it is refused."""
    source = city.declare("people", "persons", mode="full", more=FULL)
    await city.deliver(source, [person(invent, order) for order in range(40)])
    half = [person(invent, order, phone="13911112222") for order in range(15)]
    batch = await city.deliver(source, [*half, person(invent, 15, number="12"), person(invent, 50)])
    assert batch["status"] == "held"
    return source, batch


async def test_a_held_batch_is_previewed_and_released(city: Any, invent: Make) -> None:
    source, batch = await hold(city, invent)
    uid = await city.value("SELECT uid FROM jishi.natural_person ORDER BY uid LIMIT 1")
    before = await city.rows("SELECT * FROM jishi.change ORDER BY seq")
    async with asking(city.settings, city.connection) as opened:
        own = await opened.client("steward", department=DEPARTMENT)
        other = await opened.client("steward", department=OTHER)
        reader = await opened.client(
            department=OTHER, natural_person={"masked": ["full_name"], "clear": [], "purposes": []}
        )
        async with own, other, reader:
            await reader.get(f"/collections/natural-persons/items/{uid}", params={"properties": "full_name"})
            [listed] = (await own.get("/stewardship/held")).json()["held"]
            assert listed["batch"] == batch["batch"] and {"QLT-HELD-ENDINGS"} <= {one["code"] for one in listed["why"]}
            assert (await other.get("/stewardship/held")).json()["held"] == []
            here = f"/stewardship/batches/{batch['batch']}"
            for path, body in (("preview", {}), ("release", {"reason": "x"}), ("discard", {"reason": "x"})):
                assert (await other.post(f"{here}/{path}", json=body)).status_code == 404
            assert (await own.get(f"{here}/preview")).status_code == 404
            asked = await own.post(f"{here}/preview")
            assert asked.status_code == 202 and asked.json()["status"] == "queued", asked.text
            await work(city, source)
            answer = await own.get(f"{here}/preview")
            told = answer.json()
            assert told["status"] == "done", told
            assert told["entities"] == {"create": 1, "change": 15, "end": 24, "withhold": 0}
            assert told["rows"]["ended_by_absence"] == 24 and told["rows"]["quarantined"] == 1
            changed = [one for one in told["sample"] if one["type"] == "change"]
            assert {tuple(one["elements"]) for one in changed} == {("mobile",)}
            assert changed[0]["before"]["mobile"] == "139****0000" and changed[0]["after"]["mobile"] == "139****2222"
            assert [one["uid"] for one in told["sample"] if one["type"] == "create"] == [None]
            assert "13911112222" not in answer.text and "陈试" not in answer.text
            assert [(one["department"], one["subjects"]) for one in told["holders"]] == [(OTHER, 1)]
            seen = (await opened.disclosed(own))[-1]
            assert seen["act"] == "preview" and "mobile" in seen["masked"] and len(seen["subjects"]) > 15
            # nothing of it was published, nothing is left
            assert await city.rows("SELECT * FROM jishi.change ORDER BY seq") == before
            assert await city.value("SELECT status FROM jishi.batch WHERE batch_id = $1", batch["batch"]) == "held"
            assert await city.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'stage'") == 0
            [row] = await refused(city)
            assert not row.is_open  # while its batch is held

            assert (await own.post(f"{here}/release", json={"reason": " "})).status_code == 400
            done = await own.post(f"{here}/release", json={"reason": "已与部门核实"})
            assert done.status_code == 202 and done.json()["status"] == "landed", done.text
            assert (await own.post(f"{here}/release", json={"reason": "再次"})).status_code == 409
            await work(city, source)
            assert (await own.get("/stewardship/held")).json()["held"] == []
    receipt = await finish(city.road, batch["batch"], lambda progress: None)
    assert (receipt["status"], receipt["ended_by_absence"]) == ("published", 24)
    assert (await refused(city))[0].is_open and (await refused(city))[0].quarantine_id == row.quarantine_id
    act = await city.rows(
        "SELECT actor_kind, succeeded FROM jishi.administrative_act WHERE act = 'batch.release' ORDER BY 1"
    )
    assert [one["succeeded"] for one in act].count(True) == 1


async def test_four_eyes_release_what_one_officer_proposed(city: Any, invent: Make) -> None:
    (city.settings.home_dir / "city.toml").write_text("[stewardship]\nfour_eyes = true\n", encoding="utf-8")
    source, batch = await hold(city, invent)
    one, two = officer(name="hui"), officer(None, name="lan")
    number = batch["batch"]

    async def propose(who: Any) -> bool:
        async with city.connection.transaction():
            found = await held.find(city.connection, who, number)
            return await held.release(city.connection, who, found, "核实", four_eyes=True)

    assert await propose(one) is False
    assert (await held.find(city.connection, one, number)).proposed_by == "user:hui"
    with pytest.raises(DeniedError, match="QLT-HELD-EYES"):
        await propose(one)
    assert await city.value("SELECT status FROM jishi.batch WHERE batch_id = $1", number) == "held"
    assert await propose(two) is True
    await work(city, source)
    assert await city.value("SELECT status FROM jishi.batch WHERE batch_id = $1", number) == "published"

    # the operator is one pair of eyes as any other
    again = await city.deliver(source, [person(invent, order) for order in range(3)])
    assert again["status"] == "held"
    assert await release(city.road, again["batch"], "") is False
    with pytest.raises(DeniedError, match="QLT-HELD-EYES"):
        await release(city.road, again["batch"], "")
    await discard(city.road, again["batch"], "发错了")
    with pytest.raises(CallerError, match="ING-NOT-HELD"):
        await discard(city.road, again["batch"], "再次")
    decisions = (await held.find(city.connection, two, again["batch"])).decisions
    assert [(one.act, one.carried_out) for one in decisions] == [("release", False), ("discard", True)]


async def test_a_preview_can_be_called_off_and_leaves_nothing(
    city: Any, invent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, batch = await hold(city, invent)
    who = officer()
    begun = asyncio.Event()

    async def slow(connection: Any, merging: Any) -> Any:
        found = await merge_batch(connection, merging)
        begun.set()
        await connection.execute("SELECT pg_sleep(60)")
        return found

    monkeypatch.setattr(previewing, "merge_batch", slow)
    found = await held.find(city.connection, who, batch["batch"])
    asked = await held.ask_preview(city.connection, who, found)
    assert asked == await held.ask_preview(city.connection, who, found)  # one that waits is not asked for twice
    running = asyncio.create_task(work(city, source))
    await asyncio.wait_for(begun.wait(), 120)
    assert (await held.preview(city.connection, found)).progress["step"] == "merge"
    await held.cancel_preview(city.connection, found)
    await asyncio.wait_for(running, 60)
    assert (await held.preview(city.connection, found)).status == "cancelled"
    with pytest.raises(CallerError, match="QLT-PREVIEW-OVER"):
        await held.cancel_preview(city.connection, found)
    monkeypatch.undo()
    # the lock of the register is free, and the batch can be released as if nothing had been
    receipt = await city.release(batch["batch"])
    assert receipt["status"] == "published" and receipt["ended_by_absence"] == 24
