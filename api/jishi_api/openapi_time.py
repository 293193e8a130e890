"""``/api``: what is asked of another time, and of one entity: its history, its lineage, what it is related to (edge of the road
out)."""

from __future__ import annotations

from typing import Any

from jishi.registers.catalog import registers
from jishi_api.routers.history import DEFAULT_PAGE, GREATEST_PAGE, PARTS
from jishi_api.routers.related import DEFAULT_PART, GREATEST_PART, PROPERTIES

Part = dict[str, Any]

_DATETIME: Part = {
    "type": "string",
    "description": "有效时间 effective time: a date (the whole day), an RFC 3339 instant, or an interval begin/end with .. for an "
    "open end. Found is what was in force within it, as at its end. Personal collections ask for the right history.",
    "examples": ["2026-01-31", "2026-01-31T08:00:00+08:00", "2025-01-01/2025-12-31", "../2025-12-31"],
}
_KNOWN_AT: Part = {
    "type": "string",
    "format": "date-time",
    "description": "记录时间 recorded time: as it was known at this instant; alone, as it was answered then. An instant later than "
    "what the collection has recorded last is a 400 that names the newest. The answer does not change by what is published "
    "later.",
}


def _parameter(name: str, schema: Part, **more: object) -> Part:
    return {"name": name, "in": "query", "required": False, "schema": schema, **more}


def _clock(name: str, told: Part) -> Part:
    """What is told of it stands beside the schema, which the standard wants to be a plain text."""
    schema: Part = {word: told[word] for word in ("type", "format") if word in told}
    more = {"description": told["description"], "style": "form", "explode": False}
    if "examples" in told:
        more["examples"] = {text: {"value": text} for text in told["examples"]}
    return _parameter(name, schema, **more)


CLOCKS = (_clock("datetime", _DATETIME), _clock("known-at", _KNOWN_AT))
CLOCK_BODY: Part = {"datetime": _DATETIME, "known-at": _KNOWN_AT}

_CURSOR = _parameter("cursor", {"type": "string"})
_INCLUDE = _parameter(
    "include", {"type": "array", "items": {"enum": ["inactive", "withheld"]}}, explode=False, style="form"
)


def of_one(properties: Part) -> dict[str, Part]:
    """Name of the path behind an item → its operation without security and the parameters of the path."""
    told = "what is wanted of the related features of this collection; of a personal one nothing without it"
    wanted_of = [
        _parameter(f"{PROPERTIES}{register.collection}", {"type": "string"}, description=told)
        for register in registers().values()
    ]
    return {
        "history": _operation(
            "history",
            "历史 every version of one entity, by both clocks",
            "With of=relations every relation it had. Personal collections need properties and the right history; versions that "
            "are withheld come with include=withheld and its right. Who delivered a version is told by the right history "
            "and to stewards.",
            [
                properties,
                _INCLUDE,
                _parameter("of", {"type": "string", "enum": list(PARTS), "default": PARTS[0]}),
                _limit(DEFAULT_PAGE, GREATEST_PAGE),
                _CURSOR,
            ],
        ),
        "related": _operation(
            "related",
            "全景视图 one entity and what it is related to in every register",
            "Each part is one kind of relation to one collection, under the grant on it: a part that is not granted has status "
            "403 and says why. pending: references whose target has not arrived, or does not exist for the caller.",
            [
                properties,
                *wanted_of,
                _parameter("datetime", {**_DATETIME, "examples": ["2026-01-31"]}),
                _parameter("part", {"type": "string", "examples": ["legal_representative.to.natural-persons"]}),
                _limit(DEFAULT_PART, GREATEST_PART),
                _CURSOR,
            ],
        ),
        "lineage": _operation(
            "lineage",
            "来历 value → contribution → row of a delivery → batch → rules",
            "Whose word each value is, how old, and why it survived; all contributions with row, batch and rules by the right "
            "history and to stewards, who are led on to the row as received (link `row`); in clear to stewards of the department that "
            "delivered it.",
            [properties, _INCLUDE],
        ),
    }


def _limit(default: int, greatest: int) -> Part:
    return _parameter("limit", {"type": "integer", "minimum": 1, "maximum": greatest, "default": default})


def _operation(name: str, summary: str, description: str, parameters: list[Part]) -> Part:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name.title()}"}}}
    return {
        "tags": ["collections"],
        "operationId": name,
        "summary": summary,
        "description": description,
        "parameters": parameters,
        "responses": {
            "200": {"description": "the answer", "content": content},
            "308": {"description": "merged into another one", "headers": {"Location": {"schema": {"type": "string"}}}},
        },
    }


_TEXT: Part = {"type": "string"}
_AT: Part = {"type": "string", "format": "date-time"}
_AT_OR_NOT: Part = {"type": ["string", "null"], "format": "date-time"}
_UID: Part = {"type": "string", "format": "uuid"}


def _list(**members: Part) -> Part:
    return {"type": "array", "items": {"type": "object", "properties": members}}


_ONE: Part = {"id": _UID, "collection": _TEXT, "links": {"type": "array", "items": {"type": "object"}}}
_SOURCE: Part = {
    "type": "object",
    "properties": {"department": _TEXT, "source": _TEXT, "batch": {"type": "integer"}, "delivered_at": _AT_OR_NOT},
}
SCHEMAS: Part = {
    "History": {
        "type": "object",
        "required": ["id", "collection", "numberReturned", "links"],
        "properties": {
            **_ONE,
            "versions": _list(
                effective_from=_AT,
                effective_until=_AT_OR_NOT,
                recorded_at=_AT,
                superseded_at=_AT_OR_NOT,
                state={"type": "string", "enum": ["active", "ended", "withheld", "merged"]},
                into=_UID,
                properties={"type": "object"},
                geometry={"type": ["object", "null"]},
                changed={"type": ["array", "null"], "items": _TEXT},
                source=_SOURCE,
            ),
            "merged_from": _list(id=_UID, effective_from=_AT, recorded_at=_AT, unmerged_at=_AT_OR_NOT),
            "relations": _list(
                kind=_TEXT,
                direction={"type": "string", "enum": ["to", "from"]},
                element=_TEXT,
                collection=_TEXT,
                id=_UID,
                effective_from=_AT,
                effective_to=_AT_OR_NOT,
                recorded_at=_AT,
                closed_at=_AT_OR_NOT,
                source=_SOURCE,
            ),
            "numberReturned": {"type": "integer"},
        },
    },
    "Related": {
        "type": "object",
        "required": ["id", "collection", "parts", "pending", "links"],
        "properties": {
            **_ONE,
            "feature": {"$ref": "#/components/schemas/Feature"},
            "parts": _list(
                part=_TEXT,
                kind=_TEXT,
                direction={"type": "string", "enum": ["to", "from"]},
                collection=_TEXT,
                status={"type": "integer"},
                features={"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
                problem={"type": "object"},
                numberReturned={"type": "integer"},
                links={"type": "array", "items": {"type": "object"}},
            ),
            "pending": _list(kind=_TEXT, element=_TEXT, effective_from=_AT),
        },
    },
    "Lineage": {
        "type": "object",
        "required": ["id", "collection", "elements", "links"],
        "properties": {
            **_ONE,
            "elements": _list(
                element=_TEXT, value={}, why={"type": ["string", "null"]}, **{"from": {"type": ["object", "null"]}}
            ),
            "contributions": {"type": "array", "items": {"type": "object"}},
        },
    },
}
