"""Unified social credit codes 统一社会信用代码 (GB 32100-2015 with amendment 1 of 2016): one code an organisation.

Only the outer check character decides. A wrong inner organisation code (old codes), an unknown category (amendments)
and an unknown division (codes of registration offices) are facts to warn of.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from jishi.identifiers import organisation_code
from jishi.identifiers.normalise import normalise
from jishi.identifiers.reading import Checked, Reading, refusal

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V, Z
WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
NATIONAL = "100000"  # registered with an authority of the state itself; no division of GB/T 2260
ZEROS = "0" * 18  # passes every formula and names nobody
SHAPE = rf"^[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{10}}$"

# GB 32100-2015 §4: first character, the registration authority; second, the kinds it registers.
CATEGORIES = frozenset(
    authority + kind
    for authority, kinds in {
        "1": "1239",  # institutional establishment 机构编制
        "2": "19",  # foreign affairs 外交
        "3": "123459",  # judicial administration 司法行政
        "4": "19",  # culture 文化
        "5": "1239",  # civil affairs 民政
        "6": "129",  # tourism 旅游
        "7": "129",  # religious affairs 宗教
        "8": "19",  # trade unions 工会
        "9": "123",  # market regulation 工商
        "A": "19",  # Central Military Commission 中央军委改革和编制办公室
        "N": "1239",  # agriculture: rural collectives 农业
        "Y": "1",  # others 其他
    }.items()
    for kind in kinds
)


@dataclass(frozen=True, slots=True)
class Uscc(Checked):
    """``inner_…`` are the check character of the organisation code inside (positions 9 to 17), ``division``
    positions 3 to 8."""

    zeros: bool | None = None
    category_known: bool | None = None
    inner_expected: str | None = None
    inner_actual: str | None = None
    division: str | None = None


def check_character(body: str) -> str:
    """The 18th character for 17: GB 32100-2015 §5, MOD 31 with weights 3^i mod 31.

    For ``91440300192203821`` the weighted sum is 800, 800 mod 31 = 25, 31 - 25 = 6:

    >>> check_character("91440300192203821")
    '6'
    """
    total = sum(ALPHABET.index(character) * weight for character, weight in zip(body, WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def check(raw: str | None) -> Uscc:
    """Read a raw value as a social credit code.

    >>> check("914403001922038216").passes, check("914403001922038217").check_expected
    (True, '6')
    >>> check("91440300192203821O").read.value, check("N21101087177434693").passes, check("0" * 18).zeros
    ('characters', True, True)
    """
    value = normalise(raw or "")
    if not value:
        return Uscc(None, None)
    wrong = refusal(value, len(value) == 18, re.match(SHAPE, value) is not None)
    if wrong:
        return Uscc(None, wrong)
    return Uscc(
        value=value,
        read=Reading.OK,
        check_expected=check_character(value[:17]),
        check_actual=value[17],
        zeros=value == ZEROS,
        category_known=value[:2] in CATEGORIES,
        inner_expected=organisation_code.check_character(value[8:16]),
        inner_actual=value[16],
        division=value[2:8],
    )
