"""What a grant 授权 says: which elements of which rows of a register a client may ask for, and under what conditions.

The value that authorise and plan work on (road out). A grant never changes: ``grant_id`` is its version too, so whatever
is cached or signed for one of them (plans, cursors) ends with it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from jishi.registers.element import DataElement, Mask, Sensitivity

if TYPE_CHECKING:
    from jishi.registers.register import Register

RIGHTS = ("distinct", "exact", "export", "history", "inactive", "protected", "withheld")
"""Beyond elements: match masked elements exactly in a search shape (``exact``); take a personal collection as a whole, by
exports and by following its changes (``export``); see the ended and cancelled
(``inactive``); see credit records that are withheld (``withheld``); read superseded versions (``history``); see protected
persons (``protected``); be told ``no_record`` apart from ``mismatch`` (``distinct``)."""


PURPOSE_LIMIT = 60
PURPOSE = re.compile(rf"[^\s,\x00-\x1f\x7f]{{1,{PURPOSE_LIMIT}}}")
"""A purpose code 用途代码: a word of any script."""


@dataclass(frozen=True, slots=True)
class Grant:
    """One client's grant on one register. An element stands in ``masked`` or in ``clear``, never in both.

    ``derived``: names of derived elements (:mod:`jishi.registers.derived`), which need no grant on what they are computed
    from. ``rows``: CQL2 text over elements of the register, None = all rows. ``purposes``: one of them must be stated;
    empty = none need be. ``quota_per_day`` counts subjects delivered. ``valid_until`` None = without end.
    """

    grant_id: int
    client_id: str
    register: str
    masked: frozenset[str] = frozenset()
    clear: frozenset[str] = frozenset()
    derived: frozenset[str] = frozenset()
    rows: str | None = None
    purposes: frozenset[str] = frozenset()
    case_required: bool = False
    rate_per_minute: int | None = None
    quota_per_day: int | None = None
    rights: frozenset[str] = frozenset()
    sharing: str = "conditional"
    basis: str = ""
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    application_id: int | None = field(default=None)

    @property
    def elements(self) -> frozenset[str]:
        """Every element that may be asked for, derived ones included."""
        return self.masked | self.clear | self.derived

    def holds(self, name: str) -> bool:
        """Whether an element may be asked for, or a derived one with its argument: who holds ``resident_of`` may ask for
        any ``resident_of(320505)``.
        """
        return name in self.elements or (name.endswith(")") and name.partition("(")[0] in self.derived)

    def in_force(self, at: datetime) -> bool:
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_until is None or at < self.valid_until
        )


def differs_masked(element: DataElement) -> bool:
    """Whether an element under its mask is another than in clear; one that is not counts as granted in clear."""
    return element.sensitivity is not Sensitivity.N and (element.sealed or element.mask is not Mask.NONE)


STANDING = 0
"""Number of the grant that every client holds on a feature collection without having been given one."""


def standing(client_id: str, register: Register) -> Grant:
    """What the catalogue shares with every department of a register that is not personal: what is not about persons in
    clear, the rest masked. A grant of the client's own takes its place.
    """
    if register.personal:
        raise ValueError(f"{register.name} is personal: nobody sees it without a grant of his own")
    elements = register.elements
    masked = frozenset(name for name, element in elements.items() if differs_masked(element))
    return Grant(
        STANDING,
        client_id,
        register.name,
        masked=masked,
        clear=frozenset(elements) - masked,
        sharing="unconditional",
        basis="catalogue",
    )
