"""``/oauth/token`` and the keys that check its tokens: OAuth 2.0 client credentials (RFC 6749 §4.4; authenticate)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jishi.errors import CallerError, DeniedError
from jishi.messages import render
from jishi_api.auth import address_of
from jishi_api.serving import serving_of

router = APIRouter(tags=["OAuth"])

BODY_LIMIT = 8192
FORM = "application/x-www-form-urlencoded"
JWK_SET = "application/jwk-set+json"
GRANT_TYPE = "client_credentials"

_TEXT = {"type": "string"}
_BODY = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "required": ["grant_type"],
                "properties": {
                    "grant_type": {"const": GRANT_TYPE},
                    "client_id": _TEXT,
                    "client_secret": _TEXT,
                    "scope": _TEXT,
                },
            }
        }
    },
}
_NOT_KEPT = {"Cache-Control": "no-store", "Pragma": "no-cache"}
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="jishi", charset="UTF-8"'}
_CODES = {"ACC-SECRET": "invalid_client", "ACC-SCOPE": "invalid_scope"}


@router.post("/oauth/token", summary="访问令牌 an access token", openapi_extra={"requestBody": _BODY})
async def token(request: Request) -> Response:
    """Form-encoded: ``grant_type=client_credentials``, by HTTP Basic or with ``client_id`` and ``client_secret`` in the
    body; ``scope``: roles the token shall stand for, by default all the client has. Errors as RFC 6749 §5.2 has them.
    """
    try:
        form = await _form(request)
        client_id, secret = _credentials(request, form)
        scope = form["scope"].split() if "scope" in form else None
        issued = await serving_of(request).callers.token_for(client_id, secret, scope, address_of(request))
    except _RefusedError as refused:
        return _refused(refused.error, refused.code)
    except DeniedError as denied:
        if denied.code not in _CODES:
            raise
        return _refused(_CODES[denied.code], denied.code)
    answer = {"access_token": issued.token, "token_type": "Bearer", "expires_in": issued.lifetime_s}
    if issued.scope is not None:
        answer["scope"] = " ".join(issued.scope)
    return JSONResponse(answer, headers=_NOT_KEPT)


@router.get("/.well-known/jwks.json", summary="公钥 public keys of the tokens")
async def keys(request: Request) -> Response:
    """A JWK set (RFC 7517); a key stays in it until every token it signed is over."""
    found = await serving_of(request).callers.public_keys()
    return JSONResponse({"keys": found}, media_type=JWK_SET, headers={"Cache-Control": "public, max-age=60"})


class _RefusedError(Exception):
    """What is refused before anybody is looked up: the error of RFC 6749 §5.2 and the sentence that explains it."""

    def __init__(self, error: str, code: str) -> None:
        super().__init__(error)
        self.error, self.code = error, code


async def _form(request: Request) -> dict[str, str]:
    """The parameters of the body, each at most once, empty ones left out (§3.2)."""
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != FORM or request.url.query:
        raise _RefusedError("invalid_request", "ACC-OAUTH-FORM")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > BODY_LIMIT:
            raise CallerError("QRY-BODY-SIZE", limit=BODY_LIMIT)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), errors="strict")
    except ValueError:
        raise _RefusedError("invalid_request", "ACC-OAUTH-FORM") from None
    form = dict(pairs)
    if len(form) < len(pairs):
        raise _RefusedError("invalid_request", "ACC-OAUTH-TWICE")
    form = {name: text for name, text in form.items() if text}
    if "grant_type" not in form:
        raise _RefusedError("invalid_request", "ACC-OAUTH-GRANT-TYPE")
    if form["grant_type"] != GRANT_TYPE:
        raise _RefusedError("unsupported_grant_type", "ACC-OAUTH-GRANT-TYPE")
    return form


def _credentials(request: Request, form: dict[str, str]) -> tuple[str, str]:
    """Client id and secret, by one way only (§2.3)."""
    sent = request.headers.getlist("Authorization")
    if len(sent) > 1 or (sent and "client_secret" in form) or "X-API-Key" in request.headers:
        raise _RefusedError("invalid_request", "ACC-OAUTH-ONE-WAY")
    if not sent:
        if not {"client_id", "client_secret"} <= form.keys():
            raise _RefusedError("invalid_client", "ACC-OAUTH-CREDENTIALS")
        return form["client_id"], form["client_secret"]
    client_id, secret = _basic(sent[0])
    if form.get("client_id", client_id) != client_id:
        raise _RefusedError("invalid_request", "ACC-OAUTH-ONE-WAY")
    return client_id, secret


def _basic(header: str) -> tuple[str, str]:
    """Id and secret of HTTP Basic, each form-encoded before they were joined (§2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    try:
        client_id, colon, secret = b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, ValueError):
        raise _RefusedError("invalid_client", "ACC-OAUTH-CREDENTIALS") from None
    if scheme.lower() != "basic" or not colon:
        raise _RefusedError("invalid_client", "ACC-OAUTH-CREDENTIALS")
    return unquote_plus(client_id), unquote_plus(secret)


def _refused(error: str, code: str) -> Response:
    status, headers = (401, _NOT_KEPT | _CHALLENGE) if error == "invalid_client" else (400, _NOT_KEPT)
    return JSONResponse({"error": error, "error_description": render(code, "en")}, status_code=status, headers=headers)
