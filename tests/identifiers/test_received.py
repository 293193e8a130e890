"""The lasting hash of a received row: as its description says, alike in both forms, the same for ever."""

from __future__ import annotations

import hashlib
import hmac

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from jishi.identifiers.keys import Keys
from jishi.identifiers.received import hash_row, hash_rows

KEYS = Keys(current=2, secrets={1: b"1" * 32, 2: b"2" * 32})
CELLS = {"姓名": "甲\x1f乙", "证件\x1b号码": "", "地址": None, "geometry": "0101ff", "row_surplus": '["多"]'}


def by_hand(secret: bytes, cells: dict[str, str | None]) -> bytes:
    """What the module's description says, from nothing but the standard library."""
    extracted = hmac.new(bytes(32), secret, hashlib.sha256).digest()
    key = hmac.new(extracted, b"jishi/1/received-row/\x01", hashlib.sha256).digest()
    pairs = [(header, cell) for header, cell in cells.items() if cell is not None]
    parts = [part for pair in sorted(pairs) for part in pair]
    text = "\x1f".join(part.replace("\x1b", "\x1be").replace("\x1f", "\x1bs") for part in parts)
    return hashlib.blake2b(text.encode(), key=key, digest_size=16).digest()


def test_a_hash_is_made_anew_from_its_description_alone() -> None:
    assert hash_row(KEYS, CELLS) == by_hand(b"1" * 32, CELLS)


def test_a_hash_never_changes() -> None:
    assert hash_row(KEYS, CELLS).hex() == "920cd9add7d893c58bcee86265c4f835"


def test_a_rotation_of_the_keys_changes_no_hash() -> None:
    assert hash_row(Keys(current=1, secrets={1: b"1" * 32}), CELLS) == hash_row(KEYS, CELLS)


def test_geometry_counts_by_its_hex_digits_and_numbers_of_rows_do_not_count() -> None:
    frame = pl.DataFrame({"row_number": [7], "row_fault": ["ragged"], "geometry": [b"\x01\x01\xff"]})
    assert hash_rows(KEYS, frame).tobytes() == hash_row(KEYS, {"geometry": "0101ff"})


def test_neither_a_cell_nor_a_header_can_reach_into_its_neighbour() -> None:
    rows: list[dict[str, str | None]] = [
        {"a": "b", "c": "d"},
        {"a": "b\x1fc\x1fd"},
        {"a\x1fb": "c\x1fd"},
        {"a": "b", "c": None},
        {"a": "b", "c": ""},
        {"a": "b", "c": "\x1bn"},
        {"a": "d", "c": "b"},
    ]
    assert len({hash_row(KEYS, row) for row in rows}) == len(rows)


texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@settings(deadline=None)
@given(st.lists(st.fixed_dictionaries({"b": texts, "甲": texts, "a\x1f": texts}), min_size=1, max_size=5))
def test_rows_in_columns_and_single_rows_hash_alike(rows: list[dict[str, str | None]]) -> None:
    frame = pl.DataFrame(rows, schema=dict.fromkeys(["b", "甲", "a\x1f"], pl.String), orient="row")
    found = hash_rows(KEYS, frame)
    assert [line.tobytes() for line in found] == [hash_row(KEYS, row) for row in rows]
    turned = hash_rows(KEYS, frame.select("甲", "a\x1f", "b"))
    assert found.tobytes() == turned.tobytes()
