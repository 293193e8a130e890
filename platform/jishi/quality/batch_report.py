"""The report back of a batch 批次报告: every reason with its count, its sentence and its rows (behind the road in).

A row is named by its number and the keyed tag of its source key. No value of a row is part of it: who may see those gets
the department's file (``jishi.delivery.refused_file``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import asyncpg

from jishi.errors import CallerError
from jishi.messages import render
from jishi.quality.failures import BatchEntry, Failing, batch_entry, count_failing, page_of_failing
from jishi.quality.report import element_title, reason_text
from jishi.registers.catalog import register_of

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
class BatchReport:
    """``why`` says, in full sentences, why a batch was held or refused whole."""

    entry: BatchEntry
    language: str
    why: tuple[tuple[str, str], ...]  # code and sentence
    rules: tuple[RuleFailures, ...]


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
    return BatchReport(entry, language, tuple(_why(entry, language)), tuple(rules))


def kinds_of(entry: BatchEntry) -> Mapping[str, str]:
    """Rule id → what became of its rows; the most frequent first, refusals before warnings."""
    told = ((REFUSED, entry.reasons), (WARNED, entry.warnings))
    return {rule: kind for kind, counts in told for rule, _ in sorted(counts.items(), key=lambda pair: -pair[1])}


def _why(entry: BatchEntry, language: str) -> Iterator[tuple[str, str]]:
    for note in entry.notes:
        if note["code"].startswith("QLT-HELD-"):
            yield note["code"], render(note["code"], language, **{n: v for n, v in note.items() if n != "code"})
    if entry.fault:
        yield entry.fault["code"], entry.fault["message_en" if language.startswith("en") else "message"]


def _about(register: str, rule_id: str, language: str) -> tuple[str, str]:
    """Name and title of the element a rule stands under."""
    for rule in register_of(register).rules:
        if rule.id == rule_id:
            return rule.element, element_title(rule, language)
    return "", rule_id
