"""JSON Schema of a collection, from the declaration: what a feature holds and what may be asked for (road out)."""

from __future__ import annotations

from jishi.registers.json_schema import DIALECT, JsonSchema, element_schema, json_schema
from jishi.registers.register import Register
from jishi_api.members import queryables


def feature_schema(register: Register, address: str) -> JsonSchema:
    """The schema of a feature's properties; every one may be null. ``address`` is the schema's own URL."""
    return {**json_schema(register), "$id": address}


def queryables_schema(register: Register, address: str) -> JsonSchema:
    """The schema of the parameters GET compares for equality; none but these and the API's own are understood."""
    properties = {name: element_schema(element) for name, element in queryables(register.name).items()}
    if register.geometry is not None and register.elements[register.geometry].queryable:
        properties[register.geometry] = element_schema(register.elements[register.geometry])
    return {
        "$schema": DIALECT,
        "$id": address,
        "type": "object",
        "title": register.title,
        "properties": properties,
        "additionalProperties": False,
    }
