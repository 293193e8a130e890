"""Receipts 回执 of verifications: whoever holds the salt checks offline what was asked and answered (respond, road out).

A receipt is a signed JSON document. All it says of the register is commitments, hashes over the caller's own salt: who lacks
the salt, and he must have been given it by the caller, cannot tell collection, key, elements, values or outcome, nor try them
one after another. A commitment is ``digest(scheme, "jishi-receipt-1" NUL, packed(salt, what, …))`` (see
:func:`jishi.access.chain.packed`) over

- ``key``: collection, then each element of the key and its value, by element;
- ``outcome``: the outcome as a whole;
- ``claim``: element, value, and the outcome of this claim.

Values are the JSON texts of what the caller sent. Commitments of claims are sorted, so their order says nothing either. The
signature is over the document without ``signature``, as JSON with sorted keys, without blanks, in UTF-8.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NoBase64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from jishi.access import chain
from jishi.access.seals import instant
from jishi.access.signing import SM2, SigningKey
from jishi.access.signing import verify as is_signed
from jishi.errors import CallerError, Fault

TYPE = "jishi-receipt-1"
LEAST_SALT_BYTES = 16
MOST_SALT_BYTES = 64
OUTCOMES = ("match", "mismatch", "no_record", "unverifiable")
CLAIM_OUTCOMES = ("consistent", "inconsistent", "unverifiable")
_TAG = b"jishi-receipt-1\0"


@dataclass(frozen=True, slots=True)
class Checked:
    """What a receipt proves. ``signed``: by a key that is believed. ``key``: whether the receipt is of the key shown; None =
    none was shown. ``outcome`` and ``claims``: what was answered; None where the receipt says nothing of what was shown.
    """

    signed: bool
    key: bool | None = None
    outcome: str | None = None
    claims: Mapping[str, str | None] | None = None

    @property
    def holds(self) -> bool:
        """Signed, and everything shown is in it."""
        shown = self.claims or {}
        return self.signed and self.key is not False and all(outcome is not None for outcome in shown.values())


def read_salt(text: str) -> bytes:
    """The bytes of a caller's salt, base64url with or without padding. Raises CallerError ``QRY-PARAMETERS`` naming
    ``salt``: 16 to 64 bytes are needed.
    """
    try:
        salt = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        exact = urlsafe_b64encode(salt).rstrip(b"=") == text.rstrip("=").encode()
    except (NoBase64, ValueError):
        salt, exact = b"", False
    if not exact or not LEAST_SALT_BYTES <= len(salt) <= MOST_SALT_BYTES:
        raise CallerError("QRY-PARAMETERS", faults=(Fault("salt", "ACC-RECEIPT-SALT"),))
    return salt


def issue(
    key: SigningKey,
    request_id: UUID,
    at: datetime,
    salt: bytes,
    collection: str,
    asked: Mapping[str, object],
    claims: Mapping[str, tuple[object, str]],
    outcome: str,
) -> dict[str, Any]:
    """A receipt. ``asked``: the key as the caller sent it; ``claims``: element → the value claimed and its outcome."""
    scheme = chain.SCHEMES["sm3" if key.algorithm == SM2 else "sha256"]
    receipt: dict[str, Any] = {
        "type": TYPE,
        "request_id": str(request_id),
        "at": instant(at),
        "kid": key.kid,
        "alg": key.algorithm,
        "key": _of_key(scheme, salt, collection, asked),
        "outcome": _commit(scheme, salt, "outcome", outcome),
        "claims": sorted(
            _commit(scheme, salt, "claim", element, _text(value), answered)
            for element, (value, answered) in claims.items()
        ),
    }
    return {**receipt, "signature": _encoded(key.sign(_message(receipt)))}


def verify(
    receipt: Mapping[str, Any],
    jwks: Iterable[Mapping[str, str]],
    salt: bytes | None = None,
    collection: str | None = None,
    asked: Mapping[str, object] | None = None,
    claims: Mapping[str, object] | None = None,
) -> Checked:
    """What the receipt proves of what is shown beside it. ``claims``: element → the value that was claimed.

    Without the salt only the signature can be checked. Raises CallerError ``ACC-RECEIPT`` for what is no receipt.
    """
    try:
        if receipt["type"] != TYPE:
            raise ValueError(TYPE)
        jwk = next((dict(jwk) for jwk in jwks if jwk.get("kid") == receipt["kid"]), None)
        signature = _decoded(receipt["signature"])
        signed = jwk is not None and is_signed(jwk, _message(receipt), signature)
        if salt is None:
            return Checked(signed)
        scheme = bytes.fromhex(receipt["key"])[0]
        of_key = None
        if collection is not None and asked is not None:
            of_key = receipt["key"] == _of_key(scheme, salt, collection, asked)
        outcome = next((one for one in OUTCOMES if _commit(scheme, salt, "outcome", one) == receipt["outcome"]), None)
        answered = {
            element: next(
                (
                    one
                    for one in CLAIM_OUTCOMES
                    if _commit(scheme, salt, "claim", element, _text(value), one) in receipt["claims"]
                ),
                None,
            )
            for element, value in (claims or {}).items()
        }
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise CallerError("ACC-RECEIPT") from error
    return Checked(signed, of_key, outcome, answered if claims is not None else None)


def _of_key(scheme: int, salt: bytes, collection: str, asked: Mapping[str, object]) -> str:
    parts = [part for element, value in sorted(asked.items()) for part in (element, _text(value))]
    return _commit(scheme, salt, "key", collection, *parts)


def _commit(scheme: int, salt: bytes, *said: str) -> str:
    return chain.digest(scheme, _TAG, chain.packed(salt, *said)).hex()


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _message(receipt: Mapping[str, Any]) -> bytes:
    return _text({name: value for name, value in receipt.items() if name != "signature"}).encode()


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
