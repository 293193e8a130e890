"""How a raw identifier read: the words of the ``NAME__read`` columns, and the result every scalar check gives (step
standardise)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from jishi.identifiers.normalise import precision_lost


class Reading(StrEnum):
    """Whether a value has the shape of its kind, else the first thing wrong; the check character is no part of it."""

    OK = "ok"
    PRECISION_LOST = "precision_lost"  # a spreadsheet or a float rounded it; never padded or guessed
    LENGTH = "length"
    CHARACTERS = "characters"


@dataclass(frozen=True, slots=True)
class Checked:
    """``value`` is the normalised value, None when the raw value is empty or unreadable; ``read`` None when it is
    empty.

    ``check_expected`` is what the standard's formula gives, ``check_actual`` what the value carries; both None
    where the kind has no check character.
    """

    value: str | None
    read: Reading | None
    check_expected: str | None = None
    check_actual: str | None = None

    @property
    def passes(self) -> bool:
        """Well formed, and its check character, if it has one, is right."""
        return self.read is Reading.OK and self.check_expected == self.check_actual


def refusal(value: str, length: bool, characters: bool) -> Reading | None:
    """The first thing wrong with a normalised, non-empty value whose length and characters are right or not; None =
    nothing."""
    if precision_lost(value):
        return Reading.PRECISION_LOST
    if not length:
        return Reading.LENGTH
    return None if characters else Reading.CHARACTERS
