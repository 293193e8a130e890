"""Who somebody is, by the word of an OpenID Connect provider: authorization code with PKCE, checked to the last claim
(authenticate, road out).

Nothing of the provider is believed but an identity token that it signed for us, now, for this very login. Its algorithms
are those of public keys; the key set is fetched anew for each login, so that a withdrawn key is of no use.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from jishi.errors import DeniedError, InternalError
from jishi.settings import Settings

ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "Ed25519", "EdDSA"]
TIMEOUT_S = 10.0
AHEAD_S = 60
"""How far the provider's clock may be ahead or behind."""


@dataclass(frozen=True, slots=True)
class Started:
    """A login that was begun: where the browser goes, and what it must come back with."""

    url: str
    state: str
    nonce: str
    verifier: str = field(repr=False)


async def start(settings: Settings, redirect_uri: str) -> Started:
    """Raises InternalError ``ACC-OIDC-UNREACHABLE``."""
    from authlib.common.security import generate_token

    verifier, nonce = generate_token(64), generate_token(32)
    provider = await _provider(settings)
    async with _client(settings, redirect_uri) as client:
        url, state = client.create_authorization_url(
            provider["authorization_endpoint"], code_verifier=verifier, nonce=nonce
        )
    return Started(str(url), str(state), nonce, verifier)


async def finish(settings: Settings, redirect_uri: str, code: str, nonce: str, verifier: str) -> str:
    """The login that the provider's word is for. DeniedError ``ACC-OIDC``; InternalError ``ACC-OIDC-UNREACHABLE``."""
    import httpx2
    from authlib.common.errors import AuthlibBaseError

    provider = await _provider(settings)
    async with _client(settings, redirect_uri) as client:
        try:
            token = await client.fetch_token(provider["token_endpoint"], code=code, code_verifier=verifier)
        except AuthlibBaseError as error:
            raise DeniedError("ACC-OIDC") from error
        except (httpx2.HTTPError, ValueError) as error:
            raise InternalError("ACC-OIDC-UNREACHABLE") from error
    claims = _believed(settings, str(token.get("id_token", "")), await _fetched(provider["jwks_uri"]))
    login = claims.get(settings.oidc_claim)
    if claims.get("nonce") != nonce or not isinstance(login, str) or not login:
        raise DeniedError("ACC-OIDC")
    return login.lower()


def _believed(settings: Settings, token: str, keys: dict[str, Any]) -> dict[str, Any]:
    """The claims of an identity token signed by one of the provider's keys for us and not over (OpenID Connect Core 3.1.3.7)."""
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        claims = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS).claims  # type: ignore[arg-type]
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise DeniedError("ACC-OIDC") from error
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    ends, issued, now = claims.get("exp"), claims.get("iat"), time.time()
    right = (
        claims.get("iss") == settings.oidc_issuer
        and settings.oidc_client_id in audiences
        and (len(audiences) == 1 or claims.get("azp") == settings.oidc_client_id)
        and isinstance(ends, int | float)
        and isinstance(issued, int | float)
        and ends > now - AHEAD_S
        and issued < now + AHEAD_S
    )
    if not right:
        raise DeniedError("ACC-OIDC")
    return dict(claims)


async def _provider(settings: Settings) -> dict[str, str]:
    """What the provider says of itself; it must be the one that was meant."""
    issuer = (settings.oidc_issuer or "").rstrip("/")
    told = await _fetched(f"{issuer}/.well-known/openid-configuration")
    needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
    if told.get("issuer") != settings.oidc_issuer or not all(isinstance(told.get(name), str) for name in needed):
        raise InternalError("ACC-OIDC-UNREACHABLE")
    return {name: told[name] for name in needed}


async def _fetched(url: str) -> dict[str, Any]:
    import httpx2

    try:
        async with httpx2.AsyncClient(timeout=TIMEOUT_S) as client:
            answer = await client.get(url)
            told = answer.raise_for_status().json()
    except (httpx2.HTTPError, ValueError) as error:
        raise InternalError("ACC-OIDC-UNREACHABLE") from error
    if not isinstance(told, dict):
        raise InternalError("ACC-OIDC-UNREACHABLE")
    return told


def _client(settings: Settings, redirect_uri: str) -> Any:
    from authlib.integrations.httpx_client import AsyncOAuth2Client

    secret = settings.oidc_client_secret
    return AsyncOAuth2Client(
        settings.oidc_client_id,
        None if secret is None else secret.get_secret_value(),
        scope="openid profile",
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        token_endpoint_auth_method="none" if secret is None else "client_secret_basic",
        timeout=TIMEOUT_S,
    )
