"""Seals 封印: a signed statement where every writer's chain of disclosures stood, each holding the one before (road out).

A seal lists the writers that have written since the seal before it, each with its last number and hash; all seals together
say where every chain stood. Canonical bytes: ``jishi-seal-1`` and a zero byte, then, each with its length before it (see
:func:`jishi.access.chain.packed`), number, sealed_at in microseconds, rows, previous and kid, and of each head, by writer,
writer, number and hash. The hash is a digest of these bytes as a row's is; the signature is over these bytes.

The same line as in the database goes to ``seals/YYYY-MM.jsonl`` under the state folder. Who rewrites the table can neither
make such a signature nor reach the file, of which a copy belongs on another machine.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from jishi.access import chain
from jishi.access.signing import SigningKey, verify

_TAG = b"jishi-seal-1\0"
INSTANT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of one writer's chain."""

    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """``rows``: disclosures sealed so far, by all seals up to this one. ``previous`` is 32 zero bytes in the first."""

    number: int
    sealed_at: datetime
    heads: Mapping[UUID, Head]
    rows: int
    previous: bytes
    hash: bytes
    kid: str
    signature: bytes


def make(
    key: SigningKey, scheme: int, before: Seal | None, sealed_at: datetime, heads: Mapping[UUID, Head], rows: int
) -> Seal:
    """The seal behind ``before``."""
    number, previous = (before.number + 1, before.hash) if before else (1, chain.FIRST)
    draft = Seal(number, sealed_at, heads, rows, previous, b"", key.kid, b"")
    message = _canonical(draft)
    return replace(draft, hash=chain.digest(scheme, message), signature=key.sign(message))


def is_whole(seal: Seal) -> bool:
    """Whether its hash is that of what it says."""
    return seal.hash[:1] in (b"\1", b"\2") and chain.digest(seal.hash[0], _canonical(seal)) == seal.hash


def is_signed(seal: Seal, jwk: dict[str, str]) -> bool:
    """Whether the key of ``jwk`` signed what it says."""
    return verify(jwk, _canonical(seal), seal.signature)


def as_document(seal: Seal) -> dict[str, Any]:
    """As it stands in files and exports; bytes in hexadecimal."""
    return {
        "number": seal.number,
        "sealed_at": instant(seal.sealed_at),
        "heads": heads_document(seal.heads),
        "rows": seal.rows,
        "previous": seal.previous.hex(),
        "hash": seal.hash.hex(),
        "kid": seal.kid,
        "signature": seal.signature.hex(),
    }


def of_document(document: Mapping[str, Any]) -> Seal:
    """Raises ValueError, KeyError or TypeError where the document is none of a seal."""
    return Seal(
        int(document["number"]),
        datetime.strptime(document["sealed_at"], INSTANT).replace(tzinfo=UTC),
        heads_of(document["heads"]),
        int(document["rows"]),
        bytes.fromhex(document["previous"]),
        bytes.fromhex(document["hash"]),
        str(document["kid"]),
        bytes.fromhex(document["signature"]),
    )


def of_record(record: Mapping[str, Any]) -> Seal:
    """Of a row of the table, its heads as text."""
    return Seal(**{**record, "heads": heads_of(json.loads(record["heads"]))})


def line_of(seal: Seal) -> str:
    return json.dumps(as_document(seal), separators=(",", ":"))


def heads_document(heads: Mapping[UUID, Head]) -> dict[str, list[int | str]]:
    """Writer → number and hash."""
    return {str(writer): [head.number, head.hash.hex()] for writer, head in sorted(heads.items())}


def heads_of(document: Mapping[str, Any]) -> dict[UUID, Head]:
    return {UUID(writer): Head(int(number), bytes.fromhex(text)) for writer, (number, text) in document.items()}


def instant(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds, as canonical forms carry it."""
    return at.astimezone(UTC).strftime(INSTANT)


def _canonical(seal: Seal) -> bytes:
    heads = [
        field for writer, head in sorted(seal.heads.items()) for field in (writer.bytes, str(head.number), head.hash)
    ]
    said = (str(seal.number), str(chain.microseconds(seal.sealed_at)), str(seal.rows), seal.previous, seal.kid)
    return _TAG + chain.packed(*said, *heads)


INSERT = """
-- A new seal.
INSERT INTO jishi.disclosure_seal (number, sealed_at, heads, rows, previous, hash, kid, signature)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""

LAST = """
-- The newest seal.
SELECT number, sealed_at, heads::text AS heads, rows, previous, hash, kid, signature
FROM jishi.disclosure_seal
ORDER BY number DESC
LIMIT 1
"""

AFTER = """
-- Seals behind a number, in order.
SELECT number, sealed_at, heads::text AS heads, rows, previous, hash, kid, signature
FROM jishi.disclosure_seal
WHERE number > $1
ORDER BY number
"""
