"""OGC API - Features part 1: one test a requirement of the classes core, geojson, html and oas30."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from city import ORGANISATIONS, organisations, places, uid
from requirements import Checks, got

CHECKS = Checks()
requirement = CHECKS.requirement
PLACES = "/collections/places"
FEATURE = f"{PLACES}/items/{uid(1)}"
OAS30 = "application/vnd.oai.openapi+json;version=3.0"


def links(document: Any, rel: str) -> list[dict[str, Any]]:
    return [link for link in document["links"] if link["rel"] == rel]


def browsed(asker: httpx.Client) -> list[Any]:
    return [one for one in got(asker, "/collections")["collections"] if one["itemType"] == "feature"]


def parameter(asker: httpx.Client, name: str) -> dict[str, Any]:
    told = got(asker, "/api/3.0")["paths"]["/collections/{collection}/items"]["get"]["parameters"]
    found: dict[str, Any] = next(one for one in told if one["name"] == name)
    assert found["in"] == "query" and found["required"] is False
    return found


@requirement("core/root-op")
@requirement("core/root-success")
def _(asker: httpx.Client) -> None:
    told = got(asker, "/")
    for rel in ("service-desc", "service-doc", "conformance", "data"):
        assert links(told, rel) and all(asker.get(link["href"]).status_code == 200 for link in links(told, rel))


@requirement("core/api-definition-op")
@requirement("core/api-definition-success")
def _(asker: httpx.Client) -> None:
    told = got(asker, "/")
    for link in [*links(told, "service-desc"), *links(told, "service-doc")]:
        answer = asker.get(link["href"], headers={"Accept": link["type"]})
        assert answer.status_code == 200 and answer.headers["Content-Type"].startswith(link["type"])


@requirement("core/conformance-op")
@requirement("core/conformance-success")
def _(asker: httpx.Client) -> None:
    told = got(asker, "/conformance")["conformsTo"]
    for name in ("core", "geojson", "html", "oas30"):
        assert f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" in told
    assert len(told) == len(set(told))


@requirement("core/http")
def _(asker: httpx.Client) -> None:
    assert asker.head(FEATURE).status_code == 200 and not asker.head(FEATURE).content
    refused = asker.delete(FEATURE)
    assert refused.status_code == 405 and refused.headers["Allow"] == "GET, HEAD"
    assert asker.get("/nothing").status_code == 404


@requirement("core/query-param-unknown")
def _(asker: httpx.Client) -> None:
    for path in ("/", "/conformance", "/collections", PLACES, f"{PLACES}/items", FEATURE, "/api"):
        answer = asker.get(path, params={"unknown": "1"})
        assert answer.status_code == 400 and answer.json()["errors"][0]["name"] == "unknown", path


@requirement("core/query-param-invalid")
def _(asker: httpx.Client) -> None:
    wrong = {
        "limit": "0",
        "bbox": "1,2,3",
        "datetime": "yesterday",
        "crs": "x",
        "filter": "=",
        "f": "xml",
        "count": "2",
    }
    for name, text in wrong.items():
        answer = asker.get(f"{PLACES}/items", params={name: text})
        assert answer.status_code == 400 and answer.json()["errors"][0]["name"] == name, answer.text


@requirement("core/crs84")
def _(asker: httpx.Client) -> None:
    assert got(asker, FEATURE)["geometry"]["coordinates"] == [120.41, 31.0]


@requirement("core/fc-md-op")
@requirement("core/fc-md-success")
@requirement("core/fc-md-items")
def _(asker: httpx.Client) -> None:
    assert {one["id"] for one in browsed(asker)} == {"places", "legal-entities"}
    assert all(one["links"] for one in got(asker, "/collections")["collections"])


@requirement("core/fc-md-links")
def _(asker: httpx.Client) -> None:
    told = got(asker, "/collections")
    for rel in ("self", "alternate"):
        assert links(told, rel) and all(link["type"] for link in links(told, rel))


@requirement("core/fc-md-items-links")
def _(asker: httpx.Client) -> None:
    for one in browsed(asker):
        kinds = {link["type"] for link in links(one, "items")}
        assert kinds == {"application/geo+json", "text/html", "text/csv"}
    for one in got(asker, "/collections")["collections"]:
        assert one["itemType"] == "feature" or not links(one, "items")


@requirement("core/fc-md-extent")
@requirement("core/fc-md-extent-multi")
def _(asker: httpx.Client) -> None:
    west, south, east, north = got(asker, PLACES)["extent"]["spatial"]["bbox"][0]
    whole = got(asker, f"{PLACES}/items", bbox=f"{west},{south},{east},{north}", limit="10000")
    assert whole["numberReturned"] == sum(row["geom"] is not None for row in places())
    around = got(asker, f"{PLACES}/items", filter=f"NOT S_WITHIN(geom, BBOX({west},{south},{east},{north}))")
    assert around["numberReturned"] == 0
    assert got(asker, PLACES)["extent"]["temporal"]["interval"] == [[None, None]]


@requirement("core/sfc-md-op")
@requirement("core/sfc-md-success")
def _(asker: httpx.Client) -> None:
    for one in got(asker, "/collections")["collections"]:
        told = got(asker, f"/collections/{one['id']}")
        assert all(told.get(name) == one.get(name) for name in ("id", "title", "description", "extent", "itemType"))
        assert all(link in told["links"] for link in one["links"])


@requirement("core/fc-op")
@requirement("core/fc-response")
def _(asker: httpx.Client) -> None:
    for one in browsed(asker):
        assert got(asker, f"/collections/{one['id']}/items", limit="1")["features"]
    found = got(asker, "/collections/legal-entities/items", city="苏州", limit="10000")["features"]
    assert {one["id"] for one in found} == {row["uid"] for row in organisations() if row["city"] == "苏州"}


@requirement("core/fc-limit-definition")
def _(asker: httpx.Client) -> None:
    told = parameter(asker, "limit")
    assert told["schema"] == {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100}
    assert told["style"] == "form" and told["explode"] is False


@requirement("core/fc-limit-response-1")
def _(asker: httpx.Client) -> None:
    for limit in (1, 7, 100):
        assert len(got(asker, f"{PLACES}/items", limit=str(limit))["features"]) == limit
    assert len(got(asker, f"{PLACES}/items")["features"]) == 100
    assert len(got(asker, f"{PLACES}/items", limit="99999999999")["features"]) == len(places())


@requirement("core/fc-bbox-definition")
def _(asker: httpx.Client) -> None:
    told = parameter(asker, "bbox")
    assert told["schema"]["oneOf"] == [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}]
    assert told["schema"]["items"] == {"type": "number"} and told["explode"] is False
    flat, high = (
        got(asker, f"{PLACES}/items", bbox=box) for box in ("120.4,31,120.42,31.01", "120.4,31,-9,120.42,31.01,9")
    )
    assert [one["id"] for one in flat["features"]] == [one["id"] for one in high["features"]]


@requirement("core/fc-bbox-response")
def _(asker: httpx.Client) -> None:
    found = got(asker, f"{PLACES}/items", bbox="120.3999,30.9999,120.4101,31.0001", place_type="poi")["features"]
    assert [one["id"] for one in found] == [uid(0), uid(1)]
    whole = got(asker, "/collections/legal-entities/items", bbox="0,0,1,1", limit="10000")
    assert whole["numberReturned"] == ORGANISATIONS, "what has no geometry is found in every box"
    assert asker.get(f"{PLACES}/items", params={"bbox": "0,0,1,91"}).status_code == 400


@requirement("core/fc-time-definition")
def _(asker: httpx.Client) -> None:
    assert parameter(asker, "datetime")["schema"] == {"type": "string"}
    instant = "2026-11-01T08:00:00%2B08:00".replace("%2B", "+")
    for text in (
        "2026-11-01T00:00:00Z",
        f"../{instant}",
        f"/{instant}",
        f"{instant}/..",
        f"{instant}/",
        f"{instant}/{instant}",
    ):
        assert got(asker, f"{PLACES}/items", datetime=text)["features"], text
    for text in (
        "",
        "..",
        "/",
        "2026-13-01T00:00:00Z",
        "2026-11-01T00:00:00",
        "2027-01-01/2026-01-01",
        "a/b/c",
    ):
        assert asker.get(f"{PLACES}/items", params={"datetime": text}).status_code == 400, text


@requirement("core/fc-time-response")
def _(asker: httpx.Client) -> None:
    for text, some in (
        ("2026-10-31T23:59:59Z", False),
        ("2026-11-01T00:00:00Z", True),
        ("2020-01-01/2026-10-30", False),
    ):
        assert bool(got(asker, f"{PLACES}/items", datetime=text)["features"]) is some, text
    assert got(asker, f"{PLACES}/items", datetime="2020-01-01T00:00:00Z/..")["features"]


@requirement("core/fc-links")
@requirement("core/fc-rel-type")
def _(asker: httpx.Client) -> None:
    told = got(asker, f"{PLACES}/items", limit="3", category="公园")
    assert links(told, "self")[0]["href"].endswith("/items?limit=3&category=%E5%85%AC%E5%9B%AD")
    assert {link["type"] for link in links(told, "alternate")} == {"text/html", "text/csv"}
    assert all(link["type"] for link in told["links"])
    for link in told["links"]:
        answer = asker.get(link["href"])
        assert answer.status_code == 200 and answer.headers["Content-Type"].startswith(link["type"])


@requirement("core/fc-timeStamp")
def _(asker: httpx.Client) -> None:
    assert "timeStamp" not in got(asker, f"{PLACES}/items", limit="1")


@requirement("core/fc-numberMatched")
def _(asker: httpx.Client) -> None:
    told = got(asker, f"{PLACES}/items", limit="2", category="公园", count="exact")
    assert told["numberMatched"] == sum(row["category"] == "公园" for row in places())


@requirement("core/fc-numberReturned")
def _(asker: httpx.Client) -> None:
    told = got(asker, f"{PLACES}/items", limit="13")
    assert told["numberReturned"] == len(told["features"]) == 13


@requirement("core/f-op")
@requirement("core/f-success")
def _(asker: httpx.Client) -> None:
    for one in browsed(asker):
        for feature in got(asker, f"/collections/{one['id']}/items", limit="3")["features"]:
            told = got(asker, f"/collections/{one['id']}/items/{feature['id']}")
            assert told["id"] == feature["id"] and told["properties"] == feature["properties"]


@requirement("core/f-links")
def _(asker: httpx.Client) -> None:
    told = got(asker, FEATURE)
    assert links(told, "collection")[0]["href"].endswith(PLACES)
    for rel, kind in (("self", "application/geo+json"), ("alternate", "text/html"), ("collection", "application/json")):
        (link,) = links(told, rel)
        assert link["type"] == kind and asker.get(link["href"]).headers["Content-Type"].startswith(kind)


@requirement("geojson/definition")
@requirement("geojson/content")
def _(asker: httpx.Client) -> None:
    for path, kind in ((f"{PLACES}/items", "FeatureCollection"), (FEATURE, "Feature")):
        answer = asker.get(path, headers={"Accept": "application/geo+json"})
        assert answer.headers["Content-Type"] == "application/geo+json" and answer.json()["type"] == kind


@requirement("html/definition")
@requirement("html/content")
def _(asker: httpx.Client) -> None:
    for path in ("/", "/conformance", "/collections", PLACES, f"{PLACES}/items", FEATURE):
        answer = asker.get(path, headers={"Accept": "text/html"})
        assert answer.headers["Content-Type"].startswith("text/html") and answer.text.startswith("<!doctype html>")
    assert "地点 1" in asker.get(FEATURE, headers={"Accept": "text/html"}).text


@requirement("oas30/oas-definition-1")
@requirement("oas30/oas-definition-2")
@requirement("oas30/oas-impl")
def _(asker: httpx.Client) -> None:
    (link,) = (link for link in links(got(asker, "/"), "service-desc") if link["type"] == OAS30)
    assert asker.get(link["href"]).json()["openapi"].startswith("3.0")


@requirement("oas30/completeness")
@requirement("oas30/exceptions-codes")
def _(asker: httpx.Client) -> None:
    for path, operations in got(asker, "/api/3.0")["paths"].items():
        for operation in operations.values():
            problem = operation["responses"]["default"]["content"]["application/problem+json"]["schema"]
            assert problem["$ref"].endswith("/Problem"), path
            assert any(status.startswith(("2", "3")) for status in operation["responses"])


@requirement("oas30/security")
def _(asker: httpx.Client) -> None:
    told = got(asker, "/api/3.0")
    assert told["components"]["securitySchemes"].keys() == {"ApiKey", "OAuth"}
    assert told["paths"]["/collections/{collection}/items"]["get"]["security"]
    with httpx.Client(base_url=asker.base_url) as nobody:
        assert nobody.get(f"{PLACES}/items").status_code == 401 and nobody.get(PLACES).status_code == 200


@pytest.mark.parametrize("name", CHECKS)
def test_requirement(name: str, asker: httpx.Client) -> None:
    CHECKS[name](asker)
