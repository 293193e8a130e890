"""csv, tsv and txt: text with a delimiter, read by Arrow in blocks, ragged rows in their place (step *read*).

Arrow drops a row whose number of cells is wrong and tells its number; numbers are exact because the streaming reader
works on one thread, so every row is put back where it stood. A last row of separator characters is added to the text:
where it does not come out again, a quote was left open. Rows above the header are skipped before Arrow sees them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

import numpy as np
import polars as pl
import pyarrow as pa
from pyarrow import csv as arrow_csv

from jishi.errors import Fault, InputRefusedError
from jishi_ingest.connectors.encoding import TextFacts, Utf8Stream, detect, last_line
from jishi_ingest.connectors.reading import (
    MEBIBYTE,
    REPLACEMENT,
    Reading,
    ReadOptions,
    begin,
    clean_headers,
    surplus_text,
)
from jishi_ingest.connectors.table import HEADER_DEPTH, DataRows, count_expected, find_header, is_blank

DELIMITERS = (",", "\t", ";", "|")
BLOCK = 4 * MEBIBYTE
"""Bytes handed to Arrow at once."""

CHUNK_BYTES = 256 * MEBIBYTE
"""Rows of long cells make a chunk before there are ``chunk_rows`` of them; so much text of ragged rows is too much."""

END: Final = "\x1f"
"""ASCII unit separator; cells of the row added behind the last one."""


def read_delimited(stream: BinaryIO, name: str, options: ReadOptions) -> Reading:
    """Open delimited text; its header is the row that holds the most of the expected headers, else the first one.

    The delimiter is the one that finds the most of them, or makes the most cells.
    """
    facts = detect(stream)
    if facts.empty:
        raise InputRefusedError("ING-READ-EMPTY")
    header = _find_header(stream, facts, options.expected_headers)
    columns = clean_headers(header.cells)
    notes = [Fault(name, "ING-NOTE-TITLE", {"count": header.above})] if header.above else []
    rows = DataRows(name, columns, header.cells, options.footer, notes)
    return Reading(
        format="csv",
        encoding=facts.encoding,
        columns=columns,
        chunks=begin(lambda: rows.of(_Rows(stream, facts, columns, header, options.chunk_rows).chunks())),
        ignored=notes,
    )


@dataclass(frozen=True, slots=True)
class _Header:
    """The header's cells, the delimiter, rows that are no blank ones above it, and the bytes of UTF-8 those take."""

    cells: list[str]
    delimiter: str
    above: int = 0
    skip: int = 0


class _Rows:
    """The rows of one file: good ones wait as record batches, ragged ones in a list with their numbers."""

    def __init__(
        self, stream: BinaryIO, facts: TextFacts, columns: tuple[str, ...], header: _Header, chunk_rows: int
    ) -> None:
        self._stream, self._facts, self._columns = stream, facts, columns
        self._delimiter, self._skip, self._chunk_rows = header.delimiter, header.skip, chunk_rows
        self._good: list[Any] = []  # pyarrow record batches
        self._waiting = 0  # rows in them
        self._bytes = 0  # of their text
        self._ragged: list[tuple[int, str, int]] = []  # data row, its text, its number of cells
        self._ragged_bytes = 0
        self._next = 1  # data row that the next chunk begins with

    def chunks(self) -> Iterator[pl.DataFrame]:
        last: dict[str, str] | None = None
        try:
            for batch in self._batches():
                if batch.num_rows:
                    last = batch.slice(batch.num_rows - 1).to_pylist()[0]
                    self._good.append(batch)
                    self._waiting += batch.num_rows
                    self._bytes += batch.nbytes
                while self._waiting > self._chunk_rows:  # one row stays behind: it may be the one we added
                    yield self._take(self._chunk_rows)
                if self._bytes > CHUNK_BYTES and self._waiting > 1:
                    yield self._take(self._waiting - 1)
        except pa.ArrowInvalid as error:
            raise self._broken() from error
        if last is None or set(last.values()) != {END}:
            raise self._broken()
        self._refuse_truncation()
        if self._waiting > 1 or self._ragged:
            yield self._take(self._waiting - 1)

    def _reader(self) -> Any:
        names = [str(position) for position in range(len(self._columns))]
        end = ("" if self._facts.ends_in_newline else "\n") + self._delimiter.join([END] * len(names)) + "\n"
        return arrow_csv.open_csv(
            Utf8Stream(self._stream, self._facts, BLOCK, tail=end.encode(), skip=self._skip),
            read_options=arrow_csv.ReadOptions(block_size=8 * MEBIBYTE, column_names=names, use_threads=False),
            parse_options=arrow_csv.ParseOptions(
                delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=self._keep
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=False
            ),
        )

    def _batches(self) -> Iterator[Any]:
        reader, header = self._reader(), True
        while True:
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            if header and batch.num_rows:
                batch, header = batch.slice(1), False
            yield batch

    def _keep(self, row: Any) -> str:
        """Told by Arrow of a ragged row; row 1 of the file is the header."""
        self._ragged.append((row.number - 1, row.text, row.actual_columns))
        self._ragged_bytes += len(row.text)
        return "error" if self._too_many_ragged() else "skip"

    def _too_many_ragged(self) -> bool:
        return len(self._ragged) > max(self._chunk_rows, 100_000) or self._ragged_bytes > CHUNK_BYTES

    def _take(self, count: int) -> pl.DataFrame:
        """The next ``count`` good rows as a chunk, with the ragged rows before, between and right behind."""
        table = pa.Table.from_batches(self._good)
        self._good = table.slice(count).to_batches()
        self._waiting -= count
        self._bytes = sum(batch.nbytes for batch in self._good)
        places = np.array([number for number, _, _ in self._ragged], dtype=np.int64)
        before = places - self._next - np.arange(len(places))  # good rows of this chunk before each ragged one
        here = int(np.searchsorted(before, count, side="right"))
        rank = np.arange(count)
        numbers = self._next + rank + np.searchsorted(before[:here], rank, side="right")
        ragged, self._ragged = self._ragged[:here], self._ragged[here:]
        self._ragged_bytes = sum(len(text) for _, text, _ in self._ragged)
        self._next += count + here
        frame = self._good_rows(table.slice(0, count), numbers)
        return pl.concat([frame, self._ragged_rows(ragged)]).sort("row_number") if ragged else frame

    def _good_rows(self, table: Any, numbers: np.ndarray[Any, np.dtype[np.int64]]) -> pl.DataFrame:
        frame = pl.DataFrame(pl.from_arrow(table))
        frame.columns = list(self._columns)
        fault = pl.lit(None, dtype=pl.String)
        if self._facts.replaced:
            lost = pl.any_horizontal(pl.col(name).str.contains(REPLACEMENT, literal=True) for name in self._columns)
            frame = frame.with_columns(pl.when(lost).then(pl.lit("replaced")).alias("row_fault"))
            fault = pl.col("row_fault")
        return frame.select(
            *self._columns,
            pl.Series("row_number", numbers, dtype=pl.Int64),
            fault.alias("row_fault"),
            pl.lit(None, dtype=pl.String).alias("row_surplus"),
        )

    def _ragged_rows(self, ragged: list[tuple[int, str, int]]) -> pl.DataFrame:
        width = len(self._columns)
        rows = []
        for number, text, _ in ragged:
            cells = next(_records([text], self._delimiter))
            filled = [*cells[:width], *[None] * (width - len(cells))]
            fault = "ragged,replaced" if REPLACEMENT in text else "ragged"
            rows.append((*filled, number, fault, surplus_text(cells[width:])))
        schema = dict.fromkeys(self._columns, pl.String) | {
            "row_number": pl.Int64,
            "row_fault": pl.String,
            "row_surplus": pl.String,
        }
        return pl.DataFrame(rows, schema=schema, orient="row")

    def _refuse_truncation(self) -> None:
        """A last row that is too short and has no newline was cut off on its way."""
        if self._facts.ends_in_newline or not self._ragged:
            return
        number, text, cells = self._ragged[-1]
        # every good row but the added one, the ragged ones still waiting, and all that was handed out before
        if number == self._next + self._waiting - 2 + len(self._ragged) and cells < len(self._columns):
            line = last_line(self._stream, self._facts) - _line_ends(text)
            raise InputRefusedError("ING-READ-TRUNCATED", line=line)

    def _broken(self) -> InputRefusedError:
        """Why Arrow stopped: find the record in which a quote stays open, by a reader that counts lines."""
        if self._too_many_ragged():
            return InputRefusedError("ING-READ-RAGGED", count=len(self._ragged))
        text = io.TextIOWrapper(
            io.BufferedReader(_Raw(Utf8Stream(self._stream, self._facts, tail=f"\n{END}\n".encode()))),
            encoding="utf-8",
            newline="",
        )
        reader, line, begun = _records(text, self._delimiter), 0, 0
        limit = BLOCK // MEBIBYTE
        try:
            for row in reader:
                if row != [END]:
                    begun, line = line, reader.line_num
                if sum(map(len, row)) * 4 > BLOCK and not _ends_open(row) and _bytes(row) > BLOCK:
                    return InputRefusedError("ING-READ-LONG", line=begun + 1, limit=limit)
        except csv.Error:  # a cell beyond every measure, closed or not
            return InputRefusedError("ING-READ-LONG", line=line + 1, limit=limit)
        return InputRefusedError("ING-READ-QUOTE", line=begun + 1)


def _records(lines: Iterable[str], delimiter: str) -> Any:
    """Python's own reader, which counts lines; its limit on a cell is that of the process."""
    csv.field_size_limit(16 * BLOCK)
    return csv.reader(lines, delimiter=delimiter)


def _ends_open(row: list[str]) -> bool:
    """Whether the record swallowed the row added behind the last one."""
    return row[-1].rstrip("\n").endswith(END)


def _bytes(row: list[str]) -> int:
    return sum(len(cell.encode()) + 1 for cell in row)


def _line_ends(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


class _Raw(io.RawIOBase):
    """A Utf8Stream as Python's own text layer wants it."""

    def __init__(self, source: Utf8Stream) -> None:
        self._source, self._left = source, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._left = self._left or self._source.read()
        count = min(len(buffer), len(self._left))
        buffer[:count] = self._left[:count]
        self._left = self._left[count:]
        return count


def _find_header(stream: BinaryIO, facts: TextFacts, expected: frozenset[str]) -> _Header:
    """Look for the header among the first rows, cut up by each delimiter."""
    head = Utf8Stream(stream, facts, block=MEBIBYTE).read().decode("utf-8", "ignore")
    lines = list(io.StringIO(head, newline=""))
    best, merit = _Header([], DELIMITERS[0]), (-1, -1)
    for delimiter in DELIMITERS:
        rows, ends = _first_rows(lines, delimiter)
        place = find_header(rows, expected)
        if place is None or not "".join(rows[place]).strip(" ".join(DELIMITERS)):
            continue
        found = (count_expected(rows[place], expected), len(rows[place]))
        if found > merit:
            above = sum(not is_blank(row) for row in rows[:place])
            skip = len("".join(lines[: ends[place - 1]]).encode()) if place else 0
            if ends[place] == len(lines) and len(head) >= MEBIBYTE // 4 and not head.endswith(("\n", "\r")):
                raise InputRefusedError("ING-READ-LONG", line=1 + len(lines[: ends[place - 1]]), limit=1)
            best, merit = _Header(rows[place], delimiter, above, skip), found
    return best


def _first_rows(lines: list[str], delimiter: str) -> tuple[list[list[str]], list[int]]:
    """The first rows and the number of lines up to the end of each; lines that hold nothing are no rows."""
    reader = _records(lines, delimiter)
    rows: list[list[str]] = []
    ends: list[int] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
                ends.append(reader.line_num)
            if len(rows) == HEADER_DEPTH:
                break
    except csv.Error:
        pass
    return rows, ends
