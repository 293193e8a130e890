"""Stewards' words in a sequence: who is said to be one, and who is not; the links of contributions are held against each word."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jishi.golden.regrouping import carry_out
from oracle import VIEWS

CANNOT = ("MAT-ALONE", "MAT-NOT-MERGED")
"""Why an unmerge may come to nothing: what came with the entity has ended its days elsewhere, or is all there is."""

Links = dict[int, Any]
"""Contribution → entity."""


@dataclass(frozen=True)
class Done:
    """What a word brought about: ``gone`` is no entity any more, or one again; ``moved`` went over."""

    register: str
    survivor: Any
    gone: Any
    moved: tuple[int, ...]


@dataclass
class Words:
    """What was said in one play. ``came``: with which contributions an entity went; ``parted``: pairs that are not one."""

    city: Any
    said: int = 0
    came: dict[Any, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    parted: set[frozenset[Any]] = field(default_factory=set)

    async def merge(self, which: int, next: int) -> Done | None:
        """Two living entities become one, the older; None where no register has two."""
        pairs = [(name, uids) for name in VIEWS if len(uids := await self._living(name)) > 1]
        if not pairs:
            return None
        name, uids = pairs[which % len(pairs)]
        one, other = (uids[(which + step) % len(uids)] for step in (0, 1 + next % (len(uids) - 1)))
        before = (await self.links())[name]
        assert await self._say(name, "merge", one, other) == "done"
        survivor, gone = sorted((one, other))
        moved = tuple(sorted(number for number, uid in before.items() if uid == gone))
        assert (await self.links())[name] == before | dict.fromkeys(moved, survivor), "other links than the word says"
        self.came[gone] = (name, moved)
        self.parted = {frozenset(survivor if uid == gone else uid for uid in pair) for pair in self.parted}
        return Done(name, survivor, gone, moved)

    async def unmerge(self, which: int) -> Done | None:
        """One that was merged stands by itself again; None where there is none, or where it cannot be."""
        if not self.came:
            return None
        back = sorted(self.came)[which % len(self.came)]
        name, came = self.came[back]
        before = (await self.links())[name]
        if await self._say(name, "unmerge", back, None) == "failed":
            last = "SELECT fault FROM jishi.regrouping ORDER BY regrouping_id DESC LIMIT 1"
            assert await self.city.value(last) in CANNOT and (await self.links())[name] == before
            return None
        after = (await self.links())[name]
        moved = tuple(sorted(number for number, uid in after.items() if uid != before[number]))
        [holder] = {before[number] for number in moved}
        assert {after[number] for number in moved} == {back}
        own = {number for number in came if before[number] == holder}
        assert own <= set(moved) and all(number > max(came) for number in set(moved) - own), "others than came with it"
        del self.came[back]
        self.parted.add(frozenset((back, holder)))
        return Done(name, holder, back, moved)

    async def links(self) -> dict[str, Links]:
        found = {}
        for name in VIEWS:
            rows = await self.city.rows(f"SELECT contribution_id, uid FROM jishi.{name}_link")
            found[name] = {row["contribution_id"]: row["uid"] for row in rows}
        return found

    async def _living(self, name: str) -> list[Any]:
        rows = await self.city.rows(f"SELECT uid FROM jishi.{name} WHERE state = 'active' ORDER BY uid")
        return [row["uid"] for row in rows]

    async def _say(self, name: str, act: str, uid: Any, other: Any) -> str:
        self.said += 1
        number = await self.city.value(
            "INSERT INTO jishi.regrouping (register, act, uid, other_uid, words, requested_by)"
            " VALUES ($1, $2, $3, $4, '', 'user:test') RETURNING regrouping_id",
            VIEWS[name].number,
            act,
            uid,
            other,
        )
        return await carry_out(self.city.connection, number, "Asia/Shanghai")
