"""An example that satisfies a rule and one that does not, as a department writes them: declared, or made by kind of rule.

A test takes every example down the road and finds that exactly so many fail. What the city computes itself cannot be
delivered wrong: such a rule has no failing example, and says so.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from jishi.registers.element import DataElement, Kind, Rule
from jishi.registers.register import Register

Cells = Mapping[str, str]
"""Element → what a department writes for it; empty: nothing."""


@dataclass(frozen=True, slots=True)
class Example:
    """``passing`` and ``failing`` hold the cells the rule is about, ``failing`` None where no delivery can fail it.
    ``of_row``: how a row as such is spoilt, where the rule is about no element."""

    passing: Cells
    failing: Cells | None
    of_row: str | None = None


@dataclass(frozen=True)
class ExampleRows:
    """A register's examples: a row that satisfies every rule, and what each example changes of it. ``before`` are rows the
    register knows already, for rules that compare with them; ``transforms`` how a source takes single elements."""

    register: Register
    transforms: Mapping[str, str]
    good: Cells
    passes: Mapping[str, Cells]
    fails: Mapping[str, Cells]
    before: tuple[Cells, ...]

    def example(self, rule: Rule) -> Example:
        if rule.element == "row":
            return Example({}, {}, rule.id)
        short = rule.id.removeprefix(f"{self.register.name}.")
        element = self.register.elements[rule.element]
        failing = self.fails.get(short)
        if failing is None and not computed(element):
            failing = _by_kind(rule, element, self.good)
        passing = self.passes.get(short, {})
        named = dict.fromkeys((*passing, *(failing or {}), *_named(rule, self.register)))
        return Example({name: passing.get(name, self.good.get(name, "")) for name in named}, failing)

    def row(self, cells: Cells) -> Cells:
        """A whole row: the good one with these cells."""
        return {**self.good, **cells}


def examples_of(register: Register, today: date) -> ExampleRows:
    """``{today+30}`` in the declarations is that many days from ``today``."""
    told = _declared(register.name)

    def dated(cells: Cells) -> Cells:
        return {name: _DAY.sub(lambda found: _day(found, today), text) for name, text in cells.items()}

    def each(member: Mapping[str, Cells]) -> Mapping[str, Cells]:
        return {rule: dated(cells) for rule, cells in member.items()}

    before = tuple(dated(cells) for cells in told.get("before", ()))
    passes, fails = each(told.get("passes", {})), each(told.get("fails", {}))
    return ExampleRows(register, told["as"], dated(told["good"]), passes, fails, before)


def computed(element: DataElement) -> bool:
    """Whether the city makes the value itself, so that no delivery can write it wrong."""
    return element.derived or element.address_part is not None or element.scheme == "decision_document"


_DAY = re.compile(r"\{today(?:([+-]\d+))?\}")


def _day(found: re.Match[str], today: date) -> str:
    return (today + timedelta(days=int(found[1] or 0))).isoformat()


@cache
def _declared(name: str) -> dict[str, Any]:
    text = (files("jishi.quality") / "rule_examples" / f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def _named(rule: Rule, register: Register) -> tuple[str, ...]:
    """The elements a rule's columns belong to."""
    columns = (rule.element, rule.column, rule.other or "")
    return tuple(name for column in columns if (name := column.partition("__")[0]) in register.elements)


def _by_kind(rule: Rule, element: DataElement, good: Cells) -> Cells | None:
    """What breaks a rule that every element of its kind has: emptiness, length, a value that cannot be read."""
    match rule.message:
        case "QLT-REQUIRED":
            return {rule.element: ""}
        case "QLT-CODE":
            return {rule.element: "没有这个代码"}
        case "QLT-LENGTH":
            longest = int(rule.param("max"))
            text = good.get(rule.element, "")
            return {rule.element: text + "长" * (longest + 1 - len(text))}
        case "QLT-READABLE":
            unreadable = _UNREADABLE.get(element.kind)
            return None if unreadable is None else {rule.element: unreadable}
    return None


_UNREADABLE = {
    Kind.DATE: "2026年13月45日",
    Kind.PARTIAL_DATE: "2026年13月45日",
    Kind.DECIMAL: "约三成",
    Kind.INTEGER: "约三成",
    Kind.BOOLEAN: "或许",
}
