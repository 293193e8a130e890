"""Codes of organisations and divisions in columns: how each reads and what its check characters say (step
standardise)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from jishi.identifiers import division_code, organisation_code, uscc
from jishi.identifiers.columns.text import (
    decimal,
    known,
    letters,
    lookup,
    matrix,
    normalise_column,
    spread,
    weighted,
)
from jishi.identifiers.normalise import PRECISION_LOST
from jishi.identifiers.reading import Reading


def usccs(raw: pl.Series, known_divisions: frozenset[str]) -> pl.DataFrame:
    """Facts of a column of raw social credit codes, as ``uscc.check`` gives them one by one.

    Columns: value, read, check_expected, check_actual, zeros, category_known, inner_expected, inner_actual,
    division, division_known (``known_divisions``: 6-digit codes of any time; 100000, the state's own authorities,
    is always known).
    """
    frame, fine = _read(normalise_column(raw), pl.col("text").str.len_chars() == 18, uscc.SHAPE)
    codes = frame["value"].filter(fine)
    characters = matrix(codes, 18)
    numbers = lookup(uscc.ALPHABET)[characters]
    inner = weighted(lookup(organisation_code.ALPHABET)[characters[:, 8:16]], organisation_code.WEIGHTS)
    divisions = known_divisions | {uscc.NATIONAL}
    facts = pl.DataFrame(
        {
            "check_expected": letters(-weighted(numbers[:, :17], uscc.WEIGHTS) % 31, uscc.ALPHABET),
            "check_actual": codes.str.slice(17),
            "zeros": codes == uscc.ZEROS,
            "category_known": _categories()[numbers[:, 0], numbers[:, 1]],
            "inner_expected": letters(inner % 11, organisation_code.CHECK_CHARACTERS),
            "inner_actual": codes.str.slice(16, 1),
            "division": codes.str.slice(2, 6),
            "division_known": known(decimal(numbers[:, 2:8]), divisions),
        }
    )
    return pl.concat([frame, spread(facts, fine)], how="horizontal")


def registration_numbers(raw: pl.Series) -> pl.DataFrame:
    """Facts of raw registration numbers: value, read, check_expected, check_actual (null for 13 digits)."""
    frame, fine = _read(normalise_column(raw), pl.col("text").str.len_chars().is_in([13, 15]), "^[0-9]*$")
    checked = fine & (frame["value"].str.len_bytes() == 15).fill_null(False)
    codes = frame["value"].filter(checked)
    digits = lookup("0123456789")[matrix(codes, 15)]
    carry = np.full(len(codes), 10, dtype=np.int16)
    for place in range(14):
        total = (carry + digits[:, place]) % 10
        carry = np.where(total == 0, 10, total).astype(np.int16) * 2 % 11
    facts = pl.DataFrame(
        {"check_expected": letters((11 - carry) % 10, "0123456789"), "check_actual": codes.str.slice(14)}
    )
    return pl.concat([frame, spread(facts, checked)], how="horizontal")


def organisation_codes(raw: pl.Series) -> pl.DataFrame:
    """Facts of raw organisation codes: value (nine characters, no hyphen), read, check_expected, check_actual."""
    text = normalise_column(normalise_column(raw).str.replace_all(organisation_code.HYPHENS, ""))
    frame, fine = _read(text, pl.col("text").str.len_chars() == 9, "^[0-9A-Z]{8}[0-9X]$")
    codes = frame["value"].filter(fine)
    numbers = lookup(organisation_code.ALPHABET)[matrix(codes, 9)[:, :8]]
    facts = pl.DataFrame(
        {
            "check_expected": letters(
                weighted(numbers, organisation_code.WEIGHTS) % 11, organisation_code.CHECK_CHARACTERS
            ),
            "check_actual": codes.str.slice(8),
        }
    )
    return pl.concat([frame, spread(facts, fine)], how="horizontal")


def division_codes(raw: pl.Series) -> pl.DataFrame:
    """Facts of raw division codes: value (6, 9 or 12 digits), read, level (codes of ``division_level``), parent."""
    length = pl.col("text").str.len_chars()
    frame, _ = _read(normalise_column(raw), length.is_in(list(division_code.LENGTHS)), "^[0-9]*$")
    code = pl.col("value")
    frame = frame.with_columns(code.str.pad_end(6, "0"))
    level = division_code.Level
    levels = (
        pl.when(code.str.slice(9).str.contains("[1-9]"))
        .then(pl.lit(level.VILLAGE.value))
        .when(code.str.slice(6, 3).str.contains("[1-9]"))
        .then(pl.lit(level.TOWN.value))
        .when(code.str.slice(4, 2) != "00")
        .then(pl.lit(level.COUNTY.value))
        .when(code.str.slice(2, 2) != "00")
        .then(pl.lit(level.PREFECTURE.value))
        .when(code.is_not_null())
        .then(pl.lit(level.PROVINCE.value))
    )
    parents = (
        pl.when(pl.col("level") == level.VILLAGE.value)
        .then(code.str.slice(0, 9))
        .when(
            (pl.col("level") == level.TOWN.value)
            | ((pl.col("level") == level.COUNTY.value) & (code.str.len_bytes() == 9))
        )
        .then(code.str.slice(0, 6))
        .when(pl.col("level") == level.COUNTY.value)
        .then(code.str.slice(0, 4) + "00")
        .when(pl.col("level") == level.PREFECTURE.value)
        .then(code.str.slice(0, 2) + "0000")
    )
    return frame.with_columns(level=levels).with_columns(parent=parents)


def _read(text: pl.Series, length: pl.Expr, shape: str) -> tuple[pl.DataFrame, pl.Series]:
    """value and read of normalised texts, and which of them are well formed; the first fault found is told."""
    names = pl.col("text")
    read = (
        pl.when(names.is_null())
        .then(pl.lit(None, pl.String))
        .when(length & names.str.contains(shape))
        .then(pl.lit(Reading.OK.value))
        .when(names.str.contains(PRECISION_LOST))
        .then(pl.lit(Reading.PRECISION_LOST.value))
        .when(~length)
        .then(pl.lit(Reading.LENGTH.value))
        .otherwise(pl.lit(Reading.CHARACTERS.value))
    )
    frame = pl.DataFrame({"text": text}).with_columns(read=read)
    fine = (frame["read"] == Reading.OK.value).fill_null(False)
    value = pl.when(pl.col("read") == Reading.OK.value).then(names)
    return frame.select(value.alias("value"), "read"), fine


def _categories() -> npt.NDArray[np.bool_]:
    table = np.zeros((len(uscc.ALPHABET), len(uscc.ALPHABET)), dtype=np.bool_)
    for category in uscc.CATEGORIES:
        table[uscc.ALPHABET.index(category[0]), uscc.ALPHABET.index(category[1])] = True
    return table
