"""Working days 工作日 by the State Council's yearly notices: what statutory terms are counted in; read before the road.

Weekends are implicit; a row says which weekday is off (节假日) or which weekend day is worked (调休). A year without a
notice is a year the calendar knows nothing of: an answer that needs it is None, never a guess.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from jishi.dictionary.reading import Faults, read_csv, read_day
from jishi.errors import DeclarationError

DAYS, NOTICES = "days.csv", "notices.csv"
OFF, WORK = "off", "work"
SATURDAY = 5
NOT_KNOWN = -1
"""What the columnar form says where the scalar one says None."""

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Calendar:
    """``notices``: year → the notice that arranges it; ``days``: the days on which it departs from the week."""

    notices: Mapping[int, str]
    days: Mapping[date, str]

    @classmethod
    def load(cls, folder: Path, overlay: Path | None = None) -> Calendar:
        """The calendar of ``folder``; a year that ``overlay`` (same form, absent = none) has a notice for is taken
        from there as a whole. Raises DeclarationError ``DIC-CALENDAR`` with every fault."""
        faults = Faults()
        notices, days = _read(folder, faults)
        if overlay is not None and (overlay / NOTICES).is_file():
            further, others = _read(overlay, faults)
            days = {day: kind for day, kind in days.items() if day.year not in further} | others
            notices |= further
        if faults.found:
            raise DeclarationError("DIC-CALENDAR", faults=tuple(faults.found), count=len(faults.found))
        return cls(dict(sorted(notices.items())), dict(sorted(days.items())))

    def knows(self, day: date) -> bool:
        return day.year in self.notices

    def is_working(self, day: date) -> bool | None:
        """Whether ``day`` is worked; None in a year without a notice."""
        if not self.knows(day):
            return None
        kind = self.days.get(day)
        return kind == WORK or (kind is None and day.weekday() < SATURDAY)

    def working_days_between(self, start: date, end: date) -> int | None:
        """Working days after ``start`` up to and with ``end`` (the day of the event does not count); 0 when ``end`` is
        not later. None when a year from one to the other has no notice.

        >>> october = Calendar({2024: "国办发明电〔2023〕7号"}, {date(2024, 9, 29): WORK, date(2024, 10, 12): WORK,
        ...     **{date(2024, 10, day): OFF for day in range(1, 8)}})
        >>> october.working_days_between(date(2024, 9, 27), date(2024, 10, 12))
        7
        >>> october.working_days_between(date(2024, 12, 31), date(2025, 1, 3)) is None
        True
        """
        if end <= start:
            return 0 if self.knows(start) and self.knows(end) else None
        if not all(year in self.notices for year in range(start.year, end.year + 1)):
            return None
        counted = self._counted
        return int(counted[self._place(end)] - counted[self._place(start)])

    def add_working_days(self, day: date, count: int) -> date | None:
        """The day on which a term of ``count`` working days after ``day`` ends; None when it runs into an unknown year."""
        if not self.knows(day):
            return None
        while count > 0:
            day += timedelta(days=1)
            worked = self.is_working(day)
            if worked is None:
                return None
            count -= worked
        return day

    def working_days_to(self, starts: npt.NDArray[np.int64], end: date) -> npt.NDArray[np.int64]:
        """:meth:`working_days_between` for many starts, given as days since 1970; :data:`NOT_KNOWN` for None."""
        found = np.full(len(starts), NOT_KNOWN, dtype=np.int64)
        if not self.knows(end):
            return found
        first = end.year
        while first - 1 in self.notices:
            first -= 1
        lowest = (date(first, 1, 1) - _EPOCH).days
        highest = (date(max(self.notices), 12, 31) - _EPOCH).days
        last = (end - _EPOCH).days
        later_known = np.array(
            [self.knows(_EPOCH + timedelta(days=int(day))) for day in starts[starts > last]], dtype=bool
        )
        within = (starts >= lowest) & (starts <= min(last, highest))
        places = starts[within] - (self._first - _EPOCH).days
        found[within] = self._counted[self._place(end)] - self._counted[places]
        found[starts > last] = np.where(later_known, 0, NOT_KNOWN)
        return found

    def version(self) -> str:
        """SHA-256 over everything that decides how days count."""
        return hashlib.sha256(repr((dict(self.notices), dict(self.days))).encode()).hexdigest()

    @cached_property
    def _first(self) -> date:
        return date(min(self.notices), 1, 1)

    @cached_property
    def _counted(self) -> npt.NDArray[np.int64]:
        """Working days from the first known year on up to and with each day; an unknown year between counts none, and
        nothing is ever counted across it."""
        length = (date(max(self.notices), 12, 31) - self._first).days + 1
        worked = (bool(self.is_working(self._first + timedelta(days=place))) for place in range(length))
        return np.cumsum(np.fromiter(worked, dtype=np.int64, count=length))

    def _place(self, day: date) -> int:
        return (day - self._first).days


def _read(folder: Path, faults: Faults) -> tuple[dict[int, str], dict[date, str]]:
    notices: dict[int, str] = {}
    for line in read_csv(folder / NOTICES, ("year", "notice"), ("mark", "note"), faults):
        year = line.cells["year"]
        if not (year.isascii() and year.isdigit() and len(year) == 4) or not line.cells["notice"]:
            faults.add(line.place, "DIC-CALENDAR-NOTICE", given=year)
            continue
        notices[int(year)] = line.cells["notice"]
    return notices, dict(_days(folder, notices, faults))


def _days(folder: Path, notices: Mapping[int, str], faults: Faults) -> Iterator[tuple[date, str]]:
    seen: set[date] = set()
    for line in read_csv(folder / DAYS, ("date", "kind", "name"), (), faults):
        day, kind = read_day(line.cells["date"], line.place, faults), line.cells["kind"]
        if kind not in (OFF, WORK) or (kind == WORK and day is not None and day.weekday() < SATURDAY):
            faults.add(line.place, "DIC-CALENDAR-KIND", given=kind)
        elif day is not None and (day in seen or day.year not in notices):
            faults.add(line.place, "DIC-CALENDAR-DAY", given=day.isoformat())
        elif day is not None:
            seen.add(day)
            yield day, kind
