"""Invented disclosures for tests of the log."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from jishi.access.disclosures import Disclosure
from jishi.access.signing import Purpose, SigningKey


def disclosure(*subjects: int, **changed: Any) -> Disclosure:
    """A visit of one client to the subjects of these numbers, with what the test changes of it."""
    told = Disclosure(
        request_id=uuid4(),
        channel="api",
        act="item",
        caller_kind="client",
        caller="c-1",
        department="11320500000090018H",
        grant_id=7,
        purpose="visit",
        case_no=None,
        register=1,
        masked=("mobile",),
        clear=("name",),
        subjects=tuple(UUID(int=number) for number in subjects),
        misses=0,
        query_digest=bytes(16),
        result="ok",
    )
    return replace(told, **changed)


def signing_key(use: Purpose) -> SigningKey:
    """A key of no database."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    kid = f"{use}-{uuid4().hex[:8]}"
    x = urlsafe_b64encode(public).rstrip(b"=").decode()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": kid, "use": "sig", "alg": "Ed25519"}
    return SigningKey(kid, use, "Ed25519", jwk, private.private_bytes_raw())
