"""Normalises a column of raw identifiers and turns well-formed ones into matrices of characters for the formulas."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from jishi.identifiers.normalise import APOSTROPHES, INVISIBLE

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.int32]
Truths = npt.NDArray[np.bool_]


def normalise_column(raw: pl.Series) -> pl.Series:
    """``normalise`` for a column; what is empty afterwards is null. Values that are plain already cost one look
    each."""
    text = raw.cast(pl.String)
    odd = text.str.contains("[^0-9A-Z]").fill_null(False)
    if odd.any():
        places = odd.arg_true()
        text = text.scatter(places, _normalise(text.gather(places)))
    return text.to_frame("text").select(pl.when(pl.col("text") != "").then(pl.col("text"))).to_series()


def matrix(values: pl.Series, width: int) -> Bytes:
    """The characters of values that all are ASCII and ``width`` long: one row a value."""
    joined = values.str.join("").item() or ""
    return np.frombuffer(joined.encode("ascii"), dtype=np.uint8).reshape(len(values), width)


def lookup(alphabet: str) -> npt.NDArray[np.int16]:
    """Table from character to its value, its place in ``alphabet``."""
    table = np.zeros(256, dtype=np.int16)
    table[[ord(character) for character in alphabet]] = range(len(alphabet))
    return table


def weighted(numbers: npt.NDArray[np.int16], weights: Sequence[int]) -> Numbers:
    """Weighted sums a row; no check formula's sum leaves 16 bits (17 places of at most 35 times 31)."""
    sums: npt.NDArray[np.int16] = numbers @ np.array(weights, dtype=np.int16)
    return sums.astype(np.int32)


def decimal(digits: npt.NDArray[np.int16]) -> Numbers:
    """The number a row of up to nine digits writes."""
    total: Numbers = digits[:, 0].astype(np.int32)
    for place in range(1, digits.shape[1]):
        total = total * 10 + digits[:, place]
    return total


def letters(places: npt.NDArray[np.integer], table: str) -> pl.Series:
    """A column of single characters, ``table[place]``."""
    return pl.Series(list(table)).gather(pl.Series(places.astype(np.uint32)))


def known(codes: Numbers, divisions: frozenset[str]) -> Truths:
    """Whether six-digit codes are among ``divisions``."""
    table = np.zeros(1_000_000, dtype=np.bool_)
    table[[int(code) for code in divisions if len(code) == 6 and code.isdecimal()]] = True
    return table[codes]


def spread(facts: pl.DataFrame, where: pl.Series) -> pl.DataFrame:
    """Facts about the rows where ``where`` is true, set back in their places; all other rows are null."""
    if len(facts) == len(where):
        return facts
    places = pl.DataFrame({"at": where}).select(pl.when(pl.col("at")).then(pl.col("at").cast(pl.UInt32).cum_sum() - 1))
    return facts.select(pl.all().gather(places.to_series()))


def _normalise(values: pl.Series) -> pl.Series:
    return (
        values.str.normalize("NFKC")
        .str.replace_all(INVISIBLE, "")
        .str.strip_chars_start(APOSTROPHES)
        .str.to_uppercase()
        .str.normalize("NFKC")
    )
