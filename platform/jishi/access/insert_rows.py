"""A group of disclosures as one insert: numbered, chained, and passed as arrays (disclose, road out).

What rows have in common (caller, grant, purpose, elements, …) travels once a group as a *frame*, to which each row points;
the rest is one array a column. Arrays of arrays must be rectangular, so lists travel joined, with their bounds beside them.
PostgreSQL takes a row's part out of each array by its place: for the tens of rows of a group that is cheaper than to
``unnest`` twenty of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
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
    drawn = os.urandom(chain.SALT_BYTES * len(disclosures))
    for number, told in enumerate(disclosures, last + 1):
        place = chain.SALT_BYTES * (number - last)
        salt = drawn[place - chain.SALT_BYTES : place] if told.case_no is not None else None
        commitment = chain.commit(scheme, salt, told.case_no) if salt and told.case_no is not None else None
        subjects = b"".join([subject.bytes for subject in told.subjects])
        hashes.append(chain.hash_of(scheme, named, number, micros, told, subjects, commitment, hashes[-1]))
        salts.append(salt)
        commitments.append(commitment)
    return Group(writer, last + 1, at, disclosures, salts, commitments, hashes[:-1], hashes[1:])


def parameters(group: Group) -> tuple[object, ...]:
    """What ``INSERT`` is executed with."""
    told = group.disclosures
    places: dict[_Frame, int] = {}
    frames = [places.setdefault(_frame(row), len(places) + 1) for row in told]
    channels, acts, kinds, callers, departments, grants, purposes, registers, masked, clear, results = zip(
        *places, strict=True
    )
    subjects = [row.subjects for row in told]
    return (
        group.writer,
        group.first - 1,
        group.disclosed_at,
        [row.request_id for row in told],
        frames,
        channels,
        acts,
        kinds,
        callers,
        departments,
        grants,
        purposes,
        registers,
        results,
        *_joined(masked),
        *_joined(clear),
        *_joined(subjects),
        [row.misses for row in told],
        [row.query_digest for row in told],
        [row.case_no for row in told],
        group.salts,
        group.commitments,
        [group.previous[0], *group.hashes],
    )


_Frame = tuple[object, ...]
"""What many rows of a group have in common."""


def _frame(row: Disclosure) -> _Frame:
    return (
        row.channel,
        row.act,
        row.caller_kind,
        row.caller,
        row.department,
        row.grant_id,
        row.purpose,
        row.register,
        row.masked,
        row.clear,
        row.result,
    )


def _joined(lists: Iterable[Sequence[object]]) -> tuple[list[object], list[int]]:
    """All items one after the other, and before each list how many items there are so far, with the total at the end."""
    items: list[object] = []
    counts = [0]
    for part in lists:
        items += part
        counts.append(len(items))
    return items, counts


def _insert() -> str:
    """The statement: parameters in the order of :func:`parameters`, ``p`` a row's place, ``frame`` that of its frame."""
    frame = "($5::integer[])[p]"
    shared = [
        f"(${number}::{kind}[])[{frame}]"
        for number, kind in enumerate(["text"] * 5 + ["bigint", "text", "smallint", "text"], 6)
    ]

    def part(items: int, kind: str, place: str) -> str:
        counts = f"(${items + 1}::integer[])"
        return f"(${items}::{kind}[])[{counts}[{place}] + 1 : {counts}[{place} + 1]]"

    return f"""
-- A group of disclosures, behind row $2 of writer $1.
INSERT INTO jishi.disclosure (
  writer, number, disclosed_at, request_id, channel, act, caller_kind, caller, department, grant_id, purpose, register,
  result, masked, clear, subjects, misses, query_digest, case_no, salt, commitment, previous, hash
)
SELECT
  $1::uuid, $2::bigint + p, $3::timestamptz, ($4::uuid[])[p], {", ".join(shared)},
  {part(15, "text", frame)}, {part(17, "text", frame)}, {part(19, "uuid", "p")}, ($21::integer[])[p],
  ($22::bytea[])[p], ($23::text[])[p], ($24::bytea[])[p], ($25::bytea[])[p], ($26::bytea[])[p], ($26::bytea[])[p + 1]
FROM generate_subscripts($4::uuid[], 1) AS p
"""  # noqa: S608  numbers and types of parameters


INSERT = _insert()
