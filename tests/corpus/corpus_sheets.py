"""Workbooks and what pretends to be one: sheets, merged headers, formulas, dates, HTML and TSV under the name .xls."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import openpyxl
import xlwt
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from corpus_case import HEADERS, Case, csv_text, rows_of
from jishi_ingest.connectors.workbook import EVERY

ROWS: list[tuple[Any, ...]] = [HEADERS, *rows_of(5)]
DATE, SCOPE, USCC = "establish_date", "business_scope", "legal_entity.uscc.readable"
FIVE = tuple(f"苏州某某{number}有限公司" for number in range(1, 6))


def book(*sheets: tuple[str, list[tuple[Any, ...]]], hidden: tuple[str, ...] = (), **members: Any) -> bytes:
    made = openpyxl.Workbook()
    for name, value in members.items():
        setattr(made, name, value)
    assert made.active is not None
    made.remove(made.active)
    for name, rows in sheets:
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
        if name in hidden:
            sheet.sheet_state = "hidden"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def merged(rows: list[tuple[Any, ...]], *ranges: str) -> bytes:
    made = openpyxl.load_workbook(io.BytesIO(book(("数据", rows))))
    for cells in ranges:
        made["数据"].merge_cells(cells)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def edited(data: bytes, part: str, change: Callable[[bytes], bytes], twice: str = "") -> bytes:
    """The workbook with one member changed, another one put in again."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
            if name == twice:
                with warnings.catch_warnings(action="ignore"):
                    new.writestr(name, content)
    return out.getvalue()


def one(rows: list[tuple[Any, ...]]) -> bytes:
    return book(("数据", rows))


def with_cell(column: int, value: Any) -> list[tuple[Any, ...]]:
    """Five rows, the third of which has another value in a column."""
    rows = list(ROWS)
    rows[3] = (*rows[3][:column], value, *rows[3][column + 1 :])
    return rows


def old_book(rows: list[tuple[Any, ...]], error: tuple[int, int] | None = None) -> bytes:
    made = xlwt.Workbook()
    sheet = made.add_sheet("数据")
    for place, row in enumerate(rows):
        for column, value in enumerate(row):
            if (place, column) == error:
                sheet.row(place).set_cell_error(column, "#REF!")
            else:
                sheet.write(place, column, value)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def far_cell() -> bytes:
    row = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    return edited(one(ROWS), "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b"</sheetData>", row))


def computed() -> bytes:
    """A formula with the value a spreadsheet program stored beside it."""
    rows = with_cell(4, '="生产"&"销售"')
    return edited(
        one(rows),
        "xl/worksheets/sheet1.xml",
        lambda xml: re.sub(
            rb"<c r=\"E4\"([^>]*)>(<f>.*?</f>)<v ?/?>(</v>)?",
            rb'<c r="E4"\1 t="str">\2<v>' + "生产销售".encode() + b"</v>",
            xml,
        ),
    )


def web(rows: list[tuple[Any, ...]], before: str = "", after: str = "", head: str = "") -> str:
    lines = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>\n" for row in rows)
    return f"<html><head>{head}</head><body>{before}<table>{lines}</table>{after}</body></html>"


def case(name: str, make: Callable[[], bytes] | bytes | str, **outcome: Any) -> Case:
    if isinstance(make, str):
        make = make.encode()
    data = make
    return Case(name, (lambda: data) if isinstance(data, bytes) else data, **outcome)


TITLED = [("苏州市企业清单",), ("填报单位", "某局"), (), *ROWS, ("合 计", 5), ("制表：某",)]
GROUPED: list[tuple[Any, ...]] = [
    ("名称", "地址", "坐标", None),
    (None, None, "经度", "纬度"),
    *((f"某某{n}", f"姑苏区某某路{n}号", 120.6, 31.3) for n in range(1, 4)),
]
NO_VERTICAL = [*GROUPED]
SHEETS = ("ING-NOTE-SHEETS",)
ENCRYPTED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 4000

PLAIN = one(ROWS)  # its bytes tell the time it was made

WORKBOOKS = (
    case("plain.xlsx", lambda: one(ROWS), received=5, format="xlsx", values={"entity_name": FIVE}),
    case("title-and-footer.xlsx", lambda: one(TITLED), received=5, notes=("ING-NOTE-TITLE", "ING-NOTE-FOOTER")),
    case(
        "explained-first.xlsx", lambda: book(("填报说明", [("请如实填写",)]), ("数据", ROWS)), received=5, notes=SHEETS
    ),
    case("hidden-copy.xlsx", lambda: book(("旧", ROWS), ("数据", ROWS), hidden=("旧",)), received=5, notes=SHEETS),
    case(
        "only-a-hidden-one.xlsx",
        lambda: book(("说明", [("x",)]), ("数据", ROWS), hidden=("数据",)),
        fault="ING-READ-HIDDEN",
        says="数据",
    ),
    case(
        "declared-hidden.xlsx",
        lambda: book(("说明", [("x",)]), ("数据", ROWS), hidden=("数据",)),
        received=5,
        notes=SHEETS,
        declared={"sheet": "数据"},
    ),
    case("declared-absent.xlsx", lambda: one(ROWS), fault="ING-READ-SHEET", says="一月", declared={"sheet": "一月"}),
    case(
        "two-months.xlsx",
        lambda: book(("一月", ROWS), ("二月", [HEADERS, *rows_of(3, 6)])),
        fault="ING-READ-SHEETS",
        says="一月, 二月",
    ),
    case(
        "every-month.xlsx",
        lambda: book(("一月", [*ROWS, ("合计", 5)]), ("二月", [HEADERS, *rows_of(3, 6), ("合计", 3)])),
        received=8,
        notes=("ING-NOTE-FOOTER",),
        declared={"sheet": EVERY},
    ),
    case(
        "months-differ.xlsx",
        lambda: book(("一月", ROWS), ("二月", [(*HEADERS, "备注"), *rows_of(3, 6)])),
        fault="ING-READ-SHEETS-DIFFER",
        says="二月",
        declared={"sheet": EVERY},
    ),
    case(
        "merged-header.xlsx",
        lambda: merged(GROUPED, "A1:A2", "B1:B2", "C1:D1"),
        received=3,
        source="places",
        notes=("ING-NOTE-HEADER-ROWS",),
        values={"place_name": ("某某1", "某某2", "某某3")},
    ),
    case(
        "grouped-header.xlsx",
        lambda: merged(NO_VERTICAL, "C1:D1"),
        received=3,
        source="places",
        notes=("ING-NOTE-HEADER-ROWS",),
    ),
    case(
        "merged-title.xlsx",
        lambda: merged([("苏州市企业清单",), *ROWS], "A1:E1"),
        received=5,
        notes=("ING-NOTE-TITLE",),
    ),
    case("merged-rows.xlsx", lambda: merged(ROWS, "E3:E5"), fault="ING-READ-MERGED", says="E3:E5"),
    case(
        "formula-without-value.xlsx", lambda: one(with_cell(4, '="生产"&"销售"')), fault="ING-READ-FORMULA", says="E4"
    ),
    case(
        "formula-with-value.xlsx",
        computed,
        received=5,
        values={SCOPE: ("生产、销售某某",) * 2 + ("生产销售",) + ("生产、销售某某",) * 2},
    ),
    case("error-values.xlsx", lambda: one(with_cell(4, "#N/A")), received=5, refused={"ING-ROW-ERROR": 1}),
    case(
        "dates.xlsx",
        lambda: one(with_cell(2, datetime.fromisoformat("2002-01-04"))),
        received=5,
        values={DATE: (date(2001, 1, 4), date(2002, 1, 4), date(2002, 1, 4), date(2004, 1, 4), date(2005, 1, 4))},
    ),
    case(
        "dates-since-1904.xlsx",
        lambda: book(("数据", with_cell(2, date(2002, 1, 4))), epoch=CALENDAR_MAC_1904),
        received=5,
        values={DATE: (date(2001, 1, 4), date(2002, 1, 4), date(2002, 1, 4), date(2004, 1, 4), date(2005, 1, 4))},
    ),
    case(
        "dates-as-serials.xlsx",
        lambda: one(with_cell(2, 37260)),
        received=5,
        refused={"legal_entity.establish_date.readable": 1},
    ),
    case("codes-as-floats.xlsx", lambda: one(with_cell(1, 9.13205051234567e17)), received=5, refused={USCC: 1}),
    case("cell-far-away.xlsx", far_cell, fault="ING-READ-AREA", says="XFD1048576"),
    case("cut.xlsx", PLAIN[:-200], fault="ING-READ-ARCHIVE", byte=len(PLAIN) - 200),
    case(
        "broken-sheet.xlsx",
        lambda: edited(one(ROWS), "xl/worksheets/sheet1.xml", lambda xml: xml[:-300]),
        fault="ING-READ-WORKBOOK",
        says="sheet1.xml",
    ),
    case(
        "member-twice.xlsx",
        lambda: edited(one(ROWS), "", bytes, twice="xl/worksheets/sheet1.xml"),
        fault="ING-READ-MEMBER-TWICE",
        says="sheet1.xml",
    ),
    case("empty.xlsx", lambda: one([]), fault="ING-READ-EMPTY"),
    case("header-only.xlsx", lambda: one([HEADERS]), fault="ING-READ-NO-ROWS"),
    case(
        "headers-twice.xlsx",
        lambda: one([(*HEADERS, HEADERS[0]), *rows_of(2)]),
        fault="ING-HEADER-DUPLICATE",
        says="1, 6",
    ),
    case(
        "header-again.xlsx",
        lambda: one([*ROWS, *ROWS[:1], *rows_of(3, 6)]),
        received=8,
        notes=("ING-NOTE-HEADER-AGAIN",),
    ),
    case("plain.xls", lambda: old_book(ROWS), received=5, format="xls", values={"entity_name": FIVE}),
    case("error-values.xls", lambda: old_book(ROWS, error=(2, 4)), received=5, refused={"ING-ROW-ERROR": 1}),
    case("cut.xls", lambda: old_book(ROWS)[:3000], fault="ING-READ-WORKBOOK"),
    case("nothing-but-a-magic.xls", ENCRYPTED, fault="ING-READ-WORKBOOK"),
)

KIND = ("ING-NOTE-KIND",)
SHEET_XML = (
    '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet/></Workbook>'
)
SPANS = (
    "<table><tr><th rowspan=2>名称<th rowspan=2>地址<th colspan=2>坐标</tr><tr><th>经度<th>纬度</tr>"
    "<tr><td>某某1<td>姑苏区某某路1号<td>120.6<td>31.3</tr></table>"
)

DISGUISES = (
    case("html.xls", web(ROWS), received=5, format="html", encoding="utf-8", notes=KIND, values={"entity_name": FIVE}),
    case(
        "html-gbk.xls",
        web(ROWS, head='<meta charset="gb2312">').encode("gb18030"),
        received=5,
        encoding="gb18030",
        notes=KIND,
    ),
    case("html-title.xls", web([("苏州市企业清单",), *ROWS]), received=5, notes=(*KIND, "ING-NOTE-TITLE")),
    case("html-spans.xls", SPANS, received=1, source="places", notes=KIND),
    case("html-two-tables.xls", web(ROWS, after=web(ROWS)), fault="ING-READ-TABLES", says="2"),
    case(
        "html-menu-beside.xls",
        web(ROWS, before="<table><tr><td>首页</td></tr></table><script>var x='<b>'</script>"),
        received=5,
        notes=KIND,
    ),
    case(
        "html-scripts.xls",
        web(with_cell(4, "&lt;script&gt;alert(1)&lt;/script&gt;=1+1")),
        received=5,
        notes=KIND,
        values={SCOPE: ("生产、销售某某",) * 2 + ("<script>alert(1)</script>=1+1",) + ("生产、销售某某",) * 2},
    ),
    case("html-cut.xls", web(ROWS)[:-120], fault="ING-READ-TRUNCATED"),
    case(
        "html-ragged.xls",
        web([*ROWS, ("x", "y")]),
        received=6,
        refused={"ING-ROW-RAGGED": 1, USCC: 1},
        bad=1,
        notes=KIND,
    ),
    case(
        "login-page.csv",
        "<!DOCTYPE html><html><body><form>请登录</form></body></html>",
        fault="ING-READ-FORMAT",
        says="HTML",
    ),
    case("xml-spreadsheet.xls", SHEET_XML, fault="ING-READ-FORMAT", says="XML"),
    case(
        "tsv.xls",
        csv_text(rows_of(5), mark="\t").encode("gb18030"),
        received=5,
        format="csv",
        encoding="gb18030",
        notes=KIND,
    ),
    case(
        "unicode-text.xls",
        csv_text(rows_of(5), mark="\t", end="\r\n").encode("utf-16"),
        received=5,
        encoding="utf-16-le",
        notes=KIND,
    ),
    case("xlsx.csv", lambda: one(ROWS), received=5, format="xlsx", notes=KIND),
    case("xlsx.xls", lambda: one(ROWS), received=5, format="xlsx", notes=KIND),
    case("csv.xlsx", csv_text(rows_of(5)), received=5, format="csv", notes=KIND),
    case("picture.csv", b"\x89PNG\r\n\x1a\n" + bytes(99), fault="ING-READ-FORMAT", says="PNG"),
    case("scan.pdf", b"%PDF-1.7\n" + bytes(99), fault="ING-READ-FORMAT", says="PDF"),
)

CASES = (*WORKBOOKS, *DISGUISES)
