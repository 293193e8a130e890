"""Registration numbers 工商注册号 of before 2015 (GS 15-2006): 15 digits with a check digit, older ones 13 without."""

from __future__ import annotations

from jishi.identifiers.normalise import normalise
from jishi.identifiers.reading import Checked, Reading, refusal


def check_digit(body: str) -> str:
    """The 15th digit for 14: ISO 7064 MOD 11,10.

    The standard's own example is 0794, whose check digit is 5; a number of 15 digits goes the same way:

    >>> check_digit("0794"), check_digit("32082600001414")
    ('5', '5')
    """
    carry = 10
    for digit in body:
        total = (carry + int(digit)) % 10 or 10
        carry = total * 2 % 11
    return str((11 - carry) % 10)


def check(raw: str | None) -> Checked:
    """Read a raw value as a registration number; 13 digits are well formed and carry no check digit.

    >>> check("320826000014145").passes, check("320826000014146").passes, check("3208302900302").check_expected
    (True, False, None)
    """
    value = normalise(raw or "")
    if not value:
        return Checked(None, None)
    wrong = refusal(value, len(value) in {13, 15}, value.isascii() and value.isdigit())
    if wrong:
        return Checked(None, wrong)
    if len(value) == 13:
        return Checked(value, Reading.OK)
    return Checked(value, Reading.OK, check_digit(value[:14]), value[14])
