"""``/api``: the framework's OpenAPI 3.1 description, completed by plain routes and problems (edge of the road out)."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response

from jishi.access.clients import ROLES
from jishi.registers.catalog import registers
from jishi.registers.json_schema import element_schema
from jishi.registers.register import Register
from jishi_api import openapi_bulk
from jishi_api.auth import HEADER
from jishi_api.condition import TEXT_LIMIT
from jishi_api.documents import GEOJSON, OPENAPI_30, OPENAPI_JSON, Problem
from jishi_api.examples import MOST_ELEMENTS, MOST_EXAMPLES
from jishi_api.members import queryables
from jishi_api.negotiate import CSV_TYPE, HTML_TYPE, OF_A_DOCUMENT, OF_AN_ITEM, OF_ITEMS, check_parameters
from jishi_api.openapi30 import to_30
from jishi_api.openapi_time import CLOCK_BODY, CLOCKS, SCHEMAS, of_one
from jishi_api.pages.render import tagged
from jishi_api.parameters import DEFAULT_LIMIT, GREATEST_LIMIT, INCLUDABLE
from jishi_api.problem import MEDIA_TYPE
from jishi_api.query import LANGUAGES

Part = dict[str, Any]
_JSON = "application/json"
KEYS_TYPE = "application/jwk-set+json"


def describe(app: FastAPI) -> None:
    """Serve the description under ``/api``; it is made at the first request."""

    def openapi() -> Part:
        if not app.openapi_schema:
            app.openapi_schema = _complete(
                get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            )
        return app.openapi_schema

    async def api(request: Request) -> Response:
        check_parameters(request, ())
        return tagged(request, _written(openapi()), OPENAPI_JSON)

    async def api_30(request: Request) -> Response:
        check_parameters(request, ())
        return tagged(request, _written(to_30(openapi())), OPENAPI_30)

    app.openapi = openapi  # type: ignore[method-assign]
    app.add_route("/api", api, methods=["GET"], include_in_schema=False)
    app.add_route("/api/3.0", api_30, methods=["GET"], include_in_schema=False)


def _written(told: Part) -> bytes:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


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
    paths["/collections/{collection}/search"] = {"post": _posted("search", "检索 a search by body", _SEARCH, GEOJSON)}
    paths["/collections/{collection}/batch"] = {"post": _posted("batch", "批量 entities by uid", _BATCH, _JSON)}
    paths["/collections/{collection}/match"] = {
        "post": _posted("match", "比对 records that examples may mean", _MATCH, _JSON)
    }
    paths["/verify"] = {"post": _posted("verify", "核验 claims about one subject", _VERIFY, _JSON, everywhere=True)}
    paths.update(openapi_bulk.paths(_EITHER))
    for path in _DOCUMENTS:
        _as_document(paths[path]["get"])
    for path in paths:
        if path.startswith("/.well-known/"):
            _keys(paths[path]["get"])
    paths["/oauth/token"]["post"]["responses"] |= dict.fromkeys(("400", "401", "403"), _TOKEN_REFUSED)
    for path, operations in paths.items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _problem(operation)
            if path.startswith(("/stewardship", "/me", "/requests", "/access-log")):
                operation["security"] = _EITHER
    return described


def _problem(operation: Part) -> Part:
    """A problem; where there are pages it has one too."""
    answered = operation["responses"].get("200", {}).get("content", {})
    return {**_PROBLEM, "content": {**_PROBLEM["content"], HTML_TYPE: _TEXT}} if HTML_TYPE in answered else _PROBLEM


def _keys(operation: Part) -> None:
    content = operation["responses"]["200"]["content"]
    content[KEYS_TYPE] = content.pop("application/json")


def _items() -> Part:
    return {
        "tags": ["collections"],
        "operationId": "items",
        "summary": "要素 a page of features",
        "description": "Every queryable of the collection is a parameter too, compared for equality. "
        "An unknown parameter, a property that is no queryable or a bad value is a 400 that names them all.",
        "security": _EITHER,
        "parameters": [_collection(), *_PAGE, *_comparable()],
        "responses": {"200": _answer("FeatureCollection", HTML_TYPE, CSV_TYPE)},
    }


def _comparable() -> list[Part]:
    """Every queryable of a collection that is browsed, as a parameter; which collections have it is told beside it."""
    found: dict[str, list[Register]] = {}
    for register in registers().values():
        for name in () if register.personal else queryables(register.name):
            found.setdefault(name, []).append(register)
    return [_compared(name, bearers) for name, bearers in found.items()]


def _compared(name: str, bearers: list[Register]) -> Part:
    element = bearers[0].elements[name]
    told = element_schema(element)
    schema: Part = {word: told[word] for word in ("type", "format", "pattern", "maxLength") if word in told}
    where = ", ".join(register.collection for register in bearers)
    return _parameter(name, schema, description=f"{element.title} {element.title_en} ({where})")


def _as_document(operation: Part) -> None:
    """A document about the API: it has a page too, and is sent again only where it changed."""
    operation["parameters"] = [*operation.get("parameters", []), _form(OF_A_DOCUMENT)]
    operation["responses"]["200"].setdefault("content", {})[HTML_TYPE] = _TEXT
    operation["responses"]["304"] = {"description": "not changed since it was sent with this entity tag"}


def _item() -> Part:
    responses = {
        "200": _answer("Feature", HTML_TYPE),
        "308": {"description": "merged into another feature", "headers": {"Location": {"schema": {"type": "string"}}}},
    }
    return {
        "tags": ["collections"],
        "operationId": "item",
        "summary": "一个要素 one feature",
        "security": _EITHER,
        "parameters": [_collection(), _KEY, _PROPERTIES, *CLOCKS, _CRS, _INCLUDE, _TRUST, _form(OF_AN_ITEM)],
        "responses": responses,
    }


def _posted(name: str, summary: str, body: Part, kind: str, *, everywhere: bool = False) -> Part:
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
        "responses": {"200": {"description": "the answer", "content": {kind: {"schema": {}}}}},
    }


def _collection() -> Part:
    known = [register.collection for register in registers().values()]
    return {"name": "collection", "in": "path", "required": True, "schema": {"type": "string", "enum": known}}


def _parameter(name: str, schema: Part, **more: object) -> Part:
    return {"name": name, "in": "query", "required": False, "schema": schema, **more}


def _answer(schema: str, *others: str) -> Part:
    content = {GEOJSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}, **dict.fromkeys(others, _TEXT)}
    headers = {"Content-Crs": {"description": "the system of the coordinates", "schema": {"type": "string"}}}
    return {"description": "GeoJSON in the system asked for (CRS84)", "content": content, "headers": headers}


def _form(offered: tuple[str, ...]) -> Part:
    return _parameter("f", {"type": "string", "enum": list(offered)})


_EITHER: list[Part] = [{"ApiKey": []}, {"OAuth": []}]
_SCOPES: Part = {role: f"the role {role}, where the client has it" for role in ROLES}
_TEXT: Part = {"schema": {"type": "string"}}
_BBOX: Part = {
    "type": "array",
    "items": {"type": "number"},
    "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
}
_URI: Part = {"type": "string", "format": "uri"}
_PROPERTIES = _parameter("properties", {"type": "array", "items": {"type": "string"}}, explode=False, style="form")
_CRS = _parameter("crs", _URI, explode=False, style="form")
_TRUSTED: Part = {
    "type": "boolean",
    "default": False,
    "description": "whose each value is, how old, and what speaks against it; of now, with 100 features at most",
}
_TRUST = _parameter("trust", _TRUSTED)
_INCLUDE = _parameter(
    "include",
    {"type": "array", "items": {"type": "string", "enum": list(INCLUDABLE)}},
    explode=False,
    style="form",
    description="states told beside the active, where the grant has the right",
)
_KEY: Part = {
    "name": "key",
    "in": "path",
    "required": True,
    "description": "uid, or the natural key: uscc of a legal entity that is not 个体工商户, code of a division "
    "(of two with one code the civil-affairs one)",
    "schema": {"type": "string"},
}
_WORDS: Part = {
    "type": "string",
    "maxLength": TEXT_LIMIT,
    "description": "words parted by blanks, each in a name, a former name, an address or the name of a code; the best come "
    "first; not of a personal collection",
}
_PAGE: list[Part] = [
    _parameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": GREATEST_LIMIT, "default": DEFAULT_LIMIT},
        explode=False,
        style="form",
        description="what is above the maximum is taken for the maximum",
    ),
    _parameter("bbox", _BBOX, explode=False, style="form"),
    _parameter("bbox-crs", _URI, explode=False, style="form"),
    *CLOCKS,
    _CRS,
    _parameter("filter", {"type": "string"}, description="CQL2; elements as the queryables name them"),
    _parameter("filter-lang", {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]}),
    _parameter("filter-crs", _URI, description="system of the filter's geometries"),
    _PROPERTIES,
    _parameter(
        "sortby",
        {"type": "array", "items": {"type": "string"}, "maxItems": 3},
        explode=False,
        style="form",
        description="queryables or uid, with - before one for the reverse",
    ),
    _INCLUDE,
    _parameter("count", {"type": "string", "enum": ["none", "estimate", "exact"], "default": "none"}),
    _parameter("q", _WORDS),
    _parameter("scores", {"type": "boolean", "default": False}),
    _TRUST,
    _parameter("cursor", {"type": "string"}, description="as the link to the next page has it"),
    _form(OF_ITEMS),
]
_DOCUMENTS = (
    "/",
    "/conformance",
    "/collections",
    "/collections/{collection}",
    "/collections/{collection}/queryables",
    "/collections/{collection}/schema",
)
_PROBLEM: Part = {
    "description": "a problem (RFC 9457)",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_TOKEN_REFUSED: Part = {
    "description": "an error of OAuth 2.0 (RFC 6749 §5.2), or a problem",
    "content": {
        _JSON: {"schema": {"type": "object", "required": ["error"], "properties": {"error": {"type": "string"}}}},
        **_PROBLEM["content"],
    },
}
_NAMES: Part = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_SEARCH: Part = {
    "description": "properties is needed of a personal collection, which is looked up by key or filter in its shapes only",
    "properties": {
        "properties": _NAMES,
        "key": {"type": "object", "additionalProperties": {"type": "string"}},
        "filter": {"oneOf": [{"type": "string"}, {"type": "object"}]},
        "filter-lang": {"type": "string", "enum": list(LANGUAGES)},
        "filter-crs": _URI,
        "bbox": _BBOX,
        "bbox-crs": _URI,
        "crs": _URI,
        "datetime": {"type": "string"},
        "include": _NAMES,
        **CLOCK_BODY,
        "sortby": _NAMES,
        "count": {"type": "string", "enum": ["none", "estimate", "exact"]},
        "aggregate": {
            "description": "counts instead of features: codes, booleans, divisions (level) and years of dates (unit); groups "
            "under 5, and others that would give them away, are left out; of a personal collection without a filter",
            "type": "array",
            "items": {"oneOf": [{"type": "string"}, {"type": "object"}]},
        },
        "limit": {"type": "integer", "minimum": 1, "maximum": GREATEST_LIMIT},
        "cursor": {"type": "string"},
        "q": _WORDS,
        "scores": {"type": "boolean", "description": "with q: how good each find is, 0 to 1"},
        "trust": _TRUSTED,
    },
}
_BATCH: Part = {
    "required": ["ids"],
    "properties": {
        "ids": {"type": "array", "items": {"type": "string", "format": "uuid"}, "minItems": 1, "maxItems": 100},
        "properties": _NAMES,
        "include": _NAMES,
        "trust": _TRUSTED,
        **CLOCK_BODY,
    },
}
_MATCH: Part = {
    "description": "an example about a person must fulfil one of the search shapes; what else it says is compared",
    "required": ["examples"],
    "properties": {
        "examples": {
            "type": "array",
            "items": {
                "type": "object",
                "minProperties": 1,
                "maxProperties": MOST_ELEMENTS,
                "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
            },
            "minItems": 1,
            "maxItems": MOST_EXAMPLES,
        },
        "properties": _NAMES,
        "limit": {"type": "integer", "minimum": 1, "maximum": 10, "default": 10},
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
        "disputed": {
            "type": "object",
            "description": "shown values that are disputed, since which day; left out where none is",
            "additionalProperties": {"type": "string", "format": "date"},
        },
        "trust": {"type": "object"},
        "links": _LINKS,
    },
}
_FEATURE_COLLECTION: Part = {
    "type": "object",
    "required": ["type", "features", "numberReturned", "links"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
        "numberReturned": {"type": "integer", "minimum": 0},
        "numberMatched": {"type": "integer", "minimum": 0},
        "links": _LINKS,
    },
}
