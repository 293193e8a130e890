"""From a CQL2 tree to SQL: what is not on the lists here does not pass, every literal is bound (plan, road out).

A comparison has an element of the register on one side and a literal on the other. The text of the condition is its
shape: two filters that differ only in literals give one text, so that statements and their plans are found again.
A date known only to the month or year is compared as the interval it is; where that leaves doubt the comparison is null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from jishi.errors import Fault
from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register
from jishi_api.condition import ALIAS, TEXT_LIMIT, Condition, Numbers, bearers, encodes, literal
from jishi_api.cql2 import Node
from jishi_api.crs import DEFAULT, Crs
from jishi_api.geometry import MOST_POSITIONS, geometry
from jishi_api.nodes import is_property, named, operation_of, short, unfolded
from jishi_api.numbers import number_of
from jishi_api.temporal import OF_INSTANTS, OPEN, RELATIONS, Span, day_of, relation
from jishi_api.text_index import has_case, narrowed

MOST_VALUES = 100
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
UNSURE = {"t_after": ">", "t_before": "<", "t_equals": "="}
SPATIAL = {
    "s_intersects": "ST_Intersects",
    "s_within": "ST_Within",
    "s_contains": "ST_Contains",
    "s_disjoint": "ST_Disjoint",
    "s_touches": "ST_Touches",
    "s_overlaps": "ST_Overlaps",
    "s_crosses": "ST_Crosses",
    "s_equals": "ST_Equals",
}
TEXTS = frozenset({Kind.TEXT, Kind.CODE, Kind.IDENTIFIER})


def compile_filter(
    register: Register,
    tree: Node,
    first: int,
    faults: list[Fault],
    allowed: frozenset[str] | None = None,
    crs: Crs = DEFAULT,
) -> Condition | None:
    """The condition with parameters numbered from ``first`` on; None after telling every fault.

    ``allowed``: elements that may be named, None = all of the register. ``crs``: the system of
    geometries and boxes. No fault repeats a literal.
    """
    found: list[Fault] = []
    compiler = _Compiler(register, first, found, allowed, crs)
    text = compiler.truth(tree)
    if found:
        seen = {(fault.name, fault.code): fault for fault in found}
        faults += seen.values()
        return None
    return Condition(text, tuple(compiler.values), frozenset(compiler.compared), frozenset(compiler.matched))


class _Compiler:
    """Walks one tree; parameters are numbered as they are met, faults gathered."""

    def __init__(
        self, register: Register, first: int, faults: list[Fault], allowed: frozenset[str] | None, crs: Crs
    ) -> None:
        self.register = register
        self.next = first
        self.faults = faults
        self.allowed = allowed
        self.crs = crs
        self.values: list[object] = []
        self.compared: set[str] = set()
        self.matched: set[str] = set()

    def truth(self, node: Node) -> str:
        """SQL of something true or false; empty after a fault."""
        if isinstance(node, bool):
            return "true" if node else "false"
        operation, arguments = operation_of(node)
        if operation in _ACTS:
            act, count = _ACTS[operation]
            right = len(arguments) == count or (not count and len(arguments) > 1)
            return act(self, operation, arguments) if right else self.refuse(operation, "QRY-FILTER-ARGUMENTS")
        if operation:
            return self.refuse(short(operation), "QRY-FILTER-OPERATION")
        return self.refuse("filter", "QRY-FILTER-NOT-TRUTH")

    def refuse(self, name: str, code: str, **values: object) -> str:
        self.faults.append(Fault(name, code, values))
        return ""

    def bind(self, value: object) -> str:
        self.values.append(value)
        self.next += 1
        return f"${self.next - 1}"

    def element(self, node: Node) -> tuple[str, DataElement] | None:
        """The element a property names; None after a fault, also where the node is no property."""
        name = node.get("property") if isinstance(node, dict) and len(node) == 1 else None
        if not isinstance(name, str):
            self.refuse("filter", "QRY-FILTER-SIDES")
            return None
        element = self.register.elements.get(name)
        if element is None:
            self.refuse(short(name), "QRY-FILTER-PROPERTY")
            return None
        if self.allowed is not None and name not in self.allowed:
            self.refuse(name, "QRY-NOT-QUERYABLE", queryables=", ".join(sorted(self.allowed)) or "-")
            return None
        return name, element

    def value(self, name: str, element: DataElement, node: Node) -> object | None:
        """A literal in the element's type; None after a fault."""
        read = literal(element, node)
        if read is None:
            self.refuse(name, "QRY-FILTER-VALUE", kind=element.kind.value, longest=TEXT_LIMIT)
        return read

    def both(self, operation: str, arguments: list[Node]) -> str:
        return "(" + f" {operation.upper()} ".join([self.truth(argument) for argument in arguments]) + ")"

    def negation(self, operation: str, arguments: list[Node]) -> str:
        return f"(NOT {self.truth(arguments[0])})"

    def comparison(self, operation: str, arguments: list[Node]) -> str:
        left, right = arguments
        if is_property(right) and not is_property(left):
            left, right, operation = right, left, FLIPPED[operation]
        (folded, left), (folds, right) = unfolded(left), unfolded(right)
        if is_property(right):
            return self.refuse("filter", "QRY-FILTER-SIDES")
        found = self.element(left)
        if found is None:
            return ""
        name, element = found
        if element.sealed:
            plain = operation == "=" and not folded and not folds
            return self.sealed(name, [right]) if plain else self.refuse(name, _SEALED)
        self.compared.add(name)
        value = self.value(name, element, right)
        if value is None:
            return ""
        if (folded or folds) and element.kind not in TEXTS:
            return self.refuse(name, "QRY-FILTER-TEXT")
        return self.compared_with(name, element, operation, _literally(value, folds), folded=folded)

    def compared_with(self, name: str, element: DataElement, operation: str, value: object, *, folded: bool) -> str:
        if element.kind is Kind.PARTIAL_DATE:
            return _interval(name, operation, self.bind(value))
        if element.kind is Kind.BOOLEAN and operation not in ("=", "<>"):
            return self.refuse(name, "QRY-FILTER-OPERATION")
        return f"{_column(name, folded)} {operation} {self.bind(value)}"

    def between(self, operation: str, arguments: list[Node]) -> str:
        low = self.comparison(">=", [arguments[0], arguments[1]])
        return f"({low} AND {self.comparison('<=', [arguments[0], arguments[2]])})"

    def among(self, operation: str, arguments: list[Node]) -> str:
        if not isinstance(arguments[1], list) or not 0 < len(arguments[1]) <= MOST_VALUES:
            return self.refuse(operation, "QRY-FILTER-LIST", most=MOST_VALUES)
        folded, left = unfolded(arguments[0])
        bare = [unfolded(item) for item in arguments[1]]
        items, folds = [item for _, item in bare], any(folds for folds, _ in bare)
        found = self.element(left)
        if found is None:
            return ""
        name, element = found
        if element.sealed:
            return self.sealed(name, items) if not folded and not folds else self.refuse(name, _SEALED)
        self.compared.add(name)
        if element.kind is Kind.PARTIAL_DATE or ((folded or folds) and element.kind not in TEXTS):
            return self.refuse(name, "QRY-FILTER-OPERATION")
        values = [_literally(self.value(name, element, item), folds) for folds, item in bare]
        return f"{_column(name, folded)} = ANY({self.bind(values)})"

    def like(self, operation: str, arguments: list[Node]) -> str:
        (folded, left), (folds, pattern) = (unfolded(argument) for argument in arguments)
        found = self.element(left)
        if found is None:
            return ""
        name, element = found
        if element.sealed:
            return self.refuse(name, _SEALED)
        self.compared.add(name)
        if element.kind not in TEXTS:
            return self.refuse(name, "QRY-FILTER-TEXT")
        if (
            not isinstance(pattern, str)
            or not 0 < len(pattern) <= TEXT_LIMIT
            or "\0" in pattern
            or not encodes(pattern)
        ):
            return self.refuse(name, "QRY-FILTER-VALUE", kind=element.kind.value, longest=TEXT_LIMIT)
        if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
            return self.refuse(name, "QRY-FILTER-ESCAPE")
        text = str(_literally(pattern, folds))
        folded = folded and has_case(text)
        test = f"{_column(name, folded)} LIKE {self.bind(text)}"
        return narrowed(self.register, name, text, test, self.bind, folded=folded)

    def missing(self, operation: str, arguments: list[Node]) -> str:
        found = self.element(arguments[0])
        if found is None:
            return ""
        self.compared.add(found[0])
        return f"{ALIAS}.{found[0]} IS NULL"

    def temporal(self, operation: str, arguments: list[Node]) -> str:
        """T_…: days and intervals of days, of elements and literals, on either side."""
        unsure = self.unsure(operation, arguments)
        if unsure is not None:
            return unsure
        name = named(arguments)
        spans = [self.span(name, argument) for argument in arguments]
        if spans[0] is None or spans[1] is None:
            return ""
        if operation not in OF_INSTANTS and all(span is not None and span.first == span.last for span in spans):
            return self.refuse(name, "QRY-FILTER-INTERVAL")
        return relation(operation, spans[0], spans[1])

    def unsure(self, operation: str, arguments: list[Node]) -> str | None:
        """A date known to the month or year, compared as an interval that leaves doubt; None of anything else."""
        name = arguments[0].get("property") if isinstance(arguments[0], dict) else None
        element = self.register.elements.get(name) if isinstance(name, str) else None
        if element is None or element.kind is not Kind.PARTIAL_DATE or self.element(arguments[0]) is None:
            return None
        if operation in UNSURE:
            return self.comparison(UNSURE[operation], arguments)
        if operation not in ("t_during", "t_intersects"):
            return self.refuse(str(name), "QRY-FILTER-OPERATION")
        ends = arguments[1].get("interval") if isinstance(arguments[1], dict) else None
        if not isinstance(ends, list) or len(ends) != 2:
            return self.refuse(str(name), "QRY-FILTER-INTERVAL")
        signs = (">", "<") if operation == "t_during" else (">=", "<=")
        tests = [
            self.comparison(sign, [arguments[0], end]) for sign, end in zip(signs, ends, strict=True) if end != OPEN
        ]
        return f"({' AND '.join(tests)})" if tests else f"{ALIAS}.{name} IS NOT NULL"

    def span(self, name: str, node: Node) -> Span | None:
        """An instant or an interval; None after a fault."""
        ends = node.get("interval") if isinstance(node, dict) and set(node) == {"interval"} else None
        if ends is None:
            day = self.day(name, node, open_as="")
            return None if day is None else Span(day, day)
        if not isinstance(ends, list) or len(ends) != 2:
            self.refuse(name, "QRY-FILTER-INTERVAL")
            return None
        known = [day_of(end) for end in ends]
        if known[0] and known[1] and known[0] > known[1]:
            self.refuse(name, "QRY-FILTER-INTERVAL")
            return None
        first = self.day(name, ends[0], open_as="-infinity")
        last = self.day(name, ends[1], open_as="infinity")
        return None if first is None or last is None else Span(first, last)

    def day(self, name: str, node: Node, *, open_as: str) -> str | None:
        """SQL of a day: a dated element's, a literal's, or, where ``open_as`` says which, the open end; None after a fault."""
        if isinstance(node, dict) and "property" in node:
            found = self.element(node)
            if found is None:
                return None
            if found[1].kind is not Kind.DATE:
                self.refuse(found[0], "QRY-FILTER-DATED")
                return None
            self.compared.add(found[0])
            return f"{ALIAS}.{found[0]}"
        if open_as and node == OPEN:
            return f"'{open_as}'::date"
        day: date | None = day_of(node)
        if day is None:
            self.refuse(name, "QRY-FILTER-INSTANT")
            return None
        return f"{self.bind(day)}::date"

    def spatial(self, operation: str, arguments: list[Node]) -> str:
        """S_…: geometries of elements and literals, on either side."""
        name = named(arguments)
        sides = [self.shape(name, argument) for argument in arguments]
        return "" if None in sides else f"{SPATIAL[operation]}({sides[0]}, {sides[1]})"

    def shape(self, name: str, node: Node) -> str | None:
        """SQL of a geometry as rows hold it; None after a fault."""
        if isinstance(node, dict) and "property" in node:
            found = self.element(node)
            if found is None:
                return None
            if found[1].kind is not Kind.GEOMETRY:
                self.refuse(found[0], "QRY-FILTER-SPATIAL")
                return None
            self.compared.add(found[0])
            return f"{ALIAS}.{found[0]}"
        text = geometry(node, self.crs)
        if text is None:
            self.refuse(name, "QRY-FILTER-GEOMETRY", most=MOST_POSITIONS)
            return None
        given = f"ST_SetSRID(ST_GeomFromGeoJSON({self.bind(text)}::text), {self.crs.srid})"
        return f"ST_MakeValid({self.crs.as_stored(given)})"

    def sealed(self, name: str, items: list[Node]) -> str:
        """Equality with a number that rows hold only as its mask: by the keyed tags of the identifier table."""
        element = self.register.elements[name]
        self.matched.add(name)
        numbers = [number_of(element, item) if isinstance(item, str) else None for item in items]
        if None in numbers:
            return self.refuse(name, "QRY-VALUE-IDENTIFIER")
        tags = self.bind(Numbers(tuple(number for number in numbers if number is not None)))
        return f"{ALIAS}.uid IN (SELECT d.uid {bearers(self.register, name, tags)})"


def _interval(name: str, operation: str, value: str) -> str:
    """A partial date against a day: true or false where it is sure, else null."""
    low, high = f"{ALIAS}.{name}", f"{ALIAS}.{name}_high"
    equal = f"{low} = {value} AND {high} = {value}"
    apart = f"{low} > {value} OR {high} < {value}"
    yes, no = {
        "=": (equal, apart),
        "<>": (apart, equal),
        "<": (f"{high} < {value}", f"{low} >= {value}"),
        "<=": (f"{high} <= {value}", f"{low} > {value}"),
        ">": (f"{low} > {value}", f"{high} <= {value}"),
        ">=": (f"{low} >= {value}", f"{high} < {value}"),
    }[operation]
    return f"(CASE WHEN {yes} THEN true WHEN {no} THEN false END)"


def _column(name: str, folded: bool) -> str:
    """The element, or its full case folding: what PostgreSQL has of it is upper and lower case by ICU's tables."""
    column = f"{ALIAS}.{name}"
    return f"replace(lower(upper({column} COLLATE \"und-x-icu\")), 'ς', 'σ')" if folded else column


def _literally(value: object, folded: bool) -> object:
    return value.casefold() if folded and isinstance(value, str) else value


_SEALED = "QRY-FILTER-SEALED"
_Act = Callable[[_Compiler, str, list[Node]], str]
_ACTS: Mapping[str, tuple[_Act, int]] = {
    "and": (_Compiler.both, 0),
    "or": (_Compiler.both, 0),
    "not": (_Compiler.negation, 1),
    **dict.fromkeys(COMPARISONS, (_Compiler.comparison, 2)),
    "between": (_Compiler.between, 3),
    "in": (_Compiler.among, 2),
    "like": (_Compiler.like, 2),
    "isnull": (_Compiler.missing, 1),
    **dict.fromkeys(RELATIONS, (_Compiler.temporal, 2)),
    **dict.fromkeys(SPATIAL, (_Compiler.spatial, 2)),
}
"""Operation → what makes SQL of it and its number of arguments, 0 = two or more."""
