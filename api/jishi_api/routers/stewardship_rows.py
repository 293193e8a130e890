"""``/stewardship/contributions/{collection}/{number}/row``: the row in which a contribution was received (road out)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from jishi.errors import CallerError
from jishi.quality.raw_row import Sight
from jishi.stewardship.row_readings import GONE, Reading, ReceivedRow
from jishi_api import received_row
from jishi_api.acting import number_of, private_json, reading
from jishi_api.links import address
from jishi_api.routers.collections import register_by_collection
from jishi_api.serving import serving_of

router = APIRouter(prefix="/stewardship", tags=["stewardship"])


@router.get("/contributions/{collection}/{number}/row", summary="原始行 the row a contribution was received in")
async def row(request: Request, collection: str, number: int) -> Response:
    """Its cells as they were sent to the stewards of the department that sent them, their shapes to the city's. A worker
    reads them from the landing zone: 202 where that takes longer than a few seconds, 410 where the bytes were let go."""
    serving = serving_of(request)
    register = register_by_collection(collection)
    async with reading(request) as (connection, officer):
        found, told = await received_row.asked(request, serving, connection, officer, register, number_of(number))
    told = await received_row.awaited(serving, told)
    if told.fault == GONE:
        raise CallerError("QLT-ROW-GONE", batch=found.batch_id, row=found.row_number)
    if told.raw is None:
        answer = private_json(_row(request, collection, found, told, None), status=202 if told.is_under_way else 200)
        if told.is_under_way:
            answer.headers["Retry-After"] = "1"
        return answer
    sight = await received_row.shown(request, serving, officer, "api", found, told.raw)
    return private_json(_row(request, collection, found, told, sight))


def _row(request: Request, collection: str, found: ReceivedRow, told: Reading, sight: Sight | None) -> dict[str, Any]:
    """``cells`` null: not read yet, or, with a ``fault``, not to be read. ``sha256``: of the whole delivery."""
    return {
        "collection": collection,
        "contribution": found.contribution,
        "id": str(found.uid),
        "source": found.source,
        "department": found.department,
        "batch": found.batch_id,
        "row": found.row_number,
        "delivered_at": found.delivered_at.isoformat(),
        "sha256": found.sha256.hex(),
        "status": told.status,
        "fault": told.fault,
        "sight": None if sight is None else "masked" if sight.masked or sight.digests else "clear",
        "cells": None if sight is None else dict(sight.row.cells),
        "surplus": None if sight is None else sight.row.surplus,
        "digests": {} if sight is None else dict(sight.digests),
        "links": [
            {"rel": "self", "href": _here(request, collection, found.contribution)},
            {"rel": "batch", "href": address(request, "stewardship", "batches", str(found.batch_id))},
            {
                "rel": "lineage",
                "href": address(request, "collections", collection, "items", str(found.uid), "lineage"),
            },
        ],
    }


def _here(request: Request, collection: str, contribution: int) -> str:
    return address(request, "stewardship", "contributions", collection, str(contribution), "row")
