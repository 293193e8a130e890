"""The same delivery twice changes nothing; A, B, A ends in A; every repeat of a row has its one right outcome."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jishi_ingest.road import Road

Make = dict[str, Callable[..., str]]
OUTCOMES = ("unchanged", "inserted", "updated", "ended", "quarantined", "held", "duplicate")


def entity(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {
        "key": f"K{number}",
        "name": f"测试企业{number}号",
        "code": invent["uscc"](number),
        "city": "苏州",
        **values,
    }


def counts(receipt: dict[str, Any]) -> dict[str, int]:
    """The outcomes of a receipt that are not zero."""
    return {name: receipt[name] for name in OUTCOMES if receipt[name]}


async def _sizes(city: Any, register: str = "legal_entity") -> tuple[int, int, int]:
    """Contributions, versions, changes."""
    return (
        await city.count(register, "contribution"),
        await city.count(register, "version"),
        len(await city.changes(register)),
    )


async def test_the_same_delivery_twice_is_unchanged_and_adds_nothing(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    rows = [entity(invent, number) for number in range(5)]
    first = await city.deliver(source, rows)
    before = await _sizes(city)
    again = await city.deliver(source, rows)
    assert (first["status"], counts(first)) == ("published", {"inserted": 5})
    assert (again["status"], counts(again), again["same_as"]) == ("unchanged", {"unchanged": 5}, first["batch"])
    assert again["golden"] == {"created": 0, "changed": 0, "ended": 0, "review": 0}
    assert await _sizes(city) == before == (5, 0, 5)


async def test_the_same_rows_in_another_file_change_nothing_either(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    rows = [entity(invent, number) for number in range(5)]
    await city.deliver(source, rows)
    before = await _sizes(city)
    again = await city.deliver(source, rows[::-1])
    assert (again["status"], counts(again)) == ("published", {"unchanged": 5})
    assert await _sizes(city) == before


async def test_a_then_b_then_a_ends_in_a_with_its_versions(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    a = [entity(invent, 1, city="甲"), entity(invent, 2, city="甲"), entity(invent, 3, city="丙")]
    b = [entity(invent, 1, city="乙"), entity(invent, 2, city="乙"), entity(invent, 3, city="丙")]
    await city.deliver(source, a)
    await city.deliver(source, b)
    third = await city.deliver(source, a)
    assert (third["status"], counts(third)) == ("published", {"unchanged": 1, "updated": 2})
    assert await city.served("legal_entity", "entity_name", "city") == [
        ("测试企业1号", "甲"),
        ("测试企业2号", "甲"),
        ("测试企业3号", "丙"),
    ]
    assert await _sizes(city) == (3 + 2 + 2, 4, 3 + 2 + 2)
    past = await city.rows("SELECT city FROM jishi.legal_entity_version ORDER BY recorded_at, city")
    assert [row["city"] for row in past] == ["甲", "甲", "乙", "乙"]
    assert [c["elements"] for c in await city.changes("legal_entity", after=3)] == [["city"]] * 4


async def test_a_full_delivery_repeated_after_another_ends_and_revives(city: Any, invent: Make) -> None:
    source = city.declare("tiny", mode="full", more='absence = "end"\n[thresholds]\nmax_endings_share = 1.0')
    a, b = [entity(invent, 1), entity(invent, 2)], [entity(invent, 1), entity(invent, 3)]
    await city.deliver(source, a)
    second = await city.deliver(source, b)
    assert (second["ended_by_absence"], second["golden"]["ended"]) == (1, 1)
    third = await city.deliver(source, a)
    assert counts(third) == {"unchanged": 1, "updated": 1}
    assert third["ended_by_absence"] == 1
    assert await city.served("legal_entity", "entity_name") == [("测试企业1号",), ("测试企业2号",)]
    assert [c["type"] for c in await city.changes("legal_entity")][2:] in (
        ["create", "end", "create", "end"],
        ["end", "create", "create", "end"],
        ["create", "end", "end", "create"],
        ["end", "create", "end", "create"],
    )


async def test_a_row_twice_in_one_file_is_a_duplicate(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    receipt = await city.deliver(source, [entity(invent, 1), entity(invent, 2), entity(invent, 1), entity(invent, 1)])
    assert counts(receipt) == {"inserted": 2, "duplicate": 2}
    again = await city.deliver(source, [entity(invent, 1), entity(invent, 1), entity(invent, 2)])
    assert counts(again) == {"unchanged": 2, "duplicate": 1}


async def test_one_key_with_two_values_is_refused_both_times(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    rows = [entity(invent, 1, city="甲"), entity(invent, 2), entity(invent, 1, city="乙"), entity(invent, 1, city="甲")]
    receipt = await city.deliver(source, rows)
    assert counts(receipt) == {"inserted": 1, "quarantined": 3}
    assert receipt["reasons"] == {"ING-KEY-CONFLICT": 3}
    assert await city.served("legal_entity", "entity_name") == [("测试企业2号",)]


async def test_also_where_one_of_the_two_is_already_published(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    await city.deliver(source, [entity(invent, 1, city="甲"), entity(invent, 2)])
    receipt = await city.deliver(
        source, [entity(invent, 2), entity(invent, 1, city="甲"), entity(invent, 1, city="乙")]
    )
    assert counts(receipt) == {"unchanged": 1, "quarantined": 2}
    kept = await city.rows("SELECT row_number, reasons FROM jishi.quarantine WHERE batch_id = $1", receipt["batch"])
    assert sorted(row["row_number"] for row in kept) == [2, 3]
    assert await city.served("legal_entity", "entity_name", "city") == [("测试企业1号", "甲"), ("测试企业2号", "苏州")]


async def test_of_a_redelivery_only_what_differs_is_taken_up_and_warnings_are_carried(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more="[thresholds]\nmax_failure_share = 1.0")
    unknown = invent["uscc"](9, "999999")  # a division that never was: a warning
    rows = [entity(invent, number) for number in range(6)] + [entity(invent, 9, code=unknown)]
    first = await city.deliver(source, rows)
    assert first["warnings"] == {"legal_entity.uscc.division_known": 1}
    broken = invent["uscc"](8)[:17] + ("0" if invent["uscc"](8)[17] != "0" else "1")
    changed = [entity(invent, 0, city="南京"), *rows[1:], entity(invent, 7), entity(invent, 8, code=broken)]
    second = await city.deliver(source, changed)
    assert counts(second) == {"unchanged": 6, "inserted": 1, "updated": 1, "quarantined": 1}
    assert second["warnings"] == {"legal_entity.uscc.division_known": 1}
    assert second["golden"] == {"created": 1, "changed": 1, "ended": 0, "review": 0}
    third = await city.deliver(source, changed[:-1])
    assert counts(third) == {"unchanged": 8}
    assert third["warnings"] == {"legal_entity.uscc.division_known": 1}


async def test_a_changed_mapping_examines_every_row_again(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    rows = [entity(invent, 1, established="1999-01-02"), entity(invent, 2, established="2001-02-03")]
    await city.deliver(source, rows)
    before = await _sizes(city)
    city.declare("tiny", rank=20)
    again = await city.deliver(source, rows)
    assert (again["status"], counts(again)) == ("published", {"unchanged": 2})
    assert await _sizes(city) == before
    once_more = await city.deliver(source, rows[::-1])
    assert counts(once_more) == {"unchanged": 2}
    staged = await city.rows("SELECT rules FROM jishi.batch ORDER BY batch_id")
    assert '"evaluated": 2' in staged[1]["rules"]


async def test_rows_examined_again_are_settled_the_next_time(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    rows = [entity(invent, number) for number in range(3)]
    await city.deliver(source, rows)
    city.declare("tiny", rank=20)
    again = await city.deliver(source, rows)
    ruleset = await city.value("SELECT ruleset_id FROM jishi.batch WHERE batch_id = $1", again["batch"])
    checked = await city.rows("SELECT DISTINCT checked FROM jishi.legal_entity_link")
    assert [row["checked"] for row in checked] == [ruleset]


async def test_changed_code_lists_examine_every_row_again(
    city: Any, invent: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = city.declare("tiny")
    rows = [entity(invent, 1), entity(invent, 2)]
    await city.deliver(source, rows)
    object.__setattr__(city.road, "codes_version", "another")
    again = await city.deliver(source, rows)
    assert (again["status"], counts(again)) == ("published", {"unchanged": 2})
    assert isinstance(city.road, Road)


async def test_a_refused_row_sent_again_takes_the_place_of_the_first_until_it_is_repaired(
    city: Any, invent: Make
) -> None:
    source = city.declare("tiny")
    good = [entity(invent, number) for number in range(3)]
    bad = entity(invent, 9, code="91320505MA0000000X")
    await city.deliver(source, [*good, bad])
    second = await city.deliver(source, [bad, *good])
    assert counts(second) == {"unchanged": 3, "quarantined": 1}
    assert await _statuses(city) == ["superseded", "open"]
    repaired = await city.deliver(source, [entity(invent, 9), *good])
    assert counts(repaired) == {"inserted": 1, "unchanged": 3}
    assert ("测试企业9号",) in await city.served("legal_entity", "entity_name")
    assert await _statuses(city) == ["superseded", "repaired"]


async def test_a_refused_row_leaves_what_was_published_before_alone(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    days = {"established": "1999-01-01"}
    await city.deliver(source, [entity(invent, 1, **days), entity(invent, 2, **days)])
    receipt = await city.deliver(source, [entity(invent, 1, established="2999-01-01"), entity(invent, 2, **days)])
    assert counts(receipt) == {"unchanged": 1, "quarantined": 1}
    assert await city.served("legal_entity", "entity_name") == [("测试企业1号",), ("测试企业2号",)]


async def test_a_damaged_row_is_refused_even_if_its_values_are_known(city: Any, invent: Make) -> None:
    source = city.declare("tiny")
    clean = f"key,name,code,city\nK1,测试企业1号,{invent['uscc'](1)},苏州\nK2,测试企业2号,{invent['uscc'](2)},苏州\n"
    await city.deliver(source, clean.encode())
    damaged = clean.replace(",苏州\nK2", ",苏州,多出\nK2")
    receipt = await city.deliver(source, damaged.encode())
    assert counts(receipt) == {"unchanged": 1, "quarantined": 1}
    assert receipt["reasons"] == {"ING-ROW-RAGGED": 1}


async def test_a_source_without_a_key_repeats_by_its_values(city: Any, invent: Make) -> None:
    city.declare("tiny")
    path = city.settings.home_dir / "sources" / "tiny.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('key = ["key"]', 'key = "row-hash"'), encoding="utf-8")
    city.opened = None
    rows = [entity(invent, 1), entity(invent, 2), entity(invent, 1)]
    first = await city.deliver("tiny", rows)
    again = await city.deliver("tiny", rows[1:])
    assert (counts(first), counts(again)) == ({"inserted": 2, "duplicate": 1}, {"unchanged": 2})


async def _statuses(city: Any) -> list[str]:
    found = await city.rows("SELECT status FROM jishi.quarantine ORDER BY quarantine_id")
    return [row["status"] for row in found]
