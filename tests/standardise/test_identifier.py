"""Identifiers in the batch: which route a number takes, what is sealed, what is derived from it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from jishi.standardise.batch import standardise
from jishi.standardise.plan import Take

GOOD = "110105188912310023"
CODE = ("code",)


@pytest.fixture(scope="module")
def organisations(plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame]) -> Callable[..., pl.DataFrame]:
    takes = (
        Take("uscc", CODE, "uscc"),
        Take("reg_no_legacy", CODE, "registration_number"),
        Take("org_code", CODE, "uscc_org_code"),
        Take("entity_category_code", CODE, "uscc_category"),
        Take("reg_division_code", CODE, "uscc_division"),
        Take("parent_entity_uscc", CODE, "uscc_or_none"),
    )
    plan = plan_for("legal_entity", *takes, key=CODE)
    return lambda *codes: standardise(raw_of({"code": codes}), plan)


def test_one_column_of_codes_feeds_six_elements(organisations: Callable[..., pl.DataFrame]) -> None:
    row = organisations(" 91330100799655058b").row(0, named=True)
    assert (row["uscc"], row["uscc__read"], row["uscc__scheme"]) == ("91330100799655058B", "ok", "uscc")
    assert row["uscc__check_expected"] == row["uscc__check_actual"] == "B"
    assert (row["org_code"], row["entity_category_code"], row["reg_division_code"]) == ("799655058", "91", "330100")
    assert row["parent_entity_uscc"] == "91330100799655058B"
    assert (row["reg_no_legacy"], row["reg_no_legacy__read"]) == (None, None)


@pytest.mark.parametrize("number", ["320500000012347", "3205001234567"])
def test_numbers_of_before_2015_are_registration_numbers(
    organisations: Callable[..., pl.DataFrame], number: str
) -> None:
    row = organisations(number).row(0, named=True)
    assert (row["reg_no_legacy"], row["reg_no_legacy__read"]) == (number, "ok")
    assert [row[name] for name in ("uscc", "uscc__read", "uscc__lookup", "org_code")] == [None] * 4
    assert (row["reg_no_legacy__check_expected"] is None) == (len(number) == 13)
    assert row["source_key"] is not None


@pytest.mark.parametrize(
    ("code", "read"),
    [
        ("91440300192203821O", "characters"),
        ("9144030019220382", "length"),
        ("9.1440300192e+17", "precision_lost"),
        ("苏企字001", "length"),
    ],
)
def test_a_code_of_another_form_is_a_faulty_code_with_a_reason(
    organisations: Callable[..., pl.DataFrame], code: str, read: str
) -> None:
    row = organisations(code).row(0, named=True)
    assert (row["uscc"], row["uscc__read"], row["uscc__lookup"], row["parent_entity_uscc"]) == (None, read, None, None)
    assert row["reg_no_legacy__read"] is None


def test_zeros_are_a_fact_and_an_unknown_category_is_no_fault_of_its_own(
    organisations: Callable[..., pl.DataFrame],
) -> None:
    row = organisations("000000000000000000").row(0, named=True)
    assert (row["uscc__zeros"], row["uscc__category_known"]) == (True, False)
    assert (row["entity_category_code"], row["entity_category_code__known"]) == (None, None)


def test_a_sealed_number_leaves_only_mask_lookup_and_cipher(
    plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame]
) -> None:
    plan = plan_for("natural_person", Take("id_number", ("n",)), Take("birth_date", ("b",)), key=("n",))
    numbers = [GOOD, "'" + GOOD, "110105491231002", "H1234567802", "3.2E+17", None]
    births = ["1889-12-31", "1889", "1949-12-31", None, None, None]
    frame = standardise(raw_of({"n": numbers, "b": births}), plan)
    assert frame["id_number"].to_list()[:4] == [
        "110***********0023",
        "110***********0023",
        "110***********002X",
        "H1*****78",
    ]
    assert frame["id_number__read"].to_list() == ["ok", "ok", "ok", "ok", "precision_lost", None]
    assert frame["id_number__lookup"][0] == frame["id_number__lookup"][1]
    opened = plan.sealer.open_column(frame["id_number__lookup"], frame["id_number__cipher"])
    assert opened.to_list() == [GOOD, GOOD, "11010519491231002X", "H12345678", None, None]
    assert frame["id_number__birth_prefix"].to_list()[:4] == ["18891231", "1889", "19491231", None]
    assert frame["id_number__scheme"].to_list()[3:] == ["hk_macau_permit", None, None]
    clear = frame.select(pl.concat_str(pl.all().cast(pl.String).fill_null("")))[:, 0]
    assert not clear.str.contains(GOOD).any()
    assert not clear.str.contains("11010519491231002X").any()


@pytest.mark.parametrize(
    ("raw", "code", "level", "read"),
    [
        ("32", "320000", "province", "ok"),
        ("3205", "320500", "prefecture", "ok"),
        ("320505", "320505", "county", "ok"),
        ("156320500", "320500", "prefecture", "ok"),
        ("320505001", "320505001", "town", "ok"),
        ("320505001002", "320505001002", "village", "ok"),
        ("419001000", "419001000", "county", "ok"),
        ("32050", None, None, "length"),
        ("32O505", None, None, "characters"),
        (None, None, None, None),
    ],
)
def test_division_codes_are_padded_and_say_their_level(
    plan_for: Callable[..., Any],
    raw_of: Callable[..., pl.DataFrame],
    raw: str | None,
    code: str | None,
    level: str | None,
    read: str | None,
) -> None:
    takes = (
        Take("place_type", constant="division"),
        Take("place_name", ("name",)),
        Take("code_system", constant="nbs"),
        Take("division_code", CODE, "division_code"),
        Take("division_level_code", CODE, "division_level"),
        Take("parent_code", ("parent",), "division_code"),
    )
    plan = plan_for("place", *takes, key=CODE)
    row = standardise(raw_of({"code": [raw], "name": ["某地"], "parent": ["0"]}), plan).row(0, named=True)
    assert (row["division_code"], row["division_code__read"], row["parent_code"]) == (code, read, None)
    assert row["division_code__scheme"] == (None if code is None else f"division_nbs_{level}")
    assert row["division_code__expected"] is (code is not None)
    assert row["division_code__name"] == (None if code is None else "某地")
    if read in ("ok", None):
        assert row["division_level_code"] == level
    assert row["division_code__known"] == (None if code is None else True)


def test_a_city_without_counties_stands_at_two_levels_under_two_keys(
    plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame]
) -> None:
    takes = (
        Take("code_system", constant="nbs"),
        Take("division_code", CODE, "division_code"),
        Take("division_level_code", CODE, "division_level", params={"digits": "by_length"}),
    )
    frame = standardise(raw_of({"code": ["4419", "441900"]}), plan_for("place", *takes, key=CODE))
    assert frame["division_code"].to_list() == ["441900", "441900"]
    assert frame["division_level_code"].to_list() == ["prefecture", "county"]
    assert frame["division_code__scheme"].to_list() == ["division_nbs_prefecture", "division_nbs_county"]
    assert frame["source_key"].n_unique() == 2


def test_a_level_may_be_counted_by_depth(plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame]) -> None:
    take = Take("division_level_code", ("deep",), "division_level", params={"digits": "by_deep"})
    frame = standardise(raw_of({"deep": ["0", "1", "2", "3", "7"]}), plan_for("place", take, key=("deep",)))
    assert frame["division_level_code"].to_list() == ["province", "prefecture", "county", "town", None]
    assert frame["division_level_code__known"].to_list() == [True, True, True, True, False]


def test_an_address_has_no_division_code_and_needs_none(
    plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame]
) -> None:
    takes = (
        Take("place_type", constant="address"),
        Take("division_code", CODE, "division_code"),
        Take("address_code", ("a",)),
    )
    raw = raw_of({"code": [None, None], "a": ["sz-0001", "地址一"]})
    frame = standardise(raw, plan_for("place", *takes, key=("a",)))
    assert frame["division_code__expected"].to_list() == [True, True]
    assert frame["address_code"].to_list() == ["SZ-0001", None]
    assert frame["address_code__read"].to_list() == ["ok", "characters"]
