"""Every file of the defect corpus comes to its stated outcome: read right, or refused in part or whole with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus import CASES
from corpus_case import Case, refusal, travel
from jishi.errors import InputRefusedError

LONG = (
    "columns-20000.csv",
    "million-delimiters.csv",
    "row-of-empty-cells-without-end.csv",
    "cell-of-two-megabytes.csv",
)


def by_name(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", [case for case in CASES if case.fault is None], ids=by_name)
def test_a_file_with_defects_is_read_as_stated(case: Case) -> None:
    outcome = travel(case, case.make())
    bad = sum(case.refused.values()) if case.bad is None else case.bad
    assert (outcome.received, outcome.refused, outcome.bad) == (case.received, dict(case.refused), bad)
    assert outcome.warned == dict(case.warned)
    assert set(case.notes) == set(outcome.notes) - {"ING-COLUMN-IGNORED"}
    if case.encoding is not None:
        assert outcome.encoding == case.encoding
    if case.format is not None:
        assert outcome.format == case.format
    for element, values in case.values.items():
        assert tuple(outcome.frame[element]) == values


@pytest.mark.parametrize("case", [case for case in CASES if case.fault is not None], ids=by_name)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence_with_its_place(case: Case) -> None:
    error = refusal(case, case.make())
    assert isinstance(error, InputRefusedError), "it was read"
    assert error.code == case.fault
    if case.line is not None:
        assert error.line == case.line
    if case.byte is not None:
        assert error.byte == case.byte
    for language in ("zh-CN", "en"):
        sentence = error.text(language)
        assert "{" not in sentence and "None" not in sentence, sentence
    assert case.says in error.text("en")


@pytest.mark.parametrize("case", [case for case in CASES if case.received > 1 and case.name not in LONG], ids=by_name)
def test_rows_are_the_same_in_chunks_of_two(case: Case) -> None:
    whole, parts = (travel(case, case.make(), chunk_rows=rows) for rows in (None, 2))
    assert (parts.received, parts.refused, parts.warned) == (whole.received, whole.refused, whole.warned)
    assert parts.notes == whole.notes


def test_a_member_that_points_out_of_its_archive_is_read_and_written_nowhere() -> None:
    for case in CASES:
        if case.name in ("out-of-the-folder.zip", "absolute.zip"):
            assert travel(case, case.make()).received == case.received
    assert not Path("/tmp/jishi-escaped.csv").exists()


def test_names_are_told_apart_and_there_are_enough() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 80
