"""``/collections/{c}/items…``: pages and single features, on plain ASGI routes for speed (query, road out)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from jishi.errors import CallerError, DeniedError, Fault, NotFoundError
from jishi.registers.element import Kind
from jishi.registers.register import Register
from jishi_api import cursor, sql, statements
from jishi_api.auth import authenticate
from jishi_api.documents import CRS84, GEOJSON
from jishi_api.links import address, with_parameters
from jishi_api.query import ItemsPlan, key_value, plan_items, plan_properties
from jishi_api.routers.collections import register_by_collection
from jishi_api.serving import serving_of

if TYPE_CHECKING:
    from asyncpg import Connection

_HEADERS = {"Content-Crs": f"<{CRS84}>", "Cache-Control": "private, no-store"}
_EVERY_METHOD = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def routes() -> list[BaseRoute]:
    """In the order they are tried. Every data path has one, so that a personal collection says that it is closed."""
    here = "/collections/{collection}"
    return [
        Route(f"{here}/items", items),
        Route(f"{here}/items/{{key}}", item),
        Route(f"{here}/items", refuse_method, methods=_EVERY_METHOD),
        Route(f"{here}/items/{{key}}", refuse_method, methods=_EVERY_METHOD),
        *(
            Route(f"{here}/{path}", closed, methods=_EVERY_METHOD)
            for path in ("items/{rest:path}", "search", "batch", "match")
        ),
    ]


async def items(request: Request) -> Response:
    """A page of active features in uid order, as GeoJSON."""
    register = _open_register(request)
    serving = serving_of(request)
    async with serving.connection() as connection:
        await authenticate(connection, request)
        plan = plan_items(register, request.query_params.multi_items(), serving.cursor_secret)
        await _check_codes(connection, plan)
        statement = sql.page(plan)
        rows = await connection.fetch(statement.text, *statement.values)
    return _collection(request, plan, rows, serving.cursor_secret)


async def item(request: Request) -> Response:
    """One feature, by uid or by the register's natural key."""
    register = _open_register(request)
    async with serving_of(request).connection() as connection:
        await authenticate(connection, request)
        properties = plan_properties(register, request.query_params.multi_items())
        key = request.path_params["key"]
        uid = _uid(key)
        if uid is None:
            row = await _by_key(connection, register, key, properties)
        else:
            statement = sql.by_uid(register, uid, properties)
            row = await connection.fetchrow(statement.text, *statement.values)
            if row is None:
                return await _redirect(connection, request, register, uid)
    if row["state"] != "active":
        raise NotFoundError("QRY-ENDED")
    here = address(request, "collections", register.collection, "items", str(row["uid"]))
    links = [
        {"href": here, "rel": "self", "type": GEOJSON},
        {"href": address(request, "collections", register.collection), "rel": "collection", "type": "application/json"},
    ]
    return _geojson(_feature(row, f',"links":{json.dumps(links)}'))


async def refuse_method(request: Request) -> Response:
    """Items are only read."""
    _open_register(request)
    raise HTTPException(405, headers={"Allow": "GET, HEAD"})


async def closed(request: Request) -> Response:
    """Data paths that answer nobody: of personal collections because they are closed, of others because not there."""
    _open_register(request)
    raise NotFoundError("QRY-NOT-FOUND")


def _open_register(request: Request) -> Register:
    """The register asked for; a personal one is closed to everyone until grants and disclosures are in place."""
    register = register_by_collection(request.path_params["collection"])
    if register.personal:
        raise DeniedError("ACC-PERSONAL-CLOSED", collection=register.collection)
    return register


async def _check_codes(connection: Connection[Any], plan: ItemsPlan) -> None:
    faults = []
    for name, value in plan.equal:
        element = plan.register.elements[name]
        if element.kind is Kind.CODE and not await connection.fetchval(statements.KNOWN_CODE, element.code_list, value):
            faults.append(Fault(name, "QRY-VALUE-CODE", {"list": element.code_list}))
    if faults:
        raise CallerError("QRY-PARAMETERS", faults=tuple(faults))


async def _by_key(
    connection: Connection[Any], register: Register, key: str, properties: tuple[str, ...]
) -> Mapping[str, Any]:
    """The one active entity of the natural key; several equally meant are listed in a 409."""
    value = key_value(register, key)
    if value is None:
        raise NotFoundError("QRY-NO-SUCH-ITEM")
    statement = sql.by_key(register, value, properties)
    rows = await connection.fetch(statement.text, *statement.values)
    meant = [row for row in rows if row["preference"] == rows[0]["preference"]]
    if not meant:
        raise NotFoundError("QRY-NO-SUCH-ITEM")
    if len(meant) > 1:
        faults = tuple(Fault(str(row["uid"]), "QRY-KEY-ONE-OF") for row in meant)
        raise CallerError("QRY-KEY-AMBIGUOUS", faults=faults)
    found: Mapping[str, Any] = meant[0]
    return found


async def _redirect(connection: Connection[Any], request: Request, register: Register, uid: uuid.UUID) -> Response:
    """308 to the survivor of a merge; 404 for a uid that never was."""
    statement = sql.merged_into(register, uid)
    survivor = await connection.fetchval(statement.text, *statement.values)
    if survivor is None:
        raise NotFoundError("QRY-NO-SUCH-ITEM")
    there = address(request, "collections", register.collection, "items", str(survivor))
    return RedirectResponse(with_parameters(there, request.query_params.multi_items()), status_code=308)


def _collection(request: Request, plan: ItemsPlan, rows: list[Mapping[str, Any]], secret: bytes) -> Response:
    shown = rows[: plan.limit]
    here = address(request, "collections", plan.register.collection, "items")
    asked = [(name, text) for name, text in request.query_params.multi_items() if name != "cursor"]
    links = [
        {"href": with_parameters(here, request.query_params.multi_items()), "rel": "self", "type": GEOJSON},
        {"href": address(request, "collections", plan.register.collection), "rel": "collection"},
    ]
    if len(rows) > plan.limit:
        following = cursor.write(secret, plan.question, shown[-1]["uid"])
        links.append({"href": with_parameters(here, [*asked, ("cursor", following)]), "rel": "next", "type": GEOJSON})
    features = ",".join(_feature(row) for row in shown)
    return _geojson(
        f'{{"type":"FeatureCollection","features":[{features}],"numberReturned":{len(shown)},'
        f'"links":{json.dumps(links, ensure_ascii=False)}}}'
    )


def _feature(row: Mapping[str, Any], more: str = "") -> str:
    """A feature from the texts PostgreSQL wrote, none of them read again."""
    geometry = row["geometry"] or "null"
    return f'{{"type":"Feature","id":"{row["uid"]}","geometry":{geometry},"properties":{row["properties"]}{more}}}'


def _geojson(text: str) -> Response:
    return Response(text.encode(), media_type=GEOJSON, headers=_HEADERS)


def _uid(text: str) -> uuid.UUID | None:
    """A uid in its canonical form; anything else may be a natural key."""
    try:
        uid = uuid.UUID(text)
    except ValueError:
        return None
    return uid if str(uid) == text.lower() else None
