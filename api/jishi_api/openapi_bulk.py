"""What ``/api`` says of the change feed and of exports (edge of the road out)."""

from __future__ import annotations

from typing import Any

from jishi.delivery.export_store import FORMATS
from jishi_api.parameters import DEFAULT_LIMIT, GREATEST_LIMIT

Part = dict[str, Any]

_FOLLOWING = """\
Everything that became of the records a client may read, in the order of each register. To keep a copy: take an export and
begin at its `after` (or begin without one, where the feed still holds everything); ask again with `next_after` as `after`
while `more` is true, and then whenever you like, or with `wait`. For `create`, `change` and `unmerge` read the uids again
(`batch`) and keep what is found; for `end`, `withhold` (no longer shown to you, though it has not ended) and `merge` (it
lives on in `into`) drop the uid; whatever is not found was changed once more, and a later entry says so. `elements` names
the granted elements that a `change` touched. A position that is no longer kept, or that belongs to another grant, is a 410
whose link `baseline` leads to exports. Personal collections take the right `export`."""

_EXPORTING = """\
One collection as a whole, with the elements, rows and masks of the grant, read in one snapshot by a worker. The answer is
202; ask the address in `Location` until `status` is `done`. Then `data` is the file (with its SHA-256 as `ETag`; `Range`
and `If-Range` take a broken fetch up again) and `after` the place in `/changes` from which on the file is kept equal.
`filter`, `bbox`, `include`, `properties` and queryables are those of a search. Personal collections take the right
`export` and need `properties`."""


def paths(secured: list[Part]) -> Part:
    """Path → operations. ``secured``: how callers say who they are."""
    number = {"name": "export_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
    common: Part = {"tags": ["bulk"], "security": secured}
    answer = {"200": _json("an export", _EXPORT)}
    return {
        "/changes": {
            "get": {
                **common,
                "operationId": "changes",
                "summary": "变更 the change feed",
                "description": _FOLLOWING,
                "parameters": [
                    _query("collections", {"type": "array", "items": {"type": "string"}}, explode=False, style="form"),
                    _query("after", {"type": "string"}),
                    _query(
                        "limit",
                        {"type": "integer", "minimum": 1, "maximum": GREATEST_LIMIT, "default": DEFAULT_LIMIT},
                    ),
                    _query("wait", {"type": "integer", "minimum": 0, "maximum": 30, "default": 0}),
                ],
                "responses": {"200": _json("changes", _CHANGES)},
            }
        },
        "/exports": {
            "post": {
                **common,
                "operationId": "export",
                "summary": "批量导出 ask for an export",
                "description": _EXPORTING,
                "requestBody": {"required": True, "content": {"application/json": {"schema": _WISH}}},
                "responses": {"202": _json("an export to come", _EXPORT)},
            },
            "get": {
                **common,
                "operationId": "exports",
                "summary": "本客户端的导出 one's own exports",
                "responses": {"200": _json("exports", {"type": "object"})},
            },
        },
        "/exports/{export_id}": {
            "get": {
                **common,
                "operationId": "export_status",
                "summary": "导出状态 how far it is",
                "parameters": [number],
                "responses": answer,
            },
            "delete": {
                **common,
                "operationId": "export_cancel",
                "summary": "取消 call it off, or let the file go",
                "parameters": [number],
                "responses": answer,
            },
        },
        "/exports/{export_id}/data": {
            "get": {
                **common,
                "operationId": "export_data",
                "summary": "下载 the file",
                "parameters": [number],
                "responses": {
                    "200": {"description": "the file", "content": _FILES},
                    "206": {"description": "a part of the file", "content": _FILES},
                    "304": {"description": "the file the caller has already"},
                },
            }
        },
    }


def _query(name: str, schema: Part, **more: object) -> Part:
    return {"name": name, "in": "query", "required": False, "schema": schema, **more}


def _json(description: str, schema: Part) -> Part:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


_FILES: Part = {
    media.split(";")[0]: {"schema": {"type": "string", "format": "binary"}} for media, _ in FORMATS.values()
}
_NAMES: Part = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
_WISH: Part = {
    "type": "object",
    "required": ["collection"],
    "properties": {
        "collection": {"type": "string"},
        "format": {"type": "string", "enum": list(FORMATS), "default": "csv"},
        "properties": _NAMES,
        "filter": {"oneOf": [{"type": "string"}, {"type": "object"}]},
        "filter-lang": {"type": "string"},
        "bbox": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
        "include": _NAMES,
        "purpose": {"type": "string"},
        "case_no": {"type": "string"},
    },
}
_NULLABLE: Part = {"type": ["string", "null"]}
_COUNT: Part = {"type": ["integer", "null"]}
_EXPORT: Part = {
    "type": "object",
    "required": ["id", "collection", "format", "status", "links"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "collection": {"type": "string"},
        "format": {"type": "string"},
        "status": {"type": "string", "enum": ["queued", "running", "done", "failed", "cancelled", "expired"]},
        "fault": _NULLABLE,
        "rows": _COUNT,
        "bytes": _COUNT,
        "sha256": _NULLABLE,
        "seq": _COUNT,
        "after": _NULLABLE,
        "expires_at": _NULLABLE,
        "links": {"type": "array", "items": {"type": "object"}},
    },
}
_CHANGES: Part = {
    "type": "object",
    "required": ["changes", "next_after", "more"],
    "properties": {
        "changes": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["seq", "collection", "uid", "type", "recorded_at", "effective_from", "elements", "into"],
                "properties": {
                    "seq": {"type": "integer"},
                    "collection": {"type": "string"},
                    "uid": {"type": "string", "format": "uuid"},
                    "type": {"type": "string", "enum": ["create", "change", "end", "merge", "unmerge", "withhold"]},
                    "recorded_at": {"type": "string", "format": "date-time"},
                    "effective_from": {"type": "string", "format": "date-time"},
                    "elements": {"type": "array", "items": {"type": "string"}},
                    "into": {"type": ["string", "null"], "format": "uuid"},
                },
            },
        },
        "next_after": {"type": "string"},
        "more": {"type": "boolean"},
    },
}
