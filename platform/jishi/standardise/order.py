"""What tells the newest of several rows of one key: its values as instants, numbers and texts (step standardise).

Read only of the rows that share their key with another one, when the whole delivery is known.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl

from jishi.standardise.delivery import Delivery
from jishi.standardise.instant import read_instants
from jishi.standardise.number import read_decimals
from jishi.standardise.plan import Plan

_PRECISION, _SCALE = 26, 6
_STAMP = (
    r"^(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?[T ]?"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?P<fraction>\.\d{1,6})?\d*)?$"
)
"""A time of the city's day; a fraction counts to the microsecond, unlike in an effective date."""


def read_order(raw: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Raw rows → ``row_number`` and, for each column of ``plan.order`` from 0 on, ``date_0`` (UTC, microseconds),
    ``number_0`` and ``text_0`` (tidied); null where the value is empty or does not read so. A declared kind leaves the
    other two null."""
    delivery, zone = Delivery(raw, plan), ZoneInfo(plan.city.timezone)
    columns = [raw["row_number"].cast(pl.Int64).alias("row_number")]
    for place, (column, kind) in enumerate(plan.order):
        text = delivery.text((column,))
        read = {
            "date": _stamps(text, zone).fill_null(read_instants(text, plan.date_order, zone)),
            "number": read_decimals(text, _PRECISION, _SCALE)["value"],
            "text": text,
        }
        for name, values in read.items():
            taken = values if kind in (None, name) else values.clear(len(values))
            columns.append(taken.alias(f"{name}_{place}"))
    return pl.DataFrame(columns)


def _stamps(text: pl.Series, zone: ZoneInfo) -> pl.Series:
    """Instants (UTC) of texts that are a day with a time of day; null for all others."""
    parts = pl.DataFrame({"text": text}).select(stamp=pl.col("text").str.extract_groups(_STAMP)).unnest("stamp")
    day = pl.concat_str("year", *(pl.col(name).str.zfill(2) for name in ("month", "day")), separator="-")
    time = pl.concat_str(pl.col("hour").str.zfill(2), "minute", pl.col("second").fill_null("00"), separator=":")
    whole = pl.concat_str(day, time, separator="T") + pl.col("fraction").fill_null("")
    return parts.select(
        instant=whole.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", time_unit="us", strict=False)
        .dt.replace_time_zone(zone.key, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
    )["instant"]
