"""What a feature's ``properties`` hold and what of it may be asked for, by the declaration (plan, road out)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jishi.registers.catalog import register_of
from jishi.registers.element import DataElement, Kind, Mask, Sensitivity
from jishi.registers.register import Register

QUERYABLE_KINDS = frozenset(
    {Kind.TEXT, Kind.CODE, Kind.DATE, Kind.DECIMAL, Kind.INTEGER, Kind.BOOLEAN, Kind.IDENTIFIER}
)
"""Kinds that GET compares for equality; a geometry is asked for by ``bbox``."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of ``properties``: an element's own value, or (``label``) the name of its code."""

    name: str
    element: str
    label: bool


@cache
def members(register_name: str) -> dict[str, Member]:
    """Member name → member, in the order declared; a code's label follows it. The geometry is no member."""
    found: dict[str, Member] = {}
    for name, element in register_of(register_name).elements.items():
        if element.kind is Kind.GEOMETRY:
            continue
        found[name] = Member(name, name, label=False)
        if element.kind is Kind.CODE and element.code_label:
            found[element.code_label] = Member(element.code_label, name, label=True)
    return found


@cache
def queryables(register_name: str) -> dict[str, DataElement]:
    """Elements that GET may compare: declared queryable and not personal. An URL is logged wherever it passes."""
    return {
        name: element
        for name, element in register_of(register_name).elements.items()
        if element.queryable and element.sensitivity is Sensitivity.N and element.kind in QUERYABLE_KINDS
    }


def is_masked(register: Register, element: str) -> bool:
    """Whether a mask stands between the value and the caller; what is kept as its mask already needs none."""
    declared = register.elements[element]
    return declared.sensitivity is not Sensitivity.N and declared.mask is not Mask.NONE and not declared.sealed
