"""Sources are declared whole or not at all, and are laid over the headers a file really has."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import cast

import pytest

from jishi.errors import DeclarationError, InputRefusedError
from jishi.settings import City, Settings
from jishi.standardise.plan import ROW_HASH
from jishi_ingest.source import Source, fit, load_sources, read_options, source_plan

SHIPPED = {
    "boundaries",
    "boundaries-gcj02",
    "divisions-mca",
    "divisions-nbs",
    "enterprise-registration",
    "places",
    "population",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "sources").mkdir()
    return tmp_path


@pytest.fixture
def sources(home: Path) -> dict[str, Source]:
    return load_sources(Settings(home=home))


def faults_of(home: Path, name: str, text: str) -> set[tuple[str, str]]:
    (home / "sources" / f"{name}.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as caught:
        load_sources(Settings(home=home))
    assert caught.value.code == "ING-SOURCES"
    assert all("{" not in fault.text("en") for fault in caught.value.faults)
    return {(fault.name, fault.code) for fault in caught.value.faults}


def test_the_shipped_sources_are_sound(sources: dict[str, Source]) -> None:
    assert set(sources) >= SHIPPED
    population = sources["population"]
    assert (population.mode, population.absence) == ("full", "end")
    assert [population.rank_of(origin) for origin in ("公安户籍", "教育学籍", "x")] == [10, 40, 90]
    assert sources["boundaries"].rank_of("") < sources["boundaries-gcj02"].rank_of("")


def test_a_city_changes_single_members_of_a_shipped_source(home: Path, sources: dict[str, Source]) -> None:
    text = 'rank = 12\nschedule = "30 4 * * 1"\n[map]\ncategory = { from = "门类" }\n'
    (home / "sources" / "places.toml").write_text(text, encoding="utf-8")
    changed = load_sources(Settings(home=home))
    assert changed["places"].rank == 12
    assert changed["places"].map["category"].from_ == (("门类",),)
    assert changed["places"].map["place_name"] == sources["places"].map["place_name"]
    assert changed["places"].version != sources["places"].version
    assert changed["population"].version == sources["population"].version


def test_every_fault_of_every_file_is_told_at_once(home: Path) -> None:
    (home / "sources" / "broken.toml").write_text("id = [", encoding="utf-8")
    (home / "sources" / "places.toml").write_text('rank = "high"\nnonsense = 1\n', encoding="utf-8")
    text = """
id = "other"
title = "人口"
title_en = "People"
department = "11320500000090018H"
register = "natural_person"
rank = 1
key = "row-hash"
mode = "delta"
absence = "end"
schedule = "daily"
connector = { kind = "path" }
map = { sex_code = { from = "性别", as = "guess" }, shoe_size = { from = "鞋码" } }
"""
    assert faults_of(home, "people", text) == {
        ("broken.toml", "ING-SOURCE-TOML"),
        ("places: rank", "ING-SOURCE-VALUE"),
        ("places: nonsense", "ING-SOURCE-VALUE"),
        ("people: id", "ING-SOURCE-ID"),
        ("people: mode", "ING-SOURCE-DELTA"),
        ("people: schedule", "ING-SOURCE-CRON"),
        ("people: connector", "ING-SOURCE-CONNECTOR"),
        ("people: map.sex_code", "ING-SOURCE-TRANSFORM"),
        ("people: map.shoe_size", "ING-SOURCE-ELEMENT"),
        ("people: map", "ING-SOURCE-REQUIRED"),
    }


def test_an_unknown_register_and_a_map_entry_of_two_origins_are_told(home: Path) -> None:
    (home / "sources" / "population.toml").write_text('register = "animals"', encoding="utf-8")
    text = "[map]\ncategory = { from = 'a', constant = 'b' }\n"
    found = faults_of(home, "places", text)
    assert found == {("population: register", "ING-SOURCE-REGISTER"), ("places: map.category", "ING-SOURCE-VALUE")}


@pytest.mark.parametrize(
    ("source", "columns", "key", "scope", "further"),
    [
        (
            "enterprise-registration",
            "企业名称 统一社会信用代码 注册日期 来源年",
            ("统一社会信用代码",),
            (),
            ("来源年",),
        ),
        ("enterprise-registration", "name code registrationDay", ("code",), (), ()),
        ("population", "rec_id 来源 姓名", ("rec_id",), ("来源",), ()),
        ("divisions-nbs", "code name", ("code",), ("division_level_code",), ()),
        ("divisions-nbs", "code name provinceCode", ("code",), ("division_level_code", "provinceCode"), ()),
        (
            "divisions-nbs",
            "code name streetCode provinceCode cityCode areaCode",
            ("code",),
            ("division_level_code", "cityCode"),
            (),
        ),
        (
            "divisions-mca",
            "id pid deep name pinyin_prefix pinyin ext_id ext_name",
            ("id",),
            ("division_level_code",),
            ("pinyin_prefix", "ext_id"),
        ),
        ("boundaries", "name gb geometry", ("gb",), (), ()),
        ("boundaries-gcj02", "adcode name center geometry", ("adcode",), (), ("center",)),
        ("places", "ＮＡＭＥ Address Longitude Latitude", ("ＮＡＭＥ", "Address"), (), ()),
    ],
)
def test_a_source_fits_the_kinds_of_file_it_is_made_for(
    sources: dict[str, Source],
    source: str,
    columns: str,
    key: tuple[str, ...],
    scope: tuple[str, ...],
    further: tuple[str, ...],
) -> None:
    fitted = fit(sources[source], columns.split())
    assert (fitted.key, fitted.scope, fitted.further) == (key, scope, further)


def test_the_columns_of_a_take_are_those_of_the_file_in_declared_order(sources: dict[str, Source]) -> None:
    villages = fit(sources["divisions-nbs"], ["code", "name", "provinceCode", "streetCode"])
    takes = {take.element: take for take in villages.takes}
    assert takes["parent_code"].columns == ("streetCode", "provinceCode")
    assert (takes["place_type"].constant, takes["place_type"].columns) == ("division", ())
    places = fit(sources["places"], ["名称", "地址", "纬度", "经度"])
    assert {take.element: take.columns for take in places.takes}["geom"] == ("经度", "纬度")


def test_a_point_with_one_of_its_columns_is_absent(sources: dict[str, Source]) -> None:
    fitted = fit(sources["places"], ["名称", "地址", "经度"])
    assert fitted.absent == ("geom",)
    assert fitted.further == ("经度",)


def test_missing_columns_that_must_be_there_are_all_named(sources: dict[str, Source]) -> None:
    with pytest.raises(InputRefusedError) as caught:
        fit(sources["population"], ["性别", "320599200001010010"])
    assert caught.value.code == "ING-HEADER-MISSING"
    assert [(fault.name, fault.code) for fault in caught.value.faults] == [
        ("姓名", "ING-HEADER-REQUIRED"),
        ("rec_id", "ING-HEADER-KEY"),
        ("来源", "ING-HEADER-NEEDED"),
    ]
    assert "320599" not in caught.value.text()


@pytest.mark.parametrize(
    ("source", "crs", "is_right"),
    [
        ("boundaries", "EPSG:4490", True),
        ("boundaries", "OGC:CRS84", True),
        ("boundaries", None, True),
        ("boundaries", "EPSG:4549", False),
        ("boundaries-gcj02", None, True),
        ("boundaries-gcj02", "EPSG:4490", False),
    ],
)
def test_a_file_that_declares_another_system_than_its_source_is_refused(
    sources: dict[str, Source], source: str, crs: str | None, is_right: bool
) -> None:
    columns = ["adcode", "gb", "name", "geometry"]
    if is_right:
        assert fit(sources[source], columns, crs).takes
    else:
        with pytest.raises(InputRefusedError) as caught:
            fit(sources[source], columns, crs)
        assert caught.value.code == "ING-CRS"


def test_the_plan_holds_what_the_source_declares(sources: dict[str, Source]) -> None:
    fitted = fit(sources["population"], ["rec_id", "来源", "姓名"])
    late = datetime(2026, 3, 1, 20, 0, tzinfo=UTC)
    plan = source_plan(
        sources["population"],
        fitted,
        delivered_at=late,
        code_lists={},
        known_divisions=frozenset(),
        sealer=cast("object", None),  # type: ignore[arg-type]
        city=City(),
    )
    assert plan.register.name == "natural_person"
    assert plan.today == date(2026, 3, 2)
    assert (plan.key, plan.origin, plan.effective) == (("rec_id",), "来源", None)
    assert list(plan.mapped) == ["full_name"]


def test_a_row_hash_key_asks_for_no_column(sources: dict[str, Source]) -> None:
    source = sources["places"].model_copy(update={"key": "row-hash"})
    assert fit(source, ["name"]).key == ROW_HASH


def test_a_workbook_is_searched_for_the_headers_of_its_source(sources: dict[str, Source]) -> None:
    options = read_options(sources["places"], Settings(chunk_rows=5_000))
    assert {"名称", "name", "经度"} <= options.expected_headers
    assert (options.chunk_rows, options.footer[0]) == (5_000, "合计")
