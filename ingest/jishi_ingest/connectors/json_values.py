"""JSON read without loss: numbers keep their digits, members named twice are seen, depth is bounded (step *read*)."""

from __future__ import annotations

import json
import re
from typing import Any

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.reading import REPLACEMENT

DEEPEST = 100
"""Levels a value may be nested."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]')


class Literal(str):
    """A JSON number as it was written."""

    __slots__ = ()


class Twice(dict[str, Any]):
    """An object that names a member twice; the last value stands."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Twice(made)


_DECODER = json.JSONDecoder(parse_float=Literal, parse_int=Literal, parse_constant=Literal, object_pairs_hook=_object)


def decode(text: str) -> Any:
    """The value of a JSON text. Raises JSONDecodeError, and InputRefusedError ``ING-READ-DEEP``."""
    if text.count("[") + text.count("{") > DEEPEST and _depth(text) > DEEPEST:
        raise InputRefusedError("ING-READ-DEEP", limit=DEEPEST)
    return _DECODER.decode(text)


def text_of(value: Any) -> str | None:
    """A JSON value as the text of a cell; half a surrogate pair, which no text can hold, becomes U+FFFD."""
    if value is None:
        return None
    text = str(value) if isinstance(value, str) else _dump(value)
    return text if text.isascii() else whole(text)


def whole(text: str) -> str:
    """The text with U+FFFD for every half of a surrogate pair."""
    return _SURROGATE.sub(REPLACEMENT, text)


def _depth(text: str) -> int:
    """The deepest nesting, found without recursion; brackets inside strings do not count."""
    depth = deepest = 0
    for found in _BRACKET.finditer(text):
        sign = found[0]
        if sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    return deepest


def _dump(value: Any) -> str:
    if isinstance(value, Literal):
        return str(value)
    if isinstance(value, dict):
        members = (f"{json.dumps(key, ensure_ascii=False)}: {_dump(member)}" for key, member in value.items())
        return "{" + ", ".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_dump, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
