"""Cells that hold one value for each of several holders (GB/T 36903: the element is repeatable), step standardise."""

from __future__ import annotations

import polars as pl

SEPARATOR = r"\s*[\^;；|]\s*"
_MARK = "\x1f"


def nth_part(text: pl.Series, number: int) -> pl.Series:
    """The part of that number, counted from 1; null where the cell has fewer.

    >>> nth_part(pl.Series(["甲公司^乙公司", "甲公司", None]), 2).to_list()
    ['乙公司', None, None]
    """
    parts = pl.col("text").str.replace_all(SEPARATOR, _MARK).str.split(_MARK)
    part = parts.list.get(number - 1, null_on_oob=True)
    return pl.DataFrame({"text": text}).select(part=pl.when(part != "").then(part))["part"]


def count_parts(text: pl.Series) -> pl.Series:
    """How many values stand in each cell; null for an empty one."""
    return text.str.count_matches(SEPARATOR).cast(pl.Int64) + 1
