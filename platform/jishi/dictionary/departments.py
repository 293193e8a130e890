"""Departments 部门 of the city: who owns sources, holds grants and answers tickets."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from jishi.dictionary.reading import Faults, read_csv
from jishi.errors import DeclarationError

_USCC = re.compile(r"[0-9ABCDEFGHJKLMNPQRTUWXY]{18}")
_COLUMNS = ("uscc", "name", "short_name")
_OPTIONAL = ("name_en", "roles", "note")


@dataclass(frozen=True, slots=True)
class Department:
    """A department by its unified social credit code; ``roles`` are words for what it answers for."""

    uscc: str
    name: str
    short_name: str
    name_en: str = ""
    roles: tuple[str, ...] = ()
    note: str = ""


def load_departments(file: Path, overlay: Path | None = None) -> tuple[Department, ...]:
    """The departments of ``file``, or of ``overlay`` where the city has one: its list stands instead of the samples.

    Raises DeclarationError ``DIC-DEPARTMENTS`` with every fault.
    """
    faults = Faults()
    chosen = overlay if overlay is not None and overlay.is_file() else file
    found: dict[str, Department] = {}
    for line in read_csv(chosen, _COLUMNS, _OPTIONAL, faults):
        uscc, name = line.cells.get("uscc", ""), line.cells.get("name", "")
        if not _USCC.fullmatch(uscc):
            faults.add(line.place, "DIC-USCC")
        if not name:
            faults.add(line.place, "DIC-NAME-EMPTY", given=uscc)
        if uscc in found:
            faults.add(line.place, "DIC-CODE-TWICE", given=uscc)
        found[uscc] = Department(
            uscc=uscc,
            name=name,
            short_name=line.cells.get("short_name", "") or name,
            name_en=line.cells.get("name_en", ""),
            roles=line.items("roles"),
            note=line.cells.get("note", ""),
        )
    if faults.found:
        raise DeclarationError("DIC-DEPARTMENTS", faults=tuple(faults.found), count=len(faults.found))
    return tuple(found[uscc] for uscc in sorted(found))
