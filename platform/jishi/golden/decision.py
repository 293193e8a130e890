"""Why a value survived: the order of trust among what sources say of one entity, told for people (beside the step *merge*).

The order is that of :mod:`jishi.golden.recompute`, where it is SQL over whole batches; here it is applied to the few
contributions of one entity, and the first criterion that set the winner apart is named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Why(StrEnum):
    """The first criterion by which a contribution comes before the next one."""

    ALONE = "alone"  # nobody else says anything of it
    RANK = "rank"  # its source is trusted more
    STICKY = "sticky"  # a value that is kept whatever comes later, such as a death
    EFFECTIVE = "later_effective"
    RECORDED = "later_recorded"
    FIRST = "first"  # equal in all that counts; known for longer


@dataclass(frozen=True, slots=True)
class Voice:
    """One contribution in force: ``says``: it has a value in the group of elements; ``sticky``: for each sticky element of the
    group whether it bears a value that is kept (None = it has none)."""

    contribution_id: int
    rank: int
    effective_from: datetime
    recorded_at: datetime
    ended: bool
    says: bool
    sticky: tuple[bool | None, ...] = ()

    @property
    def trust(self) -> tuple[object, ...]:
        """Smallest first."""
        later = (-self.effective_from.timestamp(), -self.recorded_at.timestamp())
        kept = (2 if sticky is None else int(not sticky) for sticky in self.sticky)
        return (self.rank, *kept, *later, self.contribution_id)


def decide(voices: Sequence[Voice]) -> tuple[Voice | None, Why | None, tuple[Voice, ...]]:
    """Whose value survives, why, and the others in the order of trust; nobody's where nobody says anything.

    Those that have ended have a voice only where all have.
    """
    living = [voice for voice in voices if not voice.ended] or list(voices)
    telling = sorted((voice for voice in living if voice.says), key=lambda voice: voice.trust)
    if not telling:
        return None, None, ()
    winner, *others = telling
    return winner, _why(winner, others[0]) if others else Why.ALONE, tuple(others)


def _why(winner: Voice, next_one: Voice) -> Why:
    if winner.rank != next_one.rank:
        return Why.RANK
    if winner.sticky != next_one.sticky:
        return Why.STICKY
    if winner.effective_from != next_one.effective_from:
        return Why.EFFECTIVE
    return Why.RECORDED if winner.recorded_at != next_one.recorded_at else Why.FIRST
