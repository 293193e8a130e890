"""The report of a batch as one printable page, without a value of any row (results back to sources)."""

from __future__ import annotations

from collections.abc import Iterator

from jishi.delivery.document import Block, Document, Heading, Paragraph, Table
from jishi.messages import render
from jishi.quality.batch_report import REFUSED, BatchReport, RuleFailures
from jishi.quality.failures import COUNTED
from jishi.quality.report_text import named


def report_page(report: BatchReport) -> Document:
    """Counts, why the batch was held or refused, and every rule with one page of its rows."""
    entry, language = report.entry, report.language
    blocks: list[Block] = [Paragraph(f"{entry.file} · {render(f'ING-STATUS-{entry.status.upper()}', language)}")]
    told = [(_word(name, language), f"{entry.counts[name]:,}") for name in COUNTED]
    blocks.append(Table(tuple(title for title, _ in told), (tuple(count for _, count in told),)))
    blocks += [Paragraph(f"{sentence} [{code}]") for code, sentence in report.why]
    blocks += _all_rules(report)
    for position, rule in enumerate(report.rules, start=1):
        blocks += _rule(rule, f"rule-{position}", language)
    return Document(render("QLT-REPORT-TITLE", language, batch=entry.batch, source=entry.source), tuple(blocks))


def _all_rules(report: BatchReport) -> Iterator[Block]:
    """Every rule the batch was measured by, those that all rows satisfy included."""
    if not report.tested:
        return
    language = report.language
    names = ("RULE", "DEMAND", "SEVERITY", "EVALUATED", "FAILED", "COULD-NOT-RUN")
    yield Heading(2, render("QLT-REPORT-ALL-RULES", language), "all-rules")
    yield Table(
        tuple(render(f"QLT-REPORT-COLUMN-{name}", language) for name in names),
        tuple(
            (
                rule.rule,
                rule.text,
                render(f"QLT-SEVERITY-{rule.severity.upper()}", language),
                str(rule.evaluated),
                str(rule.failed),
                render("QLT-REPORT-YES" if rule.could_not_run else "QLT-REPORT-NO", language),
            )
            for rule in report.tested
        ),
    )


def _rule(rule: RuleFailures, anchor: str, language: str) -> Iterator[Block]:
    kind = _word("refused" if rule.kind == REFUSED else "warned", language)
    yield Heading(2, f"{kind} {rule.rows:,}  {rule.text}", anchor)
    columns = render("QLT-REPORT-COLUMNS", language, columns=named(rule.columns, language))
    yield Paragraph(f"{rule.rule} · {columns}")
    titles = ("QLT-REPORT-COLUMN-ROW", "QLT-REPORT-COLUMN-KEY", "QLT-REPORT-COLUMN-STATUS")
    rows = (
        (str(row.row), str(row.key or "-"), render(f"QLT-REPORT-ROW-{row.status.upper()}", language))
        for row in rule.failing
    )
    if rule.failing:
        yield Table(tuple(render(code, language) for code in titles), tuple(rows))
    if rule.pages > 1:
        yield Paragraph(render("QLT-REPORT-PAGE", language, page=rule.page, pages=rule.pages))
    if rule.listed < rule.rows:
        yield Paragraph(render("QLT-REPORT-UNLISTED", language, rows=rule.rows - rule.listed))


def _word(name: str, language: str) -> str:
    return render(f"ING-COLUMN-{name.upper()}", language)
