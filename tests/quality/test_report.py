"""What people read about a validation."""

from __future__ import annotations

import json

import pytest

from jishi.messages import catalogue
from jishi.quality.report import Report, build_report, reason_text, rule_text
from jishi.quality.validate import Outcome, Validation
from jishi.registers.catalog import registers
from jishi.registers.element import Rule, Severity

RULES = [rule for register in registers().values() for rule in register.rules]


def validation(*outcomes: Outcome) -> Validation:
    return Validation("natural_person", "1", "stage.b_1_bad", 10, 2, 1, outcomes)


def rule(rule_id: str) -> Rule:
    return next(rule for rule in registers()["natural_person"].rules if rule.id == rule_id)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_rule_has_a_text_with_all_its_blanks_filled(language: str) -> None:
    for each in RULES:
        assert each.message in catalogue(), each.message
        text = rule_text(each, language)
        assert text != each.message
        assert "{" not in text, each.id
        assert "None" not in text, each.id


def test_a_text_names_the_element_in_the_language_asked_for() -> None:
    order = rule("natural_person.death_date.after_birth")
    assert rule_text(order, "zh-CN") == "死亡日期早于出生日期"
    assert rule_text(order, "en-GB") == "Date of death lies before Date of birth"
    assert "批次当日" in rule_text(rule("natural_person.birth_date.range"), "zh-CN")


def test_a_reason_is_told_by_its_id_and_an_unknown_one_by_itself() -> None:
    assert reason_text("natural_person", "natural_person.full_name.required", "zh-CN") == "姓名为必填项，但没有值"
    assert reason_text("natural_person", "ING-KEY-MISSING", "en").startswith("The row lacks")
    assert reason_text("natural_person", "natural_person.gone.rule", "en") == "natural_person.gone.rule"


def test_counts_of_a_report_point_one_way_and_add_up() -> None:
    report = build_report(validation(Outcome(rule("natural_person.mobile.shape"), evaluated=8, failed=3)))

    only = report.rules[0]
    assert (only.evaluated, only.not_evaluated, only.passed, only.failed) == (8, 2, 5, 3)
    assert only.severity is Severity.WARN
    assert not report.batch_refused


def test_a_report_travels_as_json_in_both_languages() -> None:
    report = build_report(validation(Outcome(rule("natural_person.full_name.required"), evaluated=10, failed=1)))

    told = json.loads(report.to_json())

    assert told["rows"] == 10
    assert told["rules"][0]["title"] == {"zh": "姓名", "en": "Full name"}
    assert told["rules"][0]["severity"] == "refuse_row"
    assert Report.from_json(report.to_json()) == report
