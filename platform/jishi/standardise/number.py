"""Columns of numbers: thousands separators, signs, overflow; what a spreadsheet rounded is told (step standardise)."""

from __future__ import annotations

import polars as pl

from jishi.standardise.text import rewrite

_PLAIN = r"^[+-]?\d+(?:\.\d+)?$"
_GROUPED = r"^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$"
_SCIENTIFIC = r"^[+-]?\d+(?:\.\d+)?[Ee][+-]?\d+$"
_TRUE = ("true", "t", "yes", "y", "1", "是", "有", "真")
_FALSE = ("false", "f", "no", "n", "0", "否", "没有", "假")
_LONGEST = 28


def read_decimals(text: pl.Series, precision: int, scale: int) -> pl.DataFrame:
    """Tidied text → value (Decimal of ``scale``, digits beyond it rounded), read.

    ``read``: null when empty, ``ok``, ``unreadable``, ``precision_lost`` (scientific notation), ``out_of_range`` (more
    than ``precision - scale`` digits before the point).

    >>> read_decimals(pl.Series(["12,500.5", "1.2E+5", "12,50", None]), 20, 2).rows()
    [(Decimal('12500.50'), 'ok'), (None, 'precision_lost'), (None, 'unreadable'), (None, None)]
    """
    plain = rewrite(text, ",", _ungrouped)
    fits = plain.str.contains(_PLAIN).fill_null(False)
    long = (plain.str.len_bytes() > _LONGEST + scale).fill_null(False)
    frame = pl.DataFrame({"text": plain, "fits": fits, "long": long}).with_columns(
        value=pl.when(pl.col("fits") & ~pl.col("long")).then("text").cast(pl.Decimal(38, scale), strict=False)
    )
    limit = pl.lit(10 ** (precision - scale)).cast(pl.Decimal(38, scale))
    frame = frame.with_columns(value=pl.when(pl.col("value").abs() < limit).then("value"))
    return frame.select(
        "value",
        read=pl.when(pl.col("text").is_null())
        .then(None)
        .when(pl.col("value").is_not_null())
        .then(pl.lit("ok"))
        .when("fits")
        .then(pl.lit("out_of_range"))
        .when(pl.col("text").str.contains(_SCIENTIFIC))
        .then(pl.lit("precision_lost"))
        .otherwise(pl.lit("unreadable")),
    )


def read_integers(text: pl.Series) -> pl.DataFrame:
    """Tidied text → value (Int64), read; a fraction is ``unreadable`` unless it is zero (a spreadsheet's ``12.0``).

    >>> read_integers(pl.Series(["1,200", "12.0", "12.5", "9" * 30])).rows()
    [(1200, 'ok'), (12, 'ok'), (None, 'unreadable'), (None, 'out_of_range')]
    """
    decimals = read_decimals(text, 27, 9)
    whole = decimals.select(value=pl.col("value").cast(pl.Int64, strict=False), exact="value", read="read")
    return whole.select(
        value=pl.when(pl.col("value") == pl.col("exact")).then("value"),
        read=pl.when(pl.col("value") != pl.col("exact")).then(pl.lit("unreadable")).otherwise("read"),
    )


def read_booleans(text: pl.Series) -> pl.DataFrame:
    """Tidied text → value (Boolean), read.

    >>> read_booleans(pl.Series(["是", "N", "maybe", None])).rows()
    [(True, 'ok'), (False, 'ok'), (None, 'unreadable'), (None, None)]
    """
    meant = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
    value = text.str.to_lowercase().replace_strict(meant, default=None, return_dtype=pl.Boolean)
    return pl.DataFrame({"text": text, "value": value}).select(
        "value",
        read=pl.when(pl.col("value").is_not_null())
        .then(pl.lit("ok"))
        .when(pl.col("text").is_not_null())
        .then(pl.lit("unreadable")),
    )


def _ungrouped(rows: pl.Series) -> pl.Series:
    """Thousands separators removed where they stand as such; other texts as they are."""
    return rewrite(rows, _GROUPED, lambda grouped: grouped.str.replace_all(",", "", literal=True))
