"""Entries of the dictionary as JSON: what people and programs read who want no RDF (respond, road out)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from starlette.requests import Request

from jishi.dictionary.entries import Entry, Head, Period, Stamp
from jishi.dictionary.forms import Alias, KeptConcept, KeptEdge
from jishi.dictionary.order import holds_on
from jishi.messages import render
from jishi_api.dictionary_service import FORMS
from jishi_api.links import address, link, with_parameters

Json = dict[str, Any]


def head_json(request: Request, head: Head) -> Json:
    """A scheme or list, without its entries."""
    links = [link(request, "self", "dictionary", "schemes", head.id).model_dump(exclude_none=True)]
    told: Json = {"id": head.id}
    if head.scheme is not None:
        told |= {"title": head.scheme.title, "title_en": head.scheme.title_en, "kind": "concepts"}
        told["description"] = head.scheme.description
    elif head.listed is not None:
        listed = head.listed
        told |= {"title": listed.title, "title_en": listed.title_en, "kind": "codes"}
        told |= {"standard": listed.standard, "edition": listed.edition, "version": listed.version}
        told |= {"complete": listed.complete, "extensible": listed.extensible, "parent_list": listed.parent_list}
    return {name: value for name, value in told.items() if value is not None} | {"links": links}


def entry_rows(entry: Entry, day: date | None) -> Iterator[Json]:
    """An entry as a member of its scheme: a concept once, a code once a period; of a day only what held then."""
    if entry.concept is not None:
        if day is None or in_force(entry, day):
            yield _concept(entry.concept, entry.edges, day)
    else:
        for period in entry.periods:
            if day is None or period.holds_on(day):
                yield {"code": entry.code, **_period(period)}


def entry_json(request: Request, entry: Entry, names: Mapping[str, str], day: date | None, language: str) -> Json:
    """One entry whole; ``names``: of its successors, by code."""
    told: Json = {"scheme": entry.scheme, "code": entry.code}
    if entry.concept is not None:
        told |= _concept(entry.concept, entry.edges, day)
        successors: tuple[str, ...] = entry.concept.successors
        deprecated = entry.concept.status == "deprecated"
    else:
        period = period_of(entry, day)
        told |= _period(period) | {"note": period.note, "status": "deprecated" if entry.ended else "approved"}
        told["periods"] = [_period(item) for item in entry.periods]
        successors, deprecated = period.successors, entry.ended
    told["deprecated"] = deprecated
    if deprecated:
        told["notice"] = _notice(entry, successors, names, language)
        told["replaced_by"] = [
            {"code": code, "name": names.get(code, ""), "href": concept_address(request, entry.scheme, code)}
            for code in successors
        ]
    if day is not None:
        told["in_force"] = in_force(entry, day)
    return told | _stamp(entry.stamp) | {"links": _links(request, entry)}


def version_json(entry: Entry) -> Json:
    """One version of an entry in its history."""
    content = (
        _concept(entry.concept, entry.edges, None) if entry.concept else {"periods": list(map(_period, entry.periods))}
    )
    return _stamp(entry.stamp) | {"content": content}


def period_of(entry: Entry, day: date | None) -> Period:
    """The period in force on a day; without a day, and where none is, the last."""
    held = [period for period in entry.periods if day is not None and period.holds_on(day)]
    running = [period for period in entry.periods if period.valid_to is None and period.removed_at is None]
    return (held or running or list(entry.periods))[-1]


def in_force(entry: Entry, day: date) -> bool:
    """Whether the entry is valid on a day; a deprecated concept is not."""
    concept = entry.concept
    if concept is None:
        return any(period.holds_on(day) for period in entry.periods)
    return (
        concept.status != "deprecated"
        and (concept.valid_from is None or concept.valid_from <= day)
        and (concept.valid_to is None or day < concept.valid_to)
    )


def concept_address(request: Request, scheme: str, code: str) -> str:
    return with_parameters(address(request, "dictionary", "concepts", code), [("scheme", scheme)])


def _concept(concept: KeptConcept, edges: tuple[KeptEdge, ...], day: date | None) -> Json:
    agreed = [
        alias
        for alias in concept.aliases
        if alias.status == "approved"
        and (day is None or ((alias.valid_from or day) <= day and (alias.valid_to is None or day < alias.valid_to)))
    ]
    return {
        "code": concept.code,
        "name": concept.name,
        "name_en": concept.name_en,
        "definition": concept.definition,
        "scope_note": concept.scope_note,
        "stage_code": concept.stage_code,
        "stage_name": concept.stage_name,
        "predecessors": list(concept.predecessors),
        "edges": [_edge(edge) for edge in edges if edge.removed_at is None and holds_on(edge, day)],
        "responsible": concept.responsible,
        "documents": list(concept.documents),
        "legal_basis": list(concept.legal_basis),
        "note": concept.note,
        "status": concept.status,
        "status_reason": concept.status_reason,
        "successors": list(concept.successors),
        "valid_from": _day(concept.valid_from),
        "valid_to": _day(concept.valid_to),
        "aliases": [_alias(alias) for alias in agreed if not alias.negative],
        "negative_aliases": [_alias(alias) for alias in agreed if alias.negative],
    }


def _alias(alias: Alias) -> Json:
    told: Json = {"name": alias.name, "places": list(alias.places)}
    if alias.departments:
        told["departments"] = list(alias.departments)
    period = {"valid_from": _day(alias.valid_from), "valid_to": _day(alias.valid_to)}
    return told | {name: value for name, value in period.items() if value}


def _edge(edge: KeptEdge) -> Json:
    return {
        "place": edge.place,
        "procedure": edge.procedure,
        "predecessor": edge.predecessor,
        "removes": edge.removes,
        "valid_from": _day(edge.valid_from),
        "valid_to": _day(edge.valid_to),
        "note": edge.note,
    }


def _period(period: Period) -> Json:
    return {
        "name": period.name,
        "name_en": period.name_en,
        "parent": period.parent,
        "valid_from": _day(period.valid_from),
        "valid_to": _day(period.valid_to),
        "alternatives": list(period.alternatives),
        "level": period.level,
        "full_name": period.full_name,
        "successors": list(period.successors),
    }


def _notice(entry: Entry, successors: tuple[str, ...], names: Mapping[str, str], language: str) -> str:
    """A sentence that the entry is used no more, and what stands instead."""
    if successors:
        told = "、".join(f"{code} {names.get(code, '')}".strip() for code in successors)
        return render("DIC-DEPRECATED", language, given=entry.code, successors=told)
    reason = entry.concept.status_reason if entry.concept else ""
    return render("DIC-DEPRECATED-ALONE", language, given=entry.code, reason=reason or "-")


def _stamp(stamp: Stamp) -> Json:
    return {
        "revision": stamp.revision,
        "version": stamp.version,
        "change": stamp.change,
        "modified": stamp.recorded_at.isoformat(),
        "author": stamp.author,
        "act": stamp.act,
        "reason": stamp.reason,
    }


def _links(request: Request, entry: Entry) -> list[Json]:
    here = concept_address(request, entry.scheme, entry.code)
    found = [
        {"rel": "self", "href": here, "type": FORMS["json"]},
        {"rel": "collection", "href": address(request, "dictionary", "schemes", entry.scheme), "type": FORMS["json"]},
        {
            "rel": "version-history",
            "href": with_parameters(
                address(request, "dictionary", "concepts", entry.code, "versions"), [("scheme", entry.scheme)]
            ),
            "type": FORMS["json"],
        },
    ]
    found += [
        {"rel": "alternate", "href": f"{here}&f={form}", "type": FORMS[form].partition(";")[0]}
        for form in FORMS
        if form != "json"
    ]
    return found


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
