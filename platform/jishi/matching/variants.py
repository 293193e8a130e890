"""Folds traditional and other variant characters to one form so that 劉 and 刘 compare as equal (OpenCC's t2s table)."""

from __future__ import annotations

from functools import cache, lru_cache

from opencc import OpenCC


@cache
def _converter() -> OpenCC:
    return OpenCC("t2s")


@lru_cache(maxsize=200_000)
def fold_variants(text: str) -> str:
    """``text`` with traditional characters replaced by their simplified form; for comparing only, never stored."""
    return str(_converter().convert(text))
