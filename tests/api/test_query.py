from __future__ import annotations

from datetime import date

import pytest

from jishi.access.grants import standing
from jishi.errors import CallerError
from jishi.registers.catalog import register_of
from jishi.registers.register import Register
from jishi_api import sql
from jishi_api.parameters import DEFAULT_LIMIT, key_value
from jishi_api.query import Question, plan_items

ENTITIES, PLACES = register_of("legal_entity"), register_of("place")


def plan(register: Register, **parameters: str) -> Question:
    return plan_items(register, standing("c", register), parameters.items(), b"a secret")


def faults(register: Register, *parameters: tuple[str, str]) -> dict[str, str]:
    with pytest.raises(CallerError) as refused:
        plan_items(register, standing("c", register), parameters, b"a secret")
    assert refused.value.code == "QRY-PARAMETERS"
    return {fault.name: fault.code for fault in refused.value.faults}


def test_values_take_the_type_of_their_element() -> None:
    made = plan(ENTITIES, establish_date="2001-02-28", entity_status_code="1", uscc=" 52320500ＭJ0001a ")
    assert dict(made.equal) == {
        "establish_date": date(2001, 2, 28),
        "entity_status_code": "1",
        "uscc": "52320500MJ0001A",
    }


@pytest.mark.parametrize(
    ("text", "limit"), [("1", 1), ("007", 7), ("10000", 10_000), ("10001", 10_000), ("9" * 5000, 10_000)]
)
def test_a_limit_above_the_greatest_is_clamped(text: str, limit: int) -> None:
    assert plan(PLACES, limit=text).page.limit == limit
    assert plan(PLACES).page.limit == DEFAULT_LIMIT


@pytest.mark.parametrize("text", ["0", "000", "-1", "1.5", "", "x", "１", "1e3"])
def test_a_limit_that_is_no_positive_number_is_refused(text: str) -> None:
    assert faults(PLACES, ("limit", text)) == {"limit": "QRY-VALUE-LIMIT"}


def test_a_box_is_west_south_east_north() -> None:
    condition = plan(PLACES, bbox="120.5, 31,121.0,31.5").page.condition
    assert condition is not None and condition.values == (120.5, 31.0, 121.0, 31.5)


def test_a_box_across_the_antimeridian_is_two_and_heights_are_passed_over() -> None:
    condition = plan(PLACES, bbox="170,0,-170,1e1").page.condition
    assert condition is not None and condition.values == (170, 0, 180, 10, -180, 0, -170, 10)
    condition = plan(PLACES, bbox="1,2,-5,3,4,5").page.condition
    assert condition is not None and condition.values == (1, 2, 3, 4)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1,2,3",
        "1,2,6,4,5,3",
        "1,4,2,3",
        "-181,0,0,1",
        "0,0,0,91",
        "nan,0,1,1",
        "1e3,0,11,1",
    ],
)
def test_a_box_that_is_none_is_refused(text: str) -> None:
    assert faults(PLACES, ("bbox", text)) == {"bbox": "QRY-VALUE-BBOX"}


def test_every_fault_is_told_at_once() -> None:
    assert faults(
        ENTITIES,
        ("limit", "x"),
        ("bbox", "0,0,1"),
        ("establish_date", "2001-02-30"),
        ("legal_rep_name", "张三"),
        ("entity_status", "存续"),
        ("colour", "red"),
        ("f", "xml"),
        ("properties", "entity_name,shape"),
        ("city", "a"),
        ("city", "b"),
        ("uscc", "92320500MA00000000"),
        ("entity_name", "a\0"),
    ) == {
        "limit": "QRY-VALUE-LIMIT",
        "bbox": "QRY-VALUE-BBOX",
        "establish_date": "QRY-VALUE-DATE",
        "legal_rep_name": "QRY-NOT-QUERYABLE",
        "entity_status": "QRY-NOT-QUERYABLE",
        "colour": "QRY-UNKNOWN-PARAMETER",
        "f": "QRY-VALUE-FORMAT",
        "properties: shape": "QRY-PROPERTY-UNKNOWN",
        "city": "QRY-GIVEN-TWICE",
        "uscc": "QRY-KEY-PERSONAL",
        "entity_name": "QRY-VALUE-TEXT",
    }


def test_no_fault_repeats_the_value() -> None:
    with pytest.raises(CallerError) as refused:
        plan(
            ENTITIES,
            establish_date="张三丰",
            entity_name="张三丰" * 100,
            bbox="张三丰",
            cursor="张三丰",
            limit="张三丰",
        )
    assert "张三丰" not in refused.value.text("en") + refused.value.text("zh-CN")


def test_an_element_brings_the_label_of_its_code_and_a_label_comes_alone() -> None:
    columns = plan(ENTITIES, properties="entity_status_code,uscc").plan.columns
    assert [part.rpartition(" AS ")[2] for part in columns.split(", ")] == [
        '"uscc"',
        '"entity_status_code"',
        '"entity_status"',
    ]
    assert (
        plan(ENTITIES, properties="entity_status").plan.columns == 'name_of_entity_status_code.name AS "entity_status"'
    )
    assert plan(PLACES, properties="geom").plan.columns == ""


def test_the_code_of_an_individual_business_has_no_place_in_a_url() -> None:
    for text in ("92320500MA00000000", "９2320500MA00000000", " 92"):
        with pytest.raises(CallerError) as refused:
            key_value(ENTITIES, text)
        assert refused.value.code == "QRY-KEY-PERSONAL"


def test_values_never_stand_in_the_statement() -> None:
    evil = "'; DROP TABLE jishi.place; --"
    asked = plan(PLACES, place_name=evil, category=evil, filter=f"category = '{evil.replace(chr(39), chr(39) * 2)}'")
    statement = sql.page(asked.plan, asked.page)
    assert evil not in statement.text and statement.values[:3] == (evil, evil, evil)


def test_one_shape_is_one_statement() -> None:
    first, second = (
        plan(PLACES, place_name=name, limit=limit, filter=f"category IN ({listed})")
        for name, limit, listed in (("a", "5", "'x'"), ("b", "50", "'x','y'"))
    )
    assert sql.page(first.plan, first.page).text is sql.page(second.plan, second.page).text
