"""What the calendar alone does: certificates expire and credit records are withheld on their day, by announced versions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from jishi.identifiers.certificate_id import check_character

Make = dict[str, Callable[..., str]]
TODAY = datetime.now(UTC).date()


def day(days: int) -> str:
    return (TODAY + timedelta(days=days)).isoformat()


def noon(days: int) -> datetime:
    return datetime.combine(TODAY, datetime.min.time(), UTC) + timedelta(days=days, hours=12)


def certificate(invent: Make, number: int, *, until: str, status: str = "01", **values: object) -> dict[str, object]:
    issuer = invent["uscc"](900)
    body = f"{issuer}001{issuer}{number:08d}001"
    return {
        "电子证照标识": f"1.2.156.3005.2.{issuer}001.{issuer}.{number:08d}.001.{check_character(body)}",
        "证照名称": "食品经营许可证",
        "证照编号": f"JY{number:06d}",
        "证照颁发机构": "演示市市场监督管理局",
        "证照颁发日期": "2020-01-01",
        "持证主体": "测试企业一号",
        "持证主体代码": invent["uscc"](1),
        "持证主体代码类型代码": "001",
        "证照有效期起始日期": "2020-01-01",
        "证照有效期截止日期": until,
        "关联证照标识": "",
        "证照状态": status,
        **values,
    }


def penalty(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {
        "行政相对人名称": "测试企业一号",
        "统一社会信用代码": invent["uscc"](1),
        "行政处罚决定书文号": f"演市监罚字〔2026〕{number}号",
        "违法行为类型": "超标排放",
        "违法事实": "测试",
        "处罚依据": "《测试法》第一条",
        "处罚类别": "警告",
        "处罚内容": "警告",
        "罚款金额(万元)": "",
        "没收违法所得金额(万元)": "",
        "暂扣或吊销证照名称及编号": "",
        "处罚决定日期": day(-5),
        "处罚有效期": "2099-12-31",
        "公示截止期": day(20),
        "处罚机关": "演示市生态环境局",
        "数据来源单位": "演示市生态环境局",
        **values,
    }


async def _statuses(city: Any) -> list[tuple[str, str]]:
    found = await city.rows("SELECT cert_status, state FROM jishi.certificate ORDER BY cert_no")
    return [(row["cert_status"], row["state"]) for row in found]


async def test_a_certificate_expires_on_the_day_after_its_last(city: Any, invent: Make) -> None:
    await city.deliver("certificates", [certificate(invent, 1, until=day(3)), certificate(invent, 2, until="长期")])
    assert await _statuses(city) == [("01", "active"), ("01", "active")]
    assert await city.turn("certificate", noon(2)) == 0
    assert await city.turn("certificate", noon(5)) == 1
    assert await _statuses(city) == [("05", "active"), ("01", "active")]
    last = (await city.changes("certificate"))[-1]
    assert (last["type"], last["elements"]) == ("change", ["cert_status"])
    since = await city.value("SELECT effective_from FROM jishi.certificate WHERE cert_status = '05'")
    assert since.astimezone(UTC) == datetime.combine(TODAY + timedelta(days=4), datetime.min.time(), UTC) - timedelta(
        hours=8
    )


async def test_a_term_that_is_over_when_the_certificate_arrives_is_expired_at_once(city: Any, invent: Make) -> None:
    receipt = await city.deliver("certificates", [certificate(invent, 1, until="2021-01-01")])
    assert (receipt["inserted"], receipt["golden"]["created"]) == (1, 1)
    assert await _statuses(city) == [("05", "active")]


async def test_a_prolonged_term_takes_the_announced_expiry_back(city: Any, invent: Make) -> None:
    await city.deliver("certificates", [certificate(invent, 1, until=day(3))])
    await city.deliver("certificates", [certificate(invent, 1, until=day(30))])
    await city.turn("certificate", noon(10))
    assert await _statuses(city) == [("01", "active")]
    await city.turn("certificate", noon(32))
    assert await _statuses(city) == [("05", "active")]


async def test_another_delivery_after_the_expiry_does_not_undo_it(city: Any, invent: Make) -> None:
    await city.deliver("certificates", [certificate(invent, 1, until=day(-3))])
    changed = await city.deliver("certificates", [certificate(invent, 1, until=day(-3), 证照编号="JY999999")])
    assert (changed["updated"], changed["golden"]["changed"]) == (1, 1)
    assert await _statuses(city) == [("05", "active")]


async def test_publicity_ends_by_itself_and_the_feed_withholds(city: Any, invent: Make) -> None:
    await city.deliver("penalties", [penalty(invent, 1), penalty(invent, 2, 公示截止期=day(90))])
    assert await city.value("SELECT count(*) FROM jishi.credit_record WHERE state = 'active'") == 2
    await city.turn("credit_record", noon(22))
    states = await city.rows("SELECT decision_doc_no, state FROM jishi.credit_record ORDER BY 1")
    assert [row["state"] for row in states] == ["withheld", "active"]
    assert [row["type"] for row in await city.changes("credit_record")] == ["create", "create", "withhold"]


async def test_a_record_past_its_term_is_kept_but_never_served(city: Any, invent: Make) -> None:
    past = penalty(invent, 1, 处罚决定日期="2022-01-04", 公示截止期="2023-01-04")
    receipt = await city.deliver("penalties", [past])
    assert (receipt["inserted"], receipt["golden"]["created"]) == (1, 0)
    assert await city.value("SELECT state FROM jishi.credit_record") == "withheld"
    assert await city.changes("credit_record") == []


async def test_a_repair_joins_its_record_and_withholds_it(city: Any, invent: Make) -> None:
    decided = date(2026, 4, 10)
    row = penalty(invent, 1, 处罚决定日期=decided.isoformat(), 公示截止期="2027-04-10", 失信程度="一般")
    await city.deliver("penalties", [row])
    assert await city.value("SELECT state FROM jishi.credit_record") == "active"
    repair = {
        "修复申请编号": "XF1",
        "信用信息类别": "3",
        "决定文书号": row["行政处罚决定书文号"],
        "行政相对人名称": row["行政相对人名称"],
        "统一社会信用代码": row["统一社会信用代码"],
        "决定日期": decided.isoformat(),
        "决定机关": row["处罚机关"],
        "失信程度": "一般",
        "义务已履行": "是",
        "信用承诺书": "有",
        "受理日期": "2026-08-03",
        "修复决定日期": "2026-08-10",
        "修复结果": "同意",
    }
    receipt = await city.deliver("credit-repairs", [repair])
    assert receipt["quarantined"] == 0, receipt
    assert await city.rows("SELECT state, repair_result_code FROM jishi.credit_record") == [
        {"state": "withheld", "repair_result_code": "1"}
    ]
    assert [row["type"] for row in await city.changes("credit_record")] == ["create", "withhold"]
    early = {**repair, "修复申请编号": "XF2", "受理日期": "2026-05-03", "修复决定日期": "2026-05-10"}
    assert (await city.deliver("credit-repairs", [early]))["quarantined"] == 1
