"""Hears at once what changes about access, so that nobody goes on by a cached answer (beside authenticate, road out).

The database announces every change of clients, grants, protections, signing keys and users at commit (``NOTIFY``). One
connection a process listens and sends itself a beat every second over the same channel: announcements come in the order
of their commits, so a beat that returned proves that everything committed before it was sent has been heard, however
silently a connection may die. Three states follow from the age of the last such beat:

- younger than :data:`CURRENT_S`: cached answers hold;
- older, or the connection is gone: nothing cached is used or kept, every answer is fetched;
- older than :data:`UNHEARD_S`: requests are refused (``ACC-REVOCATION-UNHEARD``).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from jishi.errors import InternalError
from jishi.logs import logger
from jishi.storage.engine import connect

if TYPE_CHECKING:
    from asyncpg import Connection

CHANNEL = "jishi_access"
BEAT_S = 1.0
CURRENT_S = 2.5
UNHEARD_S = 5.0
RETRY_S = 0.25
START_TIMEOUT_S = 3.0

_BEAT = "beat"

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Change:
    """What may not hold any more: ``key`` of ``table`` (client, access_grant: client_id; protection: uid; signing_key:
    kid; user_account: login). ``key`` None = the whole table; ``table`` None = anything.
    """

    table: str | None = None
    key: str | None = None

    def touches(self, *tables: str) -> bool:
        return self.table is None or self.table in tables


class Revocations:
    """Listens for one process. ``url`` is asked for at each connection."""

    def __init__(self, url: Callable[[], Awaitable[str]]) -> None:
        self._url = url
        self._name = uuid4().hex
        self._subscribers: list[Callable[[Change], None]] = []
        self._heard_at: float | None = None
        self._sent: dict[str, float] = {}
        self._listening = False
        self._told_unheard = False
        self._decided = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def subscribe(self, told: Callable[[Change], None]) -> None:
        """Have ``told`` called of every change from now on, in the event loop; it must not wait."""
        self._subscribers.append(told)

    async def start(self) -> None:
        """Begin to listen; returns once heard, or once it is plain that the database does not answer yet."""
        self._task = asyncio.create_task(self._run(), name="jishi-revocations")
        with suppress(TimeoutError):
            await asyncio.wait_for(self._decided.wait(), START_TIMEOUT_S)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    @property
    def current(self) -> bool:
        """Whether a cached answer may be used, and a fetched one kept."""
        return self._listening and self.age_s < CURRENT_S

    @property
    def age_s(self) -> float:
        """Seconds since which a change may have gone unheard."""
        return float("inf") if self._heard_at is None else time.monotonic() - self._heard_at

    def check(self) -> None:
        """Raises InternalError ``ACC-REVOCATION-UNHEARD`` where changes may have gone unheard for too long."""
        if self.age_s > UNHEARD_S:
            raise InternalError("ACC-REVOCATION-UNHEARD")

    async def _run(self) -> None:
        while True:
            reason = "connection lost"
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001  whatever ends it, listening has to begin anew
                reason = type(error).__name__
            if not self._told_unheard:
                log.warning("changes of access go unheard (%s), trying again", reason)
                self._told_unheard = True
            self._forget()
            self._decided.set()
            await asyncio.sleep(RETRY_S)

    async def _listen(self) -> None:
        """On one connection until it is lost; raises or returns then."""
        connection = await connect(await self._url(), application="jishi-access")
        lost = asyncio.Event()

        def ended(_: object) -> None:
            self._forget()
            lost.set()

        connection.add_termination_listener(ended)
        try:
            await connection.add_listener(CHANNEL, self._heard)
            self._tell(Change())  # whatever was kept from a time of not listening
            while not lost.is_set():
                await self._beat(connection)
                with suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), BEAT_S)
        finally:
            connection.remove_termination_listener(ended)
            connection.terminate()

    async def _beat(self, connection: Connection[Any]) -> None:
        """Send a beat; a connection on which none came back for too long is given up."""
        if len(self._sent) * BEAT_S > UNHEARD_S:
            raise TimeoutError
        mark = uuid4().hex
        self._sent[mark] = time.monotonic()
        await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, f"{_BEAT} {self._name} {mark}", timeout=CURRENT_S)

    def _heard(self, connection: object, pid: object, channel: object, payload: object) -> None:
        words = str(payload).split(" ", 1)
        if words[0] != _BEAT:
            self._tell(Change(words[0], words[1] if len(words) > 1 else None))
            return
        whose, _, mark = words[-1].partition(" ")
        if whose == self._name and mark in self._sent:
            self._heard_at = self._sent.pop(mark)
            self._listening = True
            self._told_unheard = False
            self._decided.set()

    def _forget(self) -> None:
        """Nothing kept is believed any more, until listening has begun anew."""
        self._listening = False
        self._sent.clear()
        self._tell(Change())

    def _tell(self, change: Change) -> None:
        for told in self._subscribers:
            told(change)
