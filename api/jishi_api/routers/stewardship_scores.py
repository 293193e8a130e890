"""``/stewardship/scores``: quality by register, source, department and month, with all it is computed from (query, road out)."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jishi.quality.indicators import load_indicators
from jishi.quality.score_text import scores_json
from jishi.quality.scores import Group, Wanted, read_scores
from jishi.registers.catalog import register_of
from jishi_api.routers.stewardship_rules import PRIVATE, RegisterName
from jishi_api.serving import serving_of
from jishi_api.steward import steward_of
from jishi_api.writing import writing

router = APIRouter(prefix="/stewardship/scores", tags=["stewardship"])

Word = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]
Month = Annotated[str | None, Query(pattern=r"^(19|20)\d{2}-(0[1-9]|1[0-2])$")]


@router.get("", summary="质量评分 scores by GB/T 36344")
async def scores(
    request: Request,
    register: RegisterName = None,
    source: Word = None,
    department: Word = None,
    month: Month = None,
    group: Group = "source",
) -> Response:
    """Of each line every sub-indicator with numerator, denominator and weight: a dimension is the weighted mean of those that
    have a denominator, the whole that of its dimensions. ``score`` null: nothing was asked (N/A). ``group``: what is added up
    in one line."""
    serving = serving_of(request)
    indicators = load_indicators(serving.settings)
    first = date.fromisoformat(f"{month}-01") if month else None
    wanted = Wanted(register_of(register).name if register else None, source, department, first)
    async with writing(serving) as connection:
        officer = await steward_of(connection, request)
        found = await read_scores(connection, indicators, officer, wanted, group)
    return JSONResponse(scores_json(found, indicators, request.state.language), headers=PRIVATE)
