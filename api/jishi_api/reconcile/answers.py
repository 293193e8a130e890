"""What the reconciliation service answers, in the words of the two versions (respond, road out)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from jishi.errors import Fault
from jishi_api.reconcile.entity import Entity
from jishi_api.reconcile.match import Found, Proposal
from jishi_api.reconcile.properties import PROPERTIES, Property
from jishi_api.reconcile.reading import Type

Json = dict[str, Any]


def results_0_2(found: Mapping[str, Found], types: Mapping[str, Type], language: str) -> Json:
    """By key; a question at fault has no candidates and says why beside them."""
    return {
        key: {"result": [_candidate(item, types, language) for item in answer.proposals], **_fault(answer, language)}
        for key, answer in found.items()
    }


def results_1_0(found: Iterable[Found], types: Mapping[str, Type], language: str) -> Json:
    """In the order asked."""
    told = [
        {
            "candidates": [_candidate(item, types, language, named=True) for item in answer.proposals],
            **_fault(answer, language),
        }
        for answer in found
    ]
    return {"results": told}


def suggestions(found: Iterable[Entity], types: Mapping[str, Type], language: str) -> Json:
    told = [
        {
            "id": entity.id,
            "name": entity.name,
            "description": _described(entity, language),
            "notable": [_type(entity.scheme, types, language)],
        }
        for entity in found
    ]
    return {"result": told}


def types_told(found: Iterable[Type], language: str) -> Json:
    return {"result": [{"id": entry.id, "name": entry.name(language)} for entry in found]}


def properties_told(found: Iterable[Property], language: str) -> list[Json]:
    return [{"id": entry.id, "name": entry.name(language)} for entry in found]


def _candidate(item: Proposal, types: Mapping[str, Type], language: str, *, named: bool = False) -> Json:
    candidate, entity = item.candidate, item.entity
    reason = candidate.reason(language)
    parts = (entity.description if entity is not None else "", reason)
    return {
        "id": entity.id if entity is not None else candidate.code,
        "name": candidate.name,
        "description": " — ".join(part for part in parts if part),
        "type": [_type(candidate.scheme, types, language)],
        "score": candidate.score,
        "match": candidate.match,
        "features": _features(item, reason, language, named=named),
    }


def _features(item: Proposal, reason: str, language: str, *, named: bool) -> list[Json]:
    """How it was found, how well, and which of the properties stated it agrees with."""
    found = [
        ("score", "resolver score" if language == "en" else "解析得分", item.candidate.score),
        (item.candidate.why.code.lower().replace("-", "_"), reason, True),
        *((f"agrees_{name}", PROPERTIES[name].name(language), agrees) for name, agrees in item.fulfilled.items()),
    ]
    return [{"id": name, **({"name": title} if named else {}), "value": value} for name, title, value in found]


def _type(scheme: str, types: Mapping[str, Type], language: str) -> Json:
    return {"id": scheme, "name": types[scheme].name(language) if scheme in types else scheme}


def _described(entity: Entity, language: str) -> str:
    """The standard name is Chinese whoever asks; what it means in English stands first of the description."""
    told = (entity.name_en if language == "en" else "", entity.description)
    return " · ".join(part for part in told if part)


def _fault(answer: Found, language: str) -> Json:
    fault: Fault | None = answer.fault
    return {} if fault is None else {"error": {"code": fault.code, "reason": fault.text(language)}}
