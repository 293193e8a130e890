"""Parameters one by one: texts of a URL or a body into typed values, each fault told and none repeated (plan, road out)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from jishi.errors import CallerError, Fault
from jishi.identifiers import division_code, uscc
from jishi.identifiers.normalise import normalise
from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register
from jishi_api.condition import TEXT_LIMIT, literal

DEFAULT_LIMIT = 100
GREATEST_LIMIT = 10_000

INDIVIDUAL_BUSINESS = "92"
"""A social credit code that begins so is an individual business's 个体工商户 and stands for a person."""

INCLUDABLE = ("inactive", "withheld")
Value = str | date | Decimal | int | bool
Parameters = Iterable[tuple[str, str]]


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


def report(faults: list[Fault]) -> None:
    if faults:
        raise CallerError("QRY-PARAMETERS", faults=tuple(faults))


def read_value(name: str, element: DataElement, text: str, faults: list[Fault], *, posted: bool) -> Value | None:
    """The value of an equality in the element's type; None after telling the fault, which never repeats the value."""
    code = None
    value: Value | None = None
    match element.kind:
        case Kind.DATE:
            value, code = literal(element, text), "QRY-VALUE-DATE"  # type: ignore[assignment]
        case Kind.DECIMAL:
            value, code = Decimal(text) if _DECIMAL.fullmatch(text) else None, "QRY-VALUE-NUMBER"
        case Kind.INTEGER:
            value, code = int(text) if _INTEGER.fullmatch(text) else None, "QRY-VALUE-NUMBER"
        case Kind.BOOLEAN:
            value, code = {"true": True, "false": False}.get(text), "QRY-VALUE-BOOLEAN"
        case Kind.IDENTIFIER if not posted and _is_personal(name, text):
            code = "QRY-KEY-PERSONAL"
        case _:
            value, code = literal(element, text), "QRY-VALUE-TEXT"  # type: ignore[assignment]
    if value is None:
        faults.append(Fault(name, code, {"longest": TEXT_LIMIT}))
    return value


_DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?")
_INTEGER = re.compile(r"-?[0-9]{1,18}")


def _is_personal(element: str, text: str) -> bool:
    return element == "uscc" and normalise(text).startswith(INDIVIDUAL_BUSINESS)


def included(given: Mapping[str, str], faults: list[Fault]) -> frozenset[str]:
    """The states asked for beside the active."""
    wanted = {part.strip() for part in given.get("include", "").split(",")} - {""}
    if wanted - set(INCLUDABLE):
        faults.append(Fault("include", "QRY-VALUE-INCLUDE", {"known": ", ".join(INCLUDABLE)}))
    return frozenset(wanted & set(INCLUDABLE))


def read_limit(text: str, faults: list[Fault]) -> int:
    """At least 1; what is above the greatest page becomes the greatest page."""
    if not text.isascii() or not text.isdigit() or not text.strip("0"):
        faults.append(Fault("limit", "QRY-VALUE-LIMIT", {"greatest": GREATEST_LIMIT}))
        return DEFAULT_LIMIT
    digits = text.lstrip("0")
    return min(int(digits), GREATEST_LIMIT) if len(digits) <= len(str(GREATEST_LIMIT)) else GREATEST_LIMIT


def closed(given: Mapping[str, str], name: str, known: tuple[str, ...], code: str, faults: list[Fault]) -> str | None:
    text = given.get(name)
    if text is not None and text not in known:
        faults.append(Fault(name, code, {"known": ", ".join(known)}))
        return None
    return text


def once(parameters: Parameters, faults: list[Fault]) -> dict[str, str]:
    given: dict[str, str] = {}
    for name, text in parameters:
        if name in given:
            faults.append(Fault(short(name), "QRY-GIVEN-TWICE"))
        given[name] = text
    return given


def texts(body: Mapping[str, Any], faults: list[Fault]) -> dict[str, str]:
    """A body's members as the texts of parameters: lists joined by commas."""
    found: dict[str, str] = {}
    for name, value in body.items():
        if name in ("purpose", "case_no") or (name == "filter" and not isinstance(value, str)):
            continue
        parts = value if isinstance(value, list) and value else [value]
        if all(isinstance(part, str | int | float) for part in parts):
            found[name] = ",".join(part if isinstance(part, str) else _plain(part) for part in parts)
        else:
            faults.append(Fault(short(name), "QRY-VALUE", {"reason": "type"}))
    return found


def _plain(value: float) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def short(name: str) -> str:
    """A name from outside, cut to what is worth repeating."""
    return name if len(name) <= 80 else f"{name[:80]}…"
