"""Certificates down the road: identifiers, holders of either kind, lawful changes of status, annotated copies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from jishi.identifiers import certificate_id
from jishi.registers.certificate import TRANSITIONS

ISSUER = "11430000006122244L"
TYPE = "11100000000013338W011"
STATUSES = ("01", "02", "03", "04", "05", "06", "07")


def identifier(number: int, version: int = 1, issuer: str = ISSUER) -> str:
    body = f"{TYPE}{issuer}{number:09}{version:03}"
    return f"1.2.156.3005.2.{TYPE}.{issuer}.{number:09}.{version:03}.{certificate_id.check_character(body)}"


def certificate(number: int, holder: str, **more: object) -> dict[str, object]:
    return {
        "证照标识": identifier(number),
        "证照名称": "建筑业企业资质证书",
        "证照编号": f"D{number:08}",
        "证照颁发机构": "某省住房和城乡建设厅",
        "证照颁发机构代码": ISSUER,
        "证照颁发日期": "2024-01-05",
        "持证主体": "苏州某某建设有限公司",
        "持证主体代码": holder,
        "持证主体代码类型代码": "001",
        "证照有效期起始日期": "2024-01-05",
        "证照有效期截止日期": "2090-01-05",
        "关联证照标识": "",
        "证照状态": "01",
        **more,
    }


async def statuses(city: Any) -> list[str]:
    return [row["cert_status"] for row in await city.rows("SELECT cert_status FROM jishi.certificate ORDER BY cert_no")]


async def test_a_certificate_of_an_organisation_and_one_of_a_person(
    city: Any, invent: dict[str, Callable[..., str]]
) -> None:
    code, number = invent["uscc"](1), invent["citizen"](1)
    person = {"持证主体": "张三", "持证主体代码": number, "持证主体代码类型代码": "111", "证照编号": number}
    faces = json.dumps([{"name": "身份证号", "value": number}, {"name": "等级", "value": "二级"}], ensure_ascii=False)
    rows = [certificate(1, code), certificate(2, "", **person, 照面信息=faces, 证照有效期截止日期="长期")]
    receipt = await city.deliver("certificates", rows)
    assert (receipt["inserted"], receipt["reasons"]) == (2, {})
    assert set(receipt["warnings"]) <= {"certificate.holder_code.type_agrees"}
    found = await city.rows("SELECT * FROM jishi.certificate ORDER BY cert_identifier")
    masked = f"{number[:3]}***********{number[-4:]}"
    assert [row["holder_code"] for row in found] == [code, masked]
    assert (found[1]["valid_to"], found[1]["cert_no"]) == (None, masked)
    assert json.loads(found[1]["face_fields"])[0] == {"name": "身份证号", "value": masked}
    sealed = await city.rows(
        "SELECT scheme, masked, lookup, cipher IS NOT NULL AS sealed FROM jishi.identifier"
        " WHERE element = 'holder_code' ORDER BY scheme"
    )
    assert [(row["scheme"], row["masked"], row["sealed"]) for row in sealed] == [
        ("citizen", masked, True),
        ("uscc", code, True),
    ]
    for table in ("certificate", "certificate_contribution", "identifier"):
        text = "".join(str(tuple(row.values())) for row in await city.rows(f"SELECT * FROM jishi.{table}"))
        assert number not in text, table


async def test_a_holder_is_found_by_the_same_tag_as_in_its_own_register(
    city: Any, invent: dict[str, Callable[..., str]]
) -> None:
    code = invent["uscc"](1)
    city.declare("entities")
    await city.deliver("entities", [{"key": "1", "name": "苏州某某建设有限公司", "code": code}])
    await city.deliver("certificates", [certificate(1, code)])
    tags = await city.rows("SELECT DISTINCT lookup FROM jishi.identifier WHERE element IN ('uscc', 'holder_code')")
    assert len(tags) == 1


async def test_faulty_identifiers_are_refused_and_unusual_issuers_warned_of(
    city: Any, invent: dict[str, Callable[..., str]]
) -> None:
    right = identifier(1)
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    rows = [
        certificate(1, invent["uscc"](1), 证照标识=wrong),
        certificate(2, invent["uscc"](1), 证照标识="1.2.156.3005.2.X"),
        certificate(3, invent["uscc"](1), 证照标识="1.2.156.3005.2.11100000MB03271699022.340100.000000016.001.9"),
        certificate(4, invent["uscc"](1)[:-1] + "Q", 证照标识=identifier(4)),
    ]
    receipt = await city.deliver("certificates", rows)
    assert receipt["reasons"]["certificate.cert_identifier.check_character"] == 1
    assert receipt["reasons"]["certificate.cert_identifier.readable"] == 1
    assert receipt["reasons"]["certificate.holder_code.check_character"] == 1
    assert receipt["warnings"]["certificate.cert_identifier.issuer"] == 1
    assert receipt["warnings"]["certificate.issuer_code.agrees_with_identifier"] == 1


@pytest.mark.parametrize("before", STATUSES)
async def test_only_lawful_changes_of_status_are_taken(
    city: Any, invent: dict[str, Callable[..., str]], before: str
) -> None:
    code = invent["uscc"](1)
    rows = [certificate(number, code, 证照状态=before) for number in range(1, 8)]
    assert (await city.deliver("certificates", rows))["inserted"] == 7
    later = [certificate(number, code, 证照状态=after) for number, after in enumerate(STATUSES, start=1)]
    receipt = await city.deliver("certificates", later)
    lawful = [after for after in STATUSES if after == before or (before, after) in TRANSITIONS]
    assert receipt["reasons"].get("certificate.cert_status.transition", 0) == 7 - len(lawful)
    assert receipt["updated"] == len(lawful) - 1 and receipt["unchanged"] == 1
    assert await statuses(city) == [after if after in lawful else before for after in STATUSES]


async def test_a_new_version_of_an_expired_certificate_names_the_one_before(
    city: Any, invent: dict[str, Callable[..., str]]
) -> None:
    code = invent["uscc"](1)
    await city.deliver("certificates", [certificate(1, code, 证照状态="05")])
    renewal = {"证照标识": identifier(1, 2), "操作类型": "02"}
    itself = {**renewal, "关联证照标识": identifier(1, 2)}
    for more, reason in ((renewal, "operate_type.associated"), (itself, "associated_cert_identifier.another")):
        receipt = await city.deliver("certificates", [certificate(1, code, **more)])
        assert receipt["reasons"] == {f"certificate.{reason}": 1}
    receipt = await city.deliver("certificates", [certificate(1, code, **{**renewal, "关联证照标识": identifier(1)})])
    assert (receipt["inserted"], receipt["golden"]["created"]) == (1, 1)
    assert await city.value("SELECT count(*) FROM jishi.certificate") == 2
    previous = await city.value(
        "SELECT count(*) FROM jishi.identifier i JOIN jishi.identifier p USING (lookup, scheme)"
        " WHERE i.element = 'associated_cert_identifier' AND p.element = 'cert_identifier'"
    )
    assert previous == 1


async def test_a_certificate_past_its_term_may_be_sent_again_as_it_was(
    city: Any, invent: dict[str, Callable[..., str]]
) -> None:
    """The register may already call it expired by the clock; the source need not have noticed."""
    row = certificate(1, invent["uscc"](1), 证照有效期截止日期="2025-01-05")
    assert (await city.deliver("certificates", [row]))["inserted"] == 1
    await city.connection.execute("UPDATE jishi.certificate SET cert_status = '05'")
    again = await city.deliver("certificates", [{**row, "证照名称": "资质证书"}])
    assert (again["updated"], again["reasons"]) == (1, {})
    await city.connection.execute("UPDATE jishi.certificate SET cert_status = '05'")
    prolonged = await city.deliver("certificates", [{**row, "证照有效期截止日期": "2090-01-05"}])
    assert prolonged["reasons"] == {"certificate.cert_status.transition": 1}


async def test_another_status_is_put_in_words(city: Any, invent: dict[str, Callable[..., str]]) -> None:
    rows = [
        certificate(1, invent["uscc"](1), 证照状态="99"),
        certificate(2, invent["uscc"](1), 证照状态="99", 证照状态说明="封存"),
    ]
    receipt = await city.deliver("certificates", rows)
    assert (receipt["reasons"], receipt["inserted"]) == ({"certificate.cert_status.explained": 1}, 1)


async def test_two_holders_are_kept_and_more_are_refused(city: Any, invent: dict[str, Callable[..., str]]) -> None:
    code, number = invent["uscc"](1), invent["citizen"](1)
    two = {
        "持证主体": "苏州某某建设有限公司^张三",
        "持证主体代码": f"{code}^{number}",
        "持证主体代码类型代码": "001^111",
    }
    three = {"持证主体": "甲^乙^丙", "持证主体代码": "^^", "持证主体代码类型代码": ""}
    receipt = await city.deliver("certificates", [certificate(1, "", **two), certificate(2, "", **three)])
    assert (receipt["inserted"], receipt["reasons"]) == (1, {"certificate.holder_name.at_most_two": 1})
    row = (await city.rows("SELECT * FROM jishi.certificate"))[0]
    assert (row["holder_name"], row["holder_code"]) == ("苏州某某建设有限公司", code)
    assert (row["holder2_name"], row["holder2_code_type"]) == ("张三", "111")
    assert row["holder2_code"] == f"{number[:3]}***********{number[-4:]}"


async def test_a_copy_has_its_purpose_and_its_end(city: Any, invent: dict[str, Callable[..., str]]) -> None:
    def copy(made: str, purpose: str, end: str) -> dict[str, object]:
        words = {"加注件制作者": "某市政务服务中心", "加注事由": "招投标"}
        return {"加注件制作时间": made, "加注件用途": purpose, "加注件截止时间": end, **words}

    rows = [
        certificate(1, invent["uscc"](1), **copy("2024年3月1日", "投标", "20240401")),
        certificate(2, invent["uscc"](1), **copy("2024-03-01", "", "2024-04-01")),
        certificate(3, invent["uscc"](1), **copy("2024-03-01", "投标", "")),
        certificate(4, invent["uscc"](1), **copy("2024-03-01", "投标", "2024-02-01")),
        certificate(5, invent["uscc"](1), **copy("2024-03-01", "投标", "someday")),
    ]
    receipt = await city.deliver("certificates", rows)
    assert (receipt["inserted"], receipt["reasons"]) == (1, {"certificate.annotated_copies.complete": 4})
    assert json.loads(await city.value("SELECT annotated_copies FROM jishi.certificate")) == [
        {
            "made_at": "2024-03-01",
            "maker": "某市政务服务中心",
            "purpose": "投标",
            "reason": "招投标",
            "expires_at": "2024-04-01",
        }
    ]


async def test_the_same_certificates_again_change_nothing(city: Any, invent: dict[str, Callable[..., str]]) -> None:
    rows = [certificate(number, invent["uscc"](number)) for number in range(1, 6)]
    first = await city.deliver("certificates", rows)
    again = await city.deliver("certificates", [*rows[:4], {**rows[4], "证照名称": "证书"}])
    back = await city.deliver("certificates", rows)
    assert (first["inserted"], again["unchanged"], again["updated"], back["updated"]) == (5, 4, 1, 1)
