"""Callers that are too slow, on real connections to a real process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from jishi_api import connection
from jishi_api.connection import Connection, check_all
from jishi_api.limits import HEAD_LIMIT_BYTES

LARGE = 32 * 1024 * 1024


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once, with much where asked to, and reads no body."""
    if scope["type"] != "http":
        return
    body = b"x" * LARGE if scope["path"] == "/large" else b"small"
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/parts":
        for _ in range(64):
            await send({"type": "http.response.body", "body": b"x" * (LARGE // 64), "more_body": True})
        body = b""
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """A server whose patience is a tenth of a second, looked after ten times as often."""
    for name in ("HEAD_TIMEOUT_S", "BODY_TIMEOUT_S", "WRITE_TIMEOUT_S"):
        monkeypatch.setattr(connection, name, 0.5)
    monkeypatch.setattr(connection, "BODY_GRACE_S", 0.0)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app, http=Connection, ws="none", log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))

    async def look_after() -> None:
        while True:
            check_all(server.server_state.connections)
            await asyncio.sleep(0.1)

    looking = asyncio.create_task(look_after())
    yield listener.getsockname()[1]
    looking.cancel()
    server.should_exit = True
    await serving
    await asyncio.gather(looking, return_exceptions=True)


async def test_a_head_that_drips_is_cut_off(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    with contextlib.suppress(ConnectionError):
        for byte in b"GET / HTTP/1.1\r\nHost: x\r\n" * 2:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0.05)
    assert await _ended(reader) == b""
    writer.close()


async def test_a_connection_on_which_nothing_is_asked_is_closed(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    assert await _ended(reader) == b""
    writer.close()


async def test_a_head_without_end_is_refused_as_too_large(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nX-Endless: " + b"x" * (HEAD_LIMIT_BYTES + 100))
    assert (await _ended(reader)).startswith(b"HTTP/1.1 431 ")
    writer.close()


async def test_a_body_that_drips_and_that_nobody_reads_is_cut_off(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    assert (await reader.readuntil(b"small")).startswith(b"HTTP/1.1 200 ")
    with contextlib.suppress(ConnectionError):
        for _ in range(100):
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)
        raise AssertionError("the drip went on for five seconds")
    writer.close()


async def test_a_reader_that_does_not_read_is_cut_off_and_one_that_does_is_not(port: int) -> None:
    for path in (b"/large", b"/parts"):
        idle_reader, idle = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        idle.write(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = 0
        while part := await reader.read(256 * 1024):
            received += len(part)
            await asyncio.sleep(0.01)  # over a second in all, more than twice the patience
        assert received > LARGE
        got = 0
        with contextlib.suppress(ConnectionError):
            while part := await idle_reader.read(1024 * 1024):
                got += len(part)
        assert got < LARGE
        idle.close()
        writer.close()


async def test_a_patient_caller_is_answered_again_and_again(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(3):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"HTTP/1.1 200 " in await reader.readuntil(b"small")
        await asyncio.sleep(0.7)  # idle between requests for longer than any of its parts may take
    writer.close()


async def _ended(reader: asyncio.StreamReader) -> bytes:
    """What comes until the other side closes; at most five seconds."""
    received = b""
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionError):
            while part := await reader.read(65536):
                received += part
    return received
