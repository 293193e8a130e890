"""What every reader takes and gives: options in, a reading of text columns in bounded chunks out (step *read*).

A chunk holds the delivery's columns as text, then ``row_number`` (Int64, 1-based over the data rows of the whole
delivery), ``row_fault`` (null, ``ragged``, ``replaced`` or ``ragged,replaced``) and ``row_surplus`` (null, or what of a
ragged row fits no column, as a JSON list of texts). Geodata adds ``geometry``: WKB, longitude first.
"""

from __future__ import annotations

import itertools
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import polars as pl

from jishi.errors import Fault, InputRefusedError

ROW_COLUMNS = ("row_number", "row_fault", "row_surplus")
"""Columns each chunk has beside those of the delivery."""

GEOMETRY = "geometry"
"""The Binary column of WKB; bytes that are no WKB mean a geometry that was sent and cannot be read."""

UNREADABLE = b"\x00"
REPLACEMENT = "\ufffd"
MEBIBYTE = 1 << 20

WIDEST = 32_768
"""Columns a delivery may have: twice as many as a spreadsheet."""

HEADER_LONGEST = 1_000
"""Characters of a header; what is longer is a row of data or a quote that was never closed."""


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How a delivery is to be read; the defaults suit a file nothing is known of."""

    chunk_rows: int = 200_000  # rows of one chunk
    expected_headers: frozenset[str] = frozenset()  # raw headers the source maps: they find the header row of a sheet
    sheet: str | None = None  # sheet of a workbook; None = the only visible one that fits, "*" = every one that does
    footer: tuple[str, ...] = ()  # first words of closing rows that are no data, such as 合计
    max_bytes: int = 32 << 30  # of a file once unpacked
    max_ratio: int = 200  # unpacked : packed, asked of files larger than 16 MiB unpacked
    max_document_bytes: int = 256 << 20  # of a file that has to be held in memory as a whole: JSON, HTML, shapefile
    file_crs: str | None = None  # system of geodata that declare none and whose format has none by itself


@dataclass(frozen=True, slots=True)
class Reading:
    """A delivery opened for reading; ``chunks`` is read once and raises InputRefusedError where the file breaks off."""

    format: str  # csv, ndjson, json, geojson, xlsx, xls, parquet, shapefile
    encoding: str | None  # of a text file; None = the format says it itself
    columns: tuple[str, ...]  # the raw headers; ``geometry`` last where there is one
    chunks: Iterator[pl.DataFrame]
    crs: str | None = None  # as the file declares it, such as EPSG:4490; None = it says nothing
    ignored: Sequence[Fault] = ()  # what was left out or taken for something, for the report; whole once all is read


def fold_header(text: str) -> str:
    """A header for comparison: half-width, composed, lower case, without blanks and invisible characters.

    >>> fold_header("注册资金 （万元）") == fold_header("注册\u200b资金(万元)")
    True
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in plain if not char.isspace() and unicodedata.category(char) not in ("Cf", "Cc"))


def clean_headers(cells: Iterable[str]) -> tuple[str, ...]:
    """Header cells as column names: trimmed; a nameless one becomes ``#3``, one that clashes with ours ``#row_number``, one
    that Polars would take for a pattern of names (``*``, ``^…$``) likewise.

    Raises InputRefusedError ``ING-HEADER-DUPLICATE`` and ``-LONG`` with the positions (not the texts: a file without a
    header row would show a person there), ``ING-READ-WIDE``, and ``ING-READ-EMPTY`` when no cell holds anything.
    """
    names = [cell.translate(_UNSEEN).strip() for cell in cells]
    if not any(names):
        raise InputRefusedError("ING-READ-EMPTY")
    if len(names) > WIDEST:
        raise InputRefusedError("ING-READ-WIDE", count=len(names), limit=WIDEST)
    if long := [position for position, name in enumerate(names, start=1) if len(name) > HEADER_LONGEST]:
        raise InputRefusedError("ING-HEADER-LONG", positions=", ".join(map(str, long)), limit=HEADER_LONGEST)
    places: dict[str, list[int]] = {}
    for position, name in enumerate(names, start=1):
        places.setdefault(_column_name(name) or f"#{position}", []).append(position)
    twice = [", ".join(map(str, found)) for found in places.values() if len(found) > 1]
    if twice:
        raise InputRefusedError("ING-HEADER-DUPLICATE", positions="; ".join(twice))
    return tuple(places)


def _column_name(header: str) -> str:
    is_pattern = header == "*" or (header.startswith("^") and header.endswith("$"))
    return f"#{header}" if is_pattern or header in (*ROW_COLUMNS, GEOMETRY) else header


_UNSEEN = dict.fromkeys([0, 0xFEFF, 0x200B])


def mark_rows(frame: pl.DataFrame, columns: tuple[str, ...], first_row: int) -> pl.DataFrame:
    """Add the row columns to a frame of whole rows: running numbers and the fault of cells that hold U+FFFD or NUL."""
    marked = frame.select(
        *(pl.col(name) for name in columns),
        *(pl.col(name) for name in frame.columns if name == GEOMETRY),
        pl.int_range(first_row, first_row + pl.len(), dtype=pl.Int64).alias("row_number"),
        pl.lit(None, dtype=pl.String).alias("row_fault"),
        pl.lit(None, dtype=pl.String).alias("row_surplus"),
    )
    lost = [
        name
        for name in columns
        if any(frame[name].str.contains(mark, literal=True).any() for mark in ("\x00", REPLACEMENT))
    ]
    if not lost:
        return marked
    return marked.with_columns(pl.col(lost).str.replace_all("\x00", REPLACEMENT, literal=True)).with_columns(
        pl.when(pl.any_horizontal(pl.col(lost).str.contains(REPLACEMENT, literal=True).fill_null(value=False)))
        .then(pl.lit("replaced"))
        .alias("row_fault")
    )


def surplus_text(cells: list[str]) -> str | None:
    """The cells of a ragged row that fit no column, as JSON; None when there are none."""
    return json.dumps(cells, ensure_ascii=False) if cells else None


@contextmanager
def refusing(code: str, *errors: type[Exception], **values: object) -> Iterator[None]:
    """What a library raises over damaged bytes, its own panics included, becomes a refusal of the file.

    A library in Rust that meets what it never expected raises a ``PanicException``, which is no Exception.
    """
    try:
        yield
    except InputRefusedError:
        raise
    except (MemoryError, OverflowError) as error:
        raise InputRefusedError("ING-READ-TOO-LARGE") from error
    except errors as error:
        raise InputRefusedError(code, **values) from error  # type: ignore[arg-type]
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise InputRefusedError(code, **values) from error  # type: ignore[arg-type]


def refuse_large(size: int, kind: str, options: ReadOptions) -> None:
    """Raise ``ING-READ-LARGE`` for a file too large to be held in memory as a whole."""
    if size > options.max_document_bytes:
        limit = options.max_document_bytes // MEBIBYTE
        raise InputRefusedError("ING-READ-LARGE", mebibytes=size // MEBIBYTE, limit=limit, kind=kind)


def begin(chunks: Callable[[], Iterator[pl.DataFrame]]) -> Iterator[pl.DataFrame]:
    """Read the first chunk now, so that a file without rows is refused before anything is built on it."""
    iterator = chunks()
    first = next(iterator, None)
    if first is None:
        raise InputRefusedError("ING-READ-NO-ROWS")
    return itertools.chain((first,), iterator)
