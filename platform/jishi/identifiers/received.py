"""The lasting hash of a received row: what it is found by again when its bytes are gone (beside the step *land*).

It can be made anew in ten years, without this program, from the key file and the cells::

    key    HKDF-SHA256 of the first secret of the key file (32 bytes, no salt, info "jishi/1/received-row/")
    cells  the pairs of header and cell as the reader gives them: headers trimmed and without byte order mark, cells
           untrimmed text as delivered; a cell that is not there (null: a member that a JSON record lacks, a null of
           Parquet, the missing end of a ragged row) makes no pair, an empty text does; geometry is the header
           "geometry" and the lower-case hex digits of its WKB; what of a ragged row fits no column is the header
           "row_surplus" and a JSON list of its texts
    text   the pairs in ascending order of their headers' code points; header, cell, header, cell, … joined by U+001F,
           where in each of them U+001B is first written as U+001B "e", and then U+001F as U+001B "s"
    hash   BLAKE2b (RFC 7693) of the text in UTF-8 under the key, 16 bytes

So the order of columns, the encoding and the kind of file do not matter; every character of header and cell does.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from jishi.identifiers.digests import DIGEST_BYTES, row_text
from jishi.identifiers.keys import Keys, Use

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

NO_CELLS = frozenset({"row_number", "row_fault"})
"""Columns of a reader's frame that are not part of what was received."""


def hash_row(keys: Keys, cells: Mapping[str, str | None]) -> bytes:
    """The hash of one row by header; binary cells as their lower-case hex digits.

    >>> keys = Keys(current=1, secrets={1: bytes(32)})
    >>> hash_row(keys, {"b": "", "a": "甲"}) == hash_row(keys, {"a": "甲", "b": "", "c": None})
    True
    """
    pairs = [text for header in sorted(cells) for text in (header, cells[header]) if cells[header] is not None]
    return blake2b(row_text(pairs).encode(), key=keys.key(Use.RECEIVED_ROW), digest_size=DIGEST_BYTES).digest()


def hash_rows(keys: Keys, raw: pl.DataFrame) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The hashes of a reader's rows, one a line of 16 bytes, as :func:`hash_row` gives them."""
    from jishi.identifiers import digest_columns

    headers = sorted(name for name in raw.columns if name not in NO_CELLS)
    return digest_columns.hash_texts(keys.key(Use.RECEIVED_ROW), digest_columns.pair_texts(raw.select(headers)))
