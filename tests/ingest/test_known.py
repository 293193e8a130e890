"""Places of tags: found alike by one pass over the table and by halving, whatever share of them the table has."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from jishi.golden.known import FEW, Finder


@pytest.mark.parametrize("table", [1, 2, 9, 1_000, 20_000])
@pytest.mark.parametrize("share", [1 / (FEW * 2), 1.0])
def test_every_tag_is_found_at_its_place_and_no_other_is(table: int, share: float) -> None:
    random = np.random.default_rng(table)
    # the halves lie apart in memory, as they do in what the database sends
    tags = random.integers(0, 2**64, (table, 3), dtype=np.uint64)
    asked = max(1, int(table * share))
    expected = random.integers(0, table, asked)
    wanted = tags[expected].copy()
    strange = random.random(asked) < 0.5
    wanted[strange, 1] = random.integers(0, 2**64, int(strange.sum()), dtype=np.uint64)
    found = Finder(tags[:, 0], tags[:, 1]).find(pl.Series(wanted[:, 0].copy()), pl.Series(wanted[:, 1].copy()))
    assert found.tolist() == np.where(strange, -1, expected).tolist()
