"""A block of valid codes beside other entities' names is held; renamings, and a few strange names, are not."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from jishi.quality.bands import BatchCounts, Thresholds, bands
from jishi.settings import Settings
from jishi_ingest.demo.check_digits import organisation_check, uscc_check
from jishi_ingest.road import Road
from jishi_ingest.run import finish, source_of, submit, submit_again

ENTITIES = 60
SECOND = """
id = "tax"
title = "税务登记"
title_en = "Tax register"
department = "113205000000900347"
register = "legal_entity"
rank = 20
key = ["税号"]
mode = "delta"

[map]
entity_name = { from = "名称", as = "entity_name" }
uscc = { from = "代码", as = "uscc" }
"""
Deliver = Callable[[str, dict[int, str]], dict[str, Any]]


@pytest.mark.parametrize(
    ("named", "misnamed", "held"),
    [(400, 20, False), (399, 20, True), (20, 19, False), (20, 20, True), (0, 0, False)],
)
def test_more_than_a_twentieth_and_twenty_rows_of_strange_names_are_held(named: int, misnamed: int, held: bool) -> None:
    counts = BatchCounts(received=1_000, refused=0, named=named, misnamed=misnamed)
    found = bands(Thresholds(), [], counts)
    assert [reason.code for reason in found] == ["QLT-HELD-NAMES"] * held
    assert not any("{" in reason.text(language) for reason in found for language in ("zh-CN", "en"))


@pytest.fixture
def road(settings: Settings) -> Road:
    folder = settings.home_dir / "sources"
    folder.mkdir()
    (folder / "tax.toml").write_text(SECOND, encoding="utf-8")
    return Road.open(settings)


@pytest.fixture
def deliver(road: Road, tmp_path: Path) -> Deliver:
    """Deliver names by number of entity to one of two sources; the receipt."""

    def write(source: str, names: dict[int, str]) -> Path:
        path = tmp_path / f"{source}.csv"
        headers = ("税号", "名称", "代码") if source == "tax" else ("序号", "企业名称", "统一社会信用代码")
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(headers)
            writer.writerows((f"{number:05}", name, _code(number)) for number, name in names.items())
        return path

    async def see_through(source: str, file: Path) -> dict[str, Any]:
        batch = await submit(road, source_of(road, source), file)
        return await finish(road, batch, lambda progress: None)

    return lambda source, names: asyncio.run(see_through(source, write(source, names)))


def test_names_that_moved_one_row_down_are_held_and_published_when_a_steward_says_so(
    deliver: Deliver, road: Road
) -> None:
    names = {number: _name(number) for number in range(ENTITIES)}
    assert deliver("enterprise-registration", names)["status"] == "published"
    assert deliver("enterprise-registration", names | {3: "全新的名字"})["status"] == "published"
    moved = {number: _name(number + 1) for number in range(30)}
    held = deliver("enterprise-registration", moved)
    assert (held["status"], held["held"], held["inserted"], held["updated"]) == ("held", 30, 0, 0)
    assert [note["code"] for note in held["notes"]] == ["QLT-HELD-NAMES", "ING-COLUMN-IGNORED"]
    assert (held["notes"][0]["misnamed"], held["notes"][0]["named"]) == (30, 30)

    async def release() -> dict[str, Any]:
        await submit_again(road, held["batch"], release=True)
        return await finish(road, held["batch"], lambda progress: None)

    released = asyncio.run(release())
    assert (released["status"], released["updated"]) == ("published", 30)


def test_the_names_of_another_source_are_held_against_the_register_by_strong_identifier(deliver: Deliver) -> None:
    assert deliver("enterprise-registration", {n: _name(n) for n in range(ENTITIES)})["status"] == "published"
    assert deliver("tax", {n: _name(n + 1) for n in range(25)})["status"] == "held"
    alike = {n: _name(n).replace("有限公司", "股份有限公司") for n in range(ENTITIES)}
    assert deliver("tax", alike)["status"] == "published"


def test_of_a_long_delivery_every_nth_stretch_is_compared(deliver: Deliver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jishi.golden.facts.MOST_NAMES", 15)
    monkeypatch.setattr("jishi.golden.facts.STRETCH", 5)
    assert deliver("enterprise-registration", {n: _name(n) for n in range(ENTITIES)})["status"] == "published"
    held = deliver("tax", {n: _name(n + 1) for n in range(ENTITIES)})
    assert held["status"] == "held"
    assert (held["notes"][0]["misnamed"], held["notes"][0]["named"]) == (ENTITIES, ENTITIES)


def test_a_few_strange_names_go_to_review_and_unknown_entities_are_not_compared(deliver: Deliver) -> None:
    assert deliver("enterprise-registration", {n: _name(n) for n in range(ENTITIES)})["status"] == "published"
    few = {n: _name(n + (1 if n < 19 else 0)) for n in range(ENTITIES)}
    receipt = deliver("tax", few | {n: _name(n) for n in range(ENTITIES, 2 * ENTITIES)})
    assert receipt["status"] == "published"
    assert receipt["golden"]["review"] == 19


def _name(number: int) -> str:
    """Of ``number`` and of its neighbours nothing is alike but the form."""
    return chr(0x4E00 + 5 * number) * 4 + "有限公司"


def _code(number: int) -> str:
    body = f"MA{number:06}"
    start = f"91320599{body}{organisation_check(body)}"
    return start + uscc_check(start)
