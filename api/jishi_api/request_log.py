"""One line of JSON a request: when, which route, how it ended, how long it took, for which client (edge of the road out).

Never the path, the query or the body: they may name a person. Lines are gathered and written together, so that a request
does not wait for whoever reads the log; what a killed process had gathered, a quarter of a second's worth, is lost. The
proof of what was disclosed is the disclosure log, not this.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime

FLUSH_S = 0.25
GATHERED_LINES = 5000


class RequestLog:
    """Gathers lines and writes them to ``descriptor`` (None = stderr)."""

    def __init__(self, descriptor: int | None = None) -> None:
        self._descriptor = sys.stderr.fileno() if descriptor is None else descriptor
        self._lines: list[str] = []
        self._due: asyncio.TimerHandle | None = None

    def add(self, route: str, method: str, status: int, seconds: float, request_id: str, client: str | None) -> None:
        """One answered request; ``route`` is the template of the route, ``client`` None where nobody was recognised."""
        client_text = "null" if client is None else json.dumps(client)
        self._lines.append(
            f'{{"time":"{_now()}","level":"INFO","logger":"jishi.api.request","route":{_quoted(route)},'
            f'"method":{_quoted(method)},"status":{status},"ms":{seconds * 1000:.1f},'
            f'"request_id":"{request_id}","client":{client_text}}}\n'
        )
        if len(self._lines) >= GATHERED_LINES:
            self.flush()
        elif self._due is None:
            self._due = asyncio.get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Write what has been gathered."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
        lines, self._lines = self._lines, []
        rest = "".join(lines).encode()
        with suppress(OSError):  # nobody reads any more: no reason to stop serving
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]


_second: tuple[int, str] = (0, "")


def _now() -> str:
    """The time in UTC to the millisecond; the text of a second is made once."""
    global _second  # noqa: PLW0603  a cache of one
    now = time.time()
    whole = int(now)
    if whole != _second[0]:
        _second = whole, datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{_second[1]}.{int(now % 1 * 1000):03}Z"


_quoted = json.dumps
