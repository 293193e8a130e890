"""Citizen identity numbers 公民身份号码 (GB 11643-1999): check character, upgrade from 15 digits, what the digits say.

The 18-digit form is shared by the residence permits of Hong Kong, Macao and Taiwan residents (divisions 810000, 820000,
830000) and by the foreign permanent resident card of 2023 (first digit 9). Nothing in here asks a code list or a clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from jishi.identifiers.normalise import normalise
from jishi.identifiers.reading import Checked, Reading, refusal

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS = "10X98765432"
EARLIEST_BIRTH = date(1850, 1, 1)
PERMIT_DIVISIONS = ("81", "82", "83")
CENTENARIAN_SERIALS = ("996", "997", "998", "999")


@dataclass(frozen=True, slots=True)
class CitizenId(Checked):
    """A number of 18 characters, upgraded where it came with 15 (then without check facts, because it carried none).

    ``birth`` (yyyymmdd, real or not) and ``sex`` ('1' male, '2' female; GB/T 2261.1) are None for the card of 2023,
    whose inner layout no public text states; ``division`` (6 digits) is None where the digits name no division of
    GB/T 2260.
    """

    birth: str | None = None
    sex: str | None = None
    division: str | None = None


def check_character(body: str) -> str:
    """The 18th character for 17 digits: GB 11643-1999 §4.2, ISO 7064 MOD 11-2.

    For ``11010519491231002`` the weighted sum is 167, 167 mod 11 = 2, and the third character of the table is X:

    >>> check_character("11010519491231002")
    'X'
    """
    return CHECK_CHARACTERS[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


def upgrade(old: str) -> str:
    """The 18-character form of a number of 15 digits (GB 11643-1989): century put in, check character added.

    The century is 19, but 18 where the serial is 996 to 999, which were kept for people over a hundred years old.

    >>> upgrade("110105491231002"), upgrade("320523800903999")
    ('11010519491231002X', '320523188009039993')
    """
    century = "18" if old[12:] in CENTENARIAN_SERIALS else "19"
    body = old[:6] + century + old[6:]
    return body + check_character(body)


def check(raw: str | None) -> CitizenId:
    """Read a raw value as a citizen identity number of 18 or 15 characters.

    >>> check("11010519491231002x").passes, check("110105194912310021").check_expected
    (True, 'X')
    """
    value = normalise(raw or "")
    if not value:
        return CitizenId(None, None)
    shaped = re.fullmatch("[0-9]{17}[0-9X]|[0-9]{15}", value) is not None
    wrong = refusal(value, len(value) in {15, 18}, shaped)
    return CitizenId(None, wrong) if wrong else describe(value)


def describe(value: str) -> CitizenId:
    """What a well-formed number of 18 or 15 characters says."""
    full = value if len(value) == 18 else upgrade(value)
    foreign = full.startswith("9")
    divided = not foreign and not full.startswith(PERMIT_DIVISIONS)
    return CitizenId(
        value=full,
        read=Reading.OK,
        check_expected=check_character(full[:17]) if full is value else None,
        check_actual=full[17] if full is value else None,
        birth=None if foreign else full[6:14],
        sex=None if foreign else "21"[int(full[16]) % 2],
        division=full[:6] if divided else None,
    )


def birth_real(birth: str, today: date) -> bool:
    """Whether yyyymmdd is a day of the calendar between 1850 and ``today``.

    >>> birth_real("19491231", date(2026, 1, 1)), birth_real("19491331", date(2026, 1, 1))
    (True, False)
    """
    try:
        day = date(int(birth[:4]), int(birth[4:6]), int(birth[6:]))
    except ValueError:
        return False
    return EARLIEST_BIRTH <= day <= today
