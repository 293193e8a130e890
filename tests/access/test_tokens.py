from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from jishi.access import clients, signing, tokens
from jishi.access.clients import Client
from jishi.access.signing import SigningKey
from jishi.errors import DeniedError, InternalError
from jishi.identifiers.keys import Keys, load_or_create

if TYPE_CHECKING:
    from asyncpg import Connection

NOW = datetime(2026, 11, 1, 8, 0, 0, 250_000, tzinfo=UTC)
ISSUER = tokens.issuer("3205")
CLIENT = Client("c-1", "one", None, frozenset({"steward"}), None)


async def _believed(connection: Connection[Any]) -> dict[str, OKPKey]:
    return await tokens.believed(connection)


async def test_a_token_says_whose_it_is_until_when(connection: Connection[Any], keys: Keys) -> None:
    key = await signing.current(connection, keys, "token")
    token = tokens.issue(key, CLIENT, ISSUER, 600, NOW, ("steward",))
    claims = tokens.read(token, await _believed(connection), ISSUER, NOW)
    assert (claims.client_id, claims.scope) == ("c-1", frozenset({"steward"}))
    assert claims.expires_at == NOW.replace(microsecond=0) + timedelta(seconds=600)
    assert claims.made_with(CLIENT)
    header, payload = (_decoded(part) for part in token.split(".")[:2])
    assert header == {"alg": "Ed25519", "typ": "at+jwt", "kid": key.kid}
    assert payload.keys() == {"iss", "aud", "sub", "client_id", "iat", "exp", "jti", "tokens_from", "scope"}
    other = tokens.issue(key, CLIENT, ISSUER, 600, NOW)
    assert _decoded(other.split(".")[1])["jti"] != payload["jti"]


async def test_a_token_that_is_over_is_told_apart(connection: Connection[Any], keys: Keys) -> None:
    key = await signing.current(connection, keys, "token")
    token = tokens.issue(key, CLIENT, ISSUER, 600, NOW)
    believed = await _believed(connection)
    tokens.read(token, believed, ISSUER, NOW + timedelta(seconds=599))
    assert _code(token, believed, NOW + timedelta(seconds=600)) == "ACC-TOKEN-ENDED"
    assert _code(token, believed, NOW - timedelta(seconds=61)) == "ACC-TOKEN"


async def test_a_changed_secret_voids_tokens_to_the_microsecond(connection: Connection[Any], keys: Keys) -> None:
    key = await signing.current(connection, keys, "token")
    changed = replace(CLIENT, tokens_from=NOW)
    believed = await _believed(connection)
    before = tokens.read(tokens.issue(key, CLIENT, ISSUER, 600, NOW), believed, ISSUER, NOW)
    after = tokens.read(tokens.issue(key, changed, ISSUER, 600, NOW), believed, ISSUER, NOW)
    assert not before.made_with(changed) and after.made_with(changed)
    assert not after.made_with(replace(changed, tokens_from=NOW + timedelta(microseconds=1)))


async def test_a_retired_key_is_believed_until_its_tokens_are_over_and_a_withdrawn_one_is_not(
    connection: Connection[Any], keys: Keys
) -> None:
    old = await signing.current(connection, keys, "token")
    token = tokens.issue(old, CLIENT, ISSUER, 600, NOW)
    new = await signing.rotate(connection, keys, "token")
    assert list(await _believed(connection)) == [new.kid, old.kid]
    tokens.read(token, await _believed(connection), ISSUER, NOW)
    await connection.execute(
        "UPDATE jishi.signing_key SET retired_at = now() - interval '24 h 1 s' WHERE kid = $1", old.kid
    )
    assert list(await _believed(connection)) == [new.kid]
    assert await signing.withdraw(connection, new.kid)
    assert await _believed(connection) == {}


async def test_a_key_for_another_use_signs_no_token(connection: Connection[Any], keys: Keys) -> None:
    await signing.current(connection, keys, "token")
    seal = await signing.current(connection, keys, "seal")
    token = tokens.issue(seal, CLIENT, ISSUER, 600, NOW)
    assert _code(token, await _believed(connection)) == "ACC-TOKEN"


async def test_no_other_algorithm_type_or_header_is_believed(connection: Connection[Any], keys: Keys) -> None:
    key = await signing.current(connection, keys, "token")
    believed = await _believed(connection)
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": key.kid}
    claims = _decoded(tokens.issue(key, CLIENT, ISSUER, 600, NOW).split(".")[1])
    public = urlsafe_b64decode(key.public_jwk["x"] + "==")
    own = OKPKey.import_key({**key.public_jwk, "d": _encoded(key.private)})
    stranger = OKPKey.generate_key("Ed25519")
    tokens.read(jwt.encode(header, claims, own, algorithms=["Ed25519"]), believed, ISSUER, NOW)
    forged = {
        "none": _unsigned({**header, "alg": "none"}, claims),
        "none without a dot": _unsigned({**header, "alg": "none"}, claims)[:-1],
        "unsigned": _unsigned(header, claims),
        "the public key as a secret": _hmac({**header, "alg": "HS256"}, claims, public),
        "the public JWK as a secret": _hmac({**header, "alg": "HS256"}, claims, json.dumps(key.public_jwk).encode()),
        "HS256": jwt.encode({**header, "alg": "HS256"}, claims, OctKey.generate_key(256), algorithms=["HS256"]),
        "RS256": jwt.encode({**header, "alg": "RS256"}, claims, RSAKey.generate_key(2048), algorithms=["RS256"]),
        "ES256": jwt.encode({**header, "alg": "ES256"}, claims, ECKey.generate_key("P-256"), algorithms=["ES256"]),
        "a stranger's key": jwt.encode(header, claims, stranger, algorithms=["Ed25519"]),
        "a key that brings itself": jwt.encode(
            {**header, "jwk": stranger.as_dict(private=False)}, claims, stranger, algorithms=["Ed25519"]
        ),
        "an unknown key": jwt.encode({**header, "kid": "token-0"}, claims, own, algorithms=["Ed25519"]),
        "no key": jwt.encode({"alg": "Ed25519", "typ": "at+jwt"}, claims, own, algorithms=["Ed25519"]),
        "another type": jwt.encode({**header, "typ": "JWT"}, claims, own, algorithms=["Ed25519"]),
        "a further header": jwt.encode({**header, "cty": "x"}, claims, own, algorithms=["Ed25519"]),
    }
    assert {name: _code(token, believed) for name, token in forged.items()} == dict.fromkeys(forged, "ACC-TOKEN")


async def test_no_claim_is_believed_that_we_do_not_make(connection: Connection[Any], keys: Keys) -> None:
    key = await signing.current(connection, keys, "token")
    believed = await _believed(connection)
    good = _decoded(tokens.issue(key, CLIENT, ISSUER, 600, NOW).split(".")[1])
    for changes in (
        {"iss": "urn:jishi:4307"},
        {"aud": "other"},
        {"aud": ["jishi", "other"]},
        {"sub": "c-2"},
        {"client_id": 7, "sub": 7},
        {"exp": None},
        {"exp": "2100-01-01"},
        {"exp": good["iat"] + tokens.LONGEST_LIFETIME_S + 1},
        {"exp": 1e308},
        {"iat": None},
        {"iat": good["iat"] + 3600},
        {"scope": ["steward"]},
        {"tokens_from": "x"},
    ):
        assert _code(_signed(key, {**good, **changes}), believed) == "ACC-TOKEN", changes


async def test_text_that_is_no_token_is_refused_without_a_trace_of_it(connection: Connection[Any], keys: Keys) -> None:
    key = await signing.current(connection, keys, "token")
    believed = await _believed(connection)
    good = tokens.issue(key, CLIENT, ISSUER, 600, NOW)
    deep = _encoded(b"[" * 2000)
    for text in (
        "", ".", "..", "a.b.c", "密钥.密钥.密钥", good + "x", good[:-4], good.replace(".", "..", 1), good + "." + good,
        "\x00" + good, good + "\x00", "x" * 100_000, f"{deep}.{deep}.x", f"{_encoded(b'[]')}.e30.x",
        f"{_encoded(b'null')}.e30.x", f"{_encoded(b'7')}.e30.x", f"{_encoded(b'{}')}.e30.x",
        good.upper(), f"{good.split('.')[0]}.{deep}.{good.split('.')[2]}",
    ):  # fmt: skip
        with pytest.raises(DeniedError) as refused:
            tokens.read(text, believed, ISSUER, NOW)
        assert refused.value.code == "ACC-TOKEN", text[:40]
        assert refused.value.__cause__ is None and not refused.value.values


async def test_the_private_key_and_its_seal_stay_apart(connection: Connection[Any], keys: Keys) -> None:
    key = await signing.current(connection, keys, "token")
    kept = await connection.fetchval("SELECT private_key FROM jishi.signing_key")
    assert key.private not in kept and repr(key.private) not in repr(key)
    made = await clients.create(connection, keys, "one")
    assert made.client_secret not in repr(made)


async def test_a_key_whose_key_file_is_gone_is_followed_by_a_new_one(
    connection: Connection[Any], keys: Keys, tmp_path: Path
) -> None:
    old = await signing.current(connection, keys, "token")
    other = load_or_create(tmp_path / "other.json")
    with pytest.raises(InternalError) as refused:
        await tokens.signer(connection, other)
    assert refused.value.code == "ACC-SIGNING-KEY"
    await tokens.make_signer(connection, other)
    assert (await tokens.signer(connection, other)).kid != old.kid


def _code(token: str, believed: dict[str, OKPKey], at: datetime = NOW) -> str:
    with pytest.raises(DeniedError) as refused:
        tokens.read(token, believed, ISSUER, at)
    return refused.value.code


def _signed(key: SigningKey, claims: dict[str, Any]) -> str:
    """Signed by the right key, whatever the claims say."""
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": key.kid}
    signed = f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}"
    return f"{signed}.{_encoded(key.sign(signed.encode()))}"


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{_encoded(json.dumps(header).encode())}.{_encoded(json.dumps(claims).encode())}."


def _hmac(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    signed = _unsigned(header, claims)[:-1]
    return f"{signed}.{_encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decoded(part: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
