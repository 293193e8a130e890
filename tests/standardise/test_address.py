"""Addresses: every part where it belongs, the county of today or of history, and nothing lost on the way back."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jishi.standardise.address.columns import COLUMNS, compose, division_facts, parse_addresses
from jishi.standardise.address.gazetteer import Gazetteer, PlaceName, RoadName
from jishi.standardise.address.parse import LONGEST, parse
from jishi.standardise.address.parts import KINDS, How, ParsedAddress

SUZHOU, SHANGHAI = "3205", "3101"
PLACES = (
    PlaceName("320509105", "盛泽镇"),
    PlaceName("320506103", "木渎镇"),
    PlaceName("320507105", "渭塘镇"),
    PlaceName("320509105001", "新湖村村委会"),
    PlaceName("320581106001", "新湖村村委会"),
    PlaceName("320509110007", "莘塔社区居委会"),
    PlaceName("320585400", "经济开发区"),
    PlaceName("330109102", "盛泽街道"),  # invented: the same name in another city
)


@pytest.fixture(scope="module")
def known(gazetteer: Gazetteer) -> Gazetteer:
    """What ships, with some towns and villages of a place register."""
    return gazetteer.with_places(PLACES, [RoadName("王天井巷", "320508"), RoadName("人民路", "320508")])


def parts(parsed: ParsedAddress) -> dict[str, str]:
    return {kind: text for kind in KINDS if (text := parsed.part(kind)) is not None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "江苏省苏州市吴江区盛泽镇新湖村3组12号",
            {
                "province": "江苏省",
                "city": "苏州市",
                "county": "吴江区",
                "town": "盛泽镇",
                "community": "新湖村",
                "road": "3组",
                "number": "12号",
            },
        ),
        (
            "苏州市姑苏区平江路12-1号锦绣花园3幢2单元501室",
            {
                "city": "苏州市",
                "county": "姑苏区",
                "road": "平江路",
                "number": "12-1号",
                "compound": "锦绣花园",
                "building": "3幢",
                "unit": "2单元",
                "room": "501室",
            },
        ),
        (
            "浙江省杭州市余杭区五常街道文一西路969号",
            {
                "province": "浙江省",
                "city": "杭州市",
                "county": "余杭区",
                "town": "五常街道",
                "road": "文一西路",
                "number": "969号",
            },
        ),
        (
            "上海市静安区共和新路街道柳营路669弄14号1102室",
            {
                "province": "上海市",
                "county": "静安区",
                "town": "共和新路街道",
                "road": "柳营路",
                "number": "669弄",
                "building": "14号",
                "room": "1102室",
            },
        ),
        ("新村路5号", {"road": "新村路", "number": "5号"}),
        ("镇北路8号", {"road": "镇北路", "number": "8号"}),
        ("南京西路100号", {"road": "南京西路", "number": "100号"}),
        (
            "吴江区吴江经济开发区花园小区3-2-501",
            {
                "county": "吴江区",
                "zone": "吴江经济开发区",
                "compound": "花园小区",
                "building": "3",
                "unit": "2",
                "room": "501",
                "remainder": "--",
            },
        ),
        (
            "苏州市姑苏区人民路与干将东路交叉口",
            {"city": "苏州市", "county": "姑苏区", "road": "人民路干将东路", "remainder": "与交叉口"},
        ),
        (
            "浙江省-宁波市-鄞州区百丈东路18号",
            {
                "province": "浙江省",
                "city": "宁波市",
                "county": "鄞州区",
                "road": "百丈东路",
                "number": "18号",
                "remainder": "--",
            },
        ),
        (
            "义乌市义乌国际商贸城",
            {"county": "义乌市", "compound": "义乌国际商贸城"},
        ),
        (
            "江苏省苏州市江苏省苏州市吴中区木渎镇",
            {"province": "江苏省", "city": "苏州市", "county": "吴中区", "town": "木渎镇", "remainder": "江苏省苏州市"},
        ),
    ],
)
def test_an_address_is_read_into_its_parts(known: Gazetteer, text: str, expected: dict[str, str]) -> None:
    parsed = parse(text, known)
    assert parts(parsed) == expected
    assert parsed.text() == text


@pytest.mark.parametrize(
    ("text", "within", "how", "code", "named"),
    [
        ("苏州市吴江区笠泽路1号", "", How.EXACT, "320509", "320509"),
        ("吴江笠泽路1号", SUZHOU, How.ALIAS, "320509", "320509"),
        ("苏州工业园区星湖街1号", "", How.EXACT, "320576", "320576"),
        ("园区星湖街1号", SUZHOU, How.ALIAS, "320576", "320576"),
        ("苏州高新区狮山路1号", "", How.ALIAS, "320505", "320505"),
        ("贵州省黔南州都匀市1号", "", How.EXACT, "522701", "522701"),
        ("吴江经济开发区云梨路1号", SUZHOU, How.ALIAS, "320509", "320509"),
        ("苏州市沧浪区十全街1号", "", How.HISTORY, "320508", "320502"),
        ("苏州市平江区临顿路1号", "", How.HISTORY, "320508", "320503"),
        ("江苏省吴江市松陵镇1号", "", How.HISTORY, "320509", "320584"),
        ("苏州市吴县市木渎镇1号", "", How.HISTORY, "320506", "320586"),  # two successors: the town tells
        ("苏州市吴县市渭塘镇1号", "", How.HISTORY, "320507", "320586"),
        ("盛泽镇舜湖路1号", SUZHOU, How.CONTEXT, "320509", None),
        ("盛泽舜湖路1号", SUZHOU, How.CONTEXT, "320509", None),
        ("苏州市金家坝镇1号", "", How.CONTEXT, "320509", None),  # a town that is no more
        ("莘塔社区2组", SUZHOU, How.CONTEXT, "320509", None),
        ("苏州市王天井巷144号", "", How.CONTEXT, "320508", None),  # a road of one county
        ("宝山区友谊路1号", SHANGHAI, How.CONTEXT, "310113", "310113"),
        ("上海市宝山区友谊路1号", "", How.EXACT, "310113", "310113"),
        ("黑龙江省双鸭山市宝山区友谊路1号", "", How.EXACT, "230506", "230506"),
        ("广东省东莞市南城街道1号", "", How.EXACT, "441900", "441900"),  # a city without counties
        ("苏州市长江路1号", "", How.NONE, None, None),
        ("经济开发区1号", SUZHOU, How.NONE, None, None),  # a name that is nobody's own
        ("东方市场三分场2幢", SUZHOU, How.NONE, None, None),  # not 东方市 of Hainan
        ("", SUZHOU, How.NONE, None, None),
    ],
)
def test_the_county_is_that_of_today(
    known: Gazetteer, text: str, within: str, how: How, code: str | None, named: str | None
) -> None:
    division = parse(text, known, within).division
    assert (division.how, division.code, division.named) == (how, code, named)


@pytest.mark.parametrize(
    ("text", "within", "candidates"),
    [
        ("宝山区友谊路1号", "", ("230506", "310113")),
        ("宝山区友谊路1号", SUZHOU, ("230506", "310113")),
        ("江苏省鼓楼区中山路1号", "", ("320106", "320302")),
        ("新湖村5组", SUZHOU, ("320509", "320581")),
    ],
)
def test_an_ambiguous_name_gives_candidates_and_no_code(
    known: Gazetteer, text: str, within: str, candidates: tuple[str, ...]
) -> None:
    division = parse(text, known, within).division
    assert (division.how, division.code, division.candidates) == (How.AMBIGUOUS, None, candidates)


def test_a_former_county_with_several_successors_gives_them_and_no_code(known: Gazetteer) -> None:
    division = parse("苏州市吴县市人民路1号", known).division
    assert (division.how, division.code, division.named) == (How.HISTORY, None, "320586")
    assert division.candidates == ("320506", "320507")


def test_every_county_name_that_several_counties_bear_is_ambiguous(known: Gazetteer) -> None:
    """28 of the nation by GB/T 2260, and some that are in the list of the statistics office only."""
    names: dict[str, set[str]] = {}
    for row in known.living:
        if row.extra_value("level") == "county" and row.name != "市辖区":
            names.setdefault(row.name, set()).add(row.code)
    shared = {name: codes for name, codes in names.items() if len(codes) > 1}
    assert len(shared) >= 28
    for name, codes in shared.items():
        division = parse(f"{name}和平里1号", known).division
        assert (name, division.how, set(division.candidates)) == (name, How.AMBIGUOUS, codes)
        for code in codes:
            inside = parse(f"{name}和平里1号", known, code[:4]).division
            assert (name, inside.how, inside.code) == (name, How.CONTEXT, code)


def test_every_county_of_today_is_found_by_its_full_name(known: Gazetteer) -> None:
    rows = [row for row in known.living if row.extra_value("level") == "county" and row.name != "市辖区"]
    missed = [
        row.code for row in rows if parse(f"{row.extra_value('full_name')}和平里1号", known).division.code != row.code
    ]
    assert missed == ["620201"]  # 嘉峪关市, the only county of the city of that name


def test_a_town_is_told_by_its_code_where_the_registers_agree(known: Gazetteer) -> None:
    assert parse("吴江区盛泽镇1号", known).division.town == "320509105"
    assert parse("吴江区未知镇1号", known).division.town is None


ALPHABET = st.sampled_from(
    "江苏省市州区县吴中宝山盛泽镇街道村社新路大巷号幢单元室楼园区城-—_ 、（）()123AB一二三与东\n𠮷龘\u200b"
)


@settings(max_examples=600, deadline=None)
@given(text=st.one_of(st.text(ALPHABET, max_size=60), st.text(max_size=40)), within=st.sampled_from(["", "32", "3205"]))
def test_nothing_is_lost_on_the_way_back(known: Gazetteer, text: str, within: str) -> None:
    parsed = parse(text, known, within)
    assert parsed.text() == text
    assert all(segment.text and segment.kind in KINDS for segment in parsed.segments)
    assert (parsed.division.code is None) or parsed.division.candidates == ()


@settings(max_examples=100, deadline=None)
@given(texts=st.lists(st.one_of(st.none(), st.text(ALPHABET, max_size=40)), max_size=8))
def test_a_column_gives_its_texts_back_and_says_what_one_address_says(
    known: Gazetteer, texts: list[str | None]
) -> None:
    frame = parse_addresses(pl.Series(texts, dtype=pl.String), known, SUZHOU)
    assert (frame.columns, frame.height) == (list(COLUMNS), len(texts))
    assert compose(frame).to_list() == texts
    for text, row in zip(texts, frame.iter_rows(named=True), strict=True):
        if text is None:
            assert set(row.values()) == {None}
            continue
        one = parse(text, known, SUZHOU)
        assert {kind: row[kind] for kind in KINDS if row[kind]} == parts(one)
        assert (row["division_code"], row["resolution"]) == (one.division.code, one.division.how)


def test_each_row_may_have_a_home_of_its_own(known: Gazetteer) -> None:
    homes = pl.Series(["3101", "2305", None])
    frame = parse_addresses(pl.Series(["宝山区友谊路1号"] * 3), known, homes)
    assert frame["division_code"].to_list() == ["310113", "230506", None]
    assert frame["candidates"].to_list() == [None, None, "230506|310113"]


def test_facts_tell_apart_no_county_several_and_no_address(known: Gazetteer) -> None:
    texts = pl.Series(["苏州市吴江区1号", "长江路1号", "宝山区1号", "苏州市吴县市人民路1号", None])
    facts = division_facts(parse_addresses(texts, known, SUZHOU))
    assert facts["county_named"].to_list() == [True, False, None, None, None]
    assert facts["county_single"].to_list() == [True, None, False, False, None]


def test_a_text_too_long_for_an_address_is_left_whole(known: Gazetteer) -> None:
    text = "苏州市吴江区1、" * LONGEST
    assert parts(parse(text, known)) == {"remainder": text}
