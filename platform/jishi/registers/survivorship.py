"""Which contribution's value becomes golden: plain data that ``golden`` turns into one SQL ordering."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Survivorship:
    """Order of trust among an entity's contributions, per element.

    Default: lower source rank first, then the later effective date, then the later recording. ``sticky`` elements prefer
    the listed values whatever their date unless a better-ranked source says otherwise (a death is not undone by a
    lower-ranked list of the living); ``together`` names groups of elements that are taken from one contribution.
    """

    together: tuple[tuple[str, ...], ...] = ()
    sticky: tuple[tuple[str, tuple[str, ...]], ...] = ()
