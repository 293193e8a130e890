"""A row as it was delivered, for those who may see it, and under masks for the others (behind the road in).

A cell of a refused row need not be what its header says: a name may stand where a number is expected. So a mask that
leaves ends of a value clear is not for it. Whoever may not see the value sees its shape, and a keyed digest that tells which
cells hold the same.
"""

from __future__ import annotations

import hmac
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from jishi.access.officer import Officer
from jishi.identifiers.keys import Keys, Use
from jishi.identifiers.sealed_file import open_bytes
from jishi.quality.quarantine import row_context
from jishi.registers.element import Sensitivity
from jishi.registers.register import Register

SURPLUS = "row_surplus"
FAULT = "row_fault"
DIGEST_CHARACTERS = 24

Columns = Mapping[str, Sequence[str]]
"""Header of a delivery → the elements its source takes from it; headers that are not used are not there."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """``cells`` by raw header, None where a cell is not there; geometry as the hex digits of its WKB. ``surplus``: what of
    a ragged row fits no column, a JSON list. ``fault``: ``ragged``, ``replaced``, both or None."""

    cells: Mapping[str, str | None]
    surplus: str | None
    fault: str | None = None


class Came(Protocol):
    """Where a row came from: its source, the department behind it, and what the source takes from its columns."""

    @property
    def source(self) -> str: ...
    @property
    def department(self) -> str: ...
    @property
    def columns(self) -> Columns: ...


@dataclass(frozen=True, slots=True)
class Sight:
    """A row as one officer sees it; ``masked`` and ``clear`` name the elements that are so shown, ``digests`` go by header."""

    row: RawRow
    digests: Mapping[str, str]
    masked: tuple[str, ...]
    clear: tuple[str, ...]


def sight(keys: Keys, officer: Officer, row: RawRow, register: Register, came: Came) -> Sight:
    """The row under masks where the officer may not see it as sent."""
    elements = tuple(dict.fromkeys(name for header in row.cells for name in came.columns.get(header, ())))
    if officer.in_clear(came.department):
        return Sight(row, {}, (), elements)
    digests = {
        header: digest_of_cell(keys, came.source, header, value)
        for header, value in row.cells.items()
        if value is not None
    }
    return Sight(under_masks(row, register, came.columns), digests, elements, ())


def digest_of_cell(keys: Keys, source: str, header: str, value: str) -> str:
    """Tells cells of one source and header that hold the same, to those who may not see what they hold."""
    said = json.dumps([source, header, value], ensure_ascii=False).encode("utf-8", "surrogatepass")
    secret = keys.key(Use.DIGEST, detail="quarantined cell")
    return hmac.digest(secret, said, "sha256").hex()[:DIGEST_CHARACTERS]


def open_row(keys: Keys, batch_id: int, row_number: int, sealed: bytes) -> RawRow:
    """A row that was kept sealed, opened. ``batch_id``: under which it is kept."""
    cells = json.loads(open_bytes(sealed, keys, context=row_context(batch_id, row_number)))
    surplus, fault = cells.pop(SURPLUS, None), cells.pop(FAULT, None)
    cells.pop("row_number", None)
    return RawRow(cells, surplus, fault)


def under_masks(row: RawRow, register: Register, columns: Columns) -> RawRow:
    """The row for who may not see it: values of elements that are not personal, of all others their shape."""
    cells = {
        header: value if value is None or is_open(register, columns.get(header, ())) else shape(value)
        for header, value in row.cells.items()
    }
    return RawRow(cells, None if row.surplus is None else shape(row.surplus), row.fault)


def is_open(register: Register, elements: Sequence[str]) -> bool:
    """Whether a column holds nothing personal: it is used, and every element it gives is not personal."""
    return bool(elements) and all(register.elements[name].sensitivity is Sensitivity.N for name in elements)


def shape(value: str) -> str:
    """What kind of characters stand where, and no character itself.

    >>> shape("32O58319801105001x"), shape("张 三"), shape("1980-11-05")
    ('99A99999999999999A', '字 字', '9999-99-99')
    """
    return "".join(map(_kind, value))


def _kind(character: str) -> str:
    category = unicodedata.category(character)
    if category.startswith("N"):
        return "9"
    if category in ("Lu", "Ll", "Lt", "Lm"):
        return "A"
    if category.startswith("L") or category in ("Co", "Cn"):
        return "字"
    return character
