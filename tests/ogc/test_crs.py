"""Part 2: each system in the axis order it declares, in and out."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from city import COLUMNS, places, point, uid
from jishi_api.crs import systems

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
ITEMS = "/collections/places/items"
NUMBER = 7 * COLUMNS + 22


def _features(asker: httpx.Client, **parameters: str) -> list[dict[str, Any]]:
    answer = asker.get(ITEMS, params={"limit": "10000", "properties": "place_name,geom", **parameters})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["features"]
    return found


@pytest.mark.parametrize("srid", [4490, 4326, 4549])
def test_a_position_is_written_as_proj_says_the_system_writes_it(asker: httpx.Client, srid: int) -> None:
    pyproj = pytest.importorskip("pyproj")
    expected = pyproj.Transformer.from_crs("EPSG:4490", f"EPSG:{srid}").transform(*reversed(point(NUMBER)))
    for address in (f"{ITEMS}/{uid(NUMBER)}", ITEMS):
        answer = asker.get(address, params={"crs": f"{EPSG}{srid}", "properties": "geom"})
        assert answer.headers["Content-Crs"] == f"<{EPSG}{srid}>"
        told = answer.json()
        feature = next((one for one in told.get("features", [told]) if one["id"] == uid(NUMBER)), told)
        if "features" not in told:
            assert feature["geometry"]["coordinates"] == pytest.approx(expected, abs=2e-3 if srid == 4549 else 1e-7)


@pytest.mark.parametrize("srid", [4490, 4326, 4549])
def test_a_box_and_a_filter_in_a_system_find_what_they_find_in_the_default_one(asker: httpx.Client, srid: int) -> None:
    pyproj = pytest.importorskip("pyproj")
    project = pyproj.Transformer.from_crs("EPSG:4490", f"EPSG:{srid}").transform
    low, high = project(31.0549, 120.4549), project(31.1051, 120.5051)
    box = [*low, *high]
    corners = [
        project(y, x) for x, y in ((120.4549, 31.0549), (120.5051, 31.0549), (120.5051, 31.1051), (120.4549, 31.1051))
    ]
    ring = ", ".join(f"{a:.4f} {b:.4f}" if srid == 4549 else f"{a} {b}" for a, b in [*corners, corners[0]])
    expected = {one["id"] for one in _features(asker, bbox="120.4549,31.0549,120.5051,31.1051", place_type="poi")}
    assert len(expected) == 25
    boxed = _features(asker, **{"bbox": ",".join(map(str, box)), "bbox-crs": f"{EPSG}{srid}", "place_type": "poi"})
    assert {one["id"] for one in boxed} == expected
    asked = {"filter": f"S_WITHIN(geom, POLYGON(({ring}))) AND place_type = 'poi'", "filter-crs": f"{EPSG}{srid}"}
    assert {one["id"] for one in _features(asker, **asked)} == expected
    asked["filter"] = f"S_INTERSECTS(geom, BBOX({','.join(map(str, box))})) AND place_type = 'poi'"
    assert {one["id"] for one in _features(asker, **asked)} == expected


def test_a_search_says_it_in_its_body_too(asker: httpx.Client) -> None:
    body = {"filter": {"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [31.05, 120.45, 31.06, 120.46]}]}}
    body |= {"filter-crs": f"{EPSG}4490", "crs": f"{EPSG}4490", "properties": ["place_name", "geom"]}  # type: ignore[dict-item]
    answer = asker.post("/collections/places/search", json=body)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Crs"] == f"<{EPSG}4490>"
    points = [one["geometry"]["coordinates"] for one in answer.json()["features"] if one["geometry"]["type"] == "Point"]
    assert sorted(points) == [[31.05, 120.45], [31.05, 120.46], [31.06, 120.45], [31.06, 120.46]]


def test_a_system_that_is_not_served_is_refused_by_name(asker: httpx.Client) -> None:
    for name in ("crs", "bbox-crs", "filter-crs"):
        for uri in (f"{EPSG}3857", f"{EPSG}4490x", "4490", ""):
            answer = asker.get(ITEMS, params={name: uri})
            assert answer.status_code == 400
            assert [(one["name"], one["code"]) for one in answer.json()["errors"]] == [(name, "OGC-CRS-UNKNOWN")]


@pytest.mark.parametrize(
    "text", ["31,120,32,121", "0,0,1e9,1e9", "-1e12,-1e12,1e12,1e12", "3466396,559006,3466397,559007"]
)
def test_whatever_the_numbers_of_a_projected_box_the_answer_is_a_page(asker: httpx.Client, text: str) -> None:
    answer = asker.get(ITEMS, params={"bbox": text, "bbox-crs": f"{EPSG}4549", "limit": "1"})
    assert answer.status_code == 200, answer.text


def test_a_geometry_out_of_reach_of_its_system_is_refused(asker: httpx.Client) -> None:
    for filtered in ("S_INTERSECTS(geom, POINT(91 0))", "S_WITHIN(geom, BBOX(0, 0, 1, 181))"):
        answer = asker.get(ITEMS, params={"filter": filtered, "filter-crs": f"{EPSG}4490"})
        assert answer.status_code == 400, answer.text
    asked = {"filter": "S_INTERSECTS(geom, POINT(99999999 0))", "filter-crs": f"{EPSG}4549"}
    assert asker.get(ITEMS, params=asked).status_code == 400


def test_a_page_in_one_system_goes_on_in_it(asker: httpx.Client) -> None:
    address = f"{asker.base_url}{ITEMS}?crs={EPSG}4549&limit=1500&properties=geom"
    seen = 0
    while address:
        answer = asker.get(address)
        assert answer.headers["Content-Crs"] == f"<{EPSG}4549>"
        seen += answer.json()["numberReturned"]
        address = next((link["href"] for link in answer.json()["links"] if link["rel"] == "next"), "")
    assert seen == len(places())


def test_the_axes_of_every_zone_are_as_proj_has_them() -> None:
    pyproj = pytest.importorskip("pyproj")
    for srid in (*range(4491, 4555), 32601, 32650, 32660):
        known = list(systems(srid).values())[-1]
        declared = pyproj.CRS.from_epsg(srid)
        assert known.srid == srid
        assert known.north_first is (declared.axis_info[0].direction == "north"), srid
        false_easting = next(one.value for one in declared.coordinate_operation.params if one.name == "False easting")
        assert known.bounds[0] < false_easting < known.bounds[2]
        assert (known.bounds[0] + known.bounds[2]) / 2 == false_easting
    assert len(systems(2000)) == 3
