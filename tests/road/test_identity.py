"""Who is who: strong identifiers link what departments say, and never against a contradiction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Make = dict[str, Callable[..., str]]


def person(invent: Make, number: int, name: str, /, **values: object) -> dict[str, object]:
    born = str(values.pop("on", "19600101"))
    return {
        "key": f"P{number}",
        "name": name,
        "number": invent["citizen"](number, born),
        "born": f"{born[:4]}-{born[4:6]}-{born[6:]}",
        "phone": "",
        "other_type": "",
        "other_number": "",
        "status": "",
        "died": "",
        "address": "",
        **values,
    }


async def _reviews(city: Any) -> list[tuple[str, str]]:
    found = await city.rows("SELECT kind, reason FROM jishi.review ORDER BY review_id")
    return [(row["kind"], row["reason"]) for row in found]


async def test_several_departments_and_one_number_are_one_person(city: Any, invent: Make) -> None:
    for rank, name in enumerate(("police", "health", "school"), start=1):
        city.declare(name, "persons", rank=rank * 10)
    await city.deliver("health", [person(invent, 1, "严测甲", phone="13900000001", key="H1")])
    await city.deliver("police", [person(invent, 1, "严测甲", address="苏州市测试路1号", key="G1")])
    third = await city.deliver("school", [person(invent, 1, "严测甲", phone="13900000002", key="S1")])
    assert third["golden"] == {"created": 0, "changed": 0, "ended": 0, "review": 0}
    assert await city.served("natural_person", "full_name", "hukou_address", "mobile") == [
        ("严测甲", "苏州市测试路1号", "13900000001")
    ]
    assert await city.value("SELECT count(DISTINCT uid) FROM jishi.natural_person_link") == 1
    assert await city.count("natural_person", "link") == 3


async def test_several_departments_in_one_delivery_are_one_person_too(city: Any, invent: Make) -> None:
    more = '[origins]\ncolumn = "from"\ndefault_rank = 90\n[origins.ranks]\n"警" = 10\n"医" = 30'
    source = city.declare("all", "persons", more=more)
    rows = [
        person(invent, 1, "严测甲", key="1", address="低", **{"from": "别"}),
        person(invent, 1, "严测甲", key="2", address="中", phone="13900000001", **{"from": "医"}),
        person(invent, 1, "严测甲", key="3", address="高", **{"from": "警"}),
    ]
    receipt = await city.deliver(source, rows)
    assert receipt["golden"]["created"] == 1
    assert await city.served("natural_person", "hukou_address", "mobile") == [("高", "13900000001")]


async def test_a_key_that_changes_its_origin_changes_its_rank(city: Any, invent: Make) -> None:
    more = '[origins]\ncolumn = "from"\n[origins.ranks]\n"警" = 10\n"医" = 30'
    source = city.declare("all", "persons", more=more)
    await city.deliver(source, [person(invent, 1, "严测甲", **{"from": "警"})])
    await city.deliver(source, [person(invent, 1, "严测甲", phone="13900000001", **{"from": "医"})])
    assert await city.rows("SELECT origin, rank FROM jishi.natural_person_link") == [{"origin": "医", "rank": 30}]


async def test_a_lower_rank_does_not_override_and_fills_what_is_empty(city: Any, invent: Make) -> None:
    high, low = city.declare("high", "persons", rank=10), city.declare("low", "persons", rank=50)
    await city.deliver(high, [person(invent, 1, "严测甲", address="高")])
    receipt = await city.deliver(low, [person(invent, 1, "严测甲", address="低", phone="13900000001")])
    assert receipt["golden"]["changed"] == 1
    assert await city.served("natural_person", "hukou_address", "mobile") == [("高", "13900000001")]
    assert (await city.changes("natural_person"))[-1]["elements"] == ["mobile"]


async def test_elements_that_belong_together_come_from_one_source(city: Any, invent: Make) -> None:
    high, low = city.declare("high", rank=10), city.declare("low", rank=50)
    code = invent["uscc"](1)
    await city.deliver(
        high, [{"key": "1", "name": "测试企业", "code": code, "rep": "严测甲", "phone": "", "capital": ""}]
    )
    await city.deliver(
        low,
        [
            {
                "key": "1",
                "name": "测试企业",
                "code": code,
                "rep": "严测乙",
                "phone": "13900000001",
                "capital": "100万美元",
            }
        ],
    )
    await city.deliver(
        high, [{"key": "1", "name": "测试企业", "code": code, "rep": "严测甲", "phone": "", "capital": "5万元"}]
    )
    assert await city.served("legal_entity", "legal_rep_name", "legal_rep_phone") == [("严测甲", None)]
    assert [
        (str(row[0]), row[1]) for row in await city.served("legal_entity", "reg_capital", "reg_capital_currency")
    ] == [("5.000000", "CNY")]


async def test_the_dead_stay_dead_in_lists_of_the_living(city: Any, invent: Make) -> None:
    one, two = city.declare("one", "persons", rank=10), city.declare("two", "persons", rank=10)
    low = city.declare("low", "persons", rank=50)
    await city.deliver(one, [person(invent, 1, "严测甲", status="2", died="2020-02-02")])
    await city.deliver(two, [person(invent, 1, "严测甲", status="1")])
    await city.deliver(low, [person(invent, 1, "严测甲", status="1")])
    assert [
        (row[0], str(row[1])) for row in await city.served("natural_person", "person_status_code", "death_date")
    ] == [("2", "2020-02-02")]


async def test_one_number_with_another_name_and_birth_is_another_person_for_a_steward(city: Any, invent: Make) -> None:
    source = city.declare("tiny", "persons")
    await city.deliver(source, [person(invent, 1, "严测甲")])
    other = person(invent, 1, "卜同乙", key="X")
    receipt = await city.deliver(source, [other])
    assert receipt["golden"] == {"created": 1, "changed": 0, "ended": 0, "review": 1}
    assert await city.served("natural_person", "full_name") == [("卜同乙",), ("严测甲",)] or await city.served(
        "natural_person", "full_name"
    ) == [("严测甲",), ("卜同乙",)]
    assert await _reviews(city) == [("identifier-conflict", "MAT-CONTRADICTION")]


async def test_so_it_is_within_one_delivery(city: Any, invent: Make) -> None:
    source = city.declare("tiny", "persons")
    rows = [person(invent, 1, "严测甲"), person(invent, 1, "卜同乙", key="X"), person(invent, 2, "严测丙")]
    receipt = await city.deliver(source, rows)
    assert receipt["golden"] == {"created": 3, "changed": 0, "ended": 0, "review": 1}


async def test_an_enterprise_of_quite_another_name_is_not_merged(city: Any, invent: Make) -> None:
    one, two = city.declare("one"), city.declare("two", rank=20)
    code = invent["uscc"](1)
    await city.deliver(one, [{"key": "1", "name": "苏州金鸡湖纺织有限公司", "code": code}])
    renamed = await city.deliver(two, [{"key": "1", "name": "金鸡湖纺织（苏州）股份有限公司", "code": code}])
    assert renamed["golden"]["review"] == 0
    foreign = await city.deliver(two, [{"key": "2", "name": "常德桃花源水泥厂", "code": code}])
    assert foreign["golden"] == {"created": 1, "changed": 0, "ended": 0, "review": 1}


async def test_two_numbers_that_name_two_people_are_a_conflict_and_never_a_merge(city: Any, invent: Make) -> None:
    source, other = city.declare("tiny", "persons"), city.declare("other", "persons", rank=20)
    passport = {"other_type": "414", "other_number": "E12345678"}
    await city.deliver(source, [person(invent, 1, "严测甲")])
    await city.deliver(source, [person(invent, 2, "严测甲", number="", **passport)])
    assert len(await city.served("natural_person", "uid")) == 2
    receipt = await city.deliver(other, [person(invent, 1, "严测甲", key="X", **passport)])
    assert receipt["golden"] == {"created": 1, "changed": 0, "ended": 0, "review": 1}
    assert await _reviews(city) == [("identifier-conflict", "MAT-TWO-ENTITIES")]


async def test_an_old_number_of_fifteen_digits_is_the_same_as_its_new_form(city: Any, invent: Make) -> None:
    one, two = city.declare("one", "persons"), city.declare("two", "persons", rank=20)
    new = invent["citizen"](1)
    old = new[:6] + new[8:17]
    await city.deliver(one, [person(invent, 1, "严测甲", number=old)])
    receipt = await city.deliver(two, [person(invent, 1, "严测甲")])
    assert receipt["golden"]["created"] == 0
    assert await city.value("SELECT count(*) FROM jishi.natural_person") == 1
    again = await city.deliver(one, [person(invent, 1, "严测甲")])
    assert (again["unchanged"], again["updated"]) == (1, 0)


async def test_traditional_characters_contradict_nothing(city: Any, invent: Make) -> None:
    one, two = city.declare("one", "persons"), city.declare("two", "persons", rank=20)
    await city.deliver(one, [person(invent, 1, "刘测")])
    receipt = await city.deliver(two, [person(invent, 1, "劉測", on="19600102", number=invent["citizen"](1))])
    quarantined = receipt["quarantined"]  # the birth date contradicts the number: that rule speaks first
    assert quarantined == 1
    receipt = await city.deliver(two, [person(invent, 1, "劉測")])
    assert receipt["golden"] == {"created": 0, "changed": 0, "ended": 0, "review": 0}
    assert await city.served("natural_person", "full_name") == [("刘测",)]


async def test_a_corrected_number_keeps_the_person_and_frees_the_wrong_number(city: Any, invent: Make) -> None:
    source, other = city.declare("tiny", "persons"), city.declare("other", "persons", rank=20)
    await city.deliver(source, [person(invent, 1, "严测甲")])
    uid = await city.value("SELECT uid FROM jishi.natural_person")
    corrected = await city.deliver(source, [person(invent, 1, "严测甲", number=invent["citizen"](5))])
    assert corrected["golden"] == {"created": 0, "changed": 0, "ended": 0, "review": 0} or (
        corrected["golden"]["changed"] == 1
    )
    assert await city.value("SELECT uid FROM jishi.natural_person") == uid
    receipt = await city.deliver(other, [person(invent, 1, "严测丁", key="X")])
    assert receipt["golden"] == {"created": 1, "changed": 0, "ended": 0, "review": 0}


async def test_a_number_that_now_names_someone_else_moves_nobody(city: Any, invent: Make) -> None:
    source = city.declare("tiny", "persons")
    await city.deliver(source, [person(invent, 1, "严测甲"), person(invent, 2, "严测乙")])
    receipt = await city.deliver(source, [person(invent, 2, "严测乙", number=invent["citizen"](1))])
    assert receipt["golden"]["review"] == 1
    assert await _reviews(city) == [("identifier-conflict", "MAT-KNOWN-ELSEWHERE")]
    assert len(await city.served("natural_person", "uid")) == 2


async def test_so_it_is_where_the_other_comes_in_the_same_delivery(city: Any, invent: Make) -> None:
    source = city.declare("tiny", "persons")
    await city.deliver(source, [person(invent, 1, "严测甲"), person(invent, 2, "严测乙")])
    taken = invent["citizen"](7)
    receipt = await city.deliver(
        source,
        [
            person(invent, 1, "严测甲", number=taken),
            person(invent, 2, "严测乙", number=taken),
            person(invent, 7, "严测丙"),
        ],
    )
    assert receipt["golden"]["review"] == 2
    assert await _reviews(city) == [("identifier-conflict", "MAT-KNOWN-ELSEWHERE")] * 2
    assert len(await city.served("natural_person", "uid")) == 3


async def test_a_conflict_is_put_to_a_steward_once(city: Any, invent: Make) -> None:
    source = city.declare("tiny", "persons")
    rows = [person(invent, 1, "严测甲"), person(invent, 1, "卜同乙", key="X")]
    await city.deliver(source, rows)
    for phone in ("13900000001", "13900000002"):
        receipt = await city.deliver(source, [{**row, "phone": phone} for row in rows])
        assert (receipt["updated"], receipt["golden"]["review"]) == (2, 0)
    assert await _reviews(city) == [("identifier-conflict", "MAT-CONTRADICTION")]


async def test_a_name_alone_links_nobody(city: Any, invent: Make) -> None:
    one, two = city.declare("one", "persons"), city.declare("two", "persons", rank=20)
    await city.deliver(one, [person(invent, 1, "严测甲", number="")])
    receipt = await city.deliver(two, [person(invent, 1, "严测甲", number="")])
    assert receipt["golden"]["created"] == 1


async def test_ids_of_untouched_people_never_move(city: Any, invent: Make) -> None:
    source, other = city.declare("tiny", "persons"), city.declare("other", "persons", rank=5)
    await city.deliver(source, [person(invent, number, f"严测{number}") for number in range(1, 6)])
    before = await city.served("natural_person", "full_name", "uid")
    await city.deliver(other, [person(invent, number, f"严测{number}") for number in (2, 3, 7)])
    after = await city.served("natural_person", "full_name", "uid")
    assert [row for row in after if row in before] == before
