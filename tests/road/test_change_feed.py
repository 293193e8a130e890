"""Invariant 5 seen from outside: whoever follows ``/changes`` holds what is served, whatever is delivered in whatever order,
also if he may see only some rows and elements."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from copyist import Copyist
from feeds import FEEDS
from jishi.access import clients
from jishi.identifiers.keys import load_or_create
from jishi.prepare import make_signing_keys
from jishi_api.main import create_app
from play import Play
from sequence import Step, steps
from sieve import by_check_character

SHORT = settings(
    max_examples=5,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
FIRMS = ("firms-a", "firms-a", "firms-b", "firms-full")
CALENDAR = ("certs", "certs", "decisions", "repairs", "firms-a")
ROWS = {
    "whole": {},
    "narrow": {"legal-entities": "city = '甲'", "certificates": "issuer_name is not null"},
}


@pytest.fixture
async def site(city: Any, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """The deployment with every feed declared and two departments' clients before its API: one sees all rows, one some."""
    monkeypatch.setattr("jishi_ingest.pipeline.examine", by_check_character)
    for feed in FEEDS:
        feed.declare(city.settings.home_dir)
    city.opened = None
    make_signing_keys(city.settings.database_url, city.settings)
    keys = load_or_create(city.settings.key_path)
    app = create_app(city.settings)
    async with AsyncExitStack() as stack:
        city.readers = {}
        for name, rows in ROWS.items():
            made = await clients.create(city.connection, keys, name)
            for register, collection in REGISTERS.items():
                await city.connection.execute(
                    "INSERT INTO jishi.access_grant (client_id, register, clear, rows, rights, sharing, basis, created_by)"
                    " VALUES ($1, $2, $3, $4, '{export}', 'conditional', 'test', 'test')",
                    made.client_id,
                    register,
                    PROPERTIES[collection],
                    rows.get(collection),
                )
            transport = httpx.ASGITransport(app)
            client = httpx.AsyncClient(
                transport=transport, base_url="http://jishi.test", headers={"X-API-Key": made.api_key}
            )
            city.readers[name] = await stack.enter_async_context(client)
        await stack.enter_async_context(app.router.lifespan_context(app))
        yield city


REGISTERS = {"legal_entity": "legal-entities", "certificate": "certificates", "credit_record": "credit-records"}
PROPERTIES = {
    "legal-entities": ["entity_name", "city", "uscc"],
    "certificates": ["cert_name", "cert_status", "issuer_name"],
    "credit-records": ["decision_doc_no", "current_state"],
}
VISIBLE = {
    "legal_entity": "state = 'active'",
    "certificate": "state = 'active' AND NOT coalesce(cert_status IN ('03', '04', '05', '07'), false)",
    "credit_record": "state = 'active' AND NOT coalesce(current_state IN ('2'), false)",
}
FILTERS = {
    ("narrow", "legal_entity"): "city = '甲'",
    ("narrow", "certificate"): "issuer_name IS NOT NULL",
}


async def _play(city: Any, sequence: list[Step]) -> None:
    play = Play(city)
    await play.start()
    copies = {
        (name, register): Copyist(city.readers[name], collection, PROPERTIES[collection], limit=2)
        for name in ROWS
        for register, collection in REGISTERS.items()
    }
    for step in [*sequence, None]:
        await (play.step(step) if step is not None else play.end())
        for (name, register), copy in copies.items():
            await copy.follow()
            assert copy.held == await _served(city, name, register), f"{name} {register} after {step}"


async def _served(city: Any, name: str, register: str) -> dict[str, Any]:
    """What reads answer, computed from the golden rows alone."""
    elements = PROPERTIES[REGISTERS[register]]
    inside = FILTERS.get((name, register), "true")
    rows = await city.rows(
        f"SELECT uid, {', '.join(elements)} FROM jishi.{register} WHERE {VISIBLE[register]} AND coalesce({inside}, false)"
    )
    found = {str(row["uid"]): {element: row[element] for element in elements} for row in rows}
    copied = await city.readers[name].post(
        f"/collections/{REGISTERS[register]}/batch",
        json={"ids": list(found)[:100] or [str(NOBODY)], "properties": elements},
    )
    features = {item["id"]: item["feature"]["properties"] for item in copied.json()["items"] if "feature" in item}
    assert features.keys() == found.keys()
    for uid, properties in features.items():
        assert {element: properties[element] for element in elements} == found[uid]
    return features


NOBODY = "01930000-0000-7000-8000-000000000000"


@given(sequence=steps(FIRMS, 3, 6))
@SHORT
async def test_a_copy_kept_by_the_feed_is_what_is_served(site: Any, sequence: list[Step]) -> None:
    await _play(site, sequence)


@given(sequence=steps(CALENDAR, 3, 6))
@SHORT
async def test_a_copy_follows_what_the_calendar_changes(site: Any, sequence: list[Step]) -> None:
    await _play(site, sequence)


@pytest.mark.soak
@given(sequence=steps((*FIRMS, *CALENDAR), 4))
@settings(SHORT, max_examples=100, derandomize=False, print_blob=True)
async def test_a_copy_kept_by_the_feed_is_what_is_served_for_long(site: Any, sequence: list[Step]) -> None:
    await _play(site, sequence)
