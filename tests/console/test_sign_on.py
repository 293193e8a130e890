"""Logging in by a single sign-on: the provider says who somebody is, this deployment what he may do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from joserfc.jwk import ECKey
from pydantic import SecretStr

from jishi.access import users
from jishi.prepare import make_signing_keys
from jishi.settings import Settings
from jishi_api.main import create_app
from oidc_provider import CLIENT, SECRET, Provider

if TYPE_CHECKING:
    from asyncpg import Connection


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    with Provider() as started:
        yield started


@pytest.fixture
async def app(loaded_settings: Settings, provider: Provider) -> AsyncIterator[FastAPI]:
    assert loaded_settings.database_url is not None
    make_signing_keys(loaded_settings.database_url, loaded_settings)
    told = {"oidc_issuer": provider.url, "oidc_client_id": CLIENT, "oidc_client_secret": SecretStr(SECRET)}
    made = create_app(loaded_settings.model_copy(update=told))
    async with made.router.lifespan_context(made):
        yield made


async def signed_on(stranger: httpx.AsyncClient, *, state: str | None = None) -> httpx.Response:
    """To the provider and back; the console's answer to who came back."""
    started = await stranger.get("/console/oidc?next=/console/sources")
    assert started.status_code == 303, started.text
    async with httpx.AsyncClient() as elsewhere:
        back = (await elsewhere.get(started.headers["location"])).headers["location"]
    given = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    assert back.startswith("http://jishi.test/console/oidc/callback?")
    return await stranger.get("/console/oidc/callback", params=given | ({"state": state} if state else {}))


async def test_whom_the_provider_names_is_logged_in_as_the_user_he_is_here(
    app: FastAPI, stranger: httpx.AsyncClient, owner: Connection[Any], provider: Provider
) -> None:
    await users.create(owner, "anna", ("steward",))
    assert "/console/oidc" in (await stranger.get("/console/login")).text
    done = await signed_on(stranger)
    assert done.status_code == 303 and done.headers["location"] == "/console/sources"
    assert (await stranger.get("/console/sources")).status_code == 200
    assert (await stranger.get("/console/users")).status_code == 403, "roles are ours to give"
    assert await owner.fetchval("SELECT method FROM jishi.console_session") == "oidc"
    repeated = await stranger.get(str(done.request.url).removeprefix("http://jishi.test"))
    assert repeated.status_code == 403, "an answer counts once"

    await users.disable(owner, "anna")
    assert (await stranger.get("/console/sources")).status_code == 303, "disabled here is disabled at once"
    assert (await signed_on(stranger)).status_code == 403


async def test_a_token_that_is_not_for_this_login_is_not_believed(
    app: FastAPI, stranger: httpx.AsyncClient, owner: Connection[Any], provider: Provider
) -> None:
    await users.create(owner, "anna", ("steward",))
    own = provider.claims
    wrong: tuple[dict[str, Any], ...] = (
        {"preferred_username": "nobody"},
        {"preferred_username": None},
        {"nonce": "another"},
        {"aud": "another"},
        {"aud": [CLIENT, "another"]},
        {"iss": "https://elsewhere.test"},
        {"exp": 1_700_000_000},
        {"iat": 4_000_000_000, "exp": 4_000_000_300},
    )
    for claims in wrong:
        provider.claims = own | claims
        answer = await signed_on(stranger)
        assert answer.status_code == 403 and "session" not in answer.headers.get("set-cookie", ""), claims
    assert await owner.fetchval("SELECT count(*) FROM jishi.console_session") == 0


async def test_a_forged_signature_another_state_and_a_silent_provider_log_nobody_in(
    app: FastAPI, stranger: httpx.AsyncClient, owner: Connection[Any], provider: Provider
) -> None:
    await users.create(owner, "anna", ("steward",))
    assert (await signed_on(stranger, state="another")).status_code == 403
    provider.key = ECKey.generate_key("P-256", {"kid": "k1"})
    assert (await signed_on(stranger)).status_code == 403
    provider.__exit__()
    unreachable = await stranger.get("/console/oidc")
    assert unreachable.status_code == 503 and "ACC-OIDC-UNREACHABLE" in unreachable.text
    assert await owner.fetchval("SELECT count(*) FROM jishi.console_session") == 0
