from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from jishi.errors import Fault
from jishi.registers.catalog import register_of
from jishi_api import cql2
from jishi_api.compile import compile_filter
from jishi_api.condition import Condition

Put = Callable[..., Awaitable[UUID]]
Granted = Callable[..., Awaitable[httpx.AsyncClient]]

PERSONS, ENTITIES, PLACES = (register_of(name) for name in ("natural_person", "legal_entity", "place"))


def compiled(register: Any, tree: Any, first: int = 1) -> Condition:
    faults: list[Fault] = []
    found = compile_filter(register, cql2.read_text(tree) if isinstance(tree, str) else tree, first, faults)
    assert found is not None, faults
    return found


def codes(register: Any, tree: Any) -> dict[str, str]:
    faults: list[Fault] = []
    found = compile_filter(register, cql2.read_text(tree) if isinstance(tree, str) else tree, 1, faults)
    assert found is None
    return {fault.name: fault.code for fault in faults}


def test_literals_are_bound_and_never_stand_in_the_text() -> None:
    made = compiled(ENTITIES, "entity_name = 'x''; DROP TABLE jishi.place; --' AND reg_capital > 5", 3)
    assert made.text == "(q.entity_name = $3 AND q.reg_capital > $4)"
    assert str(made.values) == "(\"x'; DROP TABLE jishi.place; --\", Decimal('5.0'))"
    assert made.compared == {"entity_name", "reg_capital"}


def test_two_filters_of_one_shape_are_one_text() -> None:
    one = compiled(ENTITIES, "entity_name IN ('a') AND establish_date < DATE('2020-01-01')")
    other = compiled(ENTITIES, "entity_name IN ('b','c') AND establish_date < DATE('1999-01-01')")
    assert one.text == other.text and one.values != other.values


def test_what_the_text_says_the_json_says() -> None:
    tree: dict[str, Any] = {"op": "and", "args": [{"op": "isNull", "args": [{"property": "city"}]}]}
    tree["args"].append({"op": "between", "args": [{"property": "establish_date"}, "2020-01-01", "2020-02-01"]})
    text = "city IS NULL AND establish_date BETWEEN DATE('2020-01-01') AND DATE('2020-02-01')"
    assert compiled(ENTITIES, cql2.read_json(tree)) == compiled(ENTITIES, text)


@pytest.mark.parametrize(
    ("text", "name", "code"),
    [
        ("pg_sleep(10) = 1", "filter", "QRY-FILTER-SIDES"),
        ("pg_sleep(10)", "pg_sleep", "QRY-FILTER-OPERATION"),
        ("1 = 1", "filter", "QRY-FILTER-SIDES"),
        ("entity_name", "filter", "QRY-FILTER-NOT-TRUTH"),
        ("entity_name = city", "filter", "QRY-FILTER-SIDES"),
        ("entity_name = NULL", "entity_name", "QRY-FILTER-VALUE"),
        ("reg_capital + 1 = 2", "filter", "QRY-FILTER-SIDES"),
        ("shoe_size = 44", "shoe_size", "QRY-FILTER-PROPERTY"),
        ('"uid" = 1', "uid", "QRY-FILTER-PROPERTY"),
        ('"state) OR (1" = 1', "state) OR (1", "QRY-FILTER-PROPERTY"),
        ("entity_name = 5", "entity_name", "QRY-FILTER-VALUE"),
        ("reg_capital = 'x'", "reg_capital", "QRY-FILTER-VALUE"),
        ("reg_capital = 1e400", "reg_capital", "QRY-FILTER-VALUE"),
        ("establish_date = DATE('2026-13-45')", "establish_date", "QRY-FILTER-VALUE"),
        ("establish_date = '2026-W01-1'", "establish_date", "QRY-FILTER-VALUE"),
        ("establish_date = TIMESTAMP('2020-01-01T00:00:00Z')", "establish_date", "QRY-FILTER-VALUE"),
        ("entity_name LIKE 'x\\'", "entity_name", "QRY-FILTER-ESCAPE"),
        ("reg_capital LIKE '1%'", "reg_capital", "QRY-FILTER-TEXT"),
        ("CASEI(reg_capital) = 1", "reg_capital", "QRY-FILTER-TEXT"),
        ("former_names = 'x'", "former_names", "QRY-FILTER-VALUE"),
        ("A_CONTAINS(former_names, ('x'))", "a_contains", "QRY-FILTER-OPERATION"),
        ("T_AFTER(entity_name, DATE('2020-01-01'))", "entity_name", "QRY-FILTER-DATED"),
        ("T_DURING(establish_date, DATE('2020-01-01'))", "establish_date", "QRY-FILTER-INTERVAL"),
        ("legal_rep_id_no LIKE '320%'", "legal_rep_id_no", "QRY-FILTER-SEALED"),
        ("legal_rep_id_no > '320'", "legal_rep_id_no", "QRY-FILTER-SEALED"),
        ("S_INTERSECTS(entity_name, POINT(1 2))", "entity_name", "QRY-FILTER-SPATIAL"),
        (f"city IN ({','.join(['1'] * 101)})", "in", "QRY-FILTER-LIST"),
        ("entity_name = '\x00'", "entity_name", "QRY-FILTER-VALUE"),
    ],
)
def test_what_is_not_understood_is_named(text: str, name: str, code: str) -> None:
    assert codes(ENTITIES, text) == {name: code}


def test_every_fault_is_told_at_once() -> None:
    assert codes(ENTITIES, "shoe_size = 1 AND reg_capital = 'x' OR NOT pg_sleep(1)") == {
        "shoe_size": "QRY-FILTER-PROPERTY",
        "reg_capital": "QRY-FILTER-VALUE",
        "pg_sleep": "QRY-FILTER-OPERATION",
    }


@pytest.mark.parametrize(
    "shape",
    [
        {"type": "Point", "coordinates": [1, 2, 3, 4]},
        {"type": "Point", "coordinates": [181, 2]},
        {"type": "Point", "coordinates": [True, 2]},
        {"type": "Point", "coordinates": [10**400, 2]},
        {"type": "Point", "coordinates": ["1); DROP", 2]},
        {"type": "LineString", "coordinates": [[1, 2]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]},
        {"type": "Polygon", "coordinates": []},
        {"type": "MultiPoint", "coordinates": [[0, 0]] * 1001},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "Point", "coordinates": [1, 2], "crs": {}},
        {"bbox": [3, 1, 1, 0]},
        {"bbox": [0, 0, 1]},
        "POINT(1 2)",
    ],
)
def test_a_geometry_that_is_none_is_refused(shape: Any) -> None:
    assert codes(PLACES, {"op": "s_within", "args": [{"property": "geom"}, shape]}) == {"geom": "QRY-FILTER-GEOMETRY"}


@pytest.mark.parametrize(
    "text",
    [
        "(" * 900 + "a=1" + ")" * 900,
        "NOT " * 400 + "a=1",
        "NOT(" * 300 + "a=1" + ")" * 300,
        "a=" + "- " * 900 + "1",
        "a=" + "-(" * 300 + "1" + ")" * 300,
        "S_INTERSECTS(geom," + "[" * 900,
    ],
)
def test_nesting_is_counted_before_the_parser_sees_it(text: str) -> None:
    with pytest.raises(cql2.Malformed) as refused:
        cql2.read_text(text)
    assert refused.value.code == "QRY-FILTER-DEEP"


def test_json_that_nests_too_deep_or_is_too_much_is_refused() -> None:
    deep: Any = {"op": "isNull", "args": [{"property": "city"}]}
    for _ in range(60):
        deep = {"op": "not", "args": [deep]}
    for tree in (deep, {"op": "in", "args": [{"property": "city"}, ["x"] * 6000]}):
        with pytest.raises(cql2.Malformed):
            cql2.read_json(tree)


def test_whatever_passes_the_guards_leaves_the_process_alive() -> None:
    """The parser dies of what it cannot bear, so that it is asked in a process of its own."""
    program = """
import json, random, sys
from jishi.registers.catalog import register_of
from jishi_api import cql2
from jishi_api.compile import compile_filter
random.seed(7)
words = ["(", ")", "NOT ", "-", "a", "entity_name", "=", "<", "'x'", "'", '"', " AND ", " OR ", "1", "[", "]", ",",
    "DATE('2020-01-01')", "POINT(1 2)", "S_INTERSECTS(", "IN", "LIKE", "BETWEEN ", "IS NULL", "CASEI(", "\\\\", "\\x00", "王",
    "POLYGON((", "INTERVAL('..','..')", "T_DURING(", "*", "^", "/", "%", "{", "}", "\\ud800", "1e999"]
alive = 0
for _ in range(4000):
    text = "".join(random.choice(words) for _ in range(random.randint(1, 200)))[:2100]
    try:
        compile_filter(register_of("legal_entity"), cql2.read_text(text), 1, [])
        alive += 1
    except cql2.Malformed:
        pass
for head, tail in (("(", ")"), ("NOT ", ""), ("-", ""), ("NOT(", ")")):
    for size in (49, 50, 51, 400, 1999):
        try:
            cql2.read_text((head * size + "a=1" + tail * size))
        except cql2.Malformed:
            pass
print(json.dumps(alive))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) >= 0


async def test_filters_find_what_they_say(caller: httpx.AsyncClient, put: Put) -> None:
    rows: list[dict[str, Any]] = [
        {"entity_name": "甲公司", "city": "苏州", "establish_date": "2001-02-03", "org_code": "AB"},
        {"entity_name": "乙_公司", "city": "常州", "establish_date": "2005-02-03", "org_code": "ab"},
        {"entity_name": "丙%公司", "city": None, "establish_date": None, "org_code": "cd"},
    ]
    for number, row in enumerate(rows, 1):
        await put("legal_entity", number, **row)
    for text, found in {
        "city = '苏州'": [1],
        "city <> '苏州'": [2],
        "city IS NULL": [3],
        "city IS NOT NULL": [1, 2],
        "NOT city = '苏州'": [2],
        "'苏州' = city": [1],
        "city IN ('苏州','常州')": [1, 2],
        "entity_name LIKE '%公司'": [1, 2, 3],
        "entity_name LIKE '乙\\_%'": [2],
        "entity_name LIKE '_\\%公司'": [3],
        "entity_name LIKE '_公司'": [1],
        "CASEI(org_code) = CASEI('aB')": [1, 2],
        "CASEI(org_code) LIKE CASEI('A%')": [1, 2],
        "CASEI(org_code) IN (CASEI('AB'))": [1, 2],
        "establish_date > DATE('2001-02-03')": [2],
        "DATE('2001-02-03') < establish_date": [2],
        "establish_date BETWEEN DATE('2001-01-01') AND DATE('2002-01-01')": [1],
        "T_AFTER(establish_date, DATE('2001-02-03'))": [2],
        "T_BEFORE(establish_date, DATE('2005-02-03'))": [1],
        "T_DURING(establish_date, INTERVAL('2001-02-03', '2005-02-04'))": [2],
        "T_INTERSECTS(establish_date, INTERVAL('2001-02-03', '..'))": [1, 2],
        "city = '苏州' OR establish_date IS NULL": [1, 3],
        "city = '苏州' AND establish_date IS NULL": [],
    }.items():
        answer = await caller.get("/collections/legal-entities/items", params={"filter": text})
        assert answer.status_code == 200, (text, answer.text)
        assert [int(feature["id"][-2:], 16) for feature in answer.json()["features"]] == found, text


async def test_spatial_filters_find_what_they_say(caller: httpx.AsyncClient, put: Put) -> None:
    await put("place", 1, place_type="poi", place_name="a", geom="POINT(120.5 31.5)")
    await put("place", 2, place_type="poi", place_name="b", geom="POINT(122 31.5)")
    await put("place", 3, place_type="poi", place_name="c")
    square = "POLYGON((120 31,121 31,121 32,120 32,120 31))"
    bow = "POLYGON((120 31,121 32,121 31,120 32,120 31))"
    for text, found in {
        f"S_INTERSECTS(geom, {square})": ["a"],
        f"S_WITHIN(geom, {square})": ["a"],
        f"S_CONTAINS({square}, geom)": ["a"],
        f"S_DISJOINT(geom, {square})": ["b"],
        "S_INTERSECTS(geom, BBOX(121, 31, 123, 32))": ["b"],
        "S_EQUALS(geom, POINT(122 31.5))": ["b"],
        "geom IS NULL": ["c"],
        f"S_INTERSECTS(geom, {bow})": ["a"],
    }.items():
        answer = await caller.get("/collections/places/items", params={"filter": text, "filter-lang": "cql2-text"})
        assert answer.status_code == 200, (text, answer.text)
        assert [feature["properties"]["place_name"] for feature in answer.json()["features"]] == found, text


async def test_a_date_known_to_the_year_is_never_taken_for_a_day(granted: Granted, put: Put) -> None:
    span = {"birth_date": "1962-01-01", "birth_date_high": "1962-12-31", "birth_date_precision": "year"}
    await put("natural_person", 1, full_name="王某", mobile="1", **span)
    body = {"properties": ["birth_date"], "key": {"full_name": "王某", "mobile": "1"}}
    for rows, hits in {
        "birth_date = DATE('1962-01-01')": 0,
        "NOT birth_date = DATE('1962-01-01')": 0,
        "birth_date <> DATE('1963-01-01')": 1,
        "birth_date < DATE('1963-01-01')": 1,
        "birth_date < DATE('1962-07-01')": 0,
        "NOT birth_date < DATE('1962-07-01')": 0,
        "birth_date BETWEEN DATE('1962-01-01') AND DATE('1962-12-31')": 1,
    }.items():
        client = await granted("natural-persons", clear={"full_name", "mobile", "birth_date"}, rows=rows)
        answer = await client.post("/collections/natural-persons/search", json=body)
        assert answer.json()["numberReturned"] == hits, rows


async def test_a_filter_in_a_url_names_queryables_only_and_no_person(caller: httpx.AsyncClient) -> None:
    for collection, text, code in (
        ("legal-entities", "legal_rep_name = '张三'", "QRY-NOT-QUERYABLE"),
        ("legal-entities", "uscc = '92320500MA00000000'", "QRY-KEY-PERSONAL"),
        ("legal-entities", "uscc LIKE '9232%'", "QRY-KEY-PERSONAL"),
        ("legal-entities", "uscc IN ('91','９2320500')", "QRY-KEY-PERSONAL"),
        ("places", "phone = '1'", "QRY-NOT-QUERYABLE"),
        ("places", "((", "QRY-FILTER-SYNTAX"),
    ):
        answer = await caller.get(f"/collections/{collection}/items", params={"filter": text})
        assert answer.status_code == 400 and answer.json()["errors"][0]["code"] == code, answer.text
        assert "张三" not in answer.text
    answer = await caller.get("/collections/places/items", params={"filter": "place_name='x'", "filter-lang": "sql"})
    assert answer.json()["errors"][0]["code"] == "QRY-VALUE-LANGUAGE"


async def test_a_filter_on_what_is_not_granted_in_clear_is_refused(granted: Granted, put: Put) -> None:
    client = await granted("legal-entities", clear={"entity_name"}, masked={"legal_rep_name", "legal_rep_id_no"})
    for text, name in (
        ("legal_rep_name = '张三'", "legal_rep_name"),
        ("city = '苏州'", "city"),
        ("legal_rep_id_no = '11010519491231002X'", "legal_rep_id_no"),
    ):
        answer = await client.post("/collections/legal-entities/search", json={"filter": text})
        assert answer.status_code == 403
        assert [(f["name"], f["code"]) for f in answer.json()["errors"]] == [(name, "ACC-ELEMENT-COMPARED")]
    answer = await client.get("/collections/legal-entities/items?sortby=establish_date")
    assert answer.status_code == 403 and answer.json()["errors"][0]["name"] == "establish_date"


async def test_a_sealed_number_is_found_by_equality(
    granted: Granted, put: Put, put_number: Callable[[UUID, str, str, str], Awaitable[None]]
) -> None:
    uid = await put("legal_entity", 1, entity_name="某公司", legal_rep_id_no="110***********002X")
    await put_number(uid, "legal_entity", "legal_rep_id_no", "11010519491231002X")
    client = await granted("legal-entities", clear={"entity_name", "legal_rep_id_no"})
    for text in ("legal_rep_id_no = '110105491231002'", "legal_rep_id_no IN ('1１010519491231002x')"):
        answer = await client.post("/collections/legal-entities/search", json={"filter": text})
        (feature,) = answer.json()["features"]
        assert feature["properties"] == {"entity_name": "某公司", "legal_rep_id_no": "11010519491231002X"}
