"""``/dictionary/…``: standard names for what others call things, and the lists; no key needed (query, road out)."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jishi.dictionary import resolve as resolver
from jishi.errors import CallerError, Fault, NotFoundError
from jishi_api import statements
from jishi_api.links import link
from jishi_api.serving import serving_of

router = APIRouter(prefix="/dictionary", tags=["dictionary"])

CODE_LIMIT = 60

Text = Annotated[str, Field(pattern=r"^[^\x00]*$")]
"""What PostgreSQL can take: anything but the character zero."""

Word = Annotated[Text, Field(max_length=200)]


Name = Annotated[str, Field(pattern=r"(?s)^.*$")]
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
    if len(wanted.names) <= resolver.AT_ONCE:
        return _bytes(answer.as_bytes(request.state.language))
    return _bytes(await asyncio.to_thread(answer.as_bytes, request.state.language))


@router.get("/schemes", summary="概念体系与代码表 schemes and code lists")
async def schemes(request: Request) -> Response:
    async with serving_of(request).connection() as connection:
        rows = await connection.fetch(statements.SCHEMES)
    return JSONResponse({"schemes": [_described(request, row) for row in rows]})


@router.get("/schemes/{scheme}", summary="一个概念体系或代码表 one scheme or code list")
async def one_scheme(request: Request, scheme: str) -> Response:
    async with serving_of(request).connection() as connection:
        head = await _head(connection, scheme)
        statement = statements.CONCEPTS if head["kind"] == "concepts" else statements.CODES
        rows = await connection.fetch(statement, head["id"])
    opening = json.dumps(_described(request, head), ensure_ascii=False)[:-1]
    return _json(f'{opening},"concepts":[{",".join(row["concept"] for row in rows)}]}}')


@router.get("/concepts/{code}", summary="一个概念 one concept")
async def concept(request: Request, code: str, scheme: str | None = None) -> Response:
    """Without ``scheme`` of the project schemes. A code of a list answers with its period in force, or its last."""
    if "\0" in code or len(code) > CODE_LIMIT:
        raise NotFoundError("QRY-CONCEPT")
    async with serving_of(request).connection() as connection:
        kind = "concepts" if scheme is None else (await _head(connection, scheme))["kind"]
        statement = statements.CONCEPT if kind == "concepts" else statements.CODE_VALUE
        rows = await connection.fetch(statement, code, scheme)
    if not rows:
        raise NotFoundError("QRY-CONCEPT")
    if kind == "concepts" and len(rows) > 1:
        found = tuple(Fault(row["scheme"], "QRY-KEY-ONE-OF") for row in rows)
        raise CallerError("QRY-CONCEPT-AMBIGUOUS", faults=found)
    return _json(rows[0]["concept"])


async def _head(connection: Any, scheme: str) -> Any:
    rows = await connection.fetch(statements.SCHEMES)
    for row in rows:
        if row["id"] == scheme:
            return row
    raise NotFoundError("QRY-SCHEME")


def _described(request: Request, row: Any) -> dict[str, object]:
    told = {name: value for name, value in dict(row).items() if value is not None}
    return {**told, "links": [link(request, "self", "dictionary", "schemes", row["id"]).model_dump(exclude_none=True)]}


def _json(text: str) -> Response:
    return _bytes(text.encode())


def _bytes(body: bytes) -> Response:
    return Response(body, media_type="application/json")
