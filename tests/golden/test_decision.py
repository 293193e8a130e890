"""The order of trust among sources, by a table of cases: who wins, and what it is told for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jishi.golden.decision import Voice, Why, decide

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def voice(number: int, rank: int = 10, since: int = 0, at: int = 0, **more: object) -> Voice:
    says = {"ended": False, "says": True, "sticky": (), **more}
    return Voice(number, rank, DAY + timedelta(days=since), DAY + timedelta(days=at), **says)  # type: ignore[arg-type]


CASES = {
    "nobody says anything": ([voice(1, says=False)], None, None),
    "one says something": ([voice(1), voice(2, 1, says=False)], 1, Why.ALONE),
    "the better source, though earlier": ([voice(1, 20, since=9), voice(2, 10)], 2, Why.RANK),
    "a death, though another is later": (
        [voice(1, since=9, sticky=(False,)), voice(2, sticky=(True,))],
        2,
        Why.STICKY,
    ),
    "no value is less than one that is not kept": (
        [voice(1, since=9, sticky=(None,)), voice(2, sticky=(False,))],
        2,
        Why.STICKY,
    ),
    "the later date": ([voice(1), voice(2, since=1)], 2, Why.EFFECTIVE),
    "of one date the later word": ([voice(1), voice(2, at=1)], 2, Why.RECORDED),
    "of equals the first": ([voice(2), voice(1)], 1, Why.FIRST),
    "what has ended has no voice": ([voice(1, 1, ended=True), voice(2)], 2, Why.ALONE),
    "unless all has": ([voice(1, 1, ended=True), voice(2, ended=True)], 1, Why.RANK),
}


@pytest.mark.parametrize("case", CASES)
def test_the_order_of_trust(case: str) -> None:
    voices, number, why = CASES[case]
    winner, told, others = decide(voices)
    assert (None if winner is None else winner.contribution_id, told) == (number, why)
    assert winner not in others
