"""``/collections…``: what registers there are, their queryables and schemas; open to all (respond, road out)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jishi.errors import NotFoundError
from jishi.registers.catalog import registers
from jishi.registers.catalogue_entry import entry_of
from jishi.registers.register import Register
from jishi_api import schema
from jishi_api.documents import (
    CGCS2000,
    CRS84,
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
)
from jishi_api.links import address, link
from jishi_api.serving import serving_of

router = APIRouter(prefix="/collections", tags=["collections"])


@router.get("", summary="基础库 collections", response_model_exclude_none=True)
async def collections(request: Request) -> Collections:
    found = tuple(_describe(request, register) for register in registers().values())
    return Collections(collections=found, links=(link(request, "self", "collections"),))


@router.get("/{collection}", summary="一个基础库 one collection", response_model_exclude_none=True)
async def one_collection(request: Request, collection: str) -> Collection:
    return _describe(request, register_by_collection(collection))


@router.get("/{collection}/queryables", summary="可查询项 queryables")
async def queryables(request: Request, collection: str) -> Response:
    register = register_by_collection(collection)
    here = address(request, "collections", register.collection, "queryables")
    return JSONResponse(schema.queryables_schema(register, here), media_type=SCHEMA_JSON)


@router.get("/{collection}/schema", summary="数据元 schema of a feature's properties")
async def feature_schema(request: Request, collection: str) -> Response:
    register = register_by_collection(collection)
    here = address(request, "collections", register.collection, "schema")
    return JSONResponse(schema.feature_schema(register, here), media_type=SCHEMA_JSON)


def register_by_collection(name: str) -> Register:
    """The register served as collection ``name``; ``QRY-COLLECTION`` where there is none."""
    for register in registers().values():
        if register.collection == name:
            return register
    raise NotFoundError("QRY-COLLECTION")


def _describe(request: Request, register: Register) -> Collection:
    entry = entry_of(register)
    spatial = register.geometry is not None
    return Collection(
        id=register.collection,
        title=register.title,
        description=f"{entry.summary}。{entry.summary_en}.",
        item_type="record" if register.personal else "feature",
        extent=Extent(spatial=SpatialExtent(bbox=(serving_of(request).city.bbox,))) if spatial else None,
        crs=(CRS84,) if spatial else None,
        storage_crs=CGCS2000 if spatial else None,
        catalogue=CatalogueEntry(
            code=entry.code,
            provider=entry.provider,
            update_cycle=entry.update_cycle,
            sharing=entry.sharing.value,
            sharing_title=entry.sharing_title,
            condition=entry.condition,
            basis=entry.basis,
        ),
        links=tuple(_links(request, register)),
    )


def _links(request: Request, register: Register) -> list[Link]:
    here = ("collections", register.collection)
    links = [
        link(request, "self", *here),
        link(request, QUERYABLES_REL, *here, "queryables", kind=SCHEMA_JSON, title="可查询项 queryables"),
        link(request, SCHEMA_REL, *here, "schema", kind=SCHEMA_JSON, title="数据元 schema"),
    ]
    if not register.personal:
        links.append(link(request, "items", *here, "items", kind=GEOJSON, title=register.title))
    return links
