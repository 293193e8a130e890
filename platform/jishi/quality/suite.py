"""What a delivery is measured against: its register's rules, each as one Great Expectations expectation (*validate*).

Only facts are asserted (equal, in a set, between, …); the facts themselves were computed by ``standardise``. Nothing
here runs a statement, and Great Expectations is imported only when an expectation is built.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from jishi.registers.element import Rule, Test
from jishi.registers.register import Register

if TYPE_CHECKING:
    from great_expectations import ExpectationSuite
    from great_expectations.expectations.expectation import Expectation

META_RULE = "rule"
"""Key of an expectation's meta that carries the rule id, so that a result is told by its rule and not by its order."""

EXPECTATIONS = {
    Test.NOT_NULL: "ExpectColumnValuesToNotBeNull",
    Test.IN_SET: "ExpectColumnValuesToBeInSet",
    Test.MAX_LENGTH: "ExpectColumnValueLengthsToBeBetween",
    Test.REGEX: "ExpectColumnValuesToMatchRegex",
    Test.BETWEEN: "ExpectColumnValuesToBeBetween",
    Test.PAIR_EQUAL: "ExpectColumnPairValuesToBeEqual",
    Test.PAIR_NOT_BEFORE: "ExpectColumnPairValuesAToBeGreaterThanB",
}
"""Which expectation each test is."""


def applicable(register: Register, columns: Collection[str]) -> tuple[Rule, ...]:
    """The rules whose columns the stage table has; a source that does not map an element is not asked for it."""
    return tuple(
        rule for rule in register.rules if rule.column in columns and (rule.other is None or rule.other in columns)
    )


def build_suite(name: str, rules: Iterable[Rule], today: date) -> ExpectationSuite:
    """The rules as one suite; ``today`` is the batch's day and takes the place of the text ``today`` in a range."""
    from great_expectations import ExpectationSuite

    return ExpectationSuite(name=name, expectations=[build_expectation(rule, today) for rule in rules])


def build_expectation(rule: Rule, today: date) -> Expectation:
    """One rule as one expectation; null passes every test but NOT_NULL, a pair passes when either side is null."""
    from great_expectations import expectations

    build = getattr(expectations, EXPECTATIONS[rule.test])
    expectation: Expectation = build(**_domain(rule), **_limits(rule, today), meta={META_RULE: rule.id})
    return expectation


def _domain(rule: Rule) -> dict[str, Any]:
    if rule.other is None:
        return {"column": rule.column}
    return {"column_A": rule.column, "column_B": rule.other, "ignore_row_if": "either_value_is_missing"}


def _limits(rule: Rule, today: date) -> dict[str, Any]:
    match rule.test:
        case Test.IN_SET:
            return {"value_set": list(rule.param("values"))}
        case Test.MAX_LENGTH:
            return {"max_value": rule.param("max")}
        case Test.REGEX:
            return {"regex": rule.param("regex")}
        case Test.BETWEEN:
            return {f"{side}_value": _bound(rule.param(side), today) for side in ("min", "max")}
        case Test.PAIR_NOT_BEFORE:
            return {"or_equal": True}
    return {}


def _bound(value: object, today: date) -> Any:
    """A range's end in the column's own type: text stands for a date, and would not compare with a date column."""
    if value == "today":
        return today
    return date.fromisoformat(value) if isinstance(value, str) else value
