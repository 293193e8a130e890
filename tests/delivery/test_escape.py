"""No exported cell is a formula, and no number becomes text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jishi.delivery.escape import escape_formula


@pytest.mark.parametrize(
    "text",
    [
        "=cmd|' /C calc'!A0",
        "@SUM(1+1)",
        "+1+cmd|x",
        "-2+3+cmd|x",
        "\t=1+1",
        "\r=1+1",
        "\n=1+1",
        " =1+1",
        "\u200b=1+1",
        "　=1+1",
        "＝１＋１",
        "|calc",
        "-",
        "+86 100-0000-0001",
        "=",
    ],
)
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert escape_formula(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "苏州", "-12.5", "+3", "-1,200.00", "-5%", "-1E-7", "1-2", "a=b", "x@y", "<script>alert(1)</script>"]
)
def test_other_text_and_numbers_stay(text: str) -> None:
    assert escape_formula(text) == text


@given(st.text())
def test_nothing_comes_out_that_begins_as_a_formula_does_unless_it_is_a_number(text: str) -> None:
    made = escape_formula(text)
    assert made in (text, f"'{text}")
    if made.lstrip(" ")[:1] in ("=", "@", "\t", "\r"):
        raise AssertionError(made)
