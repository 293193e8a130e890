"""The level 区划级别 a division code stands for: by its zeros, its length or a depth (step standardise)."""

from __future__ import annotations

import polars as pl

from jishi.identifiers.columns import division_codes
from jishi.standardise.division import division_numbers
from jishi.standardise.plan import Take

BY_DEEP = {"0": "province", "1": "prefecture", "2": "county", "3": "town"}
BY_LENGTH = {"2": "province", "4": "prefecture", "6": "county", "9": "town", "12": "village"}


def read_levels(take: Take, text: pl.Series) -> pl.Series:
    """Level by the code's zeros; by its number of digits alone (``digits = "by_length"``), where a source writes 460400
    for the county that 4604 consists of; or by the depth that a source counts instead (``"by_deep"``)."""
    match take.params.get("digits"):
        case "by_deep":
            return text.replace(BY_DEEP)
        case "by_length":
            return division_numbers(text).str.len_chars().cast(pl.String).replace(BY_LENGTH)
        case _:
            facts = division_codes(division_numbers(text)).with_columns(text=text)
            return facts.select(level=pl.coalesce("level", "text"))["level"]
