"""Division codes 行政区划代码: their structure (GB/T 2260 to the county, GB/T 10114 to the town, statistical to the
village).

Structure only: whether a code exists, and since when, is the dictionary's knowledge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jishi.identifiers.normalise import normalise
from jishi.identifiers.reading import Checked, Reading, refusal

LENGTHS = {2: 6, 4: 6, 6: 6, 9: 9, 12: 12}  # as delivered → as kept


class Level(StrEnum):
    """The codes of the list ``division_level``."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWN = "town"
    VILLAGE = "village"


@dataclass(frozen=True, slots=True)
class DivisionCode(Checked):
    """``parent`` is the code one level up in its usual length (6 digits to the county, 9 for a town); None above a
    province."""

    level: Level | None = None
    parent: str | None = None


def check(raw: str | None) -> DivisionCode:
    """Read a raw value of 2, 4, 6, 9 or 12 digits; the first two are padded to 6.

    >>> check("3205").value, check("320505001").parent, check("11").level.value
    ('320500', '320505', 'province')
    """
    value = normalise(raw or "")
    if not value:
        return DivisionCode(None, None)
    wrong = refusal(value, len(value) in LENGTHS, value.isascii() and value.isdigit())
    if wrong:
        return DivisionCode(None, wrong)
    value = value.ljust(LENGTHS[len(value)], "0")
    return DivisionCode(value, Reading.OK, level=level(value), parent=parent(value))


def level(code: str) -> Level:
    """The level of 6, 9 or 12 digits: the last part that is not all zeros says it.

    >>> level("320000").value, level("320500").value, level("419001000").value, level("320505001002").value
    ('province', 'prefecture', 'county', 'village')
    """
    if code[9:].strip("0"):
        return Level.VILLAGE
    if code[6:9].strip("0"):
        return Level.TOWN
    if code[4:6] != "00":
        return Level.COUNTY
    return Level.PREFECTURE if code[2:4] != "00" else Level.PROVINCE


def parent(code: str) -> str | None:
    """The code one level up; a county written with 9 digits stands under its 6 digits, as civil-affairs lists have it.

    >>> parent("320505"), parent("320500"), parent("419001000"), parent("320505001002"), parent("320000")
    ('320500', '320000', '419001', '320505001', None)
    """
    match level(code):
        case Level.VILLAGE:
            return code[:9]
        case Level.TOWN:
            return code[:6]
        case Level.COUNTY:
            return code[:6] if len(code) == 9 else code[:4] + "00"
        case Level.PREFECTURE:
            return code[:2] + "0000"
        case Level.PROVINCE:
            return None
