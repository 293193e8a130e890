"""Repairs: edited rows take the whole road again, as a batch of their own; nothing is edited in place or lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jishi.errors import CallerError
from jishi.quality.quarantine_search import steps
from jishi.stewardship import repairs
from jishi_ingest.repairs import land_repair
from jishi_ingest.run import submit_again
from stewarding import officer, refused, repair, work

Make = dict[str, Callable[..., str]]

LOOSE = "[thresholds]\nmax_failure_share = 1.0"


def entity(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {
        "key": f"K{number}",
        "name": f"测试企业{number}号",
        "code": invent["uscc"](number),
        "city": "苏州",
        **values,
    }


def wrong(code: str) -> str:
    return code[:17] + ("1" if code[17] != "1" else "2")


async def names_of_steps(city: Any, entry: Any) -> list[str]:
    return [step.step for step in await steps(city.connection, entry)]


async def test_a_repaired_row_takes_the_whole_road_again_and_is_served(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=LOOSE)
    code = invent["uscc"](1)
    rows = [entity(invent, 1, code=wrong(code)), entity(invent, 2), entity(invent, 3, code="123", name="")]
    receipt = await city.deliver(source, rows)
    first, second = await refused(city)
    [number] = await repair(city, (first, {"code": code}))
    assert (await refused(city))[0].repair_id == number
    with pytest.raises(CallerError, match="QLT-ROW-CLOSED"):
        await repair(city, (first, {"code": code}))
    sealed = await city.value("SELECT cells FROM jishi.repair_row")
    assert code.encode() not in sealed
    await work(city, source)

    assert await city.served("legal_entity", "entity_name") == [("测试企业1号",), ("测试企业2号",)]
    [batch] = await city.rows("SELECT * FROM jishi.batch WHERE kind = 'repair'")
    original = await city.value("SELECT delivered_at FROM jishi.batch WHERE batch_id = $1", receipt["batch"])
    assert (batch["repairs"], batch["status"], batch["inserted"]) == (receipt["batch"], "published", 1)
    assert batch["delivered_at"] == original and batch["format"] == "repair"
    found = await repairs.find(city.connection, officer(), number)
    assert (found.status, found.repaired, found.refused, found.repair_batch) == ("done", 1, 0, batch["batch_id"])
    [closed] = await refused(city, status="repaired")
    assert closed.quarantine_id == first.quarantine_id and closed.closed_by_batch == batch["batch_id"]
    assert await names_of_steps(city, closed) == ["repair", "repaired"]
    assert await city.value("SELECT count(*) FROM jishi.repair_row WHERE cells IS NOT NULL") == 0
    assert [one.quarantine_id for one in await refused(city, status="open")] == [second.quarantine_id]

    # the same delivery once more changes nothing, and neither does a replay of the repaired one
    again = await city.deliver(source, rows)
    assert again["status"] == "unchanged" and again["same_as"] == receipt["batch"]
    await submit_again(city.road, receipt["batch"], release=False)
    replayed = await city.finish(receipt["batch"])
    assert replayed["quarantined"] == 2 and replayed["reasons"]["ING-DECIDED"] == 1
    assert await city.served("legal_entity", "entity_name", "uscc") == [
        ("测试企业1号", code),
        ("测试企业2号", invent["uscc"](2)),
    ]
    assert [one.quarantine_id for one in await refused(city, status="repaired")] == [first.quarantine_id]
    assert [one.quarantine_id for one in await refused(city, status="open")] == [second.quarantine_id]


async def test_a_repair_that_does_not_pass_leaves_a_row_that_stands_for_the_old_one(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=LOOSE)
    await city.deliver(source, [entity(invent, 1, code="123"), entity(invent, 2)])
    [row] = await refused(city)
    await repair(city, (row, {"code": wrong(invent["uscc"](1))}))
    await work(city, source)
    [new] = await refused(city, status="open")
    [old] = await refused(city, status="superseded")
    assert (old.quarantine_id, new.supersedes) == (row.quarantine_id, row.quarantine_id)
    assert new.reasons == ("legal_entity.uscc.check_character",)
    assert await names_of_steps(city, old) == ["repair", "refused"]
    await repair(city, (new, {"code": invent["uscc"](1)}))
    await work(city, source)
    assert len(await city.served("legal_entity", "uscc")) == 2 and await refused(city, status="open") == []
    # the second repair is one of the first one's batch, and counts as delivered with the very first
    moments = await city.rows("SELECT DISTINCT delivered_at FROM jishi.batch")
    assert len(moments) == 1


async def test_rows_of_several_batches_are_several_repairs_and_all_or_none_are_taken(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=LOOSE)
    for number in (1, 2):
        await city.deliver(source, [entity(invent, number, code="123"), entity(invent, number + 10)])
    one, two = await refused(city)
    async with city.connection.transaction():
        await repairs.discard(city.connection, officer(), [two.quarantine_id], "重复的企业")
    with pytest.raises(CallerError, match="QLT-ROW-CLOSED"):
        await repair(city, (one, {"code": invent["uscc"](1)}), (two, {"code": invent["uscc"](2)}))
    assert await city.value("SELECT count(*) FROM jishi.repair") == 0
    assert await city.value("SELECT count(*) FROM jishi.job WHERE kind = 'repair'") == 0
    [discarded] = await refused(city, status="discarded")
    assert [(step.step, step.officer, step.reason) for step in await steps(city.connection, discarded)] == [
        ("discard", "user:hui", "重复的企业")
    ]
    # a replay of its batch does not bring it back
    await submit_again(city.road, discarded.batch_id, release=False)
    await city.finish(discarded.batch_id)
    assert len(await refused(city, status="discarded")) == 1


async def test_a_repair_that_is_called_off_or_cannot_be_run_gives_its_rows_back(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=LOOSE)
    await city.deliver(source, [entity(invent, 1, code="123"), entity(invent, 2)])
    [row] = await refused(city)
    [number] = await repair(city, (row, {"code": invent["uscc"](1)}))
    async with city.connection.transaction():
        await repairs.cancel(city.connection, officer(), number)
    await work(city, source)
    [row] = await refused(city)
    assert row.is_open and await city.value("SELECT count(*) FROM jishi.batch") == 1
    assert await city.value("SELECT cells FROM jishi.repair_row") is None

    [number] = await repair(city, (row, {"code": invent["uscc"](1)}))
    batch = await land_repair(city.road, number)
    assert batch == await land_repair(city.road, number)  # by a run that was killed
    landed = await city.value("SELECT landing FROM jishi.batch WHERE batch_id = $1", batch)
    (city.settings.landing_dir / landed).unlink()
    await work(city, source)
    [row] = await refused(city)
    found = await repairs.find(city.connection, officer(), number)
    assert row.is_open and (found.status, found.fault) == ("failed", "ING-LANDED-GONE")
    assert await names_of_steps(city, row) == ["repair", "cancel", "repair", "return"]


async def test_a_ragged_row_is_repaired_by_saying_what_belongs_where(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=LOOSE)
    code = invent["uscc"](1)
    lines = ["key,name,code,city", f"K1,测试,企业1号,{code},苏州", f"K2,测试企业2号,{invent['uscc'](2)},苏州"]
    await city.deliver(source, "\n".join(lines).encode())
    [row] = await refused(city)
    assert "ING-ROW-RAGGED" in row.reasons
    await repair(city, (row, {}))
    await work(city, source)
    [row] = await refused(city, status="open")
    assert "ING-ROW-RAGGED" in row.reasons  # as it was received
    await repair(city, (row, {"name": "测试企业1号", "code": code, "city": "苏州"}))
    await work(city, source)
    assert len(await city.served("legal_entity", "uscc")) == 2


async def test_what_a_repair_says_of_the_past_is_not_the_newest_word(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=LOOSE)
    code = invent["uscc"](1)
    await city.deliver(source, [entity(invent, 1, key="Kl", code="123", city="甲"), entity(invent, 2)])
    newest = [entity(invent, 1, city="乙"), entity(invent, 2)]
    await city.deliver(source, newest)
    [row] = await refused(city)
    await repair(city, (row, {"key": "K1", "code": code}))
    await work(city, source)
    assert [row[0] for row in await city.served("legal_entity", "city")] == ["乙", "苏州"]
    versions = await city.rows(
        "SELECT city FROM jishi.legal_entity_contribution WHERE uscc = $1 ORDER BY effective_from", code
    )
    assert [row["city"] for row in versions] == ["甲", "乙"]
    # what the department says next is compared with what it said last, not with the repair
    await city.deliver(source, [*newest, entity(invent, 3)])
    assert ("乙",) in await city.served("legal_entity", "city")
    await city.deliver(source, [entity(invent, 1, city="甲"), entity(invent, 2), entity(invent, 4)])
    assert ("甲",) in await city.served("legal_entity", "city")


async def test_a_repair_teaches_no_bands_and_is_held_by_none(city: Any, invent: Make) -> None:
    source = city.declare("tiny", mode="full", more='absence = "end"\n')
    rows = [entity(invent, number) for number in range(30)]
    await city.deliver(source, [*rows, entity(invent, 40, code="123")])
    [row] = await refused(city)
    await repair(city, (row, {"code": invent["uscc"](40)}))
    await work(city, source)
    assert len(await city.served("legal_entity", "uscc")) == 31  # absence from a repair ends nothing
    receipt = await city.deliver(source, [*rows[:29], entity(invent, 40)])
    assert (receipt["status"], receipt["ended_by_absence"]) == ("published", 1)


async def test_a_repair_whose_worker_was_killed_is_seen_through_once(city: Any, invent: Make) -> None:
    """Killed behind the landing, within the run, and before the queue was told: each time the next run ends it."""
    source = city.declare("tiny", more=LOOSE)
    await city.deliver(source, [entity(invent, 1, code="123"), entity(invent, 2)])
    [row] = await refused(city)
    [number] = await repair(city, (row, {"code": invent["uscc"](1)}))
    batch = await land_repair(city.road, number)
    await city.connection.execute("UPDATE jishi.batch SET status = 'running' WHERE batch_id = $1", batch)
    await city.connection.execute(f"CREATE UNLOGGED TABLE stage.b_{batch} (n int)")
    await work(city, source)
    await city.connection.execute("UPDATE jishi.job SET status = 'queued' WHERE kind = 'repair'")
    await work(city, source)
    assert await city.value("SELECT count(*) FROM jishi.batch WHERE kind = 'repair'") == 1
    assert len(await city.served("legal_entity", "uscc")) == 2
    assert await city.count("legal_entity", "contribution") == 2
    [closed] = await refused(city)
    assert closed.status == "repaired" and await names_of_steps(city, closed) == ["repair", "repaired"]
    assert await city.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'stage'") == 0
