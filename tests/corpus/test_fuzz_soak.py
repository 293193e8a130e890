"""The fuzzer in its short form: a minute of bent files, and nothing but refusals comes of them."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from corpus import CASES
from fuzz import run, try_one
from fuzz_input import bend

SMALL = [
    (case, data)
    for case in CASES
    if case.name[:4] in ("plai", "one-", "html", "two-") and len(data := case.make()) < 20_000
]


@pytest.mark.soak
def test_a_minute_of_bent_files_ends_in_refusals_alone(tmp_path: Path) -> None:
    tally = run(1.0, tmp_path / "fuzz.log", first=random.randrange(1 << 40))
    found = tmp_path / "fuzz.found"
    assert not found.exists(), found.read_text(encoding="utf-8")[:4000]
    assert tally.inputs > 100
    assert tally.read > 0
    assert len(tally.refused) > 5


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**48))
def test_a_bent_file_is_read_or_refused(seed: int) -> None:
    case, name, data, _ = bend(SMALL, random.Random(seed))
    code, rows = try_one(case, name, data)
    assert (code == "read") == (rows > 0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.binary(max_size=400),
    st.sampled_from(["a.csv", "a.json", "a.ndjson", "a.xls", "a.xlsx", "a.zip", "a.gz", "a.parquet"]),
)
def test_any_bytes_are_read_or_refused(data: bytes, name: str) -> None:
    code, rows = try_one(CASES[0], name, data)
    assert (code == "read") == (rows > 0)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.lists(st.text(max_size=6), min_size=2, max_size=2), min_size=1, max_size=6))
def test_text_of_any_characters_under_the_right_headers_loses_no_row(rows: list[list[str]]) -> None:
    cells = [[f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row] for row in rows]
    text = "\n".join(["企业名称,统一社会信用代码", *map(",".join, cells)]) + "\n"
    code, count = try_one(CASES[0], "a.csv", text.encode("utf-8", "surrogatepass"))
    meant = [row for row in rows if any(_bare(cell) for cell in row)]
    kept = [row for row in meant if [_bare(cell) for cell in row] != ["企业名称", "统一社会信用代码"]]
    assert count <= len(kept)
    assert code != "read" or count == len(kept) - _closing(kept)


def _bare(cell: str) -> str:
    """Without white space at its ends, as Unicode has it: the separators of information (U+001C to U+001F) are none."""
    return re.sub(rf"^{_SPACE}+|{_SPACE}+$", "", cell)


_SPACE = r"[^\S\x1c-\x1f]"


def _closing(rows: list[list[str]]) -> int:
    """Rows at the end that begin with a word of the footer."""
    count = 0
    for row in reversed(rows):
        first = next(cell for cell in row if _bare(cell))
        if not "".join(first.split()).startswith(("合计", "总计", "制表", "共计")):
            break
        count += 1
    return count
