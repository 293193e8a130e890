"""Dates, times, numbers and shares as the reader's language writes them, and small lines of them (respond, road out)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.numbers import format_decimal, format_percent

NOTHING = "–"
"""What is not there."""

SPARK_WIDTH, SPARK_HEIGHT = 96, 24

Filter = Callable[..., str]


def filters(locale: Locale) -> dict[str, Filter]:
    """For templates: ``day``, ``ago``, ``number``, ``percent``, ``bytes``; ``moment`` needs the city's time zone."""

    def day(value: date | None) -> str:
        return NOTHING if value is None else format_date(value, "medium", locale=locale)

    def ago(value: datetime | timedelta | float | None) -> str:
        if value is None:
            return NOTHING
        if isinstance(value, datetime):
            value = datetime.now(UTC) - value
        passed = value if isinstance(value, timedelta) else timedelta(seconds=value)
        return format_timedelta(-passed, add_direction=True, locale=locale, threshold=1.2)

    def number(value: float | Decimal | None) -> str:
        return NOTHING if value is None else format_decimal(value, locale=locale)

    def percent(value: float | Decimal | None, digits: int = 1) -> str:
        """Of a share (0–1)."""
        pattern = "0" if digits == 0 else f"0.{'0' * digits}"
        return NOTHING if value is None else format_percent(value, f"{pattern}%", locale=locale)

    return {"day": day, "ago": ago, "number": number, "percent": percent}


def moment(value: datetime | None, locale: Locale, zone: ZoneInfo) -> str:
    """Date and time of day, to the minute, in the city's time."""
    return NOTHING if value is None else format_datetime(value, "medium", tzinfo=zone, locale=locale)


def spark(values: Sequence[float], lowest: float = 0.0) -> str | None:
    """The points of a small line (:data:`SPARK_WIDTH` by :data:`SPARK_HEIGHT`), the earliest value first; it stands on
    ``lowest``. None for less than two values."""
    if len(values) < 2:
        return None
    height = max(values) - lowest or 1.0
    step = (SPARK_WIDTH - 4) / (len(values) - 1)
    return " ".join(
        f"{2 + at * step:.1f},{SPARK_HEIGHT - 2 - (value - lowest) / height * (SPARK_HEIGHT - 4):.1f}"
        for at, value in enumerate(values)
    )
