"""Addresses on the road: parts and counties stand in the registers, and what cannot be told is warned of, not refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

Make = dict[str, Callable[..., str]]
NAMELESS, SEVERAL = "place.address_full.county_named", "place.address_full.county_single"


def place(name: str, address: str, **values: object) -> dict[str, object]:
    return {"名称": name, "地址": address, "经度": "120.62", "纬度": "31.31", **values}


async def test_a_place_has_the_parts_of_its_address_and_its_county(city: Any) -> None:
    receipt = await city.deliver(
        "places",
        [
            place("甲", "江苏省苏州市姑苏区平江路１２号锦绣花园3幢2单元501室"),
            place("乙", "苏州市沧浪区十全街8号"),
            place("丙", "鼓楼区中山路1号"),
            place("丁", "未定名路1号"),
        ],
    )
    assert (receipt["status"], receipt["inserted"], receipt["reasons"]) == ("published", 4, {})
    assert receipt["warnings"] == {NAMELESS: 1, SEVERAL: 1}
    parts = ("province", "city", "county", "road", "number", "compound", "building", "unit", "room", "division_code")
    assert await city.rows(
        f"SELECT {', '.join(f'addr_{part}' for part in parts)} FROM jishi.place WHERE place_name = '甲'"
    ) == [
        {f"addr_{part}": text for part, text in zip(parts, FIRST, strict=True)},
    ]
    found = await city.rows(
        "SELECT addr_resolution AS how, addr_division_code AS code, addr_named_code AS named, addr_candidates AS several"
        " FROM jishi.place ORDER BY place_name"
    )
    assert {row["how"]: (row["code"], row["named"], row["several"]) for row in found} == {
        "exact": ("320508", "320508", None),
        "history": ("320508", "320502", None),
        "ambiguous": (None, None, "320106|320302|350102|410204"),
        "none": (None, None, None),
    }
    joined = "concat(addr_province, addr_city, addr_county, addr_road, addr_number, addr_compound, addr_building,"
    joined += " addr_unit, addr_room)"
    assert await city.value(f"SELECT bool_and({joined} = address_full) FROM jishi.place") is True


FIRST = ("江苏省", "苏州市", "姑苏区", "平江路", "12号", "锦绣花园", "3幢", "2单元", "501室", "320508")


async def test_towns_and_roads_of_the_place_register_tell_the_county(city: Any, tmp_path: Path) -> None:
    towns = tmp_path / "streets.csv"
    towns.write_text("code,name,areaCode,provinceCode,cityCode\n320509105,盛泽镇,320509,32,3205\n", encoding="utf-8")
    assert (await city.deliver("divisions-nbs", towns))["status"] == "published"
    before = await city.deliver("places", [place("甲", "盛泽镇舜湖路1号"), place("乙", "苏州市王天井巷144号")])
    assert before["warnings"] == {NAMELESS: 1}
    assert await _counties(city) == {"甲": ("320509", "320509105", "context"), "乙": (None, None, "none")}

    lane = [place(f"丙{number}", f"苏州市姑苏区王天井巷{number}号") for number in range(3)]
    await city.deliver("places", lane)
    after = await city.deliver("places", [place("丁", "苏州市王天井巷9号")])
    assert after["warnings"] == {}
    assert (await _counties(city))["丁"] == ("320508", None, "context")


async def test_the_same_places_again_change_nothing_though_the_register_knows_more(city: Any) -> None:
    rows = [place(f"丙{number}", f"苏州市姑苏区王天井巷{number}号") for number in range(3)]
    rows.append(place("丁", "苏州市王天井巷9号"))
    await city.deliver("places", rows)
    again = await city.deliver("places", rows[::-1])
    assert (again["status"], again["unchanged"]) == ("published", 4)
    assert (await _counties(city))["丁"] == (None, None, "none")


async def test_an_entity_has_the_county_of_its_domicile(city: Any, invent: Make) -> None:
    addresses = ("吴江市松陵镇1号", "苏州工业园区星湖街1号", "宝山区友谊路1号", "长江路1号")
    rows = [
        {"企业名称": f"测试企业{number}号", "统一社会信用代码": invent["uscc"](number), "注册地址": address}
        for number, address in enumerate(addresses)
    ]
    receipt = await city.deliver("enterprise-registration", rows)
    assert receipt["warnings"] == {
        "legal_entity.domicile.county_named": 1,
        "legal_entity.domicile.county_single": 1,
        **{rule: count for rule, count in receipt["warnings"].items() if "domicile" not in rule},
    }
    assert await city.served("legal_entity", "entity_name", "domicile_division_code") == [
        ("测试企业0号", "320509"),
        ("测试企业1号", "320576"),
        ("测试企业2号", None),
        ("测试企业3号", None),
    ]


STANDARD = """
id = "doors"
title = "测试"
title_en = "Test"
department = "11320500000090077L"
register = "place"
rank = 10
key = ["编号"]
mode = "delta"
effective = "delivery"

[map]
place_type = { constant = "address" }
crs_source_code = { constant = "1" }
place_name = { from = "地址" }
address_full = { from = "地址", as = "address" }
geom = { from = ["经度", "纬度"], as = "point" }
"""


async def test_an_entity_is_located_at_the_standard_address_of_its_domicile(city: Any, invent: Make) -> None:
    """However its domicile is written; the address may come later, and moving house ends it."""
    sources = city.settings.home_dir / "sources"
    sources.mkdir(exist_ok=True)
    (sources / "doors.toml").write_text(STANDARD, encoding="utf-8")
    city.opened = None

    def firm(number: int, address: str) -> dict[str, object]:
        return {"企业名称": f"测试企业{number}号", "统一社会信用代码": invent["uscc"](number), "注册地址": address}

    first, second = "江苏省苏州市姑苏区平江路12号3幢501室", "苏州市姑苏区十全街8号"
    await city.deliver(
        "enterprise-registration", [firm(1, "苏州市姑苏区平江路１２号3号楼501室"), firm(2, "姑苏区平江路")]
    )
    doors = [{"编号": n, "地址": text, "经度": "120.63", "纬度": "31.31"} for n, text in enumerate((first, second))]
    await city.deliver("doors", doors)
    assert await _located(city) == [("测试企业1号", first, True)]

    await city.deliver("enterprise-registration", [firm(1, second)])
    assert await _located(city) == [("测试企业1号", first, False), ("测试企业1号", second, True)]


async def _located(city: Any) -> list[tuple[Any, ...]]:
    found = await city.rows(
        "SELECT e.entity_name, p.address_full, r.effective_to IS NULL AS open FROM jishi.relation r"
        " JOIN jishi.legal_entity e ON e.uid = r.from_uid JOIN jishi.place p ON p.uid = r.to_uid"
        " WHERE r.kind = 'located_at' AND p.place_type = 'address' ORDER BY r.relation_id"
    )
    return [tuple(row.values()) for row in found]


async def test_addresses_of_persons_are_read_only_where_their_source_says_so(city: Any, invent: Make) -> None:
    person = {"key": "K1", "name": "测试甲", "number": invent["citizen"](1), "address": "苏州市沧浪区十全街1号"}
    source = city.declare("people", "persons")
    await city.deliver(source, [person])
    assert await city.served("natural_person", "hukou_address", "hukou_division_code") == [(person["address"], None)]

    declared = city.settings.home_dir / "sources" / "people.toml"
    text = declared.read_text(encoding="utf-8")
    asked = text.replace('from = "address", optional', 'from = "address", as = "address", optional')
    assert asked != text
    declared.write_text(asked, encoding="utf-8")
    city.opened = None
    await city.deliver(source, [person])
    assert await city.served("natural_person", "hukou_address", "hukou_division_code") == [
        (person["address"], "320508")
    ]


async def _counties(city: Any) -> dict[str, tuple[Any, ...]]:
    found = await city.rows(
        "SELECT place_name, addr_division_code, addr_town_code, addr_resolution FROM jishi.place"
        " WHERE place_type = 'poi'"
    )
    return {row["place_name"]: tuple(list(row.values())[1:]) for row in found}
