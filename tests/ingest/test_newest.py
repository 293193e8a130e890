"""Of several rows of one key the newest is taken: what its order is read from, and who wins among how many."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from jishi.golden.newest import newest
from jishi.identifiers.keys import Keys
from jishi.identifiers.sealing import Sealer
from jishi.registers.catalog import registers
from jishi.settings import City
from jishi.standardise.order import read_order
from jishi.standardise.plan import Plan

SHANGHAI = ZoneInfo("Asia/Shanghai")
KEY, DIGEST = ["k1", "k2"], ["d1", "d2"]


def plan(*order: tuple[str, Any]) -> Plan:
    return Plan(
        register=registers()["legal_entity"],
        takes=(),
        key=("key",),
        delivered_at=datetime(2026, 11, 21, tzinfo=SHANGHAI),
        code_lists={},
        known_divisions=frozenset(),
        sealer=Sealer(Keys(current=1, secrets={1: b"k" * 32})),
        city=City(),
        today=date(2026, 11, 21),
        order=order,
    )


def raw(**columns: list[str | None]) -> pl.DataFrame:
    frame = pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in columns.items()})
    return frame.with_row_index("row_number", 1).with_columns(pl.col("row_number").cast(pl.Int64))


def settle(keys: list[int], digests: list[int], kinds: Any = None, **columns: list[str | None]) -> tuple[Any, ...]:
    """(replaced, in conflict, superseded) of rows 1, 2, …"""
    order = tuple((name, (kinds or {}).get(name)) for name in columns)
    rows = raw(**columns).select(
        "row_number",
        **{name: pl.Series(keys, dtype=pl.UInt64) for name in KEY},
        **{name: pl.Series(digests, dtype=pl.UInt64) for name in DIGEST},
    )
    found = newest(rows, read_order(raw(**columns), plan(*order)), KEY, DIGEST)
    return sorted(found.replaced), sorted(found.conflicts), found.superseded


@pytest.mark.parametrize(
    ("values", "taken"),
    [
        (["2024-01-31", "2024-02-01"], 2),
        (["2024年10月1日", "2024/9/30"], 1),  # as text 9 would be after 1
        (["20240131", "2024-01-30"], 1),
        (["2024-01-31 10:00:00.120", "2024-01-31 10:00:00.119"], 1),
        (["2024/1/31 9:05", "2024/1/31 10:05"], 2),
        (["2024-01-31T10:00:00+08:00", "2024-01-31T03:00:00Z"], 2),
        (["9", "10"], 2),
        (["1,000", "999.5"], 1),
        (["9007199254740993", "9007199254740992"], 1),  # no floating-point number
        (["1934567890123456790", "1934567890123456789"], 1),
        (["20241399", "20240131"], 1),  # one is no date: numbers
        (["v9", "v10"], 1),  # text by code point
        (["甲", "1"], 1),
        ([None, "2024-01-31"], 2),
        (["", "甲"], 2),
    ],
)
def test_the_greatest_order_is_taken(values: list[str | None], taken: int) -> None:
    assert settle([7, 7], [1, 2], at=values) == ([3 - taken], [], 1)
    assert settle([7, 7], [1, 2], at=values[::-1]) == ([taken], [], 1)


def test_a_declared_kind_is_kept_and_what_does_not_read_so_counts_as_empty() -> None:
    values: list[str | None] = ["10", "9", "z"]
    assert settle([7] * 3, [1, 2, 3], at=values) == ([1, 2], [], 2)
    assert settle([7] * 3, [1, 2, 3], {"at": "number"}, at=values) == ([2, 3], [], 2)
    assert settle([7] * 3, [1, 2, 3], {"at": "text"}, at=["10", "9", "1"]) == ([1, 3], [], 2)


def test_every_key_is_compared_in_its_own_way() -> None:
    assert settle([1, 1, 2, 2], [1, 2, 3, 4], at=["9", "10", "v9", "v10"]) == ([1, 4], [], 2)


def test_the_second_column_decides_where_the_first_does_not() -> None:
    assert settle([7] * 3, [1, 2, 3], day=["2024-02-01", "2024-02-01", "2024-01-01"], n=["1", "2", "9"]) == (
        [1, 3],
        [],
        2,
    )


def test_a_tie_with_other_values_stays_a_conflict_and_older_rows_are_superseded_all_the_same() -> None:
    assert settle([7] * 3, [1, 2, 3], at=["2024-01-01", "2024-02-01", "2024-02-01"]) == ([1], [2, 3], 1)
    assert settle([7] * 2, [1, 2], at=[None, ""]) == ([], [1, 2], 0)


def test_a_tie_with_the_same_values_takes_one_and_rows_equal_to_the_one_taken_are_repeats() -> None:
    assert settle([7] * 4, [2, 1, 2, 2], at=["2024-02-01", "2024-01-01", "2024-02-01", "2023-01-01"]) == (
        [2, 3, 4],
        [],
        1,
    )


def test_many_keys_are_settled_as_one_by_one() -> None:
    random = np.random.default_rng(7)
    size = 30_000
    keys = random.integers(0, size // 4, size)
    digests = random.integers(0, 3, size)
    order = random.integers(0, 5, size)
    frame = pl.DataFrame({"key": keys, "digest": digests})
    mixed = frame.filter(pl.col("digest").n_unique().over("key") > 1)["key"].unique().to_list()
    chosen = np.flatnonzero(np.isin(keys, mixed))
    replaced, conflicts, superseded = settle(
        keys[chosen].tolist(), digests[chosen].tolist(), at=[str(number) for number in order[chosen]]
    )
    wanted_replaced, wanted_conflicts, wanted_superseded = set(), set(), 0
    members: dict[int, list[int]] = {}
    for place, row in enumerate(chosen, start=1):
        members.setdefault(int(keys[row]), []).append(place)
    for rows in members.values():
        best = max(order[chosen[row - 1]] for row in rows)
        top = [row for row in rows if order[chosen[row - 1]] == best]
        said = {digests[chosen[row - 1]] for row in top}
        kept = set(top) if len(said) > 1 else {min(top)}
        wanted_conflicts |= kept if len(said) > 1 else set()
        lost = set(rows) - kept
        wanted_replaced |= lost
        wanted_superseded += sum(len(said) > 1 or digests[chosen[row - 1]] not in said for row in lost)
    assert (set(replaced), set(conflicts), superseded) == (wanted_replaced, wanted_conflicts, wanted_superseded)
