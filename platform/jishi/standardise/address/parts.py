"""What a parsed address is: segments in the order of the text, and the division it was resolved to (step standardise)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

PARTS = (
    "province",
    "city",
    "county",
    "zone",
    "town",
    "community",
    "road",
    "number",
    "compound",
    "building",
    "unit",
    "room",
)
"""省 市 区县 开发区 乡镇街道 社区村 路街巷 门牌号 小区院落 楼栋 单元 户室: GB/T 23705, and the zones that stand between
county and town without being either. A floor belongs to ``room``, a municipality to ``province``."""

REMAINDER = "remainder"
"""Everything else: separators, repeated divisions, names of firms and persons, words of direction."""

KINDS = (*PARTS, REMAINDER)


class How(StrEnum):
    """How the county was found."""

    EXACT = "exact"  # the full name of a county of today that stands once in what the address names
    ALIAS = "alias"  # a short or local name
    HISTORY = "history"  # the name of a county that is no more, or had that name
    CONTEXT = "context"  # only the source's city, a town or a village told which
    AMBIGUOUS = "ambiguous"  # several counties bear the name and nothing tells which
    NONE = "none"  # the address names no county


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where an address lies. ``code``: the county of today, None where it cannot be told; ``named``: the code of the
    county as it was named, retired ones included; ``town``: nine digits; ``candidates``: counties of today in question."""

    how: How = How.NONE
    code: str | None = None
    named: str | None = None
    town: str | None = None
    candidates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the text and what it is: one of :data:`KINDS`."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class ParsedAddress:
    """An address in segments; those of one part need not stand side by side."""

    segments: tuple[Segment, ...] = ()
    division: Resolution = field(default=Resolution())

    def text(self) -> str:
        """The text that was parsed, to the letter."""
        return "".join(segment.text for segment in self.segments)

    def part(self, kind: str) -> str | None:
        """A part as written, its segments in order; None where the address has none."""
        return "".join(segment.text for segment in self.segments if segment.kind == kind) or None
