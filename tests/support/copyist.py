"""A department's copy of one collection, kept by the change feed as the documents say, knowing nothing but HTTP."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

GONE = ("end", "withhold", "merge")


@dataclass
class Copyist:
    """``held``: uid → properties. ``properties``: those asked for, None = all granted."""

    client: httpx.AsyncClient
    collection: str
    properties: list[str] | None = None
    limit: int = 100
    after: str = ""
    held: dict[str, Any] = field(default_factory=dict)

    async def follow(self) -> list[dict[str, Any]]:
        """Take in what is new; the changes told."""
        told: list[dict[str, Any]] = []
        more = True
        while more:
            asked: dict[str, str | int] = {"collections": self.collection, "limit": self.limit}
            if self.after:
                asked["after"] = self.after
            answer = await self.client.get("/changes", params=asked)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            told += page["changes"]
            self.after, more = page["next_after"], page["more"]
        for one in told:
            if one["type"] in GONE:
                assert one["uid"] in self.held or one["uid"] in {other["uid"] for other in told}, (
                    f"{one} was never there"
                )
        for uid in {one["uid"] for one in told if one["type"] in GONE}:
            self.held.pop(uid, None)
        await self._fetch(list(dict.fromkeys(one["uid"] for one in told)))
        return told

    async def _fetch(self, uids: list[str]) -> None:
        """What is read is newer than the change that named it; what is gone again is told by a later one."""
        for start in range(0, len(uids), 100):
            body: dict[str, Any] = {"ids": uids[start : start + 100]}
            if self.properties is not None:
                body["properties"] = self.properties
            answer = await self.client.post(f"/collections/{self.collection}/batch", json=body)
            assert answer.status_code == 200, answer.text
            for item in answer.json()["items"]:
                if item["outcome"] == "found":
                    self.held[item["id"]] = item["feature"]["properties"]
                else:
                    self.held.pop(item["id"], None)
