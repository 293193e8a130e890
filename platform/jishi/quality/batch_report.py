"""The report back of a batch 批次报告: every rule with its counts, its sentence and its failing rows (behind the road in).

A row is named by its number and the keyed tag of its source key. No value of a row is part of it: who may see those gets
the department's file (``jishi.delivery.refused_file``) or looks at them (:mod:`jishi.quality.failing_rows`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import asyncpg

from jishi.errors import CallerError
from jishi.messages import render
from jishi.quality.failures import (
    BatchEntry,
    Failing,
    RuleResult,
    batch_entry,
    count_failing,
    page_of_failing,
)
from jishi.quality.report import EN, element_title, reason_text
from jishi.quality.trend import TrendPoint
from jishi.registers.catalog import register_of
from jishi.registers.element import Rule

REFUSED, WARNED = "refused", "warned"


@dataclass(frozen=True, slots=True)
class RuleFailures:
    """One rule that rows of the batch failed: ``rows`` were counted, ``listed`` can still be named, ``failing`` is one
    page of them. ``columns`` are the department's own headers; empty: the row as such."""

    rule: str
    kind: str  # refused or warned
    element: str
    title: str
    text: str
    columns: tuple[str, ...]
    rows: int
    listed: int
    page: int
    pages: int
    failing: tuple[Failing, ...] = ()


@dataclass(frozen=True, slots=True)
class TestedRule:
    """One rule the batch was measured by, whether rows failed it or not. Of ``evaluated`` rows ``failed`` did not satisfy it;
    ``carried`` accepted rows said nothing new and keep a warning of before. ``severity`` is that of then, the source's own
    where ``overridden``. ``could_not_run``: why the counts say nothing."""

    rule: str
    element: str
    title: str
    text: str
    severity: str
    overridden: bool
    evaluated: int
    failed: int
    carried: int
    could_not_run: str | None
    columns: tuple[str, ...]
    trend: tuple[TrendPoint, ...] = ()

    __test__ = False  # not a test, whatever its name tells a test runner

    @property
    def passed(self) -> int:
        return self.evaluated - self.failed

    @property
    def share(self) -> float | None:
        """Failed of evaluated; None where no row was asked."""
        return self.failed / self.evaluated if self.evaluated else None


@dataclass(frozen=True, slots=True)
class BatchReport:
    """``why`` says, in full sentences, why a batch was held or refused whole; ``tested`` holds every rule that was asked,
    ``rules`` those that rows failed, with their rows."""

    entry: BatchEntry
    language: str
    why: tuple[tuple[str, str], ...]  # code and sentence
    rules: tuple[RuleFailures, ...]
    tested: tuple[TestedRule, ...] = ()


async def read_report(
    connection: asyncpg.Connection,
    batch_id: int,
    language: str,
    *,
    rule: str | None = None,
    page: int = 1,
    page_size: int = 100,
) -> BatchReport:
    """The report with one page of rows a rule (``page_size`` 0: counts only); ``rule`` leaves the other rules out.

    Raises NotFoundError ``ING-BATCH-UNKNOWN`` and CallerError ``QLT-REPORT-RULE`` with the rules there are.
    """
    entry = await batch_entry(connection, batch_id)
    kinds = kinds_of(entry)
    if rule is not None and rule not in kinds:
        raise CallerError("QLT-REPORT-RULE", rule=rule, batch=batch_id, known=", ".join(kinds) or "-")
    rules = []
    for name, kind in kinds.items():
        if rule not in (None, name):
            continue
        listed = await count_failing(connection, entry, name)
        failing = []
        if page_size:
            failing = await page_of_failing(connection, entry, name, skip=(page - 1) * page_size, limit=page_size)
        pages = -(-listed // page_size) if page_size else 0
        element, title = _about(entry.register, name, language)
        counted = (entry.reasons if kind == REFUSED else entry.warnings)[name]
        rules.append(
            RuleFailures(
                rule=name,
                kind=kind,
                element=element,
                title=title,
                text=reason_text(entry.register, name, language),
                columns=entry.columns.get(name, ()),
                rows=counted,
                listed=listed,
                page=page,
                pages=pages,
                failing=tuple(failing),
            )
        )
    return BatchReport(entry, language, tuple(why_of(entry, language)), tuple(rules), tested_rules(entry, language))


def tested_rules(
    entry: BatchEntry, language: str, trend: Mapping[str, tuple[TrendPoint, ...]] | None = None
) -> tuple[TestedRule, ...]:
    """Every rule the batch was measured by, in the order of the register."""
    rules = {rule.id: rule for rule in register_of(entry.register).rules}
    return tuple(_tested(entry, result, rules.get(result.rule), language, trend or {}) for result in entry.results)


def _tested(
    entry: BatchEntry,
    result: RuleResult,
    rule: Rule | None,
    language: str,
    trend: Mapping[str, tuple[TrendPoint, ...]],
) -> TestedRule:
    """A rule the register no longer has is told by what the ledger kept of it."""
    return TestedRule(
        rule=result.rule,
        element=rule.element if rule else "",
        title=element_title(rule, language) if rule else result.rule,
        text=reason_text(entry.register, result.rule, language),
        severity=result.severity or (rule.severity.value if rule else ""),
        overridden=result.overridden,
        evaluated=result.evaluated,
        failed=result.failed,
        carried=max(0, entry.warnings.get(result.rule, 0) - result.failed),
        could_not_run=result.could_not_run,
        columns=result.columns,
        trend=trend.get(result.rule, ()),
    )


def kinds_of(entry: BatchEntry) -> Mapping[str, str]:
    """Rule id → what became of its rows; the most frequent first, refusals before warnings."""
    told = ((REFUSED, entry.reasons), (WARNED, entry.warnings))
    return {rule: kind for kind, counts in told for rule, _ in sorted(counts.items(), key=lambda pair: -pair[1])}


def why_of(entry: BatchEntry, language: str) -> Iterator[tuple[str, str]]:
    """Code and sentence of each reason why the batch was held, refused whole or abandoned."""
    for note in entry.notes:
        if note["code"].startswith("QLT-HELD-"):
            yield note["code"], render(note["code"], language, **{n: v for n, v in note.items() if n != "code"})
    if entry.fault:
        sentence = entry.fault.get("message_en") if language.startswith(EN) else None
        yield entry.fault["code"], sentence or entry.fault["message"]


def _about(register: str, rule_id: str, language: str) -> tuple[str, str]:
    """Name and title of the element a rule stands under."""
    for rule in register_of(register).rules:
        if rule.id == rule_id:
            return rule.element, element_title(rule, language)
    return "", rule_id
