"""The masks of :mod:`jishi.identifiers.masks` for whole columns (step standardise: what rows hold of a sealed
number)."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from jishi.errors import InternalError
from jishi.identifiers import masks


def mask_column(values: pl.Series, mask: str) -> pl.Series:
    """Each value masked as ``masks.mask`` does; nulls stay null. Raises ``REG-MASK`` for a mask nobody declared."""
    if mask not in masks.NAMES:
        raise InternalError("REG-MASK", mask=mask)
    text = values.cast(pl.String)
    match mask:
        case "hide":
            return pl.Series(values.name, [None], dtype=pl.String).new_from_index(0, len(values))
        case "identifier":
            return _ends(text, masks.identifier_ends)
        case "phone":
            return _ends(text, masks.phone_ends)
        case "last4":
            return _ends(text, masks.last_ends)
        case "none":
            return text
    return text.to_frame(values.name).select(_expression(pl.col(values.name), mask).alias(values.name)).to_series()


def _expression(value: pl.Expr, mask: str) -> pl.Expr:
    match mask:
        case "name":
            return _name(value)
        case "party":
            return pl.when(value.str.contains(f"(?s)^({masks.PARTY})$")).then(value).otherwise(_name(value))
        case "year":
            return value.str.extract("^([0-9]{4})", 1)
        case "county":
            return value.str.slice(0, 6)
        case "street":
            kept = pl.coalesce(
                value.str.extract(masks.STREET, 1), value.str.extract(masks.COUNTY_OF_ADDRESS, 1), pl.lit("")
            )
            return pl.when(value.is_not_null()).then(kept + masks.REST)
        case _:
            address = value.str.extract("^[^@]+@([^@]+)$", 1)
            masked = value.str.slice(0, 1) + (masks.REST + "@") + address
            return pl.when(value.is_not_null()).then(pl.coalesce(masked, pl.lit(masks.REST)))


def _name(value: pl.Expr) -> pl.Expr:
    return (
        pl.when(value.str.len_chars() > 1)
        .then(value.str.slice(0, 1) + "**")
        .when(value.is_not_null())
        .then(pl.lit("**"))
    )


def _ends(values: pl.Series, ends: Callable[[int], tuple[int, int]]) -> pl.Series:
    """Head and tail clear, stars between; the lengths of both come from a table by the value's length."""
    length = values.str.len_chars()
    longest = int(length.max() or 0)  # type: ignore[arg-type]
    table = [ends(size) for size in range(longest + 1)]
    place = length.cast(pl.UInt32)
    parts = pl.DataFrame(
        {
            "value": values,
            "head": pl.Series([head for head, _ in table], dtype=pl.UInt32).gather(place),
            "stars": pl.Series(["*" * (size - sum(shown)) for size, shown in enumerate(table)]).gather(place),
            "tail": pl.Series([tail for _, tail in table], dtype=pl.UInt32).gather(place),
        }
    )
    masked = pl.col("value").str.head("head") + pl.col("stars") + pl.col("value").str.tail("tail")
    return parts.select(masked.alias(values.name)).to_series()
