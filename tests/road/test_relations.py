"""What one register says of another: dated, kept while the target has not arrived, ended with its source."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

Make = dict[str, Callable[..., str]]

FIRMS = """
id = "firms"
title = "测试"
title_en = "Test"
department = "113205000000900347"
register = "legal_entity"
rank = 10
key = ["key"]
mode = "delta"
effective = "since"
deleted = { column = "gone", values = ["是"] }

[thresholds]
max_endings_share = 1.0

[map]
entity_name = { from = "name", as = "entity_name" }
uscc = { from = "code", as = "uscc" }
legal_rep_name = { from = "rep", as = "person_name" }
legal_rep_id_no = { from = "rep_number" }
parent_entity_uscc = { from = "above", as = "uscc" }
"""

RELATIONS = """
SELECT r.kind, f.register AS from_register, r.to_register, r.to_uid IS NOT NULL AS resolved, r.effective_to IS NULL AS open
FROM jishi.relation r, LATERAL (SELECT r.from_register AS register) f ORDER BY r.relation_id"""


@pytest.fixture
def firms(city: Any) -> str:
    city.declare("people", "persons")
    (city.settings.home_dir / "sources" / "firms.toml").write_text(FIRMS, encoding="utf-8")
    city.opened = None
    return "firms"


def firm(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {
        "key": f"F{number}",
        "name": f"测试企业{number}号",
        "code": invent["uscc"](number),
        "rep": "严测甲",
        "rep_number": "",
        "above": "",
        "since": "2020-01-01",
        "gone": "",
        **values,
    }


def person(invent: Make, number: int, name: str = "严测甲") -> dict[str, object]:
    return {"key": f"P{number}", "name": name, "number": invent["citizen"](number), "born": "1960-01-01"}


async def _targets(city: Any, kind: str) -> list[tuple[Any, ...]]:
    found = await city.rows(
        "SELECT from_uid, to_uid, effective_to IS NULL AS open FROM jishi.relation WHERE kind = $1 ORDER BY relation_id",
        kind,
    )
    return [(row["from_uid"], row["to_uid"], row["open"]) for row in found]


async def _uid(city: Any, register: str, column: str, value: str) -> Any:
    return await city.value(f"SELECT uid FROM jishi.{register} WHERE {column} = $1", value)


async def test_a_reference_waits_for_its_target_and_is_resolved_when_it_comes(
    city: Any, firms: str, invent: Make
) -> None:
    await city.deliver(firms, [firm(invent, 1, rep_number=invent["citizen"](1))])
    entity = await _uid(city, "legal_entity", "uscc", invent["uscc"](1))
    assert await _targets(city, "legal_representative") == [(entity, None, True)]
    await city.deliver("people", [person(invent, 1), person(invent, 2, "严测乙")])
    human = await _uid(city, "natural_person", "full_name", "严测甲")
    assert await _targets(city, "legal_representative") == [(entity, human, True)]
    waited = await city.rows("SELECT recorded_at, resolved_at FROM jishi.relation")
    assert waited[0]["resolved_at"] > waited[0]["recorded_at"]


async def test_a_target_that_is_there_is_found_at_once_and_by_number_only(city: Any, firms: str, invent: Make) -> None:
    await city.deliver("people", [person(invent, 1), person(invent, 2)])
    await city.deliver(firms, [firm(invent, 1, rep_number=invent["citizen"](2)), firm(invent, 2)])
    second = await city.value(
        "SELECT uid FROM jishi.identifier WHERE register = 1 AND masked = (SELECT masked FROM jishi.identifier"
        " WHERE element = 'legal_rep_id_no')  AND lookup = (SELECT to_lookup FROM jishi.relation LIMIT 1)"
    )
    entity = await _uid(city, "legal_entity", "uscc", invent["uscc"](1))
    assert await _targets(city, "legal_representative") == [(entity, second, True)]


async def test_a_new_representative_closes_the_old_relation_on_the_day_it_says(
    city: Any, firms: str, invent: Make
) -> None:
    await city.deliver("people", [person(invent, 1), person(invent, 2, "严测乙")])
    await city.deliver(firms, [firm(invent, 1, rep_number=invent["citizen"](1))])
    await city.deliver(firms, [firm(invent, 1, rep="严测乙", rep_number=invent["citizen"](2), since="2023-05-01")])
    rows = await city.rows(
        "SELECT p.full_name, r.effective_from::date::text AS since, r.effective_to::date::text AS until,"
        " r.closed_at IS NOT NULL AS closed FROM jishi.relation r JOIN jishi.natural_person p ON p.uid = r.to_uid"
        " ORDER BY relation_id"
    )
    assert [tuple(row.values()) for row in rows] == [
        ("严测甲", "2019-12-31", "2023-04-30", True),
        ("严测乙", "2023-04-30", None, False),
    ]


async def test_a_relation_ends_with_its_source(city: Any, firms: str, invent: Make) -> None:
    await city.deliver("people", [person(invent, 1)])
    await city.deliver(firms, [firm(invent, 1, rep_number=invent["citizen"](1))])
    await city.deliver(firms, [firm(invent, 1, rep_number=invent["citizen"](1), gone="是", since="2024-01-01")])
    assert [row[2] for row in await _targets(city, "legal_representative")] == [False]


async def test_the_same_delivery_twice_makes_no_second_relation(city: Any, firms: str, invent: Make) -> None:
    rows = [firm(invent, 1, rep_number=invent["citizen"](1)), firm(invent, 2, above=invent["uscc"](1))]
    await city.deliver(firms, rows)
    await city.deliver(firms, [*rows, firm(invent, 3)])
    assert await city.value("SELECT count(*) FROM jishi.relation") == 2


async def test_a_number_that_two_people_carry_resolves_nothing(city: Any, firms: str, invent: Make) -> None:
    other = {**person(invent, 1, "司徒测丙丁"), "key": "P9", "born": ""}
    await city.deliver("people", [person(invent, 1)])
    city.declare("more", "persons", rank=30)
    await city.deliver("more", [{**other, "born": "1960-01-01"}])
    carriers = await city.value("SELECT count(DISTINCT uid) FROM jishi.identifier WHERE register = 1")
    await city.deliver(firms, [firm(invent, 1, rep_number=invent["citizen"](1))])
    resolved = [row[1] for row in await _targets(city, "legal_representative")]
    assert (resolved == [None]) is (carriers == 2)


async def test_a_branch_finds_its_superior_in_the_same_delivery(city: Any, firms: str, invent: Make) -> None:
    await city.deliver(firms, [firm(invent, 2, above=invent["uscc"](1)), firm(invent, 1)])
    above = await _uid(city, "legal_entity", "uscc", invent["uscc"](1))
    below = await _uid(city, "legal_entity", "uscc", invent["uscc"](2))
    assert await _targets(city, "branch_of") == [(below, above, True)]


DIVISIONS = """
id = "areas"
title = "测试"
title_en = "Test"
department = "113205000000900347"
register = "place"
rank = 10
key = ["code"]
mode = "delta"
effective = "since"

[map]
place_type = { constant = "division" }
code_system = { constant = "nbs" }
place_name = { from = "name" }
division_code = { from = "code" }
division_level_code = { from = "code", as = "division_level", params = { digits = "by_length" } }
parent_code = { from = "above", as = "division_code" }
"""


async def test_a_division_follows_its_golden_superior_also_on_a_day_to_come(city: Any) -> None:
    (city.settings.home_dir / "sources").mkdir(parents=True, exist_ok=True)
    (city.settings.home_dir / "sources" / "areas.toml").write_text(DIVISIONS, encoding="utf-8")
    city.opened = None
    soon = datetime.now(UTC) + timedelta(days=10)

    def area(code: str, above: str, since: str = "2020-01-01") -> dict[str, object]:
        return {"code": code, "name": f"测试{code}", "above": above, "since": since}

    await city.deliver("areas", [area("320599", "3205"), area("320598001", "320598")])
    await city.deliver("areas", [area("3205", ""), area("320598", "3205")])
    names = (
        "SELECT f.division_code, t.division_code AS above, r.closed_at IS NULL AS open FROM jishi.relation r"
        " JOIN jishi.place f ON f.uid = r.from_uid LEFT JOIN jishi.place t ON t.uid = r.to_uid ORDER BY 1, relation_id"
    )
    assert [tuple(row.values()) for row in await city.rows(names)] == [
        ("320598", "320500", True),
        ("320598001", "320598", True),
        ("320599", "320500", True),
    ]
    await city.deliver("areas", [area("320598001", "320599", soon.strftime("%Y-%m-%d"))])
    assert len(await city.rows(names)) == 3
    await city.turn("place", soon)
    assert [tuple(row.values()) for row in await city.rows(names)][1:3] == [
        ("320598001", "320598", False),
        ("320598001", "320599", True),
    ]
