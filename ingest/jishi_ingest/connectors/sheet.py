"""One sheet of a workbook as every format gives it: rows of texts, merged cells, and where something stands (step *read*)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Protocol

from jishi_ingest.connectors.header import Merge
from jishi_ingest.connectors.table import HEADER_DEPTH

EXACT = 1e15
"""A spreadsheet keeps 15 digits; a whole number below this lost none."""


@dataclass(frozen=True)
class Sheet:
    """``rows`` begins with the sheet's first row and its column ``left``, from which merges and ``last`` count too."""

    name: str
    rows: Callable[[], Iterator[list[str]]]
    left: int = 0
    merges: list[Merge] = field(default_factory=list)
    last: dict[int, int] = field(default_factory=dict)  # column → the last row with something in it

    def head(self) -> list[list[str]]:
        return list(itertools.islice(self.rows(), HEADER_DEPTH + 1))


class Book(Protocol):
    """A workbook whose sheets are opened one by one."""

    def names(self, *, visible: bool | None = None) -> list[str]:
        """The sheets that hold cells; only the visible or only the hidden ones."""

    def open(self, name: str) -> Sheet: ...


def cell_text(cell: Any) -> str:
    """A cell as the text a reader of the sheet's data sees: no ``.0``, ISO dates; a number too long for a float stays
    visible as such.

    >>> cell_text(13900000000.0), cell_text(3.20505188605070e17), cell_text(date(2002, 1, 4))
    ('13900000000', '3.2050518860507e+17', '2002-01-04')
    """
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < EXACT else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, date | time):
        return cell.isoformat()
    if isinstance(cell, timedelta | int):
        return str(cell)
    return "" if cell is None else str(cell)
