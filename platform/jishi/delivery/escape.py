"""Texts of other people's files made harmless for spreadsheets (road out, files)."""

from __future__ import annotations

STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""Beginnings a spreadsheet reads as a formula, some of them only in East Asian settings (the full-width ones)."""


def escape_formula(text: str) -> str:
    """``text`` with an apostrophe in front where a spreadsheet would take it for a formula.

    >>> escape_formula("=1+1"), escape_formula("-5万元"), escape_formula("A=1")
    ("'=1+1", "'-5万元", 'A=1')
    """
    return f"'{text}" if text.startswith(STARTS) else text
