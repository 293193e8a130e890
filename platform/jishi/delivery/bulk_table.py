"""Exports that pass through a table: Parquet, and formats whose sealed numbers are opened in bulk (respond, road out).

COPY's bytes go through a short queue to a thread that reads them as Arrow batches, so that neither the rows of the export
nor those of the file are ever all in memory.
"""

from __future__ import annotations

import asyncio
import io
import json
import queue
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager

import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from jishi.delivery.escape import escape_formula
from jishi.delivery.reading import CIPHER, GEOMETRY, LOOKUP, SHOWN, Field, Reading
from jishi.identifiers.sealed_file import SealedWriter
from jishi.identifiers.sealing import Sealer
from jishi.registers.element import Kind

BLOCK_BYTES = 8 << 20
WAITING_PARTS = 32
"""Parts of COPY (64 KB at most) that may wait for the thread."""

JSON_HEAD = "json"
"""The column that holds a feature up to the end of its members; numbers are appended to it."""

Take = Callable[[bytes], Awaitable[None]]


class Tables:
    """Writes what :meth:`feeding` is given into ``file``, in the form asked for."""

    def __init__(self, reading: Reading, form: str, file: SealedWriter, sealer: Sealer) -> None:
        self._reading, self._form, self._file, self._sealer = reading, form, file, sealer

    @asynccontextmanager
    async def feeding(self) -> AsyncIterator[Take]:
        """A sink for COPY; all of it is written when the block ends well. What goes wrong in the thread is raised here."""
        pipe = _Pipe()
        writing = asyncio.create_task(asyncio.to_thread(self._write, pipe))

        async def take(data: bytes) -> None:
            if writing.done():
                await writing
            if not pipe.offer(data):
                await asyncio.to_thread(pipe.put, data)

        try:
            yield take
        except BaseException:
            pipe.fail()
            await asyncio.wait((writing,))
            raise
        await asyncio.to_thread(pipe.put, b"")
        await writing

    def _write(self, pipe: _Pipe) -> None:
        try:
            batches = _batches(pipe, self._columns(), typed=self._form == "parquet")
            {"parquet": self._parquet, "csv": self._csv}.get(self._form, self._json)(batches)
        finally:
            pipe.drain()

    def _columns(self) -> list[Field]:
        """As COPY writes them."""
        found: list[Field] = []
        for item in self._reading.fields:
            if item.name in self._reading.deciphered:
                found += [Field(f"{item.name}{ending}") for ending in (LOOKUP, CIPHER, SHOWN)]
            else:
                found.append(item)
        return found

    def _opened(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The fields in order, numbers in clear; where none was kept, as the row shows it."""
        columns = []
        for item in self._reading.fields:
            if item.name in self._reading.deciphered:
                lookup, cipher, shown = (frame[f"{item.name}{ending}"] for ending in (LOOKUP, CIPHER, SHOWN))
                opened = self._sealer.open_column(lookup, cipher)
                columns.append(pl.select(pl.coalesce(opened, shown)).to_series().alias(item.name))
            else:
                columns.append(frame[item.name])
        return pl.DataFrame(columns)

    def _csv(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._file.write(_line(item.name for item in self._reading.fields))
        for batch in batches:
            frame = self._opened(_frame(batch))
            for name in self._reading.deciphered:
                frame = frame.with_columns(pl.Series(name, _mapped(frame[name], escape_formula), dtype=pl.String))
            self._file.write(frame.write_csv(include_header=False).encode())

    def _json(self, batches: Iterator[pa.RecordBatch]) -> None:
        """One column of JSON cut before its last brackets, then the numbers."""
        ends = "}}" if self._form == "geojsonseq" else "}"
        for batch in batches:
            frame = self._opened(_frame(batch))
            parts = [_mapped(frame[name], _quoted, "null") for name in self._reading.deciphered]
            names = [f',"{name}":' for name in self._reading.deciphered]
            lines = (
                _joined(head, "".join(a + b for a, b in zip(names, numbers, strict=True))) + ends
                for head, *numbers in zip(frame[JSON_HEAD], *parts, strict=True)
            )
            self._file.write("\n".join(lines).encode() + b"\n")

    def _parquet(self, batches: Iterator[pa.RecordBatch]) -> None:
        schema = pa.schema([pa.field(item.name, _stored(item)) for item in self._reading.fields])
        if any(item.name == GEOMETRY for item in self._reading.fields):
            schema = schema.with_metadata({"geo": json.dumps(_GEO)})
        with pyarrow.parquet.ParquetWriter(self._file, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_table(self._typed(batch, schema))

    def _typed(self, batch: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
        arrays = []
        for item in schema:
            if item.name in self._reading.deciphered:
                part = [f"{item.name}{ending}" for ending in (LOOKUP, CIPHER, SHOWN)]
                lookup, cipher, shown = (pl.Series(pl.from_arrow(batch.column(name))) for name in part)
                opened = pl.select(pl.coalesce(self._sealer.open_column(lookup, cipher), shown)).to_series()
                arrays.append(opened.to_arrow().cast(pa.string()))
            elif item.name == GEOMETRY:
                binary = pl.Series(pl.from_arrow(batch.column(item.name))).str.decode("hex")
                arrays.append(binary.to_arrow().cast(pa.binary()))
            else:
                arrays.append(batch.column(item.name))
        return pa.Table.from_arrays(arrays, schema=schema)


_GEO = {
    "version": "1.1.0",
    "primary_column": GEOMETRY,
    "columns": {GEOMETRY: {"encoding": "WKB", "geometry_types": []}},
}
"""GeoParquet 1.1: without a CRS it is OGC:CRS84, longitude and latitude, as all answers are."""


def _batches(pipe: _Pipe, columns: list[Field], *, typed: bool) -> Iterator[pa.RecordBatch]:
    """The rows COPY wrote; an unquoted nothing is null, a quoted one is an empty text. No row, no batch."""
    first = pipe.peek()
    if not first:
        return
    yield from pyarrow.csv.open_csv(
        pa.PythonFile(pipe, mode="r"),
        read_options=pyarrow.csv.ReadOptions(
            column_names=[item.name for item in columns], block_size=BLOCK_BYTES, use_threads=False
        ),
        parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types={item.name: _read_as(item) if typed else pa.string() for item in columns},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["true"],
            false_values=["false"],
        ),
    )


def _read_as(item: Field) -> pa.DataType:
    return pa.string() if item.name == GEOMETRY else _stored(item)


def _stored(item: Field) -> pa.DataType:
    match item.kind:
        case Kind.DATE:
            return pa.date32()
        case Kind.INTEGER:
            return pa.int64()
        case Kind.BOOLEAN:
            return pa.bool_()
        case Kind.DECIMAL:
            return pa.decimal128(*(item.digits or (20, 6)))
        case Kind.GEOMETRY:
            return pa.binary()
    return pa.string()


def _frame(batch: pa.RecordBatch) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(batch))


def _mapped(column: pl.Series, act: Callable[[str], str], absent: str | None = None) -> list[str | None]:
    return [absent if text is None else act(text) for text in column]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _joined(head: str, more: str) -> str:
    """Members after others, or the first of all."""
    return head + (more[1:] if head.endswith("{") else more)


def _line(names: Iterator[str]) -> bytes:
    text = io.StringIO()
    pl.DataFrame({name: [] for name in names}).write_csv(text)
    return text.getvalue().encode()


class _Pipe(io.RawIOBase):
    """Parts put in by the loop, bytes read out by a thread; an empty part is the end."""

    def __init__(self) -> None:
        self._parts: queue.Queue[bytes | None] = queue.Queue(WAITING_PARTS)
        self._rest = memoryview(b"")
        self._ended = False

    def offer(self, data: bytes) -> bool:
        """Put in without waiting; False where there is no room."""
        try:
            self._parts.put_nowait(bytes(data))
        except queue.Full:
            return False
        return True

    def put(self, data: bytes) -> None:
        self._parts.put(bytes(data))

    def fail(self) -> None:
        """The reader is told that there is no more to come, in whatever state it is."""
        while True:
            try:
                self._parts.put_nowait(None)
                return
            except queue.Full:
                self._parts.get_nowait()

    def drain(self) -> None:
        """Nobody reads any more: whoever still puts in must not wait for ever."""
        while not self._ended:
            try:
                self._ended = not self._parts.get_nowait()
            except queue.Empty:
                return

    def peek(self) -> bool:
        """Whether there is anything at all."""
        self._fill()
        return bool(self._rest)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        self._fill()
        part = self._rest if size < 0 else self._rest[:size]
        self._rest = self._rest[len(part) :]
        return bytes(part)

    def _fill(self) -> None:
        if not self._rest and not self._ended:
            part = self._parts.get()
            if part is None:
                self._ended = True
                raise OSError("the export was given up")
            self._ended = not part
            self._rest = memoryview(part)
