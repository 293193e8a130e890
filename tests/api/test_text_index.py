from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from jishi.errors import Fault
from jishi.registers.catalog import register_of, registers
from jishi_api import cql2, text_index
from jishi_api.compile import compile_filter
from jishi_api.condition import Condition

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]

ENTITIES = register_of("legal_entity")
LETTERS = "苏州有限公司aAkKiIİıßẞÉéΣσςǅ（）()%_\\' ·𠮷\u212a１"


def compiled(name: str, pattern: str, *, folded: bool = False) -> Condition:
    asked: Any = {"property": name}
    tree: Any = {"op": "like", "args": [{"op": "casei", "args": [asked]} if folded else asked, pattern]}
    faults: list[Fault] = []
    found = compile_filter(ENTITIES, cql2.read_json(tree), 1, faults)
    assert found is not None, faults
    return found


def test_the_index_stands_before_the_comparison_and_never_instead_of_it() -> None:
    made = compiled("entity_name", "%恒_瑞\\%%")
    assert made.text == "(jishi.characters(q.entity_name) @> $2::text[] AND q.entity_name LIKE $1)"
    assert made.values == ("%恒_瑞\\%%", ["恒", "瑞", "%"])
    assert made.compared == {"entity_name"}


@pytest.mark.parametrize(("name", "pattern"), [("city", "%苏州%"), ("entity_name", "%__%")])
def test_what_no_index_can_narrow_is_compared_alone(name: str, pattern: str) -> None:
    assert compiled(name, pattern).text == f"q.{name} LIKE $1"


def test_only_what_is_not_personal_is_found_by_any_part_of_it() -> None:
    """Persons are looked for in shapes; an index of the characters of their names would invite more."""
    for register in registers().values():
        assert not (register.personal and register.free_text.elements), register.name
        assert set(register.free_text.elements) <= register.elements.keys()
    assert {register.name for register in registers().values() if register.free_text.names} == {"legal_entity", "place"}


FOLDED = "replace(lower(upper(q.entity_name COLLATE \"und-x-icu\")), 'ς', 'σ')"


async def test_the_index_changes_no_answer(connection: Connection[Any], put: Put) -> None:
    """Random names and patterns of letters whose other case, width or form is a trap."""
    dice = random.Random(20261122)
    names = ["".join(dice.choices(LETTERS, k=dice.randrange(12))) for _ in range(400)]
    for number, name in enumerate(names, 1):
        await put("legal_entity", number, entity_name=name)
    await put("legal_entity", 999)
    hits = 0
    for _ in range(400):
        inner = "".join(dice.choices(LETTERS, k=dice.randrange(1, 4)))
        pattern = f"%{inner}%" if dice.random() < 0.8 else inner
        if (len(pattern) - len(pattern.rstrip("\\"))) % 2:
            continue
        for folded in (False, True):
            made = compiled("entity_name", pattern, folded=folded)
            plain = f"{FOLDED if folded else 'q.entity_name'} LIKE $1"
            if not text_index.is_search(made.text):
                continue
            counts = await connection.fetchrow(
                f"SELECT count(*) FILTER (WHERE {made.text}), count(*) FILTER (WHERE {plain}), "
                f"count(*) FILTER (WHERE ({made.text}) IS DISTINCT FROM ({plain})) FROM jishi.legal_entity q",
                *made.values,
            )
            assert counts[0] == counts[1] and counts[2] == 0, (pattern, folded)
            hits += counts[0]
    assert hits > 1000


async def test_two_characters_in_a_name_are_found_through_the_index(connection: Connection[Any]) -> None:
    """Of twenty thousand entities the six that hold both characters are fetched, not all."""
    await connection.execute(
        """
        INSERT INTO jishi.legal_entity (uid, entity_name, domicile, effective_from, recorded_at, state, in_version, batch_id)
        SELECT gen_random_uuid(),
          CASE WHEN n % 3500 = 0 THEN '苏州彤睿' ELSE '苏州恒' || chr(19968 + n % 5000) END || '贸易有限公司',
          '江苏省苏州市人民路' || n || '号', now(), now(), 'active', false, 1
        FROM generate_series(1, 21000) n
        """
    )
    await connection.execute("VACUUM (ANALYZE) jishi.legal_entity")
    made = compiled("entity_name", "%彤睿%")
    found = await connection.fetch(f"SELECT q.uid FROM jishi.legal_entity q WHERE {made.text}", *made.values)
    assert len(found) == 6
    assert "legal_entity_entity_name_characters_idx" in await plan(connection, made)
    for common in ("%有限公司%", "%苏州%"):
        assert "legal_entity_pkey" in await plan(connection, compiled("entity_name", common)), common
    assert "legal_entity_domicile_characters_idx" in await plan(connection, compiled("domicile", "%路20999号"))


async def plan(connection: Connection[Any], condition: Condition) -> str:
    """How a page by uid is fetched, its pattern known."""
    await connection.execute("SET plan_cache_mode = force_custom_plan")
    rows = await connection.fetch(
        f"EXPLAIN SELECT q.uid FROM jishi.legal_entity q WHERE q.state = 'active' AND {condition.text} "
        "ORDER BY q.uid LIMIT 101",
        *condition.values,
    )
    return "\n".join(row[0] for row in rows)


async def test_a_part_of_a_name_is_filtered_by_in_an_address_and_a_body(caller: httpx.AsyncClient, put: Put) -> None:
    await put("legal_entity", 1, entity_name="苏州恒瑞电子有限公司", domicile="三香路1号")
    await put("legal_entity", 2, entity_name="苏州瑞恒电子ＡＢ有限公司", domicile="十梓街2号")
    items, search = "/collections/legal-entities/items", "/collections/legal-entities/search"

    async def names(filtered: str) -> list[str]:
        got = await caller.get(items, params={"filter": filtered, "properties": "entity_name"})
        posted = await caller.post(search, json={"filter": filtered, "properties": ["entity_name"]})
        assert got.status_code == posted.status_code == 200, (got.text, posted.text)
        seen = [[hit["properties"]["entity_name"] for hit in answer.json()["features"]] for answer in (got, posted)]
        assert seen[0] == seen[1]
        return seen[0]

    assert await names("entity_name LIKE '%恒瑞%'") == ["苏州恒瑞电子有限公司"]
    assert await names("entity_name LIKE '%瑞恒电%' OR entity_name LIKE '%恒瑞电%'") == [
        "苏州恒瑞电子有限公司",
        "苏州瑞恒电子ＡＢ有限公司",
    ]
    assert await names("NOT entity_name LIKE '%恒瑞%'") == ["苏州瑞恒电子ＡＢ有限公司"]
    assert await names("entity_name LIKE '%AB%'") == []
    posted = await caller.post(search, json={"filter": "domicile LIKE '%梓街%'"})
    assert [hit["properties"]["entity_name"] for hit in posted.json()["features"]] == ["苏州瑞恒电子ＡＢ有限公司"]


async def test_the_migrated_database_finds_chinese_trigrams(connection: Connection[Any]) -> None:
    """What an equipped database is checked for at every start."""
    assert await connection.fetchval("SELECT public.show_trgm('中文') <> '{}'")
    assert await connection.fetchval("SELECT jishi.characters('Ａb中K'::text)") == ["Ａ", "b", "中", "k"]
