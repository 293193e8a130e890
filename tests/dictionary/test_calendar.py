"""Working days are those of the State Council's notices; what no notice says is not known."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from jishi.dictionary.calendar import NOT_KNOWN, Calendar
from jishi.dictionary.credit import BARE_FINE, REPORT_WORKING_DAYS, CreditRules
from jishi.errors import DeclarationError
from jishi.settings import Settings

EPOCH = date(1970, 1, 1)


@pytest.fixture(scope="module")
def calendar() -> Calendar:
    return Calendar.load(Settings().dictionaries_dir / "calendar")


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        ("2024-09-27", "2024-09-29", 1),  # a Sunday that was worked
        ("2024-09-30", "2024-10-08", 1),  # seven days off
        ("2024-09-27", "2024-10-12", 7),  # and a Saturday that was worked
        ("2024-09-27", "2024-10-13", 7),
        ("2025-01-24", "2025-01-26", 1),
        ("2025-01-27", "2025-02-05", 1),
        ("2025-01-27", "2025-02-08", 4),
        ("2020-01-23", "2020-02-03", 1),  # the prolonged spring festival
        ("2020-01-31", "2020-02-01", 0),  # whose worked Saturday was called off
        ("2025-12-31", "2026-01-04", 1),  # across the turn of the year
        ("2024-10-12", "2024-10-12", 0),
        ("2024-10-12", "2024-09-27", 0),
    ],
)
def test_working_days_are_counted_over_weeks_with_moved_days(
    calendar: Calendar, start: str, end: str, days: int
) -> None:
    assert calendar.working_days_between(date.fromisoformat(start), date.fromisoformat(end)) == days


def test_a_term_of_seven_working_days_ends_where_seven_have_passed(calendar: Calendar) -> None:
    for place in range(365 * 7):
        day = date(2019, 1, 1) + timedelta(days=place)
        end = calendar.add_working_days(day, 7)
        assert end is not None
        assert calendar.working_days_between(day, end) == 7
        assert calendar.is_working(end)


def test_a_year_without_a_notice_is_not_known(calendar: Calendar) -> None:
    assert calendar.is_working(date(2018, 12, 29)) is None
    assert calendar.working_days_between(date(2018, 12, 28), date(2019, 1, 3)) is None
    assert calendar.working_days_between(date(2026, 12, 30), date(2027, 1, 4)) is None
    assert calendar.working_days_between(date(2030, 1, 1), date(2030, 1, 1)) is None
    assert calendar.add_working_days(date(2026, 12, 30), 7) is None


@pytest.mark.parametrize("end", [date(2019, 1, 1), date(2024, 10, 12), date(2026, 12, 31), date(2027, 1, 1)])
def test_many_days_count_as_one_by_one(calendar: Calendar, end: date) -> None:
    holey = Calendar({year: notice for year, notice in calendar.notices.items() if year != 2022}, calendar.days)
    days = [date(2018, 6, 1) + timedelta(days=step) for step in range(0, 3300, 7)]
    starts = np.array([(day - EPOCH).days for day in days])
    for one in (calendar, holey):
        found = one.working_days_to(starts, end)
        expected = [one.working_days_between(day, end) for day in days]
        assert found.tolist() == [NOT_KNOWN if count is None else count for count in expected]


def test_every_year_of_the_notices_has_its_statutory_days(calendar: Calendar) -> None:
    assert set(calendar.notices) == set(range(2019, 2027))
    for year in calendar.notices:
        off = {day for day, kind in calendar.days.items() if day.year == year and kind == "off"}
        assert {date(year, 1, 1), date(year, 5, 1), *(date(year, 10, day) for day in (1, 2, 3))} <= off
        assert len(off) >= 24
        assert all(day.weekday() >= 5 for day, kind in calendar.days.items() if kind == "work")


def test_the_citys_own_year_stands_instead_of_the_shipped_one(calendar: Calendar, tmp_path: Path) -> None:
    (tmp_path / "notices.csv").write_text("year,notice\n2026,本市\n2027,国办发明电〔2026〕0号\n", encoding="utf-8")
    (tmp_path / "days.csv").write_text("date,kind,name\n2027-01-01,off,元旦\n", encoding="utf-8")
    city = Calendar.load(Settings().dictionaries_dir / "calendar", tmp_path)
    assert city.is_working(date(2026, 1, 1)) and city.is_working(date(2027, 1, 1)) is False
    assert city.is_working(date(2025, 1, 1)) is False
    assert city.version() != calendar.version()


def test_every_fault_of_a_calendar_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "notices.csv").write_text("year,notice\n2026,国办\n26,国办\n2027,\n", encoding="utf-8")
    (tmp_path / "days.csv").write_text(
        "date,kind,name\n2026-01-01,off,元旦\n2026-01-01,off,元旦\n2026-01-05,work,周一\n2028-01-01,off,元旦\nsoon,off,元旦\n",
        encoding="utf-8",
    )
    with pytest.raises(DeclarationError) as caught:
        Calendar.load(tmp_path)
    assert caught.value.code == "DIC-CALENDAR"
    assert {fault.name: fault.code for fault in caught.value.faults} == {
        "notices.csv:3": "DIC-CALENDAR-NOTICE",
        "notices.csv:4": "DIC-CALENDAR-NOTICE",
        "days.csv:3": "DIC-CALENDAR-DAY",
        "days.csv:4": "DIC-CALENDAR-KIND",
        "days.csv:5": "DIC-CALENDAR-DAY",
        "days.csv:6": "DIC-DATE",
    }


def test_the_rules_of_repair_are_dated(tmp_path: Path) -> None:
    rules = CreditRules.load(Settings().dictionaries_dir / "credit")
    assert rules.on(date(2026, 3, 31)) == {}
    terms = {
        grade: (rule.always, rule.min_months, rule.max_months) for grade, rule in rules.on(date(2026, 4, 1)).items()
    }
    assert terms == {"1": (False, 0, 3), "2": (True, 3, 12), "3": (True, 12, 36)}
    assert rules.limit(REPORT_WORKING_DAYS, date(2026, 4, 1)) == 7
    assert rules.limit(REPORT_WORKING_DAYS, date(2018, 3, 31)) is None
    assert rules.limit(BARE_FINE, date(2026, 4, 1)) == 1000


def test_a_citys_rules_replace_a_file_and_faults_are_told(tmp_path: Path) -> None:
    shipped = Settings().dictionaries_dir / "credit"
    head = "name,value,unit,in_force_from,in_force_to\n"
    (tmp_path / "limits.csv").write_text(head + "report_working_days,5,working days,2027-01-01,\n", encoding="utf-8")
    city = CreditRules.load(shipped, tmp_path)
    assert city.limit(REPORT_WORKING_DAYS, date(2027, 1, 1)) == 5
    assert city.grades == CreditRules.load(shipped).grades
    (tmp_path / "limits.csv").write_text(head + "report_working_days,five,,,\n", encoding="utf-8")
    (tmp_path / "grades.csv").write_text(
        "grade,published,min_months,max_months,in_force_from,in_force_to\n1,perhaps,5,3,2026-01-01,\n", encoding="utf-8"
    )
    with pytest.raises(DeclarationError) as caught:
        CreditRules.load(shipped, tmp_path)
    assert {fault.code for fault in caught.value.faults} == {"DIC-CREDIT-NUMBER", "DIC-DATE", "DIC-CREDIT-GRADE"}
    assert all("{" not in fault.text(language) for fault in caught.value.faults for language in ("zh-CN", "en"))
