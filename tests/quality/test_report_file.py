"""The department's file: its own columns, texts that stay texts, never over another file."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator
from pathlib import Path

import openpyxl
import pytest

from jishi.delivery.escape import escape_formula
from jishi.delivery.refused_file import CELL_CHARACTERS, _delimited, _workbook, new_file, opened_rows
from jishi.errors import CallerError
from jishi.identifiers.keys import Keys, load_or_create
from jishi.identifiers.sealed_file import seal_bytes
from jishi.quality.failures import BatchEntry, Kept
from jishi.quality.quarantine import row_context

NAME_REQUIRED, CODE_CHECK = "legal_entity.entity_name.required", "legal_entity.uscc.check_character"


def entry(**columns: tuple[str, ...]) -> BatchEntry:
    told = {NAME_REQUIRED: ("企业名称",), CODE_CHECK: ("统一社会信用代码",), **columns}
    return BatchEntry(7, 5, "tiny", "legal_entity", "published", "a.csv", None, {}, {}, {}, told, (), None)


def opened(
    keys: Keys, *rows: tuple[int, dict[str, str | None], tuple[str, ...]], language: str = "zh-CN"
) -> list[list[str]]:
    async def kept() -> AsyncIterator[Kept]:
        for number, cells, reasons in rows:
            raw = {**cells, "row_number": number, "row_fault": None, "row_surplus": cells.get("row_surplus")}
            sealed = seal_bytes(json.dumps(raw).encode(), keys, context=row_context(5, number))
            yield Kept(number, sealed, reasons)

    async def gathered() -> list[list[str]]:
        return [cells async for cells in opened_rows(keys, entry(), kept(), language)]

    return asyncio.run(gathered())


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return load_or_create(tmp_path / "keys" / "sealing.json")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_what_a_spreadsheet_would_calculate_gets_an_apostrophe(start: str) -> None:
    assert escape_formula(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["", "苏州", "a=b", "-1", "'=1", "320505196001010015", "1-2"])
def test_every_other_text_stays_as_it_is(text: str) -> None:
    assert escape_formula(text) == text


def test_a_row_says_its_number_all_its_reasons_and_their_columns_before_its_own_cells(keys: Keys) -> None:
    cells: dict[str, str | None] = {"企业名称": None, "统一社会信用代码": "9132050"}
    header, row = opened(keys, (12, cells, (NAME_REQUIRED, CODE_CHECK, "ING-ROW-RAGGED")))
    assert header == ["行号", "原因代码", "原因", "涉及列", "企业名称", "统一社会信用代码", "多出的单元格"]
    assert row[0] == "12"
    assert row[1] == f"{NAME_REQUIRED}；{CODE_CHECK}；ING-ROW-RAGGED"
    assert row[2].split("；")[0] == "名称为必填项，但没有值"
    assert len(row[2].split("；")) == 3
    assert row[3] == "企业名称；统一社会信用代码；整行"
    assert row[4:] == ["", "9132050", ""]


def test_the_english_file_has_english_titles_and_the_departments_own_headers(keys: Keys) -> None:
    header, row = opened(keys, (1, {"企业名称": "甲"}, (NAME_REQUIRED,)), language="en")
    assert header == ["Row", "Reason codes", "Reasons", "Columns concerned", "企业名称", "Surplus cells"]
    assert row[2].endswith("is required and has no value")


def test_a_column_of_the_department_that_is_called_like_one_of_ours_keeps_its_name(keys: Keys) -> None:
    header, _ = opened(keys, (1, {"行号": "A7", "原因": "补录"}, (NAME_REQUIRED,)))
    assert header[:6] == ["行号*", "原因代码", "原因*", "涉及列", "行号", "原因"]
    assert len(set(header)) == len(header)


def test_a_row_that_was_put_in_another_rows_place_does_not_open(keys: Keys) -> None:
    sealed = seal_bytes(b"{}", keys, context=row_context(5, 1))

    async def kept() -> AsyncIterator[Kept]:
        yield Kept(2, sealed, (NAME_REQUIRED,))

    async def gathered() -> None:
        assert [cells async for cells in opened_rows(keys, entry(), kept(), "en")] == []

    with pytest.raises(Exception, match="STO-VALUE-BROKEN"):
        asyncio.run(gathered())


def test_csv_opens_in_an_office_and_holds_every_text_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [["名称", "代码"], ['引"号,\n换行', "=1+1"], ["x" * 100_000, "320505196001010015"]]
    with _delimited(path) as file:
        for row in rows:
            file.write(row)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as text:
        csv.field_size_limit(1 << 20)  # whatever another test left behind
        assert list(csv.reader(text)) == [["名称", "代码"], ['引"号,\n换行', "'=1+1"], rows[2]]


def test_a_workbook_holds_text_only(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    texts = ["320505196001010015", "=1+1", "#N/A", "1e5", "\x0b坏\x00", "x" * 40_000, "2020-01-01", ""]
    with _workbook(path) as file:
        file.write([f"列{number}" for number in range(len(texts))])
        file.write(texts)
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    header, row = sheet.iter_rows()
    assert [cell.value for cell in header] == [f"列{number}" for number in range(len(texts))]
    assert [cell.value for cell in row[:5]] == ["320505196001010015", "'=1+1", "#N/A", "1e5", "\ufffd坏\ufffd"]
    assert {cell.data_type for cell in row[:7]} == {"s"}
    assert {cell.number_format for cell in row} == {"@"}
    cut = row[5].value
    assert isinstance(cut, str)
    assert (len(cut), cut[-1]) == (CELL_CHARACTERS, "…")
    assert row[6].value == "2020-01-01"


def test_a_workbook_begins_a_new_sheet_where_one_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jishi.delivery.refused_file.SHEET_ROWS", 3)
    path = tmp_path / "a.xlsx"
    with _workbook(path) as file:
        for number in range(8):
            file.write([str(number)])
    book = openpyxl.load_workbook(path)
    found = [[cell.value for cell in next(sheet.iter_cols())] for sheet in book.worksheets]
    assert found == [["0", "1", "2", "3"], ["0", "4", "5", "6"], ["0", "7"]]


def test_a_file_is_there_whole_for_its_owner_alone_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with new_file(path) as draft:
        draft.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert path.stat().st_mode & 0o777 == 0o600

    def broken() -> None:
        with new_file(tmp_path / "b.csv") as draft:
            draft.write_text("half")
            raise ValueError("half a file")

    with pytest.raises(ValueError, match="half a file"):
        broken()
    assert [file.name for file in tmp_path.iterdir()] == ["a.csv"]


def test_another_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("mine")

    def written(target: Path, meanwhile: str | None = None) -> None:
        with new_file(target) as draft:
            draft.write_text("ours")
            if meanwhile is not None:
                target.write_text(meanwhile)

    with pytest.raises(CallerError, match="QLT-REPORT-EXISTS"):
        written(path)
    late = tmp_path / "late.csv"
    with pytest.raises(CallerError, match="QLT-REPORT-EXISTS"):
        written(late, meanwhile="theirs")
    assert (path.read_text(), late.read_text()) == ("mine", "theirs")
    with pytest.raises(CallerError, match="QLT-REPORT-FILE"):
        written(tmp_path / "absent" / "a.csv")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.csv", "late.csv"]
