"""The dictionary as SKOS: what any thesaurus program reads, and beside it all that only we know (road out, files).

SKOS carries names, definitions, notes, stages (``skos:broader``) and what stands instead of a deprecated concept; a name's
scope is on its SKOS-XL label. Properties of our own (``jishi:``) hold the rest, so that nothing is lost on the way back.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import date, datetime
from urllib.parse import quote

from jishi.dictionary.entries import Entry, ListEntry
from jishi.dictionary.forms import ANY, KeptAlias, KeptConcept, KeptEdge, KeptScheme
from jishi.dictionary.graph import Listed, Node, Ref, Text, Value
from jishi.dictionary.spelling import fold

BASE = "urn:jishi:dictionary:"
CHINESE, ENGLISH = "zh", "en"

Said = tuple[str, Value]


def address(scheme: str, *parts: str) -> str:
    """The address of a scheme, a concept (its code) or a stage (``stage``, its code)."""
    return BASE + ":".join(quote(part, safe="") for part in (scheme, *parts))


def scheme_nodes(scheme: KeptScheme) -> Iterator[Node]:
    """The scheme, its stages, its concepts."""
    iri = address(scheme.id)
    stages = {concept.stage_code: concept.stage_name for concept in scheme.concepts if concept.stage_code}
    tops = [address(scheme.id, "stage", code) for code in sorted(stages) if code]
    tops += [address(scheme.id, concept.code) for concept in scheme.concepts if not concept.stage_code]
    yield Node(
        iri,
        ("skos:ConceptScheme",),
        (
            ("dct:identifier", Text(scheme.id)),
            ("dct:title", Text(scheme.title, CHINESE)),
            ("dct:title", Text(scheme.title_en, ENGLISH)),
            *_texts("dct:description", scheme.description),
            *_kept(scheme.origin, scheme.removed_at),
            ("jishi:revision", _number(scheme.revision)),
            *(("skos:hasTopConcept", Ref(top)) for top in tops),
        ),
    )
    for code, name in sorted(stages.items(), key=lambda item: item[0] or ""):
        yield _stage(scheme.id, code or "", name or code or "")
    edges: dict[str, list[KeptEdge]] = {}
    for edge in scheme.edges:
        edges.setdefault(edge.code, []).append(edge)
    for concept in scheme.concepts:
        yield concept_node(scheme.id, concept, edges.get(concept.code, ()))


def concept_node(scheme: str, concept: KeptConcept, edges: Iterable[KeptEdge] = ()) -> Node:
    """One concept with all that is known of it."""
    return Node(
        address(scheme, concept.code),
        ("skos:Concept",),
        (
            ("skos:inScheme", Ref(address(scheme))),
            ("skos:notation", Text(concept.code)),
            ("skos:prefLabel", Text(concept.name, CHINESE)),
            *([("skos:prefLabel", Text(concept.name_en, ENGLISH))] if concept.name_en else []),
            *(("skos:altLabel", Text(name, CHINESE)) for name in _plain_names(concept)),
            *_texts("skos:definition", concept.definition),
            *_texts("skos:scopeNote", concept.scope_note),
            *_texts("skos:note", concept.note),
            *_above(scheme, concept),
            *(("jishi:after", Ref(address(scheme, code))) for code in concept.predecessors if code != ANY),
            *([("jishi:afterAny", _truth(True))] if ANY in concept.predecessors else []),
            *_texts("jishi:responsible", concept.responsible or "", None),
            *_lines("jishi:documents", concept.documents),
            *_lines("jishi:legalBasis", concept.legal_basis),
            ("jishi:status", Text(concept.status)),
            ("jishi:statusOrigin", Text(concept.status_origin)),
            *_texts("jishi:statusReason", concept.status_reason, None),
            *([("owl:deprecated", _truth(True))] if concept.status == "deprecated" else []),
            *(("dct:isReplacedBy", Ref(address(scheme, code))) for code in concept.successors),
            *_period(concept.valid_from, concept.valid_to),
            *_kept(concept.origin, concept.removed_at),
            ("jishi:revision", _number(concept.revision)),
            *map(_label, concept.aliases),
            *(("jishi:edge", _edge(scheme, edge)) for edge in edges),
        ),
    )


def list_nodes(listed: ListEntry, entries: Iterable[Entry]) -> Iterator[Node]:
    """A code list: each code once, under the name it had last; its periods beside it."""
    iri, known = address(listed.id), tuple(entries)
    yield Node(
        iri,
        ("skos:ConceptScheme",),
        (
            ("dct:identifier", Text(listed.id)),
            ("dct:title", Text(listed.title, CHINESE)),
            ("dct:title", Text(listed.title_en, ENGLISH)),
            *_texts("dct:conformsTo", listed.standard, None),
            *_texts("dct:source", listed.source, None),
            ("owl:versionInfo", Text(listed.version)),
        ),
    )
    codes = {entry.code for entry in known}
    for entry in known:
        yield code_node(listed, entry, codes)


def code_node(listed: ListEntry, entry: Entry, codes: Container[str | None] = ()) -> Node:
    """One code of a list; ``codes``: all of the list, where its superiors are told from those of other lists."""
    last = entry.periods[-1]
    above = listed.id if last.parent in codes or listed.parent_list is None else listed.parent_list
    return Node(
        address(listed.id, entry.code),
        ("skos:Concept",),
        (
            ("skos:inScheme", Ref(address(listed.id))),
            ("skos:notation", Text(entry.code)),
            ("skos:prefLabel", Text(last.name, CHINESE)),
            *([("skos:prefLabel", Text(last.name_en, ENGLISH))] if last.name_en else []),
            *(("skos:altLabel", Text(name, CHINESE)) for name in dict.fromkeys(last.alternatives) if name != last.name),
            *_texts("skos:note", last.note),
            *([("skos:broader", Ref(address(above, last.parent)))] if last.parent else []),
            *([("owl:deprecated", _truth(True))] if entry.ended else []),
            *(("dct:isReplacedBy", Ref(address(listed.id, code))) for code in last.successors),
            *_period(entry.periods[0].valid_from, last.valid_to),
            *(
                ("jishi:period", Node(None, (), (*_texts("jishi:name", period.name), *_period_of(period))))
                for period in entry.periods
                if len(entry.periods) > 1
            ),
        ),
    )


def _period_of(period: object) -> list[Said]:
    return _period(getattr(period, "valid_from", None), getattr(period, "valid_to", None))


def _stage(scheme: str, code: str, name: str) -> Node:
    return Node(
        address(scheme, "stage", code),
        ("skos:Concept", "jishi:Stage"),
        (
            ("skos:inScheme", Ref(address(scheme))),
            ("skos:topConceptOf", Ref(address(scheme))),
            ("skos:notation", Text(code)),
            ("skos:prefLabel", Text(name, CHINESE)),
        ),
    )


def _above(scheme: str, concept: KeptConcept) -> list[Said]:
    """The stage, as a broader concept and in its own words: a stage's name stands at each of its concepts."""
    if not concept.stage_code:
        return [("skos:topConceptOf", Ref(address(scheme))), *_texts("jishi:stageName", concept.stage_name or "", None)]
    return [
        ("skos:broader", Ref(address(scheme, "stage", concept.stage_code))),
        ("jishi:stageCode", Text(concept.stage_code)),
        *_texts("jishi:stageName", concept.stage_name or "", None),
    ]


def _plain_names(concept: KeptConcept) -> Iterator[str]:
    """What a thesaurus may show as another name: agreed, meant, once each, and not the preferred name itself."""
    names = (
        alias.name
        for alias in concept.aliases
        if not alias.negative and alias.status == "approved" and alias.removed_at is None
    )
    yield from (name for name in dict.fromkeys(names) if fold(name) != fold(concept.name))


def _label(alias: KeptAlias) -> Said:
    kind = (
        "jishi:notLabel" if alias.negative else "skosxl:altLabel" if alias.status == "approved" else "jishi:otherLabel"
    )
    return kind, Node(
        None,
        ("skosxl:Label",),
        (
            ("skosxl:literalForm", Text(alias.name, CHINESE)),
            *(("jishi:place", Text(place)) for place in alias.places),
            *(("jishi:department", Text(department)) for department in alias.departments),
            *_period(alias.valid_from, alias.valid_to),
            ("jishi:status", Text(alias.status)),
            *_kept(alias.origin, alias.removed_at),
        ),
    )


def _edge(scheme: str, edge: KeptEdge) -> Node:
    return Node(
        None,
        ("jishi:Edge",),
        (
            ("jishi:removes" if edge.removes else "jishi:after", Ref(address(scheme, edge.predecessor))),
            ("jishi:place", Text(edge.place)),
            ("jishi:procedure", Text(edge.procedure)),
            *_texts("skos:note", edge.note),
            *_period(edge.valid_from, edge.valid_to),
            *_kept(edge.origin, edge.removed_at),
        ),
    )


def _texts(name: str, text: str, language: str | None = CHINESE) -> list[Said]:
    return [(name, Text(text, language))] if text else []


def _lines(name: str, lines: tuple[str, ...]) -> list[Said]:
    return [(name, Listed(tuple(Text(line) for line in lines)))] if lines else []


def _period(since: date | None, until: date | None) -> list[Said]:
    named = (("jishi:validFrom", since), ("jishi:validTo", until))
    return [(name, Text(day.isoformat(), datatype="xsd:date")) for name, day in named if day]


def _kept(origin: str, removed_at: datetime | None) -> list[Said]:
    told: list[Said] = [("jishi:origin", Text(origin))]
    if removed_at is not None:
        told.append(("jishi:removedAt", Text(removed_at.isoformat(), datatype="xsd:dateTime")))
    return told


def _truth(value: bool) -> Text:
    return Text(str(value).lower(), datatype="xsd:boolean")


def _number(value: int) -> Text:
    return Text(str(value), datatype="xsd:integer")
