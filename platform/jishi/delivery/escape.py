"""Text on its way into a spreadsheet: what would be run as a formula is shown as text (after the road, on every export).

What departments deliver is stored as it came; only the copy that a spreadsheet program will open is changed.
"""

from __future__ import annotations

import re

_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*(?:[Ee][+-]?\d+)?%?")


def escape_formula(text: str) -> str:
    """The text with an apostrophe before it where a spreadsheet program would take it for a formula or a command.

    Plain numbers stay numbers. Leading blanks and invisible characters do not hide a formula (OWASP, CSV injection).

    >>> escape_formula("=cmd|' /C calc'!A0"), escape_formula("-12.5"), escape_formula("苏州")
    ("'=cmd|' /C calc'!A0", '-12.5', '苏州')
    """
    bare = text.lstrip(" \u00a0\u3000\u200b\ufeff\x00")
    return f"'{text}" if bare.startswith(_STARTS) and not _NUMBER.fullmatch(bare) else text
