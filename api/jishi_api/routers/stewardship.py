"""``/stewardship/batches…``: the ledger and the report of a batch as stewards see them, no value of a row in it (query, road
out). Batches of another department are not there for its officers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jishi.golden.tables import OUTCOMES, STATUSES
from jishi.quality.steward_report import StewardReport, steward_report
from jishi_api.acting import GREATEST
from jishi_api.ledger import ledger_page, ledger_row
from jishi_api.links import address, with_parameters
from jishi_api.report_documents import report_json
from jishi_api.serving import serving_of
from jishi_api.steward import steward_of
from jishi_api.writing import writing

router = APIRouter(prefix="/stewardship", tags=["stewardship"])

FORMS = ("csv", "xlsx")

_INSTANTS = ("delivered_at", "recorded_at", "finished_at")
_PLAIN = (
    *("batch", "source", "register", "kind", "repairs", "status", "format", "encoding", "bytes", "sha256", "same_as"),
    "last_seq",
)


@router.get("/batches", summary="批次 batches, newest first")
async def batches(
    request: Request,
    source: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    status: Annotated[str | None, Query(pattern=f"^({'|'.join(STATUSES)})$")] = None,
    before: Annotated[int, Query(ge=1, le=GREATEST)] = GREATEST,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """``before`` is the number of a batch: only older ones are shown; the link ``next`` carries it."""
    async with writing(serving_of(request)) as connection:
        officer = await steward_of(connection, request)
        rows = await ledger_page(connection, officer, source=source, status=status, before=before, limit=limit + 1)
    shown = rows[:limit]
    links = []
    if len(rows) > limit:
        asked = [(name, text) for name, text in request.query_params.multi_items() if name != "before"]
        here = address(request, "stewardship", "batches")
        links.append({"rel": "next", "href": with_parameters(here, [*asked, ("before", str(shown[-1]["batch"]))])})
    return JSONResponse({"batches": [_told(request, row) for row in shown], "links": links})


@router.get("/batches/{batch}", summary="批次报告 one batch with all its rules")
async def one_batch(request: Request, batch: int) -> Response:
    """Every rule with what it evaluated, how many rows failed it, and its share in the last ten published batches; why the
    batch was held or refused; how late it came. What is counted are the bad rows."""
    serving = serving_of(request)
    async with writing(serving) as connection:
        officer = await steward_of(connection, request)
        report = await steward_report(
            connection, batch, officer, request.state.language, serving.settings, serving.city
        )
        row = await ledger_row(connection, batch)
    return JSONResponse(
        {**_told(request, row), **report_json(report), "links": _links(request, report)},
        headers={"Cache-Control": "private, no-store"},
    )


def _links(request: Request, report: StewardReport) -> list[dict[str, str]]:
    here = ("stewardship", "batches", str(report.entry.batch))
    links = [{"rel": "failures", "href": address(request, *here, "failures")}]
    links += [{"rel": f"failures-{form}", "href": address(request, *here, f"failures.{form}")} for form in FORMS]
    if report.data_docs:
        links.append({"rel": "data-docs", "href": address(request, *here, "data-docs"), "type": "text/html"})
    return links


def _told(request: Request, row: Mapping[str, Any]) -> dict[str, object]:
    """One batch in the shape of ``jishi ingest run --json``, without the file's name and what was said of it."""
    fault = {"code": row["fault_code"], "line": row["fault_line"], "byte": row["fault_byte"]}
    return {
        **{name: row[name] for name in _PLAIN},
        **{name: row[name].isoformat() if row[name] else None for name in _INSTANTS},
        **{name: row[name] for name in ("received", *OUTCOMES, "ended_by_absence")},
        "golden": {name: row[f"golden_{name}"] for name in ("created", "changed", "ended", "review")},
        **{name: json.loads(row[name]) for name in ("reasons", "warnings", "seconds")},
        "fault": fault if row["fault_code"] else None,
        "report": address(request, "stewardship", "batches", str(row["batch"])),
    }
