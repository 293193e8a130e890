"""Organisation codes 组织机构代码 (GB 11714-1997): nine characters, the inner part of every social credit code."""

from __future__ import annotations

import re

from jishi.identifiers.normalise import normalise
from jishi.identifiers.reading import Checked, Reading, refusal

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "0X987654321"  # by the weighted sum mod 11: 11 - c, where 11 is written 0 and 10 is written X
HYPHENS = "[-\u2010-\u2015\u2212]"


def check_character(body: str) -> str:
    """The ninth character for eight: GB 11714-1997 §3.3, MOD 11.

    For ``19220382`` the weighted sum is 3 + 63 + 18 + 20 + 0 + 24 + 32 + 4 = 164, 164 mod 11 = 10, 11 - 10 = 1:

    >>> check_character("19220382"), check_character("10169286")
    ('1', 'X')
    """
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(body, WEIGHTS, strict=True))
    return CHECK_CHARACTERS[total % 11]


def check(raw: str | None) -> Checked:
    """Read a raw value as an organisation code, written with its hyphen or without; the value has none.

    >>> check("10169286-x").value, check("10169286-0").passes
    ('10169286X', False)
    """
    value = re.sub(HYPHENS, "", normalise(raw or ""))
    if not value:
        return Checked(None, None)
    wrong = refusal(value, len(value) == 9, re.fullmatch("[0-9A-Z]{8}[0-9X]", value) is not None)
    if wrong:
        return Checked(None, wrong)
    return Checked(value, Reading.OK, check_character(value[:8]), value[8])
