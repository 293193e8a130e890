"""``/stewardship/held`` and what is decided of held batches: preview, release, discard (road out)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from jishi.access import acts
from jishi.access.officer import Officer
from jishi.errors import CallerError
from jishi.stewardship import held
from jishi.stewardship.held import HeldBatch
from jishi_api.acting import GREATEST, acting, number_of, private_json
from jishi_api.held_view import held_json, look_at_preview, preview_json
from jishi_api.links import address, with_parameters
from jishi_api.serving import serving_of
from jishi_api.steward import steward_of
from jishi_api.writing import writing

if TYPE_CHECKING:
    from asyncpg import Connection

router = APIRouter(prefix="/stewardship", tags=["stewardship"])


class Why(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00]*$")] = ""


@router.get("/held", summary="暂存批次 held batches, newest first")
async def listed(
    request: Request,
    before: Annotated[int | None, Query(ge=1, le=GREATEST)] = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> Response:
    async with writing(serving_of(request)) as connection:
        officer = await steward_of(connection, request)
        found = await held.listed(connection, officer, before, limit + 1)
    links = []
    if len(found) > limit:
        here = address(request, "stewardship", "held")
        following = [("limit", str(limit)), ("before", str(found[limit - 1].batch_id))]
        links.append({"rel": "next", "href": with_parameters(here, following)})
    return private_json({"held": [held_json(request, one) for one in found[:limit]], "links": links})


@router.get("/batches/{number}/preview", summary="预览 the latest preview of what publishing would change")
async def preview(request: Request, number: int) -> Response:
    """Exact counts, a sample under masks, and the departments that received what would change."""
    serving = serving_of(request)
    async with writing(serving) as connection:
        officer = await steward_of(connection, request)
        batch = await held.find(connection, officer, number_of(number))
        found = await held.preview(connection, batch)
    await look_at_preview(request, serving, officer, "api", batch, found)
    return private_json(preview_json(found))


@router.post("/batches/{number}/preview", summary="生成预览 ask for a preview", status_code=202)
async def ask_preview(request: Request, number: int) -> Response:
    async with _acting(request, "batch.preview", number) as (connection, officer, batch, told):
        told.detail |= {"preview": await held.ask_preview(connection, officer, batch)}
        found = await held.preview(connection, batch)
    here = address(request, "stewardship", "batches", str(number), "preview")
    return private_json({**preview_json(found), "links": [{"rel": "self", "href": here}]}, status=202)


@router.post("/batches/{number}/preview/cancel", summary="取消预览 call a preview off")
async def cancel_preview(request: Request, number: int) -> Response:
    async with _acting(request, "batch.preview.cancel", number) as (connection, _, batch, __):
        await held.cancel_preview(connection, batch)
        return private_json(preview_json(await held.preview(connection, batch)))


@router.post("/batches/{number}/release", summary="放行 publish a held batch", status_code=202)
async def release(request: Request, number: int, given: Why) -> Response:
    """Where the city wants four eyes, the first officer proposes and another carries it out."""
    serving = serving_of(request)
    async with _acting(request, "batch.release", number) as (connection, officer, batch, told):
        four_eyes = serving.city.stewardship.four_eyes
        done = await held.release(connection, officer, batch, given.reason, four_eyes=four_eyes)
        if not (serving.settings.landing_dir / batch.landing).is_file():
            raise CallerError("ING-LANDED-GONE", file=batch.landing.rsplit("/", 1)[-1])
        told.detail |= {"reason": given.reason, "carried_out": done}
        return private_json(held_json(request, await held.find(connection, officer, batch.batch_id)), status=202)


@router.post("/batches/{number}/discard", summary="废弃 give a held or failed batch up")
async def discard(request: Request, number: int, given: Why) -> Response:
    async with _acting(request, "batch.discard", number) as (connection, officer, batch, told):
        await held.discard(connection, officer, batch, given.reason)
        told.detail |= {"reason": given.reason}
        return private_json(held_json(request, await held.find(connection, officer, batch.batch_id)))


@asynccontextmanager
async def _acting(
    request: Request, act: str, batch: int
) -> AsyncIterator[tuple[Connection[Any], Officer, HeldBatch, acts.Entry]]:
    """As :func:`acting`, and the batch."""
    async with acting(request, act, str(batch)) as (connection, officer, entry):
        yield connection, officer, await held.find(connection, officer, number_of(batch)), entry
