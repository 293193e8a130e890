"""Somebody who follows a change feed and must always hold what is served."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from oracle import State, View


@dataclass
class Follower:
    """A place in one register's feed, and what was fetched of the entities it named."""

    position: int = 0
    held: State = field(default_factory=dict)

    def fold(self, view: View, changes: list[dict[str, Any]], served: State) -> Counter[str]:
        assert [change["seq"] for change in changes] == list(range(1, len(changes) + 1)), "the feed has a gap"
        news, self.position = changes[self.position :], len(changes)
        told: dict[str, list[dict[str, Any]]] = {}
        for change in news:
            told.setdefault(str(change["uid"]), []).append(change)
        for uid, own in told.items():
            there = uid in self.held
            for change in own:
                assert there is (change["type"] not in ("create", "unmerge")), (
                    f"{change['type']} of what is {'' if there else 'not '}there"
                )
                there = change["type"] in ("create", "unmerge", "change")
            assert there is (uid in served), "other things are served than the feed says"
            if {change["type"] for change in own} == {"change"}:
                pairs = zip(("", *view.columns), self.held[uid], served[uid], strict=True)
                moved = {name for name, old, new in pairs if old != new}
                named = {name for change in own for name in change["elements"]} & set(view.columns)
                assert moved == named if len(own) == 1 else moved <= named, "other elements moved than are named"
            self.held.pop(uid, None)
            if there:
                self.held[uid] = served[uid]
        assert self.held == served, "the feed does not fold to what is served"
        return Counter(change["type"] for change in news)
