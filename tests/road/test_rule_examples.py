"""Every rule of every register has examples, and they are what they say: taken down the whole road, those that fail fail by
that very rule, and those that pass were asked and pass."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest

from jishi.quality.examples import Example, ExampleRows, computed, examples_of
from jishi.registers.catalog import registers
from jishi.registers.element import Rule

SOURCE = """
id = "examples"
title = "示例"
title_en = "Examples"
department = "113205000000900347"
register = "{register}"
rank = 10
key = ["key"]
mode = "delta"
[thresholds]
max_failure_share = "off"
[map]
{map}
"""


def declare(city: Any, examples: ExampleRows) -> str:
    """A source that takes every element of the register from a column of its name."""
    folder = city.settings.home_dir / "sources"
    folder.mkdir(parents=True, exist_ok=True)
    taken = {name: examples.transforms.get(name) for name in examples.good}
    lines = [f'{name} = {{ from = "{name}"' + (f', as = "{how}" }}' if how else " }") for name, how in taken.items()]
    text = SOURCE.format(register=examples.register.name, map="\n".join(lines))
    (folder / "examples.toml").write_text(text, encoding="utf-8")
    city.opened = None
    return "examples"


class Sheet:
    """A delivery in the making: lines of cells, and which line is which example."""

    def __init__(self, examples: ExampleRows) -> None:
        self.examples = examples
        self.columns = ["key", *examples.good]
        self.lines: list[list[str]] = []
        self.passing: dict[str, int] = {}
        self.failing: dict[str, int] = {}

    def add(self, cells: Any, *, key: str | None = None, more: tuple[str, ...] = ()) -> int:
        """A line that says ``cells``; its number in the delivery."""
        number = len(self.lines) + 1
        self.lines.append([f"K{number}" if key is None else key, *(cells.get(c, "") for c in self.columns[1:]), *more])
        return number

    def add_rule(self, rule: Rule, example: Example) -> None:
        row = self.examples.row
        if example.of_row is None:
            self.passing[rule.id] = self.add(row(example.passing))
            if example.failing is not None:
                self.failing[rule.id] = self.add(row(example.failing))
            return
        text = next(name for name in self.columns[1:] if name.endswith("name"))
        self.passing[rule.id] = self.add(row({}))
        self.failing[rule.id] = {
            "ING-ROW-RAGGED": lambda: self.add(row({}), more=("多出",)),
            "ING-ROW-REPLACED": lambda: self.add(row({text: "\ufffd示例"})),
            "ING-ROW-ERROR": lambda: self.add(row({text: "#N/A"})),
            "ING-KEY-MISSING": lambda: self.add(row({}), key=""),
            "ING-KEY-CONFLICT": lambda: (self.add(row({}), key="同"), self.add(row({text: "另一示例"}), key="同"))[1],
        }[rule.id]()

    def content(self) -> bytes:
        text = io.StringIO()
        csv.writer(text).writerows([self.columns, *self.lines])
        return text.getvalue().encode()


@pytest.mark.parametrize("name", list(registers()))
async def test_every_example_of_a_register_is_what_it_says(city: Any, name: str) -> None:
    register = registers()[name]
    examples = examples_of(register, date.today())  # noqa: DTZ011  the day of the delivery
    source = declare(city, examples)
    before = Sheet(examples)
    for cells in examples.before:
        before.add(cells)
    if before.lines:
        assert (await city.deliver(source, before.content()))["quarantined"] == 0
    sheet = Sheet(examples)
    for rule in register.rules:
        sheet.add_rule(rule, examples.example(rule))
    batch = (await city.deliver(source, sheet.content()))["batch"]

    failed = await city.rows("SELECT rule, unnest(rows) AS row FROM jishi.failing_rows WHERE batch_id = $1", batch)
    found: dict[str, set[int]] = {rule.id: set() for rule in register.rules}
    for entry in failed:
        found[entry["rule"]].add(entry["row"])
    assert [rule for rule, row in sheet.failing.items() if row not in found[rule]] == []
    assert [rule for rule, row in sheet.passing.items() if row in found[rule]] == []
    asked = await city.rows(
        "SELECT r ->> 'rule' AS rule, (r ->> 'evaluated')::int AS evaluated, (r ->> 'failed')::int AS failed"
        " FROM jishi.batch, jsonb_array_elements(rules) AS r WHERE batch_id = $1",
        batch,
    )
    assert {entry["rule"] for entry in asked} == {rule.id for rule in register.rules}
    assert [entry["rule"] for entry in asked if entry["evaluated"] == entry["failed"]] == []
    without = {rule.element for rule in register.rules if rule.id not in sheet.failing}
    assert all(computed(register.elements[element]) for element in without)
