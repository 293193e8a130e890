"""A search of persons, certificates or credit records: its criteria made to fit one of the declared shapes (plan, road out)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from jishi.access.authorise import Wanted
from jishi.errors import CallerError, Fault
from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register
from jishi_api import cql2
from jishi_api.compare import interval
from jishi_api.condition import RELATED_NOW, TEXT_LIMIT, Condition, Numbers, bearers, literal
from jishi_api.numbers import number_of
from jishi_api.query import read_filter
from jishi_api.shapes import (
    ADDRESS,
    ADDRESS_ELEMENT,
    ADDRESS_RELATION,
    DIVISION_LENGTHS,
    SHORTEST_PREFIX,
    Criterion,
    How,
    Shape,
    listed,
    shapes_of,
)

Criteria = Mapping[str, str]
WILDCARD = "%"


@dataclass(frozen=True, slots=True)
class Search:
    """What a search looks for. ``wanted``: the elements looked by, for the grant."""

    shape: Shape
    condition: Condition
    wanted: Wanted
    key: tuple[tuple[str, str], ...] = field(repr=False)


def criteria_of(body: Mapping[str, Any], faults: list[Fault]) -> dict[str, str]:
    """Element → text looked for, from ``key`` (element: value) or from a ``filter`` of equalities joined by AND.

    The beginning of a name is written with ``%`` behind it, in both.
    """
    if ("key" in body) == ("filter" in body):
        faults.append(Fault("key", "QRY-SEARCH-EITHER"))
        return {}
    if "key" in body:
        return _of_key(body["key"], "key", faults)
    language = body.get("filter-lang")
    tree = read_filter({}, body, language if isinstance(language, str) else None, faults)
    found: dict[str, str] = {}
    if tree is not None:
        _gather(tree, found, faults)
    return found


def key_of(given: object, faults: list[Fault]) -> dict[str, str]:
    """The ``key`` of ``/verify``."""
    return _of_key(given, "key", faults)


def search_of(register: Register, criteria: Criteria, first: int, faults: list[Fault]) -> Search | None:
    """The search in the shape its criteria fit; None after a fault. Parameters are numbered from ``first`` on.

    No shape: ``QRY-SEARCH-SHAPE``, which lists the shapes there are.
    """
    fitting = [shape for shape in shapes_of(register.name) if _fits(shape, criteria)]
    if not fitting:
        faults.append(Fault("key", "QRY-SEARCH-SHAPE", {"shapes": listed(register.name)}))
        return None
    shape = fitting[0]
    tests: list[str] = []
    values: list[object] = []
    compared: set[str] = set()
    matched: set[str] = set()
    found_faults = len(faults)
    for criterion in shape.criteria:
        (name,) = [element for element in criterion.elements if element in criteria]
        (compared if criterion.how is How.PREFIX else matched).add(ADDRESS_ELEMENT if name == ADDRESS else name)
        part = _part(register, criterion.how, name, criteria[name].strip(), first + len(values), faults)
        if part is not None:
            tests.append(part.text)
            values += part.values
    if len(faults) > found_faults:
        return None
    wanted = Wanted(compared=frozenset(compared), matched=frozenset(matched))
    condition = Condition(" AND ".join(tests), tuple(values))
    return Search(shape, condition, wanted, tuple(sorted(criteria.items())))


def folded(text: str) -> str:
    """A value as rows hold it: full-width forms folded, blanks around it gone."""
    return unicodedata.normalize("NFKC", text).strip()


def _of_key(given: object, name: str, faults: list[Fault]) -> dict[str, str]:
    if not isinstance(given, dict) or not given or not all(isinstance(text, str) for text in given.values()):
        faults.append(Fault(name, "QRY-SEARCH-KEY"))
        return {}
    return dict(given)


def _gather(node: cql2.Node, found: dict[str, str], faults: list[Fault]) -> None:
    """Equalities and beginnings of a tree of nothing but ANDs; anything else is told and taken for no criterion."""
    operation = str(node.get("op", "")).lower() if isinstance(node, dict) else ""
    arguments = node.get("args") if isinstance(node, dict) else None
    if operation == "and" and isinstance(arguments, list):
        for argument in arguments:
            _gather(argument, found, faults)
        return
    if operation in ("=", "like") and isinstance(arguments, list) and len(arguments) == 2:
        name = arguments[0].get("property") if isinstance(arguments[0], dict) else None
        value = arguments[1]
        if isinstance(value, dict) and isinstance(value.get("date"), str):
            value = value["date"]
        if isinstance(name, str) and isinstance(value, str) and name not in found:
            starts = value.endswith(WILDCARD) and not set(value[:-1]) & set("%_\\")
            if (operation == "like") == starts:
                found[name] = value
                return
    faults.append(Fault("filter", "QRY-SEARCH-FILTER"))


def _fits(shape: Shape, criteria: Criteria) -> bool:
    """Whether every criterion finds exactly one of its elements and nothing is left over."""
    met: list[str] = []
    for criterion in shape.criteria:
        named = [name for name in criterion.elements if name in criteria and _is_so(criterion, criteria[name])]
        if len(named) != 1:
            return False
        met += named
    return len(met) == len(criteria)


def _is_so(criterion: Criterion, text: str) -> bool:
    return (criterion.how is How.PREFIX) == text.strip().endswith(WILDCARD)


def _part(register: Register, how: How, name: str, text: str, number: int, faults: list[Fault]) -> Condition | None:
    """One criterion as SQL over ``q``; None after a fault, which does not repeat the value."""
    element = register.elements.get(name)
    found: Condition | None = None
    code, values = "QRY-VALUE-TEXT", {"longest": TEXT_LIMIT}
    match how:
        case How.NUMBER if element is not None:
            found, code = _number(register, name, element, text, number), "QRY-VALUE-IDENTIFIER"
        case How.ADDRESS:
            found, code = _address(register, text, number), "QRY-VALUE-UID"
        case How.DIVISION:
            right = text.isascii() and text.isdigit() and len(text) in DIVISION_LENGTHS
            found = Condition(f"starts_with(q.{name}, ${number})", (text,)) if right else None
            code = "QRY-VALUE-DIVISION"
        case How.PREFIX:
            found, code = _prefix(name, folded(text.removesuffix(WILDCARD)), number), "QRY-VALUE-PREFIX"
            values = {"least": SHORTEST_PREFIX}
        case _ if element is not None:
            found, code = _equal(name, element, text, number), _CODES.get(element.kind, code)
    if found is None:
        faults.append(Fault(name, code, dict(values)))
    return found


_CODES = {Kind.DATE: "QRY-VALUE-DATE", Kind.PARTIAL_DATE: "QRY-VALUE-DATE"}


def _number(register: Register, name: str, element: DataElement, text: str, number: int) -> Condition | None:
    value = number_of(element, text)
    if value is None:
        return None
    return Condition(f"q.uid IN (SELECT d.uid {bearers(register, name, f'${number}')})", (Numbers((value,)),))


def _address(register: Register, text: str, number: int) -> Condition | None:
    try:
        place = UUID(text)
    except ValueError:
        return None
    related = (
        f"SELECT r.from_uid FROM jishi.relation r WHERE r.to_uid = ${number} AND r.kind = '{ADDRESS_RELATION}' "  # noqa: S608
        f"AND r.from_register = {register.number} AND {RELATED_NOW}"
    )
    return Condition(f"q.uid IN ({related})", (place,))


def _prefix(name: str, text: str, number: int) -> Condition | None:
    """By the order of the characters themselves, which an index on them answers whatever the locale."""
    if not SHORTEST_PREFIX <= len(text) <= TEXT_LIMIT or _is_odd(text):
        return None
    after = text[:-1] + chr(min(ord(text[-1]) + 1, 0x10FFFF))
    return Condition(f"(q.{name} ~>=~ ${number} AND q.{name} ~<~ ${number + 1})", (text, after))


def _equal(name: str, element: DataElement, text: str, number: int) -> Condition | None:
    if element.kind is Kind.PARTIAL_DATE:
        days = interval(text)
        # the middle one follows from the others and tells the planner how few there are
        test = f"(q.{name} >= ${number} AND q.{name} <= ${number + 1} AND q.{name}_high <= ${number + 1})"
        return Condition(test, days) if days is not None else None
    value = literal(element, text if element.kind is Kind.DATE else folded(text))
    if value is None or (isinstance(value, str) and _is_odd(value)):
        return None
    return Condition(f"q.{name} = ${number}", (value,))


def _is_odd(text: str) -> bool:
    return "\0" in text or any("\ud800" <= character <= "\udfff" for character in text)


def refuse(faults: list[Fault]) -> None:
    if faults:
        raise CallerError("QRY-PARAMETERS", faults=tuple(faults))
