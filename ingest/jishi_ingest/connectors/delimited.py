"""csv, tsv and txt: text with a delimiter, read by Arrow in blocks, ragged rows in their place (step *read*).

Arrow drops a row whose number of cells is wrong and tells its number; numbers are exact because the streaming reader
works on one thread, so every row is put back where it stood. A last row of separator characters is added to the text:
where it does not come out again, a quote was left open.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import numpy as np
import polars as pl
import pyarrow as pa
from pyarrow import csv as arrow_csv

from jishi.errors import InputRefusedError
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

DELIMITERS = (",", "\t", ";", "|")
BLOCK = 4 * MEBIBYTE
"""Bytes handed to Arrow at once."""

END: Final = "\x1f"
"""ASCII unit separator; cells of the row added behind the last one."""


def read_delimited(stream: BinaryIO, options: ReadOptions) -> Reading:
    """Open delimited text whose first row holds the headers; the delimiter is the one that finds the most of them."""
    facts = detect(stream)
    if facts.empty:
        raise InputRefusedError("ING-READ-EMPTY")
    header, delimiter = _header(stream, facts)
    columns = clean_headers(header)
    return Reading(
        format="csv",
        encoding=facts.encoding,
        columns=columns,
        chunks=begin(lambda: _Rows(stream, facts, columns, delimiter, options.chunk_rows).chunks()),
    )


class _Rows:
    """The rows of one file: good ones wait as record batches, ragged ones in a list with their numbers."""

    def __init__(
        self, stream: BinaryIO, facts: TextFacts, columns: tuple[str, ...], delimiter: str, chunk_rows: int
    ) -> None:
        self._stream, self._facts, self._columns, self._delimiter = stream, facts, columns, delimiter
        self._chunk_rows = chunk_rows
        self._good: list[Any] = []  # pyarrow record batches
        self._waiting = 0  # rows in them
        self._ragged: list[tuple[int, str, int]] = []  # data row, its text, its number of cells
        self._next = 1  # data row that the next chunk begins with

    def chunks(self) -> Iterator[pl.DataFrame]:
        last: dict[str, str] | None = None
        try:
            for batch in self._batches():
                if batch.num_rows:
                    last = batch.slice(batch.num_rows - 1).to_pylist()[0]
                    self._good.append(batch)
                    self._waiting += batch.num_rows
                while self._waiting > self._chunk_rows:  # one row stays behind: it may be the one we added
                    yield self._take(self._chunk_rows)
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
            Utf8Stream(self._stream, self._facts, BLOCK, tail=end.encode()),
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
        return "error" if len(self._ragged) > max(self._chunk_rows, 100_000) else "skip"

    def _take(self, count: int) -> pl.DataFrame:
        """The next ``count`` good rows as a chunk, with the ragged rows before, between and right behind."""
        table = pa.Table.from_batches(self._good)
        self._good = table.slice(count).to_batches()
        self._waiting -= count
        places = np.array([number for number, _, _ in self._ragged], dtype=np.int64)
        before = places - self._next - np.arange(len(places))  # good rows of this chunk before each ragged one
        here = int(np.searchsorted(before, count, side="right"))
        rank = np.arange(count)
        numbers = self._next + rank + np.searchsorted(before[:here], rank, side="right")
        ragged, self._ragged = self._ragged[:here], self._ragged[here:]
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
            cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=self._delimiter))
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
            raise InputRefusedError("ING-READ-TRUNCATED", line=last_line(self._stream, self._facts) - text.count("\n"))

    def _broken(self) -> InputRefusedError:
        """Why Arrow stopped: find the record in which a quote stays open, by a reader that counts lines."""
        if len(self._ragged) > max(self._chunk_rows, 100_000):
            return InputRefusedError("ING-READ-RAGGED", count=len(self._ragged))
        text = io.TextIOWrapper(
            io.BufferedReader(_Raw(Utf8Stream(self._stream, self._facts, tail=f"\n{END}\n".encode()))),
            encoding="utf-8",
            newline="",
        )
        reader, line = csv.reader(text, delimiter=self._delimiter), 0
        try:
            for row in reader:
                if row != [END]:
                    begun, line = line, reader.line_num
        except csv.Error:
            return InputRefusedError("ING-READ-QUOTE", line=line + 1)
        return InputRefusedError("ING-READ-QUOTE", line=begun + 1)


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


def _header(stream: BinaryIO, facts: TextFacts) -> tuple[list[str], str]:
    """The first record's cells and the delimiter that makes the most of them."""
    head = Utf8Stream(stream, facts, block=MEBIBYTE).read().decode("utf-8", "ignore").lstrip("\r\n")
    found: tuple[list[str], str] = ([], DELIMITERS[0])
    for delimiter in DELIMITERS:
        try:
            cells = next(csv.reader(io.StringIO(head, newline=""), delimiter=delimiter), [])
        except csv.Error:
            continue
        if len(cells) > len(found[0]):
            found = (cells, delimiter)
    return found
