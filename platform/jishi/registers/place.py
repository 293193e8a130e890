"""The place register 城市地理: divisions, addresses and points of interest, told apart by ``place_type``."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from sqlmodel import SQLModel

from jishi.registers.address import address_part, county_checks
from jishi.registers.element import Check, DataElement, Kind, Severity, Test
from jishi.registers.reference import Reference
from jishi.registers.register import Contradiction, FreeText, Register
from jishi.registers.survivorship import Survivorship

CIVIL, SURVEY = "民政", "自然资源"


class Place(SQLModel):
    """A division with its boundary, a standard address, or a point of interest. Geometry is EPSG:4490, longitude first."""

    place_type: Annotated[
        str | None,
        DataElement(
            "地点类别",
            Kind.CODE,
            "Place type",
            "P",
            code_list="place_type",
            code_label="place_type_name",
            queryable=True,
            required=Severity.REFUSE_ROW,
        ),
    ] = None
    place_name: Annotated[
        str | None,
        DataElement("名称", Kind.TEXT, "Name", "GB/T 23705-2009", 200, queryable=True, required=Severity.REFUSE_ROW),
    ] = None
    code_system: Annotated[
        str | None,
        DataElement(
            "代码体系",
            Kind.TEXT,
            "Code system of the division: nbs statistical, mca civil affairs",
            "P",
            8,
            queryable=True,
        ),
    ] = None
    division_code: Annotated[
        str | None,
        DataElement(
            "行政区划代码",
            Kind.IDENTIFIER,
            "Division code",
            "GB/T 2260; GB/T 10114-2003; 统计用区划代码",
            12,
            queryable=True,
            strong=True,
            authority=CIVIL,
            checks=(
                Check(
                    "present_for_division",
                    Test.IN_SET,
                    "QLT-DIVISION-CODE",
                    column="division_code__expected",
                    params=(("values", (True,)),),
                ),
                Check(
                    "known",
                    Test.IN_SET,
                    "QLT-DIVISION-UNKNOWN",
                    Severity.WARN,
                    "division_code__known",
                    params=(("values", (True,)),),
                ),
                Check(
                    "same_name_elsewhere",
                    Test.PAIR_EQUAL,
                    "QLT-DIVISION-NAME",
                    Severity.WARN,
                    "division_code__name",
                    other="division_code__other_name",
                ),
            ),
        ),
    ] = None
    division_level_code: Annotated[
        str | None,
        DataElement(
            "区划级别",
            Kind.CODE,
            "Division level",
            "P",
            code_list="division_level",
            code_label="division_level",
            queryable=True,
        ),
    ] = None
    parent_code: Annotated[
        str | None,
        DataElement(
            "上级区划代码",
            Kind.TEXT,
            "Code of the superior division",
            "GB/T 2260",
            12,
            queryable=True,
            checks=(
                Check(
                    "parent_known",
                    Test.IN_SET,
                    "QLT-DIVISION-ORPHAN",
                    Severity.WARN,
                    "parent_code__known",
                    params=(("values", (True,)),),
                ),
            ),
        ),
    ] = None
    name_pinyin: Annotated[str | None, DataElement("汉语拼音", Kind.TEXT, "Name in Pinyin", "GB/T 28039", 200)] = None
    urban_rural_code: Annotated[
        str | None, DataElement("城乡分类代码", Kind.TEXT, "Urban-rural class", "统计上划分城乡的规定", 3)
    ] = None
    address_code: Annotated[
        str | None,
        DataElement(
            "标准地址编码",
            Kind.IDENTIFIER,
            "Standard address code",
            "GB/T 23705-2009",
            40,
            scheme="address_code",
            strong=True,
            queryable=True,
            authority=CIVIL,
        ),
    ] = None
    address_full: Annotated[
        str | None,
        DataElement(
            "地址全称", Kind.TEXT, "Full address", "GB/T 23705-2009", 200, checks=county_checks("address_full")
        ),
    ] = None
    addr_province: Annotated[str | None, address_part("省", "Province of the address", "province")] = None
    addr_city: Annotated[str | None, address_part("市", "City of the address", "city")] = None
    addr_county: Annotated[str | None, address_part("区县", "County of the address", "county")] = None
    addr_zone: Annotated[str | None, address_part("开发区等功能区", "Development zone of the address", "zone")] = None
    addr_town: Annotated[str | None, address_part("乡镇街道", "Town or street office of the address", "town")] = None
    addr_community: Annotated[
        str | None, address_part("社区村", "Community or village of the address", "community")
    ] = None
    addr_road: Annotated[
        str | None, address_part("路街巷", "Road of the address, with the group of a village", "road")
    ] = None
    addr_number: Annotated[str | None, address_part("门牌号", "Number of the address", "number")] = None
    addr_compound: Annotated[
        str | None, address_part("小区、院落", "Compound or named building of the address", "compound")
    ] = None
    addr_building: Annotated[str | None, address_part("楼栋", "Building of the address", "building")] = None
    addr_unit: Annotated[str | None, address_part("单元", "Entrance of the address", "unit")] = None
    addr_room: Annotated[str | None, address_part("户室", "Room of the address, with its floor", "room")] = None
    addr_remainder: Annotated[
        str | None, address_part("地址其余部分", "What is no part of the address", "remainder")
    ] = None
    addr_division_code: Annotated[
        str | None,
        address_part(
            "地址所在区县代码",
            "County the address lies in, today's code",
            "division_code",
            standard="GB/T 2260",
            queryable=True,
        ),
    ] = None
    addr_named_code: Annotated[
        str | None,
        address_part(
            "地址所写区县代码", "Code of the county as the address names it", "named_code", standard="GB/T 2260"
        ),
    ] = None
    addr_town_code: Annotated[
        str | None,
        address_part("地址所在乡级代码", "Town the address lies in", "town_code", standard="GB/T 10114-2003"),
    ] = None
    addr_resolution: Annotated[
        str | None, address_part("区县判定方式", "How the county was found", "resolution", standard="P")
    ] = None
    addr_candidates: Annotated[
        str | None,
        address_part("可能的区县代码", "Counties in question, joined by |", "candidates", standard="GB/T 2260"),
    ] = None
    addr_location: Annotated[
        str | None,
        address_part(
            "地址定位键", "What addresses of one door have in common", "location", standard="P", queryable=True
        ),
    ] = None
    county_code: Annotated[
        str | None, DataElement("所在区县代码", Kind.TEXT, "County of the place", "GB/T 2260", 6, queryable=True)
    ] = None
    category: Annotated[
        str | None,
        DataElement("类别", Kind.TEXT, "Category of a point of interest", "GB/T 35648-2017", 60, queryable=True),
    ] = None
    phone: Annotated[str | None, DataElement("电话", Kind.TEXT, "Telephone of a point of interest", "P", 30)] = None
    uscc: Annotated[
        str | None, DataElement("所属单位代码", Kind.TEXT, "Code of the entity at the place", "GB 32100-2015", 18)
    ] = None
    address_status_code: Annotated[
        str | None,
        DataElement(
            "地址状态", Kind.CODE, "Address status", "P", code_list="address_status", code_label="address_status"
        ),
    ] = None
    geom: Annotated[
        str | None,
        DataElement(
            "几何",
            Kind.GEOMETRY,
            "Geometry",
            "EPSG:4490 (CGCS2000)",
            authority=SURVEY,
            queryable=True,
            checks=(
                Check(
                    "inside_city", Test.IN_SET, "QLT-GEOM-OUTSIDE", column="geom__inside", params=(("values", (True,)),)
                ),
                Check(
                    "offset_m",
                    Test.BETWEEN,
                    "QLT-GEOM-OFFSET",
                    Severity.WARN,
                    "geom__offset_m",
                    params=(("min", 0), ("max", 250)),
                ),
                Check(
                    "repaired",
                    Test.IN_SET,
                    "QLT-GEOM-REPAIRED",
                    Severity.WARN,
                    "geom__repaired",
                    params=(("values", (False,)),),
                ),
            ),
        ),
    ] = None
    crs_source_code: Annotated[
        str | None,
        DataElement(
            "原始坐标系",
            Kind.CODE,
            "Coordinate system as delivered",
            "P",
            code_list="crs_source",
            code_label="crs_source",
        ),
    ] = None
    h_accuracy_m: Annotated[
        Decimal | None, DataElement("平面精度", Kind.DECIMAL, "Horizontal accuracy", "P", digits=(10, 2), unit="m")
    ] = None


REGISTER = Register(
    name="place",
    title="城市地理",
    collection="places",
    number=3,
    model=Place,
    personal=False,
    natural_key="division_code",
    free_text=FreeText(names=("place_name",), addresses=("address_full",)),
    contradiction=Contradiction(),
    survivorship=Survivorship(together=(("geom", "crs_source_code", "h_accuracy_m"),)),
    referring=(
        Reference(
            "division_of",
            "parent_code",
            ("place",),
            "division_code",
            same=(("code_system", "code_system"),),
            where=(("place_type", "division"),),
            above=("division_level_code", ("province", "prefecture", "county", "town", "village")),
        ),
    ),
    partition_by="place_type",
    partitions=("division", "address", "poi"),
)
