"""From a request to a plan: parameters checked against the declaration, all faults told at once (plan, road out)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from jishi.errors import CallerError, Fault
from jishi.identifiers import division_code, uscc
from jishi.identifiers.normalise import normalise
from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register
from jishi_api import cursor
from jishi_api.members import members, queryables

DEFAULT_LIMIT = 100
GREATEST_LIMIT = 10_000
TEXT_LIMIT = 200
FIRST = UUID(int=0)
"""Before every uid."""

INDIVIDUAL_BUSINESS = "92"
"""A social credit code that begins so is an individual business's 个体工商户 and stands for a person."""

Value = str | date | Decimal | int | bool
Bbox = tuple[float, float, float, float]
Parameters = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ItemsPlan:
    """What a page is made of. ``equal``: element and value; ``bbox``: west, south, east, north in degrees (CRS84)."""

    register: Register
    equal: tuple[tuple[str, Value], ...] = ()
    bbox: Bbox | None = None
    properties: tuple[str, ...] = ()
    limit: int = DEFAULT_LIMIT
    after: UUID = FIRST

    @property
    def question(self) -> str:
        """A digest of all that a cursor must not be carried over to: collection, filters, properties."""
        parts = (self.register.collection, self.equal, self.bbox, self.properties)
        return hashlib.sha256(repr(parts).encode()).hexdigest()


def plan_items(register: Register, parameters: Parameters, secret: bytes) -> ItemsPlan:
    """The plan of ``GET …/items``; CallerError ``QRY-PARAMETERS`` with every fault of the parameters."""
    faults: list[Fault] = []
    given = _once(parameters, faults)
    plan = ItemsPlan(
        register,
        equal=tuple(_equalities(register, given, faults)),
        bbox=_bbox(register, given["bbox"], faults) if "bbox" in given else None,
        properties=_properties(register, given, faults),
        limit=_limit(given["limit"], faults) if "limit" in given else DEFAULT_LIMIT,
    )
    _format(given, faults)
    if "cursor" in given and not faults:
        last = cursor.read(secret, plan.question, given["cursor"])
        if last is None:
            faults.append(Fault("cursor", "QRY-VALUE-CURSOR"))
        else:
            plan = replace(plan, after=last)
    _report(faults)
    return plan


def plan_properties(register: Register, parameters: Parameters) -> tuple[str, ...]:
    """The members asked for of a single feature; CallerError ``QRY-PARAMETERS`` with every fault."""
    faults: list[Fault] = []
    given = _once(parameters, faults)
    chosen = _properties(register, given, faults)
    _format(given, faults)
    faults += [Fault(_short(name), "QRY-UNKNOWN-PARAMETER") for name in given if name not in ("properties", "f")]
    _report(faults)
    return chosen


def key_value(register: Register, text: str) -> str | None:
    """A natural key as the register keeps it; None where the text can be nobody's.

    Raises ``QRY-KEY-PERSONAL`` for the code of an individual business: it has no place in a URL.
    """
    element = register.natural_key
    if element is None or "\0" in text or len(text) > TEXT_LIMIT:
        return None
    if element == "uscc":
        if _is_personal(element, text):
            raise CallerError("QRY-KEY-PERSONAL")
        return uscc.check(text).value
    return division_code.check(text).value if element == "division_code" else text


def _equalities(register: Register, given: Mapping[str, str], faults: list[Fault]) -> Iterable[tuple[str, Value]]:
    known = queryables(register.name)
    for name, text in given.items():
        if name in _RESERVED:
            continue
        if name in known:
            value = _read(name, known[name], text, faults)
            if value is not None:
                yield name, value
        elif name in register.elements or name in members(register.name):
            faults.append(Fault(name, "QRY-NOT-QUERYABLE", {"queryables": ", ".join(known) or "-"}))
        else:
            faults.append(Fault(_short(name), "QRY-UNKNOWN-PARAMETER"))


_RESERVED = frozenset({"bbox", "properties", "limit", "cursor", "f"})


def _read(name: str, element: DataElement, text: str, faults: list[Fault]) -> Value | None:
    """The value of an equality in the element's type; None after telling the fault, which never repeats the value."""
    code = None
    value: Value | None = None
    match element.kind:
        case Kind.DATE:
            value, code = _day(text), "QRY-VALUE-DATE"
        case Kind.DECIMAL:
            value, code = Decimal(text) if _DECIMAL.fullmatch(text) else None, "QRY-VALUE-NUMBER"
        case Kind.INTEGER:
            value, code = int(text) if _INTEGER.fullmatch(text) else None, "QRY-VALUE-NUMBER"
        case Kind.BOOLEAN:
            value, code = {"true": True, "false": False}.get(text), "QRY-VALUE-BOOLEAN"
        case Kind.IDENTIFIER if _is_personal(name, text):
            code = "QRY-KEY-PERSONAL"
        case _:
            plain = normalise(text) if element.kind is Kind.IDENTIFIER else text
            value = plain if plain.strip() and "\0" not in text and len(text) <= TEXT_LIMIT else None
            code = "QRY-VALUE-TEXT"
    if value is None:
        faults.append(Fault(name, code, {"longest": TEXT_LIMIT}))
    return value


_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?")
_INTEGER = re.compile(r"-?[0-9]{1,18}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _is_personal(element: str, text: str) -> bool:
    return element == "uscc" and normalise(text).startswith(INDIVIDUAL_BUSINESS)


_NUMBER = re.compile(r"[+-]?[0-9]{1,3}(\.[0-9]{1,17})?")


def _bbox(register: Register, text: str, faults: list[Fault]) -> Bbox | None:
    """West, south, east, north. A box over the antimeridian is no box of a city and refused."""
    if register.geometry is None:
        faults.append(Fault("bbox", "QRY-NO-GEOMETRY"))
        return None
    parts = [part.strip() for part in text.split(",")]
    if len(parts) == 4 and all(_NUMBER.fullmatch(part) for part in parts):
        west, south, east, north = (float(part) for part in parts)
        if -180 <= west <= east <= 180 and -90 <= south <= north <= 90:
            return west, south, east, north
    faults.append(Fault("bbox", "QRY-VALUE-BBOX"))
    return None


def _properties(register: Register, given: Mapping[str, str], faults: list[Fault]) -> tuple[str, ...]:
    """Member names in the order declared; an element brings its code's label with it. Without the parameter: all."""
    known = members(register.name)
    if "properties" not in given:
        return tuple(known)
    wanted = {part.strip() for part in given["properties"].split(",")}
    unknown = sorted(wanted - known.keys() - {register.geometry})
    faults += [Fault(_short(f"properties: {name}"), "QRY-PROPERTY-UNKNOWN") for name in unknown]
    return tuple(name for name, member in known.items() if name in wanted or member.element in wanted)


def _limit(text: str, faults: list[Fault]) -> int:
    """At least 1; what is above the greatest page becomes the greatest page."""
    if not text.isascii() or not text.isdigit() or not text.strip("0"):
        faults.append(Fault("limit", "QRY-VALUE-LIMIT", {"greatest": GREATEST_LIMIT}))
        return DEFAULT_LIMIT
    digits = text.lstrip("0")
    return min(int(digits), GREATEST_LIMIT) if len(digits) <= len(str(GREATEST_LIMIT)) else GREATEST_LIMIT


def _format(given: Mapping[str, str], faults: list[Fault]) -> None:
    if given.get("f", "json") != "json":
        faults.append(Fault("f", "QRY-VALUE-FORMAT", {"known": "json"}))


def _once(parameters: Parameters, faults: list[Fault]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, text in parameters:
        if name in given:
            faults.append(Fault(_short(name), "QRY-GIVEN-TWICE"))
        given[name] = text
    return given


def _short(name: str) -> str:
    """A name from outside, cut to what is worth repeating."""
    return name if len(name) <= 80 else f"{name[:80]}…"


def _report(faults: list[Fault]) -> None:
    if faults:
        raise CallerError("QRY-PARAMETERS", faults=tuple(faults))
