"""Amounts in Chinese numerals, as decisions write them in words (伍仟元整), with digits instead (step standardise)."""

from __future__ import annotations

import re
from decimal import Decimal

_DIGITS = {character: value for value, forms in enumerate((
    "零〇", "壹一", "贰二两貳", "叁三參", "肆四", "伍五", "陆六陸", "柒七", "捌八", "玖九",
)) for character in forms}  # fmt: skip
_TENS = {"拾": 10, "十": 10, "佰": 100, "百": 100, "仟": 1000, "千": 1000}
_GROUPS = {"万": 10**4, "萬": 10**4, "亿": 10**8, "億": 10**8}
_ALL = "".join((*_DIGITS, *_TENS, *_GROUPS))
_NUMERAL = re.compile(rf"[{''.join(_DIGITS)}拾十][{_ALL}]*(?=[元圆]|$)")
_CENTS = re.compile(rf"(?<=[元圆])零?(?:([{''.join(_DIGITS)}])角)?零?(?:([{''.join(_DIGITS)}])分)?")


NUMERAL = f"[{''.join(_DIGITS)}拾十]"
"""What a text must hold to be worth a look."""


def with_digits(text: str) -> str:
    """The text with its amount in digits; a text without one as it is. A sum in words is in yuan even if it does not say so.

    >>> with_digits("人民币伍仟元整"), with_digits("贰拾万零叁佰元"), with_digits("壹佰元伍角"), with_digits("0.5万元")
    ('人民币5000元整', '200300元', '100.5元', '0.5万元')
    """
    found = _NUMERAL.search(text)
    if found is None:
        return text
    amount, rest = Decimal(_number(found[0])), text[found.end() :]
    if not rest and not _DIGITS.keys() >= set(found[0]):
        rest = "元"
    cents = _CENTS.match(text, found.end() + 1)
    if cents is not None and cents[0]:
        amount += Decimal(_DIGITS.get(cents[1], 0)) / 10 + Decimal(_DIGITS.get(cents[2], 0)) / 100
        rest = text[found.end()] + text[cents.end() :]
    return f"{text[: found.start()]}{amount}{rest}"


def _number(numeral: str) -> int:
    """What the characters mean, group by group (万, 亿); a lone 拾 is ten."""
    total = group = digit = 0
    for character in numeral:
        if character in _DIGITS:
            digit = _DIGITS[character]
        elif character in _TENS:
            group += (digit or 1) * _TENS[character]
            digit = 0
        else:
            total = (
                (total + group + digit) * _GROUPS[character] if character in "亿億" else total + (group + digit) * 10**4
            )
            group = digit = 0
    return total + group + digit
