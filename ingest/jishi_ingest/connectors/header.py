"""A header of several merged rows becomes one row of names; merged cells among the data are refused (step *read*)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jishi.errors import InputRefusedError
from jishi_ingest.connectors.sheet_facts import cell_name


class Merge(NamedTuple):
    """Merged cells, 0-based, ends included."""

    top: int
    left: int
    bottom: int
    right: int


class Header(NamedTuple):
    """Rows ``top`` to ``bottom`` and the name of every column."""

    top: int
    bottom: int
    names: list[str]


def header_of(rows: Sequence[Sequence[str]], place: int, merges: Sequence[Merge]) -> Header:
    """The header around row ``place``: with it the rows that merged cells tie to it.

    A column is called by its lowest text; two of one name bear that of the group above before their own: 住所/电话.
    """
    top, bottom = _block(rows, place, merges)
    width = max(len(row) for row in rows[top : bottom + 1])
    levels = [_spread(rows[row], row, width, merges) for row in range(top, bottom + 1)]
    own = [_lowest(rows[top : bottom + 1], column) for column in range(width)]
    names = [
        "/".join(dict.fromkeys(filter(None, (level[column].strip() for level in levels))))
        if name and own.count(name) > 1
        else name
        for column, name in enumerate(own)
    ]
    return Header(top, bottom, names)


def refuse_merged_rows(sheet: str, merges: Sequence[Merge], bottom: int, left: int) -> None:
    """Raise ``ING-READ-MERGED`` where one cell stands for several rows of data: whose value it is cannot be told.

    Notes written over several columns are no data.
    """
    for merge in merges:
        if merge.top > bottom and merge.bottom > merge.top and merge.left == merge.right:
            first, last = (cell_name(row, merge.left + left) for row in (merge.top, merge.bottom))
            raise InputRefusedError("ING-READ-MERGED", sheet=sheet, cells=f"{first}:{last}")


def _block(rows: Sequence[Sequence[str]], place: int, merges: Sequence[Merge]) -> tuple[int, int]:
    """First and last row of the header: cells merged downward tie rows together, and so do groups and their members."""
    top = bottom = place
    for merge in merges:
        if merge.top <= place <= merge.bottom and merge.bottom < len(rows):
            top, bottom = min(top, merge.top), max(bottom, merge.bottom)
    if bottom == place and bottom + 1 < len(rows) and _are_groups(rows, bottom, merges):
        bottom += 1
    if top == place and top > 0 and sum(map(bool, rows[top - 1])) > 1 and _are_groups(rows, top - 1, merges):
        top -= 1
    return top, bottom


def _are_groups(rows: Sequence[Sequence[str]], row: int, merges: Sequence[Merge]) -> bool:
    """Whether the row below names the columns of cells merged sideways in this one, and nothing besides."""
    groups = [merge for merge in merges if merge.top == merge.bottom == row and merge.right > merge.left]
    inside = {column for group in groups for column in range(max(group.left, 0), min(group.right + 1, len(rows[row])))}
    named = {column for column, cell in enumerate(rows[row + 1]) if cell.strip()}
    twice = {column for column in named - inside if column < len(rows[row]) and rows[row][column].strip()}
    return bool(named & inside) and not twice


def _spread(row: Sequence[str], place: int, width: int, merges: Sequence[Merge]) -> list[str]:
    """The cells of a row, those merged sideways filled with their text."""
    cells = [*row, *[""] * (width - len(row))]
    for merge in merges:
        if merge.top == place and merge.left >= 0:
            for column in range(merge.left, min(merge.right, width - 1) + 1):
                cells[column] = cells[merge.left]
    return cells


def _lowest(rows: Sequence[Sequence[str]], column: int) -> str:
    found = (row[column].strip() for row in reversed(rows) if column < len(row))
    return next(filter(None, found), "")
