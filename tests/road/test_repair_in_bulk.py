"""Bulk repairs: one mapping for many refused rows, tried first, then one repair a batch; replay of the rows of a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asking import asking
from jishi.stewardship import bulk_repairs
from jishi.stewardship.bulk_repairs import Filter
from jishi.stewardship.cell_mapping import CellMapping
from jishi_ingest.bulk_repairing import run_bulk
from stewarding import DEPARTMENT, OTHER, officer, refused, work

Make = dict[str, Callable[..., str]]

LOOSE = '[thresholds]\nmax_failure_share = "off"'
RULE = "natural_person.sex_code.code"


def person(invent: Make, order: int, **values: object) -> dict[str, object]:
    born = f"19{60 + order // 300}0101"
    number = invent["citizen"](order % 300, born)
    return {"key": f"P{order}", "name": "陈试甲", "number": number, "sex": _sex(number), **values}


def _sex(number: str) -> str:
    return "男" if int(number[16]) % 2 else "女"


async def ask(city: Any, wanted: Filter, mapping: CellMapping, *, dry: bool, by: Any = None) -> Any:
    """Ask for a bulk repair, see it through in this process; how it stands then."""
    who = by or officer()
    async with city.connection.transaction():
        made = await bulk_repairs.ask(
            *(city.connection, city.road.keys, city.settings.cipher, who, wanted, mapping),
            dry=dry,
            reason="性别写作甲、乙",
            request_id=None,
        )
    await run_bulk(city.road, made)
    return await bulk_repairs.find(city.connection, who, made)


async def test_one_mapping_repairs_five_hundred_rows_of_two_batches(city: Any, invent: Make) -> None:
    source = city.declare("people", "persons", more=LOOSE)
    letters = {"男": "甲", "女": "乙"}
    people = [person(invent, order) for order in range(520)]
    odd = [{**one, "sex": letters[str(one["sex"])]} for one in people]
    odd[7]["sex"] = "X"
    odd[8]["name"] = ""
    for part in (odd[:260], [*odd[260:], person(invent, 900)]):
        receipt = await city.deliver(source, part)
        assert receipt["reasons"][RULE] == 260, receipt
    mapping = CellMapping(values={"sex": {"甲": "男", "乙": "女"}})

    tried = await ask(city, Filter(source=source, rule=RULE), mapping, dry=True)
    assert (tried.status, tried.selected, tried.touched, tried.passed) == ("done", 520, 519, 518)
    assert dict(tried.reasons) == {"natural_person.full_name.required": 1} and tried.repairs == ()
    assert await city.count("natural_person", "link") == 1

    done = await ask(city, Filter(source=source, rule=RULE), mapping, dry=False)
    assert (done.passed, len(done.repairs)) == (518, 2)
    assert await city.value("SELECT count(*) FROM jishi.bulk_repair WHERE mapping IS NOT NULL AND NOT dry") == 0
    await work(city, source)
    assert await city.count("natural_person", "link") == 519
    left = await refused(city, status="open")
    assert {row.row_number for row in left} == {8, 9} and len(await refused(city, status="repaired")) == 518
    repaired = await city.rows("SELECT repaired, refused, status FROM jishi.repair")
    assert [row["repaired"] for row in repaired] == [260, 258] or [row["repaired"] for row in repaired] == [258, 260]
    assert await city.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'stage'") == 0


async def test_the_rows_of_a_rule_are_replayed_when_the_source_has_learnt_to_read_them(city: Any, invent: Make) -> None:
    more = LOOSE + '\n[rules."natural_person.sex_code.code"]\nseverity = "refuse_row"\n'
    source = city.declare("people", "persons", more=more)
    await city.deliver(source, [person(invent, order, sex="未录") for order in range(4)])
    assert len(await refused(city, rule=RULE)) == 4
    city.declare("people", "persons", more=LOOSE + '\n[rules."natural_person.sex_code.code"]\nseverity = "warn"\n')
    done = await ask(city, Filter(rule=RULE), CellMapping(), dry=False)
    assert (done.selected, done.touched, done.passed) == (4, 4, 4)
    await work(city, source)
    assert await refused(city, status="open") == [] and await city.count("natural_person", "link") == 4


async def test_a_bulk_repair_touches_only_what_its_officer_sees_and_can_go_by_digests(city: Any, invent: Make) -> None:
    source = city.declare("people", "persons", more=LOOSE)
    await city.deliver(source, [person(invent, order, sex="甲" if order else "乙") for order in range(5)])
    mapping = CellMapping(values={"sex": {"甲": "男", "乙": "女"}})
    foreign = await ask(city, Filter(source=source), mapping, dry=True, by=officer(OTHER))
    assert (foreign.selected, foreign.touched) == (0, 0)
    async with asking(city.settings, city.connection) as opened:
        whole, other = await opened.client("steward"), await opened.client("steward", department=OTHER)
        own = await opened.client("steward", department=DEPARTMENT)
        async with whole, other, own:
            told = (
                await whole.get("/stewardship/quarantine/values", params={"header": "sex", "source": source})
            ).json()
            assert [(one["value"], one["shape"], one["rows"]) for one in told["values"]] == [
                (None, "字", 4),
                (None, "字", 1),
            ]
            assert told["complete"] is True and (await opened.disclosed(whole))[-1]["masked"] == ["sex_code"]
            told_own = (await own.get("/stewardship/quarantine/values", params={"header": "sex"})).json()
            assert [one["value"] for one in told_own["values"]] == ["甲", "乙"]
            wish = {
                "filter": {"source": source, "header": "sex", "digest": told["values"][0]["digest"]},
                "digests": {"sex": {told["values"][0]["digest"]: "男"}},
                "dry": True,
            }
            made = await whole.post("/stewardship/quarantine/repairs", json=wish)
            assert made.status_code == 202 and made.json()["status"] == "queued", made.text
            await run_bulk(city.road, made.json()["bulk"])
            here = f"/stewardship/quarantine/repairs/{made.json()['bulk']}"
            done = (await whole.get(here)).json()
            assert (done["selected"], done["touched"]) == (4, 4)
            assert (await other.get(here)).status_code == 404
            assert (await own.get(here)).status_code == 404  # the city's own is not a department's
            # called off before it is begun
            made = await own.post("/stewardship/quarantine/repairs", json={"filter": {"source": source}, "dry": False})
            here = f"/stewardship/quarantine/repairs/{made.json()['bulk']}"
            assert (await own.post(f"{here}/cancel")).json()["status"] == "cancelled"
            assert await run_bulk(city.road, made.json()["bulk"]) == "cancelled"
            assert (await own.post(f"{here}/cancel")).status_code == 409
            # faults, all of them
            wrong = {"filter": {"source": source}, "mapping": {"sex": "shout", "geometry": "trim"}, "dry": True}
            answer = await own.post("/stewardship/quarantine/repairs", json=wrong)
            assert answer.status_code == 400
            assert [fault["code"] for fault in answer.json()["errors"]] == [
                "QLT-MAPPING-HEADERS",
                "QLT-MAPPING-TRANSFORM",
            ]
            answer = await own.post("/stewardship/quarantine/repairs", json={"filter": {}, "mapping": {"sex": "trim"}})
            assert answer.json()["code"] == "QLT-FILTER"
    assert len(await refused(city, status="open")) == 5
