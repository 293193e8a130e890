"""Dates: every spelling seen in real files, and those that must not be guessed."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jishi.standardise.date import read_dates, whole_days
from jishi.standardise.date_text import read_date_text
from jishi.standardise.text import tidy

ZONE = ZoneInfo("Asia/Shanghai")


def read(text: str | None, order: str | None = None, **options: bool) -> tuple[object, ...]:
    column = pl.Series(["1999-09-09", text, None], dtype=pl.String)
    return read_dates(tidy(column), order, ZONE, **options).row(1)


@pytest.mark.parametrize(
    "text",
    [
        "1962-01-05",
        "1962-1-5",
        "1962/1/5",
        "1962.1.5",
        "1962年1月5日",
        "1962年01月05号",
        "1962 年 1 月 5 日",
        "19620105",
        "１９６２－０１－０５",
        "1962-01-05 00:00:00",
        "1962-01-05T00:00:00Z",
        "1962-01-05 13:45",
        "1962-01-04T16:00:00Z",
        "1962-01-05T08:00:00+08:00",
        "一九六二年一月五日",
        "一九六二年元月五日",
        "民国五十一年一月五日",
        "5-Jan-1962",
        "January 5, 1962",
    ],
)
def test_a_whole_day_is_read_in_every_usual_spelling(text: str) -> None:
    assert read(text) == (date(1962, 1, 5), date(1962, 1, 5), "day", "19620105", "ok")


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("二〇〇二年一月四日", date(2002, 1, 4)),
        ("二○○二年十二月二十五日", date(2002, 12, 25)),
        ("26/02/1884", date(1884, 2, 26)),
        ("02/26/1884", date(1884, 2, 26)),
        ("07/07/1883", date(1883, 7, 7)),
        ("2000-02-29", date(2000, 2, 29)),
    ],
)
def test_only_one_reading_is_enough(text: str, day: date) -> None:
    assert read(text)[0] == day


@pytest.mark.parametrize(
    "text",
    ["07/08/1883", "62-01-05", "62/1/5", "05.01.62", "62年1月5日", "880423", "190512", "丙戌年五月初二"],
)
def test_what_reads_two_ways_is_refused_as_ambiguous(text: str) -> None:
    assert read(text) == (None, None, None, None, "ambiguous")


def test_a_declared_order_decides_between_day_and_month() -> None:
    assert read("07/08/1883", "dmy")[0] == date(1883, 8, 7)
    assert read("07/08/1883", "mdy")[0] == date(1883, 7, 8)
    assert read("26/02/1884", "mdy")[4] == "unreadable"


@pytest.mark.parametrize(
    ("text", "low", "high", "precision", "prefix"),
    [
        ("1962", date(1962, 1, 1), date(1962, 12, 31), "year", "1962"),
        ("1962年", date(1962, 1, 1), date(1962, 12, 31), "year", "1962"),
        ("1962-00-00", date(1962, 1, 1), date(1962, 12, 31), "year", "1962"),
        ("1962-02", date(1962, 2, 1), date(1962, 2, 28), "month", "196202"),
        ("1962年2月", date(1962, 2, 1), date(1962, 2, 28), "month", "196202"),
        ("196202", date(1962, 2, 1), date(1962, 2, 28), "month", "196202"),
        ("19620200", date(1962, 2, 1), date(1962, 2, 28), "month", "196202"),
        ("1962.10", date(1962, 10, 1), date(1962, 10, 31), "month", "196210"),
        ("1962.1", date(1962, 1, 1), date(1962, 12, 31), "year", "1962"),
    ],
)
def test_a_partial_date_is_an_interval_and_nothing_is_invented(
    text: str, low: date, high: date, precision: str, prefix: str
) -> None:
    assert read(text) == (low, high, precision, prefix, "ok")


@pytest.mark.parametrize("text", ["1962年四月初二", "农历1962年闰四月廿八", "1962年二月十二", "1962年六月三十"])
def test_a_lunar_date_says_its_year_only(text: str) -> None:
    assert read(text) == (date(1962, 1, 1), date(1962, 12, 31), "year", "1962", "ok")


@pytest.mark.parametrize("text", ["1896年腊月廿九", "农历1896年冬月初十", "光绪二十二年十二月初一"])
def test_the_last_lunar_months_may_lie_in_the_next_year(text: str) -> None:
    assert read(text) == (date(1896, 1, 1), date(1897, 12, 31), "year", None, "ok")


@pytest.mark.parametrize(
    "text",
    ["1962-02-30", "1962-13-01", "31/31/1999", "0000-00-00", "00000000", "长期", "abc", "-6543", "22651", "1962年5日"],
)
def test_impossible_and_foreign_spellings_are_unreadable(text: str) -> None:
    assert read(text) == (None, None, None, None, "unreadable")


def test_a_spreadsheet_serial_is_a_date_only_where_the_source_says_so() -> None:
    assert read("22651", excel_serial=True)[0] == date(1962, 1, 5)
    assert read("22651.0", excel_serial=True)[0] == date(1962, 1, 5)
    assert read("-6543", excel_serial=True)[0] == date(1882, 1, 30)
    assert read("61000", excel_serial=True)[4] == "unreadable"
    assert read("22651.5", excel_serial=True)[4] == "unreadable"


@pytest.mark.parametrize("text", ["长期", "永久", "9999-12-31", "2099年12月31日"])
def test_an_open_end_is_no_date_and_no_fault(text: str) -> None:
    assert read(text, open_ended=True) == (None, None, None, None, "ok")


def test_an_empty_value_has_no_reading() -> None:
    assert read(None) == (None, None, None, None, None)


def test_an_element_that_needs_a_day_finds_a_year_incomplete() -> None:
    found = whole_days(read_dates(pl.Series(["1962", "1962-01-05", "x", None]), None, ZONE))
    assert found.rows() == [(None, "incomplete"), (date(1962, 1, 5), "ok"), (None, "unreadable"), (None, None)]


def test_an_empty_column_is_read() -> None:
    assert read_dates(pl.Series([], dtype=pl.String), None, ZONE).height == 0


@given(st.dates(date(1000, 1, 1), date(9999, 12, 31)), st.sampled_from(["-", "/", "."]))
def test_the_columnar_form_reads_as_the_scalar_one(day: date, separator: str) -> None:
    text = f"{day.year}{separator}{day.month}{separator}{day.day}"
    assert read(text) == read_date_text(text, None, ZONE) == (day, day, "day", f"{day:%Y%m%d}", "ok")
