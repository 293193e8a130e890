"""A group of disclosures as one insert: numbered, chained, and passed as one array a column (disclose, road out).

Arrays of arrays must be rectangular, so the lists of a row travel as the text of an array, which PostgreSQL reads by itself:
cheap for one subject and for a thousand.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from jishi.access import chain
from jishi.access.disclosures import Disclosure


@dataclass(frozen=True, slots=True)
class Group:
    """Disclosures behind one another in a chain; ``first`` is the number of the first, ``hashes`` those of all."""

    writer: UUID
    first: int
    disclosed_at: datetime
    disclosures: Sequence[Disclosure]
    salts: list[bytes | None]
    commitments: list[bytes | None]
    previous: list[bytes]
    hashes: list[bytes]


def as_group(
    scheme: int, writer: UUID, last: int, head: bytes, at: datetime, disclosures: Sequence[Disclosure]
) -> Group:
    """The disclosures as rows behind row ``last`` of the chain, whose hash is ``head``."""
    named, micros = writer.bytes, chain.microseconds(at)
    salts: list[bytes | None] = []
    commitments: list[bytes | None] = []
    hashes = [head]
    for number, told in enumerate(disclosures, last + 1):
        salt = os.urandom(chain.SALT_BYTES) if told.case_no is not None else None
        commitment = chain.commit(scheme, salt, told.case_no) if salt and told.case_no is not None else None
        subjects = b"".join([subject.bytes for subject in told.subjects])
        hashes.append(chain.hash_of(scheme, named, number, micros, told, subjects, commitment, hashes[-1]))
        salts.append(salt)
        commitments.append(commitment)
    return Group(writer, last + 1, at, disclosures, salts, commitments, hashes[:-1], hashes[1:])


def parameters(group: Group) -> tuple[object, ...]:
    """What ``INSERT`` is executed with."""
    told = group.disclosures
    return (
        group.writer,
        group.first - 1,
        group.disclosed_at,
        [row.request_id for row in told],
        [row.channel for row in told],
        [row.act for row in told],
        [row.caller_kind for row in told],
        [row.caller for row in told],
        [row.department for row in told],
        [row.grant_id for row in told],
        [row.purpose for row in told],
        [row.case_no for row in told],
        [row.register for row in told],
        [_texts(row.masked) for row in told],
        [_texts(row.clear) for row in told],
        [_uuids(row.subjects) for row in told],
        [row.misses for row in told],
        [row.query_digest for row in told],
        [row.result for row in told],
        group.salts,
        group.commitments,
        group.previous,
        group.hashes,
    )


def _uuids(subjects: Sequence[UUID]) -> str:
    return "{" + ",".join([subject.hex for subject in subjects]) + "}"


@lru_cache(maxsize=4096)
def _texts(names: tuple[str, ...]) -> str:
    """The text of an array, each item quoted: a derived element's name may hold commas."""
    return "{" + ",".join('"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"' for name in names) + "}"


INSERT = """
-- A group of disclosures, behind row $2 of writer $1.
INSERT INTO jishi.disclosure (
  writer, number, disclosed_at, request_id, channel, act, caller_kind, caller, department, grant_id, purpose, case_no,
  register, masked, clear, subjects, misses, query_digest, result, salt, commitment, previous, hash
)
SELECT
  $1::uuid, $2::bigint + position, $3::timestamptz, request_id, channel, act, caller_kind, caller, department, grant_id,
  purpose, case_no, register, masked::text[], clear::text[], subjects::uuid[], misses, query_digest, result, salt,
  commitment, previous, hash
FROM unnest(
  $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[], $11::text[], $12::text[],
  $13::smallint[], $14::text[], $15::text[], $16::text[], $17::integer[], $18::bytea[], $19::text[], $20::bytea[],
  $21::bytea[], $22::bytea[], $23::bytea[]
) WITH ORDINALITY AS given (
  request_id, channel, act, caller_kind, caller, department, grant_id, purpose, case_no, register, masked, clear,
  subjects, misses, query_digest, result, salt, commitment, previous, hash, position
)
"""
