"""Every mask gives the same text in Python, in columns and in PostgreSQL, and hides what it should."""

from __future__ import annotations

from datetime import date
from typing import Any

import asyncpg
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jishi.errors import InternalError
from jishi.identifiers.columns import mask_column
from jishi.identifiers.mask_sql import mask_sql
from jishi.identifiers.masks import NAMES, mask
from jishi.registers.element import Mask

VALUES = [
    None, "", "张", "张三", "欧阳明日", "阿依古丽·买买提", "John Smith", "𠮷野",
    "11010519491231002X", "CHN110198512250", "H12345678", "E12345678", "12345678", "123", "1", "南字第01234567号",
    "13812345678", "0512-65123456", "65123456", "+8613812345678", "110", "1234567", "1234567890",
    "1962-03-05", "1962", "0001-01-01", "三月", "196",
    "320505001002", "320505", "32",
    "江苏省苏州市常熟市董浜镇848号", "相城区太平街道494号", "新街口街道1号", "姑苏区人民路100号3幢",
    "永丰村16组（吴中区）",
    "昆山市昆山旅游度假区利民社区十六组284号", "江苏省镇江市京口区健康路5号", "景德镇市珠山区新村路1号",
    "台州市路桥区路南街道3号",
    "江苏省镇江市", "常熟市虞山", "湖南省常德市道县镇5号", "苏州市吴中区１号", "3幢新华路", "a\nb镇c",
    "内蒙古科尔沁右翼中旗巴彦呼舒镇",
    "zhang@example.cn", "z@x.cn", "@x.cn", "a@b@c", "no address", "a\n@b", "王@例子.中国", "z@",
    "苏州某某商贸有限公司", "张三便利店", "有限公司\n", "a\n苏州公司", "某某中心(东区)", "某某中心（东区", "王村",
    "%s :name $1 ' \" \\", "*", "0012345678",
]  # fmt: skip
_text = st.text(
    st.one_of(
        st.sampled_from("镇乡街道路巷弄江海市区县旗号村0123456789@.-张苏州"), st.characters(exclude_categories=["Cs"])
    ),
    max_size=30,
).filter(lambda text: "\0" not in text)


def test_the_masks_are_those_the_registers_declare() -> None:
    assert set(NAMES) == {member.value for member in Mask}


@pytest.mark.parametrize(
    ("name", "value", "masked"),
    [
        ("identifier", "11010519491231002X", "110***********002X"),
        ("identifier", "H12345678", "H1*****78"),
        ("identifier", "123", "***"),
        ("name", "张三", "张**"),
        ("name", "张", "**"),
        ("phone", "13812345678", "138****5678"),
        ("phone", "65123456", "****3456"),
        ("phone", "110", "***"),
        ("year", "1962-03-05", "1962"),
        ("year", "三月", None),
        ("county", "320505001002", "320505"),
        ("last4", "0012345678", "******5678"),
        ("last4", "1234", "**34"),
        ("party", "张三", "张**"),
        ("party", "买买提·艾力", "买**"),
        ("party", "李园", "李**"),
        ("party", "苏州某某商贸有限公司", "苏州某某商贸有限公司"),
        ("party", "苏州某某商贸有限公司（普通合伙）", "苏州某某商贸有限公司（普通合伙）"),
        ("party", "张三便利店", "张三便利店"),
        ("email", "zhang@example.cn", "z***@example.cn"),
        ("email", "no address", "***"),
        ("hide", "x", None),
        ("none", "x", "x"),
        ("street", "江苏省苏州市常熟市董浜镇848号", "江苏省苏州市常熟市董浜镇***"),
        ("street", "相城区太平街道494号", "相城区太平街道***"),
        ("street", "姑苏区人民路100号3幢", "姑苏区人民路***"),
        ("street", "江苏省镇江市京口区健康路5号", "江苏省镇江市京口区健康路***"),
        ("street", "昆山市昆山旅游度假区利民社区十六组284号", "昆山市昆山旅游度假区***"),
        ("street", "永丰村16组（吴中区）", "***"),
    ],
)
def test_a_mask_shows_what_it_says_and_no_more(name: str, value: str, masked: str | None) -> None:
    assert mask(value, name) == masked


def test_at_least_half_of_a_short_number_stays_hidden() -> None:
    for length in range(1, 14):
        masked = mask("7" * length, "identifier")
        assert masked is not None
        assert masked.count("*") * 2 >= length


def test_a_mask_nobody_declared_is_refused() -> None:
    for act in (
        lambda: mask("x", "blur"),
        lambda: mask_sql("x", "blur"),
        lambda: mask_column(pl.Series(["x"]), "blur"),
    ):
        with pytest.raises(InternalError, match="REG-MASK"):
            act()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(_text, st.sampled_from(VALUES)), min_size=1, max_size=30))
def test_columns_mask_as_single_values_do(values: list[str | None]) -> None:
    for name in NAMES:
        found = mask_column(pl.Series("v", values, dtype=pl.String), name)
        assert found.to_list() == [mask(value, name) for value in values], name


def test_masking_keeps_an_empty_or_null_column() -> None:
    for name in NAMES:
        assert mask_column(pl.Series([], dtype=pl.String), name).to_list() == []
        assert mask_column(pl.Series([None, None], dtype=pl.String), name).to_list() == [None, None]


async def test_postgresql_masks_as_python_does(connection: asyncpg.Connection[Any]) -> None:
    pieces = ["镇江", "镇", "街道", "街", "路桥区", "路", "道县", "3", "市", "区", "村", "@", "张", "x"]
    made = [left + middle + right for left in pieces for middle in pieces for right in pieces]
    values = [*VALUES, *made]
    for name in NAMES:
        masked = mask_sql("v", name)
        rows = await connection.fetch(
            f"SELECT {masked} AS masked FROM unnest($1::text[]) WITH ORDINALITY AS t(v, n) ORDER BY n",
            values,
        )
        assert [row["masked"] for row in rows] == [mask(value, name) for value in values], name
    found = await connection.fetchval(f"SELECT {mask_sql('v', 'year')} FROM (SELECT $1::date AS v) t", date(1962, 3, 5))
    assert found == "1962"
