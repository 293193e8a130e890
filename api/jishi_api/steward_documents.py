"""Names, aliases and effects as stewards are told of them (respond, road out)."""

from __future__ import annotations

from typing import Any

from jishi.dictionary.resolve import Resolution
from jishi.dictionary.seen import Seen, Where
from jishi.stewardship.aliases import Alias
from jishi.stewardship.effect import Effect

Json = dict[str, Any]


def seen_json(entry: Seen) -> Json:
    """``scheme`` empty: asked in the project schemes. ``answer``: the best candidate of the last answer."""
    answer = None
    if entry.code is not None:
        answer = {"scheme": entry.code_scheme, "code": entry.code, "score": entry.score}
    return {
        "id": entry.name_id,
        "name": entry.name,
        "scheme": entry.scheme,
        "outcome": entry.outcome,
        "answer": answer,
        "version": entry.version,
        "times": entry.times,
        "first_seen": entry.first_seen.isoformat(),
        "last_seen": entry.last_seen.isoformat(),
        "state": entry.state,
        "reason": entry.reason,
        "contexts": [{**_where(where), "times": times} for where, times in entry.contexts],
    }


def alias_json(alias: Alias) -> Json:
    wanted = alias.wanted
    return {
        "id": alias.alias_id,
        "scheme": wanted.scheme,
        "code": wanted.code,
        "concept": alias.concept,
        "name": wanted.name,
        "negative": wanted.negative,
        "places": list(wanted.places),
        "departments": list(wanted.departments),
        "valid_from": wanted.valid_from.isoformat() if wanted.valid_from else None,
        "valid_to": wanted.valid_to.isoformat() if wanted.valid_to else None,
        "status": alias.status,
        "origin": alias.origin,
        "proposed_by": alias.proposed_by,
        "decided_by": alias.decided_by,
        "decided_at": alias.decided_at.isoformat() if alias.decided_at else None,
        "reason": alias.reason,
    }


def effect_json(effect: Effect, language: str) -> Json:
    return {
        "examined": effect.examined,
        "known": effect.known,
        "changes": [
            {
                "id": change.name_id,
                "name": change.name,
                **_where(change.where),
                "times": change.times,
                "queued": change.queued,
                "before": _answer(change.before, language),
                "after": _answer(change.after, language),
            }
            for change in effect.changes
        ],
    }


def _where(where: Where) -> Json:
    place, department, stage = where
    return {"place": place or None, "department": department or None, "stage": stage or None}


def _answer(answer: Resolution, language: str) -> Json:
    told = [
        {"scheme": one.scheme, "code": one.code, "name": one.name, "score": one.score, "reason": one.reason(language)}
        for one in answer.candidates[:3]
    ]
    match = answer.match
    return {
        "match": {"scheme": match.scheme, "code": match.code, "name": match.name} if match else None,
        "candidates": told,
    }
