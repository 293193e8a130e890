"""``/stewardship/sources…``: what is declared of each source, how fresh it is, its last deliveries (query, road out)."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from jishi.stewardship import sources
from jishi.stewardship.sources import Source
from jishi_api.acting import private_json
from jishi_api.links import address
from jishi_api.serving import serving_of
from jishi_api.steward import steward_of
from jishi_api.writing import writing

router = APIRouter(prefix="/stewardship/sources", tags=["stewardship"])

LATEST = 20


@router.get("", summary="数源 sources with their freshness")
async def listed(request: Request) -> Response:
    async with writing(serving_of(request)) as connection:
        officer = await steward_of(connection, request)
        found = await sources.listed(connection, officer)
    return private_json({"sources": [_source(request, one) for one in found]})


@router.get("/{source}", summary="一个数源 one source, its columns and last deliveries")
async def one(request: Request, source: str) -> Response:
    async with writing(serving_of(request)) as connection:
        officer = await steward_of(connection, request)
        found = await sources.one(connection, officer, source)
        columns = await sources.columns(connection, officer, found.name)
        latest = await sources.deliveries(connection, officer, source=found.name, limit=LATEST)
    deliveries = [_plain(asdict(delivery)) for delivery in latest]
    return private_json({**_source(request, found), "columns": dict(columns), "deliveries": deliveries})


def _source(request: Request, found: Source) -> dict[str, Any]:
    own = address(request, "stewardship", "sources", found.name)
    return {**_plain(asdict(found)), "links": [{"rel": "self", "href": own}]}


def _plain(told: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else _plain(value) if isinstance(value, dict) else value
        for name, value in told.items()
    }
