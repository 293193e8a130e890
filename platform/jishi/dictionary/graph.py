"""A graph of things as it is written down: Turtle and JSON-LD of the same nodes, without a library (road out, files).

Only writing: the order of what is said stays as given, so that equal dictionaries give equal files. Reading them back is
rdflib's (``skos_reading``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

PREFIXES: Mapping[str, str] = {
    "dct": "http://purl.org/dc/terms/",
    "jishi": "urn:jishi:terms:",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "skosxl": "http://www.w3.org/2008/05/skos-xl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


@dataclass(frozen=True, slots=True)
class Ref:
    """Another thing, by its address."""

    iri: str


@dataclass(frozen=True, slots=True)
class Text:
    """Text of a language, or of a datatype (``xsd:date``); with neither plain text."""

    value: str
    language: str | None = None
    datatype: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """Several values whose order counts."""

    values: tuple[Ref | Text, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """A thing (``iri`` None: one without a name, told where it is used) and what is said of it, ``rdf:type`` first."""

    iri: str | None
    kinds: tuple[str, ...]
    said: tuple[tuple[str, Value], ...]


Value = Ref | Text | Listed | Node


def to_turtle(nodes: Iterable[Node]) -> str:
    """Turtle, one block a node."""
    lines = [f"@prefix {name}: <{iri}> ." for name, iri in PREFIXES.items()]
    for node in nodes:
        lines += ["", f"<{_iri(node.iri or '')}> {_turtle_said(node, 1)} ."]
    return "\n".join(lines) + "\n"


def to_jsonld(nodes: Iterable[Node]) -> str:
    """JSON-LD with its context inside; nothing has to be fetched to read it."""
    return json.dumps({"@context": dict(PREFIXES), "@graph": [_json_node(node) for node in nodes]}, ensure_ascii=False)


def _turtle_said(node: Node, depth: int) -> str:
    gap = "    " * depth
    parts = [f"a {', '.join(node.kinds)}"] if node.kinds else []
    parts += [f"{name} {_turtle_value(value, depth + 1)}" for name, value in node.said]
    return f" ;\n{gap}".join(parts)


def _turtle_value(value: Value, depth: int) -> str:
    match value:
        case Ref(iri):
            return f"<{_iri(iri)}>"
        case Text(text, language, datatype):
            return (
                f'"{_ESCAPED.sub(_escape, text)}"{f"@{language}" if language else f"^^{datatype}" if datatype else ""}'
            )
        case Listed(values):
            return f"( {' '.join(_turtle_value(item, depth) for item in values)} )"
        case Node():
            return f"[ {_turtle_said(value, depth)} ]"


def _iri(iri: str) -> str:
    return _NO_IRI.sub(lambda found: f"\\u{ord(found[0]):04X}", iri)


def _escape(found: re.Match[str]) -> str:
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}.get(found[0], f"\\u{ord(found[0]):04X}")


_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]')
_NO_IRI = re.compile(r'[\x00-\x20<>"{}|^`\\]')


def _json_node(node: Node) -> dict[str, object]:
    told: dict[str, object] = {"@id": node.iri} if node.iri is not None else {}
    if node.kinds:
        told["@type"] = list(node.kinds)
    return {**told, **dict(_grouped(node.said))}


def _grouped(said: Iterable[tuple[str, Value]]) -> Iterator[tuple[str, list[object]]]:
    found: dict[str, list[object]] = {}
    for name, value in said:
        found.setdefault(name, []).append(_json_value(value))
    yield from found.items()


def _json_value(value: Value) -> object:
    match value:
        case Ref(iri):
            return {"@id": iri}
        case Text(text, language, datatype):
            mark = {"@language": language} if language else {"@type": datatype} if datatype else {}
            return {"@value": text, **mark}
        case Listed(values):
            return {"@list": [_json_value(item) for item in values]}
        case Node():
            return _json_node(value)
