"""The failing rows of a batch as a table: of each its number, reasons and own cells, as the officer may see them (files)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from jishi.messages import render
from jishi.quality.failing_rows import FailingRow
from jishi.quality.failures import BatchEntry
from jishi.quality.report import reason_text
from jishi.quality.report_text import named
from jishi.registers.catalog import register_of
from jishi.registers.element import DataElement

OURS = ("ROW", "KEY", "STATUS", "CODES", "REASONS", "COLUMNS")


@dataclass(frozen=True)
class FailingTable:
    """``headers``: those of the department, of refused rows; empty where none is among them. ``accepted``: whether rows that
    were only warned of are, whose values stand by element."""

    entry: BatchEntry
    language: str
    headers: tuple[str, ...]
    accepted: bool

    @property
    def header(self) -> list[str]:
        """Our titles, marked where the department has a column of the same name, its own, and the elements'."""
        ours = [render(f"QLT-REPORT-COLUMN-{name}", self.language) for name in OURS]
        surplus = [render("QLT-REPORT-COLUMN-SURPLUS", self.language)] if self.headers else []
        elements = [self._title(name, element) for name, element in self._elements.items()]
        return [*self._apart(ours), *self.headers, *self._apart(surplus), *self._apart(elements)]

    def cells(self, rows: Iterable[FailingRow]) -> list[list[str]]:
        return [self._cells(row) for row in rows]

    def _cells(self, row: FailingRow) -> list[str]:
        mark = "；" if self.language.startswith("zh") else "; "
        status = render(f"QLT-REPORT-ROW-{row.status.upper()}", self.language)
        own = row.cells or {}
        values = row.values or {}
        return [
            *(str(row.row), str(row.key or ""), status, mark.join(row.rules)),
            mark.join(_sentence(self.entry.register, rule, self.language) for rule in row.rules),
            mark.join(named(self.entry.columns.get(rule, ()), self.language) for rule in row.rules),
            *(own.get(name) or "" for name in self.headers),
            *([row.surplus or ""] if self.headers else []),
            *(_text(values.get(name)) for name in self._elements),
        ]

    @cached_property
    def _elements(self) -> dict[str, DataElement]:
        if not self.accepted:
            return {}
        taken = {name for names in self.entry.elements.values() for name in names}
        elements = register_of(self.entry.register).elements
        return {
            name: element
            for name, element in elements.items()
            if name in taken or element.derived or element.address_part is not None
        }

    def _title(self, name: str, element: DataElement) -> str:
        return f"{name} ({(element.title_en if self.language == 'en' else element.title) or element.title})"

    def _apart(self, ours: Sequence[str]) -> list[str]:
        return [f"{title}*" if title in self.headers else title for title in ours]


@cache
def _sentence(register: str, rule: str, language: str) -> str:
    return reason_text(register, rule, language)


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
