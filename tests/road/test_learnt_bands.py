"""Bands learnt from what a source really published hold its odd deliveries; declared ones stand above them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Make = dict[str, Callable[..., str]]
FULL = 'absence = "end"'


def rows(invent: Make, count: int, *, wave: int = 0, bad: int = 0) -> list[dict[str, object]]:
    """``count`` entities that say something new in every ``wave``; the first ``bad`` of them without a name."""
    return [
        {
            "key": f"K{n}",
            "name": "" if n < bad else f"测试企业{n}号",
            "code": invent["uscc"](n),
            "scope": f"范围{wave}",
        }
        for n in range(count)
    ]


def held_by(receipt: dict[str, Any]) -> list[str]:
    return [note["code"] for note in receipt["notes"] if note["code"].startswith("QLT-HELD-")]


async def test_after_four_batches_a_delivery_is_held_to_what_its_source_always_sends(city: Any, invent: Make) -> None:
    source = city.declare("tiny", mode="full")
    for wave in range(4):
        receipt = await city.deliver(source, rows(invent, 100 + wave, wave=wave))
        assert receipt["status"] == "published"
    held = await city.deliver(source, rows(invent, 60, wave=9))  # 40 % fewer: the default would let it pass
    assert (held["status"], held_by(held)) == ("held", ["QLT-HELD-VOLUME-LOW-LEARNT"])
    [note] = [note for note in held["notes"] if note["code"].startswith("QLT-HELD-")]
    assert (note["batches"], note["usual"]) == (4, "101.5")
    assert "从该数源最近 4 批学得" in note["message"]
    assert (await city.release(held["batch"]))["status"] == "published"
    again = await city.deliver(source, rows(invent, 60, wave=10))
    assert held_by(again) == ["QLT-HELD-VOLUME-LOW-LEARNT"]  # one released outlier has widened nothing


async def test_refused_rows_and_endings_are_learnt_from_the_ledger(city: Any, invent: Make) -> None:
    source = city.declare("tiny", mode="full", more=FULL)
    for wave in range(5):
        assert (await city.deliver(source, rows(invent, 600, wave=wave)))["status"] == "published"
    untidy = await city.deliver(source, rows(invent, 600, wave=5, bad=60))
    assert held_by(untidy) == ["QLT-HELD-FAILURES-LEARNT"]
    assert await city.value("SELECT count(*) FROM jishi.legal_entity WHERE state = 'active'") == 600
    fewer = await city.deliver(source, rows(invent, 575, wave=6))
    assert held_by(fewer) == ["QLT-HELD-ENDINGS-LEARNT"]
    [note] = [note for note in fewer["notes"] if note["code"].startswith("QLT-HELD-")]
    assert (note["endings"], note["live"], note["limit"], note["batches"]) == (25, 600, "1.0%", 4)


async def test_the_source_then_the_city_stand_above_what_was_learnt(city: Any, invent: Make) -> None:
    toml = city.settings.home_dir / "city.toml"
    toml.write_text('[thresholds]\nvolume_band = "off"\nmax_failure_share = "off"\n', encoding="utf-8")
    loose = city.declare("loose", mode="full")
    strict = city.declare("strict", mode="full", more="[thresholds]\nvolume_band = 0.5")
    for wave in range(5):
        for source in (loose, strict):
            assert (await city.deliver(source, rows(invent, 100, wave=wave)))["status"] == "published"
    assert (await city.deliver(loose, rows(invent, 30, wave=7, bad=29)))["status"] == "published"
    assert (await city.deliver(strict, rows(invent, 60, wave=7)))["status"] == "published"
    assert held_by(await city.deliver(strict, rows(invent, 49, wave=8))) == ["QLT-HELD-VOLUME-LOW"]


async def test_deliveries_of_another_scope_teach_nothing(city: Any, invent: Make) -> None:
    source = city.declare("tiny", mode="full", more='scope = ["city"]\n' + FULL)
    for wave in range(4):
        large = [{**row, "city": "苏州"} for row in rows(invent, 200, wave=wave)]
        assert (await city.deliver(source, large))["status"] == "published"
    small = [{**row, "key": f"Z{row['key']}", "city": "昆山"} for row in rows(invent, 25)]
    assert (await city.deliver(source, small))["status"] == "published"
