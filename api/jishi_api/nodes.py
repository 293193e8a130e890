"""Nodes of a CQL2 tree, read: operations, properties, literals whose case is folded (plan, road out)."""

from __future__ import annotations

from jishi_api.cql2 import Node


def operation_of(node: Node) -> tuple[str, list[Node]]:
    """Name in lower case and arguments; an empty name where the node is no operation."""
    if isinstance(node, dict) and set(node) == {"op", "args"}:
        name, arguments = node["op"], node["args"]
        if isinstance(name, str) and isinstance(arguments, list):
            return name.lower(), arguments
    return "", []


def unfolded(node: Node) -> tuple[bool, Node]:
    """Whether case is folded (CASEI), and the node without it."""
    operation, arguments = operation_of(node)
    return (True, arguments[0]) if operation == "casei" and len(arguments) == 1 else (False, node)


def named(arguments: list[Node]) -> str:
    """The element a fault of a literal is told of: the one it is compared with."""
    names = [node["property"] for node in arguments if isinstance(node, dict) and "property" in node]
    return short(names[0]) if names and isinstance(names[0], str) else "filter"


def is_property(node: Node) -> bool:
    _, inner = unfolded(node)
    return isinstance(inner, dict) and "property" in inner


def short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:80]}…"
