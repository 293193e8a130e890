"""The standards' own examples and the published vectors, against the scalar and the columnar form."""

from __future__ import annotations

import doctest
import importlib
from datetime import date
from typing import Any

import polars as pl
import pytest

from jishi.identifiers import (
    certificate_id,
    citizen_id,
    columns,
    division_code,
    document,
    organisation_code,
    registration_number,
    uscc,
)
from jishi.identifiers.reading import Checked

TODAY = date(2026, 11, 21)
DIVISIONS = frozenset({"110105", "340524", "440524", "360426", "320506", "320505"})

CITIZENS = [
    ("11010519491231002X", "11010519491231002X", "X", "2"),
    ("34052419800101001X", "34052419800101001X", "X", "1"),
    ("440524188001010014", "440524188001010014", "4", "1"),
    ("360426199101010071", "360426199101010071", "1", "1"),
    ("810000199001010019", "810000199001010019", "9", "1"),
    ("820000199001010029", "820000199001010029", "9", "2"),
    ("830000199001010039", "830000199001010039", "9", "1"),
    ("110105194912310021", "110105194912310021", "X", "2"),
    ("11010519491231003X", "11010519491231003X", "8", "1"),
    ("34052419800101010X", "34052419800101010X", "8", "2"),
    ("340524198001010011", "340524198001010011", "X", "1"),
    ("110105491231002", "11010519491231002X", None, "2"),
    ("340524800101001", "34052419800101001X", None, "1"),
]


@pytest.mark.parametrize(("raw", "value", "expected", "sex"), CITIZENS)
def test_citizen_numbers_of_the_standard_read_as_it_says(raw: str, value: str, expected: str | None, sex: str) -> None:
    for facts in _person(raw):
        assert (facts["value"], facts["read"], facts["scheme"]) == (value, "ok", "citizen")
        assert (facts["check_expected"], facts["sex"], facts["birth_real"]) == (expected, sex, True)
        assert facts["check_actual"] == (raw[17] if len(raw) == 18 else None)
        assert facts["birth"] == value[6:14]
    checked = citizen_id.check(raw)
    assert checked.passes is (expected in {None, raw[-1]})


@pytest.mark.parametrize("serial", ["996", "997", "998", "999"])
def test_a_fifteen_digit_number_with_a_centenarian_serial_is_of_the_nineteenth_century(serial: str) -> None:
    for facts in _person(f"320506800903{serial}"):
        assert facts["birth"] == "18800903"
        assert facts["birth_real"] is True


@pytest.mark.parametrize(
    ("raw", "real"),
    [
        ("11010519491331002X", False),  # month 13
        ("110105190002290027", False),  # 1900 was no leap year
        ("110105200002290024", True),
        ("110105184912310021", False),  # before 1850
        ("110105202611220020", False),  # tomorrow
        ("110105202611210023", True),
        ("110105194900000025", False),
    ],
)
def test_a_birth_date_is_real_only_as_a_day_of_the_calendar_up_to_today(raw: str, real: bool) -> None:
    assert {facts["birth_real"] for facts in _person(raw)} == {real}


@pytest.mark.parametrize(
    ("raw", "value", "scheme", "type_"),
    [
        ("810000199001010019", "810000199001010019", "citizen", "970"),
        ("110105491231002", "11010519491231002X", "citizen", "111"),
        ("CHN110198512250", "CHN110198512250", "foreign_pr", "553"),
        ("911156198512250017", "911156198512250017", "citizen", "553"),
        ("H1234567801", "H12345678", "hk_macau_permit", "516"),
        ("m12345678", "M12345678", "hk_macau_permit", "516"),
        ("12345678", "12345678", "taiwan_permit", None),
        ("0012345678（B）", "0012345678", "taiwan_permit", None),
        ("E12345678", "E12345678", "passport", "414"),
        ("EA1234567", "EA1234567", "passport", "414"),
        ("EI6316264", "EI6316264", "passport", None),  # the letter I is never issued, the number may be foreign
        ("C01X00T47", "C01X00T47", "passport", None),
        ("南字第01234567号", "南字第01234567号", "military", None),
        ("123456789", "123456789", "other", None),
        ("FAC-12345/6", "FAC-12345/6", "other", None),
    ],
)
def test_a_document_number_is_known_by_its_form(raw: str, value: str, scheme: str, type_: str | None) -> None:
    for facts in _person(raw):
        assert (facts["value"], facts["scheme"], facts["read"], facts["type"]) == (value, scheme, "ok", type_)


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        (None, None),
        ("", None),
        (" \u3000\u200b", None),
        ("'", None),
        ("3.2E+17", "precision_lost"),
        ("3.20506E+17", "precision_lost"),
        ("3e+17", "precision_lost"),
        ("320505188605070000.0", "precision_lost"),
        ("320505188605070000.", "precision_lost"),
        ("32050618860507025", "length"),
        ("3205061886050702530", "length"),
        ("32050618860507", "length"),
        ("3205061886050702O3", "characters"),
        ("32050688605070X5", "length"),
        ("32O506188605070253", "characters"),
        ("320506-19491231-002X", "characters"),
        ("32050688605O702", "characters"),
        ("张三", "length"),
        ("江苏省苏州市常熟市董浜镇848号", "characters"),
        ("身份证号码不详", "characters"),
        ("H1", "length"),
        ("9" * 40, "length"),
    ],
)
def test_what_is_no_document_number_says_why_and_has_no_value(raw: str | None, read: str | None) -> None:
    for facts in _person(raw):
        assert facts["read"] == read
        assert facts["value"] is None
        assert facts["scheme"] is None
        assert facts["check_expected"] is None


@pytest.mark.parametrize(
    "raw", ["３２０５０６ １９４９\u200b１２３１\u3000００２Ｘ", "'32050619491231002x", "320506 19491231 002x"]
)
def test_the_dress_of_a_number_is_taken_off(raw: str) -> None:
    assert {facts["value"] for facts in _person(raw)} == {"32050619491231002X"}


def test_the_division_of_permits_and_of_the_foreign_card_is_not_asked_for() -> None:
    for raw in ("810000199001010019", "911156198512250017"):
        assert {facts["division_known"] for facts in _person(raw)} == {None}
    assert {facts["division_known"] for facts in _person("999999194912310025")} == {None}
    assert {facts["division_known"] for facts in _person("329999194912310025")} == {False}


USCCS = [
    "91110000600037341L",
    "914403001922038216",
    "9144030071526726XG",
    "91330100799655058B",
    "91110108551385082Q",
    "9111000010169286X1",
    "11100000000013338W",
    "11332500MB1601924J",
    "11420000MB15291767",
    "N21101087177434693",
    "31110108717743469R",
]


@pytest.mark.parametrize("raw", USCCS)
def test_credit_codes_of_every_authority_pass(raw: str) -> None:
    for facts in _uscc(raw):
        assert (facts["value"], facts["read"], facts["zeros"]) == (raw, "ok", False)
        assert facts["check_expected"] == facts["check_actual"] == raw[17]
        assert facts["inner_expected"] == facts["inner_actual"] == raw[16]
        assert facts["category_known"] is True
        assert facts["division"] == raw[2:8]


@pytest.mark.parametrize("raw", ["914403001922038217", "914403001922038261"])
def test_a_wrong_or_transposed_credit_code_is_found(raw: str) -> None:
    for facts in _uscc(raw):
        assert facts["read"] == "ok"
        assert facts["check_expected"] != facts["check_actual"]


def test_every_single_substitution_in_a_credit_code_is_found() -> None:
    good = "914403001922038216"
    changed = [
        good[:place] + letter + good[place + 1 :]
        for place in range(18)
        for letter in uscc.ALPHABET
        if letter != good[place] and (letter.isdigit() or not 2 <= place < 8)
    ]
    assert all(not uscc.check(code).passes for code in changed)
    facts = columns.usccs(pl.Series(changed), DIVISIONS)
    assert (facts["check_expected"] != facts["check_actual"]).all()


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("91440300192203821O", "characters"),
        ("91440300I92203821X", "characters"),
        ("91S40300192203821X", "characters"),
        ("91ABCDEF192203821X", "characters"),
        ("91440300192203821", "length"),
        ("320826000014145", "length"),
        ("9.13205E+17", "precision_lost"),
        ("91320505123456789.0", "precision_lost"),
        ("9144030019220382E6", "ok"),
        (" ", None),
    ],
)
def test_a_credit_code_out_of_shape_says_why(raw: str, read: str | None) -> None:
    assert {facts["read"] for facts in _uscc(raw)} == {read}


def test_zeros_pass_the_formula_and_are_told_apart() -> None:
    for facts in _uscc("0" * 18):
        assert facts["check_expected"] == facts["check_actual"] == "0"
        assert facts["zeros"] is True
        assert facts["category_known"] is False


@pytest.mark.parametrize(
    ("raw", "passes"),
    [
        ("19220382-1", True),
        ("10169286－x", True),
        ("60003734-1", True),
        ("MB1601924", True),
        ("71526726X", True),
        ("19220382-2", False),
        ("10169286-0", False),
    ],
)
def test_organisation_codes_of_the_standard(raw: str, passes: bool) -> None:
    assert organisation_code.check(raw).passes is passes
    facts = columns.organisation_codes(pl.Series([raw])).row(0, named=True)
    assert (facts["check_expected"] == facts["check_actual"]) is passes
    assert facts["value"] == organisation_code.check(raw).value


@pytest.mark.parametrize(
    ("raw", "read", "passes"),
    [
        ("320826000014145", "ok", True),
        ("320826000014146", "ok", False),
        ("3208302900302", "ok", True),
        ("企独苏苏办字第0037", "length", False),
        ("32082600001414A", "characters", False),
        ("3.20826E+14", "precision_lost", False),
    ],
)
def test_registration_numbers_of_before_2015(raw: str, read: str, passes: bool) -> None:
    checked = registration_number.check(raw)
    assert (checked.read, checked.passes) == (read, passes)
    facts = columns.registration_numbers(pl.Series([raw])).row(0, named=True)
    assert tuple(facts.values()) == (checked.value, checked.read, checked.check_expected, checked.check_actual)


@pytest.mark.parametrize(
    ("raw", "passes"),
    [
        ("1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U", True),
        ("1.2.156.3005.2.11100000000013338W009.11330105002500287C.2025052201.002.0", True),
        ("1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9", True),
        ("11100000000013338W050.113700000045030270.20200000001.001.7", True),
        ("1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.V", False),
    ],
)
def test_certificate_identifiers(raw: str, passes: bool) -> None:
    checked = certificate_id.check(raw)
    assert checked.passes is passes
    assert checked.value is not None
    assert checked.value.startswith("1.2.156.3005.2.")


def test_a_certificate_identifier_out_of_shape_says_so() -> None:
    assert certificate_id.check("1.2.156.3005.2.11100000000013338W011.1.2.3").read == "characters"
    assert certificate_id.check("A" * 129).read == "length"
    assert certificate_id.check(None).read is None


@pytest.mark.parametrize(
    ("raw", "value", "level", "parent"),
    [
        ("32", "320000", "province", None),
        ("3205", "320500", "prefecture", "320000"),
        ("320500", "320500", "prefecture", "320000"),
        ("320505", "320505", "county", "320500"),
        ("320505001", "320505001", "town", "320505"),
        ("419001000", "419001000", "county", "419001"),
        ("320505001002", "320505001002", "village", "320505001"),
        ("320505001000", "320505001000", "town", "320505"),
    ],
)
def test_division_codes_tell_level_and_parent(raw: str, value: str, level: str, parent: str | None) -> None:
    checked = division_code.check(raw)
    assert (checked.value, checked.level, checked.parent) == (value, level, parent)
    facts = columns.division_codes(pl.Series([raw])).row(0)
    assert facts == (value, "ok", level, parent)


def test_a_column_without_a_value_gives_facts_of_the_same_columns() -> None:
    empty: pl.Series = pl.Series([None, ""], dtype=pl.String)
    none: pl.Series = pl.Series([], dtype=pl.String)
    for raw in (empty, none):
        assert columns.person_documents(raw, DIVISIONS, TODAY).null_count().sum_horizontal()[0] == 10 * len(raw)
        assert columns.usccs(raw, DIVISIONS).null_count().sum_horizontal()[0] == 10 * len(raw)
        assert columns.registration_numbers(raw).null_count().sum_horizontal()[0] == 4 * len(raw)
        assert columns.organisation_codes(raw).null_count().sum_horizontal()[0] == 4 * len(raw)
        assert columns.division_codes(raw).null_count().sum_horizontal()[0] == 4 * len(raw)


@pytest.mark.parametrize(
    "module",
    [
        "normalise",
        "citizen_id",
        "uscc",
        "organisation_code",
        "registration_number",
        "certificate_id",
        "division_code",
        "document",
        "masks",
        "digests",
    ],
)
def test_the_worked_examples_hold(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"jishi.identifiers.{module}"))
    assert result.attempted > 0
    assert result.failed == 0


def _person(raw: str | None) -> list[dict[str, Any]]:
    """Facts of one number by the scalar and by the columnar form."""
    one = document.check(raw, DIVISIONS, TODAY)
    many = columns.person_documents(pl.Series([raw, "110105491231002"], dtype=pl.String), DIVISIONS, TODAY)
    return [_facts(one), many.row(0, named=True)]


def _uscc(raw: str) -> list[dict[str, Any]]:
    return [_facts(uscc.check(raw)), columns.usccs(pl.Series([raw, None]), DIVISIONS).row(0, named=True)]


def _facts(checked: Checked) -> dict[str, Any]:
    return {name: getattr(checked, name) for kind in type(checked).__mro__ for name in getattr(kind, "__slots__", ())}
