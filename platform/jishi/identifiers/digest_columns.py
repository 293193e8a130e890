"""The bulk form of ``digests``: rows become texts in columns, then one hash a row (step standardise)."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import polars as pl

from jishi.identifiers.digests import DIGEST_BYTES, ESCAPE, NULL, SEPARATOR
from jishi.identifiers.sealed_columns import hex_texts

_CHUNK = 100_000
# Types whose text no version of a library changes; floating-point numbers and nested values are none of them.
_STABLE = (
    pl.String,
    pl.Boolean,
    pl.Decimal,
    pl.Date,
    pl.Datetime,
    pl.Binary,
    pl.Null,
    pl.Int8,
    pl.Int16,
    pl.Int32,
    pl.Int64,
    pl.UInt8,
    pl.UInt16,
    pl.UInt32,
    pl.UInt64,
)


def digest(key: bytes, frame: pl.DataFrame, columns: Sequence[str], *, complete: bool = False) -> pl.Series:
    """32 hex digits a row under ``key``; with ``complete`` null for rows in which a column is null."""
    for name in columns:
        if not isinstance(frame[name].dtype, _STABLE):
            raise TypeError(f"column {name} of type {frame[name].dtype} has no text that stays the same")
    parts = [_text(frame[name]) for name in columns]
    if not parts:
        raise ValueError("a digest needs a column")
    texts = pl.DataFrame({str(place): part.fill_null(NULL) for place, part in enumerate(parts)})
    rows = texts.select(pl.concat_str(pl.all(), separator=SEPARATOR)).to_series()
    digests = pl.concat([_hash(key, rows.slice(start, _CHUNK)) for start in range(0, max(len(rows), 1), _CHUNK)])
    if not complete:
        return digests
    whole = pl.all_horizontal(frame[name].is_not_null() for name in columns)
    return pl.DataFrame({"digest": digests}).select(pl.when(whole).then(pl.col("digest"))).to_series()


def hash_texts(key: bytes, rows: pl.Series) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """One hash under ``key`` a text, each a line of 16 bytes."""
    joined = b"".join(
        [blake2b(row, key=key, digest_size=DIGEST_BYTES).digest() for row in rows.cast(pl.Binary).to_list()]
    )
    return np.frombuffer(joined, dtype=np.uint8).reshape(-1, DIGEST_BYTES)


def pair_texts(frame: pl.DataFrame) -> pl.Series:
    """One text a row: header, value, header, value, … of the columns in their order, those that are null left out."""
    if not frame.width:
        raise ValueError("a digest needs a column")
    headers = {name: _text(pl.Series([name])).item() for name in frame.columns}
    pairs = [
        pl.DataFrame({"value": _text(frame[name])}).select(
            pl.concat_str(pl.lit(headers[name]), "value", separator=SEPARATOR)
        )["literal"]
        for name in frame.columns
    ]
    texts = pl.DataFrame({str(place): pair for place, pair in enumerate(pairs)})
    return texts.select(pl.concat_str(pl.all(), separator=SEPARATOR, ignore_nulls=True)).to_series()


def _hash(key: bytes, rows: pl.Series) -> pl.Series:
    return hex_texts(hash_texts(key, rows)) if len(rows) else pl.Series([], dtype=pl.String)


def _text(values: pl.Series) -> pl.Series:
    """The column's text; dates as days and instants as microseconds since 1970, binary as hex digits.

    The two characters that have a meaning are replaced, which a clean column never needs.
    """
    if isinstance(values.dtype, pl.Datetime):
        return values.dt.epoch("us").cast(pl.String)
    if values.dtype == pl.Binary:
        return values.bin.encode("hex")
    text = (values.to_physical() if values.dtype == pl.Date else values).cast(pl.String)
    if values.dtype == pl.String and text.str.contains_any([ESCAPE, SEPARATOR]).any():
        text = text.str.replace_all(ESCAPE, ESCAPE + "e", literal=True)
        text = text.str.replace_all(SEPARATOR, ESCAPE + "s", literal=True)
    return text
