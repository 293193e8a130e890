"""The instant or interval of ``datetime`` as a condition over a register's rows (plan, road out).

A feature's time is that of its version in force: from its effective date on. What was in force before that is history.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from jishi.errors import Fault
from jishi_api.temporal import CITY_ZONE


@dataclass(frozen=True, slots=True)
class When:
    """Both ends belong to it; None = open."""

    first: datetime | None
    last: datetime | None

    def test(self, row: str, first: int) -> tuple[list[str], list[datetime]]:
        """SQL over ``row`` with parameters from ``first`` on, and their values; none where everything is in force within."""
        return ([], []) if self.last is None else ([f"{row}.effective_from <= ${first}"], [self.last])


def read_when(text: str, faults: list[Fault]) -> When | None:
    """An instant (RFC 3339) or two joined by a slash, of which one may be ``..`` or nothing; a date is its whole day in the
    city. None after a fault."""
    ends = text.split("/")
    if len(ends) <= 2 and not all(end in _OPEN for end in ends):
        first, last = _instants(ends[0]), _instants(ends[-1])
        if first is not None and last is not None and not (first[0] and last[1] and first[0] > last[1]):
            return When(first[0], last[1])
    faults.append(Fault("datetime", "OGC-DATETIME"))
    return None


_OPEN = ("", "..")


def _instants(text: str) -> tuple[datetime | None, datetime | None] | None:
    """The first and the last instant meant; both None for an open end, None for what is none."""
    if text in _OPEN:
        return None, None
    try:
        if _DAY.fullmatch(text):
            begins = datetime.combine(date.fromisoformat(text), time(), CITY_ZONE).astimezone(UTC)
            return begins, begins + timedelta(days=1) - timedelta(microseconds=1)
        if _INSTANT.fullmatch(text):
            instant = datetime.fromisoformat(text.upper()).astimezone(UTC)
            return instant, instant
    except (ValueError, OverflowError):
        pass
    return None


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
