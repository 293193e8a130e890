"""Delimited text is read exactly: every row has its number, ragged ones stand where they stood, damage is told."""

from __future__ import annotations

import csv
import io
import random

import polars as pl
import pytest

from jishi.errors import InputRefusedError
from jishi_ingest.connectors import ReadOptions, delimited, read_delivery


def rows_of(data: bytes, name: str = "a.csv", **options: int) -> pl.DataFrame:
    reading = read_delivery(io.BytesIO(data), name, ReadOptions(**options))  # type: ignore[arg-type]
    return pl.concat(list(reading.chunks))


def refusal(data: bytes, name: str = "a.csv") -> InputRefusedError:
    with pytest.raises(InputRefusedError) as caught:
        rows_of(data, name)
    return caught.value


@pytest.mark.parametrize(
    ("data", "columns", "first"),
    [
        (b"a,b\n1,2\n", ("a", "b"), ("1", "2")),
        (b" a , b\r\n1, 2\r\n", ("a", "b"), ("1", " 2")),
        (b"a\tb\n1,5\t2\n", ("a", "b"), ("1,5", "2")),
        (b"a;b\n1;2", ("a", "b"), ("1", "2")),
        (b"a|b\n1|2", ("a", "b"), ("1", "2")),
        (b'"x,y",b\n1,2\n', ("x,y", "b"), ("1", "2")),
        (b"\n\na,b\n\n1,2\n", ("a", "b"), ("1", "2")),
        (b"a\n1\n", ("a",), ("1",)),
        (b",a,row_number\n0,1,2\n", ("#1", "a", "#row_number"), ("0", "1", "2")),
        (b"*,,^a.*$\n0,1,2\n", ("#*", "#2", "#^a.*$"), ("0", "1", "2")),
        ("名称,值\n苏州,１\n".encode("utf-8-sig"), ("名称", "值"), ("苏州", "１")),
        ("名称,值\n苏州,１\n".encode("utf-16"), ("名称", "值"), ("苏州", "１")),
        (b"\xfe\xff" + "名称,值\r\n苏州,１\r\n".encode("utf-16-be"), ("名称", "值"), ("苏州", "１")),
        ("名称,值\n苏州,１\n".encode("gb18030"), ("名称", "值"), ("苏州", "１")),
    ],
)
def test_headers_delimiters_and_encodings_are_recognised(
    data: bytes, columns: tuple[str, ...], first: tuple[str, ...]
) -> None:
    reading = read_delivery(io.BytesIO(data), "a.txt")
    frame = pl.concat(list(reading.chunks))
    assert reading.columns == columns
    assert frame.columns == [*columns, "row_number", "row_fault", "row_surplus"]
    assert frame.row(0)[: len(columns)] == first
    assert frame["row_number"].to_list() == [1]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16-le"), ("gb18030", "gb18030")],
)
def test_the_encoding_is_said(encoding: str, said: str) -> None:
    data = "名称\n苏州市𠮷\n".encode(encoding)
    assert read_delivery(io.BytesIO(data), "a.csv").encoding == said


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "ING-READ-EMPTY", None),
        (b"\n\n", "ING-READ-EMPTY", None),
        (b",,\n1,2,3\n", "ING-READ-NO-ROWS", None),
        (b"a,b\n", "ING-READ-NO-ROWS", None),
        (b"a,b", "ING-READ-NO-ROWS", None),
        (b"a,a\n1,2\n", "ING-HEADER-DUPLICATE", None),
        (b"a,b\n1,2\n3", "ING-READ-TRUNCATED", 3),
        (b'a,b\n1,2\n"3\n4', "ING-READ-QUOTE", 3),
        (b'a,b\n1,2\n3,"4', "ING-READ-QUOTE", 3),
        (b'a,b\n1,2\n3,"4\n', "ING-READ-QUOTE", 3),
        (b'a,b\n1,"2\n2"\n3,"4\n5,6\n', "ING-READ-QUOTE", 4),
        (b'"a,b\n1,2\n', "ING-READ-QUOTE", 1),
        ("甲,乙\n".encode() + b"1,\xff\xff\n", "ING-READ-ENCODING", 2),
        (("甲,乙\n" * 30).encode() + b"\xe4,1\n", "ING-READ-ENCODING", 31),
        ("a,b\n1,2\n".encode("utf-16-le"), "ING-READ-NUL", 1),
        ("甲,乙\n1,2\n".encode("utf-16")[:-1], "ING-READ-ENCODING", 2),
        (b"<html><table></table></html>", "ING-READ-FORMAT", None),
        (b"<?xml version='1.0'?><a/>", "ING-READ-FORMAT", None),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(data: bytes, code: str, line: int | None) -> None:
    error = refusal(data)
    assert (error.code, error.line) == (code, line)
    assert "{" not in error.text("en")


def test_a_cut_character_is_told_by_its_byte() -> None:
    data = ("名称\n" + "苏州市\n" * 20).encode() + b"\xe8\x8b"
    error = refusal(data)
    assert (error.code, error.byte, error.line) == ("ING-READ-ENCODING", len(data) - 2, 22)


def test_ragged_and_replaced_rows_come_out_in_their_place() -> None:
    data = "a,b,c\n1\n1,2,3\n1,2,3,4,5\n\n1,\ufffd,3\n1,\ufffd\n1,2,\x003\n".encode()
    frame = rows_of(data)
    assert frame["row_number"].to_list() == [1, 2, 3, 4, 5, 6]
    assert frame["row_fault"].to_list() == ["ragged", None, "ragged", "replaced", "ragged,replaced", "replaced"]
    assert frame.row(0)[:3] == ("1", None, None)
    assert frame.row(2)[:3] == ("1", "2", "3")
    assert frame["row_surplus"].to_list() == [None, None, '["4", "5"]', None, None, None]
    assert frame["c"][5] == "\ufffd3"


def test_a_long_last_row_without_newline_is_ragged_not_truncated() -> None:
    assert rows_of(b"a,b\n1,2\n1,2,3")["row_fault"].to_list() == [None, "ragged"]


def test_a_file_of_ragged_rows_alone_is_read() -> None:
    frame = rows_of(b"a,b\n1\n2\n3\n")
    assert frame["row_fault"].to_list() == ["ragged"] * 3
    assert frame["a"].to_list() == ["1", "2", "3"]


def test_ragged_rows_without_end_are_refused() -> None:
    error = refusal(b"a,b\n" + b"1\n" * 250_000)
    assert error.code == "ING-READ-RAGGED"


@pytest.mark.parametrize("seed", range(15))
def test_rows_equal_those_of_pythons_own_reader_at_every_block_and_chunk_border(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = random.Random(seed)
    width, newline = 3, source.choice(["\n", "\r\n"])
    cells = ["a", "", "bb", 'x"y', "q\n1", "q\r\nz", "é", "中文", "a,b", '"', "\ufffd"]
    lines, sent = [], []
    for _ in range(source.randint(1, 120)):
        count = width if source.random() < 0.7 else source.randint(2, 5)
        row = [source.choice(cells) for _ in range(count)]
        row[-1] = row[-1] if any(row) else "bb"  # a blank row is none
        sent.append(row)
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerow(row)
        lines.append(text.getvalue().removesuffix("\r\n"))
        if source.random() < 0.1:
            lines.append("")
    if len(sent[-1]) < width:  # without a newline this would be a truncated file
        lines.append("z,z,z")
        sent.append(["z"] * width)
    data = newline.join(["c1,c2,c3", *lines]) + newline * source.randint(0, 1)
    for block in (90, 131, 4000):
        monkeypatch.setattr(delimited, "BLOCK", block)
        for chunk_rows in (1, 7, 1000):
            reading = read_delivery(io.BytesIO(data.encode()), "a.csv", ReadOptions(chunk_rows=chunk_rows))
            frame = pl.concat(list(reading.chunks))
            assert frame["row_number"].to_list() == list(range(1, len(sent) + 1))
            for row, got in zip(sent, frame.iter_rows(), strict=True):
                assert list(got[:width]) == [*row[:width], *[None] * (width - len(row))]
                faults = [
                    *(["ragged"] if len(row) != width else []),
                    *(["replaced"] if "\ufffd" in "".join(row) else []),
                ]
                assert got[width + 1] == (",".join(faults) or None)


def test_chunks_hold_no_more_good_rows_than_asked() -> None:
    reading = read_delivery(io.BytesIO(b"a,b\n" + b"1,2\n" * 1001), "a.csv", ReadOptions(chunk_rows=100))
    assert [chunk.height for chunk in reading.chunks] == [100] * 10 + [1]
