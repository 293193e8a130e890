"""JSON Schema of a collection, from the declaration: what a feature holds and what may be asked for (road out)."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request

from jishi.access.grants import Grant
from jishi.registers.json_schema import DIALECT, JsonSchema, element_schema, json_schema
from jishi.registers.register import Register
from jishi_api.links import address
from jishi_api.members import is_masked, queryables

UCUM = frozenset({"m", "km", "d", "a", "%"})
"""Units that are written as UCUM has them; others are words of their standard."""


def feature_schema(register: Register, address: str) -> JsonSchema:
    """The schema of a feature's properties; every one may be null. ``address`` is the schema's own URL."""
    found = json_schema(register)
    numbered = {name: {**told, "x-ogc-propertySeq": place} for place, (name, told) in enumerate(_of(found), 1)}
    return {**found, "$id": address, "properties": numbered}


def queryables_schema(register: Register, address: str, grant: Grant | None = None) -> JsonSchema:
    """The schema of what GET compares; none but these and the API's own parameters are understood.

    ``grant``: leaves out what its holder may not compare, as ungranted or masked.
    """
    names = [name for name in queryables(register.name) if _may_compare(register, grant, name)]
    properties = {name: element_schema(register.elements[name]) for name in names}
    geometry = register.geometry
    if geometry is not None and register.elements[geometry].queryable and _may_compare(register, grant, geometry):
        properties[geometry] = element_schema(register.elements[geometry])
    return {
        "$schema": DIALECT,
        "$id": address,
        "type": "object",
        "title": register.title,
        "properties": properties,
        "additionalProperties": False,
    }


def linked(told: JsonSchema, request: Request) -> JsonSchema:
    """The schema with the address of every code list, and the language of every unit, as part 5 names them."""
    properties = {name: {**found, **_references(found, request)} for name, found in told["properties"].items()}
    return {**told, "properties": properties}


def _of(schema: JsonSchema) -> list[tuple[str, dict[str, Any]]]:
    return list(schema["properties"].items())


def _may_compare(register: Register, grant: Grant | None, name: str) -> bool:
    if grant is None:
        return True
    return name in grant.masked | grant.clear and not is_masked(register, name, grant)


def _references(found: dict[str, Any], request: Request) -> dict[str, str]:
    more = {}
    if "x-code-list" in found:
        more["x-ogc-codelistUri"] = address(request, "dictionary", "schemes", found["x-code-list"])
    if found.get("x-ogc-unit") in UCUM:
        more["x-ogc-unitLang"] = "UCUM"
    return more
