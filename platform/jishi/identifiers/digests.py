"""Keyed 128-bit digests of rows: tell whether a row changed, and name a source's row without its key (step
standardise).

BLAKE2b with a key (RFC 7693), so that nobody without the keys can try values against a digest, and the same for ever
whatever the versions of the libraries. Both kinds come from the first secret of the key file: a rotation changes none.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING

from jishi.identifiers.keys import Keys, Use

if TYPE_CHECKING:
    import polars as pl

SEPARATOR, ESCAPE = "\x1f", "\x1b"
NULL = ESCAPE + "n"
DIGEST_BYTES = 16


def row_text(values: Sequence[str | None]) -> str:
    """The text that is hashed for one row: no two rows give the same, null is not the empty text, and no value can
    reach into its neighbour.

    >>> row_text(["a", None, ""]) == row_text(["a", "", None]), row_text(["a\x1f", "b"]) == row_text(["a", "\x1fb"])
    (False, False)
    """
    return SEPARATOR.join(
        NULL if value is None else value.replace(ESCAPE, ESCAPE + "e").replace(SEPARATOR, ESCAPE + "s")
        for value in values
    )


def digest_row(keys: Keys, values: Sequence[str | None]) -> str:
    """The digest of one row's values, as :func:`digest_rows` gives it."""
    return _digest(keys.key(Use.DIGEST), row_text(values))


def tag_row_key(keys: Keys, values: Sequence[str | None]) -> str | None:
    """The source key of one row's key parts, as :func:`tag_key` gives it; None when a part is missing."""
    return None if None in values else _digest(keys.key(Use.SOURCE_KEY), row_text(values))


def digest_rows(keys: Keys, frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """32 hex digits a row over the named columns in the order given.

    A column counts by its text: a date by its days and an instant by its microseconds since 1970, binary by its hex
    digits, a decimal with all places of its scale (so the scale must not change). Floating-point and nested columns
    have no text that stays the same and raise ``TypeError``.
    """
    from jishi.identifiers import digest_columns

    return digest_columns.digest(keys.key(Use.DIGEST), frame, columns).alias("digest")


def tag_key(keys: Keys, frame: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """32 hex digits a row over the key's columns under another key; null when a part of the key is missing."""
    from jishi.identifiers import digest_columns

    return digest_columns.digest(keys.key(Use.SOURCE_KEY), frame, columns, complete=True).alias("source_key")


def _digest(key: bytes, text: str) -> str:
    return blake2b(text.encode(), key=key, digest_size=DIGEST_BYTES).hexdigest()
