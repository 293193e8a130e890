"""JSON Schema of a collection, from the declaration: what it holds, what may be asked for (respond, road out)."""

from __future__ import annotations

from typing import Any

from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register
from jishi_api.members import members, queryables

DIALECT = "https://json-schema.org/draft/2020-12/schema"

JsonSchema = dict[str, Any]

_TYPES: dict[Kind, JsonSchema] = {
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.PARTIAL_DATE: {"type": "string", "pattern": "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"},
    Kind.DECIMAL: {"type": "number"},
    Kind.INTEGER: {"type": "integer"},
    Kind.BOOLEAN: {"type": "boolean"},
}


def feature_schema(register: Register, address: str) -> JsonSchema:
    """The schema of a feature's properties; every one may be null. ``address`` is the schema's own URL."""
    properties: dict[str, JsonSchema] = {
        "uid": {"type": "string", "format": "uuid", "title": "标识", "x-ogc-role": "id", "readOnly": True}
    }
    for name, member in members(register.name).items():
        element = register.elements[member.element]
        properties[name] = _label(member.element, element) if member.label else _property(element)
    if register.geometry is not None:
        properties[register.geometry] = _geometry(register.elements[register.geometry])
    return _schema(register, address, properties)


def queryables_schema(register: Register, address: str) -> JsonSchema:
    """The schema of the parameters GET compares for equality; none but these and the API's own are understood."""
    properties = {name: _property(element) for name, element in queryables(register.name).items()}
    if register.geometry is not None and register.elements[register.geometry].queryable:
        properties[register.geometry] = _geometry(register.elements[register.geometry])
    return {**_schema(register, address, properties), "additionalProperties": False}


def _schema(register: Register, address: str, properties: dict[str, JsonSchema]) -> JsonSchema:
    return {"$schema": DIALECT, "$id": address, "type": "object", "title": register.title, "properties": properties}


def _property(element: DataElement) -> JsonSchema:
    found: JsonSchema = {"title": element.title, "description": element.title_en, **_type(element)}
    found["x-standard"] = element.standard
    found["x-sensitivity"] = element.sensitivity.value
    optional = {
        "x-mask": None if element.mask == "none" else element.mask.value,
        "x-code-list": element.code_list,
        "x-label": element.code_label,
        "x-authority": element.authority,
        "x-ogc-unit": element.unit,
    }
    return found | {name: value for name, value in optional.items() if value}


def _type(element: DataElement) -> JsonSchema:
    if element.kind is Kind.ITEMS:
        item = {name: {"type": "string", "title": title} for name, title in element.item}
        return {"type": "array", "items": {"type": "object", "properties": item}}
    if element.kind in _TYPES:
        return dict(_TYPES[element.kind])
    return {"type": "string"} if element.max_length is None else {"type": "string", "maxLength": element.max_length}


def _label(code: str, element: DataElement) -> JsonSchema:
    return {
        "title": f"{element.title}（名称）",
        "description": f"{element.title_en}, name of the code",
        "type": "string",
        "readOnly": True,
        "x-sensitivity": element.sensitivity.value,
        "x-label-of": code,
    }


def _geometry(element: DataElement) -> JsonSchema:
    return {
        "title": element.title,
        "description": element.title_en,
        "format": "geometry-any",
        "x-ogc-role": "primary-geometry",
        "x-standard": element.standard,
        "x-sensitivity": element.sensitivity.value,
    }
