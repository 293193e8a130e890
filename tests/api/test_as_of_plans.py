"""What another time costs: pages by place and by key, and single features, are found by indexes of both tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from jishi.access.grants import Grant, standing
from jishi.registers.catalog import register_of
from jishi_api.as_of import past
from jishi_api.condition import Numbers
from jishi_api.personal import search_of
from jishi_api.query import chosen, plan_items, plan_properties
from jishi_api.sql import Page, Statement, by_uids, page

if TYPE_CHECKING:
    from asyncpg import Connection

PLACES = 20_000
PLACE = register_of("place")
GRANT = standing("c-1", PLACE)

FILL = """
INSERT INTO jishi.place{table} (uid, place_type, place_name, division_code, geom, effective_from, recorded_at, state, batch_id{more})
SELECT lpad(to_hex(n), 32, '0')::uuid, 'poi', 'P' || n, lpad(n::text, 6, '0'),
  ST_SetSRID(ST_MakePoint(120 + (n % 200) * 0.005, 31 + (n / 200) * 0.01), 4490), $2, $3, 'active', 1{value}
FROM generate_series(1, $1) n"""


@pytest.fixture
async def city(connection: Connection[Any]) -> Connection[Any]:
    """Places that each have had two superseded versions."""
    days = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 4, 7)]
    for day in days[:2]:
        await connection.execute(FILL.format(table="_version", more="", value=""), PLACES, day, day)
    await connection.execute(FILL.format(table="", more=", in_version", value=", false"), PLACES, days[2], days[2])
    await connection.execute("ANALYZE jishi.place; ANALYZE jishi.place_version")
    return connection


def statement(**parameters: str) -> Statement:
    question = plan_items(PLACE, GRANT, parameters.items(), b"secret")
    return page(question.plan, question.page)


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


async def read(connection: Connection[Any], asked: Statement) -> tuple[list[dict[str, Any]], float, int]:
    """The nodes of the plan, what it took in milliseconds, and the rows."""
    (told,) = json.loads(await connection.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {asked.text}", *asked.values))
    return list(nodes(told["Plan"])), told["Execution Time"], told["Plan"]["Actual Rows"]


WHEN = {
    "an instant": {"datetime": "2026-05-01T00:00:00Z"},
    "a day, as known": {"datetime": "2026-05-01", "known-at": "2026-06-01T00:00:00Z"},
    "an interval": {"datetime": "2026-02-01/2026-05-01"},
    "an open interval": {"datetime": "../2026-05-01"},
    "as known": {"known-at": "2026-02-01T00:00:00Z"},
}
WHERE = {
    "box": {"bbox": "120.1,31.1,120.12,31.12"},
    "key": {"division_code": "001234"},
    "walk": {"limit": "50"},
}


@pytest.mark.parametrize("where", WHERE)
async def test_no_page_of_another_time_reads_a_whole_table(city: Connection[Any], where: str) -> None:
    for when, clock in WHEN.items():
        found, took, rows = await read(city, statement(**WHERE[where], **clock))
        scanned = [node["Relation Name"] for node in found if node["Node Type"] == "Seq Scan" and node["Actual Rows"]]
        assert not [name for name in scanned if name.startswith("place")], f"{when}: {scanned}"
        assert rows == {"box": 15, "key": 1, "walk": 51}[where], when
        most = max(node["Actual Rows"] * node["Actual Loops"] for node in found)
        assert most < 1_000, f"{when}: a step of {most} rows in {took} ms"


PERSONS = """
INSERT INTO jishi.natural_person{table} (uid, full_name, birth_date, birth_date_high, birth_date_precision, id_number,
  effective_from, recorded_at, state, batch_id{more})
SELECT lpad(to_hex(n), 32, '0')::uuid, 'P' || n, '1960-01-01', '1960-01-01', 'day', 'M' || n, $2, $3, 'active', 1{value}
FROM generate_series(1, $1) n"""

NUMBERS = """
INSERT INTO jishi.identifier (register, contribution_id, uid, element, scheme, lookup, masked, strong, valid_from)
SELECT 1, n, lpad(to_hex(n), 32, '0')::uuid, 'id_number', 'test', lpad(to_hex(n), 32, '0')::uuid, 'M' || n, true, $2
FROM generate_series(1, $1) n"""


async def test_a_person_of_another_time_is_found_by_number_and_by_name(connection: Connection[Any]) -> None:
    days = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 7)]
    await connection.execute(PERSONS.format(table="_version", more="", value=""), PLACES, days[0], days[0])
    await connection.execute(PERSONS.format(table="", more=", in_version", value=", false"), PLACES, days[1], days[1])
    await connection.execute(NUMBERS, PLACES, days[0])
    await connection.execute(
        "ANALYZE jishi.natural_person; ANALYZE jishi.natural_person_version; ANALYZE jishi.identifier"
    )
    person = register_of("natural_person")
    grant = Grant(1, "c-1", person.name, clear=frozenset({"full_name", "id_number", "birth_date"}))
    single = chosen(person, grant, {"properties": "full_name", "datetime": "2026-05-01"}, [])
    assert single.clock is not None
    for key in ({"id_number": "110105194912310038"}, {"full_name": "P77", "birth_date": "1960-01-01"}):
        found = search_of(person, key, single.plan.first, [])
        assert found is not None
        condition = past(single.plan, single.clock, found.condition)
        asked = page(single.plan, Page(condition, limit=10, clock=single.bound))
        values = [[UUID(int=77)] if isinstance(value, Numbers) else value for value in asked.values]
        told, took, rows = await read(connection, Statement(asked.text, tuple(values)))
        most = max(node["Actual Rows"] * node["Actual Loops"] for node in told)
        steps = [(node["Node Type"], node.get("Relation Name"), node["Actual Rows"]) for node in told]
        assert rows == 1 and most < 100, f"{key.keys()}: {took} ms, {steps}"


async def test_a_feature_of_another_time_is_looked_up(city: Connection[Any]) -> None:
    single = plan_properties(PLACE, GRANT, [("datetime", "2026-05-01T00:00:00Z")])
    found, _, rows = await read(city, by_uids(single.plan, (UUID(int=77),), (), single.bound))
    assert rows == 1
    assert not [node for node in found if node["Node Type"] == "Seq Scan" and node["Actual Rows"]]
