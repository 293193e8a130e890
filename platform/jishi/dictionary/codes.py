"""Loads the code lists 代码表 of the dictionaries folder and the city's overlay; gathers every fault, then refuses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from jishi.dictionary.codelist import CodeList, CodeRow, version
from jishi.dictionary.reading import Faults, Line, read_csv, read_day, read_toml
from jishi.dictionary.spelling import fold
from jishi.errors import DeclarationError

__all__ = ["CodeList", "CodeRow", "load_lists", "version"]

HEADS = "lists.toml"
_REQUIRED = ("code", "name")
_OPTIONAL = ("name_en", "parent", "valid_from", "valid_to", "alternatives", "note")


class _Head(BaseModel):
    """The head of one list in ``lists.toml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    title_en: str
    standard: str
    edition: str
    source: str
    complete: bool
    extensible: bool
    checked: date
    parent_list: str | None = None
    columns: tuple[Literal["level", "full_name", "kind", "successors"], ...] = ()


def load_lists(folder: Path, overlay: Path | None = None) -> dict[str, CodeList]:
    """Every list of ``folder`` by id, changed by ``overlay`` (a folder of the same form; absent = none).

    In the overlay a list with a head of its own replaces the shipped one or is new; rows without a head are added to
    the shipped list, all rows of a code the overlay names being replaced, if the list is ``extensible``.
    Raises DeclarationError ``DIC-LISTS`` with every fault of all files.
    """
    faults = Faults()
    lists = _read_folder(folder, {}, faults)
    if overlay is not None and overlay.is_dir():
        lists = _read_folder(overlay, lists, faults)
    for entry in lists.values():
        _check(entry, lists, faults)
    if faults.found:
        raise DeclarationError("DIC-LISTS", faults=tuple(faults.found), count=len(faults.found))
    return dict(sorted(lists.items()))


def _read_folder(folder: Path, shipped: dict[str, CodeList], faults: Faults) -> dict[str, CodeList]:
    heads = _read_heads(folder / HEADS, bool(shipped), faults)
    lists = dict(shipped)
    files = {path.stem: path for path in sorted(folder.glob("*.csv"))}
    for name in sorted(heads.keys() - files.keys()):
        faults.add(f"{HEADS}: {name}", "DIC-LIST-ABSENT", file=f"{name}.csv")
    for name, path in files.items():
        head = heads.get(name)
        if head is not None:
            lines = list(read_csv(path, _REQUIRED, (*_OPTIONAL, *head.columns), faults))
            rows = _read_rows(lines, head.columns, faults)
            lists[name] = _with_head(name, head, rows)
        elif name in shipped and shipped[name].extensible:
            known = shipped[name]
            lines = list(read_csv(path, _REQUIRED, (*_OPTIONAL, *known.columns), faults))
            rows = _read_rows(lines, known.columns, faults)
            named = {row.code for row in rows}
            kept = [row for row in known.rows if row.code not in named]
            lists[name] = replace(known, rows=tuple(sorted([*kept, *rows], key=lambda row: row.code)))
        else:
            faults.add(path.name, "DIC-NOT-EXTENSIBLE" if name in shipped else "DIC-HEAD-ABSENT", list=name)
    return lists


def _with_head(name: str, head: _Head, rows: Iterable[CodeRow]) -> CodeList:
    return CodeList(
        id=name,
        title=head.title,
        title_en=head.title_en,
        standard=head.standard,
        edition=head.edition,
        source=head.source,
        complete=head.complete,
        extensible=head.extensible,
        checked=head.checked,
        rows=tuple(rows),
        parent_list=head.parent_list,
        columns=head.columns,
    )


def _read_heads(path: Path, optional: bool, faults: Faults) -> dict[str, _Head]:
    if optional and not path.is_file():
        return {}
    heads: dict[str, _Head] = {}
    for name, members in read_toml(path, faults).items():
        try:
            heads[name] = _Head.model_validate(members)
        except ValidationError as error:
            for item in error.errors():
                member = ".".join(map(str, item["loc"])) or name
                faults.add(f"{path.name}: {name}", "DIC-HEAD", member=member, reason=item["msg"])
    return heads


def _read_rows(lines: Iterable[Line], columns: Sequence[str], faults: Faults) -> list[CodeRow]:
    """Rows of one file; what concerns a row alone or two rows of one code is checked here, where the line is known."""
    rows: list[CodeRow] = []
    seen: dict[str, list[CodeRow]] = {}
    for line in lines:
        cells = line.cells
        row = CodeRow(
            code=cells.get("code", ""),
            name=cells.get("name", ""),
            name_en=cells.get("name_en", ""),
            parent=cells.get("parent") or None,
            valid_from=read_day(cells.get("valid_from", ""), line.place, faults),
            valid_to=read_day(cells.get("valid_to", ""), line.place, faults),
            alternatives=line.items("alternatives"),
            note=cells.get("note", ""),
            extra=tuple((column, cells[column]) for column in columns if cells.get(column)),
        )
        if not row.code:
            faults.add(line.place, "DIC-CODE-EMPTY")
        if not row.name:
            faults.add(line.place, "DIC-NAME-EMPTY", given=row.code)
        if row.valid_from and row.valid_to and row.valid_from >= row.valid_to:
            faults.add(line.place, "DIC-PERIOD", given=row.code)
        if any(_overlap(row, other) for other in seen.get(row.code, ())):
            faults.add(line.place, "DIC-CODE-TWICE", given=row.code)
        seen.setdefault(row.code, []).append(row)
        rows.append(row)
    return rows


def _check(entry: CodeList, lists: dict[str, CodeList], faults: Faults) -> None:
    """What only the whole list can tell: parents that exist, alternatives that mean one code."""
    place = f"{entry.id}.csv"
    parents = entry.codes
    if entry.parent_list is not None:
        if entry.parent_list not in lists:
            faults.add(f"{HEADS}: {entry.id}", "DIC-LIST-ABSENT", file=f"{entry.parent_list}.csv")
            return
        parents = lists[entry.parent_list].codes
    meant: dict[str, set[str]] = {}
    for row in entry.rows:
        meant.setdefault(fold(row.code), set()).add(row.code)
        if row.valid_to is None:
            meant.setdefault(fold(row.name), set()).add(row.code)
        for text in row.alternatives:
            meant.setdefault(fold(text), set()).add(row.code)
    for row in entry.rows:
        if row.parent is not None and (row.parent not in parents or row.parent == row.code):
            faults.add(place, "DIC-PARENT", given=row.code, parent=row.parent)
        for text in row.alternatives:
            others = meant[fold(text)] - {row.code}
            if others:
                faults.add(place, "DIC-ALTERNATIVE", given=row.code, alternative=text, others=", ".join(sorted(others)))


def _overlap(one: CodeRow, other: CodeRow) -> bool:
    starts_before_end = one.valid_from is None or other.valid_to is None or one.valid_from < other.valid_to
    ends_after_start = other.valid_from is None or one.valid_to is None or other.valid_from < one.valid_to
    return starts_before_end and ends_after_start
