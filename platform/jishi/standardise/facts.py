"""Facts that need two elements of a row, for the rules that compare them (step standardise, after the elements)."""

from __future__ import annotations

import polars as pl

from jishi.standardise.identifier import PRIMARY

SEX = "sex_code"
BIRTH = "birth_date"
DIVISION = "division_code"


def cross_facts(frame: pl.DataFrame, known_divisions: frozenset[str]) -> pl.DataFrame:
    """``frame`` with what follows from several of its columns; a fact whose columns are not mapped is not made."""
    if SEX in frame.columns:
        frame = frame.with_columns(pl.when(pl.col(SEX).is_in(["1", "2"])).then(SEX).alias(f"{SEX}__definite"))
    if f"{PRIMARY}__birth_prefix" in frame.columns and BIRTH in frame.columns:
        frame = frame.with_columns(_prefix())
    if DIVISION in frame.columns:
        frame = frame.with_columns(*_division_facts(frame, known_divisions))
    return frame


def _prefix() -> pl.Expr:
    """The birth digits of the number, cut to as many as the birth date knows."""
    number, digits = f"{PRIMARY}__birth_prefix", pl.col(f"{BIRTH}__prefix").str.len_bytes()
    return pl.col(number).str.head(digits.fill_null(8)).alias(number)


def _division_facts(frame: pl.DataFrame, known_divisions: frozenset[str]) -> list[pl.Expr]:
    """A division has a code; its first six digits stand in the list; its name, to compare with the other system's."""
    is_division = pl.col("place_type") == "division" if "place_type" in frame.columns else pl.lit(False)
    name = pl.col("place_name") if "place_name" in frame.columns else pl.lit(None, pl.String)
    has_code = pl.col(DIVISION).is_not_null()
    known = pl.col(DIVISION).str.slice(0, 6).is_in(list(known_divisions))
    return [
        (has_code | ~is_division.fill_null(False)).alias(f"{DIVISION}__expected"),
        pl.when(has_code).then(known).alias(f"{DIVISION}__known"),
        pl.when(is_division.fill_null(False) & has_code).then(name).alias(f"{DIVISION}__name"),
    ]
