"""Reads a dictionary back from Turtle or JSON-LD: our own exports whole, other people's SKOS as far as it goes (import).

rdflib is imported here alone, and only when somebody imports. What a foreign file does not say is a draft of a steward.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pydantic import ValidationError

from jishi.dictionary.concepts import tell
from jishi.dictionary.forms import ANY, KeptScheme
from jishi.dictionary.graph import PREFIXES
from jishi.dictionary.reading import Faults

if TYPE_CHECKING:
    from rdflib import Graph
    from rdflib.term import Node

FORMATS = {"skos-ttl": "turtle", "jsonld": "json-ld"}
MOST_BYTES = 64 * 1024 * 1024

LABELS = {"skosxl:altLabel": "approved", "jishi:otherLabel": "draft", "jishi:notLabel": "approved"}


def read_graph(text: str, form: str, faults: Faults) -> list[KeptScheme]:
    """The schemes of a text in ``form`` (``skos-ttl`` or ``jsonld``); whatever is wrong is told in ``faults``."""
    from rdflib import Graph

    graph = Graph()
    try:
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # of rdflib about itself
            graph.parse(data=text, format=FORMATS[form])
    except Exception as error:  # noqa: BLE001  the parsers raise what they like; their words name the line
        faults.add(form, "DIC-UNREADABLE", reason=" ".join(str(error).split())[:300])
        return []
    found = []
    for subject in sorted(graph.subjects(_term("rdf:type"), _term("skos:ConceptScheme")), key=str):
        read = _Reader(graph).scheme(subject)
        try:
            found.append(KeptScheme.model_validate(read))
        except ValidationError as error:
            tell(error, str(read.get("id") or subject), faults)
    if not found and not faults.found:
        faults.add(form, "DIC-IMPORT-EMPTY")
    return found


class _Reader:
    """Values of one graph, by our short names of properties."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def scheme(self, subject: Node) -> dict[str, Any]:
        members = [
            member
            for member in set(self.graph.subjects(_term("skos:inScheme"), subject))
            if (member, _term("rdf:type"), _term("jishi:Stage")) not in self.graph
        ]
        concepts = sorted((self._concept(member) for member in members), key=lambda item: str(item["code"]))
        edges = [
            self._edge(edge, self._code(member)) for member in members for edge in self._nodes(member, "jishi:edge")
        ]
        return _said(
            {
                "id": self._text(subject, "dct:identifier") or _last(str(subject)),
                "title": self._text(subject, "dct:title", "zh") or self._text(subject, "skos:prefLabel", "zh"),
                "title_en": self._text(subject, "dct:title", "en") or self._text(subject, "dct:title", "zh"),
                "description": self._text(subject, "dct:description", "zh"),
                "removed_at": self._text(subject, "jishi:removedAt"),
                "revision": self._text(subject, "jishi:revision"),
                "concepts": concepts,
                "edges": edges,
            }
        ) | {"origin": self._text(subject, "jishi:origin") or "steward"}

    def _concept(self, subject: Node) -> dict[str, Any]:
        stage = next(iter(self._nodes(subject, "skos:broader")), None)
        own_stage = self._text(subject, "jishi:stageCode")
        after = [self._code(node) for node in self._nodes(subject, "jishi:after")]
        told = {
            "code": self._code(subject),
            "name": self._text(subject, "skos:prefLabel", "zh") or self._text(subject, "skos:prefLabel", ""),
            "name_en": self._text(subject, "skos:prefLabel", "en"),
            "definition": self._text(subject, "skos:definition", "zh"),
            "scope_note": self._text(subject, "skos:scopeNote", "zh"),
            "note": self._text(subject, "skos:note", "zh"),
            "stage_code": own_stage or (self._code(stage) if stage is not None else None),
            "stage_name": self._text(subject, "jishi:stageName")
            or (self._text(stage, "skos:prefLabel", "zh") if stage is not None and not own_stage else None),
            "predecessors": after + ([ANY] if self._text(subject, "jishi:afterAny") == "true" else []),
            "responsible": self._text(subject, "jishi:responsible"),
            "documents": self._list(subject, "jishi:documents"),
            "legal_basis": self._list(subject, "jishi:legalBasis"),
            "status_origin": self._text(subject, "jishi:statusOrigin") or "steward",
            "status_reason": self._text(subject, "jishi:statusReason"),
            "successors": [self._code(node) for node in self._nodes(subject, "dct:isReplacedBy")],
            "valid_from": self._text(subject, "jishi:validFrom"),
            "valid_to": self._text(subject, "jishi:validTo"),
            "removed_at": self._text(subject, "jishi:removedAt"),
            "revision": self._text(subject, "jishi:revision"),
            "aliases": self._aliases(subject),
        }
        deprecated = self._text(subject, "owl:deprecated") == "true"
        status = self._text(subject, "jishi:status") or ("deprecated" if deprecated else "draft")
        return _said(told) | {"status": status, "origin": self._text(subject, "jishi:origin") or "steward"}

    def _aliases(self, subject: Node) -> list[dict[str, Any]]:
        found = [
            self._label(node, property_ == "jishi:notLabel", status)
            for property_, status in LABELS.items()
            for node in self._nodes(subject, property_)
        ]
        known = {str(alias.get("name")) for alias in found}
        plain = {str(name) for name in self.graph.objects(subject, _term("skos:altLabel"))} - known
        found += [{"name": name, "status": "draft", "origin": "steward"} for name in plain]
        return sorted(found, key=lambda alias: tuple(str(alias.get(name)) for name in _ORDER))

    def _label(self, node: Node, negative: bool, status: str) -> dict[str, Any]:
        return _said(
            {
                "name": self._text(node, "skosxl:literalForm", "zh") or self._text(node, "skosxl:literalForm", ""),
                "places": self._texts(node, "jishi:place"),
                "departments": self._texts(node, "jishi:department"),
                "valid_from": self._text(node, "jishi:validFrom"),
                "valid_to": self._text(node, "jishi:validTo"),
                "removed_at": self._text(node, "jishi:removedAt"),
            }
        ) | {
            "negative": negative,
            "status": self._text(node, "jishi:status") or status,
            "origin": self._text(node, "jishi:origin") or "steward",
        }

    def _edge(self, node: Node, code: str | None) -> dict[str, Any]:
        removed = next(iter(self._nodes(node, "jishi:removes")), None)
        before = removed if removed is not None else next(iter(self._nodes(node, "jishi:after")), None)
        return _said(
            {
                "code": code,
                "predecessor": self._code(before) if before is not None else None,
                "place": self._text(node, "jishi:place"),
                "procedure": self._text(node, "jishi:procedure"),
                "note": self._text(node, "skos:note", "zh"),
                "valid_from": self._text(node, "jishi:validFrom"),
                "valid_to": self._text(node, "jishi:validTo"),
                "removed_at": self._text(node, "jishi:removedAt"),
            }
        ) | {"removes": removed is not None, "origin": self._text(node, "jishi:origin") or "steward"}

    def _code(self, node: Node) -> str:
        return self._text(node, "skos:notation") or _last(str(node))

    def _text(self, subject: Node, property_: str, language: str | None = None) -> str | None:
        """The one value; of a language (``zh`` also where none is named; empty: of any) the first."""
        found = sorted(self.graph.objects(subject, _term(property_)), key=str)
        for value in found:
            spoken = (getattr(value, "language", None) or "").lower()
            if not language or spoken.startswith(language) or (language == "zh" and not spoken):
                return str(value)
        return None

    def _texts(self, subject: Node, property_: str) -> list[str]:
        return sorted(map(str, self.graph.objects(subject, _term(property_))))

    def _nodes(self, subject: Node, property_: str) -> list[Node]:
        return list(self.graph.objects(subject, _term(property_)))

    def _list(self, subject: Node, property_: str) -> list[str]:
        from rdflib.collection import Collection

        for head in self._nodes(subject, property_):
            return [str(item) for item in Collection(self.graph, head)]
        return []


_ORDER = ("name", "negative", "places", "departments", "valid_from")


def _term(name: str) -> Any:
    from rdflib import URIRef

    prefix, _, local = name.partition(":")
    return URIRef(PREFIXES[prefix] + local)


def _last(iri: str) -> str:
    """The last part of an address, which is the code where nothing else is."""
    return unquote(iri.rstrip("/").replace("#", "/").replace(":", "/").rpartition("/")[2])


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
