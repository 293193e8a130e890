"""Keys that sign: access tokens, receipts of verification, seals of the disclosure log (under every step of the road out).

Private keys stand in the database only sealed under the deployment's key file, so neither a dump nor the file alone
signs anything. A key is made at its first use; a retired one signs no more and still verifies, a withdrawn one does not.
Ed25519 (RFC 8032) by default; SM2 with SM3 (GB/T 32918) where a seal or receipt is to be checked by 国密 means.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from gmssl_pyx import GmsslInnerError, InvalidValueError, sm2_key_generate, sm2_sign, sm2_verify

from jishi.errors import InternalError
from jishi.identifiers.keys import Keys, Use

if TYPE_CHECKING:
    from asyncpg import Connection

Purpose = Literal["token", "receipt", "seal"]
EDDSA = "Ed25519"
SM2 = "SM2"
ALGORITHMS = {"ed25519": EDDSA, "sm2": SM2}
"""Setting → algorithm. An SM2 signature is of the signer id 1234567812345678 (GB/T 35276) and DER encoded."""
_NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key: ``kid`` names it, ``public_jwk`` is what others check by (RFC 8037; of SM2 kty EC, crv SM2, x, y),
    ``private`` its 32 raw bytes.
    """

    kid: str
    use: Purpose
    algorithm: str
    public_jwk: dict[str, str]
    private: bytes = field(repr=False)

    def sign(self, message: bytes) -> bytes:
        if self.algorithm == SM2:
            signature: bytes = sm2_sign(self.private, _point(self.public_jwk), message)
            return signature
        if self.algorithm != EDDSA:
            raise InternalError("ACC-SIGNING-ALGORITHM", algorithm=self.algorithm)
        return Ed25519PrivateKey.from_private_bytes(self.private).sign(message)


async def current(connection: Connection[Any], keys: Keys, use: Purpose, algorithm: str = EDDSA) -> SigningKey:
    """The key that signs for ``use`` now, made where there is none. Needs the owner's role to make one."""
    row = await connection.fetchrow(_CURRENT, use, algorithm)
    if row is None:
        async with connection.transaction():
            await connection.execute("SELECT pg_advisory_xact_lock(hashtext('jishi signing key'))")
            row = await connection.fetchrow(_CURRENT, use, algorithm) or await _make(connection, keys, use, algorithm)
    return _opened(keys, row)


async def known(connection: Connection[Any], keys: Keys, use: Purpose, algorithm: str = EDDSA) -> SigningKey | None:
    """As :func:`current`, for a role that may only read: None where no key has been made yet."""
    row = await connection.fetchrow(_CURRENT, use, algorithm)
    return None if row is None else _opened(keys, row)


async def rotate(connection: Connection[Any], keys: Keys, use: Purpose, algorithm: str = EDDSA) -> SigningKey:
    """A new key for ``use``; those before are retired."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock(hashtext('jishi signing key'))")
        await connection.execute(_RETIRE, use)
        return _opened(keys, await _make(connection, keys, use, algorithm))


async def withdraw(connection: Connection[Any], kid: str) -> bool:
    """Nothing that this key signed is believed any more; whether there was such a key."""
    return bool(await connection.execute(_WITHDRAW, kid) == "UPDATE 1")


async def public_keys(connection: Connection[Any], use: Purpose) -> list[dict[str, str]]:
    """JWKs of all keys whose signatures are believed, the newest first."""
    return [json.loads(row["public_key"]) for row in await connection.fetch(_BELIEVED, use)]


async def _make(connection: Connection[Any], keys: Keys, use: Purpose, algorithm: str) -> Any:
    kid = f"{use}-{secrets.token_hex(8)}"
    raw, public = _pair(algorithm)
    jwk = json.dumps({**public, "kid": kid, "use": "sig", "alg": algorithm})
    return await connection.fetchrow(_INSERT, kid, use, algorithm, jwk, _sealed(keys, kid, raw))


def _pair(algorithm: str) -> tuple[bytes, dict[str, str]]:
    """A fresh private key and the JWK members of its public one."""
    if algorithm == SM2:
        point, secret = sm2_key_generate()
        return secret, {"kty": "EC", "crv": SM2, "x": _encoded(point[:32]), "y": _encoded(point[32:])}
    if algorithm != EDDSA:
        raise InternalError("ACC-SIGNING-ALGORITHM", algorithm=algorithm)
    private = Ed25519PrivateKey.generate()
    raw = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return raw, {"kty": "OKP", "crv": EDDSA, "x": _encoded(public)}


def _opened(keys: Keys, row: Any) -> SigningKey:
    return SigningKey(
        row["kid"],
        row["use"],
        row["algorithm"],
        json.loads(row["public_key"]),
        _unsealed(keys, row["kid"], row["private_key"]),
    )


def _sealed(keys: Keys, kid: str, private: bytes) -> bytes:
    """Key version, nonce, and the private key under AES-GCM bound to its name."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    cipher = AESGCM(keys.key(Use.SIGNING)).encrypt(nonce, private, kid.encode())
    return bytes((keys.current,)) + nonce + cipher


def _unsealed(keys: Keys, kid: str, sealed: bytes) -> bytes:
    version, nonce, cipher = sealed[0], sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
    return AESGCM(keys.key(Use.SIGNING, version=version)).decrypt(nonce, cipher, kid.encode())


def verify(jwk: dict[str, str], message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` over ``message`` was made by the key of ``jwk``; False also for a key that is none."""
    try:
        if jwk.get("crv") == SM2:
            return bool(sm2_verify(_point(jwk), message, signature))
        Ed25519PublicKey.from_public_bytes(_decoded(jwk["x"])).verify(signature, message)
    except (InvalidSignature, InvalidValueError, GmsslInnerError, KeyError, ValueError):
        return False
    return True


def _point(jwk: dict[str, str]) -> bytes:
    return _decoded(jwk["x"]) + _decoded(jwk["y"])


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


_CURRENT = """
-- The newest key that still signs.
SELECT kid, use, algorithm, public_key::text AS public_key, private_key
FROM jishi.signing_key
WHERE use = $1 AND algorithm = $2 AND retired_at IS NULL AND withdrawn_at IS NULL
ORDER BY created_at DESC, kid
LIMIT 1
"""

_BELIEVED = """
-- Public keys whose signatures are believed.
SELECT public_key::text AS public_key
FROM jishi.signing_key
WHERE use = $1 AND withdrawn_at IS NULL
ORDER BY created_at DESC, kid
"""

_INSERT = """
-- A new signing key.
INSERT INTO jishi.signing_key (kid, use, algorithm, public_key, private_key)
VALUES ($1, $2, $3, $4, $5)
RETURNING kid, use, algorithm, public_key::text AS public_key, private_key
"""

_RETIRE = "UPDATE jishi.signing_key SET retired_at = now() WHERE use = $1 AND retired_at IS NULL"
_WITHDRAW = """
UPDATE jishi.signing_key SET withdrawn_at = now(), retired_at = COALESCE(retired_at, now())
WHERE kid = $1 AND withdrawn_at IS NULL"""
