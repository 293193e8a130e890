"""Near misses 近似号码: whom a number that cannot be right may have meant, of those the register knows (before the road in).

Of a number whose check character is wrong, the well-formed numbers a slip of the pen away are looked up by their tags. What
is shown is masked; a steward can try one without seeing it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

from jishi.identifiers import citizen_id, uscc
from jishi.identifiers.masks import mask
from jishi.identifiers.normalise import normalise
from jishi.identifiers.sealing import Sealer
from jishi.quality.quarantine_search import Entry
from jishi.quality.raw_row import RawRow
from jishi.registers.catalog import register_of
from jishi.registers.element import DataElement, Kind
from jishi.registers.register import Register

if TYPE_CHECKING:
    from asyncpg import Connection

MOST_TRIED = 400
MOST_SHOWN = 10

LOOKS_LIKE = {
    **{"0": "OQD", "1": "ILT7", "2": "Z", "3": "8", "4": "A", "5": "S", "6": "GB", "7": "1", "8": "B3", "9": "G"},
    **{"O": "0", "Q": "0", "D": "0", "I": "1", "L": "1", "Z": "2", "S": "5", "G": "69", "B": "86", "V": "UY", "U": "V"},
}
"""Characters that are taken for each other by eye or by a scanner; of letters no code holds, what they were."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A well-formed number and what slip leads from it to the one that was sent."""

    number: str = field(repr=False)
    slip: str  # transposed, look-alike, substituted, inserted, missing


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An entity that carries such a number. ``masked`` and ``name`` are under masks; ``name_agrees``: the row has the very
    name of the entity. ``header``: the column the number stands in."""

    place: int
    header: str
    element: str
    slip: str
    uid: UUID
    masked: str
    name: str | None
    name_agrees: bool
    number: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """``tried``: how many numbers were looked for."""

    found: tuple[Suggestion, ...]
    tried: int
    elements: tuple[str, ...]


async def suggest(
    connection: Connection[Any], sealer: Sealer, entry: Entry, row: RawRow, *, withheld: Collection[UUID] = ()
) -> Suggestions:
    """Whom the numbers of the row that were refused may have meant, the likeliest first; always in the same order.

    ``withheld``: entities that nobody is told of.
    """
    register = register_of(entry.register)
    wanted: dict[UUID, tuple[str, str, Candidate]] = {}
    tried = 0
    for header, element in doubtful(register, entry):
        near = _SLIPS[_form(register.elements[element])]
        for candidate in islice(near(normalise(row.cells.get(header) or "")), MOST_TRIED):
            tried += 1
            for tag in sealer.tags(candidate.number):
                wanted.setdefault(tag, (header, element, candidate))
    if not wanted:
        return Suggestions((), 0, ())
    name = next(iter(register.contradiction.names), None)
    rows = await connection.fetch(_known(register, name), register.number, list(wanted))
    sent = _names_of(entry, row, name)
    found = []
    for known in rows:
        if known["uid"] not in withheld:
            header, element, candidate = wanted[known["lookup"]]
            found.append((header, element, candidate, known, known["name"] is not None and known["name"] in sent))
    found.sort(key=lambda one: (not one[4], _ORDER.index(one[2].slip), one[3]["uid"]))
    shown = tuple(
        Suggestion(
            *(place, header, element, candidate.slip, known["uid"], known["masked"]),
            name=_masked_name(register, name, known["name"]),
            name_agrees=agrees,
            number=candidate.number,
        )
        for place, (header, element, candidate, known, agrees) in enumerate(found[:MOST_SHOWN], start=1)
    )
    elements = tuple(dict.fromkeys([*(one.element for one in shown), *([name] if shown and name else [])]))
    return Suggestions(shown, tried, elements)


def near_citizens(number: str) -> Iterator[Candidate]:
    """Citizen numbers (GB 11643) a slip away, each once.

    >>> "11010519491231002X" in {found.number for found in near_citizens("11010519492131002X")}
    True
    """
    return _near(number, 18, "0123456789", "0123456789X", citizen_id.check_character)


def near_usccs(number: str) -> Iterator[Candidate]:
    """Social credit codes (GB 32100) a slip away, each once."""
    return _near(number, 18, uscc.ALPHABET, uscc.ALPHABET, uscc.check_character)


def _near(number: str, length: int, alphabet: str, last: str, check: Callable[[str], str]) -> Iterator[Candidate]:
    """The likeliest slips first."""
    seen = {number}
    for slip, made in _slips(number, length, last):
        if made in seen or len(made) != length:
            continue
        seen.add(made)
        body = made[:-1]
        if all(character in alphabet for character in body) and check(body) == made[-1]:
            yield Candidate(made, slip)


def _slips(number: str, length: int, alphabet: str) -> Iterator[tuple[str, str]]:
    if not re.fullmatch("[0-9A-Z]+", number):
        return
    if len(number) == length:
        yield from _changed(number, alphabet)
    elif len(number) == length - 1:
        for at in range(length):
            for character in alphabet:
                yield "missing", number[:at] + character + number[at:]
    elif len(number) == length + 1:
        for at in range(length + 1):
            yield "inserted", number[:at] + number[at + 1 :]


def _changed(number: str, alphabet: str) -> Iterator[tuple[str, str]]:
    places = range(len(number))
    for distance in (1, 2):
        for at in places[:-distance]:
            end = at + distance
            made = number[:at] + number[end] + number[at + 1 : end] + number[at] + number[end + 1 :]
            yield "transposed", made
    for at in places:
        for character in LOOKS_LIKE.get(number[at], ""):
            yield "look-alike", number[:at] + character + number[at + 1 :]
    yield "look-alike", "".join(one if one in alphabet else LOOKS_LIKE.get(one, one)[0] for one in number)
    for at in reversed(places):
        for character in alphabet:
            yield "substituted", number[:at] + character + number[at + 1 :]


_ORDER = ("transposed", "look-alike", "inserted", "missing", "substituted")

_SLIPS: dict[str, Callable[[str], Iterator[Candidate]]] = {"citizen": near_citizens, "uscc": near_usccs}


def _form(element: DataElement) -> str:
    """Which kind of number an identifier holds: documents of persons are mostly citizen numbers."""
    return "citizen" if element.sealed and element.scheme is None else element.scheme or ""


def doubtful(register: Register, entry: Entry) -> Iterator[tuple[str, str]]:
    """Headers and identifiers that a reason of the refusal is about, and for which near misses are known."""
    doubted = {rule.element for rule in register.rules if rule.id in entry.reasons}
    for header, elements in entry.columns.items():
        for name in elements:
            element = register.elements.get(name)
            if name not in doubted or element is None or element.kind is not Kind.IDENTIFIER or not element.strong:
                continue
            if _form(element) in _SLIPS:
                yield header, name


def _names_of(entry: Entry, row: RawRow, name: str | None) -> set[str]:
    """What the row says in the columns the name is taken from."""
    cells = (row.cells.get(header) for header, elements in entry.columns.items() if name in elements)
    return {cell.strip() for cell in cells if cell}


def _masked_name(register: Register, name: str | None, value: str | None) -> str | None:
    return None if name is None else mask(value, register.elements[name].mask.value)


def _known(register: Register, name: str | None) -> str:
    """Entities that carry one of the numbers now, each once."""
    shown = f"g.{name}" if name else "NULL::text"
    return f"""
SELECT DISTINCT ON (i.uid) i.uid, i.lookup, i.masked, {shown} AS name
FROM jishi.identifier i JOIN jishi.{register.name} g ON g.uid = i.uid
WHERE i.register = $1 AND i.strong AND i.lookup = ANY($2::uuid[]) AND g.state = 'active'
  AND (i.valid_to IS NULL OR i.valid_to > now())
ORDER BY i.uid, i.lookup"""
