"""Which batches are held for a steward."""

from __future__ import annotations

from typing import Any

import pytest

from jishi.quality.bands import BatchCounts, PublishedBatch, Thresholds, bands

FULL, DELTA = Thresholds(mode="full"), Thresholds(mode="delta")


def held(thresholds: Thresholds, history: list[int], **counts: Any) -> list[str]:
    found = bands(thresholds, [PublishedBatch(n) for n in history], BatchCounts(**{"refused": 0, **counts}))
    return [reason.code for reason in found]


@pytest.mark.parametrize(
    ("history", "received", "expected"),
    [
        ([], 1, []),
        ([1000], 1000, []),
        ([1000], 600, []),
        ([1000], 599, ["QLT-HELD-VOLUME-LOW"]),
        ([1000], 1400, []),
        ([1000], 1401, ["QLT-HELD-VOLUME-HIGH"]),
        ([1000, 10, 1000], 900, []),
        ([1000], 0, ["QLT-HELD-VOLUME-LOW"]),
        ([10, 10, 10, 10, 10, 1000, 1000, 1000, 1000, 1000], 1000, []),
    ],
)
def test_a_full_batch_far_from_the_median_of_the_last_ones_is_held(
    history: list[int], received: int, expected: list[str]
) -> None:
    assert held(FULL, history, received=received) == expected


def test_a_delta_has_a_volume_band_only_when_its_source_declares_one() -> None:
    assert held(DELTA, [1000], received=1) == []
    assert held(Thresholds(mode="delta", volume_below=0.9), [1000], received=99) == ["QLT-HELD-VOLUME-LOW"]
    assert held(Thresholds(mode="delta", volume_above=4.0), [1000], received=5001) == ["QLT-HELD-VOLUME-HIGH"]


@pytest.mark.parametrize(
    ("received", "refused", "expected"),
    [
        (100, 30, []),
        (100, 31, ["QLT-HELD-FAILURES"]),
        (19, 19, []),
        (20, 7, ["QLT-HELD-FAILURES"]),
        (0, 0, []),
    ],
)
def test_a_batch_with_too_many_refused_rows_is_held(received: int, refused: int, expected: list[str]) -> None:
    assert held(DELTA, [], received=received, refused=refused) == expected


@pytest.mark.parametrize(
    ("endings", "live", "expected"),
    [(5, 100, []), (6, 100, ["QLT-HELD-ENDINGS"]), (3, 0, []), (0, 100, [])],
)
def test_a_batch_that_would_end_too_much_is_held(endings: int, live: int, expected: list[str]) -> None:
    assert held(DELTA, [], received=10, endings=endings, live=live) == expected


def test_a_band_can_be_switched_off() -> None:
    loose = Thresholds(mode="full", volume_below="off", volume_above="off", failure_share="off", endings_share="off")
    assert held(loose, [10, 10, 10, 10], received=100, refused=100, endings=100, live=100) == []


def test_every_band_a_batch_leaves_is_named_in_both_languages() -> None:
    counts = BatchCounts(received=100, refused=90, endings=50, live=1000)

    found = bands(Thresholds(mode="full", endings_share=0.01), [PublishedBatch(1000)], counts)

    assert [reason.code for reason in found] == ["QLT-HELD-VOLUME-LOW", "QLT-HELD-FAILURES", "QLT-HELD-ENDINGS"]
    for language in ("zh-CN", "en"):
        texts = [reason.text(language) for reason in found]
        assert not any("{" in text for text in texts)
        assert "90.0%" in texts[1]
