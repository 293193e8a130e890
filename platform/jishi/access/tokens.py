"""Access tokens: signed JWTs (RFC 9068) that stand for a client's secret for a while (authenticate, road out).

Ed25519 by its own name (RFC 9864) and nothing else: what another algorithm, another key, another type of token or any
further header says is not looked at. A token carries which of the client's secrets it was made with, so that no clock
decides whether a changed secret voids it.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import asyncpg
from cryptography.exceptions import InvalidTag
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from jishi.access import signing
from jishi.access.clients import Client
from jishi.access.signing import EDDSA, SigningKey
from jishi.errors import DeniedError, InternalError
from jishi.identifiers.keys import Keys

if TYPE_CHECKING:
    from asyncpg import Connection

AUDIENCE = "jishi"
TYPE = "at+jwt"
LONGEST = 4096
LONGEST_LIFETIME_S = 86_400
"""No token lives longer; a retired key is believed for as long, then every token it signed is over."""

AHEAD_S = 60
"""How far another process's clock may be ahead."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a believed token says. ``scope``: the roles it stands for, None = all the client has."""

    client_id: str
    scope: frozenset[str] | None
    expires_at: datetime
    _tokens_from: int | None

    def made_with(self, client: Client) -> bool:
        """Whether the client's secrets are still those the token was made with."""
        return self._tokens_from == _mark(client.tokens_from)


def issuer(division_prefix: str) -> str:
    """Who issues the tokens of the city of this division code."""
    return f"urn:jishi:{division_prefix}"


def issue(
    key: SigningKey, client: Client, issued_by: str, lifetime_s: int, at: datetime, scope: Sequence[str] | None = None
) -> str:
    """A token for ``client`` from ``at`` on."""
    issued = int(at.timestamp())
    claims: dict[str, Any] = {
        "iss": issued_by,
        "aud": AUDIENCE,
        "sub": client.client_id,
        "client_id": client.client_id,
        "iat": issued,
        "exp": issued + min(lifetime_s, LONGEST_LIFETIME_S),
        "jti": uuid4().hex,
        "tokens_from": _mark(client.tokens_from),
    }
    if scope is not None:
        claims["scope"] = " ".join(scope)
    private = OKPKey.import_key({**key.public_jwk, "d": urlsafe_b64encode(key.private).rstrip(b"=").decode("ascii")})
    return jwt.encode({"alg": EDDSA, "typ": TYPE, "kid": key.kid}, claims, private, algorithms=[EDDSA])


def kid_of(token: str) -> str:
    """The name of the key that is said to have signed. Raises DeniedError ``ACC-TOKEN`` for what is no such token."""
    if len(token) > LONGEST or not token.isascii():
        raise DeniedError("ACC-TOKEN")
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
    except (JoseError, ValueError, TypeError, AttributeError, RecursionError):
        raise DeniedError("ACC-TOKEN") from None  # the cause could quote the token
    kid = header.get("kid")
    if header.keys() != {"alg", "typ", "kid"} or header["alg"] != EDDSA or header["typ"] != TYPE:
        raise DeniedError("ACC-TOKEN")
    if not isinstance(kid, str):
        raise DeniedError("ACC-TOKEN")
    return kid


def read(token: str, believed_keys: Mapping[str, OKPKey], issued_by: str, at: datetime) -> Claims:
    """What ``token`` says, believed: DeniedError ``ACC-TOKEN`` else, ``ACC-TOKEN-ENDED`` where only its time is over."""
    key = believed_keys.get(kid_of(token))
    if key is None:
        raise DeniedError("ACC-TOKEN")
    try:
        claims = jwt.decode(token, key, algorithms=[EDDSA]).claims
    except (JoseError, ValueError, RecursionError):
        raise DeniedError("ACC-TOKEN") from None
    return _checked(claims, issued_by, at)


async def believed(connection: Connection[Any]) -> dict[str, OKPKey]:
    """Public keys whose tokens are believed now, by their names, the newest first."""
    rows = await connection.fetch(_BELIEVED, timedelta(seconds=LONGEST_LIFETIME_S))
    keys = (OKPKey.import_key(json.loads(row["public_key"])) for row in rows)
    return {row["kid"]: key for row, key in zip(rows, keys, strict=True)}


async def signer(connection: Connection[Any], keys: Keys) -> SigningKey:
    """The key that signs tokens now. Raises InternalError ``ACC-SIGNING-KEY`` where the owner has made none yet, or the
    key file it was sealed under is gone.
    """
    try:
        return await signing.current(connection, keys, "token")
    except (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError, InvalidTag) as error:
        raise InternalError("ACC-SIGNING-KEY") from error


async def make_signer(connection: Connection[Any], keys: Keys) -> None:
    """See to it that a key signs tokens; one that a lost key file keeps closed is followed by a new one. The owner's."""
    try:
        await signing.current(connection, keys, "token")
    except InvalidTag:
        await signing.rotate(connection, keys, "token")


def _checked(claims: Mapping[str, Any], issued_by: str, at: datetime) -> Claims:
    client_id, scope, issued, ends, mark = (
        claims.get(name) for name in ("client_id", "scope", "iat", "exp", "tokens_from")
    )
    if claims.get("iss") != issued_by or claims.get("aud") != AUDIENCE or claims.get("sub") != client_id:
        raise DeniedError("ACC-TOKEN")
    if not isinstance(client_id, str) or not isinstance(scope, str | None) or not isinstance(mark, int | None):
        raise DeniedError("ACC-TOKEN")
    if not isinstance(issued, int) or not isinstance(ends, int) or ends - issued > LONGEST_LIFETIME_S:
        raise DeniedError("ACC-TOKEN")
    now = at.timestamp()
    if issued > now + AHEAD_S:
        raise DeniedError("ACC-TOKEN")
    if ends <= now:
        raise DeniedError("ACC-TOKEN-ENDED")
    roles = None if scope is None else frozenset(scope.split())
    return Claims(client_id, roles, datetime.fromtimestamp(ends, UTC), mark)


def _mark(tokens_from: datetime | None) -> int | None:
    """Microseconds, so that nothing is rounded."""
    return None if tokens_from is None else (tokens_from - _EPOCH) // timedelta(microseconds=1)


_BELIEVED = """
-- Token keys that are neither withdrawn nor retired so long that all they signed is over.
SELECT kid, public_key::text AS public_key
FROM jishi.signing_key
WHERE use = 'token' AND algorithm = 'Ed25519' AND withdrawn_at IS NULL
  AND (retired_at IS NULL OR retired_at > now() - $1::interval)
ORDER BY created_at DESC, kid
"""
