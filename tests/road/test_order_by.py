"""Several rows of one key in one delivery, from a source that says which of them is the newest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jishi.errors import DeclarationError
from jishi_ingest.source import load_sources

Make = dict[str, Callable[..., str]]
OUTCOMES = ("unchanged", "inserted", "updated", "ended", "quarantined", "held", "duplicate")
NEWEST = 'order_by = [["更新时间", "modified"]]'


def entity(invent: Make, number: int, modified: str, **values: object) -> dict[str, object]:
    return {
        "key": f"K{number}",
        "name": f"测试企业{number}号",
        "code": invent["uscc"](number),
        "city": "苏州",
        "modified": modified,
        **values,
    }


def counts(receipt: dict[str, Any]) -> dict[str, int]:
    return {name: receipt[name] for name in OUTCOMES if receipt[name]}


async def _cities(city: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = await city.served("legal_entity", "entity_name", "city")
    return found


async def test_the_newest_row_is_taken_and_the_batch_says_how_many_were_not(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=NEWEST)
    rows = [
        entity(invent, 1, "2024-01-09", city="甲"),
        entity(invent, 2, "2024-01-01"),
        entity(invent, 1, "2024-01-10", city="乙"),
        entity(invent, 1, "2023-12-31", city="丙"),
        entity(invent, 2, "2024-01-05"),
    ]
    receipt = await city.deliver(source, rows)
    assert counts(receipt) == {"inserted": 2, "duplicate": 3}
    [note] = receipt["notes"]
    assert (note["code"], note["rows"], note["name"]) == ("ING-SUPERSEDED", 2, "modified")
    assert "{" not in note["message"]
    assert await _cities(city) == [("测试企业1号", "乙"), ("测试企业2号", "苏州")]
    assert await city.count("legal_entity", "contribution") == 2
    again = await city.deliver(source, rows[::-1])
    assert counts(again) == {"unchanged": 2, "duplicate": 3}
    assert await city.count("legal_entity", "contribution") == 2


async def test_a_tie_with_other_values_is_refused_and_what_is_older_is_not(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=NEWEST)
    rows = [
        entity(invent, 1, "2024-01-10", city="甲"),
        entity(invent, 1, "2024-01-10", city="乙"),
        entity(invent, 1, "2024-01-01", city="丙"),
        entity(invent, 2, "2024-01-01"),
    ]
    receipt = await city.deliver(source, rows)
    assert counts(receipt) == {"inserted": 1, "quarantined": 2, "duplicate": 1}
    assert receipt["reasons"] == {"ING-KEY-CONFLICT": 2}
    assert await _cities(city) == [("测试企业2号", "苏州")]


async def test_rows_settled_as_unchanged_take_part(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=NEWEST)
    first, other = entity(invent, 1, "2024-01-10", city="甲"), entity(invent, 2, "2024-01-01")
    await city.deliver(source, [first, other])
    older = await city.deliver(source, [entity(invent, 1, "2024-01-09", city="丙"), first, other])
    assert counts(older) == {"unchanged": 2, "duplicate": 1}
    assert await _cities(city) == [("测试企业1号", "甲"), ("测试企业2号", "苏州")]
    newer = await city.deliver(source, [other, first, entity(invent, 1, "2024-01-11", city="乙")])
    assert counts(newer) == {"unchanged": 1, "updated": 1, "duplicate": 1}
    assert await _cities(city) == [("测试企业1号", "乙"), ("测试企业2号", "苏州")]
    tied = await city.deliver(
        source, [other, entity(invent, 1, "2024-01-11", city="丁"), entity(invent, 1, "2024-01-11", city="乙")]
    )
    assert counts(tied) == {"unchanged": 1, "quarantined": 2}
    assert await _cities(city) == [("测试企业1号", "乙"), ("测试企业2号", "苏州")]


async def test_a_row_that_is_newer_but_refused_leaves_what_was_published_before(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=NEWEST)
    await city.deliver(source, [entity(invent, 1, "2024-01-10", city="甲"), entity(invent, 2, "2024-01-10")])
    wrong = entity(invent, 1, "2024-01-12", code=invent["uscc"](1)[:17] + "?")
    receipt = await city.deliver(source, [entity(invent, 1, "2024-01-11", city="乙"), wrong, entity(invent, 2, "x")])
    assert counts(receipt) == {"unchanged": 1, "quarantined": 1, "duplicate": 1}
    assert await _cities(city) == [("测试企业1号", "甲"), ("测试企业2号", "苏州")]


async def test_a_warning_of_a_superseded_row_is_not_the_warning_of_the_delivery(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=NEWEST)
    strange = entity(invent, 1, "2024-01-10", code=invent["uscc"](1, "999999"))  # a division that never was
    first = await city.deliver(source, [strange, entity(invent, 2, "2024-01-10")])
    assert first["warnings"] == {"legal_entity.uscc.division_known": 1}
    second = await city.deliver(source, [strange, entity(invent, 1, "2024-01-11"), entity(invent, 2, "2024-01-10")])
    assert counts(second) == {"unchanged": 1, "updated": 1, "duplicate": 1}
    assert second["warnings"] == {}


async def test_a_delivery_in_chunks_is_settled_across_them(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more=NEWEST)
    object.__setattr__(city.settings, "chunk_rows", 1_000)
    city.opened = None
    rows = [entity(invent, n % 900, f"2024-01-{1 + n // 900:02d}", city=f"{n // 900}") for n in range(2_700)]
    receipt = await city.deliver(source, rows)
    assert counts(receipt) == {"inserted": 900, "duplicate": 1_800}
    assert receipt["notes"][0]["rows"] == 1_800
    assert {place for _, place in await _cities(city)} == {"2"}


async def test_a_delivery_without_the_column_is_refused_whole(city: Any, invent: Make) -> None:
    source = city.declare("tiny", more='order_by = ["更新时间"]')
    receipt = await city.deliver(source, [entity(invent, 1, "2024-01-10")])
    assert (receipt["status"], receipt["fault"]["code"]) == ("refused", "ING-HEADER-MISSING")


def test_the_order_of_a_source_without_keys_is_told(city: Any) -> None:
    city.declare("tiny", more='order_by = ["更新时间"]')
    path = city.settings.home_dir / "sources" / "tiny.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('key = ["key"]', 'key = "row-hash"'), encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_sources(city.settings)
    assert [found.code for found in caught.value.faults] == ["ING-SOURCE-ORDER"]
