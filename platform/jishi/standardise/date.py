"""Columns of dates: the common shapes at column speed, every other spelling once (third step of the road)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import polars as pl

from jishi.standardise.date_text import OPEN_DAYS, OPEN_END, UNREADABLE, Days, read_date_text

_ISO = r"^\d{4}-\d{1,2}-\d{1,2}$"
_OTHER = (
    r"^\d{4}(?:/\d{1,2}/\d{1,2}|\.\d{1,2}\.\d{1,2}|年\d{1,2}月\d{1,2}[日号]"
    r"|-\d{1,2}-\d{1,2}[T ]0?0:00(?::00(?:\.0+)?)?)$"
)
_SCHEMA: dict[str, pl.DataType] = {
    "low": pl.Date(),
    "high": pl.Date(),
    "precision": pl.String(),
    "prefix": pl.String(),
    "read": pl.String(),
}


def read_dates(
    text: pl.Series, order: str | None, zone: ZoneInfo, *, excel_serial: bool = False, open_ended: bool = False
) -> pl.DataFrame:
    """Tidied text → low, high (Date), precision (year, month, day), prefix (digits known), read.

    ``read``: null when empty, ``ok``, ``unreadable``, ``ambiguous``. With ``open_ended`` the words for "for ever" and
    the days that stand for them (9999-12-31, 2099-12-31) are ok and have no date.
    """
    low = _common(text)
    rare = (low.is_null() & text.is_not_null()).arg_true()
    frame = pl.DataFrame({"low": low})
    day = pl.col("low").is_not_null()
    number = pl.col("low").dt.year() * 10_000 + pl.col("low").dt.month().cast(pl.Int32) * 100 + pl.col("low").dt.day()
    frame = frame.with_columns(
        high=pl.col("low"),
        precision=pl.when(day).then(pl.lit("day")),
        prefix=number.cast(pl.String),
        read=pl.when(day).then(pl.lit("ok")),
    )
    if rare.len():
        frame = _with_rare(frame, rare, text.gather(rare), order, zone, excel_serial)
    return _open(frame) if open_ended else _closed(frame, text)


def whole_days(dates: pl.DataFrame) -> pl.DataFrame:
    """The same for an element that needs a whole day: value, read; a year or a month alone is ``incomplete``."""
    partial = pl.col("precision").is_in(["year", "month"])
    return dates.select(
        value=pl.when(~partial.fill_null(False)).then("low"),
        read=pl.when(partial).then(pl.lit("incomplete")).otherwise("read"),
    )


def _common(text: pl.Series) -> pl.Series:
    """Year-month-day with any separator, and eight digits; null for every other shape and for impossible days."""
    iso = text.str.contains(_ISO).fill_null(False)
    found = _parse(text if iso.all() else text.set(~iso, None))
    for gate, act in ((_OTHER, _with_dashes), (r"^\d{8}$", _split)):
        left = (found.is_null() & text.is_not_null() & ~iso).arg_true()
        if not left.len():
            break
        rows = text.gather(left)
        rows = rows.set(~rows.str.contains(gate).fill_null(True), None)
        found = found.scatter(left, _parse(act(rows)))
    return found


def _parse(text: pl.Series) -> pl.Series:
    parsed = text.str.to_date("%Y-%m-%d", strict=False)
    return parsed.set((parsed.dt.year() < 1000).fill_null(False), None)


def _with_dashes(rows: pl.Series) -> pl.Series:
    return rows.str.replace("[T ].*$", "").str.replace_many(
        ["/", ".", "年", "月", "日", "号"], ["-", "-", "-", "-", "", ""]
    )


def _split(rows: pl.Series) -> pl.Series:
    return rows.str.replace(r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3")


def _with_rare(
    frame: pl.DataFrame, rare: pl.Series, text: pl.Series, order: str | None, zone: ZoneInfo, excel_serial: bool
) -> pl.DataFrame:
    spellings = text.unique()
    days: list[Days] = [read_date_text(item, order, zone, excel_serial) for item in spellings]
    table = pl.DataFrame(days, schema=_SCHEMA, orient="row").with_columns(spelling=spellings)
    read = pl.DataFrame({"spelling": text}).join(table, on="spelling", how="left", maintain_order="left")
    return pl.DataFrame([frame[name].clone().scatter(rare, read[name]) for name in _SCHEMA])


def _open(frame: pl.DataFrame) -> pl.DataFrame:
    no_end = pl.col("low").is_in(list(OPEN_DAYS)) & (pl.col("precision") == "day")
    return frame.with_columns(
        pl.when(~no_end.fill_null(False)).then(pl.col(name)).alias(name)
        for name in ("low", "high", "precision", "prefix")
    )


def _closed(frame: pl.DataFrame, text: pl.Series) -> pl.DataFrame:
    """Without an open end a word for it is no date."""
    wordy = (frame["low"].is_null() & (frame["read"] == OPEN_END.read)).fill_null(False)
    return frame.with_columns(read=frame["read"].set(wordy, UNREADABLE.read)) if wordy.any() and text.len() else frame
