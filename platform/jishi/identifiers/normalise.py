"""How an identifier looks once its dress is taken off: the first act on every number, before any check (step
standardise).

The patterns are plain texts that mean the same to Python's ``re`` and to Polars, so that the columnar forms share them.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

# Blanks, control characters and the invisible ones: soft hyphen, zero-width, direction marks, byte order mark.
INVISIBLE = (
    "[\x00-\x20\x7f-\xa0\xad\u034f\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ufe00-\ufe0f\ufeff]"
)

# What a spreadsheet puts before a number that shall stay text.
APOSTROPHES = "'`\u2018\u2019\u201b"

# A number that went through a floating-point cell: a decimal point, or an exponent with its sign. A bare ``E`` is no
# evidence: credit codes and passports hold that letter.
PRECISION_LOST = r"^[+-]?(?:[0-9]+\.[0-9]*(?:E[+-]?[0-9]+)?|[0-9]+E[+-][0-9]+)$"


def normalise(value: str) -> str:
    """Unicode NFKC (full-width to half-width), invisible characters and leading apostrophes removed, upper case; an accent
    that what was removed had kept apart joins its letter, so that doing it again changes nothing.

    >>> normalise("\uff13\uff12 0506\u200b18x")
    '32050618X'
    >>> normalise("'320505188605070253")
    '320505188605070253'
    """
    if value.isascii() and value.isalnum():
        return value.upper()
    plain = _invisible().sub("", unicodedata.normalize("NFKC", value)).lstrip(APOSTROPHES).upper()
    return unicodedata.normalize("NFKC", plain)


def precision_lost(value: str) -> bool:
    """Whether a normalised value is a number written by a spreadsheet or a float, whose last digits are therefore gone.

    >>> [precision_lost(text) for text in ("3.2E+17", "320505188605070000.0", "3E+17", "E12345678", "320505")]
    [True, True, True, False, False]
    """
    return _precision_lost().match(value) is not None


@cache
def _invisible() -> re.Pattern[str]:
    return re.compile(INVISIBLE)


@cache
def _precision_lost() -> re.Pattern[str]:
    return re.compile(PRECISION_LOST)
