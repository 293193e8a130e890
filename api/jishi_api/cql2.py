"""CQL2 as it comes, text or JSON, into one tree; only syntax is looked at here (plan, road out).

The parser of texts is a library of which nothing but the tree is used: its own SQL would carry literals and unknown
functions through. It recurses on the machine's stack, so that nesting is counted before it sees a text.
"""

from __future__ import annotations

import json
import re
from typing import Any

import cql2

LONGEST = 2000
DEEPEST = 50
MOST_NODES = 5000

Node = dict[str, Any] | list[Any] | str | float | bool | None
"""A value of CQL2 JSON: an operation ``{"op", "args"}``, a property, a literal, a list."""


class Malformed(ValueError):
    """A filter that is none; ``code`` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_text(text: str) -> Node:
    """The tree of CQL2 text; raises :class:`Malformed`."""
    if len(text) > LONGEST:
        raise Malformed("QRY-FILTER-LONG")
    if nesting(text) > DEEPEST:
        raise Malformed("QRY-FILTER-DEEP")
    return _parsed(text)


def read_json_text(text: str) -> Node:
    """The tree of CQL2 JSON written as text; raises :class:`Malformed`."""
    if len(text) > LONGEST:
        raise Malformed("QRY-FILTER-LONG")
    try:
        return read_json(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise error if isinstance(error, Malformed) else Malformed("QRY-FILTER-SYNTAX") from error


def read_json(tree: Node) -> Node:
    """The tree of CQL2 JSON, checked to be no deeper and no larger than a text may be; raises :class:`Malformed`."""
    size = [0]
    _measure(tree, 1, size)
    return tree


def nesting(text: str) -> int:
    """Upper bound of how deep a text nests: brackets, and runs of NOT and of minus, outside of literals.

    >>> nesting("NOT NOT (a = 1 AND (b = '((((' OR c = - -1))")
    4
    """
    depth = deepest = run = longest = 0
    for part in _TOKEN.findall(_LITERAL.sub("''", text)):
        if part in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif part in ")]}":
            depth -= 1
        run = run + 1 if part == "-" or part.upper() == "NOT" else run if part in "([{" else 0
        longest = max(longest, run)
    return deepest + longest


_LITERAL = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")
_TOKEN = re.compile(r"[()\[\]{}-]|\w+|[^\s\w]")


def _parsed(text: str) -> Node:
    try:
        tree: Node = cql2.parse_text(text).to_json()
    except Exception as error:
        raise Malformed("QRY-FILTER-SYNTAX") from error
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # how a panic of the parser shows itself
            raise
        raise Malformed("QRY-FILTER-SYNTAX") from error
    return tree


def _measure(node: Node, depth: int, size: list[int]) -> None:
    size[0] += 1
    if depth > DEEPEST:
        raise Malformed("QRY-FILTER-DEEP")
    if size[0] > MOST_NODES:
        raise Malformed("QRY-FILTER-LONG")
    if isinstance(node, dict):
        for name, inner in node.items():
            if len(name) > LONGEST:
                raise Malformed("QRY-FILTER-LONG")
            _measure(inner, depth + 1, size)
    elif isinstance(node, list):
        for inner in node:
            _measure(inner, depth + 1, size)
    elif isinstance(node, str) and len(node) > LONGEST:
        raise Malformed("QRY-FILTER-LONG")
