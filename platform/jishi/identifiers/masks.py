"""Masks 脱敏: how a value looks to those without a clear grant; the same text on every channel, in SQL and in columns.

The names are the values of the registers' ``Mask``. ``mask_sql`` and ``columns`` hold the other two forms of each mask;
a test holds the three together. Length is counted in characters (code points).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from jishi.errors import InternalError

REST = "***"

# Words that contain a marker of a street but are part of a division's name.
_DIVISION_WORDS = (
    "镇江|镇海|镇平|镇原|镇雄|镇康|镇沅|镇赉|镇巴|镇安|镇坪|镇远|镇宁|德镇市"
    "|路桥区|路南|路北|道县|道里|道外|道真|道孚|乡宁|乡城"
)
_STOP = "0-9０-９号室幢栋弄巷路街道镇乡"

# The patterns mean the same to Python, Polars and PostgreSQL: greedy, nothing lazy, the part to keep is group 1; and no
# group is marked with a colon, which a statement with bound values would take for a parameter.
# An address up to its first 街道, 镇, 乡 or, where it names none, its first road; nothing numbered may stand before it.
STREET = f"^(({_DIVISION_WORDS}|[^{_STOP}])*(街道|[镇乡街路巷弄道]))"
# Else up to the first county-level name, unless a village, group, house number or bracket stands before it.
COUNTY_OF_ADDRESS = "^([^区县旗0-9０-９号村社组（(]*[区县旗])"
# What the name of an organisation ends with; a short name must end with one of the longer words. A name without any
# of them is taken for a person's.
_ORGANISATIONS = (
    "公司|集团|企业|合伙|中心|学校|大学|学院|医院|诊所|药房|超市|商店|饭店|酒店|宾馆|餐厅|合作社|委员会|事务所|工作室"
    "|经营部|服务部|门市部|基金会|协会|商会|幼儿园"
)
PARTY = f"(..+({_ORGANISATIONS})|....+[厂店行部社所院校园局厅委会站馆队场坊铺户庄处办村])([（(][^（()）]+[）)])?"
"""An organisation's name from end to end; a dot means any character, a line break too."""


def mask(value: str | None, name: str) -> str | None:
    """The masked value; None stays None. A mask nobody declared is our fault (``REG-MASK``).

    >>> mask("11010519491231002X", "identifier"), mask("H12345678", "identifier"), mask("欧阳明日", "name")
    ('110***********002X', 'H1*****78', '欧**')
    >>> mask("13812345678", "phone"), mask("zhang@example.cn", "email"), mask("1962-03-05", "year")
    ('138****5678', 'z***@example.cn', '1962')
    >>> mask("江苏省苏州市常熟市董浜镇848号", "street"), mask("320505001002", "county"), mask("0012345678", "last4")
    ('江苏省苏州市常熟市董浜镇***', '320505', '******5678')
    """
    act = _MASKS.get(name)
    if act is None:
        raise InternalError("REG-MASK", mask=name)
    return None if value is None else act(value)


def identifier_ends(length: int) -> tuple[int, int]:
    """Characters left clear at both ends: 3 and 4; of short numbers a quarter each, so that half stays hidden."""
    return (3, 4) if length >= 14 else (length // 4, length // 4)


def phone_ends(length: int) -> tuple[int, int]:
    """Characters left clear at both ends: 3 and 4 of a mobile number, 4 of a fixed line, none of less than 7."""
    if length >= 11:
        return 3, 4
    return (0, 4) if length >= 7 else (0, 0)


def last_ends(length: int) -> tuple[int, int]:
    """Characters left clear at both ends: the last 4, of short values the second half."""
    return 0, min(4, length // 2)


def _ends(ends: Callable[[int], tuple[int, int]]) -> Callable[[str], str]:
    def act(value: str) -> str:
        head, tail = ends(len(value))
        return value[:head] + "*" * (len(value) - head - tail) + value[len(value) - tail :]

    return act


def _name(value: str) -> str:
    return value[:1] + "**" if len(value) > 1 else "**"


def _year(value: str) -> str | None:
    return value[:4] if re.match("[0-9]{4}", value) else None


def _street(value: str) -> str:
    found = re.match(STREET, value) or re.match(COUNTY_OF_ADDRESS, value)
    return (found[1] if found else "") + REST


def _party(value: str) -> str:
    return value if re.fullmatch(PARTY, value, re.DOTALL) else _name(value)


def _email(value: str) -> str:
    parts = re.fullmatch("([^@])[^@]*@([^@]+)", value)
    return f"{parts[1]}{REST}@{parts[2]}" if parts else REST


_MASKS: dict[str, Callable[[str], str | None]] = {
    "none": lambda value: value,
    "hide": lambda _: None,
    "name": _name,
    "identifier": _ends(identifier_ends),
    "phone": _ends(phone_ends),
    "year": _year,
    "county": lambda value: value[:6],
    "street": _street,
    "last4": _ends(last_ends),
    "email": _email,
    "party": _party,
}

NAMES = tuple(_MASKS)
