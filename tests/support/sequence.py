"""The steps of a sequence: deliveries, repeats, corrections, a steward's decisions and words on who is who, and days that pass."""

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


@dataclass(frozen=True)
class Merge:
    """A steward says that two living entities of a register are one: of those with two, and of theirs, the ``which``-th,
    and the ``next``-th after it."""

    which: int
    next: int


@dataclass(frozen=True)
class Unmerge:
    """And that one of those that were merged is an entity of its own after all."""

    which: int


Step = Deliver | Again | Mend | Decide | Pass | Merge | Unmerge


def steps(
    names: tuple[str, ...], least: int = 1, most: int = 9, *, regrouping: bool = False
) -> st.SearchStrategy[list[Step]]:
    """Sequences over the named feeds; the simplest is one delivery of one row. ``regrouping``: stewards merge and unmerge."""
    deliver: st.SearchStrategy[Step] = st.builds(Deliver, st.sampled_from(names), feeds.rows)
    passing = st.builds(Pass, st.sampled_from([1, 6, 12]), st.booleans())
    again = st.builds(Again, st.integers(0, 3), st.integers(1, 3))
    decide = st.builds(Decide, st.booleans())
    often: list[st.SearchStrategy[Step]] = [deliver] * 7 + [passing] * 2 + [again, decide, st.just(Mend())]
    step = st.sampled_from(range(len(often))).flatmap(lambda which: often[which])
    plain = st.lists(step, min_size=least, max_size=most)
    if not regrouping:
        return plain
    begin: st.SearchStrategy[Step] = st.builds(Deliver, st.sampled_from(names), feeds.several)
    merge: st.SearchStrategy[Step] = st.builds(Merge, st.integers(0, 5), st.integers(0, 2))
    either: st.SearchStrategy[Step] = st.one_of(st.builds(Unmerge, st.integers(0, 2)), merge)
    some = st.lists(step, max_size=(most - 3) // 3)
    regrouped = st.tuples(begin, some, merge, some, either, some).map(
        lambda parts: [parts[0], *parts[1], parts[2], *parts[3], parts[4], *parts[5]]
    )
    return st.one_of(regrouped, plain)
