"""JSON Schema of a register's record, read off its declaration; what is published about records is made from it.

The words with ``x-`` are ours: ``x-standard``, ``x-sensitivity`` (N, PI, SPI), ``x-mask``, ``x-code-list``, ``x-label``
(member that holds the code's name), ``x-authority`` (class of the authoritative source 一数一源). ``x-ogc-…`` are
those of OGC API – Features part 5. The schema describes clear values; a value under its mask may have another form
(the year of a date, null).
"""

from __future__ import annotations

from typing import Any

from jishi.registers.element import DataElement, Kind, Mask
from jishi.registers.register import Register

DIALECT = "https://json-schema.org/draft/2020-12/schema"

JsonSchema = dict[str, Any]

PARTIAL_DATE = "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$"
"""A date known to the year, the month or the day (GB/T 7408.1, ISO 8601-1)."""


def json_schema(register: Register) -> JsonSchema:
    """The schema (2020-12) of one record's members: uid, every element, the name beside every code, the geometry last.

    Without ``$id``, which is the address it is served under. Every member but the uid may be absent or null.
    """
    properties: JsonSchema = {"uid": dict(_UID)}
    for name, element in register.elements.items():
        if element.kind is Kind.GEOMETRY:
            continue
        properties[name] = element_schema(element)
        if element.kind is Kind.CODE and element.code_label:
            properties[element.code_label] = label_schema(name, element)
    if register.geometry is not None:
        properties[register.geometry] = element_schema(register.elements[register.geometry])
    return {"$schema": DIALECT, "type": "object", "title": register.title, "properties": properties}


def element_schema(element: DataElement) -> JsonSchema:
    """The schema of one element's value: title in Chinese, description in English, type, form, and what it is under."""
    found = {"title": element.title, "description": element.title_en, **_form(element)}
    found |= {"x-standard": element.standard, "x-sensitivity": element.sensitivity.value}
    optional = {
        "x-mask": None if element.mask is Mask.NONE else element.mask.value,
        "x-code-list": element.code_list,
        "x-label": element.code_label,
        "x-authority": element.authority,
        "x-ogc-unit": element.unit,
    }
    return found | {name: value for name, value in optional.items() if value}


def label_schema(code: str, element: DataElement) -> JsonSchema:
    """The schema of the name served beside the value of ``code``."""
    return {
        "title": f"{element.title}（名称）",
        "description": f"{element.title_en}, name of the code",
        "type": "string",
        "readOnly": True,
        "x-sensitivity": element.sensitivity.value,
        "x-label-of": code,
    }


_UID = {"title": "标识", "type": "string", "format": "uuid", "readOnly": True, "x-ogc-role": "id"}


_FORMS: dict[Kind, JsonSchema] = {
    Kind.DATE: {"type": "string", "format": "date"},
    Kind.PARTIAL_DATE: {"type": "string", "pattern": PARTIAL_DATE},
    Kind.DECIMAL: {"type": "number"},
    Kind.INTEGER: {"type": "integer"},
    Kind.BOOLEAN: {"type": "boolean"},
    # part 5: a geometry has no JSON type, only its format and role
    Kind.GEOMETRY: {"format": "geometry-any", "x-ogc-role": "primary-geometry"},
}


def _form(element: DataElement) -> JsonSchema:
    """Type, format and length."""
    if element.kind is Kind.ITEMS:
        members = {name: {"type": "string", "title": title} for name, title in element.item}
        return {"type": "array", "items": {"type": "object", "properties": members}}
    if element.kind in _FORMS:
        return dict(_FORMS[element.kind])
    return {"type": "string"} if element.max_length is None else {"type": "string", "maxLength": element.max_length}
