"""Row digests: stable, keyed, and no two different rows give the same."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jishi.identifiers.digests import digest_row, digest_rows, row_text, tag_key, tag_row_key
from jishi.identifiers.keys import Keys

KEYS = Keys(1, {1: bytes(range(32))})
_cells = st.one_of(st.none(), st.text(st.sampled_from("ab\x1b\x1fne"), max_size=4), st.text(max_size=6))
_rows = st.lists(st.lists(_cells, min_size=3, max_size=3), min_size=1, max_size=20)


@settings(max_examples=80, deadline=None)
@given(_rows)
def test_a_column_form_and_a_row_form_give_the_same(rows: list[list[str | None]]) -> None:
    rows = [[None if cell is None else cell.encode("utf-8", "ignore").decode() for cell in row] for row in rows]
    frame = pl.DataFrame(rows, schema={"a": pl.String, "b": pl.String, "c": pl.String}, orient="row")
    assert digest_rows(KEYS, frame, ["a", "b", "c"]).to_list() == [digest_row(KEYS, row) for row in rows]
    assert tag_key(KEYS, frame, ["a", "b", "c"]).to_list() == [tag_row_key(KEYS, row) for row in rows]


@settings(max_examples=300, deadline=None)
@given(st.lists(_cells, min_size=2, max_size=2), st.lists(_cells, min_size=2, max_size=2))
def test_different_rows_never_give_the_same_text(one: list[str | None], other: list[str | None]) -> None:
    assert (row_text(one) == row_text(other)) is (one == other)


def test_null_is_not_empty_and_columns_cannot_bleed() -> None:
    frame = pl.DataFrame({"a": ["x", "", None, "xy", "x\x1f"], "b": ["y", "xy", "xy", "", "y"]})
    assert digest_rows(KEYS, frame, ["a", "b"]).n_unique() == 5


def test_columns_count_in_the_order_given_and_the_keys_count() -> None:
    frame = pl.DataFrame({"a": ["1"], "b": ["2"]})
    digest = digest_rows(KEYS, frame, ["a", "b"])[0]
    assert digest != digest_rows(KEYS, frame, ["b", "a"])[0]
    assert digest != tag_key(KEYS, frame, ["a", "b"])[0]
    assert digest != digest_rows(Keys(1, {1: bytes(32)}), frame, ["a", "b"])[0]


def test_a_source_key_with_a_missing_part_is_missing() -> None:
    frame = pl.DataFrame({"a": ["1", None, "1"], "b": [1, 2, None]})
    assert tag_key(KEYS, frame, ["a", "b"]).is_null().to_list() == [False, True, True]


def test_every_type_of_a_stage_column_has_a_text_that_stays() -> None:
    frame = pl.DataFrame(
        {
            "text": ["张三", None],
            "day": [date(1962, 3, 5), None],
            "instant": [datetime(2026, 11, 21, 8, 30, 0, 5, tzinfo=UTC), None],
            "money": [Decimal("12.500000"), None],
            "count": [7, None],
            "yes": [True, None],
            "bytes": [b"\x01\x1f", None],
        }
    )
    assert digest_rows(KEYS, frame, frame.columns)[0] == digest_row(
        KEYS, ["张三", "-2859", "1795249800000005", "12.500000", "7", "true", "011f"]
    )
    assert digest_rows(KEYS, frame, frame.columns)[1] == digest_row(KEYS, [None] * 7)
    milli = frame.with_columns(pl.col("instant").cast(pl.Datetime("us", "Asia/Shanghai")))
    assert digest_rows(KEYS, milli, frame.columns).to_list() == digest_rows(KEYS, frame, frame.columns).to_list()


def test_floating_point_and_nested_columns_are_refused() -> None:
    for frame in (pl.DataFrame({"a": [1.5]}), pl.DataFrame({"a": [["x"]]})):
        with pytest.raises(TypeError, match="stays the same"):
            digest_rows(KEYS, frame, ["a"])


def test_an_empty_frame_has_no_digests_and_no_column_is_an_error() -> None:
    frame = pl.DataFrame({"a": []}, schema={"a": pl.String})
    assert digest_rows(KEYS, frame, ["a"]).to_list() == []
    assert tag_key(KEYS, frame, ["a"]).to_list() == []
    with pytest.raises(ValueError, match="needs a column"):
        digest_rows(KEYS, frame, [])


def test_digests_are_the_same_in_every_version_of_the_libraries() -> None:
    assert digest_row(KEYS, ["张三", None, ""]) == "82ad9aeffe39d8af44c0f4408650bd25"
    assert tag_row_key(KEYS, ["2779"]) == "67d0860578a5db61d669a4f62866be51"
