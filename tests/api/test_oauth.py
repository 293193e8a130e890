from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import KeySet

from jishi.access import clients, signing, tokens
from jishi.access.clients import NewClient
from jishi.identifiers.keys import Keys
from jishi_api import guessing

if TYPE_CHECKING:
    from asyncpg import Connection

FORM = {"grant_type": "client_credentials"}
DATA = "/collections/places/items"


@pytest.fixture
async def client(keys: Keys, connection: Connection[Any]) -> NewClient:
    return await clients.create(connection, keys, "one", roles=("steward", "auditor"))


async def test_a_client_gets_a_token_by_basic_or_by_the_body_and_reads_with_it(
    anybody: httpx.AsyncClient, client: NewClient
) -> None:
    for headers, form in (
        (_basic(client.client_id, client.client_secret), FORM),
        ({}, {**FORM, **_body(client)}),
        (_basic(client.client_id, client.client_secret), {**FORM, "client_id": client.client_id, "scope": ""}),
    ):
        answer = await anybody.post("/oauth/token", data=form, headers=headers)
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Pragma"] == "no-cache"
        assert answer.json().keys() == {"access_token", "token_type", "expires_in"}
        assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 3600)
        for scheme in ("Bearer", "bearer"):
            reads = await anybody.get(DATA, headers={"Authorization": f"{scheme} {answer.json()['access_token']}"})
            assert reads.status_code == 200
        assert client.client_secret not in answer.text


async def test_a_token_may_stand_for_fewer_roles(anybody: httpx.AsyncClient, client: NewClient) -> None:
    path = "/stewardship/batches"
    for scope, status in ((None, 200), ("steward", 200), ("auditor", 403), ("auditor steward", 200)):
        form = {**FORM, **_body(client), **({"scope": scope} if scope else {})}
        answer = (await anybody.post("/oauth/token", data=form)).json()
        assert answer.get("scope") == scope
        assert (await anybody.get(path, headers=_bearer(answer["access_token"]))).status_code == status
    refused = await anybody.post("/oauth/token", data={**FORM, **_body(client), "scope": "steward admin"})
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_scope")


async def test_whoever_is_not_the_client_gets_no_token(
    anybody: httpx.AsyncClient, client: NewClient, connection: Connection[Any]
) -> None:
    for headers, form in (
        (_basic(client.client_id, "wrong"), FORM),
        (_basic("c-0", client.client_secret), FORM),
        (_basic(client.client_id, client.api_key), FORM),
        (_basic(client.client_id + "\x00", client.client_secret), FORM),
        ({}, {**FORM, "client_id": client.client_id, "client_secret": "密钥"}),
        ({}, {**FORM, "client_id": client.client_id}),
        ({}, FORM),
        ({"Authorization": "Basic !!!"}, FORM),
        ({"Authorization": "Basic " + b64encode(b"nocolon").decode()}, FORM),
        ({"Authorization": "Basic " + b64encode(b"\xff:\xff").decode()}, FORM),
        ({"Authorization": f"Bearer {client.api_key}"}, FORM),
    ):
        answer = await anybody.post("/oauth/token", data=form, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), (headers, form)
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json().keys() == {"error", "error_description"} and answer.json()["error_description"].isascii()
    await clients.disable(connection, client.client_id)
    answer = await anybody.post("/oauth/token", data={**FORM, **_body(client)})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_a_request_that_is_not_one_is_told_so(anybody: httpx.AsyncClient, client: NewClient) -> None:
    body = _body(client)
    basic = _basic(client.client_id, client.client_secret)
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for content, headers, error in (
        (b"", {}, "invalid_request"),
        (b"", kind, "invalid_request"),
        (b'{"grant_type":"client_credentials"}', {"Content-Type": "application/json"}, "invalid_request"),
        (b"grant_type=client_credentials", {"Content-Type": "text/plain", **basic}, "invalid_request"),
        (b"scope=steward", {**kind, **basic}, "invalid_request"),
        (b"grant_type=password", {**kind, **basic}, "unsupported_grant_type"),
        (b"grant_type=client_credentials&grant_type=client_credentials", {**kind, **basic}, "invalid_request"),
        (b"grant_type=client_credentials&scope=a&scope=b", {**kind, **basic}, "invalid_request"),
        (b"grant_type=client_credentials&client_id=c-0", {**kind, **basic}, "invalid_request"),
        (f"grant_type=client_credentials&client_secret={body['client_secret']}".encode(), {**kind, **basic}, "invalid_request"),
        (b"grant_type=client_credentials&client_id=%ff", kind, "invalid_request"),
        ("grant_type=密钥".encode(), kind, "invalid_request"),
        (b"grant_type", kind, "invalid_request"),
        (b"grant_type=client_credentials", {**kind, **basic, "X-API-Key": client.api_key}, "invalid_request"),
    ):  # fmt: skip
        answer = await anybody.post("/oauth/token", content=content, headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (400, error), content
    in_address = await anybody.post(f"/oauth/token?client_secret={body['client_secret']}", data={**FORM, **body})
    assert (in_address.status_code, in_address.json()["error"]) == (400, "invalid_request")
    assert (await anybody.get("/oauth/token")).status_code == 405
    long = await anybody.post("/oauth/token", data={**FORM, **body, "x": "y" * 10_000})
    assert long.status_code == 413
    twice = await anybody.post("/oauth/token", data=FORM, headers=[*basic.items(), *basic.items()])
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")


async def test_anybody_checks_a_token_by_the_published_keys(
    anybody: httpx.AsyncClient, client: NewClient, keys: Keys, connection: Connection[Any]
) -> None:
    first = (await anybody.post("/oauth/token", data={**FORM, **_body(client)})).json()["access_token"]
    new = await signing.rotate(connection, keys, "token")
    answer = await anybody.get("/.well-known/jwks.json")
    assert answer.headers["Content-Type"] == "application/jwk-set+json"
    published = answer.json()["keys"]
    assert len(published) == 2 and published[0]["kid"] == new.kid
    assert all(key["alg"] == "Ed25519" and key["kty"] == "OKP" and "d" not in key for key in published)
    claims = jwt.decode(first, KeySet.import_key_set(answer.json()), algorithms=["Ed25519"]).claims
    assert (claims["sub"], claims["aud"], claims["iss"]) == (client.client_id, "jishi", "urn:jishi:3205")


async def test_a_token_over_withdrawn_or_of_an_old_secret_is_refused(
    api: FastAPI, anybody: httpx.AsyncClient, client: NewClient, keys: Keys, connection: Connection[Any]
) -> None:
    key = await signing.current(connection, keys, "token")
    known = await clients.named(connection, client.client_id)
    issuer = tokens.issuer("3205")
    past = datetime.now(UTC) - timedelta(hours=2)
    over = await anybody.get(DATA, headers=_bearer(tokens.issue(key, known, issuer, 3600, past)))
    assert (over.status_code, over.json()["code"]) == (401, "ACC-TOKEN-ENDED")
    foreign = tokens.issue(key, known, tokens.issuer("4307"), 3600, datetime.now(UTC))
    assert (await anybody.get(DATA, headers=_bearer(foreign))).json()["code"] == "ACC-TOKEN"
    nobodys = tokens.issue(key, clients.Client("c-0", "", None, frozenset(), None), issuer, 3600, datetime.now(UTC))
    assert (await anybody.get(DATA, headers=_bearer(nobodys))).json()["code"] == "ACC-TOKEN"
    token = (await anybody.post("/oauth/token", data={**FORM, **_body(client)})).json()["access_token"]
    await clients.rotate(connection, keys, client.client_id)
    before = await anybody.get(DATA, headers=_bearer(token))
    assert (before.status_code, before.json()["code"]) == (401, "ACC-TOKEN")
    assert "Bearer" in before.headers["WWW-Authenticate"]


async def test_headers_that_say_more_than_one_thing_are_refused(anybody: httpx.AsyncClient, client: NewClient) -> None:
    token = (await anybody.post("/oauth/token", data={**FORM, **_body(client)})).json()["access_token"]
    key, bearer = ("X-API-Key", client.api_key), ("Authorization", f"Bearer {token}")
    for headers in (
        [key, bearer],
        [bearer, bearer],
        [key, key],
        [bearer, ("authorization", "x")],
        [key, ("x-api-key", "")],
    ):
        answer = await anybody.get(DATA, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "ACC-CREDENTIALS"), headers
    for value, code in (
        ("", "ACC-KEY-MISSING"), ("Bearer", "ACC-TOKEN"), ("Bearer ", "ACC-TOKEN"), (token, "ACC-TOKEN"),
        (f"Basic {token}", "ACC-KEY-UNKNOWN"), (f"Bearer {token}\x00", "ACC-TOKEN"), (f"Bearer \x00{token}", "ACC-TOKEN"),
        (f"Bearer {token},Bearer {token}", "ACC-TOKEN"), (f"Bearer {client.api_key}", "ACC-TOKEN"),
        ("Bearer " + "x" * 20_000, "ACC-TOKEN"), ("Bearer \xff", "ACC-TOKEN"), (f"Bearer {token[:-2]}", "ACC-TOKEN"),
    ):  # fmt: skip
        answer = await anybody.get(DATA, headers=[(b"Authorization", value.encode("latin-1"))])
        assert (answer.status_code, answer.json()["code"]) == (401, code), value[:40]
        assert token not in answer.text
    for value in (token, client.api_key + "\x00", "\x00", "x" * 20_000, "\xff"):
        answer = await anybody.get(DATA, headers=[(b"X-API-Key", value.encode("latin-1"))])
        assert (answer.status_code, answer.json()["code"]) == (401, "ACC-KEY-UNKNOWN"), value[:40]


async def test_guessing_is_slowed_down_and_told_to_the_auditors(
    anybody: httpx.AsyncClient,
    caller: httpx.AsyncClient,
    client: NewClient,
    connection: Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guessing, "REFILL_S", 3600.0)
    assert (await caller.get(DATA)).status_code == 200
    codes = []
    for number in range(25):
        answer = await anybody.get(DATA, headers={"X-API-Key": f"jk_{number}"})
        codes.append(answer.json()["code"])
    assert codes == ["ACC-KEY-UNKNOWN"] * guessing.TRIES + ["ACC-GUESSING"] * 5
    assert answer.status_code == 429 and 3500 < int(answer.headers["Retry-After"]) <= 3600
    refused = await anybody.post("/oauth/token", data={**FORM, **_body(client)})
    assert refused.status_code == 429
    assert (await caller.get(DATA)).status_code == 200, "who is known already is not asked again"
    alerts = await connection.fetch("SELECT kind, caller FROM jishi.access_alert")
    assert [tuple(alert) for alert in alerts] == [("guessing", "unknown")]


async def test_without_a_signing_key_no_token_is_made(
    anybody: httpx.AsyncClient, client: NewClient, connection: Connection[Any]
) -> None:
    await connection.execute("UPDATE jishi.signing_key SET withdrawn_at = now()")
    answer = await anybody.post("/oauth/token", data={**FORM, **_body(client)})
    assert (answer.status_code, answer.json()["code"]) == (503, "ACC-SIGNING-KEY")


def _basic(client_id: str, secret: str) -> dict[str, str]:
    joined = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return {"Authorization": "Basic " + b64encode(joined.encode()).decode()}


def _body(client: NewClient) -> dict[str, str]:
    return {"client_id": client.client_id, "client_secret": client.client_secret}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
