"""Terms in working days 工作日, by the dictionaries' calendar of public holidays (beside the road out)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from jishi.dictionary.calendar import SATURDAY, Calendar
from jishi.settings import Settings


@dataclass(frozen=True)
class WorkingDays:
    """A year whose holidays no notice has arranged yet counts by the week alone: a term must end on some day. Once the
    notice is there lateness is counted by it, so that nobody is late by a holiday that was not known.
    """

    calendar: Calendar

    def due(self, start: date, count: int) -> date:
        """The day on which ``count`` working days after ``start`` are over; the day of the event does not count."""
        day, left = start, count
        while left > 0:
            day += timedelta(days=1)
            left -= self.is_working(day)
        return day

    def late(self, due: date, today: date) -> int:
        """Working days past ``due``; 0 until it is over."""
        return sum(self.is_working(due + timedelta(days=number)) for number in range(1, (today - due).days + 1))

    def is_working(self, day: date) -> bool:
        worked = self.calendar.is_working(day)
        return day.weekday() < SATURDAY if worked is None else worked


def load(settings: Settings) -> WorkingDays:
    """The city's calendar; a folder is read once a process."""
    return _load(settings.dictionaries_dir / "calendar", settings.home_dir / "dictionaries" / "calendar")


@cache
def _load(folder: Path, overlay: Path) -> WorkingDays:
    return WorkingDays(Calendar.load(folder, overlay))
