"""Administrative divisions 行政区划 with their history since 1980: what checks of identity numbers ask for."""

from __future__ import annotations

from datetime import date
from functools import cached_property

from jishi.dictionary.codelist import CodeList, CodeRow

LIST = "division"


class Divisions:
    """The division list by code. A code may have meant different places in different years: pass a day if it matters.

    Codes of the residence permits of Hong Kong, Macao and Taiwan residents (810000, 820000, 830000) are known; registry
    offices' own codes inside a unified social credit code (320594 …) stand in no list: unknown is a warning at most.
    """

    def __init__(self, divisions: CodeList) -> None:
        self._list = divisions

    @cached_property
    def ever_known(self) -> frozenset[str]:
        """Every six-digit code that was ever valid, statistical and permit codes included."""
        return self._list.codes

    def known(self, code: str, on: date | None = None) -> bool:
        """Whether ``code`` was valid on a day, or ever where no day is given."""
        return self._list.row(code, on) is not None

    def name(self, code: str, on: date | None = None) -> str | None:
        """The division's own name on a day, its latest one without a day; None for an unknown code."""
        row = self._list.row(code, on)
        return row.name if row else None

    def full_name(self, code: str, on: date | None = None) -> str | None:
        """The name with the units above it (江苏省苏州市姑苏区)."""
        return self._extra(code, "full_name", on)

    def level(self, code: str) -> str | None:
        """``province``, ``prefecture`` or ``county``."""
        return self._extra(code, "level", None)

    def kind(self, code: str, on: date | None = None) -> str | None:
        """``statutory`` (GB/T 2260), ``statistical`` (the statistics office's only) or ``document`` (permits)."""
        return self._extra(code, "kind", on)

    def parent(self, code: str, on: date | None = None) -> str | None:
        """The code of the unit above; None for a province or an unknown code."""
        row = self._list.row(code, on)
        return row.parent if row else None

    def successors(self, code: str) -> tuple[str, ...]:
        """What a retired code went into, where that is known; empty for a code in force or an unknown fate."""
        row = self._list.row(code)
        return tuple(filter(None, row.extra_value("successors").split("|"))) if row else ()

    def current(self) -> tuple[CodeRow, ...]:
        """The rows in force, in code order."""
        return tuple(row for row in self._list.rows if row.valid_to is None)

    def _extra(self, code: str, column: str, on: date | None) -> str | None:
        row = self._list.row(code, on)
        return (row.extra_value(column) or None) if row else None
