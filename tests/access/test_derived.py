from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from jishi.errors import Fault
from jishi.registers.catalog import register_of, registers
from jishi.registers.derived import ELEMENTS, Asked, derived_of, read

if TYPE_CHECKING:
    from asyncpg import Connection

TODAY = date(2026, 11, 20)


async def _value(
    connection: Connection[Any], register: str, text: str, row: dict[str, object], today: date = TODAY
) -> object:
    """What ``text`` answers over one golden row, its placeholders numbered behind another value."""
    asked = read(register_of(register), text)
    assert isinstance(asked, Asked), text
    expression = asked.sql("q", 2, today)
    statement = f"SELECT {expression.text} FROM jsonb_populate_record(NULL::jishi.{register}, $1::jsonb) q"
    return await connection.fetchval(statement, json.dumps(row), *expression.values)


def _born(low: str, high: str | None = None, **more: object) -> dict[str, object]:
    return {"birth_date": low, "birth_date_high": high or low, "birth_date_precision": "day", **more}


BIRTHDAYS: tuple[tuple[str, str, int, bool], ...] = (
    ("2008-11-19", "2026-11-20", 18, True),
    ("2008-11-20", "2026-11-20", 18, True),
    ("2008-11-21", "2026-11-20", 17, False),
    ("2026-11-20", "2026-11-20", 0, False),
    ("1926-12-31", "2026-12-30", 99, True),
    ("1926-12-31", "2026-12-31", 100, True),
    # born on 29 February: full on the last day of February where there is no 29th, on the 29th where there is
    ("2004-02-29", "2022-02-27", 17, False),
    ("2004-02-29", "2022-02-28", 18, True),
    ("2004-02-29", "2022-03-01", 18, True),
    ("2004-02-29", "2024-02-28", 19, True),
    ("2004-02-29", "2024-02-29", 20, True),
    # born on 28 February and on 1 March nothing is special
    ("2006-02-28", "2024-02-28", 18, True),
    ("2006-03-01", "2024-02-29", 17, False),
)


async def test_years_are_full_on_the_birthday(connection: Connection[Any]) -> None:
    for born, today, age, adult in BIRTHDAYS:
        day = date.fromisoformat(today)
        assert await _value(connection, "natural_person", "age", _born(born), day) == age, (born, day)
        assert await _value(connection, "natural_person", "is_adult", _born(born), day) is adult, (born, day)


PARTIAL_DATES: tuple[tuple[str, str, int | None, bool | None], ...] = (
    ("1962-01-01", "1962-12-31", None, True),  # a year: 63 or 64, certainly of age
    ("1962-11-01", "1962-11-30", None, True),  # a month that holds the day
    ("1962-10-01", "1962-10-31", 64, True),  # a month that is over: the age is sure
    ("2008-01-01", "2008-12-31", None, None),  # a year that leaves open whether of age
    ("2009-01-01", "2009-12-31", None, False),
    ("2026-01-01", "2026-12-31", None, False),  # born this year: perhaps not born yet
)


async def test_a_partial_date_of_birth_answers_only_what_is_sure(connection: Connection[Any]) -> None:
    for low, high, age, adult in PARTIAL_DATES:
        row = _born(low, high)
        assert await _value(connection, "natural_person", "age", row) == age, (low, high)
        assert await _value(connection, "natural_person", "is_adult", row) is adult, (low, high)


AGELESS: tuple[dict[str, object], ...] = (
    {},
    _born("1950-01-01", death_date="2020-01-01"),
    _born("1950-01-01", person_status_code="2"),
    _born("2030-01-01"),
)


async def test_nobody_knows_the_age_of_the_dead_the_unborn_and_the_undated(connection: Connection[Any]) -> None:
    for row in AGELESS:
        assert await _value(connection, "natural_person", "age", row) is None, row
        assert await _value(connection, "natural_person", "is_adult", row) is None, row


REGISTERED: tuple[tuple[str, dict[str, object], bool | None], ...] = (
    ("320505", {"hukou_division_code": "320505"}, True),
    ("320505", {"hukou_division_code": "320505001002"}, True),
    ("3205", {"hukou_division_code": "320505"}, True),
    ("320500", {"hukou_division_code": "320505"}, True),
    ("320500", {"hukou_division_code": "320500"}, True),
    ("320505001", {"hukou_division_code": "320505001002"}, True),
    ("320505", {"hukou_division_code": "320506"}, False),
    ("320505", {"hukou_division_code": "320506000000"}, False),
    ("320505001", {"hukou_division_code": "320505002"}, False),
    ("320505", {}, None),  # nobody knows
    ("320505", {"hukou_division_code": "320500"}, None),  # known to the city only
    ("320505001", {"hukou_division_code": "320505000000"}, None),
    ("320505", {"hukou_division_code": "320506", "residence_address": "某处"}, None),  # lives elsewhere, uncoded
    (
        "320505",
        {"hukou_division_code": "320506", "residence_address": "某处", "hukou_address": "某处"},
        False,
    ),
)


async def test_who_is_registered_in_a_division(connection: Connection[Any]) -> None:
    for division, row, answer in REGISTERED:
        assert await _value(connection, "natural_person", f"resident_of({division})", row) is answer, (division, row)


_PERIOD: dict[str, object] = {"valid_from": "2024-01-01", "valid_to": "2026-12-31", "cert_status": "01"}


VALIDITY: tuple[tuple[str, dict[str, object], bool | None], ...] = (
    ("2024-01-01", _PERIOD, True),
    ("2026-12-31", _PERIOD, True),
    ("2023-12-31", _PERIOD, False),
    ("2027-01-01", _PERIOD, False),
    ("2099-01-01", {**_PERIOD, "valid_to": None}, True),  # long-term
    ("2024-06-01", {"issue_date": "2024-06-01", "cert_status": "01"}, True),
    ("2024-05-31", {"issue_date": "2024-06-01", "cert_status": "01"}, False),
    ("2024-06-01", {"cert_status": "01"}, None),  # nobody knows since when
    ("2026-11-20", {**_PERIOD, "cert_status": "03"}, False),  # revoked: not today
    ("2026-11-19", {**_PERIOD, "cert_status": "03"}, None),  # revoked since when is not said
    ("2023-01-01", {**_PERIOD, "cert_status": "03"}, False),  # before it began, whatever came later
    ("2026-11-21", {**_PERIOD, "cert_status": "02"}, False),
    ("2025-01-01", {"valid_from": "2024-01-01", "valid_to": "2025-12-31", "cert_status": "05"}, True),
    ("2026-01-01", {"valid_from": "2024-01-01", "valid_to": "2025-12-31", "cert_status": "05"}, False),
    ("2025-01-01", {"valid_from": "2024-01-01", "cert_status": "05"}, None),
    ("2025-01-01", {**_PERIOD, "cert_status": "99"}, None),
    ("2025-01-01", {**_PERIOD, "cert_status": None}, None),
)


async def test_whether_a_certificate_is_valid_on_a_day(connection: Connection[Any]) -> None:
    for day, row, answer in VALIDITY:
        assert await _value(connection, "certificate", f"certificate_valid_on({day})", row) is answer, (day, row)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("shoe_size", "ACC-DERIVED"),
        ("full_name", "ACC-DERIVED"),
        ("", "ACC-DERIVED"),
        ("age; DROP TABLE x", "ACC-DERIVED"),
        ("certificate_valid_on(2026-01-01)", "ACC-DERIVED"),  # of another register
        ("age(2026-01-01)", "ACC-DERIVED-ARGUMENT"),  # any day would tell the birthday in some steps
        ("is_adult()", "ACC-DERIVED-ARGUMENT"),
        ("resident_of", "ACC-DERIVED-ARGUMENT"),
        ("resident_of()", "ACC-DERIVED-ARGUMENT"),
        ("resident_of(32050)", "ACC-DERIVED-ARGUMENT"),
        ("resident_of(苏州)", "ACC-DERIVED-ARGUMENT"),
        ("resident_of(3205' OR ''=')", "ACC-DERIVED-ARGUMENT"),
    ],
)
def test_what_is_no_derived_element_is_refused_by_name(text: str, code: str) -> None:
    refused = read(register_of("natural_person"), text)
    assert isinstance(refused, Fault) and refused.code == code


@pytest.mark.parametrize("text", ["certificate_valid_on(2026-02-30)", "certificate_valid_on(20260101)"])
def test_a_day_that_is_none_is_refused(text: str) -> None:
    refused = read(register_of("certificate"), text)
    assert isinstance(refused, Fault) and refused.code == "ACC-DERIVED-ARGUMENT"


def test_an_argument_has_one_spelling() -> None:
    spelled = {
        asked.text
        for text in ("resident_of(3205)", "resident_of(320500)", "resident_of( 320500000000 )")
        if isinstance(asked := read(register_of("natural_person"), text), Asked)
    }
    assert spelled == {"resident_of(320500)"}


def test_every_derived_element_stands_on_elements_of_its_register_and_takes_no_name_of_theirs() -> None:
    for element in ELEMENTS:
        elements = register_of(element.register).elements
        assert set(element.needs) <= elements.keys() and element.name not in elements
        for need in element.needs:
            assert f"{{q}}.{need}" in element.template
    assert sum(len(derived_of(register)) for register in registers().values()) == len(ELEMENTS)


def test_no_value_stands_in_the_text_of_an_expression() -> None:
    asked = read(register_of("natural_person"), "resident_of(320505)")
    assert isinstance(asked, Asked)
    expression = asked.sql("q", 7, TODAY)
    assert "320505" not in expression.text and "$7::text" in expression.text and expression.values == ("320505",)
