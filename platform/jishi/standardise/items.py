"""Lists in one cell, such as former names 曾用名, as JSON text of the element's item model (third step of the road)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

SEPARATORS = r"[;；、|\n]"


def read_items(text: pl.Series, members: tuple[str, ...], separator: str = SEPARATORS) -> pl.Series:
    """Tidied text → JSON list of objects; a plain list fills the first of ``members``, a JSON list keeps its own.

    Cells repeat and are rare, so each spelling is read once. A list without an item is null.

    >>> read_items(pl.Series(["苏州甲厂;苏州乙厂", '[{"name": "丙厂", "since": 1}]', " ; ", None]), ("name",)).to_list()
    ['[{"name": "苏州甲厂"}, {"name": "苏州乙厂"}]', '[{"name": "丙厂"}]', None, None]
    """
    split = re.compile(separator)
    spellings = text.drop_nulls().unique()
    read = {spelling: _read(spelling, members, split) for spelling in spellings}
    return text.replace_strict(read, default=None, return_dtype=pl.String)


def join_items(cells: Mapping[str, pl.Series], height: int) -> pl.Series:
    """Columns of one item's members → a JSON list with that item; null where every cell of a row is empty.

    >>> join_items({"maker": pl.Series(["甲局", None]), "purpose": pl.Series(["投标", None])}, 2).to_list()
    ['[{"maker": "甲局", "purpose": "投标"}]', None]
    """
    rows = zip(*(cells[name] for name in cells), strict=True) if cells else iter(() for _ in range(height))
    items = [{name: cell for name, cell in zip(cells, row, strict=True) if cell is not None} for row in rows]
    return pl.Series([json.dumps([item], ensure_ascii=False) if item else None for item in items], dtype=pl.String)


def _read(spelling: str, members: tuple[str, ...], split: re.Pattern[str]) -> str | None:
    found = _from_json(spelling, members) if spelling.startswith("[") else None
    if found is None:
        found = [{members[0]: part.strip()} for part in split.split(spelling) if part.strip()]
    return json.dumps(found, ensure_ascii=False) if found else None


def _from_json(spelling: str, members: tuple[str, ...]) -> list[dict[str, str]] | None:
    """Items of a JSON list of texts or objects, only with declared members; None when it is something else."""
    try:
        given: Any = json.loads(spelling)
    except ValueError:
        return None
    if not isinstance(given, list):
        return None
    items = [item if isinstance(item, dict) else {members[0]: item} for item in given]
    kept = [{name: str(item[name]) for name in members if item.get(name) not in (None, "")} for item in items]
    return [item for item in kept if item]
