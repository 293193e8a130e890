"""Columns of instants: dates and times of day as one point in time (step standardise)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl

from jishi.standardise.date import read_dates

_LOCAL = r"^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?$"
_OFFSET = r"(?:Z|[+-]\d{2}:?\d{2})$"


def read_instants(text: pl.Series, order: str | None, zone: ZoneInfo) -> pl.Series:
    """Tidied text → instants (UTC), null where it is none; a day begins at midnight in ``zone``."""
    parts = pl.DataFrame({"text": text, "day": read_dates(text, order, zone)["low"]})
    iso = pl.col("text").str.replace(" ", "T")
    local = iso.str.replace(_LOCAL, "${1}T${2}:00").str.slice(0, 19).str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False)
    absolute = (
        pl.when(pl.col("text").str.contains(_OFFSET))
        .then(iso.str.replace(r"Z$", "+00:00"))
        .str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", strict=False, time_zone="UTC")
    )
    midnight = pl.col("day").cast(pl.Datetime("us"))
    in_city = pl.coalesce(pl.when(pl.col("text").str.contains(_LOCAL)).then(local), midnight)
    return parts.select(
        instant=pl.coalesce(
            absolute.cast(pl.Datetime("us", "UTC")),
            in_city.dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null").dt.convert_time_zone(
                "UTC"
            ),
        )
    )["instant"]
