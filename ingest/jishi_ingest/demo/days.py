"""The days of the demo city's decisions and certificates, told from the day its files are handed over.

Terms run out and seven working days pass, so that what is withheld, expired or late depends on that day; it is stated in
the manifest. No invented day lies so near to a bound that the outcome would change before the files are ingested, when
that happens within a few days.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from random import Random

SETTLED = 40
"""Days after which no run of holidays keeps seven working days from having passed."""
FRESH = 5
"""Days within which seven working days cannot have passed."""
BEFORE_COUNTING = (date(2013, 1, 8), date(2018, 3, 30))
"""Decisions from before the seven working days became law; no yearly notice says how to count from them."""


@dataclass(frozen=True, slots=True)
class Days:
    """``counted_from``: the first day from which working days are known up to ``today``; None = not even today is."""

    today: date
    counted_from: date | None
    clean: bool  # nothing may come late

    def fresh(self, random: Random) -> date:
        """A day of decision whose delivery is in time: a weekday where there is one."""
        found = [self.ago(days) for days in range(1, FRESH + 1)]
        return random.choice([day for day in found if day.weekday() < 5])

    def settled(self, random: Random, least: int = SETTLED, most: int = 8 * 365) -> date:
        """A weekday of decision between ``least`` and ``most`` days ago; of a clean city one that nobody counts from."""
        if self.clean:
            first, last = BEFORE_COUNTING
            return _weekday(first + timedelta(days=random.randrange((last - first).days)))
        return _weekday(self.ago(random.randrange(least, most)))

    def is_late(self, decided: date) -> bool:
        """Whether the seven working days have passed and can be counted; not for days between fresh and settled."""
        return self.counted_from is not None and self.counted_from <= decided <= self.ago(SETTLED)

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def ahead(self, days: int) -> date:
        return self.today + timedelta(days=days)


def days_of(today: date, dictionaries: Path, clean: bool) -> Days:
    """The days as ``calendar/notices.csv`` allows to count them."""
    with (dictionaries / "calendar" / "notices.csv").open(encoding="utf-8-sig", newline="") as file:
        years = {int(row["year"]) for row in csv.DictReader(file)}
    first = today.year
    while first - 1 in years:
        first -= 1
    return Days(today, date(first, 1, 1) if today.year in years else None, clean)


def _weekday(day: date) -> date:
    """The day, of a weekend the Friday before."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def months_on(day: date, months: int) -> date:
    """The day of the same number so many months later, of a shorter month at most the 28th."""
    month = day.month - 1 + months
    return date(day.year + month // 12, month % 12 + 1, min(day.day, 28))
