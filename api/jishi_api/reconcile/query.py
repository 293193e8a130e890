"""A batch of queries as either version writes it, understood; a faulty query is a fault of its own (query, road out)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jishi.dictionary.resolve import NAMES_LIMIT
from jishi.errors import CallerError, Fault
from jishi_api.reconcile.entity import is_text, known_by
from jishi_api.reconcile.properties import PROPERTIES

LIMIT, MOST = 5, 50
TYPES_LIMIT = 5
CONDITIONS_LIMIT = 20
VALUES_LIMIT = 50
TEXT_LIMIT = 200

Quantifier = Literal["any", "all", "none"]
_WITH_SCHEME = re.compile(r"[a-z][a-z0-9_-]*:", re.ASCII)
_QUANTIFIERS: Mapping[object, Quantifier] = {None: "any", "any": "any", "all": "all", "none": "none"}


@dataclass(frozen=True, slots=True)
class Condition:
    """A property and what is said of it; ``required``: who does not fulfil it is no candidate."""

    property: str
    values: tuple[str, ...]
    required: bool = False
    quantifier: Quantifier = "any"


@dataclass(frozen=True, slots=True)
class Question:
    """One query. ``types``: schemes to look in, none = the project schemes; ``by_id``: ``name`` is an id."""

    name: str
    types: tuple[str, ...] = ()
    limit: int = LIMIT
    conditions: tuple[Condition, ...] = ()
    by_id: bool = False
    fault: Fault | None = None


def read_0_2(text: str) -> dict[str, Question]:
    """``queries`` of a form: an object of queries by key. CallerError ``DIC-RECONCILE-JSON`` where it is none."""
    queries = parsed(text)
    if not isinstance(queries, dict):
        raise CallerError("DIC-RECONCILE-JSON")
    _check_size(len(queries))
    return {key: _guarded(query, _question_0_2) for key, query in queries.items()}


def read_1_0(body: object) -> list[Question]:
    """The body of ``/match``. CallerError ``DIC-RECONCILE-JSON`` where it has no list of queries."""
    queries = body.get("queries") if isinstance(body, dict) else None
    if not isinstance(queries, list):
        raise CallerError("DIC-RECONCILE-JSON")
    _check_size(len(queries))
    return [_guarded(query, _question_1_0) for query in queries]


def parsed(text: str | bytes) -> object:
    """The JSON of a parameter or body; CallerError ``DIC-RECONCILE-JSON`` where it is none, or nested without end."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CallerError("DIC-RECONCILE-JSON") from error


class _Faulty(Exception):
    """What is wrong with one query."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.fault = Fault("query", code, values)


def _check_size(size: int) -> None:
    if size > NAMES_LIMIT:
        raise CallerError("DIC-RECONCILE-BATCH", given=size, limit=NAMES_LIMIT)


def _guarded(query: object, read: Any) -> Question:
    try:
        if not isinstance(query, dict):
            raise _Faulty("DIC-RECONCILE-QUERY")
        question: Question = read(query)
    except _Faulty as faulty:
        return Question("", fault=faulty.fault)
    return question


def _question_0_2(query: Mapping[str, Any]) -> Question:
    name = query.get("query", "")
    given = query.get("properties") or []
    if not isinstance(name, str) or not isinstance(given, list) or len(given) > CONDITIONS_LIMIT:
        raise _Faulty("DIC-RECONCILE-QUERY")
    conditions = tuple(_condition(item, item.get("pid"), item.get("v")) for item in _objects(given))
    return _question(name, query, conditions)


def _question_1_0(query: Mapping[str, Any]) -> Question:
    given = query.get("conditions")
    if not isinstance(given, list) or not 0 < len(given) <= CONDITIONS_LIMIT:
        raise _Faulty("DIC-RECONCILE-QUERY")
    name, by_id, conditions = "", False, []
    for item in _objects(given):
        kind, value = item.get("matchType"), item.get("propertyValue")
        if kind in ("name", "id"):
            said = _texts(value)
            if len(said) != 1:
                raise _Faulty("DIC-RECONCILE-QUERY")
            name, by_id = said[0], kind == "id"
        elif kind == "property":
            conditions.append(_condition(item, item.get("propertyId"), value))
        else:
            raise _Faulty("DIC-RECONCILE-QUERY")
    return _question(name, query, tuple(conditions), by_id=by_id)


def _question(
    name: str, query: Mapping[str, Any], conditions: tuple[Condition, ...], *, by_id: bool = False
) -> Question:
    if "\0" in name or not is_text(name):
        raise _Faulty("DIC-RECONCILE-QUERY")
    types = _types(query.get("type"))
    if not types and (by_id or _WITH_SCHEME.match(name)) and len(known_by(name)) == 1:
        types = (known_by(name)[0][0],)
        by_id = True
    return Question(name, types, _limit(query.get("limit")), conditions, by_id)


def _types(given: object) -> tuple[str, ...]:
    """Ids of types, given as text, as an object with an id, or as a list of these."""
    listed = given if isinstance(given, list) else [] if given in (None, "") else [given]
    given_ids = [item.get("id") if isinstance(item, dict) else item for item in listed]
    ids = [item for item in given_ids if isinstance(item, str) and _is_short(item)]
    if len(ids) > TYPES_LIMIT or len(ids) < len(given_ids):
        raise _Faulty("DIC-RECONCILE-TYPE")
    return tuple(dict.fromkeys(ids))


def _limit(given: object) -> int:
    if given is None:
        return LIMIT
    if not isinstance(given, int | float) or isinstance(given, bool) or not given >= 1:
        raise _Faulty("DIC-RECONCILE-LIMIT")
    return int(min(given, MOST))


def _condition(item: Mapping[str, Any], name: object, value: object) -> Condition:
    quantifier = _QUANTIFIERS.get(item.get("matchQuantifier"))
    if quantifier is None:
        raise _Faulty("DIC-RECONCILE-QUERY")
    if name not in PROPERTIES:
        raise _Faulty("DIC-RECONCILE-PROPERTY", given=str(name)[:60])
    return Condition(str(name), tuple(_texts(value)), item.get("required") is True, quantifier)


def _objects(given: list[Any]) -> Iterator[Mapping[str, Any]]:
    for item in given:
        if not isinstance(item, dict):
            raise _Faulty("DIC-RECONCILE-QUERY")
        yield item


def _texts(value: object) -> list[str]:
    """The values of a property, blank ones left out: a reconciled cell stands for its id."""
    listed = value if isinstance(value, list) else [value]
    if len(listed) > VALUES_LIMIT:
        raise _Faulty("DIC-RECONCILE-QUERY")
    told = []
    for item in listed:
        inner = item.get("id") if isinstance(item, dict) else item
        if inner is None or isinstance(inner, dict | list):
            raise _Faulty("DIC-RECONCILE-QUERY")
        text = str(inner).lower() if isinstance(inner, bool) else str(inner)
        if not _is_short(text):
            raise _Faulty("DIC-RECONCILE-QUERY")
        told.append(text)
    return [text for text in told if text.strip()]


def _is_short(text: str) -> bool:
    return len(text) <= TEXT_LIMIT and "\0" not in text and is_text(text)
