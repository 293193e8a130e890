"""Counts: how many there are, and tables from which no small group can be worked out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from jishi.access.quotas import Rates
from jishi.errors import InternalError
from jishi.registers.catalog import register_of
from jishi_api.aggregate import Table
from jishi_api.suppress import SMALLEST, suppressed

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]
Granted = Callable[..., Awaitable[httpx.AsyncClient]]

INSTANT = datetime(2026, 11, 1, tzinfo=UTC)
PLACES = """
INSERT INTO jishi.place (uid, place_type, place_name, category, county_code, division_code, code_system, effective_from,
  recorded_at, state, in_version, batch_id)
SELECT gen_random_uuid(), 'poi', 'x' || n, CASE WHEN n <= 3 THEN '甲' WHEN n <= 10 THEN '乙' ELSE '丙' END,
  CASE WHEN n <= 3 THEN '320505' WHEN n <= 40 THEN '320506' ELSE '320102' END,
  CASE WHEN n <= 3 THEN '320505' WHEN n <= 40 THEN '320506' ELSE '320102' END, 'mca', $1, $1, 'active', false, 1
FROM generate_series(1, 60) n
"""


async def counted(client: httpx.AsyncClient, collection: str, **body: object) -> list[dict[str, Any]]:
    answer = await client.post(f"/collections/{collection}/search", json=body)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["aggregates"])


def groups(table: dict[str, Any]) -> dict[str | None, int]:
    return {group["value"]: group["count"] for group in table["groups"]}


async def test_small_groups_are_left_out_and_cannot_be_worked_out_from_the_sum(
    caller: httpx.AsyncClient, connection: Connection[Any]
) -> None:
    await connection.execute(PLACES, INSTANT)
    county, city = await counted(
        caller,
        "places",
        aggregate=["county_code", {"element": "county_code", "level": "city"}],
    )
    assert groups(county) == {"320102": 20} and county["suppressed"] is True, "320505 has 3; 320506 goes with it"
    assert groups(city) == {"3201": 20, "3205": 40} and city["suppressed"] is False
    filtered = (await counted(caller, "places", aggregate=["county_code"], filter="category = '丙'"))[0]
    assert groups(filtered) == {"320102": 20, "320506": 30}


async def test_persons_are_counted_as_a_whole_by_what_is_granted_in_clear(
    granted: Granted, put: Put, connection: Connection[Any]
) -> None:
    client = await granted("natural-persons", clear=["sex_code", "birth_date"], masked=["ethnicity_code"])
    for number in range(1, 20):
        span = {"birth_date_high": "1990-12-31" if number % 2 else "1991-06-30", "birth_date_precision": "year"}
        born = "1990-01-01" if number % 2 else "1991-06-30"
        await put(
            "natural_person", number, full_name="欧阳", sex_code="1" if number < 8 else "2", birth_date=born, **span
        )
    hidden = await put("natural_person", 20, full_name="欧阳", sex_code="1")
    await connection.execute(
        "INSERT INTO jishi.protection (uid, register, level, reason, set_by) VALUES ($1, 'natural_person', 'hidden', 'x', 't')",
        hidden,
    )
    by_sex, by_year = await counted(
        client, "natural-persons", aggregate={"by": ["sex_code", {"element": "birth_date", "unit": "year"}]}
    )
    assert groups(by_sex) == {"1": 7, "2": 12}
    assert groups(by_year) == {"1990": 10, "1991": 9}
    row = await connection.fetchrow("SELECT * FROM jishi.disclosure WHERE act = 'aggregate'")
    assert row["result"] == "counted" and row["subjects"] == []
    for body, status, code in (
        ({"aggregate": ["ethnicity_code"]}, 403, "ACC-ELEMENT-COMPARED"),
        ({"aggregate": ["marital_status_code"]}, 403, "ACC-ELEMENT-COMPARED"),
        ({"aggregate": ["full_name"]}, 400, "QRY-AGGREGATE-ELEMENT"),
        ({"aggregate": ["birth_date"]}, 400, "QRY-AGGREGATE-ELEMENT"),
        ({"aggregate": []}, 400, "QRY-VALUE-AGGREGATE"),
        ({"aggregate": ["sex_code"], "filter": "sex_code = '1'"}, 400, "QRY-AGGREGATE-MEMBER"),
        ({"aggregate": ["sex_code"], "key": {"full_name": "x"}}, 400, "QRY-AGGREGATE-MEMBER"),
    ):
        answer = await client.post("/collections/natural-persons/search", json=body)
        assert answer.status_code == status and code in {error["code"] for error in answer.json()["errors"]}, (
            answer.text
        )


async def test_codes_come_with_their_names(reader: httpx.AsyncClient, loaded_api: FastAPI) -> None:
    assert loaded_api is not None
    answer = await reader.post("/collections/places/search", json={"aggregate": ["category"]})
    assert answer.status_code == 401, "counts take a key too"


async def test_a_count_is_exact_or_says_that_it_is_estimated(
    api: FastAPI, caller: httpx.AsyncClient, connection: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await connection.execute(PLACES, INSTANT)
    await connection.execute("ANALYZE jishi.place")
    here = "/collections/places/items?category=丙&limit=1"
    exact = (await caller.get(f"{here}&count=exact")).json()
    assert (exact["numberMatched"], exact["numberMatchedKind"], exact["numberReturned"]) == (50, "exact", 1)
    guess = (await caller.get(f"{here}&count=estimate")).json()
    assert guess["numberMatchedKind"] == "estimate" and 25 <= guess["numberMatched"] <= 60
    posted = (
        await caller.post("/collections/places/search", json={"category": "丙", "limit": 1, "count": "estimate"})
    ).json()
    assert posted["numberMatched"] == guess["numberMatched"]
    assert "numberMatched" not in (await caller.get(here)).json()

    async def slow(*_: object) -> None:
        raise InternalError("QRY-TIMEOUT")

    monkeypatch.setattr(api.state.serving.counts, "fetchval", slow)
    late = (await caller.get(f"{here}&count=exact")).json()
    assert late["numberMatchedKind"] == "estimate" and late["numberMatched"] == guess["numberMatched"]


async def test_counting_is_bounded_in_time(api: FastAPI) -> None:
    with pytest.raises(InternalError, match="QRY-TIMEOUT"):
        await api.state.serving.counts.fetchval("SELECT pg_sleep(10)")


async def test_an_exact_count_weighs_as_ten_requests(granted: Granted) -> None:
    client = await granted("places", clear=["place_name"], rate_per_minute=40)  # two processes: 20 each
    for path, left in (("", 19), ("?count=estimate", 18), ("?count=exact", 8)):
        answer = await client.get(f"/collections/places/items{path}")
        assert answer.status_code == 200 and f'"rate";r={left};' in answer.headers["RateLimit"].split(",")[-1]
    assert (await client.get("/collections/places/items?count=exact")).status_code == 429


def test_no_request_weighs_more_than_a_minute_holds() -> None:
    from jishi.access.grants import Grant

    rates = Rates(clock=lambda: 0.0)
    grant = Grant(1, "c", "place", rate_per_minute=3)
    first, second = rates.take(grant, 9), rates.take(grant, 9)
    assert first is not None and first.allowed and second is not None and not second.allowed


@given(
    st.dictionaries(
        st.sampled_from([f"32{city:02}{county:02}" for city in range(3) for county in range(4)]), st.integers(1, 30)
    )
)
def test_whoever_knows_every_sum_learns_no_small_group(counts: dict[str | None, int]) -> None:
    """Sums of everything and of every level above, as any count tells them; the sums are told by the same rule."""
    lines = Table("county_code").lines(register_of("places").elements["county_code"])
    out = suppressed(counts, lines)
    assert all(counts[value] >= SMALLEST for value in counts.keys() - out)
    for line in (*lines, _everything):
        sums: dict[object, list[str | None]] = {}
        for value in counts:
            sums.setdefault(line(value), []).append(value)
        for members in sums.values():
            left = [value for value in members if value in out]
            if left and len(left) < len(members):
                assert len(left) >= 2 and sum(counts[value] for value in left) >= SMALLEST


def _everything(value: str | None) -> object:
    return None
