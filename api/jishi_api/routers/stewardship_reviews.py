"""``/stewardship/reviews``, ``/merge``, ``/unmerge``: whether entities are one, decided by stewards (beside the road out).

A decision is a request that a worker carries out; ``/stewardship/regroupings/{id}`` says how far it is.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from jishi.messages import render
from jishi.stewardship import reviews
from jishi.stewardship.reviews import STATUSES, Regrouping, Review
from jishi_api.acting import GREATEST, number_of, private_json, reading
from jishi_api.cases import Said, Word, acting
from jishi_api.links import address, with_parameters
from jishi_api.routers.collections import register_by_collection
from jishi_api.serving import serving_of
from jishi_api.side_by_side import Side, sides

router = APIRouter(prefix="/stewardship", tags=["stewardship"])


class Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    verdict: Literal["same", "different"]
    reason: Said


class Merge(BaseModel):
    """The two entities; the older uid stays."""

    model_config = ConfigDict(extra="forbid")

    collection: Word
    uid: UUID
    other_uid: UUID
    reason: Said


class Unmerge(BaseModel):
    """``uid``: the one that was merged, and leads to another now."""

    model_config = ConfigDict(extra="forbid")

    collection: Word
    uid: UUID
    reason: Said


@router.get("/reviews", summary="待判定 questions whether entities are one, newest first")
async def listed(
    request: Request,
    collection: Annotated[str | None, Query(max_length=100)] = None,
    status: Annotated[str | None, Query(pattern=f"^({'|'.join(STATUSES)})$")] = None,
    reason: Annotated[str | None, Query(pattern="^[A-Z-]{1,60}$")] = None,
    before: Annotated[int, Query(ge=1, le=GREATEST)] = GREATEST,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    register = register_by_collection(collection) if collection else None
    async with reading(request) as (connection, officer):
        found = await reviews.listed(connection, officer, register, status, reason, before, limit + 1)
    links = []
    if len(found) > limit:
        asked = [(name, text) for name, text in request.query_params.multi_items() if name != "before"]
        following = [*asked, ("before", str(found[limit - 1].review_id))]
        here = address(request, "stewardship", "reviews")
        links.append({"rel": "next", "href": with_parameters(here, following)})
    language = request.state.language
    return private_json({"reviews": [review_json(one, language) for one in found[:limit]], "links": links})


@router.get("/reviews/{review}", summary="一项待判定 the two entities side by side")
async def one(request: Request, review: int) -> Response:
    serving = serving_of(request)
    async with reading(request) as (connection, officer):
        found = await reviews.one(connection, officer, number_of(review))
        uids = tuple(dict.fromkeys((found.uid, found.other_uid)))
        shown = await sides(request, serving, officer, "api", found.register, uids)
    document = review_json(found, request.state.language)
    return private_json({**document, "entities": [side_json(side) for side in shown]})


@router.post("/reviews/{review}/decide", summary="判定 the same, or different", status_code=202)
async def decide(request: Request, review: int, given: Decision) -> Response:
    async with acting(request, "review.decide", str(review)) as desk:
        made = await reviews.decide(
            desk.connection, desk.pen, desk.officer, number_of(review), given.verdict, given.reason
        )
        desk.entry.detail |= {"verdict": given.verdict, "regrouping": made.regrouping_id}
    return _accepted(request, made)


@router.post("/merge", summary="合并 two entities are one", status_code=202)
async def merge(request: Request, given: Merge) -> Response:
    register = register_by_collection(given.collection)
    async with acting(request, "entity.merge", f"{register.collection} {given.uid} {given.other_uid}") as desk:
        made = await reviews.ask_merge(
            desk.connection, desk.pen, desk.officer, register, given.uid, given.other_uid, given.reason
        )
        desk.entry.detail |= {"regrouping": made.regrouping_id}
    return _accepted(request, made)


@router.post("/unmerge", summary="拆分 a merged entity stands by itself again", status_code=202)
async def unmerge(request: Request, given: Unmerge) -> Response:
    register = register_by_collection(given.collection)
    async with acting(request, "entity.unmerge", f"{register.collection} {given.uid}") as desk:
        made = await reviews.ask_unmerge(desk.connection, desk.pen, desk.officer, register, given.uid, given.reason)
        desk.entry.detail |= {"regrouping": made.regrouping_id}
    return _accepted(request, made)


@router.get("/regroupings/{regrouping}", summary="合并与拆分的进度 how far a merge or unmerge is")
async def progress(request: Request, regrouping: int) -> Response:
    async with reading(request) as (connection, officer):
        found = await reviews.regrouping(connection, officer, number_of(regrouping))
    return private_json(regrouping_json(found, request.state.language))


def review_json(found: Review, language: str) -> dict[str, Any]:
    return {
        "id": found.review_id,
        "collection": found.register.collection,
        "kind": found.kind,
        "reason": found.reason,
        "reason_text": render(found.reason, language),
        "uid": str(found.uid),
        "other_uid": str(found.other_uid),
        "status": found.status,
        "source": found.source,
        "department": found.department,
        "department_name": found.department_name,
        "batch": found.batch_id,
        "opened_at": found.opened_at.isoformat(),
        "regrouping": found.regrouping,
    }


def side_json(side: Side) -> dict[str, Any]:
    """``others``: rows of departments that the officer does not see."""
    says = [{**asdict(one), "effective_from": one.effective_from.isoformat()} for one in side.sayings]
    return {"uid": str(side.uid), "contributions": says, "others": side.unseen}


def regrouping_json(found: Regrouping, language: str) -> dict[str, Any]:
    fault = {"code": found.fault} if found.fault else None
    if fault and fault["code"].startswith("MAT-"):
        fault["detail"] = render(fault["code"], language, collection=found.register.collection)
    return {
        "id": found.regrouping_id,
        "collection": found.register.collection,
        "act": found.act,
        "review": found.review_id,
        "uid": str(found.uid),
        "other_uid": str(found.other_uid) if found.other_uid else None,
        "requested_by": found.requested_by,
        "requested_at": found.requested_at.isoformat(),
        "status": found.status,
        "fault": fault,
        "survivor": str(found.survivor) if found.survivor else None,
        "moved": found.moved,
        "finished_at": found.finished_at.isoformat() if found.finished_at else None,
    }


def _accepted(request: Request, made: Regrouping) -> Response:
    answer = private_json(regrouping_json(made, request.state.language), 202)
    answer.headers["Location"] = address(request, "stewardship", "regroupings", str(made.regrouping_id))
    return answer
