"""Text: what is made comparable and what is left alone."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jishi.standardise.plan import NULLS
from jishi.standardise.text import entity_names, person_names, phones, tidy


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("ＡＢｃ１２３（甲）－Ｘ", "ABc123(甲)-X"),
        ("　苏州市　人民路 ", "苏州市 人民路"),
        ("a\u00a0b\tc\r\nd", "a b c d"),
        ("张\u200b三\ufeff\u202e", "张三"),
        ("零\x00零\x07", "零零"),
        ("劉備·歐陽", "劉備·歐陽"),
        ("𬀩䶮\ue863", "𬀩䶮\ue863"),
        ("①Ⅳ㎡", "①Ⅳ㎡"),
        ("豈更", "豈更"),
        ("、。《》“”", "、。《》“”"),
        ("100￥", "100¥"),
        ("", None),
        ("　\u200b ", None),
    ],
)
def test_width_blanks_and_invisible_characters_are_tidied_and_chinese_is_left_alone(
    raw: str, expected: str | None
) -> None:
    assert tidy(pl.Series([raw, "clean"])).to_list() == [expected, "clean"]


def test_every_declared_spelling_of_no_value_is_null_even_in_full_width() -> None:
    spelled = [*NULLS, "Ｎ／Ａ", " 无 ", "－"]
    assert tidy(pl.Series(spelled), NULLS).null_count() == len(spelled)


def test_a_tidied_column_is_not_changed_in_place() -> None:
    raw = pl.Series(["Ａ", "b"])
    tidy(raw)
    assert raw.to_list() == ["Ａ", "b"]


@given(st.lists(st.text(max_size=12), min_size=1, max_size=8))
def test_tidying_twice_is_tidying_once(texts: list[str]) -> None:
    plain = [text.encode("utf-8", "replace").decode() for text in texts]
    once = tidy(pl.Series(plain, dtype=pl.String))
    assert tidy(once).to_list() == once.to_list()


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("王  芳", "王芳"),
        ("陈·美华", "陈·美华"),
        ("买买提・艾力", "买买提·艾力"),
        ("买买提 • 艾力", "买买提·艾力"),
        ("阿依‧古丽", "阿依·古丽"),
        ("阿依.古丽", "阿依·古丽"),
        ("帕提古麗·阿卜杜", "帕提古麗·阿卜杜"),
        ("JEAN  Eric", "JEAN Eric"),
        ("俞YAN华", "俞YAN华"),
        ("J. Smith", "J. Smith"),
        ("王*荣", "王*荣"),
        (None, None),
    ],
)
def test_names_of_people_have_no_blanks_inside_and_one_kind_of_middle_dot(
    raw: str | None, expected: str | None
) -> None:
    assert person_names(tidy(pl.Series([raw, "王芳"], dtype=pl.String))).to_list() == [expected, "王芳"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("苏州某某(集团)有限公司", "苏州某某（集团）有限公司"),
        ("苏州某某（集团）有限公司", "苏州某某（集团）有限公司"),
        ("苏州 某某 有限 公司", "苏州某某有限公司"),
        ("ABC (China) Ltd", "ABC (China) Ltd"),
        ("ABC(中国)Co", "ABC（中国）Co"),
    ],
)
def test_names_of_entities_carry_full_width_brackets(raw: str, expected: str) -> None:
    assert entity_names(tidy(pl.Series([raw, "x"]))).to_list() == [expected, "x"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("10064304984", "10064304984"),
        ("008610064304984", "10064304984"),
        ("+86-10064304984", "10064304984"),
        ("８６ 100 6430 4984", "10064304984"),
        ("0512-65000000", "0512-65000000"),
        ("65000000转801", "65000000转801"),
    ],
)
def test_a_mobile_number_loses_its_country_prefix(raw: str, expected: str) -> None:
    assert phones(tidy(pl.Series([raw]))).to_list() == [expected]
