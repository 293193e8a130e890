"""The batch as a whole: its columns, its way into the stage table, and real files."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import asyncpg
import polars as pl
import pytest

from jishi.messages import catalogue
from jishi.registers.catalog import registers
from jishi.registers.element import Kind
from jishi.standardise.batch import stage_columns, standardise, to_copy
from jishi.standardise.plan import Take
from jishi.standardise.stage import polars_type

WORDS = {"ok", "unreadable", "ambiguous", "incomplete", "precision_lost", "length", "characters"}
WORDS |= {"out_of_range", "empty", "zero", "metres", "swapped"}


def _constants(register: str) -> tuple[Take, ...]:
    """Every element of a register mapped, to a header or, for what must be known, to a constant; addresses as such."""
    fixed = {"place_type": "poi", "crs_source_code": "1"}
    elements = registers()[register].elements
    addresses = {element.address_part[0] for element in elements.values() if element.address_part}
    return tuple(
        Take(name, constant=fixed[name])
        if name in fixed
        else Take(name, (name,), "address" if name in addresses else None)
        for name in elements
    )


@pytest.mark.parametrize("register", list(registers()))
def test_every_rule_finds_its_columns_in_a_fully_mapped_delivery(plan_for: Callable[..., Any], register: str) -> None:
    columns = stage_columns(plan_for(register, *_constants(register)))
    rules = registers()[register].rules
    assert [rule.id for rule in rules if rule.column not in columns] == []
    assert [rule.id for rule in rules if rule.other is not None and rule.other not in columns] == []
    assert [column for column in registers()[register].columns if column not in columns] == []


@pytest.mark.parametrize("register", list(registers()))
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_the_frame_has_exactly_the_stage_columns_in_order_and_type(
    plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame], register: str, rows: int
) -> None:
    plan = plan_for(register, *_constants(register))
    names = ["rec_id", *registers()[register].elements]
    for cells in ([None] * rows, ["x1"] * rows):
        frame = standardise(raw_of(dict.fromkeys(names, cells)), plan)
        columns = stage_columns(plan)
        assert frame.columns == list(columns)
        decimals = {name for name, element in plan.register.elements.items() if element.kind is Kind.DECIMAL}
        wrong = {
            name: (frame[name].dtype, kind)
            for name, kind in columns.items()
            if name not in decimals and frame[name].dtype != polars_type(kind)
        }
        assert wrong == {}
        assert all(frame[name].dtype.is_decimal() for name in decimals)
        empties = [name for name in frame.columns if frame[name].dtype == pl.String and (frame[name] == "").any()]
        assert set(empties) <= {"origin", "scope"}


@pytest.mark.parametrize("register", list(registers()))
async def test_postgres_takes_the_batch_as_it_is(
    connection: asyncpg.Connection[Any],
    plan_for: Callable[..., Any],
    raw_of: Callable[..., pl.DataFrame],
    register: str,
) -> None:
    plan = plan_for(register, *_constants(register))
    tricky = ['a "quoted", text', "back\\slash \\N", "\\.", "1962-01-05", "120.5", "", None]
    raw = raw_of(dict.fromkeys(("rec_id", *registers()[register].elements), tricky))
    frame = standardise(raw, plan)
    columns = stage_columns(plan)
    listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    await connection.execute(f"CREATE TEMP TABLE batch ({listed})")
    await connection.copy_to_table("batch", columns=list(columns), source=BytesIO(to_copy(frame)), format="csv")
    rows = await connection.fetch("SELECT * FROM batch ORDER BY row_number")
    assert len(rows) == len(tricky)
    assert rows[0]["origin"] == ""
    texts = [name for name, element in plan.register.elements.items() if element.kind is Kind.TEXT]
    for name in texts:
        assert [row[name] for row in rows] == frame[name].to_list()
    for name in (name for name, kind in columns.items() if kind == "uuid"):
        assert [row[name] and row[name].hex for row in rows] == frame[name].to_list()
    assert rows[0]["effective_from"] == frame["effective_from"][0]


def test_every_word_about_a_value_has_a_message_in_both_languages() -> None:
    for word in WORDS:
        assert set(catalogue()[f"READ-{word.upper()}"]) == {"zh", "en"}


def test_facts_compare_person_and_number(plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame]) -> None:
    takes = (Take("id_number", ("n",)), Take("sex_code", ("s",)), Take("birth_date", ("b",)))
    columns = {"rec_id": list("123"), "n": ["110105188912310023"] * 3, "s": ["女", "男", "9"]}
    frame = standardise(raw_of(columns | {"b": ["1889-12-31", "1889年12月", None]}), plan_for("natural_person", *takes))
    assert frame["sex_code__definite"].to_list() == ["2", "1", None]
    assert frame["id_number__sex"].to_list() == ["2"] * 3
    assert frame["birth_date__prefix"].to_list() == ["18891231", "188912", None]
    assert frame["id_number__birth_prefix"].to_list() == ["18891231", "188912", "18891231"]


def test_geometry_of_divisions_and_of_points(plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame]) -> None:
    takes = (
        Take("place_type", ("kind",)),
        Take("geom", ("x", "y"), "point"),
        Take("crs_source_code", constant="1"),
    )
    columns = {"kind": ["poi", "division", "poi"], "x": ["120.6", "100", "31.3"], "y": ["31.3", "31", "120.6"]}
    frame = standardise(raw_of(columns), plan_for("place", *takes, key=("x",), crs="gcj02"))
    assert frame["geom__inside"].to_list() == [True, None, None]
    assert frame["geom__read"].to_list() == ["ok", "ok", "swapped"]
    assert frame["crs_source_code"].to_list() == ["3"] * 3
    assert frame["geom__offset_m"].null_count() == 3


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "rows", "codes", "registered"),
    [("suzhou_1978_2004_utf8", 15_717, 15_285, 430), ("changde_1978_2004_utf8", 1_774, 1_774, 0)],
)
def test_real_enterprises(
    shared_data: Path,
    plan_for: Callable[..., Any],
    enterprises: tuple[Take, ...],
    name: str,
    rows: int,
    codes: int,
    registered: int,
) -> None:
    frame = standardise(
        _real(shared_data / "03_legal_entities" / f"{name}.csv"),
        plan_for("legal_entity", *enterprises, key=("统一社会信用代码",)),
    )
    right = (frame["uscc__check_expected"] == frame["uscc__check_actual"]).sum()
    assert (frame.height, right, frame["reg_no_legacy"].count()) == (rows, codes, registered)
    unreadable = (frame["reg_capital__read"] == "unreadable").sum()
    assert unreadable == (3 if registered else 0)
    assert frame["reg_capital"].count() == frame["reg_capital__read"].count() - unreadable
    assert (frame["reg_capital_currency__known"] == False).sum() == 0  # noqa: E712
    assert frame["establish_date__read"].unique().to_list() == ["ok"]


@pytest.mark.data
@pytest.mark.parametrize(
    ("path", "rows", "unread"),
    [
        ("04_persons/synthetic_cn_persons_dev_records.csv", 4_208, 0),
        ("04_persons_hard/cn_persons_records.csv", 11_780, 549),
    ],
)
def test_synthetic_people(
    shared_data: Path, plan_for: Callable[..., Any], people: tuple[Take, ...], path: str, rows: int, unread: int
) -> None:
    raw = _real(shared_data / path)
    frame = standardise(raw, plan_for("natural_person", *people, origin="来源", scope=("来源",)))
    assert frame.height == rows
    assert frame["source_key"].n_unique() == rows
    assert frame.select(pl.col("sex_code__known", "ethnicity_code__known").not_()).sum().row(0) == (0, 0)
    assert frame["birth_date__read"].is_in(["unreadable", "ambiguous"]).sum() == unread or path.startswith(
        "04_persons/"
    )
    assert frame["full_name"].str.contains(r"\s").sum() == 0
    assert not frame["mobile"].str.contains(r"^\+?0*86\d{11}").any()


@pytest.mark.data
@pytest.mark.parametrize(
    ("name", "rows"), [("provinces", 31), ("cities", 342), ("areas", 2_978), ("villages_3205", 2_248)]
)
def test_real_statistical_divisions(shared_data: Path, plan_for: Callable[..., Any], name: str, rows: int) -> None:
    parents = ("streetCode", "areaCode", "cityCode", "provinceCode")
    takes = (
        Take("place_type", constant="division"),
        Take("place_name", ("name",)),
        Take("code_system", constant="nbs"),
        Take("division_code", ("code",), "division_code"),
        Take("division_level_code", ("code",), "division_level", params={"digits": "by_length"}),
        Take("parent_code", parents, "division_code"),
    )
    raw = _real(shared_data / "01_divisions" / "modood_china-division_2.7.0" / f"{name}.csv")
    plan = plan_for("place", *takes, key=("code",), scope=("division_level_code", "cityCode", "provinceCode"))
    frame = standardise(raw, plan)
    assert frame.height == rows
    assert frame["division_code__read"].value_counts().rows() == [("ok", rows)]
    assert frame["division_level_code"].n_unique() == 1
    assert frame["source_key"].n_unique() == rows
    assert frame["parent_code"].count() == (0 if name == "provinces" else rows)


def _real(path: Path) -> pl.DataFrame:
    frame = pl.read_csv(path, infer_schema=False)
    return frame.with_columns(
        pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("row_number"), pl.lit(None, pl.String).alias("row_fault")
    )
