"""One way to compare spellings: what standardise, the loader and the resolver hold for the same word is folded here."""

from __future__ import annotations

import re
import unicodedata

_INVISIBLE = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD))
_SPACE = re.compile(r"\s+")
_HAN_SPACE = re.compile(r"(?<=[\u2e80-\u9fff\uf900-\ufaff]) (?=[\u2e80-\u9fff\uf900-\ufaff])")


def tidy(text: str) -> str:
    """Full-width to half-width (NFKC), zero-width characters gone, blanks collapsed and trimmed; case is kept."""
    plain = unicodedata.normalize("NFKC", text).translate(_INVISIBLE)
    return _HAN_SPACE.sub("", _SPACE.sub(" ", plain).strip())


def fold(text: str) -> str:
    """The form under which two spellings are the same: tidied, case folded.

    >>> fold("　Ｐｏｉ ") == fold("POI")
    True
    >>> fold("汉 族")
    '汉族'
    """
    return tidy(text).casefold()
