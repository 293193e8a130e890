"""Every rule of every register sees its own defect: each fact is corrupted in turn, and exactly its rules fire."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from jishi.registers import element
from jishi.registers.catalog import registers
from jishi.registers.register import Register

DAY = timedelta(days=1)
SHARED_FACTS = {
    # the same value breaks a second rule of its element
    "natural_person.mobile.length": {"natural_person.mobile.shape"},
    "legal_entity.reg_capital.not_negative": {"legal_entity.reg_capital.plausible"},
}


@pytest.mark.parametrize("name", list(registers()))
def test_each_rule_fires_on_its_own_defect_and_no_other_does(forge: Any, name: str) -> None:
    register = registers()[name]
    good = forge.good_row(register)
    defects = [(rule, {**good, **defect}) for rule in register.rules for defect in corruptions(rule, good)]
    table = forge.table(register, [good, *(row for _, row in defects)])

    validation = table.validate(forge.today)

    bad = {number: reasons | warnings for number, (reasons, warnings) in table.bad().items()}
    assert 1 not in bad
    for number, (rule, row) in enumerate(defects, start=2):
        fired = bad.get(number, frozenset())
        assert rule.id in fired, f"{rule.id} did not see its defect"
        assert fired == failing(register, row), rule.id
    alone = {rule.id for number, (rule, _) in enumerate(defects, start=2) if bad[number] == {rule.id}}
    assert {rule.id for rule in register.rules} - alone <= set(SHARED_FACTS)
    for twice, others in SHARED_FACTS.items():
        assert others | {twice} in bad.values() or not twice.startswith(name)
    assert len(validation.outcomes) == len(register.rules)


@pytest.mark.parametrize("name", list(registers()))
def test_a_rule_that_refuses_gives_a_reason_and_one_that_warns_a_warning(forge: Any, name: str) -> None:
    register = registers()[name]
    good = forge.good_row(register)
    rows = [{**good, **defect} for rule in register.rules for defect in corruptions(rule, good)]
    table = forge.table(register, rows)

    validation = table.validate(forge.today)

    severity = {rule.id: rule.severity for rule in register.rules}
    bad = table.bad()
    for reasons, warnings in bad.values():
        assert all(severity[rule] is not element.Severity.WARN for rule in reasons)
        assert all(severity[rule] is element.Severity.WARN for rule in warnings)
    assert validation.refused == sum(bool(reasons) for reasons, _ in bad.values())
    assert validation.warned == sum(bool(warnings) for _, warnings in bad.values())
    assert validation.reasons | validation.warnings == {
        rule.id: sum(rule.id in reasons | warnings for reasons, warnings in bad.values()) for rule in register.rules
    }


@pytest.mark.parametrize("name", list(registers()))
def test_rows_of_all_sorts_get_the_reasons_a_plain_reading_of_the_rules_gives(forge: Any, name: str) -> None:
    register = registers()[name]
    good = forge.good_row(register)
    dice = random.Random(20261121)
    broken = [defect for rule in register.rules for defect in corruptions(rule, good)]
    rows = []
    for _ in range(300):
        row = dict(good)
        for defect in dice.sample(broken, dice.randrange(5)):
            row |= defect
        for column in dice.sample(sorted(good), dice.randrange(len(good))):
            row[column] = None
        rows.append(row)
    table = forge.table(register, rows)

    table.validate(forge.today)

    expected = {number: failing(register, row) for number, row in enumerate(rows, start=1)}
    found = {number: reasons | warnings for number, (reasons, warnings) in table.bad().items()}
    assert found == {number: rules for number, rules in expected.items() if rules}


@pytest.mark.parametrize("name", list(registers()))
def test_a_row_on_the_very_limit_of_every_rule_is_good(forge: Any, name: str) -> None:
    register = registers()[name]
    good = forge.good_row(register)
    shaped = {rule.column for rule in register.rules if rule.test is element.Test.REGEX}
    lengths = [rule for rule in register.rules if rule.test is element.Test.MAX_LENGTH and rule.column not in shaped]
    ranges = [rule for rule in register.rules if rule.test is element.Test.BETWEEN]
    longest = {**good, **{rule.column: "长" * rule.param("max") for rule in lengths}}
    latest = {**good, **{column: forge.today for column, value in good.items() if isinstance(value, date)}}
    lowest = {**good, **{rule.column: limit(rule.param("min")) for rule in ranges}}
    table = forge.table(register, [longest, latest, lowest])

    table.validate(forge.today)

    assert table.bad() == {}


def corruptions(rule: element.Rule, good: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Values that break the rule, one row each."""
    match rule.test:
        case element.Test.NOT_NULL:
            yield {rule.column: None}
        case element.Test.IN_SET:
            right = rule.param("values")[0]
            yield {rule.column: not right if isinstance(right, bool) else "unreadable"}
        case element.Test.MAX_LENGTH:
            yield {rule.column: "长" * (rule.param("max") + 1)}
        case element.Test.REGEX:
            yield {rule.column: "12345"}
        case element.Test.BETWEEN:
            low, high = limit(rule.param("min")), limit(rule.param("max"))
            step = DAY if isinstance(low, date) else 1
            if low is not None:
                yield {rule.column: low - step}
            if high is not None:
                yield {rule.column: high + step}
        case element.Test.PAIR_EQUAL:
            yield {rule.column: "B"}
        case element.Test.PAIR_NOT_BEFORE:
            yield {rule.column: good[str(rule.other)] - DAY}


SHAPED = {"mobile": 11, "reg_no_legacy": 15}


def holds(rule: element.Rule, row: Mapping[str, Any]) -> bool:
    """What the rule says, in plain Python: a reading of its own, independent of the code under test."""
    value, other = row[rule.column], row[rule.other] if rule.other else ""
    if rule.test is element.Test.NOT_NULL:
        return value is not None
    return value is None or other is None or bool(READINGS[rule.test](rule, value, other))


def within(rule: element.Rule, value: Any, _: Any) -> bool:
    low, high = limit(rule.param("min")), limit(rule.param("max"))
    return (low is None or value >= low) and (high is None or value <= high)


READINGS: dict[element.Test, Callable[[element.Rule, Any, Any], Any]] = {
    element.Test.IN_SET: lambda rule, value, _: value in rule.param("values"),
    element.Test.MAX_LENGTH: lambda rule, value, _: len(value) <= rule.param("max"),
    element.Test.REGEX: lambda rule, value, _: value.isdigit() and len(value) == SHAPED[rule.column],
    element.Test.BETWEEN: within,
    element.Test.PAIR_EQUAL: lambda _, value, other: value == other,
    element.Test.PAIR_NOT_BEFORE: lambda _, value, other: value >= other,
}


def failing(register: Register, row: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(rule.id for rule in register.rules if not holds(rule, row))


def limit(value: Any) -> Any:
    if value == "today":
        return date(2026, 11, 21)
    return date.fromisoformat(value) if isinstance(value, str) else value
