"""Amounts in the words of a decision, held against the amount of its column: the ten-thousandfold trap (step
standardise)."""

from __future__ import annotations

import re
from decimal import Decimal

import polars as pl

from jishi.standardise.numeral import with_digits

FACTOR = 10_000
_WORDS = {"fine": "罚款|处罚金|罚", "confiscated": "没收"}
_AMOUNT = r"[^0-9。；;]{0,12}?([0-9][0-9,]*(?:\.[0-9]+)?)\s*(亿|千万|百万|万|千)?元"
_MULTIPLES = {"亿": 10**8, "千万": 10**7, "百万": 10**6, "万": 10**4, "千": 10**3}


def agree_with_text(name: str, amounts: pl.Series, content: pl.Series | None) -> pl.Series:
    """False where the text names the amount times or by ten thousand and not the amount itself, True where it names the
    amount, null where it says nothing comparable.

    >>> agree_with_text("fine", pl.Series([Decimal(50_000_000), Decimal(5000)]), pl.Series(["罚款5,000元", "处罚款伍仟元"])).to_list()
    [False, True]
    """
    if content is None:
        return pl.Series([None], dtype=pl.Boolean).new_from_index(0, len(amounts))
    pattern = re.compile(f"(?:{_WORDS[name]}){_AMOUNT}")
    told = {text: _amounts(text, pattern) for text in content.drop_nulls().unique()}
    pairs = zip(amounts, content, strict=True)
    return pl.Series([None if a is None or t is None else _agree(a, told[t]) for a, t in pairs], dtype=pl.Boolean)


def _amounts(text: str, pattern: re.Pattern[str]) -> frozenset[Decimal]:
    spelled = re.sub(r"[^，。；;,、]+", lambda part: with_digits(part[0]), text)
    return frozenset(
        Decimal(number.replace(",", "")) * _MULTIPLES.get(unit, 1) for number, unit in pattern.findall(spelled)
    )


def _agree(amount: Decimal, told: frozenset[Decimal]) -> bool | None:
    if amount in told:
        return True
    return False if amount and (amount * FACTOR in told or amount / FACTOR in told) else None
