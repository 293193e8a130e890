"""From a CQL2 tree to SQL: what is not on the lists here does not pass, every literal is bound (plan, road out).

A comparison has an element of the register on one side and a literal on the other. The text of the condition is its
shape: two filters that differ only in literals give one text, so that statements and their plans are found again.
A date known only to the month or year is compared as the interval it is; where that leaves doubt the comparison is null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jishi.errors import Fault
from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register
from jishi.registers.tables import SRID
from jishi_api.condition import ALIAS, TEXT_LIMIT, Condition, Numbers, bearers, encodes, literal
from jishi_api.cql2 import Node
from jishi_api.geometry import MOST_POSITIONS, geometry
from jishi_api.numbers import number_of
from jishi_api.text_index import has_case, narrowed

MOST_VALUES = 100
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
TEMPORAL = {"t_after": ">", "t_before": "<", "t_equals": "="}
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
MIRRORED = {"s_within": "s_contains", "s_contains": "s_within"}
TEXTS = frozenset({Kind.TEXT, Kind.CODE, Kind.IDENTIFIER})


def compile_filter(
    register: Register, tree: Node, first: int, faults: list[Fault], allowed: frozenset[str] | None = None
) -> Condition | None:
    """The condition with parameters numbered from ``first`` on; None after telling every fault.

    ``allowed``: elements that may be named, None = all of the register. No fault repeats a literal.
    """
    found: list[Fault] = []
    compiler = _Compiler(register, first, found, allowed)
    text = compiler.truth(tree)
    if found:
        seen = {(fault.name, fault.code): fault for fault in found}
        faults += seen.values()
        return None
    return Condition(text, tuple(compiler.values), frozenset(compiler.compared), frozenset(compiler.matched))


class _Compiler:
    """Walks one tree; parameters are numbered as they are met, faults gathered."""

    def __init__(self, register: Register, first: int, faults: list[Fault], allowed: frozenset[str] | None) -> None:
        self.register = register
        self.next = first
        self.faults = faults
        self.allowed = allowed
        self.values: list[object] = []
        self.compared: set[str] = set()
        self.matched: set[str] = set()

    def truth(self, node: Node) -> str:
        """SQL of something true or false; empty after a fault."""
        operation, arguments = _operation(node)
        if operation in _ACTS:
            act, count = _ACTS[operation]
            right = len(arguments) == count or (not count and len(arguments) > 1)
            return act(self, operation, arguments) if right else self.refuse(operation, "QRY-FILTER-ARGUMENTS")
        if operation:
            return self.refuse(_short(operation), "QRY-FILTER-OPERATION")
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
            self.refuse(_short(name), "QRY-FILTER-PROPERTY")
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
        if _is_property(right) and not _is_property(left):
            left, right, operation = right, left, FLIPPED[operation]
        folded, (left, right) = _unfolding([left, right])
        if _is_property(right):
            return self.refuse("filter", "QRY-FILTER-SIDES")
        found = self.element(left)
        if found is None:
            return ""
        name, element = found
        if element.sealed:
            return self.sealed(name, [right]) if operation == "=" and not folded else self.refuse(name, _SEALED)
        self.compared.add(name)
        value = self.value(name, element, right)
        return "" if value is None else self.compared_with(name, element, operation, value, folded=folded)

    def compared_with(self, name: str, element: DataElement, operation: str, value: object, *, folded: bool) -> str:
        if folded and element.kind not in TEXTS:
            return self.refuse(name, "QRY-FILTER-TEXT")
        if element.kind is Kind.PARTIAL_DATE:
            return _interval(name, operation, self.bind(value))
        if element.kind is Kind.BOOLEAN and operation not in ("=", "<>"):
            return self.refuse(name, "QRY-FILTER-OPERATION")
        return _folded(f"{ALIAS}.{name}", folded) + f" {operation} " + _folded(self.bind(value), folded)

    def between(self, operation: str, arguments: list[Node]) -> str:
        low = self.comparison(">=", [arguments[0], arguments[1]])
        return f"({low} AND {self.comparison('<=', [arguments[0], arguments[2]])})"

    def among(self, operation: str, arguments: list[Node]) -> str:
        if not isinstance(arguments[1], list) or not 0 < len(arguments[1]) <= MOST_VALUES:
            return self.refuse(operation, "QRY-FILTER-LIST", most=MOST_VALUES)
        folded, (left, *items) = _unfolding([arguments[0], *arguments[1]])
        found = self.element(left)
        if found is None:
            return ""
        name, element = found
        if element.sealed:
            return self.sealed(name, items) if not folded else self.refuse(name, _SEALED)
        self.compared.add(name)
        if element.kind is Kind.PARTIAL_DATE or (folded and element.kind not in TEXTS):
            return self.refuse(name, "QRY-FILTER-OPERATION")
        values = [self.value(name, element, item) for item in items]
        if folded:
            values = [str(value).lower() for value in values]
        return f"{_folded(f'{ALIAS}.{name}', folded)} = ANY({self.bind(values)})"

    def like(self, operation: str, arguments: list[Node]) -> str:
        folded, (left, pattern) = _unfolding(arguments)
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
        folded = folded and has_case(pattern)
        test = f"{_folded(f'{ALIAS}.{name}', folded)} LIKE {_folded(self.bind(pattern), folded)}"
        return narrowed(self.register, name, pattern, test, self.bind, folded=folded)

    def missing(self, operation: str, arguments: list[Node]) -> str:
        found = self.element(arguments[0])
        if found is None:
            return ""
        self.compared.add(found[0])
        return f"{ALIAS}.{found[0]} IS NULL"

    def instant(self, operation: str, arguments: list[Node]) -> str:
        """T_AFTER, T_BEFORE and T_EQUALS of a day."""
        found = self.dated(operation, arguments)
        return self.comparison(TEMPORAL[operation], arguments) if found else ""

    def within(self, operation: str, arguments: list[Node]) -> str:
        """T_DURING and T_INTERSECTS: a day within an interval, without and with its ends; ``..`` is an open end."""
        found = self.dated(operation, arguments)
        if found is None:
            return ""
        ends = arguments[1].get("interval") if isinstance(arguments[1], dict) else None
        if not isinstance(ends, list) or len(ends) != 2:
            return self.refuse(found, "QRY-FILTER-INTERVAL")
        signs = (">", "<") if operation == "t_during" else (">=", "<=")
        tests = [
            self.comparison(sign, [arguments[0], end]) for sign, end in zip(signs, ends, strict=True) if end != ".."
        ]
        return f"({' AND '.join(tests)})" if tests else f"{ALIAS}.{found} IS NOT NULL"

    def dated(self, operation: str, arguments: list[Node]) -> str | None:
        found = self.element(arguments[0])
        if found is None:
            return None
        if found[1].kind not in (Kind.DATE, Kind.PARTIAL_DATE):
            self.refuse(found[0], "QRY-FILTER-DATED")
            return None
        return found[0]

    def spatial(self, operation: str, arguments: list[Node]) -> str:
        left, right = arguments
        if _is_property(right) and not _is_property(left):
            left, right, operation = right, left, MIRRORED.get(operation, operation)
        found = self.element(left)
        if found is None:
            return ""
        name, element = found
        if element.kind is not Kind.GEOMETRY:
            return self.refuse(name, "QRY-FILTER-SPATIAL")
        self.compared.add(name)
        shape = geometry(right)
        if shape is None:
            return self.refuse(name, "QRY-FILTER-GEOMETRY", most=MOST_POSITIONS)
        given = f"ST_MakeValid(ST_SetSRID(ST_GeomFromGeoJSON({self.bind(shape)}::text), {SRID}))"
        return f"{SPATIAL[operation]}({ALIAS}.{name}, {given})"

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


def _folded(text: str, folded: bool) -> str:
    return f"lower({text})" if folded else text


def _operation(node: Node) -> tuple[str, list[Node]]:
    """Name in lower case and arguments; an empty name where the node is no operation."""
    if isinstance(node, dict) and set(node) == {"op", "args"}:
        name, arguments = node["op"], node["args"]
        if isinstance(name, str) and isinstance(arguments, list):
            return name.lower(), arguments
    return "", []


def _unfolded(node: Node) -> Node:
    operation, arguments = _operation(node)
    return arguments[0] if operation == "casei" and len(arguments) == 1 else node


def _unfolding(nodes: list[Node]) -> tuple[bool, list[Node]]:
    """Whether case is ignored (CASEI around the property), and the nodes without it."""
    bare = [_unfolded(node) for node in nodes]
    return bare[0] is not nodes[0], bare


def _is_property(node: Node) -> bool:
    inner = _unfolded(node)
    return isinstance(inner, dict) and "property" in inner


def _short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:80]}…"


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
    **dict.fromkeys(TEMPORAL, (_Compiler.instant, 2)),
    "t_during": (_Compiler.within, 2),
    "t_intersects": (_Compiler.within, 2),
    **dict.fromkeys(SPATIAL, (_Compiler.spatial, 2)),
}
"""Operation → what makes SQL of it and its number of arguments, 0 = two or more."""
