"""How any part of a name or an address is found: beside the comparison, by the characters that must be in it (plan, road out).

The index of ``jishi.characters`` holds for each character the rows it stands in, in any order and any locale, from one
character on. It only narrows: the comparison itself always stays, and means what it meant.
"""

from __future__ import annotations

from collections.abc import Callable

from jishi.registers.register import Register
from jishi_api.condition import ALIAS

FUNCTION = "jishi.characters"
_IDEOGRAPHS = "\u2e80"
"""From here on a letter without case is no part of what another letter becomes when case is folded."""


def narrowed(
    register: Register, name: str, pattern: str, test: str, bind: Callable[[object], str], *, folded: bool
) -> str:
    """``test``, the LIKE of ``pattern``, with the index before it where ``name`` has one and the pattern says a character."""
    wanted = characters(pattern, folded=folded) if name in register.free_text.elements else []
    return f"({holds(name, bind(wanted))} AND {test})" if wanted else test


def has_case(pattern: str) -> bool:
    """Whether ignoring case can make a difference. Where it cannot the comparison goes without, whose rows the server can
    estimate; a wildcard of one character might be of two in another case.

    >>> has_case("%有限公司%"), has_case("%Ａ公司%"), has_case("_公司")
    (False, True, True)
    """
    return "_" in pattern or not all(_has_one_form(letter) for letter in pattern)


def holds(name: str, characters: str) -> str:
    """SQL: the element holds all of the bound ``characters``."""
    return f"{FUNCTION}({ALIAS}.{name}) @> {characters}::text[]"


def characters(pattern: str, *, folded: bool) -> list[str]:
    r"""The characters without which nothing fits a LIKE pattern, as the index holds them, each once. ``folded``: case is
    ignored, so that only a character counts which no case changes and no other becomes (ß becomes ss).

    >>> characters(r"%Ab\%公_公%", folded=False), characters("%aÉ公k", folded=True)
    (['a', 'b', '%', '公'], ['公'])
    """
    found: dict[str, None] = {}
    escaped = False
    for character in pattern:
        if not escaped and character in "%_\\":
            escaped = character == "\\"
            continue
        escaped = False
        if not folded or _has_one_form(character):
            found[character.lower() if character.isascii() else character] = None
    return list(found)


def is_search(condition: str) -> bool:
    """Whether the index is asked: what it finds may be few rows or most of the register, so that the statement is planned
    anew for every pattern and keeps to the lanes of wide reads."""
    return FUNCTION in condition


def literal(text: str) -> str:
    r"""A text as part of a LIKE pattern that means itself.

    >>> literal(r"100%_\x")
    '100\\%\\_\\\\x'
    """
    return "".join(f"\\{character}" if character in "%_\\" else character for character in text)


def _has_one_form(character: str) -> bool:
    caseless = character.lower() == character.upper() == character
    return caseless and (character.isascii() or character >= _IDEOGRAPHS)
