"""Bands learnt from a source's last batches: steady, growing, weekly, with an outlier, tiny, untidy."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from jishi.quality.bands import BatchCounts, HeldReason, PublishedBatch, Thresholds, bands
from jishi.quality.learnt import MOST, learn_share, learn_volume

FULL, DELTA = Thresholds(mode="full"), Thresholds(mode="delta")
LOW, HIGH = "QLT-HELD-VOLUME-LOW-LEARNT", "QLT-HELD-VOLUME-HIGH-LEARNT"
WEEK = [1000, 1010, 990, 1005, 995, 100, 95]


def judged(
    thresholds: Thresholds, history: Sequence[int | tuple[int, int] | tuple[int, int, int, int]], **counts: Any
) -> list[HeldReason]:
    """Each batch of the history: received, and as far as given refused, endings, live."""
    past = [PublishedBatch(*(batch if isinstance(batch, tuple) else (batch,))) for batch in history]
    return bands(thresholds, past, BatchCounts(**{"refused": 0, **counts}))


def codes(thresholds: Thresholds, history: Sequence[int], received: int) -> list[str]:
    return [reason.code for reason in judged(thresholds, history, received=received)]


@pytest.mark.parametrize(
    ("received", "expected"), [(1000, []), (920, []), (880, [LOW]), (1090, []), (1120, [HIGH]), (0, [LOW])]
)
def test_a_steady_source_is_held_to_what_it_always_sends(received: int, expected: list[str]) -> None:
    assert codes(FULL, [1000, 1002, 999, 1001, 1000, 998], received) == expected


def test_three_batches_teach_nothing_and_four_do() -> None:
    assert codes(FULL, [1000] * 3, 800) == []
    assert codes(FULL, [1000] * 4, 800) == [LOW]


def test_the_reason_says_the_learnt_limit_and_from_how_many_batches() -> None:
    [reason] = judged(FULL, [1000] * 6, received=700)
    assert reason.values == {"received": 700, "usual": "1000", "limit": "900", "batches": 6}
    assert reason.text("zh-CN") == "本批 700 行，少于从该数源最近 6 批学得的下限 900 行（通常 1000 行）"
    assert "under the 900 learnt from the last 6 batches" in reason.text("en")


def test_only_the_last_fifteen_batches_teach() -> None:
    [reason] = judged(FULL, [10] * 40 + [1000] * MOST, received=10)
    assert reason.values["batches"] == MOST


@pytest.mark.parametrize("growth", [1.01, 1.03, 1.05, 1.08, 1.15])
def test_a_growing_source_is_let_grow_and_its_collapse_is_seen(growth: float) -> None:
    sizes = [round(1000 * growth**n) for n in range(40)]
    for length in range(4, 40):
        assert codes(FULL, sizes[:length], sizes[length]) == []
    assert codes(FULL, sizes, sizes[-1] * 2) == [HIGH]
    assert codes(FULL, sizes, sizes[-1] // 12) == [LOW]


def test_a_weekly_pattern_is_learnt_and_a_lost_weekday_within_it_is_not_hidden_for_ever() -> None:
    days = WEEK * 6
    late = [codes(DELTA, days[:day], days[day]) for day in range(15, len(days))]
    assert late == [[]] * len(late)
    assert codes(DELTA, days, 20) == [LOW]
    assert codes(DELTA, days, 2000) == [HIGH]


def test_one_odd_day_a_week_is_learnt_too() -> None:
    days = [1000, 1000, 1000, 1000, 1000, 1000, 4000] * 6
    late = [codes(DELTA, days[:day], days[day]) for day in range(15, len(days))]
    assert late == [[]] * len(late)


@pytest.mark.parametrize("outlier", [10, 90_000])
@pytest.mark.parametrize("place", range(10))
def test_one_outlier_that_was_released_widens_nothing(outlier: int, place: int) -> None:
    history = [1000 + 3 * n for n in range(10)]
    history[place] = outlier
    assert codes(FULL, history, 700) == [LOW]
    assert codes(FULL, history, 1400) == [HIGH]
    assert codes(FULL, history, outlier) in ([LOW], [HIGH])
    assert codes(FULL, history, 1010) == []


def test_a_noisy_source_is_seldom_held() -> None:
    random = Random(1)
    sizes = [round(random.gauss(1000, 150)) for _ in range(400)]
    held = sum(bool(codes(FULL, sizes[max(0, n - MOST) : n], sizes[n])) for n in range(MOST, 400))
    assert held / (400 - MOST) < 0.03


def test_a_tiny_source_learns_no_volume() -> None:
    assert codes(DELTA, [3, 5, 2, 4, 6, 1], 40) == []
    assert codes(DELTA, [0, 0, 0, 0, 0], 1) == []
    assert codes(FULL, [5, 5, 5, 5], 2) == ["QLT-HELD-VOLUME-LOW"]  # the default of a full delivery still stands


def test_deltas_that_are_now_long_and_now_short_learn_no_volume() -> None:
    yearly_lists = [15_717, 1_774, 5_012, 2_158, 1_723, 2_906, 2_151]
    assert [codes(DELTA, yearly_lists, rows) for rows in (15_717, 113_541, 10)] == [[], [], []]


def test_counting_alone_makes_a_small_source_vary() -> None:
    history = [25, 31, 22, 28, 30, 24]
    assert [codes(FULL, history, rows) for rows in (14, 40)] == [[], []]
    assert [codes(FULL, history, rows) for rows in (5, 60)] == [[LOW], [HIGH]]


def test_a_declared_volume_stands_above_the_learnt_one() -> None:
    wide = Thresholds(mode="full", volume_below=0.9, volume_above="off")
    assert [codes(wide, [1000] * 6, rows) for rows in (150, 99, 90_000)] == [[], ["QLT-HELD-VOLUME-LOW"], []]
    assert codes(Thresholds(mode="delta", volume_above=0.1), [1000] * 6, 1200) == ["QLT-HELD-VOLUME-HIGH"]


def test_refused_shares_are_held_to_what_is_usual() -> None:
    clean = [(1000, 2), (1000, 1), (1000, 3), (1000, 0), (1000, 2)]
    assert judged(DELTA, clean, received=1000, refused=50) == []
    [reason] = judged(DELTA, clean, received=1000, refused=60)
    assert reason.code == "QLT-HELD-FAILURES-LEARNT"
    assert (reason.values["limit"], reason.values["batches"]) == ("5.2%", 5)
    assert [r.code for r in judged(DELTA, clean[:3], received=1000, refused=301)] == ["QLT-HELD-FAILURES"]


def test_an_untidy_source_is_not_held_every_day_and_one_bad_batch_makes_none_untidy() -> None:
    untidy = [(1000, 400), (1000, 420), (1000, 410), (1000, 390)]
    assert judged(DELTA, untidy, received=1000, refused=440) == []
    assert [r.code for r in judged(DELTA, untidy, received=1000, refused=480)] == ["QLT-HELD-FAILURES-LEARNT"]
    once = [(1000, 2)] * 6 + [(1000, 900)]
    assert [r.code for r in judged(DELTA, once, received=1000, refused=100)] == ["QLT-HELD-FAILURES-LEARNT"]


def test_a_handful_of_refused_rows_holds_nothing() -> None:
    clean = [(60, 0)] * 8
    assert judged(DELTA, clean, received=60, refused=15) == []
    assert [r.code for r in judged(DELTA, clean, received=60, refused=19)] == ["QLT-HELD-FAILURES"]
    short = [(10, 10)] * 8  # too short to teach
    assert [r.code for r in judged(DELTA, short, received=1000, refused=400)] == ["QLT-HELD-FAILURES"]


def test_endings_are_held_to_what_is_usual() -> None:
    calm = [(100, 0, 20, 10_000), (100, 0, 25, 10_000), (100, 0, 15, 10_000), (100, 0, 22, 10_000)]
    assert judged(DELTA, calm, received=100, endings=110, live=10_000) == []
    [reason] = judged(DELTA, calm, received=100, endings=130, live=10_000)
    assert reason.code == "QLT-HELD-ENDINGS-LEARNT"
    assert reason.values == {"endings": 130, "live": 10_000, "share": "1.3%", "limit": "1.2%", "batches": 4}
    few = [(100, 0, 0, 200)] * 5
    assert judged(DELTA, few, received=100, endings=9, live=200) == []
    assert [r.code for r in judged(DELTA, few, received=100, endings=12, live=200)] == ["QLT-HELD-ENDINGS"]
    strict = Thresholds(endings_share=0.0)
    assert [r.code for r in judged(strict, calm, received=100, endings=1, live=10_000)] == ["QLT-HELD-ENDINGS"]


def test_every_learnt_reason_is_told_in_both_languages() -> None:
    history = [(1000, 1, 10, 10_000)] * 6
    found = judged(FULL, history, received=300, refused=200, endings=9000, live=10_000)
    assert [reason.code for reason in found] == [LOW, "QLT-HELD-FAILURES-LEARNT", "QLT-HELD-ENDINGS-LEARNT"]
    for reason in found:
        for language in ("zh-CN", "en"):
            assert "{" not in reason.text(language)
            assert "6" in reason.text(language)


def test_bands_of_next_to_nothing_are_no_error() -> None:
    assert learn_volume([], 0.1) is None
    assert learn_volume([0, 0, 0, 0], 0.1) is not None
    band = learn_share([1.0, 1.0, 1.0, 1.0], 0.05)
    assert band is not None
    assert band.high == 1.0
