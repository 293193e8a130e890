"""Personal document numbers in columns: the scheme of each, and what citizen numbers say (step standardise)."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from jishi.identifiers import citizen_id
from jishi.identifiers.columns.text import (
    Numbers,
    Truths,
    decimal,
    known,
    letters,
    matrix,
    normalise_column,
    spread,
    weighted,
)
from jishi.identifiers.document import CITIZEN, PERMANENT_RESIDENT, RESIDENCE_PERMIT, RULES, Scheme
from jishi.identifiers.reading import Reading

_FULL = "^[0-9]{17}[0-9X]$"
_DAYS = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.int32)


def person_documents(raw: pl.Series, known_divisions: frozenset[str], today: date) -> pl.DataFrame:
    """Facts of a column of raw document numbers, as ``document.check`` gives them one by one.

    Columns: value, scheme, read, check_expected, check_actual, birth (yyyymmdd), birth_real, sex, division_known, type.
    ``known_divisions`` are 6-digit codes of any time; no birth is real before 1850 or after ``today``.
    """
    text = normalise_column(raw)
    full = text.str.contains(_FULL).fill_null(False)
    frame = pl.DataFrame({"value": text, "full": full})
    citizen = pl.col("full")
    frame = frame.with_columns(
        scheme=pl.when(citizen).then(pl.lit(Scheme.CITIZEN.value)),
        read=pl.when(citizen).then(pl.lit(Reading.OK.value)),
        type=pl.lit(None, pl.String),
    )
    others = (~full & text.is_not_null()).arg_true()
    if len(others):
        recognised = _recognise(text.gather(others))
        frame = frame.with_columns(
            frame[name].scatter(others, recognised[name]).alias(name) for name in ("value", "scheme", "read", "type")
        )
    numbers = (frame["scheme"] == Scheme.CITIZEN.value).fill_null(False)
    facts = spread(
        _describe(frame["value"].filter(numbers), frame["full"].filter(numbers), known_divisions, today), numbers
    )
    frame = frame.with_columns(facts.drop("type"), type=pl.coalesce(facts["type"], pl.col("type")))
    return frame.select(
        "value",
        "scheme",
        "read",
        "check_expected",
        "check_actual",
        "birth",
        "birth_real",
        "sex",
        "division_known",
        "type",
    )


def _recognise(text: pl.Series) -> pl.DataFrame:
    """value, scheme, read, type of numbers other than 18-character citizen numbers, by the table of forms."""
    names = pl.col("text")
    form = pl.coalesce(
        *(pl.when(names.str.contains(form.pattern)).then(pl.lit(place, pl.UInt32)) for place, form in enumerate(RULES))
    )
    frame = pl.DataFrame({"text": text}).with_columns(form=form)
    place = pl.col("form")
    frame = frame.with_columns(
        scheme=pl.Series([form.scheme and form.scheme.value for form in RULES], dtype=pl.String).gather(frame["form"]),
        read=pl.Series([(form.fault or Reading.OK).value for form in RULES], dtype=pl.String).gather(frame["form"]),
        type=pl.Series([form.type for form in RULES], dtype=pl.String).gather(frame["form"]),
        value=pl.coalesce(
            *(
                pl.when(place == at).then(names.str.extract(form.keep, 1))
                for at, form in enumerate(RULES)
                if form.scheme is not None
            )
        ),
    )
    old = (frame["scheme"] == Scheme.CITIZEN.value).fill_null(False).arg_true()
    if len(old):
        frame = frame.with_columns(value=frame["value"].scatter(old, _upgrade(frame["text"].gather(old))))
    return frame


def _upgrade(old: pl.Series) -> pl.Series:
    """``citizen_id.upgrade`` for numbers of 15 digits."""
    century = pl.when(pl.col("old").str.slice(12).is_in(citizen_id.CENTENARIAN_SERIALS)).then(pl.lit("18"))
    body = pl.DataFrame({"old": old}).select(
        pl.col("old").str.slice(0, 6) + century.otherwise(pl.lit("19")) + pl.col("old").str.slice(6)
    )
    text = body.to_series()
    return text + letters(weighted(_digits(text, 17), citizen_id.WEIGHTS) % 11, citizen_id.CHECK_CHARACTERS)


def _describe(numbers: pl.Series, full: pl.Series, known_divisions: frozenset[str], today: date) -> pl.DataFrame:
    """``citizen_id.describe`` for 18-character numbers; ``full`` where they came with 18, so that their check
    counts."""
    digits = _digits(numbers, 18)
    head = digits[:, 0] * 10 + digits[:, 1]
    foreign = digits[:, 0] == 9
    divided = ~foreign & ~np.isin(head, [int(prefix) for prefix in citizen_id.PERMIT_DIVISIONS])
    expected = letters(weighted(digits[:, :17], citizen_id.WEIGHTS) % 11, citizen_id.CHECK_CHARACTERS)
    frame = pl.DataFrame(
        {
            "number": numbers,
            "full": full,
            "foreign": foreign,
            "divided": divided,
            "expected": expected,
            "real": _real(decimal(digits[:, 6:14]), today),
            "sex": letters(digits[:, 16] % 2, "21"),
            "known": known(decimal(digits[:, :6]), known_divisions),
        }
    )
    native = ~pl.col("foreign")
    return frame.select(
        check_expected=pl.when("full").then("expected"),
        check_actual=pl.when("full").then(pl.col("number").str.slice(17)),
        birth=pl.when(native).then(pl.col("number").str.slice(6, 8)),
        birth_real=pl.when(native).then("real"),
        sex=pl.when(native).then("sex"),
        division_known=pl.when("divided").then("known"),
        type=pl.when("divided")
        .then(pl.lit(CITIZEN))
        .when("foreign")
        .then(pl.lit(PERMANENT_RESIDENT))
        .otherwise(pl.lit(RESIDENCE_PERMIT)),
    )


def _digits(numbers: pl.Series, width: int) -> npt.NDArray[np.int16]:
    """The digits; a check character X at the end becomes some number that no formula reads."""
    return (matrix(numbers, width) - ord("0")).astype(np.int16)


def _real(births: Numbers, today: date) -> Truths:
    """Whether yyyymmdd numbers are days of the calendar between 1850 and today."""
    year, month, day = births // 10_000, births // 100 % 100, births % 100
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    last = _DAYS[np.where(month <= 12, month, 0)] + ((month == 2) & leap)
    earliest = int(citizen_id.EARLIEST_BIRTH.strftime("%Y%m%d"))
    real: Truths = (day >= 1) & (day <= last) & (births >= earliest) & (births <= int(today.strftime("%Y%m%d")))
    return real
