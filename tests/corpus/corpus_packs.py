"""Archives, shapefiles, Parquet: packed twice, cut, locked, bombs, names of other times, parts that are missing or lie."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyogrio
import shapely

from corpus_case import BORDERS, HEADERS, Case, csv_text, rows_of

CSV = csv_text(rows_of(5)).encode()
BOMB = CSV + b" " * (40 << 20)


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive, warnings.catch_warnings(action="ignore"):
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def renamed(data: bytes, old: bytes, new: bytes) -> bytes:
    """The archive with a name of the same length in its place, byte for byte, and nothing that says UTF-8."""
    return data.replace(old, new)


def locked() -> bytes:
    """The flag of encryption in both heads of the one member."""
    data = bytearray(zipped(("a.csv", CSV)))
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def lying() -> bytes:
    """A member that says it unpacks to less than it does."""
    data = bytearray(zipped(("a.csv", CSV)))
    place = data.rindex(b"PK\x01\x02") + 24
    data[place : place + 4] = struct.pack("<I", len(CSV) - 100)
    return bytes(data)


def quine(layers: int) -> bytes:
    data = CSV
    for _ in range(layers):
        data = gzip.compress(data)
    return data


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("a.csv")
        info.size = len(CSV)
        archive.addfile(info, io.BytesIO(CSV))
    return out.getvalue()


def huge_xlsx() -> bytes:
    sheet = b"<worksheet><sheetData/></worksheet>" + b" " * (40 << 20)
    return zipped(
        ("[Content_Types].xml", b"<Types/>"), ("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/sheet1.xml", sheet)
    )


def shapefile(
    encoding: str = "GBK", crs: str | None = "EPSG:4490", names: Sequence[str] = ("某区1", "某区2"), folder: str = ""
) -> dict[str, bytes]:
    """Parts of a layer of two squares; the zip's folder before their names."""
    squares = np.array([shapely.to_wkb(shapely.box(x, 31.2, x + 0.1, 31.3)) for x in (120.5, 120.6)], dtype=object)
    codes = np.array(["156320505", "156320506"], dtype=object)
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings(action="ignore"):
        path = Path(place) / "border.shp"
        fields = [np.array(names, dtype=object), codes]
        pyogrio.raw.write(path, squares, fields, ["name", "gb"], geometry_type="Polygon", crs=crs, encoding=encoding)
        return {folder + part.name: part.read_bytes() for part in sorted(Path(place).iterdir())}


def packed(parts: dict[str, bytes], *, without: Sequence[str] = (), **changed: bytes) -> bytes:
    kept = {name: changed.get(name[-3:], content) for name, content in parts.items() if name[-4:] not in without}
    return zipped(*kept.items())


def parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    frame = pl.DataFrame(dict(zip(HEADERS, zip(*rows_of(5), strict=True), strict=True))).with_columns(**columns)
    frame.write_parquet(out)
    return out.getvalue()


def case(name: str, make: Callable[[], bytes] | bytes, **outcome: Any) -> Case:
    data = make
    return Case(name, (lambda: data) if isinstance(data, bytes) else data, **outcome)


GBK_NAME = "企业清单.csv".encode("gb18030")
ARCHIVES = (
    case("plain.csv.gz", lambda: gzip.compress(CSV), received=5),
    case("two-parts.csv.gz", lambda: gzip.compress(CSV[:100]) + gzip.compress(CSV[100:]), received=5),
    case("nothing-inside.csv.gz", lambda: gzip.compress(b""), fault="ING-READ-EMPTY"),
    case("nothing.gz", b"", fault="ING-READ-EMPTY"),
    case("cut.csv.gz", lambda: gzip.compress(CSV)[:-20], fault="ING-READ-ARCHIVE"),
    case("rubbish-behind.csv.gz", lambda: gzip.compress(CSV) + b"rubbish", fault="ING-READ-ARCHIVE"),
    case(
        "damaged.csv.gz",
        lambda: gzip.compress(CSV)[:60] + b"\xff" * 9 + gzip.compress(CSV)[69:],
        fault="ING-READ-ARCHIVE",
    ),
    case("bomb.csv.gz", lambda: gzip.compress(BOMB), fault="ING-READ-BOMB"),
    case("twice.csv.gz", lambda: quine(2), fault="ING-READ-NESTED"),
    case("five-hundred-times.gz", lambda: quine(500), fault="ING-READ-NESTED"),
    case("plain.zip", lambda: zipped(("a.csv", CSV), ("__MACOSX/a.csv", b"x")), received=5),
    case(
        "gbk-name.zip",
        lambda: renamed(
            zipped(("x" * (len(GBK_NAME) - 4) + ".csv", CSV)), b"x" * (len(GBK_NAME) - 4) + b".csv", GBK_NAME
        ),
        received=5,
    ),
    case(
        "bytes-for-a-name.zip", lambda: renamed(zipped(("xxx.csv", CSV)), b"xxx.csv", b"\xff\xff\xff.csv"), received=5
    ),
    case("out-of-the-folder.zip", lambda: zipped(("../../../tmp/jishi-escaped.csv", CSV)), received=5),
    case("absolute.zip", lambda: zipped(("/tmp/jishi-escaped.csv", CSV)), received=5),
    case("locked.zip", locked, fault="ING-READ-PASSWORD"),
    case("lying.zip", lying, fault="ING-READ-ARCHIVE"),
    case("zip-in-zip.zip", lambda: zipped(("a.zip", zipped(("a.csv", CSV)))), fault="ING-READ-NESTED"),
    case("gz-called-csv.zip", lambda: zipped(("a.csv", gzip.compress(CSV))), fault="ING-READ-NESTED"),
    case("two-files.zip", lambda: zipped(("a.csv", CSV), ("b.csv", CSV)), fault="ING-READ-MEMBERS", says="2"),
    case(
        "same-name-twice.zip",
        lambda: zipped(("a.csv", CSV), ("a.csv", b"")),
        fault="ING-READ-MEMBER-TWICE",
        says="a.csv",
    ),
    case("no-files.zip", zipped, fault="ING-READ-MEMBERS", says="0"),
    case("folder-only.zip", lambda: zipped(("data/", b"")), fault="ING-READ-MEMBERS", says="0"),
    case(
        "cut.zip", lambda: zipped(("a.csv", CSV))[:-30], fault="ING-READ-ARCHIVE", byte=len(zipped(("a.csv", CSV))) - 30
    ),
    case("bomb.zip", lambda: zipped(("a.csv", BOMB)), fault="ING-READ-BOMB"),
    case("bomb.xlsx", huge_xlsx, fault="ING-READ-BOMB"),
    case("other-packing.zip", lambda: zipped(("a.csv", CSV), method=zipfile.ZIP_LZMA), received=5),
    case("xlsx-in-zip.zip", lambda: zipped(("a.parquet", parquet())), received=5, format="parquet"),
    case(
        "letter.docx",
        lambda: zipped(("[Content_Types].xml", b""), ("word/document.xml", b"")),
        fault="ING-READ-FORMAT",
        says="docx",
    ),
    case("binary.xlsb", lambda: zipped(("xl/workbook.bin", b"")), fault="ING-READ-FORMAT", says="xlsb"),
    case("tape.tar", tar, fault="ING-READ-FORMAT", says="tar"),
    case("tape.tar.gz", lambda: gzip.compress(tar()), fault="ING-READ-FORMAT", says="tar"),
    case("deflated-only.csv", lambda: zlib.compress(CSV * 9), fault="ING-READ-ENCODING"),
)

NAMES = ("某区1", "某区2")
SHAPEFILES: tuple[Case, ...] = (
    case(
        "gbk.zip",
        lambda: packed(shapefile()),
        received=2,
        encoding="gb18030",
        format="shapefile",
        values={"place_name": NAMES},
    ),
    case("utf8.zip", lambda: packed(shapefile("UTF-8")), received=2, encoding="utf-8", values={"place_name": NAMES}),
    case(
        "gbk-without-cpg.zip",
        lambda: packed(shapefile(), without=(".cpg",)),
        received=2,
        encoding="gb18030",
        values={"place_name": NAMES},
    ),
    case(
        "utf8-without-cpg.zip",
        lambda: packed(shapefile("UTF-8"), without=(".cpg",)),
        received=2,
        encoding="utf-8",
        values={"place_name": NAMES},
    ),
    case("chinese-folder.zip", lambda: packed(shapefile(folder="界线数据/")), received=2, values={"place_name": NAMES}),
    case("cpg-lies.zip", lambda: packed(shapefile(), cpg=b"UTF-8"), fault="ING-READ-CPG", says="row 1"),
    case("cpg-unknown.zip", lambda: packed(shapefile(), cpg=b"KLINGON-1"), fault="ING-READ-CPG", says="KLINGON-1"),
    case(
        "neither-encoding.zip",
        lambda: packed(
            shapefile(names=("某区1", "\u3000\u3000")),
            without=(".cpg",),
            dbf=shapefile()["border.dbf"].replace("某区2".encode("gb18030"), b"\xff\xff\xff\xff\xff"),
        ),
        fault="ING-READ-DBF-ENCODING",
        says="row 2",
    ),
    case("no-prj.zip", lambda: packed(shapefile(), without=(".prj",)), fault="ING-READ-PRJ", says="file_crs"),
    case(
        "no-prj-but-declared.zip",
        lambda: packed(shapefile(), without=(".prj",)),
        received=2,
        declared={"file_crs": "EPSG:4490"},
    ),
    case("no-dbf.zip", lambda: packed(shapefile(), without=(".dbf",)), fault="ING-READ-PARTS", says=".dbf"),
    case(
        "no-shx-no-dbf.zip",
        lambda: packed(shapefile(), without=(".shx", ".dbf")),
        fault="ING-READ-PARTS",
        says=".shx, .dbf",
    ),
    case(
        "cut-shp.zip",
        lambda: packed(shapefile(), shp=shapefile()["border.shp"][:-40]),
        fault="ING-READ-SHAPEFILE",
        says=".shp",
    ),
    case(
        "cut-dbf.zip",
        lambda: packed(shapefile(), dbf=shapefile()["border.dbf"][:-40]),
        fault="ING-READ-SHAPEFILE",
        says=".dbf",
    ),
    case(
        "two-layers.zip", lambda: zipped(*shapefile().items(), ("other.shp", b"")), fault="ING-READ-MEMBERS", says="2"
    ),
    case("projected.zip", lambda: packed(shapefile(crs="EPSG:4549")), fault="ING-CRS", says="EPSG:4549"),
    case("prj-of-nothing.zip", lambda: packed(shapefile(), prj=b"rubbish"), fault="ING-CRS"),
)
SHAPEFILES = tuple(Case(**{**vars(one), "name": f"shp-{one.name}", "source": BORDERS}) for one in SHAPEFILES)

PARQUETS = (
    case("plain.parquet", parquet, received=5, format="parquet"),
    case("parquet.csv", parquet, received=5, format="parquet", notes=("ING-NOTE-KIND",)),
    case(
        "floats.parquet",
        lambda: parquet(**{HEADERS[1]: pl.Series([9.13205051234567e17] * 5)}),
        received=5,
        refused={"legal_entity.uscc.readable": 5},
    ),
    case("nested.parquet", lambda: parquet(备注=pl.Series([["甲", "乙"]] * 5)), received=5),
    case("cut.parquet", lambda: parquet()[:-20], fault="ING-READ-PARQUET", says=str(len(parquet()) - 20)),
    case("head-only.parquet", b"PAR1", fault="ING-READ-PARQUET"),
    case("holed.parquet", lambda: parquet()[:40] + bytes(200) + parquet()[240:], fault="ING-READ-PARQUET"),
    case("parquet.gz", lambda: gzip.compress(parquet()), received=5, format="parquet"),
)

CASES = (*ARCHIVES, *SHAPEFILES, *PARQUETS)
