"""Until when a dispute or ticket is to be answered, in working days 工作日 of the city (beside the road)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from jishi.access import working_days
from jishi.access.working_days import WorkingDays
from jishi.settings import City, CorrectionTerms, Settings


@dataclass(frozen=True)
class Terms:
    days: WorkingDays
    terms: CorrectionTerms
    zone: ZoneInfo

    def today(self) -> date:
        return self.day(datetime.now(UTC))

    def day(self, at: datetime) -> date:
        """The day of an instant in the city."""
        return at.astimezone(self.zone).date()

    def dispute_due(self) -> date:
        """The day on which a dispute raised today is to be answered at the latest."""
        return self.days.due(self.today(), self.terms.dispute_days)

    def ticket_due(self) -> date:
        return self.days.due(self.today(), self.terms.ticket_days)

    def late(self, due: date, at: datetime | None = None) -> int:
        """Working days past ``due`` at ``at`` (None: now); 0 within the term."""
        return self.days.late(due, self.today() if at is None else self.day(at))


def terms_of(settings: Settings, city: City) -> Terms:
    return Terms(working_days.load(settings), city.correction, ZoneInfo(city.timezone))
