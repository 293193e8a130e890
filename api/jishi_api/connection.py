"""One caller's connection: heads without end, bodies that drip and readers that do not read are cut off (edge of the
road out).

The server library waits for ever for all of them. Nothing here costs a request a timer: once a second all connections
are looked through.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from jishi_api.limits import BODY_TIMEOUT_S, HEAD_LIMIT_BYTES, HEAD_TIMEOUT_S, WRITE_RATE, WRITE_TIMEOUT_S

BODY_GRACE_S = 5.0
"""Whoever reads the body gives it up first and says so (408); this is for bodies that nobody reads."""

JOINED_BYTES = 64 * 1024
"""A longer body is not copied behind its head."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n"
    b"x-content-type-options: nosniff\r\n\r\n"
)


class Corked:
    """A transport that sends the head of an answer together with what follows it at once: one write instead of two."""

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._head = b""

    def write(self, data: bytes) -> None:
        if self._head:
            head, self._head = self._head, b""
            if len(data) <= JOINED_BYTES:
                self._transport.write(head + data)
                return
            self._transport.write(head)
        elif data.startswith(b"HTTP/1.1 ") and data.endswith(b"\r\n\r\n"):
            self._head = data
            self._loop.call_soon(self._flush)  # where nothing follows: HEAD, 204, 304, or a body that is still to come
            return
        self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._head:
            head, self._head = self._head, b""
            self._transport.write(head)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Connection(HttpToolsProtocol):
    """A connection that knows since when it waits for what."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_since: float | None = self.loop.time()
        self._head_bytes = 0
        self._body_since: float | None = None
        self._taken: tuple[float, int] | None = None  # since when how many bytes have been waiting to be read

    def connection_made(self, transport: Any) -> None:
        super().connection_made(Corked(transport, self.loop))  # type: ignore[arg-type]

    def data_received(self, data: bytes) -> None:
        """As the server does it; a head that has grown too long before it ended is answered and cut off here."""
        super().data_received(data)
        if self._head_since is not None and self.parser is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_LIMIT_BYTES and not self.transport.is_closing():
                self.transport.write(_TOO_LARGE)
                self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_since = self.loop.time()
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        self._head_since = None
        self._body_since = self.loop.time()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._body_since = None
        super().on_message_complete()

    def resume_writing(self) -> None:
        """What was written has been taken but for a little: an answer written in parts is being read."""
        super().resume_writing()
        self._taken = None

    def check(self, now: float) -> bool:
        """Cut the connection off if its other end has been too slow; whether it was. ``now``: the loop's time."""
        slow = (
            (self._head_since is not None and now - self._head_since > HEAD_TIMEOUT_S)
            or (self._body_since is not None and now - self._body_since > BODY_TIMEOUT_S + BODY_GRACE_S)
            or self._is_read_too_slowly(now)
        )
        if slow:
            self.transport.abort()
        return slow

    def _is_read_too_slowly(self, now: float) -> bool:
        waiting = self.transport.get_write_buffer_size()
        if not waiting:
            self._taken = None
        elif self._taken is None or self._taken[1] - waiting >= WRITE_RATE * (now - self._taken[0]):
            self._taken = (now, waiting)
        return self._taken is not None and now - self._taken[0] > WRITE_TIMEOUT_S


def check_all(connections: set[Any]) -> int:
    """Look through all connections once; how many were cut off."""
    now = asyncio.get_running_loop().time()
    return sum(connection.check(now) for connection in list(connections) if isinstance(connection, Connection))
