"""``/reconcile…``: the W3C Reconciliation Service API, so that tools such as OpenRefine clean a column (query, road out).

``/reconcile`` speaks 0.2 (queries and extensions in a form), ``/reconcile/match``, ``/extend`` and the rest the 1.0 draft;
``/reconcile/v1`` is the same service for clients that know the draft alone. No key is needed; questions hold names.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from jishi.dictionary.spelling import fold
from jishi.errors import CallerError, NotFoundError
from jishi_api.limits import BODY_LIMIT_BYTES
from jishi_api.reconcile import answers, extend, match, preview, properties, query, reading
from jishi_api.reconcile.entity import ID_LIMIT, is_text
from jishi_api.reconcile.manifest import DRAFT, V1_JSON, manifest, wanted
from jishi_api.reconcile.properties import PROPERTIES
from jishi_api.serving import serving_of

router = APIRouter(tags=["reconcile"])
draft = APIRouter(tags=["reconcile"])
"""The routes of the draft, relative to its root; 0.2 names their addresses in its manifest."""

SUGGESTED, MOST_SUGGESTED, FURTHEST = 10, 50, 10_000
CALLBACK = re.compile(r"[A-Za-z_$][\w$.]{0,99}", re.ASCII)

Id = Annotated[str, Query(max_length=ID_LIMIT, pattern=r"^[^\x00]*$")]
Prefix = Annotated[str, Query(max_length=ID_LIMIT, pattern=r"^[^\x00]*$")]
TypeId = Annotated[str | None, Query(max_length=ID_LIMIT, pattern=r"^[^\x00]*$")]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=FURTHEST)]


@router.get("/reconcile", summary="对照服务 manifest; with queries or extend: an answer")
async def root(request: Request) -> Response:
    """0.2: ``queries`` and ``extend`` hold JSON; ``callback`` wraps the answer for JSONP."""
    asked = request.query_params
    if "queries" in asked or "extend" in asked:
        return await _asked_by_form(request, asked.get("queries"), asked.get("extend"))
    return await _manifest(request, wanted(request))


@router.post("/reconcile", summary="对照 queries or extend in a form (0.2)")
async def asked_by_form(request: Request) -> Response:
    async with request.form(max_files=0, max_fields=10, max_part_size=BODY_LIMIT_BYTES) as form:
        texts = {name: value for name, value in form.items() if isinstance(value, str)}
    return await _asked_by_form(request, texts.get("queries"), texts.get("extend"))


@router.get("/reconcile/v1", summary="对照服务 manifest of the 1.0 draft")
async def root_of_draft(request: Request) -> Response:
    return await _manifest(request, DRAFT)


@router.get("/reconcile/flyout/{kind}", summary="浮窗 a few lines about an entity, a type or a property (0.2)")
async def flyout(request: Request, kind: str, id: Id) -> Response:
    language = request.state.language
    async with serving_of(request).connection() as connection:
        types = await reading.types(connection)
        entities = await reading.by_id(connection, [id]) if kind == "entity" and is_text(id) else {}
    html = None
    if entities:
        html = preview.flyout_of_entity(entities[id], types.get(entities[id].scheme), language)
    elif kind == "type" and id in types:
        html = preview.flyout_of_type(types[id], language)
    elif kind == "property" and id in PROPERTIES:
        html = preview.flyout_of_property(PROPERTIES[id], language)
    if html is None:
        raise NotFoundError("QRY-CONCEPT")
    return _told(request, {"id": id, "html": html})


@draft.post("/match", summary="对照 queries (1.0 draft)")
async def match_all(request: Request) -> Response:
    questions = query.read_1_0(query.parsed(await request.body()))
    serving, language = serving_of(request), request.state.language
    async with serving.connection() as connection:
        found, heard = await match.answer(connection, questions)
        types = await reading.types(connection)
    return _noting(request, heard, _told(request, answers.results_1_0(found, types, language)))


@draft.get("/suggest/entity", summary="联想 entities by what was typed so far")
async def suggest_entity(
    request: Request,
    prefix: Prefix = "",
    type: TypeId = None,
    limit: Limit = SUGGESTED,
    offset: Offset = 0,
    cursor: Offset = 0,
) -> Response:
    """``cursor`` is what 0.2 calls ``offset``; ``type``: only entities of this scheme or list."""
    if not is_text(prefix):
        raise CallerError("DIC-RECONCILE-QUERY")
    async with serving_of(request).connection() as connection:
        types = await reading.types(connection)
        within = type if type in types else None
        most = min(limit, MOST_SUGGESTED)
        found = await reading.suggested(connection, prefix, within, most, offset or cursor)
    return _told(request, answers.suggestions(found, types, request.state.language))


@draft.get("/suggest/type", summary="联想 schemes and code lists")
async def suggest_type(
    request: Request, prefix: Prefix = "", limit: Limit = SUGGESTED, offset: Offset = 0, cursor: Offset = 0
) -> Response:
    text = fold(prefix)
    async with serving_of(request).connection() as connection:
        types = await reading.types(connection)
    spelled = {entry.id: [fold(name) for name in (entry.id, entry.title, entry.title_en)] for entry in types.values()}
    found = [entry for entry in types.values() if any(text in name for name in spelled[entry.id])]
    found.sort(key=lambda entry: (entry.id != prefix, not any(name.startswith(text) for name in spelled[entry.id])))
    return _told(request, answers.types_told(_page(found, limit, offset or cursor), request.state.language))


@draft.get("/suggest/property", summary="联想 properties")
async def suggest_property(
    request: Request, prefix: Prefix = "", limit: Limit = SUGGESTED, offset: Offset = 0, cursor: Offset = 0
) -> Response:
    found = _page(properties.found(prefix), limit, offset or cursor)
    return _told(request, {"result": answers.properties_told(found, request.state.language)})


@draft.get("/preview", summary="预览 a small page about an entity")
async def preview_of(request: Request, id: Id) -> Response:
    async with serving_of(request).connection() as connection:
        types = await reading.types(connection)
        found = await reading.by_id(connection, [id]) if is_text(id) else {}
    if id not in found:
        raise NotFoundError("QRY-CONCEPT")
    html = preview.page(found[id], types.get(found[id].scheme), request.state.language)
    return HTMLResponse(html, headers=preview.HEADERS)


@draft.get("/extend/propose", summary="可扩展属性 properties a column may be extended by")
async def propose(
    request: Request,
    type: TypeId = None,
    limit: Limit = MOST_SUGGESTED,
) -> Response:
    async with serving_of(request).connection() as connection:
        types = await reading.types(connection)
    kind = types[type].kind if type in types else None
    told = answers.properties_told(properties.of_type(kind)[:limit], request.state.language)
    return _told(request, {"properties": told, "type": type or "", "limit": limit})


@draft.post("/extend", summary="扩展 values of properties of entities (1.0 draft)")
async def extended(request: Request) -> Response:
    wish = extend.read(query.parsed(await request.body()))
    async with serving_of(request).connection() as connection:
        told = await extend.told_1_0(connection, wish, request.state.language)
    return _told(request, told)


router.include_router(draft, prefix="/reconcile")
router.include_router(draft, prefix="/reconcile/v1", include_in_schema=False)


async def _manifest(request: Request, version: str) -> Response:
    async with serving_of(request).connection() as connection:
        types = await reading.types(connection)
    told = manifest(request, version, types)
    answer = _told(request, told)
    answer.headers["Vary"] = "Accept, Accept-Language"
    if version == DRAFT and V1_JSON in request.headers.get("Accept", "").lower():
        answer.headers["Content-Type"] = V1_JSON
    return answer


async def _asked_by_form(request: Request, queries: str | None, extension: str | None) -> Response:
    """0.2: one of the two."""
    serving, language = serving_of(request), request.state.language
    if queries is not None:
        questions = query.read_0_2(queries)
        async with serving.connection() as connection:
            found, heard = await match.answer(connection, list(questions.values()))
            types = await reading.types(connection)
        told = answers.results_0_2(dict(zip(questions, found, strict=True)), types, language)
        return _noting(request, heard, _told(request, told))
    if extension is not None:
        wish = extend.read(query.parsed(extension))
        async with serving.connection() as connection:
            return _told(request, await extend.told_0_2(connection, wish, language))
    raise CallerError("DIC-RECONCILE-FORM")


def _noting(request: Request, heard: list[match.Heard], response: Response) -> Response:
    """After the answer is out, what was asked is noted for the stewards."""
    said = [(one.scheme, one.context, one.answer) for one in heard]
    response.background = BackgroundTask(request.app.state.noting.take, said)
    return response


def _told(request: Request, document: dict[str, Any]) -> Response:
    """JSON, or for a GET that names a callback a call of it (JSONP)."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    callback = request.query_params.get("callback") if request.method == "GET" else None
    headers = {"Content-Language": request.state.language}
    if callback is None:
        return Response(text.encode(), media_type="application/json", headers=headers)
    if not CALLBACK.fullmatch(callback):
        raise CallerError("DIC-RECONCILE-CALLBACK")
    safe = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return Response(f"/**/{callback}({safe});".encode(), media_type="text/javascript", headers=headers)


def _page(found: list[Any], limit: int, offset: int) -> list[Any]:
    return found[offset : offset + min(limit, MOST_SUGGESTED)]
