"""What credit feeds write: sums in any unit, several categories in a cell, things that are no organ's name."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from jishi.dictionary.calendar import Calendar
from jishi.dictionary.codes import CodeList
from jishi.dictionary.credit import CreditRules
from jishi.settings import Settings
from jishi.standardise.batch import standardise
from jishi.standardise.category import read_categories
from jishi.standardise.decision import document_numbers
from jishi.standardise.money import read_yuan
from jishi.standardise.numeral import with_digits
from jishi.standardise.organ import organ_forms
from jishi.standardise.plan import Take
from jishi.standardise.sums import agree_with_text


@pytest.mark.parametrize(
    ("text", "yuan", "bare", "read"),
    [
        ("0.5", "5000", True, "ok"),
        ("5", "50000", True, "ok"),
        ("0", "0", True, "ok"),
        ("0.000001", "0.01", True, "ok"),
        ("1,234.5", "12345000", True, "ok"),
        ("5,000元", "5000", False, "ok"),
        ("0.5万元", "5000", False, "ok"),
        ("0.5(万元)", "5000", False, "ok"),
        ("人民币5000元整", "5000", False, "ok"),
        ("¥5000", "5000", False, "ok"),
        ("伍仟元", "5000", False, "ok"),
        ("人民币伍仟元整", "5000", False, "ok"),
        ("贰拾万零叁佰元", "200300", False, "ok"),
        ("壹万贰仟叁佰肆拾伍元陆角柒分", "12345.67", False, "ok"),
        ("一亿二千万元", "120000000", False, "ok"),
        ("伍万", "50000", False, "ok"),  # in words a sum is in yuan
        ("伍仟", "5000", False, "ok"),
        ("五", "50000", True, "ok"),  # and a mere digit is a number like any other
        ("100万美元", None, False, "unreadable"),
        ("约五千", None, False, "unreadable"),
        ("5000元左右", None, False, "unreadable"),
        ("1E+4", None, True, "precision_lost"),
        (None, None, None, None),
    ],
)
def test_sums_come_out_in_yuan(
    code_lists: dict[str, CodeList], text: str | None, yuan: str | None, bare: bool | None, read: str | None
) -> None:
    found = read_yuan(pl.Series([text], dtype=pl.String), code_lists["currency"], 20, 2).row(0, named=True)
    assert (found["value"], found["read"]) == (None if yuan is None else Decimal(yuan), read)
    assert read != "ok" or found["bare"] is bare


def test_a_bare_number_of_a_feed_in_yuan_is_yuan(code_lists: dict[str, CodeList]) -> None:
    found = read_yuan(pl.Series(["5000", "0.5万元"]), code_lists["currency"], 20, 2, "元")
    assert found["value"].to_list() == [Decimal(5000)] * 2


def test_words_that_hold_no_amount_are_left_alone() -> None:
    for text in ("一般程序", "第三人", "罚款", "万元", ""):
        assert with_digits(text) == text


@pytest.mark.parametrize(
    ("cell", "codes", "known"),
    [
        ("罚款", ["03"], True),
        ("罚款;没收违法所得", ["03", "04"], True),
        ("罚款、没收违法所得、没收非法财物", ["03", "04", "05"], True),
        ("警告,罚款", ["01", "03"], True),
        ("吊销许可证", ["08"], True),
        ("其他-责令改正", ["99"], True),
        ("罚款;没有这种处罚", ["03", None], False),
        ("03", ["03"], True),
    ],
)
def test_several_categories_stand_in_one_cell(
    code_lists: dict[str, CodeList], cell: str, codes: list[str | None], known: bool
) -> None:
    found = read_categories(pl.Series([cell]), code_lists["penalty_category"]).row(0, named=True)
    assert [item.get("code") for item in json.loads(found["value"])] == codes
    assert found["known"] is known


def test_a_number_of_a_document_is_spelled_in_one_way() -> None:
    spelled = [
        "苏罚[2023]6号",
        "苏罚（2023）6号",
        "苏罚(2023) 6号",
        "苏罚【2023】6号",
        "苏罚〔2023〕6号",
        "苏 罚〔2023〕6号",
    ]
    assert set(document_numbers(pl.Series(spelled))) == {"苏罚〔2023〕6号"}
    assert document_numbers(pl.Series(["甲(一)2023", "第5号"])).to_list() == ["甲(一)2023", "第5号"]


@pytest.mark.data
def test_what_stood_in_published_reports_for_an_organ_is_no_name(shared_data: Path) -> None:
    path = shared_data / "06_credit" / "real_dirty_values_seen_in_credit_reports.csv"
    with path.open(encoding="utf-8-sig", newline="") as text:
        values = [row["值"] for row in csv.DictReader(text) if row["字段"].endswith("机关")]
    forms = dict(zip(values, organ_forms(pl.Series(values)), strict=True))
    assert len(values) == 8
    named = [value for value, form in forms.items() if form == "ok"]
    assert named == ["汕头市自然资源局(根据省政府令第270号,受省林业局委托)"]  # an organ, acting for another


def test_real_names_of_organs_are_names() -> None:
    names = ["苏州市市场监督管理局", "常德市数据局", "苏州工业园区规划建设委员会", "国家税务总局苏州市税务局", None]
    assert organ_forms(pl.Series(names)).to_list() == ["ok", "ok", "ok", "ok", None]


@pytest.mark.parametrize(
    ("amount", "content", "agrees"),
    [
        (5000, "处以罚款5000元", True),
        (5000, "罚款人民币0.5万元", True),
        (5000, "罚款伍仟元整，没收违法所得100元", True),
        (50_000_000, "罚款5,000元", False),
        (Decimal("0.5"), "罚款5,000元", False),
        (5000, "罚款300元", None),
        (5000, "警告", None),
        (0, "罚款0元", True),
        (None, "罚款5000元", None),
    ],
)
def test_an_amount_is_held_against_the_words_of_its_decision(amount: Any, content: str, agrees: bool | None) -> None:
    value = pl.Series([None if amount is None else Decimal(amount)], dtype=pl.Decimal(38, 2))
    assert agree_with_text("fine", value, pl.Series([content])).to_list() == [agrees]


def test_terms_end_on_the_day_of_the_same_number(
    plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame]
) -> None:
    settings = Settings()
    takes = (
        Take("record_class", constant="3"),
        Take("decided_on", ("d",)),
        Take("severity_grade_code", ("g",)),
    )
    plan = plan_for(
        "credit_record",
        *takes,
        calendar=Calendar.load(settings.dictionaries_dir / "calendar"),
        credit=CreditRules.load(settings.dictionaries_dir / "credit"),
    )
    decided = ["2026-08-31", "2026-11-30", "2028-02-29", "2026-05-06", None]
    raw = raw_of({"rec_id": list("12345"), "d": decided, "g": ["一般", "一般", "严重", None, "一般"]})
    frame = standardise(raw, plan)
    assert frame["publicity_min_until"].to_list() == [
        date(2026, 11, 30),
        date(2027, 2, 28),
        date(2029, 2, 28),
        None,
        None,
    ]
    assert frame["publicity_max_until"].to_list()[:3] == [date(2027, 8, 31), date(2027, 11, 30), date(2031, 2, 28)]
    assert frame["decided_on__late"].to_list() == [True, False, None, True, None]


def test_without_rules_and_calendar_nothing_is_guessed(
    plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame]
) -> None:
    takes = (Take("record_class", constant="3"), Take("decided_on", ("d",)), Take("severity_grade_code", ("g",)))
    frame = standardise(
        raw_of({"rec_id": ["1"], "d": ["2026-01-01"], "g": ["严重"]}), plan_for("credit_record", *takes)
    )
    row = frame.row(0, named=True)
    names = ("publicity_min_until", "publicity_max_until", "withheld_from", "decided_on__late")
    assert [row[name] for name in names] == [None] * 4


@pytest.mark.parametrize(
    ("code", "kind", "scheme", "shown", "read"),
    [
        ("914403001922038216", "001", "uscc", "914403001922038216", "ok"),
        ("914403001922038217", "001", "uscc", "914***********8217", "ok"),  # not a right code: nobody vouches for it
        ("11010519491231002X", "001", "uscc", "110***********002X", "ok"),
        ("11010519491231002X", "111", "citizen", "110***********002X", "ok"),
        ("11010519491231002X", None, "citizen", "110***********002X", "ok"),
        ("914403001922038216", None, "uscc", "914403001922038216", "ok"),
        ("914403001922038216", "111", "citizen", "914***********8216", "ok"),
        ("E12345678", "414", "passport", "E1*****78", "ok"),
        ("ABC-1234567890123", "099", "other_organisation", "ABC**********0123", "ok"),
    ],
)
def test_whose_number_a_holders_code_is_says_its_type(
    plan_for: Callable[..., Any],
    raw_of: Callable[..., pl.DataFrame],
    code: str,
    kind: str | None,
    scheme: str | None,
    shown: str | None,
    read: str,
) -> None:
    takes = (Take("holder_code", ("n",)), Take("holder_code_type", ("t",)))
    row = standardise(raw_of({"rec_id": ["1"], "n": [code], "t": [kind]}), plan_for("certificate", *takes)).row(
        0, named=True
    )
    assert (row["holder_code__scheme"], row["holder_code"], row["holder_code__read"]) == (scheme, shown, read)
    assert (row["holder_code__cipher"] is None) == (shown is None)
