"""``/stewardship/sources``: a source's freshness and deliveries, to its own department's officers and the city's alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
from fastapi import FastAPI

from console_city import add_ledger
from console_site import MARKET
from jishi.access import clients
from jishi.identifiers.keys import Keys
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection


async def test_an_officer_is_told_of_his_own_sources_only(
    api: FastAPI, settings: Settings, keys: Keys, connection: Connection[Any], steward: httpx.AsyncClient
) -> None:
    await add_ledger(settings, connection)
    told = (await steward.get("/stewardship/sources")).json()["sources"]
    assert [one["name"] for one in told] == ["enterprise-registration", "penalties", "population"]
    whole = (await steward.get("/stewardship/sources/population")).json()
    assert whole["columns"] == {"姓名": ["full_name"]} and len(whole["deliveries"]) == 6
    assert whole["latest"]["status"] == "published" and whole["published_at"] is not None
    assert (await steward.get("/stewardship/sources/none")).status_code == 404

    made = await clients.create(connection, keys, "market", MARKET, ("steward",))
    headers = {"X-API-Key": made.api_key}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://jishi.test") as market:
        own = (await market.get("/stewardship/sources", headers=headers)).json()["sources"]
        assert [one["name"] for one in own] == ["enterprise-registration", "penalties"]
        assert (await market.get("/stewardship/sources/population", headers=headers)).status_code == 404
