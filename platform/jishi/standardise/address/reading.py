"""How far the reading of one address has come: the spans taken so far and what is known of where it lies."""

from __future__ import annotations

from jishi.standardise.address.gazetteer import Local, Name
from jishi.standardise.address.parts import REMAINDER


class Reading:
    """Mutable, one an address. ``within``: code prefix of the place the source is at home in, '' where unknown."""

    __slots__ = (
        "at",
        "by_context",
        "counties",
        "ends",
        "hint",
        "kinds",
        "level",
        "named",
        "prefixes",
        "province",
        "seen",
        "text",
        "town",
        "within",
    )

    def __init__(self, text: str, within: str) -> None:
        self.text = text
        self.within = within
        self.at = 0
        self.kinds: list[str] = []
        self.ends: list[int] = []
        self.level = 0
        self.province = ""
        self.prefixes: tuple[str, ...] = ()  # of the province or city that the address names
        self.named: set[str] = set()
        self.counties: tuple[Name, ...] = ()
        self.by_context = False
        self.town: tuple[Local, ...] = ()
        self.hint: tuple[Local, ...] = ()  # towns whose name begins that of a zone, an estate or a street
        self.seen: set[str] = set()

    def take(self, kind: str, end: int) -> None:
        """The text up to ``end`` is of ``kind``."""
        if end == self.at:
            return
        if self.kinds and self.kinds[-1] == kind:
            self.ends[-1] = end
        else:
            self.kinds.append(kind)
            self.ends.append(end)
        self.seen.add(kind)
        self.at = end

    def forget(self, kind: str) -> None:
        """What was taken as ``kind`` is the remainder after all."""
        self.kinds = [REMAINDER if known == kind else known for known in self.kinds]

    def spans(self) -> list[tuple[str, int, int]]:
        """(kind, begin, end) of every segment."""
        return list(zip(self.kinds, [0, *self.ends], self.ends, strict=False))
