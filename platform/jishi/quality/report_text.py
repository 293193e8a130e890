"""The report of a batch as a terminal or a program reads it: lines of text, or one JSON document (behind the road in).

Both are given piece by piece, so that a list of any length needs no more memory than one page of it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from typing import Any

from jishi.messages import render
from jishi.quality.batch_report import REFUSED, BatchReport, RuleFailures, TestedRule
from jishi.quality.failures import COUNTED, Failing

Rows = Callable[[RuleFailures], AsyncIterator[Failing]]
"""Gives the rows of a rule that are to be shown: its page, or all of them."""


async def as_text(report: BatchReport, rows: Rows, *, whole: bool) -> AsyncIterator[str]:
    """Lines with their ends; ``whole``: ``rows`` gives all there are."""
    entry, language = report.entry, report.language
    status = render(f"ING-STATUS-{entry.status.upper()}", language)
    yield f"{entry.batch} {entry.source} {entry.file}: {status}\n"
    counts = [f"{_word(name, language)} {entry.counts[name]:,}" for name in COUNTED if entry.counts[name]]
    if counts:
        yield "  " + ("，" if language.startswith("zh") else ", ").join(counts) + "\n"
    for code, sentence in report.why:
        yield f"  {sentence}  [{code}]\n"
    for rule in report.rules:
        async for line in _rule(rule, rows, language, whole=whole):
            yield line


async def _rule(rule: RuleFailures, rows: Rows, language: str, *, whole: bool) -> AsyncIterator[str]:
    kind = _word("refused" if rule.kind == REFUSED else "warned", language)
    yield f"\n{kind} {rule.rows:,}  {rule.text}  [{rule.rule}]\n"
    yield "  " + render("QLT-REPORT-COLUMNS", language, columns=named(rule.columns, language)) + "\n"
    async for row in rows(rule):
        status = render(f"QLT-REPORT-ROW-{row.status.upper()}", language)
        yield f"  {row.row:>9}  {row.key or '-'!s:<36}  {status}\n"
    if not whole and rule.pages > 1:
        yield "  " + render("QLT-REPORT-PAGE", language, page=rule.page, pages=rule.pages) + "\n"
    if rule.listed < rule.rows:
        yield "  " + render("QLT-REPORT-UNLISTED", language, rows=rule.rows - rule.listed) + "\n"


async def as_json(report: BatchReport, rows: Rows, *, whole: bool) -> AsyncIterator[str]:
    """One document; see :func:`document` for its members."""
    head = json.dumps(document(report), ensure_ascii=False)
    yield head[:-1] + ', "rules": ['
    for position, rule in enumerate(report.rules):
        told = asdict(rule)
        for name in ("failing", *(("page", "pages") if whole else ())):
            del told[name]
        yield (", " if position else "") + json.dumps(told, ensure_ascii=False)[:-1] + ', "failing": ['
        first = True
        async for row in rows(rule):
            yield ("" if first else ", ") + json.dumps(row_document(row))
            first = False
        yield "]}"
    yield "]}\n"


def document(report: BatchReport) -> dict[str, Any]:
    """All of the report but its rules."""
    entry = report.entry
    return {
        "batch": entry.batch,
        "rows_of": entry.rows_of,
        "source": entry.source,
        "register": entry.register,
        "status": entry.status,
        "file": entry.file,
        **entry.counts,
        "reasons": dict(entry.reasons),
        "warnings": dict(entry.warnings),
        "why": [{"code": code, "message": sentence} for code, sentence in report.why],
        "tested": [tested_document(rule) for rule in report.tested],
    }


def tested_document(rule: TestedRule) -> dict[str, Any]:
    """One rule with its counts; the shares follow from them."""
    points = [{**asdict(point), "share": point.share} for point in rule.trend]
    return {**asdict(rule), "passed": rule.passed, "share": rule.share, "trend": points}


def row_document(row: Failing) -> dict[str, Any]:
    return {"row": row.row, "key": str(row.key) if row.key else None, "status": row.status}


def named(columns: tuple[str, ...], language: str) -> str:
    """The department's headers a rule is about, or the row as such."""
    return ("、" if language.startswith("zh") else ", ").join(columns) or render("QLT-REPORT-WHOLE-ROW", language)


def _word(name: str, language: str) -> str:
    return render(f"ING-COLUMN-{name.upper()}", language)
