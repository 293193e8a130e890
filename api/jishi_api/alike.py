"""How much an example is like a record, and in what: the comparison of the road in, for one pair (query, road out).

A strong identifier in common makes them one unless the names contradict it; a strong identifier that differs keeps them
apart. Without one, names count most, then addresses and dates. What either side does not say counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from jishi.matching.similarity import DIFFERENT_BELOW, Person, contradicts, similarity
from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register
from jishi_api.compare import Verdict, compare, interval

SAME_BY_NUMBER, MOST_WITHOUT_NUMBER, APART_BY_NUMBER = 0.95, 0.9, 0.4
"""The least score of one number without contradiction, the greatest without a number and with another one."""

CONTRADICTED = (0.3, 0.5)
"""The least and greatest score of one number whose names contradict it: a steward's question, neither yes nor no."""

_WEIGHTS = {"name": 3.0, "address": 2.0, "date": 2.0}


class Word(StrEnum):
    """What is said of one element."""

    AGREES = "MAT-ELEMENT-AGREES"
    ALIKE = "MAT-ELEMENT-ALIKE"
    DIFFERS = "MAT-ELEMENT-DIFFERS"
    UNKNOWN = "MAT-ELEMENT-UNKNOWN"
    CONTRADICTS = "MAT-ELEMENT-CONTRADICTS"


@dataclass(frozen=True, slots=True)
class Likeness:
    """``score``: 0–1. ``reasons``: element → word, in the order of the example."""

    score: float
    reasons: Mapping[str, Word]

    @property
    def agrees(self) -> bool:
        """Whether nothing that was said is otherwise."""
        return not {Word.DIFFERS, Word.CONTRADICTS} & set(self.reasons.values())


def likeness(
    register: Register, example: Mapping[str, str], held: Mapping[str, object], numbers: Mapping[str, Verdict]
) -> Likeness:
    """``held``: the record's elements as JSON tells them in clear, none of them that may not be compared. ``numbers``: the
    verdicts of identifiers, which are compared by their tags, and of what else a search matched."""
    reasons: dict[str, Word] = {}
    weighed = total = 0.0
    strong: set[Word] = set()
    for name, text in example.items():
        element = register.elements.get(name)
        if element is None:  # an address looked up by its uid: a relation says so
            reasons[name] = Word.AGREES
            continue
        share, reasons[name] = _compared(register, name, element, text, held, numbers)
        if element.strong:
            strong.add(reasons[name])
        if reasons[name] is not Word.UNKNOWN and not element.strong:
            weight = _weight(register, name, element)
            weighed, total = weighed + weight * share, total + weight
    rest = weighed / total if total else 1.0
    if Word.AGREES in strong:
        if _contradicted(register, example, held):
            named = {name: Word.CONTRADICTS for name in register.contradiction.names if name in reasons}
            return Likeness(CONTRADICTED[0] + (CONTRADICTED[1] - CONTRADICTED[0]) * rest, reasons | named)
        return Likeness(SAME_BY_NUMBER + (1 - SAME_BY_NUMBER) * rest, reasons)
    if Word.DIFFERS in strong:
        return Likeness(APART_BY_NUMBER * rest if total else 0.0, reasons)
    return Likeness(MOST_WITHOUT_NUMBER * rest if set(reasons.values()) - {Word.UNKNOWN} else 0.0, reasons)


def names_of(register: Register, held: Mapping[str, object]) -> list[str]:
    """The names a record bears and, where they are among ``held``, bore."""
    found = [held.get(name) for name in (*register.contradiction.names, *register.free_text.names)]
    for name in register.free_text.former:
        items = held.get(name)
        found += [value for item in items for value in item.values()] if isinstance(items, list) else []
    return list(dict.fromkeys(text for text in found if isinstance(text, str)))


def _compared(
    register: Register,
    name: str,
    element: DataElement,
    text: str,
    held: Mapping[str, object],
    numbers: Mapping[str, Verdict],
) -> tuple[float, Word]:
    """How far the element agrees (0–1), and the word for it."""
    if name in numbers:
        return _said(numbers[name])
    value = held.get(name)
    verdict = compare(element, text, value)
    if verdict is not Verdict.INCONSISTENT or element.kind is not Kind.TEXT:
        return _said(verdict)
    others: Iterable[str] = [str(value)]
    if name in (*register.free_text.names, *register.contradiction.names):
        others = names_of(register, held)
        if any(compare(element, text, other) is Verdict.CONSISTENT for other in others):
            return 1.0, Word.AGREES  # by the name it bore before
    elif _weight(register, name, element) == 1:
        return 0.0, Word.DIFFERS
    near = max(similarity(text, other) for other in others)
    return (near, Word.ALIKE) if near >= DIFFERENT_BELOW else (near, Word.DIFFERS)


def _said(verdict: Verdict) -> tuple[float, Word]:
    if verdict is Verdict.CONSISTENT:
        return 1.0, Word.AGREES
    return 0.0, Word.DIFFERS if verdict is Verdict.INCONSISTENT else Word.UNKNOWN


def _weight(register: Register, name: str, element: DataElement) -> float:
    if name in (*register.contradiction.names, *register.free_text.names):
        return _WEIGHTS["name"]
    if name in register.free_text.addresses or name.endswith("_address"):
        return _WEIGHTS["address"]
    return _WEIGHTS["date"] if name in register.contradiction.dates else 1.0


def _contradicted(register: Register, example: Mapping[str, str], held: Mapping[str, object]) -> bool:
    """As the road in decides it: no name it bears or bore is like the one told, and the dates are apart where they count."""
    rule = register.contradiction
    name = next((example[name] for name in rule.names if name in example), None)
    given = next(
        ((low, high) for at in rule.dates if at in example for low, high in [_span(example[at])]), (None, None)
    )
    known = next(((low, high) for at in rule.dates for low, high in [_span(str(held.get(at) or ""))]), (None, None))
    others = names_of(register, held)
    if name is None or not others:
        return False
    return all(contradicts(Person(name, *given), Person(other, *known), rule) for other in others)


def _span(text: str) -> tuple[date | None, date | None]:
    return interval(text) or (None, None)
