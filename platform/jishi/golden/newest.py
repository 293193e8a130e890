"""Of several rows of one key the newest is taken, where the source declares ``order_by`` (between *standardise* and *validate*).

Works on the tags of the rows that share a key, and on what tells their order, a share of the keys at a time.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

SHARE_ROWS = 500_000
"""About so many rows are compared at once."""

KINDS = ("date", "number", "text")
"""How the values of one key are compared: by the first of these in which all of them that are there read."""


@dataclass(frozen=True, slots=True)
class Newest:
    """Row numbers (Int64) of rows that a newer one takes the place of, or that repeat it; of rows that stay in conflict
    because none is newer; and how many of the former had other values than the row that was taken."""

    replaced: pl.Series
    conflicts: pl.Series
    superseded: int


def newest(rows: pl.DataFrame, order: pl.DataFrame, key: list[str], values: list[str]) -> Newest:
    """Settle ``rows`` (``row_number``, the tag columns ``key`` and ``values``), whose keys all stand more than once with
    different values, by ``order``: what :func:`jishi.standardise.order.read_order` gives of them."""
    shares = rows.height // SHARE_ROWS + 1
    found = [_settle(rows.filter(pl.col(key[0]) % shares == share), order, key, values) for share in range(shares)]
    return Newest(
        pl.concat([part.replaced for part in found]),
        pl.concat([part.conflicts for part in found]),
        sum(part.superseded for part in found),
    )


def _settle(rows: pl.DataFrame, order: pl.DataFrame, key: list[str], values: list[str]) -> Newest:
    """One share of the keys."""
    ranked = rows.select("row_number", *key, *values).join(order, on="row_number", how="left", maintain_order="left")
    columns = sum(name.startswith("text_") for name in order.columns)
    ranked = ranked.select(
        "row_number", *key, *values, *(_rank(place, key).alias(f"rank_{place}") for place in range(columns))
    )
    top = ranked
    for place in range(columns):
        top = top.filter(pl.col(f"rank_{place}") == pl.col(f"rank_{place}").max().over(key))
    top = top.with_columns(
        tied=pl.struct(values).n_unique().over(key) > 1,
        first=pl.col("row_number") == pl.col("row_number").min().over(key),
    )
    conflicts = top.filter("tied")
    taken = top.filter(~pl.col("tied") & pl.col("first"))
    replaced = ranked.join(pl.concat([conflicts, taken]), on="row_number", how="anti")
    repeats = replaced.join(taken, on=[*key, *values], how="semi").height
    return Newest(replaced["row_number"], conflicts["row_number"], replaced.height - repeats)


def _rank(place: int, key: list[str]) -> pl.Expr:
    """Rank of a row among those of its key by one column, 0 = it says nothing."""
    there = pl.any_horizontal(pl.col(f"{kind}_{place}").is_not_null() for kind in KINDS)
    rank = pl.lit(0, pl.UInt32)
    for kind in reversed(KINDS):
        column = pl.col(f"{kind}_{place}")
        all_read = (column.is_not_null() | ~there).all().over(key)
        rank = pl.when(all_read).then(column.rank("dense").over(key).fill_null(0)).otherwise(rank)
    return rank
