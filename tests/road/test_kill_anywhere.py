"""A worker dies by SIGKILL at any stages of any sequence of deliveries; all that must always hold holds after it.

Every rule is evaluated and every worker is a process of its own: a kill costs a start, a lease of five seconds and a
second run, some ten seconds; the soak's two hundred sequences of one to three deliveries take about an hour, or less with
several parts side by side.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

import feeds
from feeds import FEEDS, Row
from kill_site import BY_NAME as STAGES
from kill_site import Site, caught, end, kill
from play import BY_NAME, Play
from said import Verdict

Killed = tuple[str, tuple[Row, ...], str | None]
"""Source, rows, and at which stage the worker dies."""


def _here(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """All in one place, so that no delivery ends more than it knows of and is held."""
    return tuple(replace(row, area="东") for row in rows)


sequences = st.lists(
    st.tuples(
        st.sampled_from(["firms-a", "firms-a", "firms-b", "firms-full"]),
        feeds.rows.map(_here),
        st.sampled_from([None, *STAGES, *STAGES]),
    ),
    min_size=1,
    max_size=3,
)

PARTS = 4
"""A run mostly waits, for leases to end and workers to start: parts of the two hundred go on side by side (``-n 4``)."""

LONG = settings(
    max_examples=200 // PARTS,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    print_blob=True,
    phases=(Phase.explicit, Phase.generate),
)
SHORT = settings(LONG, phases=(Phase.explicit,))


@pytest.fixture
def site(city: Any) -> Iterator[Site]:
    """The deployment's workers."""
    for feed in FEEDS:
        feed.declare(city.settings.home_dir)
    made = Site(city.settings, [])
    yield made
    end(made.workers)


@given(sequence=sequences)
@example(
    sequence=[
        ("firms-a", (Row(1, city="甲"), Row(2, to=1, since=-10), Row(3, flawed=True)), "identifiers"),
        ("firms-full", (Row(1, city="乙", since=-20), Row(3, since=10)), None),
        ("firms-a", (Row(2, gone=True), Row(1, swap=1, since=-30)), "changes"),
    ]
)
@SHORT
async def test_a_worker_may_die_at_two_stages_of_three_deliveries(
    city: Any, site: Site, sequence: list[Killed]
) -> None:
    await _play(city, site, sequence)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
@given(sequence=sequences)
@LONG
async def test_a_worker_may_die_anywhere_in_any_sequence(
    city: Any, site: Site, part: int, sequence: list[Killed]
) -> None:
    await _play(city, site, sequence)


async def _play(city: Any, site: Site, sequence: list[Killed]) -> None:
    play = Play(city)
    await play.start()
    if not any(worker.poll() is None for worker in site.workers):
        await _start(site)
    for name, rows, stage in sequence:
        verdicts: list[Verdict] = []

        async def submit(name: str = name, rows: tuple[Row, ...] = rows, verdicts: list[Verdict] = verdicts) -> None:
            verdicts.append(await play.submit(BY_NAME[name], rows))

        if stage is None or _repeats(play, name, rows):
            await submit()
        else:
            async with caught(site, STAGES[stage], submit):
                kill(site.workers[-1])
            await _start(site)
        await site.until_done(verdicts[0].batch)
        await play.settle(BY_NAME[name], verdicts[0])
        await play.check()
    left = await city.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'stage'")
    assert left == [], await city.rows("SELECT batch_id, status FROM jishi.batch ORDER BY batch_id")


async def _start(site: Site) -> None:
    before = await site.sweeps()
    site.start()
    await site.until_swept(before)


def _repeats(play: Play, name: str, rows: tuple[Row, ...]) -> bool:
    """Whether this is the source's last file once more, which is known before any of the stages."""
    last = play.files.get(name, [()])[-1]
    return [BY_NAME[name].cells(row) for row in last] == [BY_NAME[name].cells(row) for row in rows]
