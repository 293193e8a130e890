"""One code list 代码表 in memory: dated rows, and the two ways from a spelling to its code (one value, one column)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from types import MappingProxyType

from jishi.dictionary.spelling import fold, tidy


@dataclass(frozen=True, slots=True)
class CodeRow:
    """What a code meant from ``valid_from`` (None: always) until the day before ``valid_to`` (None: still)."""

    code: str
    name: str
    name_en: str = ""
    parent: str | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    alternatives: tuple[str, ...] = ()
    note: str = ""
    extra: tuple[tuple[str, str], ...] = ()

    def holds_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day < self.valid_to)

    def extra_value(self, column: str) -> str:
        """The value of one of the list's own columns, empty where the list has no such column."""
        return dict(self.extra).get(column, "")


@dataclass(frozen=True)
class CodeList:
    """A list with its head. ``complete``: a code outside it is wrong, otherwise at most doubtful."""

    id: str
    title: str
    title_en: str
    standard: str
    edition: str
    source: str
    complete: bool
    extensible: bool
    checked: date
    rows: tuple[CodeRow, ...]
    parent_list: str | None = None
    columns: tuple[str, ...] = ()

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Code → name of the rows that have not ended."""
        return MappingProxyType({row.code: row.name for row in self.rows if row.valid_to is None})

    @cached_property
    def codes(self) -> frozenset[str]:
        """Every code the list ever held."""
        return frozenset(row.code for row in self.rows)

    def row(self, code: str, on: date | None = None) -> CodeRow | None:
        """The row of ``code`` in force on a day; without a day the latest one. None: unknown then."""
        rows = self._rows_by_code.get(code, ())
        if on is None:
            return rows[-1] if rows else None
        return next((row for row in reversed(rows) if row.holds_on(on)), None)

    def resolve(self, text: str) -> str | None:
        """The code a spelling stands for: as a code, a name, an alternative; None where unknown or ambiguous.

        A name that only ended rows carry still resolves, one that several codes carry does not.

        >>> men = CodeList("sex", "性别", "sex", "", "", "", True, False, date(2026, 11, 21),
        ...                (CodeRow("1", "男性", alternatives=("男", "M")),))
        >>> men.resolve(" ｍ "), men.resolve("男性"), men.resolve("女")
        ('1', '1', None)
        """
        return self._codes_by_fold.get(fold(text))

    def mapping(self) -> dict[str, str]:
        """Spelling → code for replacing a column: as written, tidied (NFKC, trimmed), in lower and in upper case."""
        spellings: dict[str, str] = {}
        for row in self.rows:
            for text in (row.code, row.name, *row.alternatives):
                code = self._codes_by_fold.get(fold(text))
                if code is not None:
                    plain = tidy(text)
                    spellings.update(dict.fromkeys((text, plain, plain.lower(), plain.upper()), code))
        return spellings

    def version(self) -> str:
        """SHA-256 over everything that decides how a value maps; a change means a new code-list version."""
        digest = hashlib.sha256(f"{self.id}|{self.standard}|{self.edition}|{self.complete}".encode())
        for row in self.rows:
            digest.update(repr(row).encode())
        return digest.hexdigest()

    @cached_property
    def _rows_by_code(self) -> dict[str, tuple[CodeRow, ...]]:
        found: dict[str, list[CodeRow]] = {}
        for row in sorted(self.rows, key=lambda row: row.valid_from or date.min):
            found.setdefault(row.code, []).append(row)
        return {code: tuple(rows) for code, rows in found.items()}

    @cached_property
    def _codes_by_fold(self) -> dict[str, str]:
        found: dict[str, str] = {}
        running = [row for row in self.rows if row.valid_to is None]
        ended = [row for row in self.rows if row.valid_to is not None]
        found.update({fold(code): code for code in self.codes})
        for spelled in (_spelled(running), _spelled(ended)):
            for text, codes in spelled.items():
                if len(codes) == 1:
                    found.setdefault(text, next(iter(codes)))
                else:
                    found.setdefault(text, "")
        return {text: code for text, code in found.items() if code}


def version(lists: Mapping[str, CodeList]) -> str:
    """SHA-256 over all lists, whatever their order."""
    digest = hashlib.sha256()
    for name in sorted(lists):
        digest.update(f"{name}={lists[name].version()};".encode())
    return digest.hexdigest()


def _spelled(rows: Iterable[CodeRow]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in rows:
        for text in (row.name, *row.alternatives):
            found.setdefault(fold(text), set()).add(row.code)
    return found
