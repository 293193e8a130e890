"""Columns of coded values: any spelling a code list knows becomes its code (third step of the road)."""

from __future__ import annotations

import polars as pl

from jishi.dictionary.codes import CodeList


def map_codes(text: pl.Series, code_list: CodeList) -> pl.DataFrame:
    """Tidied text → value (the code, null when the list does not know the spelling), known (null when empty).

    A spelling is looked up as it stands, then case-folded and, in a list whose codes are all of one length, with the
    leading zeros a spreadsheet took away (``1`` → ``01``).
    """
    mapping = code_list.mapping()
    value = text.replace_strict(mapping, default=None, return_dtype=pl.String)
    missed = (value.is_null() & text.is_not_null()).arg_true()
    if missed.len():
        rest = text.gather(missed)
        found = {spelling: _resolve(spelling, code_list) for spelling in rest.unique()}
        value = value.scatter(missed, rest.replace_strict(found, default=None, return_dtype=pl.String))
    return pl.DataFrame({"value": value, "text": text}).select(
        "value", known=pl.when(pl.col("text").is_not_null()).then(pl.col("value").is_not_null())
    )


def _resolve(spelling: str, code_list: CodeList) -> str | None:
    code = code_list.resolve(spelling)
    lengths = {len(code) for code in code_list.codes}
    if code is None and len(lengths) == 1 and spelling.isascii() and spelling.isdigit():
        padded = spelling.zfill(lengths.pop())
        code = padded if padded in code_list.codes else None
    return code
