"""``/collections…``: what registers there are, their queryables and schemas; open to all (respond, road out)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from jishi.errors import NotFoundError
from jishi.messages import render as message
from jishi.registers.catalog import registers
from jishi.registers.catalogue_entry import entry_of
from jishi.registers.json_schema import JsonSchema
from jishi.registers.register import Register
from jishi_api import schema
from jishi_api.auth import caller_if_any
from jishi_api.crs import epsg, systems
from jishi_api.documents import (
    GEOJSON,
    QUERYABLES_REL,
    SCHEMA_JSON,
    SCHEMA_REL,
    CatalogueEntry,
    Collection,
    Collections,
    Extent,
    Link,
    SpatialExtent,
    TemporalExtent,
)
from jishi_api.links import address, link, link_here, listed
from jishi_api.negotiate import CSV_TYPE, HTML_TYPE, check_parameters
from jishi_api.pages import render
from jishi_api.serving import serving_of

router = APIRouter(prefix="/collections", tags=["collections"])

_SCHEMA: dict[int | str, dict[str, Any]] = {
    200: {"content": {SCHEMA_JSON: {"schema": {"type": "object"}}}, "description": "a JSON Schema"}
}


@router.get("", summary="基础库 collections", response_model=Collections, response_model_exclude_none=True)
async def collections(request: Request) -> Response:
    check_parameters(request)
    found = tuple(_describe(request, register, (_self(request, register),)) for register in registers().values())
    crs = tuple(systems(serving_of(request).city.projected_srid))
    told = Collections(collections=found, crs=crs, links=link_here(request, "collections"))
    return render.document(request, listed(told), "collections.html")


@router.get("/{collection}", summary="一个基础库 one collection", response_model=Collection)
async def one_collection(request: Request, collection: str) -> Response:
    register = register_by_collection(collection)
    check_parameters(request)
    told = _describe(request, register, link_here(request, "collections", register.collection))
    return render.document(request, listed(told), "collection.html")


@router.get("/{collection}/queryables", summary="可查询项 queryables", responses=_SCHEMA, response_class=Response)
async def queryables(request: Request, collection: str) -> Response:
    """What a filter may name. Told with a credential, what its grant lets a filter name."""
    register = register_by_collection(collection)
    check_parameters(request)
    caller = await caller_if_any(request)
    here = address(request, "collections", register.collection, "queryables")
    told = schema.queryables_schema(register, here, None if caller is None else caller.grant_on(register))
    return _schema_of(request, register, schema.linked(told, request), "QUERYABLES")


@router.get("/{collection}/schema", summary="数据元 schema of a feature", responses=_SCHEMA, response_class=Response)
async def feature_schema(request: Request, collection: str) -> Response:
    """What a feature's properties hold, and its geometry."""
    register = register_by_collection(collection)
    check_parameters(request)
    here = address(request, "collections", register.collection, "schema")
    return _schema_of(request, register, schema.linked(schema.feature_schema(register, here), request), "SCHEMA")


def register_by_collection(name: str) -> Register:
    """The register served as collection ``name``; ``QRY-COLLECTION`` where there is none."""
    for register in registers().values():
        if register.collection == name:
            return register
    raise NotFoundError("QRY-COLLECTION")


def _schema_of(request: Request, register: Register, told: JsonSchema, heading: str) -> Response:
    title = message(f"OGC-PAGE-{heading}", request.state.language)
    values = {"heading": title, "collection": register.collection}
    return render.document(request, told, "schema.html", media_type=SCHEMA_JSON, **values)


def _describe(request: Request, register: Register, own: tuple[Link, ...]) -> Collection:
    entry = entry_of(register)
    spatial = register.geometry is not None
    city = serving_of(request).city
    extent = Extent(
        spatial=SpatialExtent(bbox=(city.bbox,)) if spatial else None,
        temporal=TemporalExtent(),
    )
    return Collection(
        id=register.collection,
        title=register.title,
        description=f"{entry.summary}。{entry.summary_en}.",
        item_type="record" if register.personal else "feature",
        extent=None if register.personal else extent,
        crs=tuple(systems(city.projected_srid)) if spatial else None,
        storage_crs=epsg(4490) if spatial else None,
        catalogue=CatalogueEntry(
            code=entry.code,
            provider=entry.provider,
            update_cycle=entry.update_cycle,
            sharing=entry.sharing.value,
            sharing_title=entry.sharing_title,
            condition=entry.condition,
            basis=entry.basis,
        ),
        links=(*own, *_links(request, register)),
    )


def _self(request: Request, register: Register) -> Link:
    return link(request, "self", "collections", register.collection)


def _links(request: Request, register: Register) -> list[Link]:
    here = ("collections", register.collection)
    links = [
        link(request, QUERYABLES_REL, *here, "queryables", kind=SCHEMA_JSON, title="可查询项 queryables"),
        link(request, SCHEMA_REL, *here, "schema", kind=SCHEMA_JSON, title="数据元 schema"),
        link(request, "describedby", *here, "schema", kind=SCHEMA_JSON, title="数据元 schema"),
    ]
    if not register.personal:
        links.append(link(request, "items", *here, "items", kind=GEOJSON, title=register.title))
        for form, kind in (("html", HTML_TYPE), ("csv", CSV_TYPE)):
            title = f"{register.title} ({form.upper()})"
            links.append(link(request, "items", *here, "items", kind=kind, title=title, form=form))
    return links
