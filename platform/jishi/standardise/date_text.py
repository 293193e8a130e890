"""One spelling of a date → the days it may mean; asked by the columnar form for rare spellings (step standardise).

Nothing is guessed: what reads two ways is ``ambiguous``, and what is not said (a day, a month) is not invented.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jishi.standardise.lunar import read_chinese

OPEN_ENDED = frozenset({"长期", "永久", "长期有效", "永久有效", "无期限", "无固定期限", "长久"})
OPEN_DAYS = frozenset({date(9999, 12, 31), date(2099, 12, 31)})
_SERIAL_EPOCH = date(1899, 12, 30)
_MONTHS = {"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6}
_MONTHS |= {"jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}
_INSTANT = re.compile(r"(\d{4}-\d{1,2}-\d{1,2})[T ](\d{1,2}:\d{2}(?::\d{2})?)(?:\.\d+)?\s?(Z|[+-]\d{2}:?\d{2})?")
_WEEKDAY = re.compile(r"(?<=[\d日号]) ?[(]?(?:星期|周)[一二三四五六日天][)]?")
_TRAILING_TIME = re.compile(
    r"(?:(?<=[日号])|(?<=\d)[T ]) ?(?:上午|下午|中午|晚上|凌晨)? ?"
    r"(?:\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: [AP]M)?|\d{1,2}时(?:\d{1,2}分(?:\d{1,2}秒)?)?)$"
)
_SPACED = re.compile(r"(\d{4}) (\d{1,2}) (\d{1,2})")
_STAMP = re.compile(r"(\d{8})(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d(?:\d{3})?)?")
_PROGRAM = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) (\d{1,2}) \d{2}:\d{2}:\d{2} (?:[A-Z]{3,4} )?(\d{4})"
)
_NO_DAY = re.compile(r"1900[-/.年]0?1[-/.月]0?0日?")
_SEPARATED = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})(?:\2(\d{1,2}))?|年(?:(\d{1,2})月(?:(\d{1,2})[日号]?)?)?)?")
_DAY_FIRST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})")
_SHORT_YEAR = re.compile(r"\d{1,2}([-/.])\d{1,2}\1\d{1,2}|\d{1,2}年(\d{1,2}月(\d{1,2}[日号]?)?)?")
_SHORT_ENGLISH = re.compile(r"\d{1,2}[- ][A-Za-z]{3,9}[- ,]+\d{2}")
_ENGLISH = re.compile(r"(\d{1,2})[- ]([A-Za-z]{3,9})[-, ]+(\d{4})|([A-Za-z]{3,9}) (\d{1,2}),? (\d{4})")
_SERIAL = re.compile(r"-?\d{1,5}(\.0*)?")


class Days(NamedTuple):
    """``low`` to ``high`` at ``precision`` (year, month, day), the digits known (``prefix``), or why it cannot be read.

    ``read``: ``ok``, ``unreadable``, ``ambiguous``; ok without ``low`` is an open end (长期). ``prefix`` is None where
    even the year is only known by its bounds (the last months of a lunar year).
    """

    low: date | None
    high: date | None
    precision: str | None
    prefix: str | None
    read: str


UNREADABLE = Days(None, None, None, None, "unreadable")
AMBIGUOUS = Days(None, None, None, None, "ambiguous")
OPEN_END = Days(None, None, None, None, "ok")


def read_date_text(text: str, order: str | None, zone: ZoneInfo, excel_serial: bool = False) -> Days:
    """The days a tidied spelling means. ``order``: ``dmy`` or ``mdy`` where the source declares one.

    >>> zone = ZoneInfo("Asia/Shanghai")
    >>> read_date_text("26/02/1884", None, zone).low, read_date_text("07/08/1883", None, zone).read
    (datetime.date(1884, 2, 26), 'ambiguous')
    >>> read_date_text("1962年3月", None, zone)[1:4]
    (datetime.date(1962, 3, 31), 'month', '196203')
    """
    if text in OPEN_ENDED:
        return OPEN_END
    if excel_serial and _SERIAL.fullmatch(text):
        return _serial(int(text.partition(".")[0]))
    if found := _INSTANT.fullmatch(text):
        return _instant(found, zone)
    if (days := _worded(text) or _whole(text)) is not None:
        return days
    text = _SPACED.sub(r"\1-\2-\3", _TRAILING_TIME.sub("", _WEEKDAY.sub("", text))).replace(" ", "")
    return _numeric(text, order) or _chinese(text)


def of_parts(year: int, month: int | None = None, day: int | None = None) -> Days:
    """The days of a year, a month of it or one day; zero stands for "not known", as in ``1962-00-00``."""
    if not 1000 <= year <= 9999 or (month or 0) > 12:
        return UNREADABLE
    if not month:
        return UNREADABLE if day else Days(date(year, 1, 1), date(year, 12, 31), "year", f"{year}", "ok")
    last = monthrange(year, month)[1]
    if not day:
        return Days(date(year, month, 1), date(year, month, last), "month", f"{year}{month:02}", "ok")
    if day > last:
        return UNREADABLE
    one = date(year, month, day)
    return Days(one, one, "day", f"{one:%Y%m%d}", "ok")


def _numeric(text: str, order: str | None) -> Days | None:
    """A spelling of digits and separators; None for every other."""
    if text.isascii() and text.isdigit():
        return _digits(text)
    if found := _SEPARATED.fullmatch(text):
        return _separated(found)
    if found := _DAY_FIRST.fullmatch(text):
        return _day_first(int(found[1]), int(found[3]), int(found[4]), order)
    return AMBIGUOUS if _SHORT_YEAR.fullmatch(text) else None


def _chinese(text: str) -> Days:
    """A spelling in Chinese words. A lunar date says its year only, and after its tenth month not even that."""
    found = read_chinese(text)
    if found is None:
        return UNREADABLE
    if found.year is None:
        return AMBIGUOUS
    if found.late:
        return Days(date(found.year, 1, 1), date(found.year + 1, 12, 31), "year", None, "ok")
    return of_parts(found.year) if found.lunar else of_parts(found.year, found.month, found.day)


def _worded(text: str) -> Days | None:
    """A spelling with the name of an English month."""
    if found := _ENGLISH.fullmatch(text):
        return _english(found[2] or found[4], found[1] or found[5], found[3] or found[6])
    if found := _PROGRAM.fullmatch(text):
        return _english(found[1], found[2], found[3])
    return AMBIGUOUS if _SHORT_ENGLISH.fullmatch(text) else None


def _whole(text: str) -> Days | None:
    """Digits of day and time in one, and a spreadsheet's day zero, which is none."""
    if found := _STAMP.fullmatch(text):
        return _digits(found[1])
    return UNREADABLE if _NO_DAY.fullmatch(text) else None


def _english(month: str, day: str, year: str) -> Days:
    number = _MONTHS.get(month[:3].lower())
    return of_parts(int(year), number, int(day)) if number else UNREADABLE


def _digits(text: str) -> Days:
    """19620105, 196203, 1962. Six digits that also read as YYMMDD are ambiguous, as is every year of two digits."""
    if len(text) == 8:
        return of_parts(int(text[:4]), int(text[4:6]), int(text[6:]))
    if len(text) == 4:
        return of_parts(int(text))
    if len(text) == 6:
        year_month = of_parts(int(text[:4]), int(text[4:]))
        short = of_parts(2000 + int(text[:2]), int(text[2:4]), int(text[4:]))
        if short.precision == "day":
            return AMBIGUOUS
        return year_month if 1700 <= int(text[:4]) <= 2199 else UNREADABLE
    return UNREADABLE


def _separated(found: re.Match[str]) -> Days:
    year, separator = int(found[1]), found[2]
    month, day = found[3] or found[5], found[4] or found[6]
    if separator == "." and month == "1" and day is None:
        return of_parts(year)  # 1962.1 may be a spreadsheet's 1962.10: only the year is sure
    return of_parts(year, int(month) if month else None, int(day) if day else None)


def _day_first(first: int, second: int, year: int, order: str | None) -> Days:
    if order in ("dmy", "mdy"):
        return of_parts(year, second, first) if order == "dmy" else of_parts(year, first, second)
    readings = {
        days for days in (of_parts(year, second, first), of_parts(year, first, second)) if days.precision == "day"
    }
    if not readings:
        return UNREADABLE
    return readings.pop() if len(readings) == 1 else AMBIGUOUS


def _instant(found: re.Match[str], zone: ZoneInfo) -> Days:
    """The day of an ISO instant, in the city's own zone where the text states an offset (GB/T 7408.1)."""
    try:
        stamp = datetime.strptime(f"{_padded(found[1])} {found[2][:5].zfill(5)}", "%Y-%m-%d %H:%M")  # noqa: DTZ007
        if found[3]:
            offset = "+00:00" if found[3] == "Z" else found[3]
            stamp = datetime.fromisoformat(stamp.isoformat() + offset).astimezone(zone)
    except ValueError:
        return UNREADABLE
    return of_parts(stamp.year, stamp.month, stamp.day)


def _padded(day: str) -> str:
    return "-".join(part.zfill(2) for part in day.split("-"))


def _serial(number: int) -> Days:
    """A spreadsheet's day number, 1 = 1899-12-31; negative numbers are days before 1900. Small ones are no dates."""
    if not (20_000 <= number <= 60_000 or -40_000 <= number < 0):
        return UNREADABLE
    day = _SERIAL_EPOCH + timedelta(days=number)
    return of_parts(day.year, day.month, day.day)
