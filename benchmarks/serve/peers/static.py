"""The least a server of this kind can do: one constant answer, of a look-up's size, behind the same server library."""

from __future__ import annotations

from typing import Any

BODY = b'{"type":"Feature","properties":{"text":"' + b"x" * 600 + b'"}}'
HEADERS = [(b"content-type", b"application/geo+json"), (b"content-length", str(len(BODY)).encode())]


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": BODY})
