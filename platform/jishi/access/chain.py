"""The bytes that a disclosure 披露 stands for and their hash, by which each row holds the one before it (disclose, road out).

**Canonical form 1** of a row, in this order; numbers are big-endian, a *text* is its length in four bytes and its UTF-8
(length FFFFFFFF = null), a *list* its length in four bytes and its texts:

====================  ==========================================================================
``jishi-disclosure-1``  and a zero byte
writer                16 bytes
number                8 bytes, signed
disclosed_at          8 bytes, microseconds since 1970-01-01T00:00:00Z
request_id            16 bytes
misses                8 bytes
channel, act, caller_kind, caller, department, purpose, result   texts
grant_id, register    texts of their decimal digits
masked, clear         lists
subjects              length in four bytes, 16 bytes each
commitment            text (its bytes as they are); null where no case number was stated
query_digest          text (its bytes as they are)
previous              text (its bytes as they are)
====================  ==========================================================================

A hash is one byte that names its scheme and 32 bytes: scheme 1 SHA-256, scheme 2 SM3 (GB/T 32905). The number of a case may
be redacted by law later, so the row commits to it by ``H(salt ‖ case_no)`` only; with ``case_no`` and ``salt`` gone
the chain still holds, and nobody can try case numbers against the commitment.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from uuid import UUID

from gmssl_pyx import sm3_hash

from jishi.access.disclosures import Disclosure

DigestName = Literal["sha256", "sm3"]
SCHEMES: dict[DigestName, int] = {"sha256": 1, "sm3": 2}
FIRST = bytes(32)
"""What the first row of a writer holds in place of the hash of a row before it."""
SALT_BYTES = 16

_TAG = b"jishi-disclosure-1\0"
_HEAD = struct.Struct("!16sqq16sq")
_LENGTH = struct.Struct("!I")
_NULL = b"\xff\xff\xff\xff"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the log as it is stored. ``told.case_no`` and ``salt`` are None where none was stated or it is redacted;
    ``withheld``: this copy of the row leaves both out, whatever the log holds.
    """

    writer: UUID
    number: int
    disclosed_at: datetime
    told: Disclosure
    salt: bytes | None
    commitment: bytes | None
    previous: bytes
    hash: bytes
    withheld: bool = False


def digest(scheme: int, *parts: bytes) -> bytes:
    """The scheme's byte and its hash over the parts as they stand.

    >>> digest(2, b"abc").hex()
    '0266c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0'
    """
    return bytes((scheme,)) + _HASHES[scheme](b"".join(parts))


def commit(scheme: int, salt: bytes, case_no: str) -> bytes:
    """The commitment to the number of a case."""
    return digest(scheme, salt, case_no.encode())


def hash_row(row: Row, number: int | None = None) -> bytes | None:
    """What the row's hash must be, by the scheme its stored one names; None where there is no such scheme.

    ``number`` in place of the row's own: whether it once stood elsewhere.

    >>> told = Disclosure(
    ...     UUID(int=2), "api", "item", "client", "c-1", None, 7, "visit", "A-1", 1,
    ...     ("mobile",), ("name",), (UUID(int=3),), 0, bytes(16), "ok")
    >>> at = datetime(2026, 11, 22, 3, 4, 5, 6, UTC)
    >>> row = Row(UUID(int=1), 1, at, told, bytes(16), commit(1, bytes(16), "A-1"), FIRST, digest(1))
    >>> hash_row(row).hex()
    '019d5a5cfb3ea02cf907b7626dd1f53f11a1660c2de7558b4d881b301995100893'
    """
    scheme = row.hash[0] if row.hash else 0
    if scheme not in _HASHES:
        return None
    told = row.told
    return hash_of(
        scheme,
        row.writer.bytes,
        row.number if number is None else number,
        microseconds(row.disclosed_at),
        told,
        b"".join([subject.bytes for subject in told.subjects]),
        row.commitment,
        row.previous,
    )


def hash_of(
    scheme: int,
    writer: bytes,
    number: int,
    micros: int,
    told: Disclosure,
    subjects: bytes,
    commitment: bytes | None,
    previous: bytes,
) -> bytes:
    """The hash of a row from its parts, as the writer has them at hand: ``subjects`` 16 bytes each."""
    return digest(
        scheme,
        _TAG,
        _HEAD.pack(writer, number, micros, told.request_id.bytes, told.misses),
        _frame(
            told.channel,
            told.act,
            told.caller_kind,
            told.caller,
            told.department,
            told.purpose,
            told.result,
            told.grant_id,
            told.register,
            told.masked,
            told.clear,
        ),
        _LENGTH.pack(len(subjects) // 16),
        subjects,
        _bytes(commitment),
        _bytes(told.query_digest),
        _bytes(previous),
    )


def microseconds(at: datetime) -> int:
    """Microseconds since 1970 in UTC."""
    return (at - _EPOCH) // _MICROSECOND


def instant_of(micros: int) -> datetime:
    """The instant of so many microseconds since 1970."""
    return _EPOCH + micros * _MICROSECOND


def packed(*fields: bytes | str | None) -> bytes:
    """Fields one after another, each with its length before it, so that no two lists of fields give the same bytes."""
    return b"".join(_bytes(field.encode() if isinstance(field, str) else field) for field in fields)


@lru_cache(maxsize=4096)
def _frame(*fields: str | int | tuple[str, ...] | None) -> bytes:
    """What many rows of a process have in common, encoded once."""
    return b"".join(_field(field) for field in fields)


def _field(field: str | int | Sequence[str] | None) -> bytes:
    if field is None:
        return _NULL
    if isinstance(field, str | int):
        return packed(str(field))
    return _LENGTH.pack(len(field)) + packed(*field)


def _bytes(field: bytes | None) -> bytes:
    return _NULL if field is None else _LENGTH.pack(len(field)) + field


def _sm3(message: bytes) -> bytes:
    """By the system's OpenSSL where it has SM3, else by GmSSL; both give the standard's own example."""
    return hashlib.new("sm3", message).digest()


def _hashes(available: Iterable[str]) -> dict[int, Callable[[bytes], bytes]]:
    return {1: lambda message: hashlib.sha256(message).digest(), 2: _sm3 if "sm3" in available else sm3_hash}


_HASHES = _hashes(hashlib.algorithms_available)
