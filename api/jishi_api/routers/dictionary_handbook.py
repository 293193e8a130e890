"""``/dictionary/handbook``: the whole data dictionary 数据字典 as one printable page (respond, road out)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from jishi.delivery.document import to_html
from jishi.delivery.handbook import handbook
from jishi.delivery.published import published_dictionary
from jishi.registers.catalog import registers
from jishi_api.dictionary_service import Asked, answer
from jishi_api.serving import serving_of

if TYPE_CHECKING:
    from asyncpg import Connection

router = APIRouter(prefix="/dictionary", tags=["dictionary"])


@router.get(
    "/handbook",
    summary="数据字典 the handbook, to read and to print",
    response_class=HTMLResponse,
)
async def whole(request: Request) -> Response:
    """Registers, elements, rules, code lists, stages and concepts as the database has them, of now or of an edition."""

    async def make(connection: Connection[Any], asked: Asked) -> Callable[[], str]:
        found = await published_dictionary(connection, asked.number)
        city = serving_of(request).city.name
        return lambda: to_html(handbook(registers().values(), found, version=asked.version, authority=city))

    return await answer(request, make, ("html",))
