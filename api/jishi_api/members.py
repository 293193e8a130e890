"""What a feature's ``properties`` hold and what of it may be asked for, by the declaration (plan, road out)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from jishi.access.grants import Grant
from jishi.registers.catalog import register_of
from jishi.registers.element import DataElement, Kind, Mask, Sensitivity
from jishi.registers.register import Register

COMPARABLE_KINDS = frozenset(
    {Kind.TEXT, Kind.CODE, Kind.DATE, Kind.PARTIAL_DATE, Kind.DECIMAL, Kind.INTEGER, Kind.BOOLEAN, Kind.IDENTIFIER}
)
"""Kinds a filter may compare; a geometry has operators of its own, a list has none."""


@dataclass(frozen=True, slots=True)
class Member:
    """One member of ``properties``: an element's own value, or (``label``) the name of its code; or (``derived``) what is
    computed from elements."""

    name: str
    element: str
    label: bool = False
    derived: bool = False


@cache
def members(register_name: str) -> dict[str, Member]:
    """Member name → member, in the order declared; a code's label follows it. The geometry is no member."""
    found: dict[str, Member] = {}
    for name, element in register_of(register_name).elements.items():
        if element.kind is Kind.GEOMETRY:
            continue
        found[name] = Member(name, name)
        if element.kind is Kind.CODE and element.code_label:
            found[element.code_label] = Member(element.code_label, name, label=True)
    return found


@cache
def queryables(register_name: str) -> dict[str, DataElement]:
    """Elements that GET may compare: declared queryable and not personal. An URL is logged wherever it passes."""
    return {
        name: element
        for name, element in register_of(register_name).elements.items()
        if element.queryable and element.sensitivity is Sensitivity.N and element.kind in COMPARABLE_KINDS
    }


@cache
def filterable(register_name: str) -> frozenset[str]:
    """Elements a filter in a URL may name: the queryables and a queryable geometry."""
    register = register_of(register_name)
    spatial = register.geometry is not None and register.elements[register.geometry].queryable
    return frozenset(queryables(register_name)) | ({register.geometry} if spatial and register.geometry else set())


def granted_members(register: Register, grant: Grant) -> tuple[str, ...]:
    """Names of all members a grant opens, in the order declared, derived ones last."""
    open_ = grant.masked | grant.clear
    own = tuple(name for name, member in members(register.name).items() if member.element in open_)
    return own + tuple(sorted(grant.derived))


def elements_of(register: Register, names: tuple[str, ...]) -> frozenset[str]:
    """The elements behind members; a name that is no member (a derived element, the geometry) stands for itself."""
    known = members(register.name)
    return frozenset(known[name].element if name in known else name for name in names)


def is_masked(register: Register, element: str, grant: Grant) -> bool:
    """Whether a mask stands between the value and the caller; what is kept as its mask already needs none."""
    declared = register.elements[element]
    return element not in grant.clear and declared.mask is not Mask.NONE and not declared.sealed
