"""What a steward makes of a name nobody knew: an alias, a negative alias, nothing; and what then leaves the queue (beside the road).

Every function is called inside the transaction of an administrative act (:func:`jishi.access.acts.doing`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jishi.stewardship import aliases, effect
from jishi.stewardship.aliases import Alias, Wanted

if TYPE_CHECKING:
    from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Learnt:
    """The alias as it is now; ``left``: so many names have left the queue by it."""

    alias: Alias
    left: int


async def make(connection: Connection[Any], wanted: Wanted, by: str, reason: str, *, draft: bool) -> Learnt:
    """An alias that counts at once, or a ``draft`` for another to approve. CallerError ``DIC-ALIAS`` with every fault."""
    made = await aliases.propose(connection, wanted, by, reason)
    if draft:
        return Learnt(made, 0)
    made = await aliases.approve(connection, made.alias_id, by, reason)
    return Learnt(made, await effect.settle(connection, wanted.scheme))


async def approve(connection: Connection[Any], alias_id: int, by: str, reason: str, *, four_eyes: bool) -> Learnt:
    """A draft counts from now on; errors of :func:`jishi.stewardship.aliases.approve`."""
    made = await aliases.approve(connection, alias_id, by, reason, four_eyes=four_eyes)
    return Learnt(made, await effect.settle(connection, made.wanted.scheme))


async def end(connection: Connection[Any], alias_id: int, by: str, reason: str) -> Learnt:
    """An alias counts no more; errors of :func:`jishi.stewardship.aliases.end`."""
    made = await aliases.end(connection, alias_id, by, reason)
    return Learnt(made, await effect.settle(connection, made.wanted.scheme))
