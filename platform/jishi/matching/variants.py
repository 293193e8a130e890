"""Folds traditional and other variant characters to one form so that 劉 and 刘 compare as equal (OpenCC's tables)."""

from __future__ import annotations

from functools import cache, lru_cache

from opencc import OpenCC


@cache
def _converter(table: str) -> OpenCC:
    return OpenCC(table)


@lru_cache(maxsize=200_000)
def fold_variants(text: str) -> str:
    """``text`` with traditional characters replaced by their simplified form; for comparing only, never stored."""
    return str(_converter("t2s").convert(text))


def spellings(text: str) -> tuple[str, ...]:
    """As written, simplified, and traditional, each once: what to look for where the stored form is not known.

    >>> spellings("苏州"), spellings("蘇州A"), spellings("中山")
    (('苏州', '蘇州'), ('蘇州A', '苏州A'), ('中山',))
    """
    simplified = fold_variants(text)
    return tuple(dict.fromkeys((text, simplified, str(_converter("s2t").convert(simplified)))))
