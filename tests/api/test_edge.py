from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from jishi.access.clients import Client
from jishi.settings import Settings
from jishi_api import edge, limits
from jishi_api.caller import Caller
from jishi_api.edge import Edge
from jishi_api.limits import Charged
from jishi_api.main import Application, create_app
from jishi_api.request_log import RequestLog


@pytest.fixture
async def watched(settings: Settings, tmp_path: Path) -> AsyncIterator[tuple[Application, Path]]:
    """An application that writes its request log to a file."""
    path = tmp_path / "requests.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    app = create_app(settings, RequestLog(descriptor))
    async with app.router.lifespan_context(app):
        yield app, path
    os.close(descriptor)


def _client(app: FastAPI) -> httpx.AsyncClient:
    headers = {"Accept-Language": "en"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://jishi.test", headers=headers)


async def test_every_answer_says_how_it_may_be_treated(anybody: httpx.AsyncClient) -> None:
    for path in ("/health/live", "/nothing", "/collections/places/items"):
        headers = (await anybody.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY" and headers["Referrer-Policy"] == "no-referrer"
        assert UUID(headers["X-Request-Id"])


async def test_beyond_its_capacity_a_process_refuses_early_and_reads_no_body(api: Application) -> None:
    arrived, leave = asyncio.Event(), asyncio.Event()

    async def stay(request: Request) -> Response:
        arrived.set()
        await leave.wait()
        return Response("done")

    api.add_route("/stay", stay)
    api.front.concurrency = 1
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(3):
            read += 1
            yield b"{}"

    async with _client(api) as client:
        staying = asyncio.create_task(client.get("/stay"))
        await arrived.wait()
        refused = await client.post("/dictionary/resolve", content=body())
        assert refused.status_code == 503 and refused.json()["code"] == "QRY-OVERLOAD"
        assert int(refused.headers["Retry-After"]) >= 1
        assert read == 0, "the body was read"
        assert (await client.get("/health/live")).status_code == 200, "who watches is always answered"
        assert b'jishi_refused_total{reason="overload"} 1.0' in (await client.get("/metrics")).content
        leave.set()
        assert (await staying).text == "done"
        assert (await client.get("/conformance")).status_code == 200


async def test_a_head_larger_than_anybody_needs_is_refused(anybody: httpx.AsyncClient) -> None:
    many = {f"X-Header-{number}": "x" for number in range(limits.HEADER_LIMIT)}
    for path, headers in (("/", many), ("/", {"X-Long": "x" * limits.HEAD_LIMIT_BYTES}), ("/?q=" + "x" * 33_000, {})):
        answer = await anybody.get(path, headers=headers)
        assert answer.status_code == 431 and answer.json()["code"] == "QRY-HEADERS"
        assert answer.headers["Connection"] == "close"


async def test_a_body_that_does_not_come_is_not_waited_for(api: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "BODY_TIMEOUT_S", 0.1)

    async def drip() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(60)

    async with _client(api) as client, asyncio.timeout(10):
        headers = {"Content-Type": "application/json"}
        answer = await client.post("/dictionary/resolve", content=drip(), headers=headers)
    assert answer.status_code == 408 and answer.json()["code"] == "QRY-BODY-SLOW"
    assert answer.headers["Connection"] == "close"


async def test_what_a_grant_still_allows_is_told_and_429_when_it_is_used_up(api: FastAPI) -> None:
    left = {"rate": 1}

    async def charge(request: Request) -> Response:
        left["rate"] -= 1
        limits.spend(request, Charged("quota", True, 1000, 990, 86_400, 4000))
        limits.spend(request, Charged("rate", left["rate"] >= 0, 60, max(0, left["rate"]), 60, 31))
        limits.spend(request, None)
        return Response("served")

    api.add_route("/charge", charge)
    async with _client(api) as client:
        served = await client.get("/charge")
        assert served.status_code == 200
        assert served.headers["RateLimit"] == '"quota";r=990;t=4000, "rate";r=0;t=31'
        assert served.headers["RateLimit-Policy"] == '"quota";q=1000;w=86400, "rate";q=60;w=60'
        assert served.headers["RateLimit-Limit"] == "60" and "Retry-After" not in served.headers
        refused = await client.get("/charge")
        assert refused.status_code == 429 and refused.json()["code"] == "QRY-RATE"
        assert refused.headers["Retry-After"] == "31" and refused.headers["RateLimit-Remaining"] == "0"


async def test_a_line_a_request_names_route_and_client_and_nothing_of_the_question(
    watched: tuple[Application, Path],
) -> None:
    app, path = watched

    async def recognise(request: Request) -> Response:
        request.state.caller = Caller(Client("c-1", "x", None, frozenset(), None))
        return Response("x")

    app.add_route("/recognise/{name}", recognise)
    request_id = str(uuid4())
    async with _client(app) as client:
        await client.get("/collections/places/items?place_name=欧阳明日", headers={"X-Request-Id": request_id})
        await client.get("/collections/natural-persons/items/320505199001011234")
        await client.get("/recognise/欧阳明日?id=320505199001011234")
        await client.post("/dictionary/resolve", content=b'{"names": ["\xe6\xac\xa7"]}')
        await client.request("欧阳明日".encode().hex(), "/欧阳明日")
    await asyncio.sleep(0.3)
    text = path.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["route"], line["status"]) for line in lines[:3]] == [
        ("/collections/{collection}/items", 401),
        ("/collections/{collection}/items/{key}", 401),
        ("recognise", 200),
    ]
    assert lines[0]["request_id"] == request_id and lines[0]["client"] is None and lines[2]["client"] == "c-1"
    assert lines[4]["route"] == "-" and all(line["ms"] >= 0 and line["level"] == "INFO" for line in lines)
    for secret in ("欧阳", "320505199001011234", "place_name", "%E6", r"\u6b27"):
        assert secret not in text


async def test_a_method_nobody_knows_is_no_label_and_no_word_of_the_log(watched: tuple[Application, Path]) -> None:
    app, path = watched
    async with _client(app) as client:
        await client.request("OUYANGMINGRI", "/")
        text = (await client.get("/metrics")).text
    assert "OUYANGMINGRI" not in text and 'method="other"' in text
    await asyncio.sleep(0.3)
    assert "OUYANGMINGRI" not in path.read_text(encoding="utf-8")


async def test_a_failure_after_the_answer_began_breaks_it_off(api: FastAPI) -> None:
    from starlette.responses import StreamingResponse

    async def parts() -> AsyncIterator[bytes]:
        yield b"first"
        raise ValueError("320505199001011234")

    async def stream(request: Request) -> Response:
        return StreamingResponse(parts())

    api.add_route("/stream", stream)
    async with _client(api) as client:
        with pytest.raises(ValueError, match="320505"):  # to the server, which closes the connection
            await client.get("/stream")
    assert isinstance(api.front, Edge)  # type: ignore[attr-defined]
