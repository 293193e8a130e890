"""The keys that seal identity numbers and files: one file beside the database, never in it (floor of the road).

The file holds numbered secrets of 32 random bytes each; every use has its own key, derived from a secret by HKDF-SHA256
(RFC 5869) under the use's name, so that none of them tells anything about another. New seals are made with the current
secret; older ones stay for what was sealed with them. Tags that nothing can recompute, because no clear value is kept
(row digests, source keys, hashes of received rows), always come from the first secret: they would otherwise all change
with a rotation.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from jishi.errors import DeclarationError

SECRET_BYTES = 32
LAST_VERSION = 127  # seven bits of the byte that says which key sealed a value


class Use(StrEnum):
    """What a key is for; the text goes into its derivation and must never change."""

    LOOKUP_MAC = "lookup-mac"
    CIPHER = "cipher"
    FILE = "file"
    QUERY = "query"
    DIGEST = "digest"
    SOURCE_KEY = "source-key"
    RECEIVED_ROW = "received-row"
    SIGNING = "signing"
    API_KEY = "api-key"


LASTING = frozenset({Use.DIGEST, Use.SOURCE_KEY, Use.RECEIVED_ROW, Use.API_KEY})


@dataclass(frozen=True, slots=True)
class Keys:
    """Secrets by version (from 1), and the version new seals are made with. Never printed."""

    current: int
    secrets: dict[int, bytes] = field(repr=False)

    @property
    def versions(self) -> tuple[int, ...]:
        """Current first, then from new to old."""
        return (self.current, *sorted(self.secrets.keys() - {self.current}, reverse=True))

    def key(self, use: Use, size: int = 32, *, version: int | None = None, detail: str = "") -> bytes:
        """The key of ``size`` bytes for ``use``; version None = the current one, for lasting uses the first.

        ``detail`` parts one use further (the cipher's name). Raises ``SET-KEY-VERSION`` for a version not in the file.
        """
        if version is None:
            version = min(self.secrets) if use in LASTING else self.current
        if version not in self.secrets:
            raise DeclarationError("SET-KEY-VERSION", version=version)
        return _derive(self.secrets[version], f"jishi/1/{use}/{detail}", size)


def load_or_create(path: Path) -> Keys:
    """The keys of the file, which is made (mode 0600, whole or not at all) when it does not exist.

    Two processes may call it at once and get the same keys. Raises ``SET-KEY-MODE`` when others than the owner have any
    right to the file, ``SET-KEY-FILE`` when it cannot be read or is no key file.
    """
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = Keys(current=1, secrets={1: secrets.token_bytes(SECRET_BYTES)})
        _write(path, fresh, replace=False)
    return load(path)


def load(path: Path) -> Keys:
    """The keys of an existing file; errors as in :func:`load_or_create`."""
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode & 0o777
            if mode & 0o077:
                raise DeclarationError("SET-KEY-MODE", path=path.name, mode=f"{mode:04o}")
            content = json.loads(file.read())
        found = {int(version): base64.b64decode(text, validate=True) for version, text in content["secrets"].items()}
        keys = Keys(current=int(content["current"]), secrets=found)
    except OSError as error:
        raise DeclarationError("SET-KEY-FILE", path=path.name, reason=error.strerror or "") from error
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        # Without the cause: its text could quote the file.
        raise DeclarationError("SET-KEY-FILE", path=path.name, reason="JSON {current, secrets}") from None
    if keys.current not in found or any(
        len(secret) != SECRET_BYTES or not 1 <= version <= LAST_VERSION for version, secret in found.items()
    ):
        raise DeclarationError("SET-KEY-FILE", path=path.name, reason="current, version, 32 bytes")
    return keys


def rotate(path: Path) -> Keys:
    """Add a secret and make it current; what older ones sealed stays readable until it is sealed anew."""
    keys = load(path)
    version = max(keys.secrets) + 1
    if version > LAST_VERSION:
        raise DeclarationError("SET-KEY-FILE", path=path.name, reason=f"version > {LAST_VERSION}")
    fresh = Keys(current=version, secrets={**keys.secrets, version: secrets.token_bytes(SECRET_BYTES)})
    _write(path, fresh, replace=True)
    return fresh


def _write(path: Path, keys: Keys, *, replace: bool) -> None:
    """Put the file in place whole; without ``replace`` a file that appeared meanwhile wins."""
    content = {
        "current": keys.current,
        "secrets": {str(version): base64.b64encode(secret).decode() for version, secret in keys.secrets.items()},
    }
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(content, indent=1).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            try:
                path.hardlink_to(draft)
            except FileExistsError:
                return
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        draft.unlink(missing_ok=True)


@lru_cache(maxsize=64)
def _derive(secret: bytes, info: str, size: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=size, salt=None, info=info.encode()).derive(secret)
