"""What each rule is, for people: what it demands, examples, standard, severity, what it counts for, who changed it when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import asyncpg

from jishi.errors import NotFoundError
from jishi.messages import render
from jishi.quality.demand import demand_text
from jishi.quality.examples import examples_of
from jishi.quality.indicators import Indicators
from jishi.quality.report import element_title, register_title, rule_text
from jishi.quality.rule_history import RuleChange, changes_of, overrides_of, standard_of
from jishi.registers.catalog import registers
from jishi.registers.element import Rule
from jishi.registers.register import Register


@dataclass(frozen=True, slots=True)
class RuleSummary:
    """A rule in one register. ``demand``: what a row has to satisfy; ``told``: what one that does not is told."""

    rule: str
    register: str
    register_title: str
    element: str
    title: str
    demand: str
    told: str
    severity: str
    standard: str
    indicator: str | None


@dataclass(frozen=True, slots=True)
class RuleDocument:
    """``passing`` and ``failing``: title of an element → what a department writes, or one sentence under no title. What is
    listed in reports are the rows that fail. ``overrides``: source → its own severity."""

    summary: RuleSummary
    passing: Mapping[str, str]
    failing: Mapping[str, str] | None
    no_failing: str | None  # why there is no failing example
    overrides: Mapping[str, str]
    history: tuple[RuleChange, ...]


def rule_summaries(
    indicators: Indicators, language: str, register: str | None = None, severity: str | None = None
) -> Iterator[RuleSummary]:
    """Every rule of every register, or of one, in the registers' order."""
    for declared in registers().values():
        if register in (None, declared.name, declared.collection):
            for rule in declared.rules:
                if severity in (None, rule.severity.value):
                    yield _summary(declared, rule, indicators, language)


async def rule_document(
    connection: asyncpg.Connection,
    rule_id: str,
    indicators: Indicators,
    language: str,
    today: date,
    register: str | None = None,
) -> RuleDocument:
    """``register`` tells apart the road's own rules, which every register has; None: the first. Raises NotFoundError
    ``QLT-RULE-UNKNOWN``."""
    declared, rule = find_rule(rule_id, register)
    passing, failing, none = _examples(declared, rule, language, today)
    return RuleDocument(
        _summary(declared, rule, indicators, language),
        passing,
        failing,
        none,
        await overrides_of(connection, rule_id, declared.name),
        tuple(await changes_of(connection, rule_id, declared.name)),
    )


def find_rule(rule_id: str, register: str | None = None) -> tuple[Register, Rule]:
    for declared in registers().values():
        if register in (None, declared.name, declared.collection):
            for rule in declared.rules:
                if rule.id == rule_id:
                    return declared, rule
    raise NotFoundError("QLT-RULE-UNKNOWN", rule=rule_id)


def _summary(register: Register, rule: Rule, indicators: Indicators, language: str) -> RuleSummary:
    return RuleSummary(
        rule.id,
        register.name,
        register_title(register.name, language),
        rule.element,
        element_title(rule, language),
        demand_text(rule, language),
        rule_text(rule, language),
        rule.severity.value,
        standard_of(register, rule),
        indicators.of_rule(rule),
    )


def _examples(
    register: Register, rule: Rule, language: str, today: date
) -> tuple[Mapping[str, str], Mapping[str, str] | None, str | None]:
    example = examples_of(register, today).example(rule)
    if example.of_row is not None:
        return {"": render("EXA-PASS-ROW", language)}, {"": render(f"EXA-FAIL-{example.of_row}", language)}, None

    def titled(cells: Mapping[str, str]) -> Mapping[str, str]:
        elements = register.elements
        english = language.startswith("en")
        return {(elements[n].title_en if english else "") or elements[n].title: text for n, text in cells.items()}

    if example.failing is None:
        return titled(example.passing), None, render("EXA-NONE", language)
    failing = {**{name: example.passing.get(name, "") for name in example.passing}, **example.failing}
    return titled(example.passing), titled(failing), None
