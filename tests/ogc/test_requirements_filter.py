"""OGC API - Features parts 3 and 5, and CQL2: one test a requirement of the classes declared.

What a filter means is compared in test_meaning.py; here stands that each requirement is kept at all.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from city import places, uid
from requirements import Checks, got

CHECKS = Checks()
requirement = CHECKS.requirement
PLACES = "/collections/places"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
SCHEMA = "http://www.opengis.net/def/rel/ogc/1.0/schema"


def number(asker: httpx.Client, text: str, **more: str) -> int:
    found: int = got(asker, f"{PLACES}/items", filter=text, limit="10000", properties="place_type", **more)[
        "numberReturned"
    ]
    return found


def parameter(asker: httpx.Client, name: str) -> dict[str, Any]:
    told = got(asker, "/api/3.0")["paths"]["/collections/{collection}/items"]["get"]["parameters"]
    found: dict[str, Any] = next(one for one in told if one["name"] == name)
    return found


@requirement("queryables/get-queryables-op")
@requirement("queryables/get-queryables-response")
def _(asker: httpx.Client) -> None:
    answer = asker.get(f"{PLACES}/queryables", headers={"Accept": "application/schema+json"})
    told = answer.json()
    assert answer.headers["Content-Type"] == "application/schema+json"
    assert told["$schema"] == "https://json-schema.org/draft/2020-12/schema" and told["type"] == "object"
    assert told["$id"] == str(asker.base_url).rstrip("/") + f"{PLACES}/queryables"
    assert told["additionalProperties"] is False
    for name, schema in told["properties"].items():
        assert ("type" in schema) is (name != "geom")
    assert told["properties"]["geom"]["format"] == "geometry-any"


@requirement("queryables/queryables-link")
@requirement("features-filter/queryables-link")
def _(asker: httpx.Client) -> None:
    for one in got(asker, "/collections")["collections"]:
        (link,) = (link for link in one["links"] if link["rel"] == QUERYABLES)
        assert asker.get(link["href"]).status_code == 200


@requirement("queryables/expression-construction")
def _(asker: httpx.Client) -> None:
    for name in ("phone", "nothing", "address_full"):
        answer = asker.get(f"{PLACES}/items", params={"filter": f"{name} = 'x'"})
        assert answer.status_code == 400 and answer.json()["errors"][0]["name"] == name


@requirement("features-filter/get-queryables")
@requirement("queryables-query-parameters/parameters")
def _(asker: httpx.Client) -> None:
    told = got(asker, f"{PLACES}/queryables")["properties"]
    for name, schema in told.items():
        if "type" in schema:
            described = parameter(asker, name)["schema"]
            assert described["type"] == schema["type"] and described.get("format") == schema.get("format")
    found = got(asker, f"{PLACES}/items", category="公园", limit="10000")["features"]
    assert {one["id"] for one in found} == {row["uid"] for row in places() if row["category"] == "公园"}


@requirement("filter/filter-param")
@requirement("features-filter/parameters")
def _(asker: httpx.Client) -> None:
    told = parameter(asker, "filter")
    assert told["in"] == "query" and told["required"] is False and told["schema"] == {"type": "string"}


@requirement("filter/filter-lang-param")
def _(asker: httpx.Client) -> None:
    told = parameter(asker, "filter-lang")["schema"]
    assert told == {"type": "string", "enum": ["cql2-text", "cql2-json"], "default": "cql2-text"}
    tree = json.dumps({"op": "=", "args": [{"property": "category"}, "公园"]})
    expected = number(asker, "category = '公园'")
    assert expected == number(asker, tree, **{"filter-lang": "cql2-json"})
    assert expected == number(asker, "category = '公园'", **{"filter-lang": "cql2-text"})
    assert asker.get(f"{PLACES}/items", params={"filter": tree}).status_code == 400
    asked = {"filter": "category = 'x'", "filter-lang": "ecql"}
    assert asker.get(f"{PLACES}/items", params=asked).status_code == 400


@requirement("filter/filter-crs-wgs84")
@requirement("filter/filter-crs-param")
def _(asker: httpx.Client) -> None:
    assert parameter(asker, "filter-crs")["schema"] == {"type": "string", "format": "uri"}
    expected = number(asker, "S_INTERSECTS(geom, POINT(120.41 31.0))")
    assert (
        expected
        and number(asker, "S_INTERSECTS(geom, POINT(31.0 120.41))", **{"filter-crs": f"{EPSG}4490"}) == expected
    )
    asked = {"filter": "S_INTERSECTS(geom, POINT(1 2))", "filter-crs": f"{EPSG}9999"}
    assert asker.get(f"{PLACES}/items", params=asked).status_code == 400


@requirement("filter/mixing-expressions")
def _(asker: httpx.Client) -> None:
    more = {"bbox": "120.3999,30.9999,120.4801,31.0001", "place_type": "poi", "datetime": "2026-11-02T00:00:00Z"}
    assert number(asker, "category = '公园'", **more) == 2
    assert number(asker, "category = '公园'", **{**more, "datetime": "2020-11-02T00:00:00Z"}) == 0


@requirement("filter/response")
@requirement("features-filter/response")
def _(asker: httpx.Client) -> None:
    whole, some, others = number(asker, "TRUE"), number(asker, "category = '公园'"), number(asker, "category <> '公园'")
    assert whole == len(places()) and 0 < some < whole and some + others + number(asker, "category IS NULL") == whole
    for text in (
        "category =",
        "category = 5",
        "S_INTERSECTS(geom, POINT(200 0))",
        "(" * 60 + "TRUE" + ")" * 60,
        "x" * 2001,
    ):
        answer = asker.get(f"{PLACES}/items", params={"filter": text})
        assert answer.status_code == 400, text


@requirement("schemas/schema-resource")
@requirement("returnables-and-receivables/schema-link")
def _(asker: httpx.Client) -> None:
    for one in got(asker, "/collections")["collections"]:
        (link,) = (link for link in one["links"] if link["rel"] == SCHEMA)
        told = got(asker, link["href"])
        assert told["$schema"] == "https://json-schema.org/draft/2020-12/schema" and told["$id"] == link["href"]
    feature = got(asker, f"{PLACES}/items/{uid(1)}")
    assert feature["properties"].keys() <= got(asker, f"{PLACES}/schema")["properties"].keys()


@requirement("core-roles-features/roles")
def _(asker: httpx.Client) -> None:
    told = got(asker, f"{PLACES}/schema")["properties"]
    assert [name for name, one in told.items() if one.get("x-ogc-role") == "id"] == ["uid"]
    assert [name for name, one in told.items() if one.get("x-ogc-role") == "primary-geometry"] == ["geom"]


CLASSES = {
    "basic-cql2": ("category = '公园' AND NOT (place_name < 'x' OR place_name IS NULL)", "TRUE", "'公园' <> category"),
    "advanced-comparison-operators": ("category LIKE '公_'", "category IN ('公园')", "place_name NOT LIKE '%1'"),
    "case-insensitive-comparison": ("CASEI(category) = CASEI('STRASSE')",),
    "basic-spatial-functions": ("S_INTERSECTS(geom, POINT(120.41 31.0))", "S_INTERSECTS(geom, BBOX(120,31,121,32))"),
    "basic-spatial-functions-plus": tuple(
        f"S_INTERSECTS(geom, {shape})"
        for shape in (
            "LINESTRING(120 31,121 31)",
            "POLYGON((120 31,121 31,121 32,120 31))",
            "POINT Z(120.41 31.0 5)",
            "MULTIPOINT(120.41 31.0,1 2)",
            "MULTILINESTRING((120 31,121 31),(1 2,3 4))",
            "MULTIPOLYGON(((120 31,121 31,121 32,120 31)))",
            "GEOMETRYCOLLECTION(POINT(120.41 31.0),LINESTRING(1 2,3 4))",
        )
    ),
    "spatial-functions": tuple(
        f"S_{name}(geom, POLYGON((120.4 31,120.6 31,120.6 31.2,120.4 31.2,120.4 31)))"
        for name in ("INTERSECTS", "EQUALS", "DISJOINT", "TOUCHES", "WITHIN", "OVERLAPS", "CROSSES", "CONTAINS")
    ),
    "cql2-text": ("\"category\" = '公园'", "category='公园' and not category is null"),
}


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_of_cql2_that_is_declared_finds_something(name: str, asker: httpx.Client) -> None:
    assert f"http://www.opengis.net/spec/cql2/1.0/conf/{name}" in got(asker, "/conformance")["conformsTo"]
    for text in CLASSES[name]:
        assert number(asker, text) > 0, text


@pytest.mark.parametrize("name", CHECKS)
def test_requirement(name: str, asker: httpx.Client) -> None:
    CHECKS[name](asker)
