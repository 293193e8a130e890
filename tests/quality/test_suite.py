"""From a register's declaration to an expectation suite."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from jishi.quality.stage import warm
from jishi.quality.suite import EXPECTATIONS, META_RULE, applicable, build_expectation, build_suite
from jishi.registers import element
from jishi.registers.catalog import registers

TODAY = date(2026, 11, 21)


@pytest.fixture(autouse=True, scope="module")
def _warm() -> None:
    warm()


def test_every_kind_of_test_has_an_expectation() -> None:
    assert set(EXPECTATIONS) == set(element.Test)


@pytest.mark.parametrize("name", list(registers()))
def test_each_rule_becomes_one_expectation_that_carries_its_id(name: str) -> None:
    rules = registers()[name].rules

    suite = build_suite(name, rules, TODAY)

    assert [(expectation.meta or {})[META_RULE] for expectation in suite.expectations] == [rule.id for rule in rules]


def test_a_rule_applies_only_when_both_columns_of_its_pair_are_there() -> None:
    person = registers()["natural_person"]
    one, both = {"death_date"}, {"death_date", "birth_date"}

    assert "natural_person.death_date.after_birth" not in {rule.id for rule in applicable(person, one)}
    assert "natural_person.death_date.after_birth" in {rule.id for rule in applicable(person, both)}


def test_today_is_the_day_of_the_batch_and_dates_are_dates() -> None:
    rule = next(rule for rule in registers()["natural_person"].rules if rule.id == "natural_person.birth_date.range")

    settings = build_expectation(rule, TODAY).configuration.kwargs

    assert (settings["min_value"], settings["max_value"]) == (date(1850, 1, 1), TODAY)


def test_a_pair_passes_when_either_side_is_missing() -> None:
    pairs = [rule for register in registers().values() for rule in register.rules if rule.other]

    assert pairs
    for rule in pairs:
        settings = build_expectation(rule, TODAY).configuration.kwargs
        assert settings["ignore_row_if"] == "either_value_is_missing"
        assert settings.get("or_equal", False) is (rule.test is element.Test.PAIR_NOT_BEFORE)


def test_what_great_expectations_draws_with_is_left_out_until_it_is_asked_for() -> None:
    program = """
import sys
from jishi.quality.stage import warm
warm()
assert not {"altair", "scipy.stats"} & set(sys.modules), "loaded at the start"
from great_expectations.expectations.core import expect_column_kl_divergence_to_be_less_than as drawing
assert drawing.stats.entropy([0.5, 0.5]) > 0 and drawing.alt.Chart.__module__.startswith("altair")
import altair, scipy.stats
assert altair.Chart is drawing.alt.Chart and scipy.stats.entropy is drawing.stats.entropy
"""
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
