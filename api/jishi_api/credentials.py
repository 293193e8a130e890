"""Which credential a request carries: an API key or an access token, and only one (authenticate, road out)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from jishi.access import tokens
from jishi.errors import CallerError, DeniedError

KEY_LIMIT = 200

_API_KEY = b"x-api-key"
_CARRIERS = frozenset({b"authorization", _API_KEY})
_BEARER = "bearer"
_BASIC = "basic"


@dataclass(frozen=True, slots=True)
class Credential:
    """What was sent. ``code`` says that it is none of ours, ``digest`` names it without being it."""

    kind: Literal["key", "token"]
    code: str
    digest: bytes
    text: str = field(repr=False)


def digest_of(headers: Iterable[tuple[bytes, bytes]]) -> bytes | None:
    """The name of the one credential in ``headers`` (lower-case names, as ASGI has them), None where not exactly one."""
    found = None
    for name, value in headers:
        if name in _CARRIERS:
            if found is not None:
                return None
            found = _digest(name, value)
    return found


def credential_in(headers: Iterable[tuple[bytes, bytes]]) -> Credential:
    """The one credential. Raises CallerError ``ACC-CREDENTIALS`` for more than one, DeniedError ``ACC-KEY-MISSING`` for
    none, ``ACC-KEY-UNKNOWN`` or ``ACC-TOKEN`` for what cannot be one.
    """
    sent = [(name, value) for name, value in headers if name in _CARRIERS]
    if len(sent) > 1:
        raise CallerError("ACC-CREDENTIALS")
    if not sent or not sent[0][1].strip():
        raise DeniedError("ACC-KEY-MISSING")
    name, value = sent[0]
    digest = _digest(name, value)
    if name == _API_KEY:
        if len(value) > KEY_LIMIT or not _plain(value):
            raise DeniedError("ACC-KEY-UNKNOWN")
        return Credential("key", "ACC-KEY-UNKNOWN", digest, value.decode("ascii"))
    if len(value) > tokens.LONGEST + len(_BEARER) + 1 or not _plain(value):
        raise DeniedError("ACC-TOKEN")
    scheme, _, token = value.decode("ascii").partition(" ")
    if scheme.lower() == _BASIC:
        return Credential("key", "ACC-KEY-UNKNOWN", digest, _password(token))
    if scheme.lower() != _BEARER or not token.strip():
        raise DeniedError("ACC-TOKEN")
    return Credential("token", "ACC-TOKEN", digest, token.strip())


def is_basic(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a credential is of the kind that a browser asks its user for and then sends by itself."""
    return any(name == b"authorization" and value[:6].lower() == _BASIC.encode() + b" " for name, value in headers)


def _password(token: str) -> str:
    """The API key given as the password of HTTP Basic (RFC 7617), under any user name: browsers, QGIS and GDAL can."""
    try:
        key = base64.b64decode(token.strip(), validate=True).partition(b":")[2]
    except (binascii.Error, ValueError) as error:
        raise DeniedError("ACC-KEY-UNKNOWN") from error
    if not 0 < len(key) <= KEY_LIMIT or not _plain(key):
        raise DeniedError("ACC-KEY-UNKNOWN")
    return key.decode("ascii")


def _digest(name: bytes, value: bytes) -> bytes:
    return hashlib.sha256(name + b"\0" + value).digest()


def _plain(value: bytes) -> bool:
    """Printable ASCII and spaces."""
    return all(0x20 <= byte < 0x7F for byte in value)
