"""Decisions and certificates of the demo city: their parties are the city's, their numbers compute, their days agree."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from jishi.dictionary.calendar import Calendar
from jishi.identifiers import certificate_id, citizen_id
from jishi.settings import City, Settings
from jishi_ingest.demo.citizens import stranger
from jishi_ingest.demo.days import FRESH, SETTLED, Days, days_of, months_on
from jishi_ingest.demo.entities import COMPANY, enterprises, with_branches
from jishi_ingest.demo.generate import generate
from jishi_ingest.demo.ground import lay_out
from jishi_ingest.demo.manifest import Manifest

TODAY = date(2026, 7, 1)
CERTIFICATES = {"certificates_entities.csv": "utf-8-sig", "certificates_persons.csv": "gb18030"}
Rows = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    return generate(900, 4, tmp_path_factory.mktemp("city"), today=TODAY)


@pytest.fixture(scope="module")
def rows(city: Manifest) -> Rows:
    """File → rows, of files in text."""
    files = {delivery.file: delivery.encoding for delivery in city.deliveries if delivery.file.endswith(".csv")}
    return {file: _read(city.folder / file, encoding or "utf-8") for file, encoding in files.items()}


def test_seven_working_days_have_passed_for_the_backlog_and_not_for_fresh_decisions() -> None:
    calendar = Calendar.load(Settings().dictionaries_dir / "calendar")
    for shift in range(0, 900, 7):
        today = TODAY - timedelta(days=shift)
        assert (calendar.working_days_between(today - timedelta(days=SETTLED), today) or 0) > 7
        for age in range(1, FRESH + 3):  # ingested as late as two days after
            assert (calendar.working_days_between(today - timedelta(days=age), today) or 0) <= 7


def test_what_no_notice_allows_to_count_is_not_late() -> None:
    dictionaries = Settings().dictionaries_dir
    known = days_of(TODAY, dictionaries, clean=False)
    assert known.counted_from == date(2019, 1, 1)
    assert known.is_late(date(2026, 5, 1))
    assert not known.is_late(date(2018, 12, 31))
    assert not days_of(date(2099, 7, 1), dictionaries, clean=False).is_late(date(2099, 5, 1))
    assert Days(TODAY, None, clean=False).ago(1) == date(2026, 6, 30)
    assert months_on(date(2025, 12, 31), 2) == date(2026, 2, 28)


def test_another_day_changes_decisions_but_neither_persons_nor_enterprises(city: Manifest, tmp_path: Path) -> None:
    other = generate(900, 4, tmp_path, today=TODAY + timedelta(days=30))
    assert (city.today, other.today) == ("2026-07-01", "2026-07-31")
    alike = {file.name for file in tmp_path.iterdir() if file.read_bytes() == (city.folder / file.name).read_bytes()}
    assert {"population_police.csv", "enterprises.csv", "places.csv"} <= alike
    assert not {"licences.csv", "penalties.csv", "certificates_persons.csv"} & alike


def test_identifiers_of_certificates_compute_and_name_their_issuer(city: Manifest, rows: Rows) -> None:
    wrong = {(plant["file"], int(plant["row"])) for plant in _truth(city) if plant["detail"] == "wrong check character"}
    for file in CERTIFICATES:
        for number, row in enumerate(rows[file], 1):
            read = certificate_id.check(row["电子证照标识"])
            assert (read.check_expected == read.check_actual) is ((file, number) not in wrong)
            assert (read.issuer_code, read.type_code) == (row["证照颁发机构代码"], row["证照类型代码"])


def test_a_later_version_follows_the_one_it_names(rows: Rows) -> None:
    known = {row["电子证照标识"]: row for file in CERTIFICATES for row in rows[file]}
    followers = [row for row in known.values() if row["关联证照标识"]]
    assert len(followers) >= 3
    for row in followers:
        before = known[row["关联证照标识"]]
        assert before["持证主体代码"] == row["持证主体代码"]
        assert row["操作类型"] == "延续"
        numbers = [certificate_id.check(one["电子证照标识"]) for one in (before, row)]
        assert numbers[0].serial == numbers[1].serial
        assert int(numbers[1].version or 0) == int(numbers[0].version or 0) + 1


def test_days_of_certificates_are_in_order_and_far_from_the_day_of_delivery(rows: Rows) -> None:
    for file in CERTIFICATES:
        for row in rows[file]:
            issued = date.fromisoformat(row["证照颁发日期"])
            assert date.fromisoformat(row["初领日期"]) <= issued <= TODAY
            if row["证照有效期截止日期"] != "长期":
                until = date.fromisoformat(row["证照有效期截止日期"])
                assert date.fromisoformat(row["证照有效期起始日期"]) <= until
                assert abs((until - TODAY).days) >= 2


def test_holders_and_parties_live_in_the_city_but_for_those_planted(city: Manifest, rows: Rows) -> None:
    codes = {row["统一社会信用代码"] for row in rows["enterprises.csv"]} | _json_codes(city)
    numbers = {row["公民身份号码"] for row in rows["population_police.csv"]}
    holders = [number for file in CERTIFICATES for row in rows[file] for number in row["持证主体代码"].split("^")]
    unknown = Counter(number in codes | numbers for number in holders)[False]
    assert unknown == sum(plant["expected"] == "pending" for plant in _truth(city))
    coming = {row["统一社会信用代码"] for row in rows["enterprises_new.csv"]}
    for file in ("licences.csv", "penalties.csv", "licences_stock.csv", "credit_lists.csv"):
        for row in rows[file]:
            code = row.get("行政相对人代码_1") or row.get("统一社会信用代码")
            number = row.get("自然人证件号码") or row.get("证件号码")
            assert bool(code) is not bool(number)
            assert code in codes | coming if code else number in numbers


def test_a_certificate_may_have_two_holders(rows: Rows) -> None:
    shared = [row for row in rows["certificates_persons.csv"] if "^" in row["持证主体"]]
    assert shared
    assert all(row["持证主体代码类型代码"] == "111^111" for row in shared)


def test_a_black_list_names_its_statutory_basis(rows: Rows) -> None:
    black = [row for row in rows["credit_lists.csv"] if row["名单类别"] == "严重失信主体名单"]
    assert black
    assert all(row["认定依据"] for row in black)


def test_a_repair_names_a_penalty_of_the_stock_by_number_party_and_day(city: Manifest, rows: Rows) -> None:
    book = CalamineWorkbook.from_path(city.folder / "penalties_stock.xlsx")
    title, header, *body = book.get_sheet_by_index(0).to_python()
    assert "行政处罚" in str(title[0])
    assert body[-1][0] == "合计"
    stock = {
        (record["行政处罚决定书文号"], record["行政相对人代码_1"], record["处罚决定日期"])
        for record in (dict(zip(header, row, strict=True)) for row in body[:-1])
    }
    repairs = rows["credit_repairs.csv"]
    assert repairs
    assert {(row["决定文书号"], row["统一社会信用代码"], row["决定日期"]) for row in repairs} <= stock


def test_branches_name_their_head_office_and_representatives_their_number(city: Manifest, rows: Rows) -> None:
    ground = lay_out(City(), Settings().dictionaries_dir, 3)
    known = with_branches(enterprises(ground, 400, 3, [stranger(ground, n) for n in range(50)]), 3)
    heads = {one.uscc: one for one in known}
    branches = [one for one in known if one.superior]
    assert 5 <= len(branches) <= sum(one.kind == COMPANY for one in known) // 20
    for one in branches:
        assert one.name.startswith(heads[one.superior].name)
        assert not heads[one.superior].superior
    numbered = [one for one in known if one.representative_number]
    assert 0.5 < len(numbered) / len(known) < 0.7
    delivered = [row["法定代表人证件号码"] for row in rows["enterprises.csv"] if row["法定代表人证件号码"]]
    assert set(delivered) <= {row["公民身份号码"] for row in rows["population_police.csv"]}


def test_strangers_are_nobody_of_the_city_and_their_numbers_compute(rows: Rows) -> None:
    ground = lay_out(City(), Settings().dictionaries_dir, 3)
    strangers = [stranger(ground, n).number for n in range(600)]
    assert len(set(strangers)) == 600
    assert not set(strangers) & {row["公民身份号码"] for row in rows["population_police.csv"]}
    for number in strangers:
        read = citizen_id.describe(number)
        assert read.check_expected == read.check_actual


def _read(file: Path, encoding: str) -> list[dict[str, str]]:
    with file.open(encoding=encoding, newline="") as stream:
        return list(csv.DictReader(stream))


def _json_codes(city: Manifest) -> set[str]:
    records = json.loads((city.folder / "enterprises_2.json").read_text(encoding="utf-8"))["erDataList"]
    return {record["code"] for record in records}


def _truth(city: Manifest) -> list[dict[str, str]]:
    return _read(city.folder / "truth.csv", "utf-8")
