"""From a request to a page: parameters checked against the declaration, all faults told at once (plan, road out).

A GET and the body of a search say the same in the same words; a body's values are taken as the texts a URL would hold,
but for its filter, which may be CQL2 JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from jishi.access.authorise import Wanted
from jishi.access.grants import Grant
from jishi.errors import Fault
from jishi.identifiers.normalise import normalise
from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register
from jishi_api import as_of, cql2, cursor, negotiate
from jishi_api.box import Box, read_box
from jishi_api.clock import CLOCK_MEMBERS, Clock, read_clock
from jishi_api.compile import compile_filter
from jishi_api.condition import Condition
from jishi_api.crs import DEFAULT, Crs, Systems, system_of, systems
from jishi_api.members import elements_of, filterable, granted_members, members, queryables
from jishi_api.parameters import (
    DEFAULT_LIMIT,
    INDIVIDUAL_BUSINESS,
    Parameters,
    Value,
    closed,
    included,
    once,
    read_limit,
    read_value,
    report,
    short,
    texts,
)
from jishi_api.plan import Plan, plan_of
from jishi_api.sql import Key, Order, Page, Position
from jishi_api.trust import read_trust

MOST_SORTED = 3
"""Elements of one order."""

WIDE, WIDE_BOX = 1000, 200
"""Features of a page beyond which it is wide; within a box every one has to be fetched and sorted."""

PAGE_MEMBERS = CLOCK_MEMBERS | frozenset(
    {
        "bbox",
        "bbox-crs",
        "count",
        "crs",
        "cursor",
        "f",
        "filter",
        "filter-crs",
        "filter-lang",
        "include",
        "limit",
        "properties",
        "sortby",
        "trust",
    }
)
GEOGRAPHIC = systems(0)
"""The systems every deployment serves."""

ITEM_MEMBERS = CLOCK_MEMBERS | frozenset({"crs", "f", "include", "properties", "trust"})
LANGUAGES = ("cql2-text", "cql2-json")


@dataclass(frozen=True, slots=True)
class Question:
    """A page asked for. ``equal``: queryables named as parameters; ``told``: all that a cursor must not be carried over to;
    ``clock``: of which time, None = now."""

    plan: Plan
    page: Page
    wanted: Wanted
    equal: tuple[tuple[str, Value], ...]
    told: str
    counted: str = "none"  # of jishi_api.counting.COUNTS
    boxed: bool = False
    names: tuple[str, ...] = ()  # of the members shown
    clock: Clock | None = None
    trust: bool = False

    @property
    def is_wide(self) -> bool:
        """Whether it reads and writes so much that it must not stand in the way of small pages; another time always may."""
        return self.clock is not None or self.page.limit > (WIDE_BOX if self.boxed else WIDE)


def plan_items(
    register: Register,
    grant: Grant,
    parameters: Parameters,
    secret: bytes,
    *,
    posted: Mapping[str, Any] | None = None,
    known: Systems = GEOGRAPHIC,
) -> Question:
    """What ``GET …/items`` asks, or, with ``posted``, a search's body. CallerError ``QRY-PARAMETERS`` with every fault.
    ``known``: the coordinate reference systems served.

    Whether the grant permits it is not asked here: ``wanted`` says what to ask.
    """
    faults: list[Fault] = []
    given = texts(posted, faults) if posted is not None else once(parameters, faults)
    clock = read_clock(given, faults)
    include = included(given, faults)
    names, with_geometry = _properties(register, _at(grant, clock, given, faults), given, faults)
    granted = [name for name in names if _is_granted(register, grant, name)]
    spoken = {name: system_of(given, name, known, faults) for name in ("crs", "bbox-crs", "filter-crs")}
    with_shapes = with_geometry and _opens(grant, register.geometry)
    shown = plan_of(register, grant, tuple(granted), geometry=with_shapes, crs=spoken["crs"])
    shown = as_of.over(shown, clock, include) if clock else shown
    equal = tuple(_equalities(register, given, faults, posted=posted is not None))
    box = read_box(given["bbox"], spoken["bbox-crs"], faults) if "bbox" in given else None
    parts = _conditions(register, shown.first, equal, box)
    allowed = filterable(register.name) if posted is None else None
    written = _filter(register, shown.first + len(parts.values), given, posted, faults, allowed, spoken["filter-crs"])
    condition = _both(parts, written)
    condition = as_of.past(shown, clock, condition) if clock and condition else condition
    order = _order(register, given, faults)
    closed(given, "f", negotiate.OF_ITEMS if posted is None else ("json",), "QRY-VALUE-FORMAT", faults)
    counted = closed(given, "count", ("none", "estimate", "exact"), "QRY-VALUE-COUNT", faults) or "none"
    limit = read_limit(given["limit"], faults) if "limit" in given else DEFAULT_LIMIT
    trust = read_trust(given, clock, limit, faults)
    told = _told(register, grant, names, condition, order, include, clock)
    after = _after(register, order, given["cursor"], secret, told) if "cursor" in given and not faults else None
    if "cursor" in given and not faults and after is None:
        faults.append(Fault("cursor", "QRY-VALUE-CURSOR"))
    report(faults)
    wanted = Wanted(
        elements=_asked_elements(register, given, names, with_geometry),
        compared=(condition.compared if condition else frozenset()),
        matched=(condition.matched if condition else frozenset()),
        sorted_by=frozenset(key.element for key in order.keys),
        rights=include | (as_of.rights_of(register) if clock else frozenset()),
    )
    bound = clock.values if clock else ()
    page = Page(condition=condition, include=include, order=order, after=after, limit=limit, clock=bound)
    return Question(shown, page, wanted, equal, told, counted, box is not None, tuple(granted), clock, trust)


@dataclass(frozen=True, slots=True)
class Chosen:
    """How single features are read: the plan of the members named in ``properties``, what the grant must hold, the states
    asked for beside the active, and of which time (None = now)."""

    plan: Plan
    wanted: Wanted
    include: frozenset[str]
    clock: Clock | None = None
    trust: bool = False

    @property
    def bound(self) -> tuple[object, ...]:
        """What is bound of the clock."""
        return self.clock.values if self.clock else ()


def plan_properties(register: Register, grant: Grant, parameters: Parameters, known: Systems = GEOGRAPHIC) -> Chosen:
    """What is asked of a single feature; CallerError ``QRY-PARAMETERS`` with every fault."""
    faults: list[Fault] = []
    given = once(parameters, faults)
    if register.personal and "properties" not in given:
        faults.append(Fault("properties", "QRY-PROPERTIES-NEEDED"))
    found = chosen(register, grant, given, faults, crs=system_of(given, "crs", known, faults))
    closed(given, "f", negotiate.OF_AN_ITEM, "QRY-VALUE-FORMAT", faults)
    faults += [Fault(short(name), "QRY-UNKNOWN-PARAMETER") for name in given if name not in ITEM_MEMBERS]
    report(faults)
    return found


def chosen(
    register: Register,
    grant: Grant,
    given: Mapping[str, str],
    faults: list[Fault],
    clock: Clock | None = None,
    crs: Crs = DEFAULT,
) -> Chosen:
    """What is asked of single features by ``properties`` (all that is granted, without it), ``include`` and the clocks, or of
    a ``clock`` read already."""
    clock = clock or read_clock(given, faults)
    names, with_geometry = _properties(register, _at(grant, clock, given, faults), given, faults)
    granted = tuple(name for name in names if _is_granted(register, grant, name))
    with_shapes = with_geometry and _opens(grant, register.geometry)
    shown = plan_of(register, grant, granted, geometry=with_shapes, crs=crs)
    include = included(given, faults)
    rights = include | (as_of.rights_of(register) if clock else frozenset())
    wanted = Wanted(elements=_asked_elements(register, given, names, with_geometry), rights=rights)
    trust = read_trust(given, clock, 1, faults)
    return Chosen(as_of.over(shown, clock, include) if clock else shown, wanted, include, clock, trust)


def place_after(order: Order, uid: Any, key: str | None) -> cursor.Place:
    """Where the next page begins after a row."""
    return cursor.Place(uid, key if order.element else None)


def _told(
    register: Register,
    grant: Grant,
    names: tuple[str, ...],
    condition: Condition | None,
    order: Order,
    include: frozenset[str],
    clock: Clock | None,
) -> str:
    """The same in every process: no set and no address stands in it."""
    values = [getattr(value, "numbers", value) for value in condition.values] if condition else []
    asked = (register.collection, grant.grant_id, grant.client_id, names, condition.text if condition else "", values)
    more = (order.more,) if order.more else ()
    return repr((*asked, order.element, order.descending, *more, sorted(include), clock.told() if clock else None))


def _at(grant: Grant, clock: Clock | None, given: Mapping[str, str], faults: list[Fault]) -> Grant:
    """The grant as it serves another time: what is computed of a day would, on days of one's own choice, tell more than it
    says."""
    if clock is None or not grant.derived:
        return grant
    named = {part.strip() for part in given.get("properties", "").split(",")} & grant.derived
    faults += [Fault(short(f"properties: {name}"), "QRY-TIME-DERIVED") for name in sorted(named)]
    return replace(grant, derived=frozenset())


def _asked_elements(
    register: Register, given: Mapping[str, str], names: tuple[str, ...], with_geometry: bool
) -> frozenset[str]:
    elements = elements_of(register, names)
    named = {part.strip() for part in given.get("properties", "").split(",")}
    return elements | (
        {register.geometry} if with_geometry and register.geometry in named and register.geometry else set()
    )


def _is_granted(register: Register, grant: Grant, name: str) -> bool:
    return bool(elements_of(register, (name,)) & grant.elements)


def _opens(grant: Grant, element: str | None) -> bool:
    return element is not None and element in grant.masked | grant.clear


def _properties(
    register: Register, grant: Grant, given: Mapping[str, str], faults: list[Fault]
) -> tuple[tuple[str, ...], bool]:
    """Member names in the order declared, and whether the geometry is wanted; an element brings its code's label with it.

    Without the parameter: all that is granted. The geometry comes always, if it is granted.
    """
    known = members(register.name)
    if "properties" not in given:
        return granted_members(register, grant), True
    wanted = {part.strip() for part in given["properties"].split(",")}
    unknown = sorted(wanted - known.keys() - {register.geometry} - grant.derived)
    faults += [Fault(short(f"properties: {name}"), "QRY-PROPERTY-UNKNOWN") for name in unknown]
    names = tuple(name for name, member in known.items() if name in wanted or member.element in wanted)
    return names + tuple(sorted(wanted & grant.derived)), True


def _equalities(
    register: Register, given: Mapping[str, str], faults: list[Fault], *, posted: bool
) -> Iterable[tuple[str, Value]]:
    known = queryables(register.name)
    for name, text in given.items():
        if name in PAGE_MEMBERS:
            continue
        if name in known:
            value = read_value(name, known[name], text, faults, posted=posted)
            if value is not None:
                yield name, value
        elif name in register.elements or name in members(register.name):
            faults.append(Fault(name, "QRY-NOT-QUERYABLE", {"queryables": ", ".join(known) or "-"}))
        else:
            faults.append(Fault(short(name), "QRY-UNKNOWN-PARAMETER"))


def _conditions(register: Register, first: int, equal: tuple[tuple[str, Value], ...], box: Box | None) -> Condition:
    tests = [f"q.{name} = ${number}" for number, (name, _) in enumerate(equal, first)]
    values: list[object] = [value for _, value in equal]
    compared = {name for name, _ in equal}
    if box is not None and register.geometry is not None:
        text, corners = box.test(f"q.{register.geometry}", first + len(values))
        tests.append(text)
        values += corners
        compared.add(register.geometry)
    return Condition(" AND ".join(tests), tuple(values), frozenset(compared))


def _both(one: Condition, other: Condition | None) -> Condition | None:
    found = [condition for condition in (one, other) if condition is not None and condition.text]
    if not found:
        return None
    return Condition(
        " AND ".join(condition.text for condition in found),
        tuple(value for condition in found for value in condition.values),
        frozenset[str]().union(*(condition.compared for condition in found)),
        frozenset[str]().union(*(condition.matched for condition in found)),
    )


def _filter(
    register: Register,
    first: int,
    given: Mapping[str, str],
    posted: Mapping[str, Any] | None,
    faults: list[Fault],
    allowed: frozenset[str] | None,
    crs: Crs,
) -> Condition | None:
    """The filter's condition. In a URL the code of an individual business is refused wherever it stands as a literal."""
    language = closed(given, "filter-lang", LANGUAGES, "QRY-VALUE-LANGUAGE", faults)
    tree = read_filter(given, posted, language, faults)
    if tree is None:
        return None
    found = compile_filter(register, tree, first, faults, allowed, crs)
    if found is not None and posted is None and "uscc" in found.compared and _names_person(found.values):
        faults.append(Fault("filter", "QRY-KEY-PERSONAL"))
    return found


def read_filter(
    given: Mapping[str, str], posted: Mapping[str, Any] | None, language: str | None, faults: list[Fault]
) -> cql2.Node | None:
    """The tree of ``filter``, text or (in a body) JSON; None without one or after a fault."""
    raw = posted.get("filter") if posted is not None else given.get("filter")
    if raw is None:
        return None
    try:
        if isinstance(raw, str) and language != "cql2-json":
            return cql2.read_text(raw)
        if isinstance(raw, str):
            return cql2.read_json_text(raw)
        if isinstance(raw, dict | list | bool) and language != "cql2-text":
            return cql2.read_json(raw)
        faults.append(Fault("filter", "QRY-FILTER-SYNTAX"))
    except cql2.Malformed as error:
        faults.append(Fault("filter", error.code, {"longest": cql2.LONGEST, "deepest": cql2.DEEPEST}))
    return None


def _names_person(values: tuple[object, ...]) -> bool:
    texts = [text for value in values for text in (value if isinstance(value, list) else [value])]
    return any(isinstance(text, str) and normalise(text).startswith(INDIVIDUAL_BUSINESS) for text in texts)


def _order(register: Register, given: Mapping[str, str], faults: list[Fault]) -> Order:
    """Up to three queryables, or the uid alone, each with ``-`` before it for the reverse."""
    if "sortby" not in given:
        return Order()
    parts = [part.strip() for part in given["sortby"].split(",")]
    keys = [Key(part.lstrip("+-").strip(), part.startswith("-")) for part in parts]
    if len(keys) == 1 and keys[0].element == "uid":
        return Order(descending=keys[0].descending)
    known = queryables(register.name)
    if len(keys) > MOST_SORTED or len({key.element for key in keys}) < len(keys):
        faults.append(Fault("sortby", "QRY-VALUE-SORTS", {"most": MOST_SORTED}))
    elif any(key.element not in known for key in keys):
        faults.append(Fault("sortby", "QRY-VALUE-SORT", {"known": ", ".join([*known, "uid"])}))
    return Order(keys[0].element, keys[0].descending, tuple(keys[1:]))


def _after(register: Register, order: Order, text: str, secret: bytes, told: str) -> Position | None:
    place = cursor.read(secret, told, text)
    if place is None or order.element is None:
        return Position(place.uid) if place else None
    if order.more:
        texts: list[str | None] = json.loads(place.key or "[]")
        pairs = zip(order.keys, texts, strict=True)
        values = (None if text is None else _key(register.elements[key.element], text) for key, text in pairs)
        return Position(place.uid, tuple(values))
    if place.key is None:
        return Position(place.uid, past_values=True)
    return Position(place.uid, _key(register.elements[order.element], place.key))


def _key(element: DataElement, text: str) -> object:
    """A sort key from the text PostgreSQL wrote."""
    match element.kind:
        case Kind.DATE | Kind.PARTIAL_DATE:
            return date.fromisoformat(text)
        case Kind.DECIMAL:
            return Decimal(text)
        case Kind.INTEGER:
            return int(text)
        case Kind.BOOLEAN:
            return text == "true"
    return text
