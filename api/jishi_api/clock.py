"""The two clocks of a request: ``datetime`` (when it was so) and ``known-at`` (when that was known), read and bound (plan, road out).

An instant is asked for as the interval that holds nothing but it, a date as the whole day in the city: what is answered is
always the state at the interval's end, of whatever was in force within it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from jishi.errors import Fault
from jishi_api.temporal import CITY_ZONE

DATETIME, KNOWN_AT = "datetime", "known-at"
CLOCK_MEMBERS = frozenset({DATETIME, KNOWN_AT})
OPEN = ("..", "")

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Clock:
    """Which time is asked of: in force between ``begins`` and ``ends``, both included (None = open), as known at ``known``
    (None = as known now)."""

    begins: datetime | None = None
    ends: datetime | None = None
    known: datetime | None = None

    @property
    def is_instant(self) -> bool:
        return self.begins is not None and self.begins == self.ends

    @property
    def shape(self) -> tuple[bool, bool, bool, bool]:
        """Which of the three are bound, and whether it is an instant; the text of a statement follows from it."""
        return self.begins is not None, self.ends is not None, self.known is not None, self.is_instant

    @property
    def values(self) -> tuple[datetime, ...]:
        """What is bound, in the order begins, ends, known; an instant stands once."""
        bound = (None if self.is_instant else self.begins, self.ends, self.known)
        return tuple(value for value in bound if value is not None)

    @property
    def day(self) -> date | None:
        """The city's day at the interval's end; None where the end is open."""
        return None if self.ends is None else self.ends.astimezone(CITY_ZONE).date()

    def told(self) -> tuple[str | None, ...]:
        """The same text in every process."""
        return tuple(None if at is None else at.isoformat() for at in (self.begins, self.ends, self.known))


def read_clock(given: Mapping[str, str], faults: list[Fault]) -> Clock | None:
    """What ``datetime`` and ``known-at`` ask for; None where neither is there, or after telling a fault.

    With ``known-at`` alone: the state of that instant as known at it, which is what was answered then.
    """
    if not CLOCK_MEMBERS & given.keys():
        return None
    known = _instant(given[KNOWN_AT]) if KNOWN_AT in given else None
    if KNOWN_AT in given and known is None:
        faults.append(Fault(KNOWN_AT, "QRY-VALUE-KNOWN-AT"))
        return None
    if DATETIME not in given:
        return Clock(known, known, known)
    ends = _interval(given[DATETIME])
    if ends is None:
        faults.append(Fault(DATETIME, "QRY-VALUE-DATETIME"))
        return None
    return Clock(*ends, known)


def is_timed(query: bytes) -> bool:
    """Whether a query string may ask of another time than now."""
    return b"datetime" in query or b"known-at" in query


def instant_text(at: datetime) -> str:
    """An instant as ``known-at`` takes it back."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _interval(text: str) -> tuple[datetime | None, datetime | None] | None:
    """Both ends of an instant or interval; None where the text is neither or the ends stand the wrong way round."""
    parts = text.split("/")
    if len(parts) == 1:
        at = _span(parts[0])
        return None if at is None else at
    if len(parts) != 2 or (parts[0] == "" and parts[1] == ""):
        return None
    spans = [None if part in OPEN else _span(part) for part in parts]
    if any(span is None and part not in OPEN for span, part in zip(spans, parts, strict=True)):
        return None
    begins, ends = spans[0] and spans[0][0], spans[1] and spans[1][1]
    return None if begins is not None and ends is not None and begins > ends else (begins, ends)


def _span(text: str) -> tuple[datetime, datetime] | None:
    """First and last instant of a date, an instant twice; None where the text is neither."""
    if not _DATE.fullmatch(text):
        at = _instant(text)
        return None if at is None else (at, at)
    try:
        day = date.fromisoformat(text)
        begins, after = (datetime.combine(at, time(), CITY_ZONE) for at in (day, day + timedelta(days=1)))
        return begins.astimezone(UTC), after.astimezone(UTC) - _TICK
    except (ValueError, OverflowError):
        return None


def _instant(text: str) -> datetime | None:
    """An instant of RFC 3339 in UTC; beyond microseconds it is cut.

    >>> _instant("2026-11-22T08:00:00.1234567+08:00")
    datetime.datetime(2026, 11, 22, 0, 0, 0, 123456, tzinfo=datetime.timezone.utc)
    """
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    fraction = (found["fraction"] or "")[:6].ljust(6, "0")
    zone = "+00:00" if found["zone"] in "Zz" else found["zone"]
    try:
        return datetime.fromisoformat(f"{found['date']}T{found['time']}.{fraction}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[Tt](?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.(?P<fraction>[0-9]{1,20}))?(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})"
)
