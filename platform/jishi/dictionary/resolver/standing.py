"""What standing 状态 a concept has on a day: in force, not approved yet, or deprecated, with those that follow it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from jishi.dictionary.resolver.index import LAST, Index
from jishi.dictionary.resolver.likely import Flags


@dataclass(frozen=True, slots=True)
class Standing:
    """``drafts``: concepts not approved yet; ``retired``: deprecated concept → those in force that follow it, if any."""

    drafts: frozenset[int] = frozenset()
    retired: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


def standing_on(index: Index, day: int) -> tuple[Flags, Standing]:
    """Which concepts have names on ``day`` (an ordinal), and the standing of those that are not simply in force.

    A deprecated concept is in force up to the end of its validity where it has one; from then on, or without an end at
    once, its names lead to its successors. A successor that is deprecated itself leads on.
    """
    living: Flags = (index.first <= day) & (day < index.end)
    if not index.drafts and not index.successors:
        return living, Standing()
    retired = {
        owner
        for owner in index.successors
        if index.first[owner] <= day and (day >= index.end[owner] or index.end[owner] == LAST)
    }
    named = living.copy()
    named[np.fromiter(retired, np.int64, len(retired))] = True
    follow = {owner: _follow(index, owner, retired, living) for owner in retired}
    return named, Standing(frozenset(index.drafts), follow)


def _follow(index: Index, owner: int, retired: set[int], living: Flags) -> tuple[int, ...]:
    found: list[int] = []
    seen, waiting = {owner}, list(index.successors[owner])
    while waiting:
        next_one = waiting.pop(0)
        if next_one in seen:
            continue
        seen.add(next_one)
        if next_one in retired:
            waiting += index.successors[next_one]
        elif living[next_one] and next_one not in index.drafts:
            found.append(next_one)
    return tuple(found)
