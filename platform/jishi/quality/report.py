"""The validation report 校验报告 of a batch as people read it: each rule's text in both languages and its counts.

Every count says which way it points: ``passed`` and ``failed`` are rows, and of ``evaluated`` rows nothing is missing.
This module imports no Great Expectations: the API serves reports too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from jishi.messages import render
from jishi.registers.catalog import register_of
from jishi.registers.element import Rule, Severity

if TYPE_CHECKING:
    from jishi.quality.validate import Validation

ZH, EN = "zh-CN", "en"


@dataclass(frozen=True, slots=True)
class Text:
    """One sentence or title in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class RuleReport:
    """One rule of the report; ``evaluated`` = ``passed`` + ``failed``, ``not_evaluated`` are rows without a value."""

    rule: str
    element: str
    title: Text
    message: str  # code of the text
    text: Text  # what a row that fails is told
    severity: Severity
    evaluated: int
    not_evaluated: int
    passed: int
    failed: int


@dataclass(frozen=True, slots=True)
class Report:
    """A batch's report; ``refused`` and ``warned`` count rows, a row counts once however many rules it fails."""

    register: str
    rules_version: str
    rows: int
    refused: int
    warned: int
    batch_refused: bool
    rules: tuple[RuleReport, ...]

    def to_json(self) -> str:
        return _adapter().dump_json(self).decode()

    @staticmethod
    def from_json(text: str) -> Report:
        return _adapter().validate_json(text)


def build_report(validation: Validation) -> Report:
    """The report of one validation; rules in the order of the register, those that hold included."""
    rules = tuple(
        RuleReport(
            rule=outcome.rule.id,
            element=outcome.rule.element,
            title=Text(zh=element_title(outcome.rule, ZH), en=element_title(outcome.rule, EN)),
            message=outcome.rule.message,
            text=Text(zh=rule_text(outcome.rule, ZH), en=rule_text(outcome.rule, EN)),
            severity=outcome.rule.severity,
            evaluated=outcome.evaluated,
            not_evaluated=validation.rows - outcome.evaluated,
            passed=outcome.passed,
            failed=outcome.failed,
        )
        for outcome in validation.outcomes
    )
    return Report(
        register=validation.register,
        rules_version=validation.rules_version,
        rows=validation.rows,
        refused=validation.refused,
        warned=validation.warned,
        batch_refused=bool(validation.refusing),
        rules=rules,
    )


def reason_text(register: str, rule_id: str, language: str) -> str:
    """What a row refused by ``rule_id`` is told; a rule that no longer exists is told by its id alone."""
    for rule in register_of(register).rules:
        if rule.id == rule_id:
            return rule_text(rule, language)
    return render(rule_id, language)


def rule_text(rule: Rule, language: str) -> str:
    """The rule's message with its title and limits filled in; no value of a row is part of it."""
    return render(rule.message, language, title=element_title(rule, language), **limits_of(rule, language))


def limits_of(rule: Rule, language: str) -> dict[str, object]:
    """The limits a rule's sentences are filled with, as people read them, and the title of what it compares with."""
    limits = {name: _shown(value, language) for name, value in rule.params}
    return limits | ({"other": _title(rule.register, rule.other, language)} if rule.other else {})


def element_title(rule: Rule, language: str) -> str:
    """Title of the element the rule stands under, or that of the row as such."""
    if rule.element == "row":
        return "Row" if _english(language) else "整行"
    return _title(rule.register, rule.element, language)


def register_title(name: str, language: str) -> str:
    """A register as people call it: in English by its name."""
    register = register_of(name)
    return register.name.replace("_", " ").capitalize() if _english(language) else register.title


@cache
def _adapter() -> TypeAdapter[Report]:
    return TypeAdapter(Report)


def _title(register: str, column: str, language: str) -> str:
    """Title of an element by its name or by one of its fact columns ``NAME__…``."""
    element = register_of(register).elements.get(column.partition("__")[0])
    if element is None:
        return column
    return (element.title_en or element.title) if _english(language) else element.title


def _shown(value: object, language: str) -> object:
    if value is None:
        return "no limit" if _english(language) else "不限"
    if value == "today":
        return "the day of the batch" if _english(language) else "批次当日"
    return value


def _english(language: str) -> bool:
    return language.lower().startswith("en")
