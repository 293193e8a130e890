"""``/stewardship/batches…``: the ledger as stewards see it, no value of a row in it (query, road out)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jishi.errors import NotFoundError
from jishi.golden.tables import OUTCOMES, STATUSES
from jishi_api import statements
from jishi_api.auth import authenticate_role
from jishi_api.links import address, with_parameters
from jishi_api.serving import serving_of

router = APIRouter(prefix="/stewardship", tags=["stewardship"])

GREATEST = 2**63 - 1

_INSTANTS = ("delivered_at", "recorded_at", "finished_at")
_PLAIN = ("batch", "source", "register", "status", "format", "encoding", "bytes", "sha256", "same_as", "last_seq")


@router.get("/batches", summary="批次 batches, newest first")
async def batches(
    request: Request,
    source: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    status: Annotated[str | None, Query(pattern=f"^({'|'.join(STATUSES)})$")] = None,
    before: Annotated[int, Query(ge=1, le=GREATEST)] = GREATEST,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """``before`` is the number of a batch: only older ones are shown; the link ``next`` carries it."""
    async with serving_of(request).connection() as connection:
        await authenticate_role(connection, request, "steward")
        rows = await connection.fetch(statements.BATCHES, before, source, status, limit + 1)
    shown = rows[:limit]
    links = []
    if len(rows) > limit:
        asked = [(name, text) for name, text in request.query_params.multi_items() if name != "before"]
        here = address(request, "stewardship", "batches")
        links.append({"rel": "next", "href": with_parameters(here, [*asked, ("before", str(shown[-1]["batch"]))])})
    return JSONResponse({"batches": [_told(request, row) for row in shown], "links": links})


@router.get("/batches/{batch}", summary="一个批次 one batch")
async def one_batch(request: Request, batch: int) -> Response:
    async with serving_of(request).connection() as connection:
        await authenticate_role(connection, request, "steward")
        row = await connection.fetchrow(statements.BATCH, batch) if 0 < batch <= GREATEST else None
    if row is None:
        raise NotFoundError("QRY-BATCH")
    return JSONResponse(_told(request, row))


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
