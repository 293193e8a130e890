"""The words of ``q``: what must be in a name or an address, in every spelling it may have, and how near a find is (plan,
road out).

Blanks part the words; each must be found in a name, a former name, an address or the name of a code. Width, case,
traditional forms, brackets and the dots of names make no difference.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jishi.access.grants import Grant
from jishi.errors import Fault
from jishi.matching.similarity import similarity
from jishi.matching.variants import spellings
from jishi.registers.element import Kind, Sensitivity
from jishi.registers.register import Register
from jishi_api.compare import plain
from jishi_api.condition import ALIAS, TEXT_LIMIT, Condition, encodes
from jishi_api.text_index import characters, has_case, holds
from jishi_api.text_index import literal as meaning_itself

MOST_WORDS = 8
_DRESS = "()（）[]［］【】〔〕·・•‧･∙⋅●▪.,，、-－—"
"""Brackets, dots and strokes, written one way here and another there: all are compared as the first of them."""

Labels = Mapping[str, Mapping[str, Sequence[str]]]
"""Word → coded element → codes whose names hold the word."""


@dataclass(frozen=True, slots=True)
class Words:
    """``whole``: all of it, as a name may begin with it."""

    whole: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a caller's words are looked for: the elements of the register's free text, and the coded ones, that are
    granted in clear."""

    names: tuple[str, ...]
    former: tuple[str, ...]
    addresses: tuple[str, ...]
    coded: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        return (*self.names, *self.former, *self.addresses)


def read_words(text: str, faults: list[Fault]) -> Words | None:
    """The words of ``text``; None after ``QRY-VALUE-WORDS``."""
    whole = " ".join(unicodedata.normalize("NFKC", text).split()) if encodes(text) else ""
    parts = tuple(dict.fromkeys(whole.split(" ")))
    odd = "\0" in whole or not 0 < len(whole) <= TEXT_LIMIT or len(parts) > MOST_WORDS
    if odd or not all(part.strip(_DRESS) for part in parts):
        faults.append(Fault("q", "QRY-VALUE-WORDS", {"longest": TEXT_LIMIT, "most": MOST_WORDS}))
        return None
    return Words(whole, parts)


def scope_of(register: Register, grant: Grant) -> Scope:
    """What of the free text is granted in clear; nothing else may be compared with."""
    free = register.free_text

    def granted(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(name for name in names if name in grant.clear)

    coded = tuple(
        name
        for name, element in register.elements.items()
        if element.kind is Kind.CODE and element.queryable and element.sensitivity is Sensitivity.N
    )
    return Scope(granted(free.names), granted(free.former), granted(free.addresses), granted(coded))


def anywhere(scope: Scope, words: Words, labels: Labels, first: int) -> Condition:
    """Every word in some text, or in the name of a code; parameters from ``first`` on."""
    builder = _Builder(first)
    tests = []
    for part in words.parts:
        found = [builder.mention(element, f"%{meaning_itself(form)}%") for element, form in _each(scope.texts, part)]
        found += [
            f"{ALIAS}.{element} = ANY({builder.bind(list(codes))})" for element, codes in labels.get(part, {}).items()
        ]
        tests.append(f"({' OR '.join(found)})")
    return builder.condition(" AND ".join(tests))


def by_name(scope: Scope, words: Words, first: int) -> tuple[Condition, ...]:
    """Narrower ones, the best first: the name is all of it, begins with it, holds every word."""
    wholes = tuple(dict.fromkeys((words.whole, "".join(words.parts))))
    exact, begins, inside = _Builder(first), _Builder(first), _Builder(first)
    forms = [pair for text in wholes for pair in _each(scope.names, text)]
    is_all = " OR ".join(exact.is_(element, form) for element, form in forms)
    starts = " OR ".join(begins.begins(element, form) for element, form in forms)
    every = [
        " OR ".join(inside.mention(element, f"%{meaning_itself(form)}%") for element, form in _each(scope.names, part))
        for part in words.parts
    ]
    return exact.condition(is_all), begins.condition(starts), inside.condition(" AND ".join(f"({x})" for x in every))


def rank(scope: Scope, words: Words, row: Mapping[str, str | None]) -> tuple[int, float]:
    """How good a find is, the smaller the better: what of it fits, then how unlike the name is (0–1).

    0 the name is what was asked for, 1 begins with it, 2 holds every word, 3 as was its former name, 4 anything else.
    """
    whole = _bare(words.whole)
    names = [_bare(text) for name in scope.names if (text := row[name])]
    former = " ".join(_bare(text) for name in scope.former if (text := row[name]))
    parts = [_bare(part) for part in words.parts]
    unlike = 1 - max((similarity(words.whole, text) for name in scope.names if (text := row[name])), default=0.0)
    if whole in names:
        return 0, unlike
    if any(name.startswith(whole) for name in names):
        return 1, unlike
    if any(all(part in name for part in parts) for name in names):
        return 2, unlike
    return (3 if all(part in former for part in parts) else 4), unlike


def _each(elements: tuple[str, ...], text: str) -> list[tuple[str, str]]:
    return [(element, form) for element in elements for form in spellings(text)]


def _bare(text: str) -> str:
    return plain(text).translate(_UNDRESSED)


_UNDRESSED = str.maketrans(dict.fromkeys(_DRESS, _DRESS[0]))


def _is_dressed(text: str) -> bool:
    return has_case(text) or bool(set(text) & set(_DRESS)) or text[-1] == "\ud7ff"


class _Builder:
    """Numbers the values of one condition as they are met."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._values: list[object] = []
        self._compared: set[str] = set()

    def bind(self, value: object) -> str:
        self._values.append(value)
        return f"${self._first + len(self._values) - 1}"

    def mention(self, element: str, pattern: str) -> str:
        """The text of the element fits the pattern, whatever its case."""
        self._compared.add(element)
        cased = has_case(pattern)
        wanted = [letter for letter in characters(pattern, folded=cased) if letter not in _DRESS]
        held, sought = f"{ALIAS}.{element}::text", f"{self.bind(pattern.translate(_UNDRESSED))}"
        if cased:
            held, sought = f"lower({held})", f"lower({sought})"
        if set(pattern) & set(_DRESS):
            held = f"translate({held}, {self.bind(_DRESS)}, {self.bind(_DRESS[0] * len(_DRESS))})"
        test = f"{held} LIKE {sought}"
        return f"({holds(element, self.bind(wanted))} AND {test})" if wanted else f"({test})"

    def is_(self, element: str, text: str) -> str:
        """The text of the element is this one: by the order of names where nothing has to be folded."""
        if _is_dressed(text):
            return self.mention(element, meaning_itself(text))
        self._compared.add(element)
        return f"{ALIAS}.{element} = {self.bind(text)}"

    def begins(self, element: str, text: str) -> str:
        """It begins with this one. Between it and what follows it in the order of characters there is nothing else; where
        the database orders otherwise some are missed, and stand further down in a ranking that is cut."""
        if _is_dressed(text):
            return self.mention(element, meaning_itself(text) + "%")
        self._compared.add(element)
        after = text[:-1] + chr(min(ord(text[-1]) + 1, 0x10FFFF))
        low, high = self.bind(text), self.bind(after)
        pattern = self.bind(meaning_itself(text) + "%")
        return f"({ALIAS}.{element} >= {low} AND {ALIAS}.{element} < {high} AND {ALIAS}.{element} LIKE {pattern})"

    def condition(self, text: str) -> Condition:
        return Condition(text, tuple(self._values), frozenset(self._compared))
