"""Delimited text: encodings, delimiters, line ends, headers, quotes, sizes, characters."""

from __future__ import annotations

import unicodedata

from corpus_case import HEADERS, Case, csv_text, rows_of

RAGGED, REPLACED, ERROR, KEY = "ING-ROW-RAGGED", "ING-ROW-REPLACED", "ING-ROW-ERROR", "ING-KEY-MISSING"
USCC, LENGTH = "legal_entity.uscc.readable", "legal_entity.business_scope.length"
PLAIN = csv_text(rows_of(20))
WIDE_NAMES = (
    "𠮷野𤭢有限公司",
    "苏州𪚥𫝀公司",
    "苏州\U0003134a公司",
    "苏州😀🏭公司",
    "苏州\ue123\U000f0001公司",
    "قصر公司\u200f",
    "苏\u200b州\u200d\ufeff公司",
)
"""Chinese extensions B to H, emoji, private use, right to left, invisible characters."""
INJECTIONS = (
    "=cmd|' /C calc'!A0",
    '@SUM(1+1)*cmd|"/C calc"!A0',
    "+1+cmd|x",
    "-2+3+cmd|x",
    "<script>alert(1)</script>",
    "'; DROP TABLE x; --",
)


def named(names: tuple[str, ...]) -> str:
    rows = [
        (f'"{name.replace(chr(34), chr(34) * 2)}"', *row[1:]) for name, row in zip(names, rows_of(99), strict=False)
    ]
    return csv_text(rows)


def text(name: str, content: str | bytes, **outcome: object) -> Case:
    data = content.encode() if isinstance(content, str) else content
    return Case(name, lambda: data, **outcome)  # type: ignore[arg-type]


def scope(cell: str) -> str:
    """Three rows, the second of which has the cell as its scope of business."""
    rows = rows_of(3)
    rows[1] = (*rows[1][:-1], cell)
    return csv_text(rows)


HEAD = len(csv_text(rows_of(10)).encode())
GBK_LINES = csv_text(rows_of(10)).encode("gb18030")
MIXED = GBK_LINES + csv_text(rows_of(5, 11)).split("\n", 1)[1].encode()
HALVES = csv_text(rows_of(10)).encode() + csv_text(rows_of(5, 11)).split("\n", 1)[1].encode("gb18030")
HOLED = csv_text(rows_of(10)).encode() + b"\x00" * 4096 + csv_text(rows_of(5, 11)).encode()
CESU = csv_text(rows_of(9)).encode() + "苏州".encode() + b"\xed\xa0\x80,x,x,x,x\n"

ENCODINGS = (
    text("utf8.csv", PLAIN, received=20, encoding="utf-8", format="csv"),
    text("bom.csv", PLAIN.encode("utf-8-sig"), received=20, encoding="utf-8-sig"),
    text("gb18030.csv", PLAIN.encode("gb18030"), received=20, encoding="gb18030"),
    text("utf16.csv", PLAIN.encode("utf-16"), received=20, encoding="utf-16-le"),
    text("utf16be.csv", b"\xfe\xff" + PLAIN.encode("utf-16-be"), received=20, encoding="utf-16-be"),
    text("utf16-no-bom.csv", csv_text(rows_of(20)).encode("utf-16-le"), fault="ING-READ-NUL", byte=9),
    text("half-utf8-half-gbk.csv", HALVES, fault="ING-READ-ENCODING", line=12, byte=HEAD),
    text("gbk-with-utf8-lines.csv", MIXED, fault="ING-READ-MIXED", line=12),
    text("nul-hole.csv", HOLED, fault="ING-READ-NUL", line=12, byte=HEAD),
    text("nul-in-a-cell.csv", scope("生\x00产"), received=3, refused={REPLACED: 1}),
    text("replacement-character.csv", scope("生\ufffd产"), received=3, refused={REPLACED: 1}),
    text("surrogate-bytes.csv", CESU, fault="ING-READ-ENCODING", line=11),
    text("cut-in-a-character.csv", PLAIN.encode()[:-3], fault="ING-READ-ENCODING", line=21),
    text("bytes-of-nothing.csv", bytes(range(128, 256)) * 20, fault="ING-READ-ENCODING", line=1, byte=0),
)

SHAPES = (
    *(
        text(f"delimiter-{number}.txt", csv_text(rows_of(5), mark=mark), received=5)
        for number, mark in enumerate((";", "|", "\t"))
    ),
    text("tabs.csv", csv_text(rows_of(5), mark="\t"), received=5, format="csv"),
    text("carriage-returns.csv", csv_text(rows_of(5), end="\r"), received=5),
    text("carriage-returns-cut.csv", csv_text(rows_of(5), end="\r")[:-30], fault="ING-READ-TRUNCATED", line=6),
    text("mixed-line-ends.csv", PLAIN.replace("\n", "\r\n", 9).replace("\n", "\r", 3), received=20),
    text(
        "title-and-footer.csv",
        "苏州市企业清单,,,,\n填报单位：某局\n" + csv_text(rows_of(5)) + "合计,5,,,\n制表：某\n",
        received=5,
        notes=("ING-NOTE-FOOTER", "ING-NOTE-TITLE"),
    ),
    text(
        "header-again.csv",
        csv_text(rows_of(5)) + csv_text(rows_of(5, 6)),
        received=10,
        notes=("ING-NOTE-HEADER-AGAIN",),
    ),
    text("blank-rows.csv", csv_text(rows_of(5)) + ",,,,\n" * 3 + " ,　,,,\n", received=5, notes=("ING-NOTE-BLANK",)),
    text("quotes-and-lines-inside.csv", scope('"生产""某某""\n销售，服务"'), received=3),
    text(
        "quote-never-closed.csv",
        csv_text(rows_of(5)) + '"苏州某某\n' + csv_text(rows_of(5, 6)),
        fault="ING-READ-QUOTE",
        line=7,
    ),
    text("quote-in-the-header.csv", '"' + csv_text(rows_of(3)), fault="ING-READ-QUOTE", line=1),
    text("long-header.csv", '"' + csv_text(rows_of(90)), fault="ING-HEADER-LONG"),
    text("cut-in-a-row.csv", PLAIN[:-45], fault="ING-READ-TRUNCATED", line=21),
    text(
        "ragged-rows.csv",
        csv_text(rows_of(3)) + "苏州,1\n" + csv_text([(*row, "x") for row in rows_of(2, 4)]).split("\n", 1)[1],
        received=6,
        refused={RAGGED: 3, USCC: 1},
        bad=3,
    ),
    text("error-values.csv", scope("#REF!"), received=3, refused={ERROR: 1}),
    text("error-elsewhere.csv", csv_text([(*row, "#N/A") for row in rows_of(3)], (*HEADERS, "备注")), received=3),
)

HEADER_ROWS = (
    text(
        "headers-twice.csv", csv_text(rows_of(3), (*HEADERS[:4], HEADERS[0])), fault="ING-HEADER-DUPLICATE", says="1, 5"
    ),
    text(
        "headers-alike.csv",
        csv_text(rows_of(3), (*HEADERS[:4], "企业 名称")),
        fault="ING-HEADER-MISSING",
        says="more than one column",
    ),
    text(
        "header-cell-empty.csv",
        csv_text(rows_of(3), ("企业名称", "统一社会信用代码", "", "注册资金", "经营范围")),
        received=3,
    ),
    text(
        "required-header-missing.csv",
        csv_text(rows_of(3), ("名头", *HEADERS[1:])),
        fault="ING-HEADER-MISSING",
        says="企业名称",
    ),
    text(
        "key-missing.csv",
        csv_text(rows_of(3), (HEADERS[0], "代号", *HEADERS[2:])),
        fault="ING-HEADER-MISSING",
        says="统一社会信用代码",
    ),
    text("no-header.csv", PLAIN.split("\n", 1)[1], fault="ING-HEADER-MISSING", says="no header"),
    text(
        "headers-in-other-forms.csv",
        csv_text(
            rows_of(3),
            (
                "\u200b企业名称\u200f",
                " 统一社会信用代码　",
                "注册日期",
                "注册资金",
                unicodedata.normalize("NFD", "经营范围"),
            ),
        ),
        received=3,
    ),
)

SIZES = (
    text("empty.csv", b"", fault="ING-READ-EMPTY"),
    text("header-only.csv", ",".join(HEADERS) + "\n", fault="ING-READ-NO-ROWS"),
    text("blanks.csv", " \n\t\n   \n", fault="ING-READ-EMPTY"),
    text("delimiters-only.csv", ",,,,\n" * 500, fault="ING-READ-EMPTY"),
    text("cell-of-two-megabytes.csv", scope("产" * 700_000), received=3, refused={LENGTH: 1}),
    text("cell-of-ten-megabytes.csv", scope("产" * 3_500_000), fault="ING-READ-LONG", line=3),
    text(
        "columns-20000.csv",
        csv_text([(*row, *["x"] * 20_000) for row in rows_of(3)], (*HEADERS, *map(str, range(20_000)))),
        received=3,
    ),
    text("columns-40000.csv", "a,b\n" + ",".join(map(str, range(40_000))), received=0, fault="ING-HEADER-MISSING"),
    text("headers-40000.csv", ",".join(map(str, range(40_000))) + "\n1\n", fault="ING-READ-WIDE", says="40000"),
    text(
        "million-delimiters.csv",
        csv_text(rows_of(3)) + "," * 1_000_000 + "x\n" + csv_text(rows_of(1, 4)).split("\n", 1)[1],
        received=5,
        refused={RAGGED: 1, KEY: 1, "legal_entity.entity_name.required": 1},
        bad=1,
    ),
    text(
        "row-of-empty-cells-without-end.csv",
        csv_text(rows_of(3)) + "," * 1_000_000 + "\n",
        received=3,
        notes=("ING-NOTE-BLANK",),
    ),
)

CHARACTERS = (
    text("injections.csv", named(INJECTIONS), received=6, values={"entity_name": INJECTIONS}),
    text(
        "rare-characters.csv",
        named(WIDE_NAMES),
        received=7,
        values={"entity_name": (*WIDE_NAMES[:5], "قصر公司", "苏州公司")},
    ),
)

CASES = (*ENCODINGS, *SHAPES, *HEADER_ROWS, *SIZES, *CHARACTERS)
