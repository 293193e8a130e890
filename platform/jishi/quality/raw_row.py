"""A refused row as it was delivered, for those who may see it, and under masks for the others (behind the road in).

A cell of a refused row need not be what its header says: a name may stand where a number is expected. So a mask that
leaves ends of a value clear is not for it. Whoever may not see the value sees its shape.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jishi.identifiers.keys import Keys
from jishi.identifiers.sealed_file import open_bytes
from jishi.quality.quarantine import row_context
from jishi.registers.element import Sensitivity
from jishi.registers.register import Register

SURPLUS = "row_surplus"
FAULT = "row_fault"

Columns = Mapping[str, Sequence[str]]
"""Header of a delivery → the elements its source takes from it; headers that are not used are not there."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """``cells`` by raw header, None where a cell is not there; geometry as the hex digits of its WKB. ``surplus``: what of
    a ragged row fits no column, a JSON list. ``fault``: ``ragged``, ``replaced``, both or None."""

    cells: Mapping[str, str | None]
    surplus: str | None
    fault: str | None = None


def open_row(keys: Keys, batch_id: int, row_number: int, sealed: bytes) -> RawRow:
    """A row of the quarantine, opened. ``batch_id``: under which it is kept."""
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
