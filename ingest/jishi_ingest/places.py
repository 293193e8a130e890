"""What became of a row at each place where it was received, told from quarantine, contributions and ledger (for *find*)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from jishi.golden.received import Fate, Kept, fates
from jishi.registers.register import Register

WITH_THE_BATCH = {
    "held": Fate("held"),
    "discarded": Fate("discarded"),
    "refused": Fate("refused"),
    "failed": Fate("failed"),
    "landed": Fate("waiting"),
    "running": Fate("waiting"),
}
"""What became of a row that no table knows, in a batch that was not published."""

Received = tuple[Kept, int]
"""A delivery and a row of it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row was received: batch and its status, row number, and what became of it there."""

    batch: int
    status: str
    row: int
    fate: Fate


async def tell(
    connection: asyncpg.Connection,
    register: Register,
    received: Sequence[Sequence[Received]],
    delivered: Mapping[int, datetime],
) -> list[tuple[Place, ...]]:
    """Places of several rows, for each the deliveries it stood in; ``delivered`` says when each batch came."""
    asked = {(_examined(kept), row) for entries in received for kept, row in entries}
    since = min((delivered[batch] for batch, _ in asked if batch in delivered), default=None)
    known = await fates(connection, register, asked, since) if since else {}
    return [
        tuple(
            Place(kept.batch_id, kept.status, row, _fate(kept, known.get((_examined(kept), row))))
            for kept, row in entries
        )
        for entries in received
    ]


def _examined(kept: Kept) -> int:
    """The batch under which the rows were examined: that of the same bytes where nothing had to be done again."""
    return kept.batch_id if kept.same_as is None else kept.same_as


def _fate(kept: Kept, fate: Fate | None) -> Fate:
    if fate is not None and (fate.outcome == "quarantined" or kept.same_as is None):
        return fate
    if fate is not None:
        return Fate("unchanged")
    if kept.status in WITH_THE_BATCH:
        return WITH_THE_BATCH[kept.status]
    if kept.unchanged and kept.duplicate:
        return Fate("unchanged_or_duplicate")
    return Fate("duplicate" if kept.duplicate else "unchanged")
