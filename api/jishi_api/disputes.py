"""Which served values are disputed 异议, for one process, and the flag they bear in answers (authorise, respond).

Every answer asks, so it must cost nothing: kept in memory, read again at every change, which is heard within a second as
changes of access are. Until a change that was heard has been read, whatever needs to know waits for it. Nearly always no
row of an answer is disputed, and then its bytes leave as the database wrote them.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING
from uuid import UUID

from jishi.access.revocation import Change
from jishi.registers import derived
from jishi.registers.catalog import register_of
from jishi.registers.register import Register
from jishi.stewardship import disputes
from jishi.stewardship.disputes import Standing
from jishi_api.callers import Callers
from jishi_api.temporal import CITY_ZONE

if TYPE_CHECKING:
    from jishi_api.plan import Plan

NONE: Standing = {}


class Disputes:
    """uid → disputed element → since when. :meth:`now` before each use."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._known: Standing = NONE
        self._is_read = False
        self._changes = 0
        self._reading = asyncio.Lock()
        callers.revocations.subscribe(self._on_change)

    async def now(self) -> Standing:
        """All standing disputes. Raises InternalError ``ACC-REVOCATION-UNHEARD``, ``STO-CONNECT``, ``QRY-BUSY``."""
        if not self._holds():
            self._callers.revocations.check()
            async with self._reading:
                if not self._holds():
                    await self._read()
        return self._known

    def _holds(self) -> bool:
        return self._is_read and self._callers.revocations.current

    async def _read(self) -> None:
        changes = self._changes
        async with self._callers.connection() as connection:
            self._known = await disputes.standing(connection, _day)
        self._is_read = changes == self._changes

    def _on_change(self, change: Change) -> None:
        if change.touches("dispute"):
            self._changes += 1
            self._is_read = False


def flagged(register: Register, disputed: Mapping[str, date], shown: Iterable[str]) -> dict[str, str]:
    """Of what is shown, what is disputed and since when: also what is computed from a disputed element."""
    found = {}
    for name in shown:
        days = [disputed[element] for element in rests_on(register.name, name) if element in disputed]
        if days:
            found[name] = min(days).isoformat()
    return found


def flag(plan: Plan, disputed: Mapping[str, date]) -> bytes:
    """What a feature bears behind its properties where any of them is disputed; nothing where none is shown."""
    return _flag(plan.register.name, plan.masked, plan.clear, frozenset(disputed.items()))


@lru_cache(maxsize=4096)
def _flag(
    register: str, masked: tuple[str, ...], clear: tuple[str, ...], disputed: frozenset[tuple[str, date]]
) -> bytes:
    found = flagged(register_of(register), dict(disputed), (*masked, *clear))
    return b',"disputed":' + json.dumps(found, separators=(",", ":")).encode() if found else b""


@lru_cache(maxsize=4096)
def rests_on(register_name: str, name: str) -> tuple[str, ...]:
    """The elements a shown value is, or is computed from."""
    found = derived.derived_of(register_of(register_name)).get(derived.base_of(name))
    return (name,) if found is None else found.needs


def _day(at: datetime) -> date:
    return at.astimezone(CITY_ZONE).date()


def disputed_of(standing: Standing, uid: UUID) -> Mapping[str, date]:
    """The disputed elements of one entity."""
    return standing.get(uid, {})
