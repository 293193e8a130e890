"""What of a sheet or a delimited text is data: the header row is found, title, repeated headers and totals are not rows.

Nothing is dropped in silence: each kind is counted in a note (step *read*).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import polars as pl

from jishi.errors import Fault
from jishi_ingest.connectors.reading import fold_header

HEADER_DEPTH = 50
"""The header is looked for in so many first rows."""

FOOTER_DEPTH = 20
"""Closing rows are looked for in so many last rows."""

_EMPTY_SURPLUS = r'^\["[\s\x{3000}]*"(?:, "[\s\x{3000}]*")*\]$'


def find_header(rows: Sequence[Sequence[str]], expected: frozenset[str]) -> int | None:
    """The first row that holds the most of the expected headers; without any, the first row that is not blank."""
    depth = min(len(rows), HEADER_DEPTH)
    found = [count_expected(row, expected) for row in rows[:depth]]
    if found and max(found) > 0:
        return found.index(max(found))
    return next((position for position in range(depth) if not is_blank(rows[position])), None)


def count_expected(row: Sequence[str], expected: frozenset[str]) -> int:
    """How many of the expected headers stand in a row."""
    return len(_folded(expected).intersection(map(fold_header, row))) if expected else 0


@lru_cache(maxsize=64)
def _folded(headers: frozenset[str]) -> frozenset[str]:
    return frozenset(map(fold_header, headers))


def is_blank(row: Sequence[str]) -> bool:
    return not any(cell and not cell.isspace() for cell in row)


class DataRows:
    """Chunks of a table without blank rows, repeated headers and closing rows; row numbers run on.

    ``header``: the cells under which the columns stand, as they were sent. ``notes`` grows while the chunks are read.
    """

    def __init__(
        self, name: str, columns: Sequence[str], header: Sequence[str], footer: tuple[str, ...], notes: list[Fault]
    ) -> None:
        self._name, self._columns, self._header = name, list(columns), [cell.strip() for cell in header]
        self._footer, self._notes = footer, notes
        self._dropped = 0
        self._counts = {"ING-NOTE-HEADER-AGAIN": 0, "ING-NOTE-BLANK": 0, "ING-NOTE-FOOTER": 0}

    def of(self, chunks: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        kept = (chunk for chunk in map(self._data, chunks) if chunk.height)
        yield from self._without_footer(kept) if self._footer else kept
        counts = {code: count for code, count in self._counts.items() if count}
        self._notes += [Fault(self._name, code, {"count": count}) for code, count in counts.items()]

    def _data(self, chunk: pl.DataFrame) -> pl.DataFrame:
        again, blank = self._repeats_header(chunk), self._is_blank(chunk)
        drop = again | blank
        count = int(drop.sum())
        self._counts["ING-NOTE-HEADER-AGAIN"] += int(again.sum())
        self._counts["ING-NOTE-BLANK"] += int((blank & ~again).sum())
        if not count and not self._dropped:
            return chunk
        numbers = chunk["row_number"] - self._dropped - drop.cast(pl.Int64).cum_sum()
        self._dropped += count
        return chunk.with_columns(numbers.alias("row_number")).filter(~drop)

    def _repeats_header(self, chunk: pl.DataFrame) -> pl.Series:
        """Rows whose every cell is its column's header; one column is looked at before all are."""
        first = next(place for place, cell in enumerate(self._header) if cell)
        found = (chunk[self._columns[first]].str.strip_chars() == self._header[first]).fill_null(False)
        for place, cell in enumerate(self._header):
            if not found.any():
                break
            found &= (chunk[self._columns[place]].str.strip_chars() == cell).fill_null(not cell)
        return found

    def _is_blank(self, chunk: pl.DataFrame) -> pl.Series:
        found = pl.Series([True]).new_from_index(0, chunk.height)
        for name in self._columns:
            found &= (chunk[name].str.strip_chars().str.len_bytes() == 0).fill_null(True)
            if not found.any():
                return found
        surplus = chunk["row_surplus"]
        return found & (surplus.is_null() | surplus.str.contains(_EMPTY_SURPLUS))

    def _without_footer(self, chunks: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
        """The chunks; of the last rows those that begin with a word of the footer are left out."""
        waiting: pl.DataFrame | None = None
        for chunk in chunks:
            if waiting is None:
                waiting = chunk
                continue
            tail = waiting.tail(FOOTER_DEPTH) if chunk.height < FOOTER_DEPTH else waiting.clear()
            if waiting.height > tail.height:
                yield waiting.head(waiting.height - tail.height)
            waiting = pl.concat([tail, chunk])
        if waiting is None:
            return
        closing = 0
        for row in reversed(waiting.tail(FOOTER_DEPTH).select(self._columns).rows()):
            first = next((cell for cell in row if cell and not cell.isspace()), "")
            if not "".join(first.split()).startswith(self._footer):
                break
            closing += 1
        self._counts["ING-NOTE-FOOTER"] = closing
        if waiting.height > closing:
            yield waiting.head(waiting.height - closing)
