"""Text made comparable: width forms, blanks, invisible characters (first act of the step standardise).

Chinese characters are never altered: traditional, rare and private-use ones and the middle dot stay as they came.
Clean values are the rule, so every act is gated by one regular expression and touches only the rows that need it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import polars as pl

_WIDTH = {chr(code): chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {"￥": "¥", "￠": "¢", "￡": "£"}
_BLANK = "\t\n\v\f\r\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_INVISIBLE = "".join(
    map(
        chr,
        (
            *range(0x00, 0x09),
            *range(0x0E, 0x1C),
            *range(0x7F, 0x85),
            *range(0x86, 0xA0),
            0xAD,
            0x061C,
            0x180E,
            *range(0x200B, 0x2010),
            *range(0x202A, 0x202F),
            *range(0x2060, 0x2070),
            0xFEFF,
        ),
    )
)
_REPLACED = _WIDTH | dict.fromkeys(_BLANK, " ") | dict.fromkeys(_INVISIBLE, "")
_DIRTY = (
    r"^ | $|  |[\x00-\x1f\x7f-\xa0\xad\x{61c}\x{1680}\x{180e}\x{2000}-\x{200f}\x{2028}-\x{202f}"
    r"\x{205f}-\x{206f}\x{3000}\x{feff}\x{ff01}-\x{ff5e}\x{ffe0}\x{ffe1}\x{ffe5}]"
)
_DOTS = ("・", "•", "‧", "･", "∙", "⋅", "●", "▪")
_CITIZEN = r"([1-9]\d{2})\d{3}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(\d{3}[\dXx])"
_MOBILE = r"^(?:\+?0{0,2}86)?-?(1\d{2})[- ]?(\d{4})[- ]?(\d{4})$"


def tidy(raw: pl.Series, nulls: Collection[str] = ("",)) -> pl.Series:
    """Full-width ASCII to half-width, any blank to one space, invisible characters gone, trimmed; ``nulls`` to null.

    >>> tidy(pl.Series(["　ＡＢ１２（苏）\\u200b ", "歐陽·龍", "N/A"]), ["", "N/A"]).to_list()
    ['AB12(苏)', '歐陽·龍', None]
    """
    text = rewrite(
        raw,
        _DIRTY,
        lambda rows: (
            rows.str.replace_many(list(_REPLACED), list(_REPLACED.values()))
            .str.replace_all(" {2,}", " ")
            .str.strip_chars()
        ),
    )
    empty = text.is_in(list({"", *nulls}))
    return blank(text, empty)


def person_names(text: pl.Series) -> pl.Series:
    """Names of people 姓名: blanks go unless Latin letters stand in the name, every middle dot becomes ``·`` (U+00B7).

    >>> person_names(pl.Series(["王  芳", "买买提 • 艾力", "阿依.古丽", "GAUTHIER Eric"])).to_list()
    ['王芳', '买买提·艾力', '阿依·古丽', 'GAUTHIER Eric']
    """
    dotted = rewrite(
        text,
        f"[{''.join(_DOTS)}]|\\p{{Han}} ?\\. ?\\p{{Han}}",
        lambda rows: rows.str.replace_many(list(_DOTS), ["·"]).str.replace_all(r"(\p{Han}) ?\. ?(\p{Han})", "$1·$2"),
    )
    spaced = dotted.str.contains(" ", literal=True) & ~dotted.str.contains("[A-Za-z]")
    return _at(dotted, spaced.fill_null(False), lambda rows: rows.str.replace_all(" ", "", literal=True))


def entity_names(text: pl.Series) -> pl.Series:
    """Names of entities 单位名称: brackets full-width as registered, no blank between Chinese characters.

    >>> entity_names(pl.Series(["苏州 某某(集团)有限公司", "ABC (China)"])).to_list()
    ['苏州某某（集团）有限公司', 'ABC (China)']
    """
    joined = rewrite(
        text,
        r"[\p{Han})(] [\p{Han})(]",
        lambda rows: rows.str.replace_all(r"([\p{Han})]) ", "$1").str.replace_all(r" ([\p{Han}(])", "$1"),
    )
    return rewrite(
        joined,
        r"\p{Han}.*[()]|[()].*\p{Han}",
        lambda rows: rows.str.replace_many(["(", ")"], ["（", "）"]),
    )


def phones(text: pl.Series) -> pl.Series:
    """Telephone numbers: a mobile number loses country prefix and separators; anything else stays as written.

    >>> phones(pl.Series(["+86 100-0000-0001", "0086-10000000001", "0512-65000000"])).to_list()
    ['10000000001', '10000000001', '0512-65000000']
    """
    return rewrite(
        text,
        r"[^0-9]|^.{12,}",
        lambda rows: rows.str.replace(r"^(\+?0{0,2}86) ", "$1").str.replace(_MOBILE, "$1$2$3"),
    )


def narratives(text: pl.Series) -> pl.Series:
    """Free text of a decision: a citizen number within it is masked, for such numbers stand sealed or not at all.

    >>> narratives(pl.Series(["当事人张三(11010519491231002X)无证经营", "罚款5000元"])).to_list()
    ['当事人张三(110***********002X)无证经营', '罚款5000元']
    """
    return rewrite(text, _CITIZEN, lambda rows: rows.str.replace_all(_CITIZEN, "${1}***********${2}"))


def rewrite(text: pl.Series, gate: str, act: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """``act`` applied to the rows that match the regular expression ``gate``; the others are not touched."""
    return _at(text, text.str.contains(gate).fill_null(False), act)


def blank(values: pl.Series, where: pl.Series) -> pl.Series:
    """``values`` with null where ``where`` is true."""
    where = where.fill_null(False)
    return values.set(where, None) if where.any() else values


def _at(text: pl.Series, where: pl.Series, act: Callable[[pl.Series], pl.Series]) -> pl.Series:
    if not where.any():
        return text
    if where.all():
        return act(text)
    return text.clone().scatter(where.arg_true(), act(text.filter(where)))
