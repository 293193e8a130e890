"""When a source's schedule, a cron line of five fields, comes due: for telling lateness; the scheduler has its own reading.

Weekdays count from Monday = 0 and day and weekday must both fit, as APScheduler reads them; a test holds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES: tuple[dict[str, int], ...] = (
    {},
    {},
    {},
    {name: number for number, name in enumerate(_MONTHS, start=1)},
    {name: number for number, name in enumerate(_DAYS)},
)
_PART = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d+))?")

LONGEST = timedelta(days=400)
"""A schedule that does not come due for so long is taken to come due never."""


@dataclass(frozen=True)
class Cron:
    """The values each field allows: minute, hour, day, month, weekday."""

    fields: tuple[frozenset[int], ...]
    zone: ZoneInfo

    @classmethod
    def read(cls, line: str, zone: ZoneInfo) -> Cron | None:
        """None where the line is none that can be read here."""
        parts = line.split()
        if len(parts) != len(_RANGES):
            return None
        fields = []
        for text, (low, high), names in zip(parts, _RANGES, _NAMES, strict=True):
            values = _values(text, low, high, names)
            if not values:
                return None
            fields.append(values)
        return cls(tuple(fields), zone)

    def after(self, moment: datetime) -> Iterator[datetime]:
        """The times it comes due after ``moment``, one by one, aware in the schedule's zone."""
        minutes, hours, days, months, weekdays = self.fields
        local = moment.astimezone(self.zone)
        day, end = local.date(), local.date() + LONGEST
        while day <= end:
            if day.day in days and day.month in months and day.weekday() in weekdays:
                for due in self._of(day, hours, minutes):
                    if due > moment:
                        end = day + LONGEST
                        yield due
            day += timedelta(days=1)

    def _of(self, day: date, hours: frozenset[int], minutes: frozenset[int]) -> Iterator[datetime]:
        for hour in sorted(hours):
            for minute in sorted(minutes):
                yield datetime.combine(day, time(hour, minute), self.zone)


def _values(text: str, low: int, high: int, names: dict[str, int]) -> frozenset[int]:
    """The values of one field; empty where it cannot be read."""
    found: set[int] = set()
    for part in text.lower().split(","):
        fitted = _PART.fullmatch(part)
        if fitted is None:
            return frozenset()
        star, first, last, step = fitted.groups()
        begin = low if star else _value(first, names)
        end = high if star or (step and not last) else _value(last or first, names)
        if begin is None or end is None or not low <= begin <= end <= high or step == "0":
            return frozenset()
        found.update(range(begin, end + 1, int(step or 1)))
    return frozenset(found)


def _value(text: str, names: dict[str, int]) -> int | None:
    return int(text) if text.isdigit() else names.get(text)
