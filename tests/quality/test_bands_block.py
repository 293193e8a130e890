"""A run of strange names is found among thousands of right ones; scattered renamings are none."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

from jishi.quality.bands import BatchCounts, Thresholds, bands
from jishi.quality.block import Block, Strange, find_block


def delivery(strange: Iterable[int], known: Iterable[int]) -> list[Strange]:
    """The strange rows among the ``known`` ones, which are compared; the others the register has never seen."""
    places = {row: place for place, row in enumerate(sorted({*known, *strange}), start=1)}
    return [Strange(row, places[row]) for row in sorted(strange)]


def test_fifty_shifted_rows_of_twenty_thousand_are_a_block() -> None:
    rows = delivery(range(7001, 7051), range(1, 20_001))
    assert find_block(rows) == Block(7001, 7050, 50)


def test_a_block_is_found_with_some_right_names_in_it_and_renamings_around_it() -> None:
    random = Random(1)
    shifted = [row for row in range(7001, 7101) if row % 8]
    renamed = random.sample(range(1, 6900), 100)
    found = find_block(delivery({*shifted, *renamed}, range(1, 20_001)))
    assert found is not None
    assert (found.first, found.last) == (7001, 7095)  # the last four weigh no more than the right name before them


def test_a_block_is_found_where_half_of_its_rows_are_new_to_the_register() -> None:
    rows = delivery(range(7001, 7101, 2), range(1, 20_001, 2))
    assert find_block(rows) == Block(7001, 7099, 50)


def test_one_renaming_in_a_hundred_is_no_block() -> None:
    assert find_block(delivery(range(50, 20_000, 100), range(1, 20_001))) is None


def test_renamings_of_a_delta_that_leaves_the_others_out_are_no_block() -> None:
    """Only what changed is compared: between the renamed rows lie unchanged ones, of which nothing is known here."""
    renamed = range(100, 20_000, 100)
    assert find_block(delivery(renamed, renamed)) is None


def test_a_twentieth_of_random_renamings_is_no_block() -> None:
    renamed = Random(2).sample(range(1, 20_001), 1000)
    assert find_block(delivery(renamed, range(1, 20_001))) is None


def test_nineteen_rows_are_no_block_and_none_are_none() -> None:
    assert find_block(delivery(range(1, 20), range(1, 1000))) is None
    assert find_block(delivery(range(1, 21), range(1, 1000))) == Block(1, 20, 20)
    assert find_block([]) is None


def test_a_block_holds_a_batch_whose_share_would_let_it_pass() -> None:
    counts = BatchCounts(received=20_000, refused=0, named=20_000, misnamed=50, block=Block(7001, 7050, 50))
    [reason] = bands(Thresholds(), [], counts)
    assert reason.code == "QLT-HELD-NAMES-BLOCK"
    assert reason.text("zh-CN").startswith("第 7001 行至第 7050 行之间有 50 行")
    assert bands(Thresholds(names_share="off"), [], counts) == []
