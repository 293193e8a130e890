"""Categories as national feeds send them: names instead of codes, several in one cell (step standardise)."""

from __future__ import annotations

import json
import re

import polars as pl

from jishi.dictionary.codes import CodeList

SEPARATORS = r"[;；、，,|/+＋]"
_OTHER = "其他"


def without_addition(text: pl.Series) -> pl.Series:
    """其他-备案 is 其他.

    >>> without_addition(pl.Series(["其他-备案", "登记", "其他：责令改正", None])).to_list()
    ['其他', '登记', '其他', None]
    """
    return text.str.replace(rf"^({_OTHER})\s*[-—:：(（].*$", "${1}")


def read_categories(text: pl.Series, code_list: CodeList, separator: str = SEPARATORS) -> pl.DataFrame:
    """Tidied text → value (JSON list of code and name), known (whether every name of the cell is in the list).

    A cell that is one name of the list as a whole is not taken apart. What stands behind 其他 stays in the name; a name
    that the list does not know stays without a code.
    """
    split = re.compile(separator)
    read = {spelling: _read(spelling, code_list, split) for spelling in text.drop_nulls().unique()}
    values = {spelling: json.dumps(items, ensure_ascii=False) for spelling, items in read.items() if items}
    known = {spelling: all("code" in item for item in items) for spelling, items in read.items() if items}
    return pl.DataFrame(
        {
            "value": text.replace_strict(values, default=None, return_dtype=pl.String),
            "known": text.replace_strict(known, default=None, return_dtype=pl.Boolean),
        }
    )


def holds_code(column: str, code: str) -> pl.Expr:
    """Whether a list made by :func:`read_categories` holds a code; null where there is no list."""
    return pl.col(column).str.contains(f'"code": "{code}"', literal=True)


def _read(spelling: str, code_list: CodeList, split: re.Pattern[str]) -> list[dict[str, str]]:
    whole = _item(spelling, code_list)
    if "code" in whole:
        return [whole]
    return [_item(part.strip(), code_list) for part in split.split(spelling) if part.strip()]


def _item(text: str, code_list: CodeList) -> dict[str, str]:
    code = code_list.resolve(text)
    if code is not None:
        return {"code": code, "name": code_list.names.get(code, text)}
    other = code_list.resolve(_OTHER) if re.match(rf"{_OTHER}\s*[-—:：(（]", text) else None
    return {"name": text} if other is None else {"code": other, "name": text}
