"""What the calendar alone does to a golden record: statuses and withholding by date, as plain data for ``golden``."""

from __future__ import annotations

from dataclasses import dataclass

WITHHELD = "withheld"
"""State of a record that is no longer, or not yet, disclosed though it has not ended."""


@dataclass(frozen=True, slots=True)
class ClockRule:
    """From local midnight of the day in element ``at`` on (of the day after it when ``day_after``), while every ``when``
    element holds one of its values, the golden record bears what ``sets`` and ``state`` say.

    A boolean counts by the texts ``true`` and ``false``. A record without a date in ``at`` is left alone.
    """

    at: str | None  # DATE element; None = always: what holds whatever the day, such as a grade that is not published
    day_after: bool = False
    until: bool = False  # holds before that day instead of from it on (not yet publishable)
    when: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sets: tuple[tuple[str, str], ...] = ()  # element → value of the golden record
    state: str | None = None  # WITHHELD
