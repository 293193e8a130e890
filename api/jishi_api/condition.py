"""Conditions over a register's rows, and the literals they bind (plan, road out)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from jishi.identifiers.normalise import normalise
from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register
from jishi_api.cql2 import Node

TEXT_LIMIT = 200
ALIAS = "q"
"""What a condition calls the golden row."""

CARRIED_NOW = "d.valid_from <= now() AND (d.valid_to IS NULL OR d.valid_to > now())"
"""Of a row ``d`` of the identifiers: it is carried today."""

RELATED_NOW = "r.effective_from <= now() AND (r.effective_to IS NULL OR r.effective_to > now())"
"""Of a relation ``r``: it holds today."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers to be looked for by their keyed tags; whoever binds the values seals them first."""

    numbers: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL over the row :data:`ALIAS` and its values. ``compared`` and ``matched``: elements as
    :class:`jishi.access.authorise.Wanted` means them."""

    text: str
    values: tuple[object, ...] = field(default=(), repr=False)
    compared: frozenset[str] = frozenset()
    matched: frozenset[str] = frozenset()


def literal(element: DataElement, raw: Node) -> object | None:
    """A literal in the element's type (text, date, Decimal, int, bool), None where it is none of that type.

    >>> literal(DataElement("", Kind.DATE), {"date": "2026-02-30"}) is None
    True
    >>> literal(DataElement("", Kind.INTEGER), 3.0), literal(DataElement("", Kind.INTEGER), 3.5)
    (3, None)
    """
    match element.kind:
        case Kind.DATE | Kind.PARTIAL_DATE:
            return _day(raw)
        case Kind.BOOLEAN:
            return raw if isinstance(raw, bool) else None
        case Kind.DECIMAL | Kind.INTEGER if isinstance(raw, int | float) and not isinstance(raw, bool):
            if not abs(raw) < 10**18 or (element.kind is Kind.INTEGER and raw != int(raw)):  # not for NaN either
                return None
            return int(raw) if element.kind is Kind.INTEGER else Decimal(str(raw))
        case Kind.TEXT | Kind.CODE | Kind.IDENTIFIER if isinstance(raw, str):
            text = normalise(raw) if element.kind is Kind.IDENTIFIER else raw
            return text if text.strip() and "\0" not in raw and len(raw) <= TEXT_LIMIT and encodes(text) else None
    return None


def bearers(register: Register, element: str, tags: str) -> str:
    """FROM and WHERE of the identifiers ``d`` now carried under one of ``tags``; of a number that does not link by itself
    only where the golden record shows it."""
    shown = "" if register.elements[element].strong else f" AND d.masked = {ALIAS}.{element}"
    return (
        f"FROM jishi.identifier d WHERE d.lookup = ANY({tags}::uuid[]) AND d.register = {register.number} "
        f"AND d.element = '{element}' AND {CARRIED_NOW}{shown}"
    )


def _day(raw: Node) -> date | None:
    text = raw.get("date") if isinstance(raw, dict) and len(raw) == 1 else raw
    try:
        return date.fromisoformat(text) if isinstance(text, str) and _DAY.fullmatch(text) else None
    except ValueError:
        return None


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def encodes(text: str) -> bool:
    """Whether it holds no lone surrogate, which JSON may write and no database takes."""
    return not any("\ud800" <= character <= "\udfff" for character in text)
