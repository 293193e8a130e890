"""What a row is apart from its elements: key, scope, effective date, delete mark, faults, digest."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

from jishi.identifiers.keys import Keys
from jishi.identifiers.sealing import Sealer
from jishi.standardise.batch import standardise
from jishi.standardise.plan import ROW_HASH, Take

NAME, SEX = Take("full_name", ("姓名",)), Take("sex_code", ("性别",))


@pytest.fixture(scope="module")
def batch(plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame]) -> Callable[..., pl.DataFrame]:
    def make(columns: dict[str, list[str | None]], **members: Any) -> pl.DataFrame:
        takes = members.pop("takes", (NAME, SEX))
        return standardise(raw_of(columns), plan_for("natural_person", *takes, **members))

    return make


def test_the_key_is_compared_by_its_tidied_value_and_a_missing_part_is_told(
    batch: Callable[..., pl.DataFrame],
) -> None:
    frame = batch({"rec_id": ["A1", "Ａ1 ", None, "N/A", "a1"], "姓名": ["甲"] * 5})
    keys = frame["source_key"].to_list()
    assert keys[0] == keys[1] != keys[4]
    assert keys[2:4] == [None, None]
    assert frame["row__key_missing"].to_list() == [False, False, True, True, False]


def test_a_key_that_is_an_identifier_counts_by_its_normalised_number(
    plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame]
) -> None:
    plan = plan_for("legal_entity", Take("uscc", ("code",), "uscc"), key=("code",))
    frame = standardise(raw_of({"code": ["91330100799655058B", "9133 0100 7996 55058b"]}), plan)
    assert frame["source_key"].n_unique() == 1


def test_without_a_key_the_row_itself_is_the_key(batch: Callable[..., pl.DataFrame]) -> None:
    frame = batch({"姓名": ["甲", "甲 ", "乙"], "性别": ["男", "男性", "男"]}, key=ROW_HASH)
    keys = frame["source_key"].to_list()
    assert keys[0] == keys[1] != keys[2]
    assert frame["source_key"][0] != frame["digest"][0]


def test_a_digest_sees_values_not_spellings_rows_or_the_delivery(batch: Callable[..., pl.DataFrame]) -> None:
    columns = {
        "rec_id": ["1", "2", "3", "4"],
        "姓名": ["王芳", "王 芳", "王芳", "王芳"],
        "性别": ["男", "1", "2", None],
    }
    frame = batch(columns)
    later = batch(columns, delivered_at=datetime(2027, 1, 1, tzinfo=UTC))
    assert frame["digest"].to_list() == later["digest"].to_list()
    assert frame["digest"][0] == frame["digest"][1]
    assert frame["digest"].n_unique() == 3


def test_a_digest_survives_a_rotation_of_keys(
    plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame]
) -> None:
    plan = plan_for("natural_person", Take("id_number", ("n",)), key=("n",))
    raw = raw_of({"n": ["110105188912310023"]})
    rotated = Sealer(Keys(current=2, secrets={1: b"k" * 32, 2: b"l" * 32}))
    before, after = standardise(raw, plan), standardise(raw, dataclasses.replace(plan, sealer=rotated))
    assert before["id_number__lookup"][0] != after["id_number__lookup"][0]
    assert before.select("digest", "source_key").rows() == after.select("digest", "source_key").rows()


def test_a_digest_tells_an_unreadable_value_and_a_delete_mark_from_none(batch: Callable[..., pl.DataFrame]) -> None:
    columns = {"rec_id": ["1", "2", "3"], "姓名": ["甲"] * 3, "性别": [None, "?", None], "标志": ["", "", "删"]}
    frame = batch(columns, deleted=("标志", ("删", "D")))
    assert frame["digest"].n_unique() == 3
    assert frame["ended"].to_list() == [False, False, True]


def test_scope_and_origin_come_from_headers_or_elements(batch: Callable[..., pl.DataFrame]) -> None:
    columns = {"rec_id": ["1", "2"], "姓名": ["甲", "乙"], "性别": ["男", None], "来源": ["公安", None]}
    frame = batch(columns, origin="来源", scope=("来源", "sex_code", "absent"))
    assert frame["origin"].to_list() == ["公安", ""]
    assert frame["scope"].to_list() == ["公安:1:", "::"]
    assert batch(columns)["scope"].to_list() == ["", ""]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2024-05-01", datetime(2024, 4, 30, 16, tzinfo=UTC)),
        ("2024年5月1日", datetime(2024, 4, 30, 16, tzinfo=UTC)),
        ("2024-05-01 10:30:15", datetime(2024, 5, 1, 2, 30, 15, tzinfo=UTC)),
        ("2024-05-01 10:30", datetime(2024, 5, 1, 2, 30, tzinfo=UTC)),
        ("2024-05-01T10:30:15Z", datetime(2024, 5, 1, 10, 30, 15, tzinfo=UTC)),
        ("2024-05-01T10:30:15.5+08:00", datetime(2024, 5, 1, 2, 30, 15, 500_000, tzinfo=UTC)),
        ("sometime", datetime(2026, 11, 21, 8, tzinfo=UTC)),
        (None, datetime(2026, 11, 21, 8, tzinfo=UTC)),
    ],
)
def test_a_row_is_effective_when_it_says_so_in_the_city_s_time(
    batch: Callable[..., pl.DataFrame], text: str | None, instant: datetime
) -> None:
    frame = batch({"rec_id": ["1"], "姓名": ["甲"], "变更时间": [text]}, effective="变更时间")
    assert frame["effective_from"][0] == instant


def test_faults_of_the_reader_are_facts_of_the_row(
    plan_for: Callable[..., Any], raw_of: Callable[..., pl.DataFrame]
) -> None:
    faults = pl.Series([None, "ragged", "replaced", "ragged,replaced"], dtype=pl.String)
    raw = raw_of({"rec_id": list("1234"), "姓名": list("甲乙丙丁")}).with_columns(row_fault=faults)
    frame = standardise(raw, plan_for("natural_person", NAME))
    assert frame["row__ragged"].to_list() == [False, True, False, True]
    assert frame["row__replaced"].to_list() == [False, False, True, True]
    assert frame["row__key_conflict"].to_list() == [False] * 4


def test_the_first_header_that_is_not_empty_gives_the_value(batch: Callable[..., pl.DataFrame]) -> None:
    take = Take("full_name", ("姓名", "name", "not there"))
    frame = batch({"rec_id": ["1", "2", "3"], "姓名": ["甲", "-", None], "name": ["乙", "乙", None]}, takes=(take,))
    assert frame["full_name"].to_list() == ["甲", "乙", None]
