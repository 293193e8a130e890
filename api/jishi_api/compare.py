"""Whether what a caller claims is what the register holds, dress and spelling aside (query, road out).

Full-width and half-width, traditional and simplified characters, case, blanks and 15 or 18 digits are one. A date known only to
its month or year is an interval: where it neither is nor excludes the claim, nothing is said.
"""

from __future__ import annotations

import re
import unicodedata
from calendar import monthrange
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from jishi.matching.variants import fold_variants
from jishi.registers.element import DataElement, Kind

CLAIMABLE = frozenset(
    {Kind.TEXT, Kind.CODE, Kind.DATE, Kind.PARTIAL_DATE, Kind.DECIMAL, Kind.INTEGER, Kind.BOOLEAN, Kind.IDENTIFIER}
)


class Verdict(StrEnum):
    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    UNVERIFIABLE = "unverifiable"


def compare(element: DataElement, claimed: str, held: object) -> Verdict:
    """``held`` is the value as JSON tells it in clear, None where the register has none. For a number that is not sealed too.

    >>> text = DataElement("", Kind.TEXT)
    >>> compare(text, "劉　Ａ芳", "刘a芳").value, compare(text, "刘芳", "刘方").value, compare(text, "x", None).value
    ('consistent', 'inconsistent', 'unverifiable')
    >>> born = DataElement("", Kind.PARTIAL_DATE)
    >>> [compare(born, "1962-03-05", held).value for held in ("1962-03-05", "1962", "1963-01")]
    ['consistent', 'unverifiable', 'inconsistent']
    """
    if held is None:
        return Verdict.UNVERIFIABLE
    match element.kind:
        case Kind.DATE | Kind.PARTIAL_DATE:
            return _dates(claimed, str(held))
        case Kind.DECIMAL | Kind.INTEGER:
            return _verdict(_number(claimed) == _number(str(held)))
        case Kind.BOOLEAN:
            return _verdict(plain(claimed) == str(held).lower())
    return _verdict(plain(claimed) == plain(str(held)))


def interval(text: str) -> tuple[date, date] | None:
    """First and last day of ``1962``, ``1962-03``, ``1962-03-05``, ``19620305`` or ``1962年3月5日``; None where it is no date.

    >>> [day.isoformat() for day in interval("1962年2月")]
    ['1962-02-01', '1962-02-28']
    """
    parts = _DATE.fullmatch(plain(text))
    if parts is None:
        return None
    found = (parts["y"] or parts["y8"], parts["m"] or parts["m8"], parts["d"] or parts["d8"])
    year, month, day = (int(part) if part else None for part in found)
    try:
        low = date(year or 0, month or 1, day or 1)
    except ValueError:
        return None
    if day is not None:
        return low, low
    last = month or 12
    return low, date(low.year, last, monthrange(low.year, last)[1])


_DATE = re.compile(
    r"(?P<y>[0-9]{4})(?:年|(?:[-/.年](?P<m>[0-9]{1,2})(?:月|[-/.月](?P<d>[0-9]{1,2})日?)?))?"
    r"|(?P<y8>[0-9]{4})(?P<m8>[0-9]{2})(?P<d8>[0-9]{2})"
)


def plain(text: str) -> str:
    """Dress taken off: width, case, blanks and invisible characters, traditional forms, the various dots of a name."""
    bare = _BLANK.sub("", unicodedata.normalize("NFKC", text)).casefold()
    return fold_variants(_DOT.sub("·", bare))


_BLANK = re.compile(r"[\s\u00ad\u180e\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff]")
_DOT = re.compile("[・•‧･∙⋅●▪]")


def _dates(claimed: str, held: str) -> Verdict:
    said, known = interval(claimed), interval(held)
    if said is None or known is None:
        return Verdict.INCONSISTENT if known is not None else Verdict.UNVERIFIABLE
    if said[0] <= known[0] and known[1] <= said[1]:
        return Verdict.CONSISTENT
    if said[1] < known[0] or known[1] < said[0]:
        return Verdict.INCONSISTENT
    return Verdict.UNVERIFIABLE


def _number(text: str) -> Decimal | str:
    try:
        return Decimal(plain(text).replace(",", ""))
    except InvalidOperation:
        return text


def _verdict(same: bool) -> Verdict:
    return Verdict.CONSISTENT if same else Verdict.INCONSISTENT
