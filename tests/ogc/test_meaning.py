"""CQL2 means what it says: each filter, as text and as JSON, finds what Python and shapely find over the same rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import cql2
import httpx
import pytest
import shapely

from city import organisations, places

Row = dict[str, Any]
Truth = bool | None
Test = Callable[[Row], Truth]

RING = "120.4549 31.0549,120.5051 31.0549,120.5051 31.1051,120.4549 31.1051,120.4549 31.0549"
AREA = f"POLYGON(({RING}))"
SHAPES = {
    "point": "POINT(120.5 31.1)",
    "points": "MULTIPOINT((120.41 31.01),(121.05 31.05))",
    "line": "LINESTRING(120.40 31.10,120.70 31.10)",
    "lines": "MULTILINESTRING((120.40 31.10,120.50 31.10),(120.55 31.0,120.55 31.3))",
    "area": AREA,
    "district": "POLYGON((120.4 31.0,120.6 31.0,120.6 31.2,120.4 31.2,120.4 31.0))",
    "neighbour": "POLYGON((120.6 31.0,120.8 31.0,120.8 31.2,120.6 31.2,120.6 31.0))",
    "hollow": "POLYGON((120.4 31.0,120.9 31.0,120.9 31.4,120.4 31.4,120.4 31.0),"
    "(120.5 31.1,120.7 31.1,120.7 31.3,120.5 31.3,120.5 31.1))",
    "areas": "MULTIPOLYGON(((121.0 31.0,121.1 31.0,121.1 31.1,121.0 31.1,121.0 31.0)),"
    "((121.2 31.2,121.3 31.2,121.3 31.3,121.2 31.3,121.2 31.2)))",
    "mixed": "GEOMETRYCOLLECTION(POINT(121.25 31.25),LINESTRING(120.40 31.05,120.42 31.05))",
}
PREDICATES = ("intersects", "disjoint", "within", "contains", "touches", "overlaps", "crosses", "equals")


def neither(value: Truth) -> Truth:
    return None if value is None else not value


def both(*values: Truth) -> Truth:
    return False if False in values else None if None in values else True


def either(*values: Truth) -> Truth:
    return True if True in values else None if None in values else False


def known(name: str, test: Callable[[Any], bool]) -> Test:
    return lambda row: None if row[name] is None else test(row[name])


CAT = "category"
PLACES: list[tuple[str, Test]] = [
    ("category = '公园'", known(CAT, lambda v: v == "公园")),
    ("category <> '公园'", known(CAT, lambda v: v != "公园")),
    ("'公园' = category", known(CAT, lambda v: v == "公园")),
    ("category < 'T'", known(CAT, lambda v: v < "T")),
    ("category >= 'Straße'", known(CAT, lambda v: v >= "Straße")),
    ("'Straße' <= category", known(CAT, lambda v: v >= "Straße")),
    ("\"category\" = 'a\\b'", known(CAT, lambda v: v == "a\\b")),
    ("category IS NULL", lambda row: row[CAT] is None),
    ("category IS NOT NULL", lambda row: row[CAT] is not None),
    ("NOT category = '公园'", known(CAT, lambda v: v != "公园")),
    ("NOT (category = '公园' OR category IS NULL)", lambda row: row[CAT] not in ("公园", None)),
    ("category = '公园' AND place_type = 'poi'", lambda row: row[CAT] == "公园"),
    (
        "category = '公园' OR category = '学校' AND place_name LIKE '%1'",
        lambda row: either(
            known(CAT, lambda v: v == "公园")(row),
            both(known(CAT, lambda v: v == "学校")(row), row["place_name"].endswith("1")),
        ),
    ),
    ("TRUE", lambda row: True),
    ("FALSE OR category = '医院'", known(CAT, lambda v: v == "医院")),
    ("NOT FALSE AND place_type = 'division'", lambda row: row["place_type"] == "division"),
    ("category IN ('公园','医院')", known(CAT, lambda v: v in ("公园", "医院"))),
    ("category NOT IN ('公园','医院')", known(CAT, lambda v: v not in ("公园", "医院"))),
    ("place_name LIKE '地点 1%'", lambda row: row["place_name"].startswith("地点 1")),
    ("place_name NOT LIKE '地点 1%'", lambda row: not row["place_name"].startswith("地点 1")),
    ("place_name LIKE '地点 _7'", lambda row: len(row["place_name"]) == 5 and row["place_name"].endswith("7")),
    ("category LIKE '50\\%\\_off'", known(CAT, lambda v: v == "50%_off")),
    ("category LIKE '50%\\_off'", known(CAT, lambda v: v == "50%_off")),
    ("category LIKE 'a\\\\b'", known(CAT, lambda v: v == "a\\b")),
    ("category LIKE '%'", lambda row: row[CAT] is not None),
    ("category LIKE '__'", known(CAT, lambda v: len(v) == 2)),
    ("CASEI(category) = CASEI('straße')", known(CAT, lambda v: v.casefold() == "strasse")),
    ("CASEI(category) = 'strasse'", known(CAT, lambda v: v.casefold() == "strasse")),
    ("CASEI(category) IN (CASEI('STRASSE'), CASEI('x'))", known(CAT, lambda v: v.casefold() == "strasse")),
    ("CASEI(category) LIKE CASEI('STRAß%')", known(CAT, lambda v: v.casefold().startswith("strass"))),
    ("CASEI(category) NOT LIKE CASEI('%SS%')", known(CAT, lambda v: "ss" not in v.casefold())),
    ("category LIKE CASEI('A%')", known(CAT, lambda v: v.startswith("a"))),
    ("geom IS NULL", lambda row: row["geom"] is None),
]

DAY = date(2001, 6, 15)


def spans(relation: Callable[[Any, Any, Any, Any], bool], low: date, high: date) -> Test:
    def test(row: Row) -> Truth:
        first, last = row["term_from"], row["term_to"]
        return None if first is None or last is None else relation(first, last, low, high)

    return test


def dated(test: Callable[[date], bool]) -> Test:
    return known("establish_date", test)


LOW, HIGH = date(2003, 1, 1), date(2014, 1, 1)
TERM, GIVEN = "INTERVAL(term_from, term_to)", "INTERVAL('2003-01-01','2014-01-01')"
ORGANISATIONS: list[tuple[str, Test]] = [
    ("reg_capital BETWEEN 100 AND 250.5", lambda row: 100 <= row["reg_capital"] <= 250.5),
    ("reg_capital NOT BETWEEN 100 AND 250.5", lambda row: not 100 <= row["reg_capital"] <= 250.5),
    ("reg_capital > 3.9e3", lambda row: row["reg_capital"] > 3900),
    ("reg_capital = -10", lambda row: False),
    ("city = '苏州' AND reg_capital <= 300", lambda row: row["city"] == "苏州" and row["reg_capital"] <= 300),
    ("establish_date >= DATE('2001-06-15')", dated(lambda v: v >= DAY)),
    ("establish_date BETWEEN DATE('2000-01-01') AND DATE('2001-06-15')", dated(lambda v: date(2000, 1, 1) <= v <= DAY)),
    ("establish_date IN (DATE('1990-01-01'))", dated(lambda v: v == date(1990, 1, 1))),
    ("T_AFTER(establish_date, DATE('2001-06-15'))", dated(lambda v: v > DAY)),
    ("T_AFTER(establish_date, TIMESTAMP('2001-06-14T17:00:00Z'))", dated(lambda v: v > DAY)),
    ("T_BEFORE(establish_date, TIMESTAMP('2001-06-15T08:00:00Z'))", dated(lambda v: v < DAY)),
    ("T_BEFORE(DATE('2001-06-15'), establish_date)", dated(lambda v: v > DAY)),
    ("T_EQUALS(establish_date, DATE('1990-01-01'))", dated(lambda v: v == date(1990, 1, 1))),
    ("T_DISJOINT(establish_date, INTERVAL('2000-01-01','2010-01-01'))", dated(lambda v: not 2000 <= v.year < 2010)),
    ("T_DURING(establish_date, INTERVAL('1999-12-31','2010-01-01'))", dated(lambda v: 2000 <= v.year < 2010)),
    ("T_INTERSECTS(establish_date, INTERVAL('2001-06-15','..'))", dated(lambda v: v >= DAY)),
    ("T_INTERSECTS(establish_date, INTERVAL('..','2001-06-15'))", dated(lambda v: v <= DAY)),
    ("T_INTERSECTS(establish_date, INTERVAL('..','..'))", dated(lambda v: True)),
    (f"T_AFTER({TERM}, DATE('2004-12-31'))", spans(lambda a, z, b, y: a > date(2004, 12, 31), LOW, HIGH)),
    (f"T_BEFORE({TERM}, {GIVEN})", spans(lambda a, z, b, y: z < b, LOW, HIGH)),
    (f"T_CONTAINS({TERM}, {GIVEN})", spans(lambda a, z, b, y: a < b and z > y, LOW, HIGH)),
    (f"T_DISJOINT({TERM}, INTERVAL('..','2003-01-01'))", spans(lambda a, z, b, y: a > b, LOW, HIGH)),
    (
        f"T_DURING({TERM}, INTERVAL('2001-06-01','2016-06-01'))",
        spans(lambda a, z, b, y: a.year > 2001 and z.year < 2017, LOW, HIGH),
    ),
    (f"T_EQUALS({TERM}, {GIVEN})", spans(lambda a, z, b, y: a == b and z == y, LOW, HIGH)),
    (f"T_FINISHEDBY({TERM}, {GIVEN})", spans(lambda a, z, b, y: a < b and z == y, LOW, HIGH)),
    (f"T_FINISHES({TERM}, {GIVEN})", spans(lambda a, z, b, y: a > b and z == y, LOW, HIGH)),
    (f"T_INTERSECTS({TERM}, {GIVEN})", spans(lambda a, z, b, y: a <= y and z >= b, LOW, HIGH)),
    (f"T_MEETS({TERM}, INTERVAL('2012-01-01','..'))", spans(lambda a, z, b, y: z == date(2012, 1, 1), LOW, HIGH)),
    (f"T_METBY({TERM}, INTERVAL('..','2003-01-01'))", spans(lambda a, z, b, y: a == b, LOW, HIGH)),
    (f"T_OVERLAPPEDBY({TERM}, {GIVEN})", spans(lambda a, z, b, y: b < a < y < z, LOW, HIGH)),
    (f"T_OVERLAPS({TERM}, {GIVEN})", spans(lambda a, z, b, y: a < b < z < y, LOW, HIGH)),
    (f"T_STARTEDBY({TERM}, {GIVEN})", spans(lambda a, z, b, y: a == b and z > y, LOW, HIGH)),
    (f"T_STARTS({TERM}, {GIVEN})", spans(lambda a, z, b, y: a == b and z < y, LOW, HIGH)),
    (f"NOT T_INTERSECTS({TERM}, {GIVEN})", spans(lambda a, z, b, y: not (a <= y and z >= b), LOW, HIGH)),
    ("T_DURING(INTERVAL('2005-01-01','2006-01-01'), INTERVAL('2004-01-01','2007-01-01'))", lambda row: True),
]


def _found(asker: httpx.Client, collection: str, **asked: Any) -> set[str]:
    body = {"limit": 10000, "properties": ["uscc" if collection == "legal-entities" else "place_type"], **asked}
    answer = asker.post(f"/collections/{collection}/search", json=body)
    assert answer.status_code == 200, answer.text
    return {feature["id"] for feature in answer.json()["features"]}


def _agree(asker: httpx.Client, collection: str, text: str, rows: list[Row], test: Test) -> None:
    expected = {row["uid"] for row in rows if test(row) is True}
    assert _found(asker, collection, filter=text) == expected
    assert _found(asker, collection, filter=cql2.parse_text(text).to_json()) == expected


@pytest.mark.parametrize(("text", "test"), PLACES, ids=[text for text, _ in PLACES])
def test_of_places(asker: httpx.Client, text: str, test: Test) -> None:
    _agree(asker, "places", text, places(), test)
    answer = asker.get("/collections/places/items", params={"filter": text, "limit": "1", "properties": "place_type"})
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(("text", "test"), ORGANISATIONS, ids=[text for text, _ in ORGANISATIONS])
def test_of_organisations(asker: httpx.Client, text: str, test: Test) -> None:
    _agree(asker, "legal-entities", text, organisations(), test)


@pytest.mark.parametrize("kind", SHAPES)
@pytest.mark.parametrize("predicate", PREDICATES)
def test_of_shapes(asker: httpx.Client, predicate: str, kind: str) -> None:
    given = shapely.from_wkt(SHAPES[kind])
    rows = [{**row, "shape": shapely.from_wkt(row["geom"]) if row["geom"] else None} for row in places()]
    relation = getattr(shapely, predicate)
    expected = {row["uid"] for row in rows if row["shape"] is not None and relation(row["shape"], given)}
    text = f"S_{predicate.upper()}(geom, {SHAPES[kind]})"
    assert _found(asker, "places", filter=text) == expected
    turned = {"within": "contains", "contains": "within"}.get(predicate, predicate)
    tree = cql2.parse_text(f"S_{turned.upper()}({SHAPES[kind]}, geom)").to_json()
    assert _found(asker, "places", filter=tree) == expected
    nothing = {row["uid"] for row in rows if row["shape"] is None}
    assert _found(asker, "places", filter=f"NOT {text}") == {row["uid"] for row in rows} - expected - nothing


@pytest.mark.parametrize(
    "box", ["120.4549,31.0549,120.5051,31.1051", "120.4549,31.0549,-5,120.5051,31.1051,8000", "121.0,31.0,-170,31.2"]
)
def test_of_boxes(asker: httpx.Client, box: str) -> None:
    numbers = [float(part) for part in box.split(",")]
    west, south, east, north = numbers if len(numbers) == 4 else [*numbers[:2], *numbers[3:5]]
    given = shapely.box(west, south, east if east > west else 180, north)
    expected = {
        row["uid"] for row in places() if row["geom"] and shapely.intersects(shapely.from_wkt(row["geom"]), given)
    }
    assert expected and _found(asker, "places", filter=f"S_INTERSECTS(geom, BBOX({box}))") == expected
    answer = asker.get("/collections/places/items", params={"bbox": box, "limit": "10000", "properties": "place_type"})
    assert {feature["id"] for feature in answer.json()["features"]} == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("T_DURING(establish_date, INTERVAL('2010-01-01','2009-01-01'))", "establish_date"),
        ("T_MEETS(establish_date, DATE('2010-01-01'))", "establish_date"),
        ("T_AFTER(establish_date, TIMESTAMP('2010-02-30T00:00:00Z'))", "establish_date"),
        ("T_AFTER(city, DATE('2010-01-01'))", "city"),
        ("T_INTERSECTS(INTERVAL(city, '..'), DATE('2010-01-01'))", "city"),
    ],
)
def test_what_means_nothing_is_refused_by_name(asker: httpx.Client, text: str, name: str) -> None:
    answer = asker.post("/collections/legal-entities/search", json={"filter": text})
    assert answer.status_code == 400 and [fault["name"] for fault in answer.json()["errors"]] == [name], answer.text
