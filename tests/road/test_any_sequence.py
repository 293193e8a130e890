"""Invariants 1 to 5 of the design under any sequence: loads, repeats, late and announced data, endings, absence, held
batches, refused rows and their correction, several sources on one entity, conflicts of identity, references, a moving clock,
stewards who merge and unmerge.

Rules are another room's matter, and Great Expectations takes a second a batch: the long runs refuse by the check character
alone, told from the staged facts; a short one has the real thing.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from feeds import FEEDS, Row
from play import Play
from sequence import Deliver, Merge, Step, Unmerge, steps
from sieve import by_check_character

FIRMS = ("firms-a", "firms-a", "firms-b", "firms-full", "firms-strict")
REFERRING = ("firms-a", "people", "people", "people-full", "certs", "firms-b")
RULED = ("firms-a", "firms-full", "people")
CALENDAR = ("certs", "certs", "decisions", "repairs", "firms-a")

LONG = settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    print_blob=True,  # shrinking a sequence takes minutes: whoever needs it has the blob
    phases=(Phase.explicit, Phase.generate),
)
SHORT = settings(LONG, max_examples=6, derandomize=True)


@pytest.fixture
def quick(city: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The deployment with every feed declared, that refuses by the check character alone."""
    monkeypatch.setattr("jishi_ingest.pipeline.examine", by_check_character)
    return _declared(city)


def _declared(city: Any) -> Any:
    for feed in FEEDS:
        feed.declare(city.settings.home_dir)
    city.opened = None
    return city


@pytest.fixture
def strict(city: Any) -> Any:
    """The deployment with every feed declared, and every rule evaluated."""
    return _declared(city)


async def _play(city: Any, sequence: list[Step]) -> None:
    play = Play(city)
    await play.start()
    for step in sequence:
        await play.step(step)
    await play.end()


@given(sequence=steps(FIRMS, 3, 6, regrouping=True))
@SHORT
async def test_any_sequence_of_one_register(quick: Any, sequence: list[Step]) -> None:
    await _play(quick, sequence)


@given(sequence=steps(REFERRING, 3, 6, regrouping=True))
@SHORT
async def test_any_sequence_of_registers_that_refer_to_each_other(quick: Any, sequence: list[Step]) -> None:
    await _play(quick, sequence)


@given(sequence=steps(CALENDAR, 3, 6, regrouping=True))
@SHORT
async def test_any_sequence_of_what_the_calendar_changes(quick: Any, sequence: list[Step]) -> None:
    await _play(quick, sequence)


async def test_who_refers_to_a_number_that_was_announced_of_a_merged_entity_finds_the_survivor(quick: Any) -> None:
    rows = [Row(1), Row(2), Row(2, swap=1, since=10)]
    refers = Deliver("firms-b", (Row(1, day=15),))
    await _play(quick, [*(Deliver("firms-a", (row,)) for row in rows), Merge(0, 0), refers, Unmerge(0)])
    assert await quick.value("SELECT count(to_uid) FROM jishi.relation") > 0


@given(sequence=steps(RULED, 2, 3, regrouping=True))
@settings(SHORT, max_examples=2)
async def test_any_sequence_with_every_rule_evaluated(strict: Any, sequence: list[Step]) -> None:
    await _play(strict, sequence)


@pytest.mark.soak
@given(sequence=steps(RULED, 3, regrouping=True))
@settings(LONG, max_examples=200)
async def test_any_sequence_with_every_rule_evaluated_for_long(strict: Any, sequence: list[Step]) -> None:
    await _play(strict, sequence)


@pytest.mark.soak
@given(sequence=steps(FIRMS, 3, regrouping=True))
@LONG
async def test_any_sequence_of_one_register_for_long(quick: Any, sequence: list[Step]) -> None:
    await _play(quick, sequence)


@pytest.mark.soak
@given(sequence=steps(REFERRING, 3, regrouping=True))
@LONG
async def test_any_sequence_of_registers_that_refer_to_each_other_for_long(quick: Any, sequence: list[Step]) -> None:
    await _play(quick, sequence)


@pytest.mark.soak
@given(sequence=steps(CALENDAR, 3, regrouping=True))
@LONG
async def test_any_sequence_of_what_the_calendar_changes_for_long(quick: Any, sequence: list[Step]) -> None:
    await _play(quick, sequence)
