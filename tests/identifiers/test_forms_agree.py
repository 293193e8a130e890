"""The scalar and the columnar form of every check give the same, and python-stdnum's formulas agree with ours."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from stdnum.cn import ric
from stdnum.cn import uscc as stdnum_uscc
from stdnum.iso7064 import mod_11_2, mod_11_10, mod_37_36

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
from jishi.identifiers.normalise import normalise

TODAY = date(2026, 11, 21)
DIVISIONS = frozenset({"110105", "320506", "320505", "430702", "not a code", "32050600"})

_dress = st.sampled_from(["", " ", "'", "\u200b", "\u3000", "\ufeff", "\t", "x", "O", "１", ".0", "E+17", "-", "（A）"])
_free = st.text(st.characters(exclude_categories=["Cs", "Cn"]), max_size=24)


def _dressed(plain: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    """Mostly well-formed values, some with something before, behind or within; and texts of any kind."""

    def place(value: str, dress: str, at: int) -> str:
        return value[:at] + dress + value[at:]

    return st.one_of(plain, st.builds(place, plain, _dress, st.integers(0, 20)), _free, st.none())


_births = st.dates(date(1840, 1, 1), date(2030, 1, 1)).map(lambda day: day.strftime("%Y%m%d"))
_heads = st.sampled_from(["320506", "110105", "329999", "810000", "820000", "911156"])
_serials = st.integers(0, 999).map("{:03d}".format)
_bodies = st.builds(lambda head, birth, serial: head + birth + serial, _heads, _births, _serials)
_citizens = st.builds(lambda body, last: body + last, _bodies, st.sampled_from("0123456789X"))
_right = _bodies.map(lambda body: body + citizen_id.check_character(body))
_old = st.builds(lambda body: body[:6] + body[8:], _bodies)
_shapes = st.from_regex(
    "[A-Z]{0,3}[0-9]{5,15}|[HM][0-9]{8,10}|[0-9]{10}\\([A-Z]\\)|[军南]字第?[0-9]{6,8}号", fullmatch=True
)
_codes = st.text(uscc.ALPHABET, min_size=17, max_size=17).map(lambda body: body[:2] + "320505" + body[8:])
_usccs = st.one_of(
    _codes.map(lambda body: body + uscc.check_character(body)),
    st.text(uscc.ALPHABET + "IO", min_size=17, max_size=19),
    st.just("0" * 18),
)
_digits = st.text("0123456789", min_size=1, max_size=18)


def _certificate(issuer: str, serial: str, version: int, root: bool, right: bool) -> str:
    body = f"11100000000013338W011{issuer}{serial}{version:03}"
    check = certificate_id.check_character(body) if right else "0"
    text = f"11100000000013338W011.{issuer}.{serial}.{version:03}.{check}"
    return f"{certificate_id.ROOT}.{text}" if root else text


_certificates = st.builds(
    _certificate,
    st.sampled_from(["11430000006122244L", "340100"]),
    st.text("0123456789ABCDEF", min_size=1, max_size=33),
    st.integers(0, 999),
    st.booleans(),
    st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(_dressed(st.one_of(_citizens, _right, _old, _shapes)), min_size=1, max_size=40))
def test_documents_read_the_same_one_by_one_and_in_columns(raw: list[str | None]) -> None:
    found = columns.person_documents(pl.Series(raw, dtype=pl.String), DIVISIONS, TODAY)
    for value, facts in zip(raw, found.iter_rows(named=True), strict=True):
        one = document.check(value, DIVISIONS, TODAY)
        assert facts == {name: getattr(one, name) for name in found.columns}


@settings(max_examples=60, deadline=None)
@given(st.lists(_dressed(_usccs), min_size=1, max_size=40))
def test_credit_codes_read_the_same_one_by_one_and_in_columns(raw: list[str | None]) -> None:
    found = columns.usccs(pl.Series(raw, dtype=pl.String), DIVISIONS)
    for value, facts in zip(raw, found.iter_rows(named=True), strict=True):
        one = uscc.check(value)
        known = None if one.division is None else one.division in {*DIVISIONS, "100000"}
        assert facts.pop("division_known") == known
        assert facts == {name: getattr(one, name) for name in facts}


@settings(max_examples=40, deadline=None)
@given(st.lists(_dressed(_digits), min_size=1, max_size=40))
@example(["0000ß¸00"])
def test_numbers_and_divisions_read_the_same_one_by_one_and_in_columns(raw: list[str | None]) -> None:
    column: pl.Series = pl.Series(raw, dtype=pl.String)
    for found, check in (
        (columns.registration_numbers(column), registration_number.check),
        (columns.organisation_codes(column), organisation_code.check),
        (columns.division_codes(column), division_code.check),
    ):
        for value, facts in zip(raw, found.iter_rows(named=True), strict=True):
            one = check(value)
            assert facts == {name: getattr(one, name) for name in found.columns}


@settings(max_examples=80, deadline=None)
@given(st.lists(_dressed(_certificates), min_size=1, max_size=40))
def test_certificate_identifiers_read_the_same_one_by_one_and_in_columns(raw: list[str | None]) -> None:
    found = columns.certificate_ids(pl.Series(raw, dtype=pl.String))
    for value, facts in zip(raw, found.iter_rows(named=True), strict=True):
        one = certificate_id.check(value)
        assert facts == {name: getattr(one, name) for name in found.columns}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(_free, _citizens), min_size=1, max_size=40))
@example(["ß¸", "s¸"])
def test_normalising_is_the_same_in_columns_and_changes_nothing_the_second_time(raw: list[str]) -> None:
    once = columns.normalise_column(pl.Series(raw))
    assert once.to_list() == [normalise(value) or None for value in raw]
    assert columns.normalise_column(once).to_list() == once.to_list()


@settings(max_examples=100, deadline=None)
@given(
    _bodies, st.text("0123456789", min_size=14, max_size=14), _codes, st.text(organisation_code.ALPHABET, min_size=40)
)
def test_the_formulas_agree_with_python_stdnum(citizen: str, number: str, code: str, certificate: str) -> None:
    assert citizen_id.check_character(citizen) == ric.calc_check_digit(citizen + "0")
    assert citizen_id.check_character(citizen) == mod_11_2.calc_check_digit(citizen)
    assert registration_number.check_digit(number) == mod_11_10.calc_check_digit(number)
    assert certificate_id.check_character(certificate) == mod_37_36.calc_check_digit(certificate)
    assert uscc.check_character(code) == stdnum_uscc.calc_check_digit(code)


@pytest.mark.data
def test_real_enterprise_codes_read_as_they_were_measured(shared_data: Path) -> None:
    folder = shared_data / "03_legal_entities"
    raw = pl.read_csv(folder / "suzhou_1978_2004_utf8.csv", infer_schema=False)["统一社会信用代码"]
    codes = columns.usccs(raw, DIVISIONS)
    assert (codes["read"] == "ok").sum() == 15_285
    assert ((codes["read"] == "ok") & (codes["check_expected"] == codes["check_actual"])).sum() == 15_285
    numbers = columns.registration_numbers(raw)
    assert (numbers["check_expected"] == numbers["check_actual"]).sum() == 425
    assert (numbers["value"].str.len_chars() == 13).sum() == 5


@pytest.mark.data
def test_every_number_of_the_invented_people_reads_and_has_a_right_birth_year(shared_data: Path) -> None:
    for name in ("04_persons/synthetic_cn_persons_dev_records.csv", "04_persons_hard/cn_persons_records.csv"):
        raw = pl.read_csv(shared_data / name, infer_schema=False)["公民身份号码"]
        facts = columns.person_documents(raw, DIVISIONS, TODAY)
        assert set(facts["read"].drop_nulls()) == {"ok"}
        right = facts.filter(pl.col("check_expected") == pl.col("check_actual"))
        assert right["birth"].str.slice(0, 4).cast(pl.Int32).is_between(1880, 1899).all()
        assert right["birth_real"].all()
