"""Workbooks, JSON, GeoJSON, Parquet, shapefiles and archives come out as the same kind of frame as delimited text."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import date, datetime
from pathlib import Path

import numpy as np
import openpyxl
import polars as pl
import pyarrow as pa
import pyogrio
import pytest
import shapely
import xlwt
from pyarrow import parquet

from jishi.errors import InputRefusedError
from jishi_ingest.connectors import Reading, ReadOptions, read_delivery

HALF_PAST_EIGHT = datetime.fromisoformat("2002-01-04T08:30:00")


def read(data: bytes, name: str, options: ReadOptions | None = None) -> tuple[Reading, pl.DataFrame]:
    reading = read_delivery(io.BytesIO(data), name, options)
    frame = pl.concat(list(reading.chunks))
    assert frame.columns == [*reading.columns, "row_number", "row_fault", "row_surplus"]
    assert frame["row_number"].to_list() == list(range(1, frame.height + 1))
    return reading, frame


def code_of(data: bytes, name: str, options: ReadOptions | None = None) -> str:
    with pytest.raises(InputRefusedError) as caught:
        read(data, name, options)
    assert "{" not in caught.value.text("en")
    return caught.value.code


def workbook(rows: list[list[object]], *, hidden: bool = False) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if hidden:
        sheet.append(["不是数据"])
        sheet.sheet_state = "hidden"
        sheet = book.create_sheet("数据")
    for row in rows:
        sheet.append(row)
    book.create_sheet("说明")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook_gives_what_its_cells_say() -> None:
    cells: list[object] = [
        "320599200001010010",
        3.20505188605070e17,
        13900000000,
        0.5,
        date(2002, 1, 4),
        HALF_PAST_EIGHT,
        True,
        None,
    ]
    _, frame = read(workbook([list("abcdefgh"), cells, [None] * 8, ["z", *[None] * 7]]), "a.xlsx")
    assert frame.row(0)[:8] == (
        "320599200001010010",
        "3.2050518860507e+17",
        "13900000000",
        "0.5",
        "2002-01-04",
        "2002-01-04T08:30:00",
        "true",
        "",
    )
    assert frame.height == 2


def test_title_footer_and_hidden_sheets_are_left_out_and_said() -> None:
    rows: list[list[object]] = [
        ["苏州市地点清单"],
        ["填报单位", "某局"],
        [],
        ["名称", "经度（度）"],
        ["甲", 1],
        ["合 计", 1],
        ["制表：某"],
    ]
    options = ReadOptions(expected_headers=frozenset({"名称", "经度(度)"}), footer=("合计", "制表"))
    reading, frame = read(workbook(rows, hidden=True), "a.xlsx", options)
    assert reading.columns == ("名称", "经度（度）")
    assert frame["名称"].to_list() == ["甲"]
    assert [(fault.code, fault.values) for fault in reading.ignored] == [
        ("ING-NOTE-SHEETS", {"sheets": "Sheet, 说明"}),
        ("ING-NOTE-TITLE", {"count": 2}),
        ("ING-NOTE-FOOTER", {"count": 2}),
    ]
    _, whole = read(workbook(rows), "a.xlsx", ReadOptions(expected_headers=options.expected_headers))
    assert whole["名称"].to_list() == ["甲", "合 计", "制表：某"]


def test_an_old_workbook_is_read_and_a_sheet_can_be_chosen() -> None:
    book = xlwt.Workbook()
    for name in ("一", "二"):
        sheet = book.add_sheet(name)
        for column, values in enumerate((("编号", 12), ("名称", name))):
            sheet.write(0, column, values[0])
            sheet.write(1, column, values[1])
    out = io.BytesIO()
    book.save(out)
    reading, frame = read(out.getvalue(), "a.xls", ReadOptions(sheet="二"))
    assert (reading.format, frame.row(0)[:2]) == ("xls", ("12", "二"))
    assert code_of(out.getvalue(), "a.xls", ReadOptions(sheet="三")) == "ING-READ-SHEET"
    assert code_of(out.getvalue()[:700], "a.xls") == "ING-READ-WORKBOOK"


def test_json_keeps_numbers_as_written_and_nested_values_as_json() -> None:
    records = '[{"a": 3.20E+17, "b": 007}]'.replace("007", "7.10")
    _, frame = read(records.encode(), "a.json")
    assert frame.row(0)[:2] == ("3.20E+17", "7.10")
    text = '{"total": 2, "list": [{"a": {"x": [1.50, "甲", null]}}, {"b": true, "a": null}]}'
    reading, frame = read(text.encode("gb18030"), "a.json")
    assert (reading.format, reading.encoding) == ("json", "gb18030")
    assert frame.select("a", "b").rows() == [('{"x": [1.50, "甲", null]}', None), (None, "true")]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('[{"a": 1}, {"a"', "ING-READ-TRUNCATED"),
        ('[{"a": 1} {"a": 2}]', "ING-READ-JSON"),
        ('{"a": 1}', "ING-READ-SHAPE"),
        ('{"a": [], "b": [{}]}', "ING-READ-SHAPE"),
        ("[1, 2]", "ING-READ-SHAPE"),
        ("[]", "ING-READ-NO-ROWS"),
        ("  ", "ING-READ-EMPTY"),
        ("[" * 100_000, "ING-READ-DEEP"),
    ],
)
def test_json_without_records_is_refused(text: str, code: str) -> None:
    assert code_of(text.encode(), "a.json") == code


def test_ndjson_takes_members_of_late_lines_and_marks_broken_ones() -> None:
    data = b'{"a": 1}\n\n{"a": \n[1]\n{"b": "\\ufffd"}\n'
    _, frame = read(data, "a.ndjson", ReadOptions(chunk_rows=3))
    assert frame.select("a", "b").rows() == [("1", None), (None, None), (None, None), (None, "\ufffd")]
    assert frame["row_fault"].to_list() == [None, "ragged", "ragged", "replaced"]
    assert frame["row_surplus"].to_list() == [None, '["{\\"a\\":"]', '["[1]"]', None]
    assert code_of(data + b'{"a": 2', "a.ndjson") == "ING-READ-TRUNCATED"
    assert read(data + b'{"a": 2}', "a.ndjson")[1].height == 5


def geojson(*geometries: object, crs: str | None = None) -> bytes:
    features = [
        {"type": "Feature", "properties": {"gb": f"15632{i:04d}", "center": [1, 2]}, "geometry": geometry}
        for i, geometry in enumerate(geometries)
    ]
    document: dict[str, object] = {"type": "FeatureCollection", "features": features}
    if crs:
        document["crs"] = {"type": "name", "properties": {"name": crs}}
    return json.dumps(document).encode()


def test_geojson_gives_wkb_longitude_first() -> None:
    point, open_ring = {"type": "Point", "coordinates": [120.6, 31.3]}, [[0, 0], [1, 0], [1, 1], [0, 1]]
    data = geojson(
        point,
        None,
        {"type": "Polygon", "coordinates": [open_ring]},
        {"type": "Point", "coordinates": ["x"]},
        {"type": "Polygon", "coordinates": []},
        crs="urn:ogc:def:crs:EPSG::4490",
    )
    reading, frame = read(data, "a.json")
    assert (reading.format, reading.crs, reading.columns) == ("geojson", "EPSG:4490", ("gb", "center", "geometry"))
    assert frame["center"][0] == "[1, 2]"
    sent = np.array(frame["geometry"].to_list(), dtype=object)
    shapes = shapely.from_wkb(sent, on_invalid="fix")
    assert (shapes[0].x, shapes[0].y) == (120.6, 31.3)
    assert sent[1] is None
    assert shapely.from_wkb(sent[2:3], on_invalid="ignore")[0] is None
    assert shapes[2].equals(shapely.box(0, 0, 1, 1))
    assert sent[3] is not None
    assert shapes[3] is None
    assert shapes[4].is_empty


@pytest.mark.parametrize(
    ("declared", "crs"),
    [
        (None, None),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "OGC:CRS84"),
        ("EPSG:4549", "EPSG:4549"),
        ("http://www.opengis.net/def/crs/EPSG/0/4326", "EPSG:4326"),
    ],
)
def test_the_system_a_geojson_declares_is_said(declared: str | None, crs: str | None) -> None:
    assert read(geojson(None, crs=declared), "a.geojson")[0].crs == crs


def test_parquet_comes_out_as_text() -> None:
    table = pl.DataFrame(
        {
            "整数": [1, None],
            "小数": [13900000000.0, 3.2e17],
            "日期": [date(2002, 1, 4), None],
            "时刻": [HALF_PAST_EIGHT.replace(hour=0, minute=0), HALF_PAST_EIGHT],
            "列表": [["甲"], None],
            "真": [True, False],
            "文字": ["\ufffd", ""],
        }
    )
    out = io.BytesIO()
    table.write_parquet(out)
    reading, frame = read(out.getvalue(), "a.bin", ReadOptions(chunk_rows=1))
    assert reading.format == "parquet"
    assert frame.row(0)[:7] == ("1", "13900000000", "2002-01-04", "2002-01-04", '["甲"]', "true", "\ufffd")
    assert frame.row(1)[:7] == (None, "3.2e+17", None, "2002-01-04T08:30:00", None, "false", "")
    assert frame["row_fault"].to_list() == ["replaced", None]
    assert code_of(out.getvalue()[:-20], "a.parquet") == "ING-READ-PARQUET"


def test_a_zipped_shapefile_is_read_with_its_system(tmp_path: Path) -> None:
    shapes = np.array([shapely.to_wkb(shapely.Point(120.6, 31.3))], dtype=object)
    path = tmp_path / "点.shp"
    pyogrio.raw.write(
        path,
        shapes,
        [np.array(["甲"], dtype=object), np.array([7])],
        ["名称", "编号"],
        geometry_type="Point",
        crs="EPSG:4490",
        encoding="UTF-8",
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part in tmp_path.iterdir():
            archive.write(part, part.name)
    reading, frame = read(out.getvalue(), "点.zip")
    assert (reading.format, reading.crs, reading.columns) == ("shapefile", "EPSG:4490", ("名称", "编号", "geometry"))
    assert frame.row(0)[:2] == ("甲", "7")
    assert shapely.from_wkb(frame["geometry"][0]).x == 120.6


def zipped(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def test_gz_and_zip_are_opened() -> None:
    data = "名称,值\n苏州,1\n".encode("gb18030")
    for packed, name in (
        (gzip.compress(data), "a.csv.gz"),
        (zipped(**{"a.csv": data, "__MACOSX/a.csv": b""}), "a.zip"),
    ):
        reading, frame = read(packed, name)
        assert (reading.encoding, frame.row(0)[:2]) == ("gb18030", ("苏州", "1"))
    parquet = io.BytesIO()
    pl.DataFrame({"a": ["1"]}).write_parquet(parquet)
    assert read(gzip.compress(parquet.getvalue()), "a.parquet.gz")[1].height == 1


def test_damaged_nested_and_oversized_archives_are_refused() -> None:
    data = b"a,b\n" + b"1,2\n" * 100_000
    assert code_of(gzip.compress(data)[:-400], "a.csv.gz") == "ING-READ-ARCHIVE"
    assert code_of(zipped(a=data)[:-40], "a.zip") == "ING-READ-ARCHIVE"
    assert code_of(zipped(a=data, b=data), "a.zip") == "ING-READ-MEMBERS"
    assert code_of(zipped(**{"a.zip": zipped(a=data)}), "a.zip") == "ING-READ-NESTED"
    bomb = b"a,b\n" + b"\x20" * (40 << 20)
    assert code_of(gzip.compress(bomb), "a.csv.gz") == "ING-READ-BOMB"
    assert code_of(zipped(a=bomb), "a.zip") == "ING-READ-BOMB"
    assert code_of(gzip.compress(data), "a.csv.gz", ReadOptions(max_bytes=1000)) == "ING-READ-BOMB"


def test_a_parquet_file_whose_texts_are_no_utf_8_is_refused() -> None:
    """A writer that damaged a text; found by fuzzing."""
    texts = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\x00\x00\x00\x00\x02\x00\x00\x00"), pa.py_buffer(b"\xff\xfe")]
    )
    buffer = io.BytesIO()
    parquet.write_table(pa.table({"企业名称": texts}), buffer)
    with pytest.raises(InputRefusedError) as caught:
        list(read_delivery(io.BytesIO(buffer.getvalue()), "a.parquet", ReadOptions()).chunks)
    assert caught.value.code == "ING-READ-PARQUET"
