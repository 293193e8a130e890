"""A column of addresses becomes columns of parts with the division each lies in, and goes back (step standardise)."""

from __future__ import annotations

import re

import polars as pl

from jishi.standardise.address.gazetteer import Gazetteer
from jishi.standardise.address.location import location_of
from jishi.standardise.address.parse import read
from jishi.standardise.address.parts import KINDS
from jishi.standardise.address.resolve import resolve

DIVISION_COLUMNS = ("division_code", "named_code", "town_code", "resolution", "candidates", "location")
LAYOUT = "layout"
COLUMNS = (*KINDS, *DIVISION_COLUMNS, LAYOUT)
_STEP = re.compile("([a-z])([0-9]+)")
_LETTERS = {kind: chr(ord("a") + place) for place, kind in enumerate(KINDS)}
_KIND_OF = {letter: kind for kind, letter in _LETTERS.items()}


def parse_addresses(text: pl.Series, gazetteer: Gazetteer, within: str | pl.Series = "") -> pl.DataFrame:
    """The columns :data:`COLUMNS`, all text, one row a row of ``text``, which is read as it stands.

    A part is null where the address has none; ``remainder`` holds what is no part. ``division_code`` is the county of
    today (six digits), null where none is named (``resolution`` none) or several are in question (ambiguous, their codes
    in ``candidates``, joined by ``|``); ``named_code`` the code of the county as it was named, ``town_code`` nine digits;
    ``location`` is equal for addresses that name the same door (:func:`jishi.standardise.address.location.location_of`).
    ``within``: code prefix of the place the source is at home in, for all rows or one a row. ``layout`` lets
    :func:`compose` put the text together again. Equal addresses are read once.
    """
    home = within if isinstance(within, pl.Series) else pl.Series([within]).new_from_index(0, text.len())
    asked = pl.DataFrame({"text": text.cast(pl.String), "within": home.cast(pl.String).fill_null("")})
    distinct = asked.unique(maintain_order=True).drop_nulls("text")
    columns: list[list[str | None]] = [[] for _ in COLUMNS]
    for one, prefix in distinct.iter_rows():
        for column, value in zip(columns, _row(one, gazetteer, prefix), strict=True):
            column.append(value)
    parsed = distinct.with_columns(
        pl.Series(name, column, dtype=pl.String) for name, column in zip(COLUMNS, columns, strict=True)
    )
    return asked.join(parsed, on=["text", "within"], how="left", maintain_order="left").select(COLUMNS)


def compose(parsed: pl.DataFrame) -> pl.Series:
    """The texts that :func:`parse_addresses` read, to the letter, from their parts and ``layout``."""
    names = (*KINDS, LAYOUT)
    texts = [_joined(dict(zip(names, row, strict=True))) for row in parsed.select(names).iter_rows()]
    return pl.Series("text", texts, dtype=pl.String)


def division_facts(parsed: pl.DataFrame) -> pl.DataFrame:
    """``county_named``: false where neither the address nor what is known of its place names a county; ``county_single``:
    false where several are in question. Both null where the address is empty, and each where the other is false."""
    has_code, is_doubtful = pl.col("division_code").is_not_null(), pl.col("candidates").is_not_null()
    read = pl.col("resolution").is_not_null()
    return parsed.select(
        county_named=pl.when(read & ~is_doubtful).then(has_code),
        county_single=pl.when(read & (has_code | is_doubtful)).then(has_code),
    )


def _row(text: str, gazetteer: Gazetteer, within: str) -> tuple[str | None, ...]:
    reading = read(text, gazetteer, within)
    parts: dict[str, str] = {}
    layout = []
    for kind, begin, end in reading.spans():
        parts[kind] = parts.get(kind, "") + text[begin:end]
        layout.append(f"{_LETTERS[kind]}{end - begin}")
    found = resolve(reading, gazetteer)
    return (
        *map(parts.get, KINDS),
        found.code,
        found.named,
        found.town,
        found.how.value,
        "|".join(found.candidates) or None,
        location_of(found.code, parts),
        "".join(layout),
    )


def _joined(row: dict[str, str | None]) -> str | None:
    layout = row[LAYOUT]
    if layout is None:
        return None
    used = dict.fromkeys(KINDS, 0)
    pieces = []
    for letter, length in _STEP.findall(layout):
        kind, size = _KIND_OF[letter], int(length)
        pieces.append((row[kind] or "")[used[kind] : used[kind] + size])
        used[kind] += size
    return "".join(pieces)
