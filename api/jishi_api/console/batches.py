"""Batches 批次 in the console: the ledger, one batch's report, its failing rows (query, respond, road out)."""

from __future__ import annotations

from starlette.responses import Response

from jishi.delivery.table_stream import MEDIA_TYPES, Form
from jishi.golden.tables import STATUSES
from jishi.quality.batch_report import TestedRule
from jishi.quality.failing_rows import failed_rules, read_failing
from jishi.quality.report import reason_text
from jishi.quality.steward_report import seen_entry, steward_report
from jishi.registers.catalog import register_of
from jishi.registers.element import Severity
from jishi_api.console.formats import spark
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit
from jishi_api.ledger import ledger_page, ledger_row
from jishi_api.routers.stewardship_reports import export, look_at_page, page_of_great_expectations

section = Section()

ROLES = ("steward", "auditor")
STEWARDS = ("steward",)
PAGE = 50

STATUS = {
    "landed": words("received"),
    "running": words("running"),
    "published": words("published"),
    "held": words("held"),
    "refused": words("refused"),
    "unchanged": words("unchanged"),
    "failed": words("failed"),
    "discarded": words("discarded"),
}
SEVERITIES = {
    Severity.REFUSE_ROW.value: (words("refuses the row"), "bad"),
    Severity.REFUSE_BATCH.value: (words("refuses the batch"), "bad"),
    Severity.WARN.value: (words("warns"), "warn"),
}
ROWS = {
    "open": (words("open"), "bad"),
    "superseded": (words("refused again since"), "quiet"),
    "repaired": (words("repaired"), "good"),
    "discarded": (words("discarded"), "quiet"),
    "accepted": (words("taken in"), "info"),
    "held": (words("held with its batch"), "warn"),
    "refused": (words("refused with its batch"), "bad"),
}
"""What became of a row, and how it is coloured."""


@section.page("/batches", words("Batches"), roles=ROLES, menu=Menu.QUALITY)
async def listed(visit: Visit) -> Response:
    status = visit.asked.choice("status", STATUSES)
    source = visit.asked.text("source", most=100) or None
    before = visit.asked.number("before", least=1)
    visit.asked.check()
    rows = await ledger_page(
        visit.connection, visit.officer, source=source, status=status, before=before, limit=PAGE + 1
    )
    following = visit.here(before=rows[PAGE - 1]["batch"]) if len(rows) > PAGE else None
    first = before is None
    return visit.show("batches.html", batches=rows[:PAGE], following=following, first=first, statuses=STATUS)


@section.page("/batches/{batch}", words("Batch"), roles=ROLES)
async def one(visit: Visit) -> Response:
    """All its rules; what is listed are the bad rows."""
    serving = visit.serving
    number = visit.number("batch")
    report = await steward_report(
        visit.connection, number, visit.officer, visit.language, serving.settings, serving.city
    )
    failed = sorted((rule for rule in report.tested if rule.failed), key=lambda rule: -rule.failed)
    return visit.show(
        "batch.html",
        batch=await ledger_row(visit.connection, number),
        report=report,
        failed=failed,
        sparks={rule.rule: trend(rule) for rule in failed},
        severities=SEVERITIES,
        statuses=STATUS,
    )


@section.page("/batches/{batch}/failures", words("Failing rows"), roles=STEWARDS)
async def failures(visit: Visit) -> Response:
    """Disclosed before it is shown."""
    number, after = visit.number("batch"), visit.asked.number("after") or 0
    entry = await seen_entry(visit.connection, number, visit.officer)
    rule = visit.asked.text("rule", most=200) or None
    visit.asked.check()
    rules = failed_rules(entry, rule)
    page = await read_failing(
        visit.connection, visit.serving.sealer, entry, visit.officer, rules, after=after, limit=PAGE
    )
    await look_at_page(visit.request, visit.serving, visit.officer, "console", entry, rule, after, page)
    elements = register_of(entry.register).elements
    titles = {name: (one.title_en if visit.language == "en" else "") or one.title for name, one in elements.items()}
    concerned = {header for rule_id in rules for header in entry.columns.get(rule_id, ())} if rule else set()
    return visit.show(
        "failures.html",
        entry=entry,
        page=page,
        rule=rule,
        known=failed_rules(entry),
        titles=titles,
        concerned=concerned,
        states=ROWS,
        sentences={
            one: reason_text(entry.register, one, visit.language)
            for one in sorted({one for row in page.rows for one in row.rules})
        },
        following=visit.here(after=page.following) if page.following is not None else None,
        first=after == 0,
        in_clear=visit.officer.in_clear(entry.department),
    )


@section.act("/batches/{batch}/failures/export", roles=STEWARDS, again=failures)
async def export_failures(visit: Visit) -> Response:
    """A file, so that it is asked for by a form and no address leads to it."""
    asked = visit.form.choice("form", tuple(MEDIA_TYPES), required=True)
    rule = visit.form.text("rule", most=200) or None
    visit.form.check()
    form: Form = next((one for one in MEDIA_TYPES if one == asked), "csv")
    number = visit.number("batch")
    return await export(visit.request, "console", visit.officer, number, rule, form, visit.language)


@section.page("/batches/{batch}/data-docs", words("Great Expectations Data Docs"), roles=ROLES)
async def data_docs(visit: Visit) -> Response:
    return await page_of_great_expectations(visit.request, visit.officer, visit.number("batch"))


def trend(rule: TestedRule) -> str | None:
    """A small line of the rule's shares, this batch last; None with nothing before."""
    shares = [point.share for point in rule.trend if point.share is not None]
    return None if rule.share is None else spark([*shares, rule.share])
