"""One mapping for a thousand rows: what becomes of cells by what they hold, or by a transform of a closed list (before the
road in)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from jishi.errors import Fault
from jishi.identifiers.keys import Keys
from jishi.identifiers.normalise import normalise
from jishi.quality.raw_row import RawRow, digest_of_cell
from jishi.stewardship.repairs import GEOMETRY, LONGEST_CELL

TRANSFORMS: Mapping[str, Callable[[str], str]] = {
    "trim": str.strip,
    "no_blanks": lambda value: "".join(value.split()),
    "half_width": lambda value: unicodedata.normalize("NFKC", value),
    "upper": str.upper,
    "lower": str.lower,
    "identifier": normalise,
    "digits": lambda value: re.sub(r"\D", "", unicodedata.normalize("NFKC", value)),
    "empty": lambda value: "",
}
"""Name → what it makes of a cell: without blanks at its ends or anywhere, half-width, upper or lower case, as a number is
compared, its digits alone, nothing."""

HEADERS_LIMIT = 200
VALUES_LIMIT = 2_000


@dataclass(frozen=True, slots=True)
class CellMapping:
    """``values``: header → what a cell holds → what it shall hold (the empty text stands for no cell too); ``digests``: the
    same by the digest of what it holds, for who does not see it; ``transforms``: header → a name of :data:`TRANSFORMS`."""

    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    digests: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)
    transforms: Mapping[str, str] = field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """Whether it changes nothing: the rows are sent down the road as they were received."""
        return not (self.values or self.digests or self.transforms)

    def faults(self) -> list[Fault]:
        """Everything wrong with it."""
        faults = []
        headers = [*self.values, *self.digests, *self.transforms]
        if len(headers) > HEADERS_LIMIT or len(set(headers)) < len(headers) or GEOMETRY in headers:
            faults.append(Fault("mapping", "QLT-MAPPING-HEADERS", {"most": HEADERS_LIMIT}))
        faults += [
            Fault(f"mapping.{place}", "QLT-MAPPING-TRANSFORM", {"known": ", ".join(TRANSFORMS)})
            for place, name in enumerate(self.transforms.values(), start=1)
            if name not in TRANSFORMS
        ]
        for told in (*self.values.values(), *self.digests.values()):
            if len(told) > VALUES_LIMIT or any(len(value) > LONGEST_CELL or "\0" in value for value in told.values()):
                faults.append(Fault("mapping", "QLT-MAPPING-VALUES", {"most": VALUES_LIMIT}))
        return faults

    def cells(self, keys: Keys, source: str, row: RawRow) -> dict[str, str | None]:
        """The cells of a row that it changes, and to what."""
        changed: dict[str, str | None] = {}
        for header, value in row.cells.items():
            new = self._new(keys, source, header, value or "")
            if new is not None and new != (value or ""):
                changed[header] = new
        return changed

    def _new(self, keys: Keys, source: str, header: str, value: str) -> str | None:
        """None: it says nothing of this cell."""
        if header in self.values:
            return self.values[header].get(value)
        if header in self.digests:
            return self.digests[header].get(digest_of_cell(keys, source, header, value))
        if header in self.transforms:
            return TRANSFORMS[self.transforms[header]](value)
        return None
