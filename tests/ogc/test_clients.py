"""Programs that nobody here wrote read the collections: GDAL of the distribution, a newer GDAL, OWSLib."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
import shapely

from city import DISTRICTS, ORGANISATIONS, POINTS, WITHOUT_GEOMETRY, organisations, places
from site_of_city import Site

BOX = (120.4549, 31.0549, 120.5051, 31.1051)


def _run(site: Site, *command: str) -> str:
    environment = {
        **os.environ,
        "GDAL_HTTP_HEADERS": f"X-API-Key: {site.key}",
        "PROJ_NETWORK": "OFF",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def gdal() -> None:
    if shutil.which("ogr2ogr") is None:
        pytest.skip("the distribution's GDAL (gdal-bin) is not installed")


def test_the_distributions_gdal_lists_what_can_be_browsed(site: Site, gdal: None) -> None:
    told = _run(site, "ogrinfo", "-ro", f"OAPIF:{site.url}/")
    assert "places" in told and "legal-entities" in told


def test_the_distributions_gdal_reads_every_place(site: Site, gdal: None) -> None:
    out = site.folder / "all.geojsonl"
    source = ("-oo", "PAGE_SIZE=1000", f"OAPIF:{site.url}/", "places")
    _run(site, "ogr2ogr", "-f", "GeoJSONSeq", str(out), *source)
    read = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert len(read) == POINTS + WITHOUT_GEOMETRY + len(DISTRICTS)
    names = {row["uid"]: row["place_name"] for row in places()}
    assert {one["properties"].get("id", one.get("id")): one["properties"]["place_name"] for one in read} == names
    assert sum(one["geometry"] is None for one in read) == WITHOUT_GEOMETRY


def test_the_distributions_gdal_reads_a_box(site: Site, gdal: None) -> None:
    out = site.folder / "box.geojsonl"
    mark = len(site.seen)
    _run(site, "ogr2ogr", "-f", "GeoJSONSeq", str(out), "-spat", *map(str, BOX), f"OAPIF:{site.url}/", "places")
    assert len(out.read_text(encoding="utf-8").splitlines()) == _touched()
    assert any("bbox=120.45" in target for target in site.since(mark))


def test_the_distributions_gdal_reads_a_place_as_the_schema_types_it(site: Site, gdal: None) -> None:
    told = _run(site, "ogrinfo", "-ro", "-so", f"OAPIF:{site.url}/", "legal-entities")
    assert f"Feature Count: {ORGANISATIONS}" in told
    assert "establish_date: Date" in told and "reg_capital: Integer" in told


NEWER = """
import json, sys
import pyogrio
box = tuple(json.loads(sys.argv[2]))
meta, table = pyogrio.read_arrow(sys.argv[1], layer="places", bbox=box, CRS="EPSG:4490", PAGE_SIZE="500",
    USERPWD=sys.argv[3])
import shapely
shapes = shapely.from_wkb(table["wkb_geometry"].to_pylist())
bounds = shapely.total_bounds(shapes).tolist()
print(json.dumps({"crs": meta["crs"], "rows": table.num_rows, "bounds": bounds,
    "names": table["place_name"].to_pylist()}))
"""


def test_a_newer_gdal_reads_in_the_system_of_the_country(site: Site) -> None:
    """It takes the key as a password: with more than one header to send it forgets the one of the environment."""
    pytest.importorskip("pyogrio")
    mark = len(site.seen)
    command = (sys.executable, "-c", NEWER, f"OAPIF:{site.url}/", json.dumps(BOX), f"key:{site.key}")
    told: dict[str, Any] = json.loads(_run(site, *command))
    assert all(name.startswith("地点 ") for name in told["names"])
    assert told["rows"] == _touched() and "4490" in told["crs"]
    assert 119 < told["bounds"][0] < 122 and 30 < told["bounds"][1] < 32
    pages = [target for target in site.since(mark) if "/items?" in target and "bbox=" in target]
    assert pages and all("crs=http://www.opengis.net/def/crs/EPSG/0/4490" in _plain(target) for target in pages), pages
    assert all("bbox-crs=http://www.opengis.net/def/crs/EPSG/0/4490" in _plain(target) for target in pages), pages
    assert all("bbox=31.0" in _plain(target) for target in pages), pages


def test_owslib_walks_the_collections_with_filters(site: Site) -> None:
    features = pytest.importorskip("owslib.ogcapi.features")
    client = features.Features(f"{site.url}/", headers={"X-API-Key": site.key})
    assert {"places", "legal-entities"} <= set(client.feature_collections())
    assert not {"natural-persons", "certificates"} & set(client.feature_collections())
    assert client.collection("places")["storageCrs"].endswith("/4490")
    assert "place_name" in client.collection_queryables("places")["properties"]
    for collection, rows, text in (
        ("places", [row for row in places() if row["category"] == "公园"], "category = '公园'"),
        ("legal-entities", [row for row in organisations() if row["city"] == "苏州"], "city IN ('苏州')"),
    ):
        seen = [one["id"] for one in _walk(client, collection, filter=text, limit=150)]
        assert sorted(seen) == sorted(row["uid"] for row in rows)
    one = client.collection_item("places", places()[0]["uid"])
    assert one["properties"]["place_name"] == "地点 0"


def _walk(client: Any, collection: str, **asked: Any) -> list[dict[str, Any]]:
    """Page by page, as long as a page links to a next one."""
    page = client.collection_items(collection, **asked)
    found = list(page["features"])
    while following := next((link["href"] for link in page["links"] if link["rel"] == "next"), None):
        page = client.collection_items(collection, **dict(parse_qsl(urlsplit(following).query)))
        found += page["features"]
    return found


def _touched() -> int:
    box = shapely.box(*BOX)
    return sum(bool(row["geom"]) and bool(shapely.intersects(shapely.from_wkt(row["geom"]), box)) for row in places())


def _plain(target: str) -> str:
    return unquote(target)
