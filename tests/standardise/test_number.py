"""Numbers, amounts with unit and currency, coded values."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from jishi.dictionary.codes import CodeList
from jishi.standardise.code import map_codes
from jishi.standardise.items import read_items
from jishi.standardise.money import read_currencies, read_money
from jishi.standardise.number import read_booleans, read_decimals, read_integers
from jishi.standardise.text import tidy


@pytest.mark.parametrize(
    ("text", "value", "read"),
    [
        ("12500", "12500", "ok"),
        ("12,500.5", "12500.5", "ok"),
        ("１２，５００", "12500", "ok"),
        ("-0.5", "-0.5", "ok"),
        ("1,234,567.891", "1234567.89", "ok"),
        ("12,50", None, "unreadable"),
        ("1.2.3", None, "unreadable"),
        ("12a", None, "unreadable"),
        ("1.25E+8", None, "precision_lost"),
        ("1e5", None, "precision_lost"),
        ("1" * 19, None, "out_of_range"),
        ("1" * 60, None, "out_of_range"),
        (None, None, None),
    ],
)
def test_decimals(text: str | None, value: str | None, read: str | None) -> None:
    found = read_decimals(tidy(pl.Series([text], dtype=pl.String)), 20, 2).row(0)
    assert found == (None if value is None else Decimal(value), read)


def test_integers_and_booleans() -> None:
    assert read_integers(pl.Series(["1,200", "3.0", "3.5", "x", None])).rows() == [
        (1200, "ok"),
        (3, "ok"),
        (None, "unreadable"),
        (None, "unreadable"),
        (None, None),
    ]
    assert read_booleans(pl.Series(["是", "FALSE", "?", None])).rows() == [
        (True, "ok"),
        (False, "ok"),
        (None, "unreadable"),
        (None, None),
    ]


@pytest.mark.parametrize(
    ("text", "amount", "currency"),
    [
        ("12,500(万元人民币)", "12500", "CNY"),
        ("12,500（万元人民币）", "12500", "CNY"),
        ("2800万人民币", "2800", "CNY"),
        ("150万元人民币", "150", "CNY"),
        ("5000万人民币元", "5000", "CNY"),
        ("247.212314万人民币", "247.212314", "CNY"),
        ("100(万元)", "100", "CNY"),
        ("100万元整", "100", "CNY"),
        ("100(万)", "100", None),
        ("100()", "100", None),
        ("100", "100", None),
        ("913(万美元)", "913", "USD"),
        ("2(万元美元)", "2", "USD"),
        ("500美元", "0.05", "USD"),
        ("8(万港币)", "8", "HKD"),
        ("3,000(万香港元)", "3000", "HKD"),
        ("9(万日元)", "9", "JPY"),
        ("9(万新加坡元)", "9", "SGD"),
        ("3(万德国马克)", "3", "DEM"),
        ("1(万丹麦克郎)", "1", "DKK"),
        ("1000000元", "100", "CNY"),
        ("人民币100万元", "100", "CNY"),
        ("0.5亿元", "5000", "CNY"),
        ("USD 20万", "20", "USD"),
    ],
)
def test_amounts_in_every_spelling_of_real_registers(
    code_lists: dict[str, CodeList], text: str, amount: str, currency: str | None
) -> None:
    money = read_money(tidy(pl.Series([text])), code_lists["currency"], 20, 6)
    assert (money["value"][0], money["read"][0]) == (Decimal(amount), "ok")
    known = None if currency is None else True
    assert read_currencies(money, code_lists["currency"], None).row(0) == (currency, known)


@pytest.mark.parametrize(
    ("text", "read", "known"),
    [
        ("JEAN", "unreadable", None),
        ("100(万吨)", "unreadable", False),
        ("1,2(万元)", "unreadable", True),
        ("1e5(万元)", "precision_lost", True),
        ("99999999999999999(亿元)", "out_of_range", True),
        (None, None, None),
    ],
)
def test_amounts_that_cannot_be_read(
    code_lists: dict[str, CodeList], text: str | None, read: str | None, known: bool | None
) -> None:
    money = read_money(tidy(pl.Series([text], dtype=pl.String)), code_lists["currency"], 20, 6)
    assert (money["value"][0], money["read"][0]) == (None, read)
    currencies = read_currencies(money, code_lists["currency"], None)
    assert currencies["known"][0] == known or (known and currencies["known"][0] is None)


def test_a_source_may_declare_unit_and_currency_of_bare_numbers(code_lists: dict[str, CodeList]) -> None:
    money = read_money(pl.Series(["1000000"]), code_lists["currency"], 20, 6, unit="元")
    assert money["value"][0] == Decimal(100)
    assert read_currencies(money, code_lists["currency"], "CNY").row(0) == ("CNY", True)


@pytest.mark.parametrize(
    ("name", "text", "value", "known"),
    [
        ("sex", "男", "1", True),
        ("sex", "Ｆ", "2", True),
        ("sex", "f", "2", True),
        ("sex", "3", None, False),
        ("sex", None, None, None),
        ("ethnicity", "汉", "01", True),
        ("ethnicity", "1", "01", True),
        ("ethnicity", "01", "01", True),
        ("ethnicity", "汉 族", "01", True),
        ("ethnicity", "火星族", None, False),
        ("entity_status", "存续（在营、开业、在册）", "1", True),
        ("country", "156", "CHN", True),
    ],
)
def test_codes(code_lists: dict[str, CodeList], name: str, text: str | None, value: str | None, known: bool) -> None:
    assert map_codes(tidy(pl.Series([text], dtype=pl.String)), code_lists[name]).row(0) == (value, known)


def test_items_are_json_of_the_declared_members_only() -> None:
    cells = pl.Series(["苏州甲厂；苏州乙厂", '[{"name":"丙厂","x":1}]', "[1", '["丁厂"]', None])
    assert read_items(cells, ("name",)).to_list() == [
        '[{"name": "苏州甲厂"}, {"name": "苏州乙厂"}]',
        '[{"name": "丙厂"}]',
        '[{"name": "[1"}]',
        '[{"name": "丁厂"}]',
        None,
    ]
