"""``/stewardship/batches/{batch}/failures…`` and its page by Great Expectations: what stood in the rows that failed (query,
road out).

Looking at a row is a disclosure: it is durable before the row is shown, page by page of an export too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from jishi.access.officer import Officer
from jishi.delivery.failing_file import FailingTable
from jishi.delivery.table_stream import MEDIA_TYPES, Form, Rows, stream_table
from jishi.errors import NotFoundError
from jishi.quality.failing_rows import FailingPage, failed_rules, first_headers, read_failing
from jishi.quality.failures import BatchEntry
from jishi.quality.kept_validation import kept_validation
from jishi.quality.steward_report import seen_entry
from jishi.registers.catalog import register_of
from jishi.registers.element import Severity
from jishi_api.acting import GREATEST
from jishi_api.links import address, with_parameters
from jishi_api.looking import Channel, look
from jishi_api.negotiate import HTML_TYPE
from jishi_api.pages.render import POLICY
from jishi_api.report_documents import row_json
from jishi_api.serving import Serving, serving_of
from jishi_api.steward import steward_of
from jishi_api.writing import writing

router = APIRouter(prefix="/stewardship/batches", tags=["stewardship"])

EXPORT_ROWS = 1_000
PRIVATE = {"Cache-Control": "private, no-store"}

RuleId = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


@router.get("/{batch}/failures", summary="不合格的行 rows that failed a rule, or any")
async def failures(
    request: Request,
    batch: int,
    rule: RuleId = None,
    after: Annotated[int, Query(ge=0, le=GREATEST)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """All of them, in the order of the delivery; ``after`` is the number of a row, carried by the link ``next``. Refused rows
    show their cells by the department's headers, accepted ones their values by element."""
    serving = serving_of(request)
    async with writing(serving) as connection:
        officer = await steward_of(connection, request)
        entry = await seen_entry(connection, batch, officer)
        rules = failed_rules(entry, rule)
        page = await read_failing(connection, serving.sealer, entry, officer, rules, after=after, limit=limit)
    await look_at_page(request, serving, officer, "api", entry, rule, after, page)
    links = []
    if page.following is not None:
        asked = [(name, text) for name, text in request.query_params.multi_items() if name != "after"]
        here = address(request, "stewardship", "batches", str(batch), "failures")
        links.append({"rel": "next", "href": with_parameters(here, [*asked, ("after", str(page.following))])})
    counts = {result.rule: result.failed for result in entry.results if result.rule in rules}
    told = {"batch": batch, "rows_of": entry.rows_of, "failed": counts, "rows": [row_json(row) for row in page.rows]}
    return JSONResponse({**told, "links": links}, headers=PRIVATE)


@router.get("/{batch}/failures.csv", summary="导出不合格的行 the same as CSV", response_class=Response)
async def failures_csv(request: Request, batch: int, rule: RuleId = None) -> Response:
    return await export(request, "api", await _asking(request), batch, rule, "csv")


@router.get("/{batch}/failures.xlsx", summary="导出不合格的行 the same as a workbook", response_class=Response)
async def failures_xlsx(request: Request, batch: int, rule: RuleId = None) -> Response:
    return await export(request, "api", await _asking(request), batch, rule, "xlsx")


@router.get("/{batch}/data-docs", summary="Great Expectations 报告 its own page", response_class=Response)
async def data_docs(request: Request, batch: int) -> Response:
    """Counts only: no value, no key, nothing from a foreign host."""
    return await page_of_great_expectations(request, await _asking(request), batch)


async def export(
    request: Request,
    channel: Channel,
    officer: Officer,
    batch: int,
    rule: str | None,
    form: Form,
    language: str | None = None,
) -> Response:
    """All failing rows as a file that is sent while it is read; each thousand rows are disclosed before they leave."""
    serving = serving_of(request)
    async with serving.connection() as connection:
        entry = await seen_entry(connection, batch, officer)
        rules = failed_rules(entry, rule)
        headers = await first_headers(connection, serving.sealer, entry)
    severities = {result.severity for result in entry.results if result.rule in rules}
    accepted = not severities.isdisjoint({Severity.WARN.value, None})
    table = FailingTable(entry, language or request.state.language, headers, accepted)

    async def pages() -> AsyncIterator[Rows]:
        after: int | None = 0
        while after is not None:
            async with serving.connection() as connection:
                page = await read_failing(
                    connection, serving.sealer, entry, officer, rules, after=after, limit=EXPORT_ROWS
                )
            await look_at_page(request, serving, officer, channel, entry, rule, after, page)
            yield table.cells(page.rows)
            after = page.following

    name = f'attachment; filename="failures-{entry.batch}.{form}"'
    file = stream_table(form, table.header, pages())
    return StreamingResponse(file, headers={**PRIVATE, "Content-Disposition": name}, media_type=MEDIA_TYPES[form])


async def page_of_great_expectations(request: Request, officer: Officer, batch: int) -> Response:
    """Raises NotFoundError ``QLT-DATA-DOCS`` while no worker has made it."""
    async with serving_of(request).connection() as connection:
        entry = await seen_entry(connection, batch, officer)
        kept = await kept_validation(connection, entry.rows_of)
    if kept is None or kept.page is None:
        raise NotFoundError("QLT-DATA-DOCS", batch=batch)
    return Response(kept.page, media_type=HTML_TYPE, headers={**PRIVATE, "Content-Security-Policy": POLICY})


async def look_at_page(
    request: Request,
    serving: Serving,
    officer: Officer,
    channel: Channel,
    entry: BatchEntry,
    rule: str | None,
    after: int,
    page: FailingPage,
) -> None:
    """The disclosure of one page of failing rows."""
    numbers: list[Any] = [page.rows[0].row, page.rows[-1].row] if page.rows else []
    await look(
        request,
        serving,
        officer,
        channel,
        "failures",
        register_of(entry.register),
        [entry.batch, rule, after, numbers],
        masked=page.masked,
        clear=page.clear,
        subjects=page.subjects,
    )


async def _asking(request: Request) -> Officer:
    async with writing(serving_of(request)) as connection:
        return await steward_of(connection, request)
