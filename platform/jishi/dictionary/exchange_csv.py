"""The dictionary as CSV and back: one table in which each row says what it is (scheme, concept, alias or edge).

Road out, files. Several values of a cell stand between ``|``; a ``|`` or ``\\`` of their own has ``\\`` before it. What a
spreadsheet program would run as a formula has an apostrophe before it, which the way back takes away.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel

from jishi.dictionary.entries import Entry
from jishi.dictionary.forms import KeptAlias, KeptConcept, KeptEdge, KeptScheme

MARK = "\ufeff"
"""Before the first cell, by which spreadsheet programs know the encoding."""

RENAMED = {"scheme": {"code": "id", "name": "title", "name_en": "title_en", "definition": "description"}}
COLUMNS = (
    *("record", "scheme", "code", "name", "name_en", "definition", "scope_note", "stage_code", "stage_name"),
    *("predecessors", "responsible", "documents", "legal_basis", "note"),
    *("status", "status_origin", "status_reason", "successors", "valid_from", "valid_to"),
    *("places", "departments", "negative", "predecessor", "place", "procedure", "removes"),
    *("origin", "removed_at", "revision"),
)
CODE_COLUMNS = (
    *("code", "name", "name_en", "parent", "valid_from", "valid_to", "alternatives", "note"),
    *("level", "full_name", "kind", "successors"),
)
_FORMULA = re.compile(r"['=+\-@\t\r\n|＝＋－＠]")


def scheme_csv(schemes: Iterable[KeptScheme]) -> str:
    """Whole schemes, as :func:`read_rows` takes them back."""
    return _written(COLUMNS, (row for scheme in schemes for row in _scheme_rows(scheme)))


def codes_csv(listed: str, entries: Iterable[Entry]) -> str:
    """The rows of a code list, as ``dictionaries/codes/<list>.csv`` has them, with the id of the list before them."""
    rows = (
        {"list": listed, "code": entry.code, **{name: getattr(period, name) for name in CODE_COLUMNS[1:]}}
        for entry in entries
        for period in entry.periods
    )
    return _written(("list", *CODE_COLUMNS), rows)


def read_rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of every row; raises ValueError for a table that is not one of ours, csv.Error for no table."""
    reader = csv.reader(io.StringIO(text.removeprefix(MARK), newline=""), strict=True)
    header = next(reader, [])
    if set(header) - set(COLUMNS) or not {"record", "scheme", "code"} <= set(header):
        raise ValueError("the columns are not those of an export")
    for row in reader:
        if len(row) != len(header):
            raise ValueError(f"line {reader.line_num} has {len(row)} cells, the header {len(header)}")
        yield reader.line_num, {name: cell.removeprefix("'") for name, cell in zip(header, row, strict=True) if cell}


def split(cell: str) -> list[str]:
    """The values of a cell.

    >>> split(r"a|b\\|c")
    ['a', 'b|c']
    """
    return [_ESCAPE.sub(r"\1", part) for part in _PARTS.findall(cell) if part] if cell else []


_PARTS = re.compile(r"(?:[^|\\]|\\.)+")
_ESCAPE = re.compile(r"\\(.)")


def _scheme_rows(scheme: KeptScheme) -> Iterator[Mapping[str, object]]:
    yield _row("scheme", scheme.id, scheme)
    for concept in scheme.concepts:
        yield _row("concept", scheme.id, concept)
        for alias in concept.aliases:
            yield {**_row("alias", scheme.id, alias), "code": concept.code}
    for edge in scheme.edges:
        yield _row("edge", scheme.id, edge)


def _row(record: str, scheme: str, form: BaseModel) -> dict[str, object]:
    names = RENAMED.get(record, {})
    told: dict[str, Any] = {name: getattr(form, names.get(name, name), None) for name in COLUMNS}
    return {**told, "record": record, "scheme": scheme}


def _written(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in rows)
    return MARK + out.getvalue()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case tuple():
            text = "|".join(re.sub(r"([\\|])", r"\\\1", str(item)) for item in value)
        case date() | datetime():
            text = value.isoformat()
        case _:
            text = str(value)
    return f"'{text}" if _FORMULA.match(text) else text


FORMS_OF: Mapping[str, type[BaseModel]] = {
    "scheme": KeptScheme,
    "concept": KeptConcept,
    "alias": KeptAlias,
    "edge": KeptEdge,
}
"""What a row of each kind becomes."""
