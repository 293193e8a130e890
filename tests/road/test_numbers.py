"""Numbers are carried for as long as the revisions that say them hold, whichever of these arrived first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

Make = dict[str, Callable[..., str]]
MORE = 'effective = "since"\ndeleted = { column = "gone", values = ["是"] }\n[thresholds]\nmax_endings_share = 1.0'
TODAY = datetime.now(UTC)


def day(days: int) -> str:
    return (TODAY + timedelta(days=days)).strftime("%Y-%m-%d")


def firm(invent: Make, key: str, number: int, since: int, **values: object) -> dict[str, object]:
    code = invent["uscc"](number)
    return {"key": key, "name": "测试企业一号", "code": code, "city": "", "since": day(since), "gone": "", **values}


@pytest.mark.parametrize(
    ("number", "since", "gone"),
    [(2, -200, ""), (2, 20, ""), (1, 20, "是"), (2, -200, "是")],
    ids=["a late correction", "a number announced", "an end announced", "an end before the beginning"],
)
async def test_who_carries_a_number_today_is_found_by_it(
    city: Any, invent: Make, number: int, since: int, gone: str
) -> None:
    one, two = city.declare("one", more=MORE), city.declare("two", rank=20, more=MORE)
    await city.deliver(one, [firm(invent, "K1", 1, -100)])
    await city.deliver(one, [firm(invent, "K1", number, since, gone=gone)])
    assert await city.served("legal_entity", "uscc") == [(invent["uscc"](1),)]
    receipt = await city.deliver(two, [firm(invent, "X", 1, -50, city="乙")])
    assert receipt["golden"] == {"created": 0, "changed": 1, "ended": 0, "review": 0}
    assert await city.served("legal_entity", "uscc", "city") == [(invent["uscc"](1), "乙")]


async def test_a_late_number_is_carried_until_the_next_word_and_no_longer(city: Any, invent: Make) -> None:
    source = city.declare("one", more=MORE)
    for number, since in ((1, -300), (1, -100), (2, -200)):
        await city.deliver(source, [firm(invent, "K1", number, since, city=str(since))])
    found = await city.rows("SELECT masked, valid_from, valid_to FROM jishi.identifier ORDER BY valid_from")
    assert [row["masked"] for row in found] == [invent["uscc"](number) for number in (1, 2, 1)]
    assert [row["valid_to"] for row in found] == [found[1]["valid_from"], found[2]["valid_from"], None]


async def test_a_late_reference_holds_until_the_next_word_and_no_longer(city: Any, invent: Make) -> None:
    city.declare("one", more=MORE)
    path = city.settings.home_dir / "sources" / "one.toml"
    above = 'parent_entity_uscc = { from = "above", as = "uscc" }\n'
    path.write_text(path.read_text(encoding="utf-8") + above, encoding="utf-8")
    await city.deliver("one", [firm(invent, f"K{n}", n, -400, name=f"测试企业{n}号", above="") for n in (2, 3)])
    for number, since in ((2, -300), (2, -100), (3, -200)):
        await city.deliver("one", [firm(invent, "K1", 1, since, city=str(since), above=invent["uscc"](number))])
    found = await city.rows(
        "SELECT g.uscc, r.effective_from, r.effective_to, r.closed_at IS NULL AS open FROM jishi.relation r"
        " JOIN jishi.legal_entity g ON g.uid = r.to_uid ORDER BY r.effective_from"
    )
    assert [row["uscc"] for row in found] == [invent["uscc"](number) for number in (2, 3, 2)]
    assert [row["effective_to"] for row in found] == [found[1]["effective_from"], found[2]["effective_from"], None]
    assert [row["open"] for row in found] == [False, False, True]


async def test_a_column_that_no_longer_comes_says_nothing_of_its_number(city: Any, invent: Make) -> None:
    source = city.declare("one", "persons")
    person = {"key": "P1", "name": "严测甲", "number": invent["citizen"](1)}
    await city.deliver(source, [{**person, "other_type": "414", "other_number": "E12345678"}])
    await city.deliver(source, [person])
    found = await city.rows("SELECT element, valid_to IS NULL AS open FROM jishi.identifier ORDER BY element")
    assert [tuple(row.values()) for row in found] == [("id_number", True), ("other_id_number", False)]
