"""Who is protected, for one process: kept in memory, read again at every change (authorise, road out).

A look-up asks it of every uid, so it must cost nothing; there are few protected persons. Until a change that was heard has
been read, whatever needs to know waits for it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from uuid import UUID

from jishi.access import protection
from jishi.access.protection import Protection
from jishi.access.revocation import Change
from jishi_api.callers import Callers

KEPT_S = 30.0
"""Entities are merged by publications, which no change of access announces: the protection of one follows it so late."""


class Protections:
    """uid → protection. :meth:`now` before each use, :meth:`alert` where a protected entity was asked for."""

    def __init__(self, callers: Callers) -> None:
        self._callers = callers
        self._known: Mapping[UUID, Protection] = {}
        self._read_at = float("-inf")
        self._changes = 0
        self._reading: asyncio.Lock = asyncio.Lock()
        callers.revocations.subscribe(self._on_change)

    async def now(self) -> Mapping[UUID, Protection]:
        """All protections. Raises InternalError ``ACC-REVOCATION-UNHEARD``, ``STO-CONNECT``, ``QRY-BUSY``."""
        if not self._holds():
            self._callers.revocations.check()
            async with self._reading:
                if not self._holds():
                    await self._read()
        return self._known

    async def alert(self, uids: Iterable[UUID], caller: str, request_id: UUID) -> None:
        """Tell the auditors which of ``uids`` are protected and were asked for; InternalError where it cannot be told."""
        meant = [uid for uid in uids if uid in self._known]
        if meant:
            async with self._callers.connection() as connection:
                await protection.alert(connection, meant, caller, request_id)

    def _holds(self) -> bool:
        return self._callers.revocations.current and time.monotonic() - self._read_at < KEPT_S

    async def _read(self) -> None:
        changes, at = self._changes, time.monotonic()
        async with self._callers.connection() as connection:
            self._known = await protection.load(connection)
        if changes == self._changes:
            self._read_at = at

    def _on_change(self, change: Change) -> None:
        if change.touches("protection"):
            self._changes += 1
            self._read_at = float("-inf")
