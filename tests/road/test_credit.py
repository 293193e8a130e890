"""Credit records down the road: the published files as they are, lateness over moved days, repair and its terms."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

SYNTHETIC = "06_credit/synthetic"
LICENCES, PENALTIES = f"{SYNTHETIC}/licences_SYNTHETIC_utf8.csv", f"{SYNTHETIC}/penalties_SYNTHETIC_gb18030.csv"
NOON = datetime(2026, 5, 20, 4, tzinfo=UTC)
GUID = "39f58a70-a952-4ab2-bf3f-f1aea2655584"


async def deliver(city: Any, source: str, delivery: Any, at: datetime = NOON) -> dict[str, Any]:
    """A delivery that arrived at a given instant."""
    batch = await city.submit(source, city.file(delivery))
    await city.connection.execute("UPDATE jishi.batch SET delivered_at = $2 WHERE batch_id = $1", batch, at)
    receipt: dict[str, Any] = await city.finish(batch)
    assert receipt["fault"] is None, receipt
    return receipt


def read(path: Path, encoding: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(encoding=encoding), newline="")))


def is_no_name(organ: str) -> bool:
    return organ == GUID or organ.endswith("(2)")


@pytest.mark.data
async def test_the_file_of_licences_is_taken_whole(city: Any, shared_data: Path) -> None:
    receipt = await deliver(city, "licences", shared_data / LICENCES)
    rows = read(shared_data / LICENCES, "utf-8-sig")
    assert (receipt["received"], receipt["inserted"], receipt["duplicate"], receipt["quarantined"]) == (81, 80, 1, 0)
    assert (receipt["encoding"], receipt["reasons"], receipt["golden"]["created"]) == ("utf-8-sig", {}, 80)
    assert receipt["warnings"] == {
        "credit_record.decided_on.late": 80,
        "credit_record.organ_uscc.stated": 80,
        "credit_record.organ_name.is_a_name": sum(is_no_name(row["许可机关"]) for row in rows[:80]),
        "credit_record.cp_uscc.division_known": 80,  # 999999
    }
    found = await city.rows("SELECT * FROM jishi.credit_record")
    assert sum(row["valid_to"] is not None for row in found) == sum(
        row["有效期至"][:2] == "20" and "2099" not in row["有效期至"] for row in rows[:80]
    )
    kinds = {"普通": "01", "特许": "02", "认可": "03", "核准": "04", "登记": "05", "其他-备案": "06"}
    assert sorted(row["licence_type"] for row in found) == sorted(kinds[row["许可类别"]] for row in rows[:80])
    assert {row["record_class"] for row in found} == {"2"} and {row["fine"] for row in found} == {None}


@pytest.mark.data
async def test_the_file_of_penalties_is_taken_but_for_fines_that_are_not_stated(city: Any, shared_data: Path) -> None:
    receipt = await deliver(city, "penalties", shared_data / PENALTIES)
    rows = read(shared_data / PENALTIES, "gb18030")
    assert (receipt["received"], receipt["inserted"], receipt["duplicate"], receipt["quarantined"]) == (81, 74, 1, 6)
    assert (receipt["encoding"], receipt["reasons"]) == ("gb18030", {"credit_record.fine.required_by_category": 6})
    unfined = {
        f"演市监罚字〔{year}〕{number}号"
        for year, number in ((2023, 17), (2024, 37), (2024, 57), (2023, 68), (2023, 74), (2023, 77))
    }
    assert unfined == {
        row["行政处罚决定书文号"] for row in rows if "罚款" in row["处罚类别"] and row["罚款金额(万元)"] in ("", "— —")
    }
    yuan = {"0.5": Decimal(5_000), "5": Decimal(50_000), "5,000元": Decimal(5_000), "": None, "— —": None}
    found = {row["decision_doc_no"]: row for row in await city.rows("SELECT * FROM jishi.credit_record")}
    assert found.keys() == {row["行政处罚决定书文号"] for row in rows[:80]} - unfined
    for row in rows[:80]:
        if row["行政处罚决定书文号"] in found:
            record = found[row["行政处罚决定书文号"]]
            assert record["fine"] == yuan[row["罚款金额(万元)"]]
            assert record["confiscated"] == (0 if row["没收违法所得金额(万元)"] == "0" else None)
            assert [item["name"] for item in _items(record["penalty_categories"])] == row["处罚类别"].split(";")
            assert (record["valid_to"], record["licence_suspended"]) == (None, None)
            assert (record["publicity_until"] - record["decided_on"]).days in range(1092, 1097)
    assert receipt["warnings"] == {
        "credit_record.decided_on.late": 80,
        "credit_record.organ_name.is_a_name": sum(is_no_name(row["处罚机关"]) for row in rows[:80]),
        "credit_record.cp_uscc.division_known": 80,
        "credit_record.fine.category": sum(
            bool(yuan[row["罚款金额(万元)"]]) and "罚款" not in row["处罚类别"] for row in rows[:80]
        ),
    }


@pytest.mark.data
async def test_the_same_files_again_change_nothing(city: Any, shared_data: Path) -> None:
    for source, file in (("licences", LICENCES), ("penalties", PENALTIES)):
        first = await city.deliver(source, shared_data / file)
        again = await city.deliver(source, shared_data / file)
        assert again["unchanged"] == first["inserted"] and again["golden"] == {
            "created": 0,
            "changed": 0,
            "ended": 0,
            "review": 0,
        }
        assert (again["warnings"], again["reasons"]) == (first["warnings"], first["reasons"])
    assert await city.value("SELECT count(DISTINCT record_class) FROM jishi.credit_record") == 2


def penalty(uscc: str, number: str = "苏市监罚〔2026〕1号", **more: object) -> dict[str, object]:
    return {
        "CF_XDR_MC": "苏州某某商贸有限公司",
        "CF_XDR_SHXYM": uscc,
        "CF_WSH": number,
        "CF_WFXW": "无证经营",
        "CF_SY": "某事",
        "CF_YJ": "某法第一条",
        "CF_CFLB": "罚款",
        "CF_NR": "罚款伍仟元",
        "CF_NR_FK": "0.5",
        "CF_JDRQ": "2026-05-06",
        "CF_GSJZQ": "2027-05-06",
        "CF_CFJG": "某市市场监督管理局",
        "CF_SJLY": "某市市场监督管理局",
        **more,
    }


@pytest.mark.parametrize(
    ("decided", "arrived", "late"),
    [
        ("2024-09-27", "2024-10-12", False),  # 09-29 and 10-12 were worked, seven days were off: the seventh day
        ("2024-09-27", "2024-10-14", True),
        ("2024-09-26", "2024-10-12", True),
        ("2025-01-24", "2025-02-10", False),  # 01-26 and 02-08 were worked: 01-26, 01-27, 02-05 … 02-08, 02-10
        ("2025-01-24", "2025-02-11", True),
        ("2018-12-27", "2019-01-30", None),  # nobody entered the notice for 2018
    ],
)
async def test_lateness_is_counted_by_the_calendar_of_moved_days(
    city: Any, invent: dict[str, Callable[..., str]], decided: str, arrived: str, late: bool | None
) -> None:
    rows = [penalty(invent["uscc"](1), CF_JDRQ=decided, CF_GSJZQ="2030-01-01")]
    receipt = await deliver(city, "penalties", rows, datetime.fromisoformat(f"{arrived}T03:00:00+00:00"))
    assert receipt["inserted"] == 1
    assert receipt["warnings"].get("credit_record.decided_on.late", 0) == int(bool(late))


async def test_a_record_is_late_once(city: Any, invent: dict[str, Callable[..., str]]) -> None:
    first = await deliver(city, "penalties", [penalty(invent["uscc"](1))], datetime(2026, 6, 8, 4, tzinfo=UTC))
    assert first["warnings"]["credit_record.decided_on.late"] == 1
    corrected = [penalty(invent["uscc"](1), CF_SY="另一事")]
    second = await deliver(city, "penalties", corrected, datetime(2026, 8, 8, 4, tzinfo=UTC))
    assert "credit_record.decided_on.late" not in second["warnings"]
    assert (second["updated"], second["golden"]["changed"]) == (1, 1)


async def test_one_decision_on_several_parties_gives_several_records(
    city: Any, invent: dict[str, Callable[..., str]]
) -> None:
    rows = [
        penalty(invent["uscc"](1)),
        penalty(invent["uscc"](2), CF_XDR_MC="苏州另一商贸有限公司"),
        penalty("", CF_XDR_MC="张三", CF_XDR_LB="自然人", CF_XDR_ZJLX="身份证", CF_XDR_ZJHM=invent["citizen"](1)),
        penalty("", CF_XDR_MC="张三", CF_XDR_LB="自然人", CF_XDR_ZJLX="身份证", CF_XDR_ZJHM=invent["citizen"](2)),
    ]
    receipt = await deliver(city, "penalties", rows)
    # penalties of natural persons are records like the others, but withheld: the feed does not create them
    assert (receipt["inserted"], receipt["golden"]["created"], receipt["golden"]["review"]) == (4, 2, 0)
    states = await city.rows("SELECT state, count(*) AS n FROM jishi.credit_record GROUP BY 1 ORDER BY 1")
    assert [tuple(row.values()) for row in states] == [("active", 2), ("withheld", 2)]
    spelled = [{**row, "CF_WSH": "苏市监罚[2026] 01号", "CF_SY": "另一事"} for row in rows]
    again = await deliver(city, "penalties", spelled)
    assert (again["updated"], again["golden"]["created"], again["golden"]["changed"]) == (4, 0, 2)


async def test_a_party_without_any_code_is_refused(city: Any) -> None:
    receipt = await deliver(city, "penalties", [penalty("")])
    assert receipt["reasons"] == {"credit_record.counterparty_name.identified": 1}


async def test_an_amount_whose_unit_is_doubtful_is_warned_of(city: Any, invent: dict[str, Callable[..., str]]) -> None:
    rows = [
        penalty(invent["uscc"](1), "甲〔2026〕1号"),
        penalty(invent["uscc"](1), "甲〔2026〕2号", CF_NR_FK="5000"),  # the words say 5,000 yuan: yuan taken for 万元
        penalty(invent["uscc"](1), "甲〔2026〕3号", CF_NR_FK="20000", CF_NR="罚款"),  # without words: 200 million
        penalty(invent["uscc"](1), "甲〔2026〕4号", CF_NR_FK="2亿元", CF_NR="罚款"),  # so large with its unit: believed
        penalty(invent["uscc"](1), "甲〔2026〕5号", CF_NR_FK="伍仟元"),
    ]
    receipt = await deliver(city, "penalties", rows)
    assert (receipt["inserted"], receipt["warnings"]["credit_record.fine.unit"]) == (5, 2)
    warned = await city.rows(
        "SELECT g.decision_doc_no AS number, g.fine FROM jishi.credit_record g JOIN jishi.credit_record_link l USING (uid)"
        " WHERE 'credit_record.fine.unit' = ANY(l.warnings) ORDER BY 1"
    )
    assert [(row["number"], row["fine"]) for row in warned] == [
        ("甲〔2026〕2号", Decimal(50_000_000)),
        ("甲〔2026〕3号", Decimal(200_000_000)),
    ]
    fines = [row["fine"] for row in await city.rows("SELECT fine FROM jishi.credit_record ORDER BY decision_doc_no")]
    assert fines[0] == fines[4] == Decimal(5_000)


async def test_what_policy_or_terms_withhold_says_from_when(city: Any, invent: dict[str, Callable[..., str]]) -> None:
    person = {"CF_XDR_MC": "张三", "CF_XDR_LB": "自然人", "CF_XDR_ZJHM": invent["citizen"](1)}
    rows = [
        penalty(invent["uscc"](1), "甲〔2026〕1号"),
        penalty("", "甲〔2026〕2号", **person),
        penalty(invent["uscc"](1), "甲〔2026〕3号", 失信程度="轻微"),
        penalty(invent["uscc"](1), "甲〔2026〕4号", 失信程度="轻微", 确需公示="是"),
        penalty(invent["uscc"](1), "甲〔2026〕5号", 失信程度="一般"),
        penalty(invent["uscc"](1), "甲〔2026〕6号", 失信程度="严重", CF_GSJZQ="2030-01-01"),
    ]
    receipt = await deliver(city, "penalties", rows)
    assert receipt["inserted"] == 6
    found = await city.rows(
        "SELECT withheld_from, publicity_min_until, publicity_max_until, grade_publication_code AS grade,"
        " party_publication_code AS party FROM jishi.credit_record ORDER BY decision_doc_no"
    )
    assert [tuple(row.values()) for row in found] == [
        (date(2027, 5, 7), None, None, None, None),
        (date(2026, 5, 6), None, None, None, "3"),
        (date(2026, 5, 6), date(2026, 5, 6), date(2026, 8, 6), "2", None),
        (date(2026, 8, 7), date(2026, 5, 6), date(2026, 8, 6), "1", None),
        (date(2027, 5, 7), date(2026, 8, 6), date(2027, 5, 6), "1", None),
        (date(2029, 5, 7), date(2027, 5, 6), date(2029, 5, 6), "1", None),
    ]
    assert receipt["warnings"]["credit_record.publicity_max_until.covers_term_stated"] == 3


async def test_a_city_may_publish_penalties_of_persons(city: Any, invent: dict[str, Callable[..., str]]) -> None:
    city.settings.home_dir.mkdir(parents=True, exist_ok=True)
    (city.settings.home_dir / "city.toml").write_text("publish_person_penalties = true\n", encoding="utf-8")
    row = penalty("", CF_XDR_MC="张三", CF_XDR_LB="自然人", CF_XDR_ZJHM=invent["citizen"](1))
    await deliver(city, "penalties", [row])
    assert await city.value("SELECT withheld_from FROM jishi.credit_record") == date(2027, 5, 7)


async def test_before_the_rules_came_into_force_there_are_no_terms(
    city: Any, invent: dict[str, Callable[..., str]]
) -> None:
    row = penalty(invent["uscc"](1), CF_JDRQ="2026-03-02", 失信程度="一般")
    await deliver(city, "penalties", [row], datetime(2026, 3, 30, 4, tzinfo=UTC))
    assert await city.value("SELECT publicity_max_until FROM jishi.credit_record") is None
    again = await deliver(city, "penalties", [{**row, "CF_SY": "另一事"}], datetime(2026, 4, 1, 4, tzinfo=UTC))
    assert again["updated"] == 1
    assert await city.value("SELECT publicity_max_until FROM jishi.credit_record") == date(2027, 3, 2)


def repair(uscc: str, accepted: str, **more: object) -> dict[str, object]:
    return {
        "修复申请编号": "XF1",
        "信用信息类别": "行政处罚",
        "决定文书号": "苏市监罚（2026）1号",
        "行政相对人名称": "苏州某某商贸有限公司",
        "统一社会信用代码": uscc,
        "决定日期": "2026-05-06",
        "决定机关": "某市市场监督管理局",
        "失信程度": "一般",
        "义务已履行": "是",
        "受理日期": accepted,
        "修复决定日期": "2026-08-20",
        "修复结果": "同意",
        **more,
    }


AUGUST = datetime(2026, 8, 21, 4, tzinfo=UTC)


async def test_a_repair_joins_its_record_and_withholds_it(city: Any, invent: dict[str, Callable[..., str]]) -> None:
    code = invent["uscc"](1)
    await deliver(city, "penalties", [penalty(code)], datetime(2026, 5, 8, 4, tzinfo=UTC))
    receipt = await deliver(city, "credit-repairs", [repair(code, "2026-08-06")], AUGUST)
    assert (receipt["reasons"], receipt["golden"]) == ({}, {"created": 0, "changed": 1, "ended": 0, "review": 0})
    assert "credit_record.decided_on.late" not in receipt["warnings"]
    record = (await city.rows("SELECT * FROM jishi.credit_record"))[0]
    assert (record["repair_result_code"], record["withheld_from"]) == ("1", date(2026, 8, 20))
    assert (record["fine"], record["publicity_until"]) == (Decimal(5_000), date(2027, 5, 6))


async def test_a_repair_before_its_record_waits_for_it(city: Any, invent: dict[str, Callable[..., str]]) -> None:
    code = invent["uscc"](1)
    await deliver(city, "credit-repairs", [repair(code, "2026-08-06")], AUGUST)
    receipt = await deliver(city, "penalties", [penalty(code)], AUGUST)
    # the repair withheld what it repairs before it came
    assert receipt["golden"] == {"created": 0, "changed": 0, "ended": 0, "review": 0}
    record = (await city.rows("SELECT * FROM jishi.credit_record"))[0]
    assert record["state"] == "withheld"
    assert (record["fine"], record["withheld_from"]) == (Decimal(5_000), date(2026, 8, 20))


@pytest.mark.parametrize(
    ("accepted", "more", "reason"),
    [
        ("2026-08-05", {}, "credit_record.repair_accepted_on.after_minimum"),  # three months end on 08-06
        ("2026-08-20", {"失信程度": "严重"}, "credit_record.repair_accepted_on.after_minimum"),
        ("2026-08-20", {"义务已履行": "否"}, "credit_record.repair_result_code.duty_done"),
        ("2026-08-20", {"修复决定日期": "2026-08-19"}, "credit_record.repair_decided_on.after_acceptance"),
        ("2026-08-20", {"决定日期": "2026-03-06"}, "credit_record.decided_on.agrees_with_record"),
    ],
)
async def test_a_repair_that_the_rules_do_not_allow_is_refused(
    city: Any, invent: dict[str, Callable[..., str]], accepted: str, more: dict[str, object], reason: str
) -> None:
    code = invent["uscc"](1)
    await deliver(city, "penalties", [penalty(code)], datetime(2026, 5, 8, 4, tzinfo=UTC))
    receipt = await deliver(city, "credit-repairs", [repair(code, accepted, **more)], AUGUST)
    assert (receipt["reasons"], receipt["golden"]["changed"]) == ({reason: 1}, 0)


async def test_a_repair_that_was_refused_withholds_nothing(city: Any, invent: dict[str, Callable[..., str]]) -> None:
    code = invent["uscc"](1)
    await deliver(city, "penalties", [penalty(code)], datetime(2026, 5, 8, 4, tzinfo=UTC))
    await deliver(city, "credit-repairs", [repair(code, "2026-08-06", 修复结果="不予修复")], AUGUST)
    record = (await city.rows("SELECT * FROM jishi.credit_record"))[0]
    assert (record["repair_result_code"], record["withheld_from"]) == ("2", date(2027, 5, 7))


async def test_a_black_list_needs_its_basis_and_a_red_one_its_year(
    city: Any, invent: dict[str, Callable[..., str]]
) -> None:
    def entry(number: int, **more: object) -> dict[str, object]:
        return {
            "名单类别": "守信激励名单",
            "名单名称": "A级纳税人",
            "评价年度": "2025",
            "认定文号": "",
            "认定依据": "",
            "企业名称": f"苏州第{number}商贸有限公司",
            "统一社会信用代码": invent["uscc"](number),
            "认定日期": "2026-04-20",
            "认定单位": "某市税务局",
            **more,
        }

    rows = [
        entry(1),
        entry(1, 评价年度="2024"),
        entry(2, 名单类别="黑名单", 名单名称="严重失信主体名单", 认定文号="苏失〔2026〕1号"),
        entry(3, 名单类别="黑名单", 名单名称="严重失信主体名单", 认定文号="苏失〔2026〕1号", 认定依据="某条例第五条"),
    ]
    receipt = await deliver(city, "credit-lists", rows)
    assert receipt["reasons"] == {"credit_record.legal_basis_doc.stated": 1}
    assert (receipt["inserted"], receipt["golden"]["created"]) == (3, 3)


async def test_numbers_of_persons_stand_nowhere_in_clear(city: Any, invent: dict[str, Callable[..., str]]) -> None:
    number, other = invent["citizen"](1), invent["citizen"](2)
    row = penalty(
        "",
        CF_XDR_MC="张三",
        CF_XDR_LB="自然人",
        CF_XDR_ZJHM=number,
        CF_XDR_SWDJ=number,
        CF_SY=f"张三({number})与李四({other})无证经营",
        CF_NR_ZKDX=f"驾驶证{number}",
    )
    receipt = await deliver(city, "penalties", [row])
    assert receipt["inserted"] == 1
    tables = ("credit_record", "credit_record_contribution", "credit_record_link", "identifier", "quarantine", "batch")
    for table in tables:
        text = "".join(str(tuple(found.values())) for found in await city.rows(f"SELECT * FROM jishi.{table}"))
        assert number not in text and other not in text, table
    fact = await city.value("SELECT violation_fact FROM jishi.credit_record")
    assert fact == f"张三({number[:3]}***********{number[-4:]})与李四({other[:3]}***********{other[-4:]})无证经营"


def _items(text: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(text)
    return found


async def test_a_party_named_only_by_its_organisation_code_is_found(
    city: Any, invent: dict[str, Callable[..., str]]
) -> None:
    """The entity may arrive later; its social credit code contains the organisation code."""
    code = invent["uscc"](7)
    party = penalty("", CF_XDR_ZZJG=f"{code[8:16]}-{code[16]}")
    assert (await deliver(city, "penalties", [party]))["inserted"] == 1
    subject = "SELECT to_uid FROM jishi.relation WHERE kind = 'subject'"
    assert await city.rows(subject) == [{"to_uid": None}]
    firm = {"企业名称": "苏州某某商贸有限公司", "统一社会信用代码": code, "注册地址": "姑苏区平江路1号"}
    await city.deliver("enterprise-registration", [firm])
    uid = await city.value("SELECT uid FROM jishi.legal_entity")
    assert await city.rows(subject) == [{"to_uid": uid}]
