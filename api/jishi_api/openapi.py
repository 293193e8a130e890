"""``/api``: the framework's OpenAPI 3.1 description, completed by plain routes and problems (edge of the road out)."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jishi.access.clients import ROLES
from jishi.registers.catalog import registers
from jishi_api.auth import HEADER
from jishi_api.documents import GEOJSON, OPENAPI_JSON, Problem
from jishi_api.openapi_time import CLOCK_BODY, CLOCKS, SCHEMAS, of_one
from jishi_api.parameters import DEFAULT_LIMIT, GREATEST_LIMIT
from jishi_api.problem import MEDIA_TYPE
from jishi_api.query import LANGUAGES

Part = dict[str, Any]


def describe(app: FastAPI) -> None:
    """Serve the description under ``/api``; it is made at the first request."""

    def openapi() -> Part:
        if not app.openapi_schema:
            app.openapi_schema = _complete(
                get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            )
        return app.openapi_schema

    async def api(request: Request) -> Response:
        return JSONResponse(openapi(), media_type=OPENAPI_JSON)

    app.openapi = openapi  # type: ignore[method-assign]
    app.add_route("/api", api, methods=["GET"], include_in_schema=False)


def _complete(described: Part) -> Part:
    components = described.setdefault("components", {})
    schemas: Part = components.setdefault("schemas", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    schemas["FeatureCollection"] = _FEATURE_COLLECTION
    schemas["Feature"] = _FEATURE
    schemas.update(SCHEMAS)
    components["securitySchemes"] = {
        "ApiKey": {"type": "apiKey", "in": "header", "name": HEADER},
        "OAuth": {"type": "oauth2", "flows": {"clientCredentials": {"tokenUrl": "oauth/token", "scopes": _SCOPES}}},
    }
    for framework in ("HTTPValidationError", "ValidationError"):
        schemas.pop(framework, None)
    paths: Part = described.setdefault("paths", {})
    paths["/collections/{collection}/items"] = {"get": _items()}
    paths["/collections/{collection}/items/{key}"] = {"get": _item()}
    for name, operation in of_one(_PROPERTIES).items():
        paths[f"/collections/{{collection}}/items/{{key}}/{name}"] = {
            "get": {**operation, "security": _EITHER, "parameters": [_collection(), _KEY, *operation["parameters"]]}
        }
    paths["/collections/{collection}/search"] = {"post": _posted("search", "检索 a search by body", _SEARCH)}
    paths["/collections/{collection}/batch"] = {"post": _posted("batch", "批量 entities by uid", _BATCH)}
    paths["/verify"] = {"post": _posted("verify", "核验 claims about one subject", _VERIFY, everywhere=True)}
    for path, operations in paths.items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _PROBLEM
            if path.startswith(("/stewardship", "/me", "/requests", "/access-log")):
                operation["security"] = _EITHER
    return described


def _items() -> Part:
    return {
        "tags": ["collections"],
        "operationId": "items",
        "summary": "要素 a page of features",
        "description": "Every queryable of the collection is a parameter too, compared for equality. "
        "An unknown parameter, a property that is no queryable or a bad value is a 400 that names them all.",
        "security": _EITHER,
        "parameters": [
            _collection(),
            _parameter("limit", {"type": "integer", "minimum": 1, "maximum": GREATEST_LIMIT, "default": DEFAULT_LIMIT}),
            _parameter("bbox", _BBOX, explode=False, style="form"),
            _PROPERTIES,
            *CLOCKS,
            _parameter("cursor", {"type": "string"}),
            _FORMAT,
        ],
        "responses": {"200": _answer("FeatureCollection")},
    }


def _item() -> Part:
    responses = {
        "200": _answer("Feature"),
        "308": {"description": "merged into another feature", "headers": {"Location": {"schema": {"type": "string"}}}},
    }
    return {
        "tags": ["collections"],
        "operationId": "item",
        "summary": "一个要素 one feature",
        "security": _EITHER,
        "parameters": [_collection(), _KEY, _PROPERTIES, *CLOCKS, _FORMAT],
        "responses": responses,
    }


def _posted(name: str, summary: str, body: Part, *, everywhere: bool = False) -> Part:
    """What is asked for in a JSON body; purpose and case may stand in it too."""
    stated: Part = {"purpose": {"type": "string"}, "case_no": {"type": "string"}}
    schema = {**body, "type": "object", "properties": {**body["properties"], **stated}}
    return {
        "tags": ["collections"],
        "operationId": name,
        "summary": summary,
        "security": _EITHER,
        "parameters": [] if everywhere else [_collection()],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"200": {"description": "the answer", "content": {"application/json": {"schema": {}}}}},
    }


def _collection() -> Part:
    known = [register.collection for register in registers().values()]
    return {"name": "collection", "in": "path", "required": True, "schema": {"type": "string", "enum": known}}


def _parameter(name: str, schema: Part, **more: object) -> Part:
    return {"name": name, "in": "query", "required": False, "schema": schema, **more}


def _answer(schema: str) -> Part:
    content = {GEOJSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": "GeoJSON, longitude and latitude in degrees (CRS84)", "content": content}


_EITHER: list[Part] = [{"ApiKey": []}, {"OAuth": []}]
_SCOPES: Part = {role: f"the role {role}, where the client has it" for role in ROLES}
_BBOX: Part = {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4}
_PROPERTIES = _parameter("properties", {"type": "array", "items": {"type": "string"}}, explode=False, style="form")
_FORMAT = _parameter("f", {"type": "string", "enum": ["json"]})
_KEY: Part = {
    "name": "key",
    "in": "path",
    "required": True,
    "description": "uid, or the natural key: uscc of a legal entity that is not 个体工商户, code of a division "
    "(of two with one code the civil-affairs one)",
    "schema": {"type": "string"},
}
_PROBLEM: Part = {
    "description": "a problem (RFC 9457)",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_NAMES: Part = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_SEARCH: Part = {
    "description": "properties is needed of a personal collection, which is looked up by key or filter in its shapes only",
    "properties": {
        "properties": _NAMES,
        "key": {"type": "object", "additionalProperties": {"type": "string"}},
        "filter": {"oneOf": [{"type": "string"}, {"type": "object"}]},
        "filter-lang": {"type": "string", "enum": list(LANGUAGES)},
        "include": _NAMES,
        **CLOCK_BODY,
        "sortby": {"type": "string"},
        "limit": {"type": "integer", "minimum": 1, "maximum": GREATEST_LIMIT},
        "cursor": {"type": "string"},
    },
}
_BATCH: Part = {
    "required": ["ids"],
    "properties": {
        "ids": {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 1, "maxItems": 100},
        "properties": _NAMES,
        "include": _NAMES,
        **CLOCK_BODY,
    },
}
_VERIFY: Part = {
    "required": ["collection", "key", "claims"],
    "properties": {
        "collection": {"type": "string"},
        "key": {"type": "object", "additionalProperties": {"type": "string"}},
        "claims": {"type": "object", "additionalProperties": {"type": "string"}},
        "salt": {"type": "string", "description": "16 to 64 random bytes, base64url; needed for a receipt"},
        "include": _NAMES,
    },
}
_LINKS: Part = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}
_FEATURE: Part = {
    "type": "object",
    "required": ["type", "id", "geometry", "properties"],
    "properties": {
        "type": {"const": "Feature"},
        "id": {"type": "string", "format": "uuid"},
        "geometry": {"type": ["object", "null"]},
        "properties": {"type": "object"},
        "links": _LINKS,
    },
}
_FEATURE_COLLECTION: Part = {
    "type": "object",
    "required": ["type", "features", "numberReturned", "links"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
        "numberReturned": {"type": "integer"},
        "links": _LINKS,
    },
}
