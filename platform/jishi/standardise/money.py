"""Amounts with unit and currency, as registers write them: 12,500(万元人民币), 150万美元 (step standardise)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

from jishi.dictionary.codes import CodeList
from jishi.standardise.number import read_decimals
from jishi.standardise.numeral import NUMERAL, with_digits
from jishi.standardise.text import rewrite

_AMOUNT = r"^([^0-9+,.-]*)([+-]?[0-9][0-9,]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)([^0-9]*)$"
_MULTIPLES = {
    "千亿": 10**11,
    "百亿": 10**10,
    "亿": 10**8,
    "千万": 10**7,
    "百万": 10**6,
    "十万": 10**5,
    "万": 10**4,
    "千": 1000,
}
_MULTIPLE = re.compile("|".join(_MULTIPLES))
_YUAN = ("元", "圆", "块")
_SYMBOLS = {"¥": "CNY", "US$": "USD", "HK$": "HKD", "€": "EUR", "£": "GBP"}


class Unit(NamedTuple):
    """What the words around a number mean: units of the currency to one, and its code; both None when not understood.

    ``currency`` alone None: the spelling names none (``100(万)``).
    """

    multiple: int | None
    currency: str | None


def read_money(text: pl.Series, currencies: CodeList, precision: int, scale: int, unit: str = "万元") -> pl.DataFrame:
    """Tidied text → value (Decimal, in 万元 of its currency), currency (code), unit_known, read.

    ``unit`` is that of a bare number (元 or 万元). ``unit_known`` is null where no word stands beside the number;
    ``read`` as for decimals, and ``unreadable`` where a unit is not understood.
    """
    shape = re.escape("(") + r"\s*" + re.escape(")")
    parts = pl.DataFrame({"text": text}).select(
        "text", pl.col("text").str.replace(shape, "").str.extract_groups(_AMOUNT).alias("part")
    )
    parts = parts.select(
        "text",
        number=pl.col("part").struct[1],
        words=pl.concat_str(pl.col("part").struct[0], pl.lit(" "), pl.col("part").struct[2]),
    )
    spellings = parts["words"].drop_nulls().unique()
    units = [read_unit(words, currencies, unit) for words in spellings]
    multiples = dict(zip(spellings, [item.multiple for item in units], strict=True))
    codes = dict(zip(spellings, [item.currency for item in units], strict=True))
    amounts = read_decimals(parts["number"], 28, scale + 4)
    frame = parts.with_columns(
        amount=amounts["value"],
        read=amounts["read"],
        multiple=parts["words"].replace_strict(multiples, default=None, return_dtype=pl.Int64),
        currency=parts["words"].replace_strict(codes, default=None, return_dtype=pl.String),
    )
    return _scaled(frame, precision, scale)


def read_yuan(text: pl.Series, currencies: CodeList, precision: int, scale: int, unit: str = "万元") -> pl.DataFrame:
    """Tidied text → value (Decimal, in yuan), bare (no unit stands beside the number), read; in words too (伍仟元整).

    An amount in another currency is ``unreadable``: fines are in yuan.
    """
    spelled = rewrite(text, NUMERAL, _with_digits)
    money = read_money(spelled, currencies, precision - 4, scale + 4, unit)
    foreign = (money["currency"] != "CNY").fill_null(False)
    yuan = (pl.col("value") * 10_000).cast(pl.Decimal(38, scale))
    return money.with_columns(foreign=foreign).select(
        value=pl.when(~pl.col("foreign")).then(yuan),
        bare=pl.when(pl.col("read").is_not_null()).then(pl.col("unit_known").is_null()),
        read=pl.when("foreign").then(pl.lit("unreadable")).otherwise("read"),
    )


def _with_digits(rows: pl.Series) -> pl.Series:
    spellings = rows.unique()
    return rows.replace_strict(dict(zip(spellings, map(with_digits, spellings), strict=True)))


def read_unit(words: str, currencies: CodeList, unit: str = "万元") -> Unit:
    """Multiple and currency of the words before and behind a number; yuan without another word is CNY.

    Without any word the number is in ``unit``, and no currency is said.
    """
    plain = re.sub(r"[()\[\]\s整]", "", words)
    if not plain:
        return Unit(10_000 if unit.startswith("万") else 1, None)
    found = _MULTIPLE.search(plain)
    name = plain if found is None else plain[: found.start()] + plain[found.end() :]
    multiple = 1 if found is None else _MULTIPLES[found[0]]
    if not name:
        return Unit(multiple, None)
    code = _currency(name, currencies)
    return Unit(None, None) if code is None else Unit(multiple, code)


def read_currencies(money: pl.DataFrame, currencies: CodeList, default: str | None) -> pl.DataFrame:
    """The currency column of :func:`read_money` → value, known; ``default`` where an amount names no currency.

    ``known`` is null where no currency is said, false where the words are not understood.
    """
    fallback = pl.lit(default, dtype=pl.String)
    value = pl.when(pl.col("currency").is_not_null()).then("currency").when(pl.col("read") == "ok").then(fallback)
    return money.with_columns(value=value).select(
        "value", known=pl.when(~pl.col("unit_known")).then(False).when(pl.col("value").is_not_null()).then(True)
    )


def _scaled(frame: pl.DataFrame, precision: int, scale: int) -> pl.DataFrame:
    """Amount × multiple ÷ 10,000, rounded to ``scale``; multiples are few, so each class is one multiplication."""
    value = pl.lit(None, dtype=pl.Decimal(38, scale))
    for multiple in frame["multiple"].drop_nulls().unique():
        value = (
            pl.when(pl.col("multiple") == multiple).then(_times(multiple).cast(pl.Decimal(38, scale))).otherwise(value)
        )
    limit = pl.lit(10 ** (precision - scale)).cast(pl.Decimal(38, scale))
    understood = pl.col("multiple").is_not_null() & (pl.col("read") == "ok")
    frame = frame.with_columns(value=pl.when(understood).then(value))
    frame = frame.with_columns(too_large=pl.col("value").abs() >= limit)
    return frame.select(
        value=pl.when(~pl.col("too_large")).then("value"),
        currency=pl.when(understood).then("currency"),
        unit_known=pl.when(pl.col("words").str.contains(r"\S")).then(pl.col("multiple").is_not_null()),
        read=pl.when(pl.col("text").is_null())
        .then(None)
        .when(pl.col("number").is_null() | (pl.col("multiple").is_null() & (pl.col("read") == "ok")))
        .then(pl.lit("unreadable"))
        .when("too_large")
        .then(pl.lit("out_of_range"))
        .otherwise("read"),
    )


def _times(multiple: int) -> pl.Expr:
    if multiple >= 10_000:
        return pl.col("amount") * (multiple // 10_000)
    return pl.col("amount") / (10_000 // multiple)


def _currency(name: str, currencies: CodeList) -> str | None:
    if name in _YUAN:
        return "CNY"
    if name in _SYMBOLS:
        return _SYMBOLS[name]
    stripped = name.strip("".join(_YUAN))
    candidates = (name, stripped, stripped + "元", name.removesuffix("元"), *_aliases(stripped))
    return next((code for code in map(currencies.resolve, filter(None, candidates)) if code is not None), None)


_NAMES: Mapping[str, str] = {
    "香港": "港元",
    "丹麦克郎": "丹麦克朗",
    "瑞典克郎": "瑞典克朗",
    "挪威克郎": "挪威克朗",
    "澳洲": "澳大利亚元",
}


def _aliases(name: str) -> tuple[str, ...]:
    """Spellings seen in real registers that no code list carries."""
    return (_NAMES[name],) if name in _NAMES else ()
