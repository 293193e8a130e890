"""``/dictionary/resolve``: standard names for what others call things; no key needed (query, road out)."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from jishi.dictionary import resolve as resolver
from jishi_api.serving import serving_of

router = APIRouter(prefix="/dictionary", tags=["dictionary"])

Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""What PostgreSQL can take: anything but the character zero."""

Word = Annotated[Text, Field(max_length=200)]


Name = Annotated[str, Field(pattern=r"^[\s\S]*$")]
"""Any text that can be sent back: half a surrogate pair cannot."""


class Context(BaseModel):
    """Where the names were used: place (name or division code), department (name or USCC), stage code, project type, day."""

    model_config = ConfigDict(extra="forbid")

    place: Word | None = None
    department: Word | None = None
    stage: Word | None = None
    project_type: Word | None = None
    as_of: date | None = None


class Names(BaseModel):
    """The body of ``POST /dictionary/resolve``; without ``scheme`` the three project schemes are meant.

    A name that is blank, too long or holds the character zero is told as the fault of its item and of nothing else.
    """

    model_config = ConfigDict(extra="forbid")

    names: Annotated[list[Name], Field(min_length=1, max_length=resolver.NAMES_LIMIT)]
    scheme: Word | None = None
    context: Context = Context()
    limit: Annotated[int, Field(ge=1, le=50)] = 5


@router.post("/resolve", summary="标准名称 standard names of given names")
async def resolve(request: Request, wanted: Names) -> Response:
    context = resolver.Context(**wanted.context.model_dump())
    async with serving_of(request).connection() as connection:
        answer = await resolver.resolve(connection, wanted.names, wanted.scheme, context, wanted.limit)
    language = request.state.language
    if len(wanted.names) <= resolver.AT_ONCE:
        body = answer.as_bytes(language)
    else:
        body = await asyncio.to_thread(answer.as_bytes, language)
    noted = BackgroundTask(request.app.state.noting.take, [(wanted.scheme, context, answer)])
    return Response(body, media_type="application/json", background=noted)
