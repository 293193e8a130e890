"""Values: more than twenty ways to write a date, coordinates in the wrong order, unit or place, amounts beyond belief."""

from __future__ import annotations

from datetime import date
from typing import Any

from corpus_case import HEADERS, PERSONS, PLACES, Case, csv_text, rows_of

DAY = date(2002, 1, 4)
DATES = (
    "2002-01-04",
    "2002-1-4",
    "2002/01/04",
    "2002/1/4",
    "2002.01.04",
    "2002年1月4日",
    "2002年01月04号",
    "2002 年 1 月 4 日",
    "２００２－０１－０４",
    "20020104",
    "2002 1 4",
    "二〇〇二年一月四日",
    "二○○二年元月四日",
    "民国九十一年一月四日",
    "2002-01-04 08:30:00",
    "2002-01-04T08:30:00+08:00",
    "2002-01-03T16:00:00Z",
    "2002/1/4 0:00",
    "20020104083000",
    "2002年1月4日 星期五",
    "2002年1月4日 12时30分",
    "2002-01-04 上午 8:30",
    "Fri Jan 04 00:00:00 CST 2002",
    "4-Jan-2002",
    "January 4， 2002",
)
AMBIGUOUS = ("04/01/2002", "01.04.2002", "02-01-04", "4-JAN-02", "020104", "200201", "壬午年正月初四")
UNREADABLE = (
    "2002-02-30",
    "2002-13-01",
    "37260",
    "1010073600000",
    "1900-01-00",
    "0000-00-00",
    "2002-004",
    "昨天",
    "1e400",
)
PARTIAL = ("2002", "2002年1月", "2002-01")
READABLE = "legal_entity.establish_date.readable"


def dated(*texts: str) -> bytes:
    rows = [(*row[:2], f'"{text}"', *row[3:]) for text, row in zip(texts, rows_of(99), strict=False)]
    return csv_text(rows).encode()


def points(*pairs: tuple[str, str]) -> bytes:
    rows = [(f"某某{n}", f"姑苏区某某路{n}号", *pair) for n, pair in enumerate(pairs, start=1)]
    return csv_text(rows, ("名称", "地址", "经度", "纬度")).encode()


def capitals(*texts: str) -> bytes:
    rows = [(*row[:3], f'"{text}"', row[4]) for text, row in zip(texts, rows_of(99), strict=False)]
    return csv_text(rows).encode()


def persons(*dates: str) -> bytes:
    rows = [(str(n), "公安户籍", f"某某{'甲乙丙丁戊己'[n]}", text) for n, text in enumerate(dates)]
    return csv_text(rows, ("rec_id", "来源", "姓名", "出生日期")).encode()


def case(name: str, data: bytes, **outcome: Any) -> Case:
    return Case(name, lambda: data, **outcome)


GEOM, CITY = "place.geom.readable", "place.geom.inside_city"
CASES = (
    case("dates.csv", dated(*DATES), received=len(DATES), values={"establish_date": (DAY,) * len(DATES)}),
    case(
        "dates-ambiguous.csv",
        dated(*AMBIGUOUS),
        received=len(AMBIGUOUS),
        refused={READABLE: len(AMBIGUOUS)},
        values={"establish_date__read": ("ambiguous",) * len(AMBIGUOUS)},
    ),
    case(
        "dates-day-first.csv",
        dated("04/01/2002", "04.01.2002"),
        received=2,
        declared={"date_order": "dmy"},
        values={"establish_date": (DAY,) * 2},
    ),
    case(
        "dates-month-first.csv",
        dated("01/04/2002"),
        received=1,
        declared={"date_order": "mdy"},
        values={"establish_date": (DAY,)},
    ),
    case(
        "dates-one-reading.csv",
        dated("26/02/2002", "02/26/2002"),
        received=2,
        values={"establish_date": (date(2002, 2, 26),) * 2},
    ),
    case(
        "dates-unreadable.csv",
        dated(*UNREADABLE),
        received=len(UNREADABLE),
        refused={READABLE: len(UNREADABLE)},
        values={"establish_date__read": ("unreadable",) * len(UNREADABLE)},
    ),
    case(
        "dates-incomplete.csv",
        dated(*PARTIAL),
        received=3,
        refused={READABLE: 3},
        values={"establish_date__read": ("incomplete",) * 3},
    ),
    case(
        "dates-long-digits.csv", dated("2002年1月" + "9" * 6000 + "日", "9" * 6000), received=2, refused={READABLE: 2}
    ),
    case(
        "births-partial.csv",
        persons("1962", "1962年3月", "1962-03-05"),
        received=3,
        source=PERSONS,
        values={"birth_date_precision": ("year", "month", "day")},
    ),
    case("points.csv", points(("120.6", "31.3"), ("120.60", " 31.30 ")), received=2, source=PLACES),
    case(
        "points-swapped.csv",
        points(("120.6", "31.3"), ("31.3", "120.6")),
        received=2,
        source=PLACES,
        refused={GEOM: 1},
        values={"geom__read": ("ok", "swapped")},
    ),
    case(
        "points-metres.csv",
        points(("559006.9", "3466396.1")),
        received=1,
        source=PLACES,
        refused={GEOM: 1},
        values={"geom__read": ("metres",)},
    ),
    case(
        "points-nowhere.csv",
        points(("0", "0"), ("0.0", "-0")),
        received=2,
        source=PLACES,
        refused={GEOM: 2},
        values={"geom__read": ("zero", "zero")},
    ),
    case("points-outside.csv", points(("116.4", "39.9")), received=1, source=PLACES, refused={CITY: 1}),
    case(
        "points-out-of-range.csv",
        points(("200", "31.3"), ("120.6", "-95")),
        received=2,
        source=PLACES,
        refused={GEOM: 2},
        values={"geom__read": ("out_of_range",) * 2},
    ),
    case("points-half.csv", points(("120.6", ""), ("", "31.3")), received=2, source=PLACES, refused={GEOM: 2}),
    case(
        "points-exponents.csv",
        points(("1e400", "31.3"), ("1.206e2", "3.13E1")),
        received=2,
        source=PLACES,
        refused={GEOM: 1},
    ),
    case(
        "points-not-numbers.csv",
        points(("NaN", "31.3"), ("东经120度", "31.3")),
        received=2,
        source=PLACES,
        refused={GEOM: 2, "ING-ROW-ERROR": 1},
        bad=2,
    ),
    case(
        "capital-in-yuan.csv",
        capitals("100000000", "1,000万元"),
        received=2,
        warned={"legal_entity.reg_capital.plausible": 1},
    ),
    case(
        "capital-exponents.csv",
        capitals("1E+30", "9" * 400, "1e-400"),
        received=3,
        refused={"legal_entity.reg_capital.readable": 3},
    ),
    case(
        "codes-in-exponents.csv",
        csv_text([(row[0], "9.13205E+17", *row[2:]) for row in rows_of(1)]).encode(),
        received=1,
        refused={"legal_entity.uscc.readable": 1},
    ),
)
assert HEADERS[2] == "注册日期"
