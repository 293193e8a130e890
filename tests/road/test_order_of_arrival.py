"""References find the same targets whichever arrives first: firms, people and certificates that name each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from feeds import FEEDS, Row
from play import Play
from sequence import Deliver
from sieve import by_check_character

LONG = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.generate),
)
SHORT = settings(LONG, max_examples=3, derandomize=True)

ROWS = st.lists(
    st.builds(
        Row,
        key=st.integers(1, 3),
        to=st.sampled_from([None, 0, 1, 2]),
        since=st.sampled_from([-30, -20, 10]),
        day=st.sampled_from([None, -15, 5, 15]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda row: row.key,
).map(tuple)
"""Everybody has a number of his own, and says everything once: which number is meant is never in doubt."""

NAMES = ("firms-a", "people", "certs")


@pytest.fixture
def quick(city: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("jishi_ingest.pipeline.examine", by_check_character)
    for feed in FEEDS:
        feed.declare(city.settings.home_dir)
    return city


@given(rows=st.tuples(ROWS, ROWS, ROWS), order=st.permutations(range(3)))
@SHORT
async def test_the_order_of_arrival_makes_no_relation_another(
    quick: Any, rows: tuple[tuple[Row, ...], ...], order: list[int]
) -> None:
    assert await _relations(quick, rows, order) == await _relations(quick, rows, range(3))


@pytest.mark.soak
@given(rows=st.tuples(ROWS, ROWS, ROWS), order=st.permutations(range(3)))
@LONG
async def test_the_order_of_arrival_makes_no_relation_another_for_long(
    quick: Any, rows: tuple[tuple[Row, ...], ...], order: list[int]
) -> None:
    assert await _relations(quick, rows, order) == await _relations(quick, rows, range(3))


async def _relations(city: Any, rows: tuple[tuple[Row, ...], ...], order: Iterable[int]) -> Counter[tuple[Any, ...]]:
    """Every relation by the numbers of both its ends, after the deliveries in that order."""
    play = Play(city)
    await play.start()
    for which in order:
        await play.step(Deliver(NAMES[which], rows[which]))
    found = await city.rows(
        """
SELECT r.kind, f.lookup AS from_lookup, r.to_lookup, t.lookup AS found, r.effective_from, r.effective_to
FROM jishi.relation r JOIN jishi.identifier f ON f.uid = r.from_uid AND f.strong
LEFT JOIN jishi.identifier t ON t.uid = r.to_uid AND t.strong"""
    )
    for row in found:
        assert row["found"] in (None, row["to_lookup"]), "another target than is named"
    return Counter(tuple(row.values()) for row in found)
