from __future__ import annotations

import doctest
import hashlib
import struct
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from gmssl_pyx import sm3_hash

from disclosed import disclosure
from jishi.access import chain
from jishi.access.chain import Row
from jishi.access.disclosures import Disclosure
from jishi.access.insert_rows import as_group

AT = datetime(2026, 11, 22, 3, 4, 5, 6, UTC)
TOLD = disclosure(3, 4, case_no="A-1", request_id=UUID(int=2))


def _row(told: Disclosure = TOLD, scheme: int = 1) -> Row:
    group = as_group(scheme, UUID(int=1), 0, chain.FIRST, AT, [told])
    return Row(UUID(int=1), 1, AT, told, group.salts[0], group.commitments[0], group.previous[0], group.hashes[0])


def test_the_worked_vector_of_the_module_holds() -> None:
    assert doctest.testmod(chain).failed == 0


def test_the_canonical_bytes_are_those_that_are_written_down() -> None:
    """Put together here by hand from the table of the module, not by its functions."""

    def text(value: bytes | None) -> bytes:
        return b"\xff\xff\xff\xff" if value is None else struct.pack("!I", len(value)) + value

    row = _row(replace(TOLD, department=None, grant_id=-7, masked=(), clear=("name", "sex")))
    micros = (AT - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    said = [b"api", b"item", b"client", b"c-1", None, b"visit", b"ok", b"-7", b"1"]
    spelt = (
        b"jishi-disclosure-1\0"
        + UUID(int=1).bytes
        + struct.pack("!qq", 1, micros)
        + UUID(int=2).bytes
        + struct.pack("!q", 0)
        + b"".join(text(value) for value in said)
        + struct.pack("!I", 0)
        + struct.pack("!I", 2)
        + text(b"name")
        + text(b"sex")
        + struct.pack("!I", 2)
        + UUID(int=3).bytes
        + UUID(int=4).bytes
        + text(row.commitment)
        + text(bytes(16))
        + text(bytes(32))
    )
    assert row.hash == b"\1" + hashlib.sha256(spelt).digest()
    other = _row(row.told, scheme=2)
    spelt = spelt.replace(text(row.commitment), text(other.commitment))
    assert other.hash == b"\2" + sm3_hash(spelt)


def test_both_implementations_of_sm3_are_the_standards() -> None:
    assert chain._hashes({"sm3"})[2](b"abc") == chain._hashes(())[2](b"abc") == sm3_hash(b"abc")


CHANGES: dict[str, Any] = {
    "request_id": UUID(int=9),
    "channel": "export",
    "act": "search",
    "caller_kind": "user",
    "caller": "c-2",
    "department": None,
    "grant_id": None,
    "purpose": "",
    "register": 2,
    "masked": (),
    "clear": ("name", "mobile"),
    "subjects": (UUID(int=4), UUID(int=3)),
    "misses": 1,
    "query_digest": bytes(15) + b"\1",
    "result": "none",
}


@pytest.mark.parametrize("name", sorted({field.name for field in fields(Disclosure)} - {"case_no"}))
def test_every_part_of_a_disclosure_goes_into_the_hash(name: str) -> None:
    row = _row()
    assert chain.hash_row(row) == row.hash
    assert chain.hash_row(replace(row, told=replace(TOLD, **{name: CHANGES[name]}))) != row.hash


def test_elements_cannot_move_between_lists_or_texts_run_together() -> None:
    hashes = {
        chain.hash_row(replace(_row(), commitment=None, told=replace(TOLD, masked=masked, clear=clear)))
        for masked, clear in [(("a",), ("b",)), (("a", "b"), ()), ((), ("a", "b")), (("ab",), ()), (("a,b",), ())]
    }
    assert len(hashes) == 5


def test_a_redacted_case_number_leaves_the_chain_whole_and_cannot_be_tried() -> None:
    row = _row()
    redacted = replace(row, told=replace(TOLD, case_no=None), salt=None)
    assert chain.hash_row(redacted) == row.hash
    assert row.salt is not None and row.commitment == chain.commit(1, row.salt, "A-1")
    assert row.commitment != _row().commitment  # another salt each time


def test_a_hash_of_no_known_scheme_is_none() -> None:
    assert chain.hash_row(replace(_row(), hash=b"\7" + bytes(32))) is None
    assert chain.hash_row(replace(_row(), hash=b"")) is None
