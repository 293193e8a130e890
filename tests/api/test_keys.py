from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx

if TYPE_CHECKING:
    from asyncpg import Connection

OPEN = (
    "/",
    "/api",
    "/conformance",
    "/collections",
    "/collections/natural-persons",
    "/collections/natural-persons/queryables",
    "/collections/natural-persons/schema",
    "/collections/places/queryables",
    "/dictionary/schemes",
    "/health/live",
    "/health/data",
)
PERSONAL = (
    ("GET", "items"),
    ("GET", "items/01920000-0000-7000-8000-000000000001"),
    ("GET", "items?limit=x"),
    ("POST", "search"),
    ("POST", "batch"),
    ("POST", "match"),
)


async def test_what_is_no_data_is_open_to_all(anybody: httpx.AsyncClient) -> None:
    for path in OPEN:
        assert (await anybody.get(path)).status_code == 200, path


async def test_data_needs_a_key(anybody: httpx.AsyncClient) -> None:
    for path in ("items", "items/914403001922038216", "items/01920000-0000-7000-8000-000000000001"):
        answer = await anybody.get(f"/collections/legal-entities/{path}?nonsense=1")
        assert answer.status_code == 401 and answer.json()["code"] == "ACC-KEY-MISSING"
        assert answer.headers["WWW-Authenticate"].startswith("ApiKey")
        for key in ("x", "jk_" + "x" * 43, "x" * 5000):
            answer = await anybody.get(f"/collections/legal-entities/{path}", headers={"X-API-Key": key})
            assert answer.status_code == 401 and answer.json()["code"] == "ACC-KEY-UNKNOWN"


async def test_a_disabled_client_is_answered_nothing_from_then_on(
    caller: httpx.AsyncClient, connection: Connection[Any]
) -> None:
    assert (await caller.get("/collections/places/items")).status_code == 200
    await connection.execute("UPDATE jishi.client SET disabled_at = now()")
    for _ in range(100):  # every process hears of it within a second
        answer = await caller.get("/collections/places/items")
        if answer.status_code != 200:
            break
        await asyncio.sleep(0.01)
    assert answer.status_code == 403 and answer.json()["code"] == "ACC-CLIENT-DISABLED"


async def test_a_personal_collection_is_closed_to_whoever_has_no_grant(
    caller: httpx.AsyncClient,
    steward: httpx.AsyncClient,
    anybody: httpx.AsyncClient,
    put: Callable[..., Awaitable[UUID]],
) -> None:
    await put("natural_person", 1, full_name="欧阳明日")
    for method, path in PERSONAL:
        body: dict[str, object] | None = {} if method == "POST" else None
        answer = await anybody.request(method, f"/collections/natural-persons/{path}", json=body)
        assert answer.status_code == 401 and answer.json()["code"] == "ACC-KEY-MISSING", (method, path)
        for client in (caller, steward):
            answer = await client.request(method, f"/collections/natural-persons/{path}", json=body)
            assert answer.status_code == 403 and answer.json()["code"] == "ACC-DENIED", (method, path)
            assert [fault["code"] for fault in answer.json()["errors"]] == ["ACC-NO-GRANT"]
            assert "欧阳明日" not in answer.text


async def test_what_is_not_offered_yet_is_not_found(caller: httpx.AsyncClient) -> None:
    for collection in ("places", "natural-persons"):
        for method, path in (("GET", "items/1/nothing"), ("GET", "items/")):
            answer = await caller.request(method, f"/collections/{collection}/{path}")
            assert answer.status_code == 404 and answer.json()["code"] == "QRY-NOT-FOUND"
