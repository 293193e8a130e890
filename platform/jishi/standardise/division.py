"""Division codes as identifiers read them (step standardise)."""

from __future__ import annotations

import polars as pl

from jishi.identifiers.columns import normalise_column


def division_numbers(text: pl.Series) -> pl.Series:
    """Division codes as identifiers read them, without the country's 156 that map layers put before six digits."""
    return normalise_column(text).str.replace(r"^156(\d{6})$", "$1")
