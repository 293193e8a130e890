"""The steps of a sequence: deliveries, repeats, corrections, a steward's decisions, and days that pass."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import strategies as st

import feeds
from feeds import Row


@dataclass(frozen=True)
class Deliver:
    feed: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Again:
    """The very file of ``back`` deliveries ago, of one of the sources that have delivered."""

    which: int
    back: int


@dataclass(frozen=True)
class Mend:
    """What the last file with rows to be refused held of them, corrected."""


@dataclass(frozen=True)
class Decide:
    """A steward looks at the oldest held batch."""

    release: bool


@dataclass(frozen=True)
class Pass:
    """Days go by; ``turned``: and the daily job has run."""

    days: int
    turned: bool


Step = Deliver | Again | Mend | Decide | Pass


def steps(names: tuple[str, ...], least: int = 1, most: int = 9) -> st.SearchStrategy[list[Step]]:
    """Sequences over the named feeds; the simplest is one delivery of one row."""
    deliver: st.SearchStrategy[Step] = st.builds(Deliver, st.sampled_from(names), feeds.rows)
    passing = st.builds(Pass, st.sampled_from([1, 6, 12]), st.booleans())
    again = st.builds(Again, st.integers(0, 3), st.integers(1, 3))
    decide = st.builds(Decide, st.booleans())
    often: list[st.SearchStrategy[Step]] = [deliver] * 7 + [passing] * 2 + [again, decide, st.just(Mend())]
    step = st.sampled_from(range(len(often))).flatmap(lambda which: often[which])
    return st.lists(step, min_size=least, max_size=most)
