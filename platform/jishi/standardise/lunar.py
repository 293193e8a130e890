"""Chinese spellings of dates: numerals, eras, lunar months; read only as far as they are certain (step standardise)."""

from __future__ import annotations

import re
from typing import NamedTuple

_DIGITS = {char: str(value) for value, char in enumerate("〇一二三四五六七八九")} | {
    "零": "0",
    "○": "0",
    "Ｏ": "0",
    "O": "0",
}
_MONTH_WORDS = {"正": 1, "元": 1, "冬": 11, "腊": 12, "臘": 12}
_ERAS = {"光绪": 1874, "光緒": 1874, "宣统": 1908, "宣統": 1908, "民国": 1911, "民國": 1911, "同治": 1861, "咸丰": 1850}
_NUMERAL = "0-9〇零○O一二三四五六七八九十廿卅"
_DATE = re.compile(
    r"(?:公元|公历|(?P<calendar>农历|農曆|阴历|陰曆|旧历|舊曆|夏历))?"
    rf"(?:(?P<era>{'|'.join(_ERAS)})?(?P<year>[{_NUMERAL}]{{1,5}}|元)|(?P<cycle>[甲乙丙丁戊己庚辛壬癸][子丑寅卯辰巳午未申酉戌亥]))年"
    rf"(?:(?P<leap>闰|閏)?(?P<month>[{_NUMERAL}]{{1,3}}|[{''.join(_MONTH_WORDS)}])月"
    rf"(?:(?P<first>初)?(?P<day>[{_NUMERAL}]{{1,3}})(?P<solar>[日号])?)?)?"
)


class ChineseDate(NamedTuple):
    """``year`` None: only the name in the cycle of sixty is given. ``late``: the day may lie in the next solar year."""

    year: int | None
    month: int | None
    day: int | None
    lunar: bool
    late: bool


def read_chinese(text: str) -> ChineseDate | None:
    """Parts of a date in Chinese words; None where it is none.

    >>> read_chinese("二〇〇二年一月四日")
    ChineseDate(year=2002, month=1, day=4, lunar=False, late=False)
    >>> read_chinese("1962年四月初二")
    ChineseDate(year=1962, month=4, day=2, lunar=True, late=False)
    >>> read_chinese("光绪七年冬月初九")
    ChineseDate(year=1881, month=11, day=9, lunar=True, late=True)
    """
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    era, month = found["era"], _month(found["month"])
    day = _number(found["day"]) if found["day"] else None
    if (found["month"] and month is None) or (found["day"] and day is None):
        return None
    year = _year(found["year"], era)
    if year is None and found["cycle"] is None:
        return None
    is_lunar = _is_lunar(found, era)
    return ChineseDate(
        year, month, day, is_lunar, is_lunar and ((month or 0) >= 11 or (month == 10 and bool(found["leap"])))
    )


def _is_lunar(found: re.Match[str], era: str | None) -> bool:
    """Lunar where a word of the old calendar says so, or a day in words stands without 日."""
    words_of_old = found["calendar"] or found["cycle"] or found["leap"] or found["first"]
    old_month = found["month"] in ("正", "冬", "腊", "臘")
    old_era = era is not None and not era.startswith("民")
    bare_day = bool(found["day"]) and not found["solar"] and not found["day"].isascii()
    return bool(words_of_old) or old_month or old_era or bare_day


def _year(text: str | None, era: str | None) -> int | None:
    if text is None:
        return None
    if era is not None:
        number = 1 if text == "元" else _number(text)
        return _ERAS[era] + number if number else None
    digits = "".join(_DIGITS.get(char, char) for char in text)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) == 4 else None


def _month(text: str | None) -> int | None:
    if text is None:
        return None
    return _MONTH_WORDS.get(text) or _number(text)


def _number(text: str) -> int | None:
    """A number up to 99 in digits or words: 廿三, 二十一, 十, 卅, 03."""
    spelled = "".join(_DIGITS.get(char, char) for char in text.replace("廿", "二十").replace("卅", "三十"))
    if spelled.isascii() and spelled.isdigit():
        return int(spelled)
    tens, ten, ones = spelled.partition("十")
    if not ten or len(tens) > 1 or len(ones) > 1 or not (tens + ones + "0").isdigit():
        return None
    return int(tens or "1") * 10 + int(ones or "0")
