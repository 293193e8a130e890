"""OGC API - Features part 2: one test a requirement of the class crs."""

from __future__ import annotations

import httpx
import pytest

from city import uid
from requirements import Checks, got

CHECKS = Checks()
requirement = CHECKS.requirement
PLACES = "/collections/places"
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
FEATURE = f"{PLACES}/items/{uid(1)}"


def systems(asker: httpx.Client) -> list[str]:
    found: list[str] = got(asker, PLACES)["crs"]
    return found


def defined(asker: httpx.Client, path: str, name: str) -> None:
    told = got(asker, "/api/3.0")["paths"][path]["get"]["parameters"]
    found = next(one for one in told if one["name"] == name)
    assert (found["in"], found["required"], found["style"], found["explode"]) == ("query", False, "form", False)
    assert found["schema"] == {"type": "string", "format": "uri"}


@requirement("crs/crs-uri")
@requirement("crs/fc-md-crs-list")
def _(asker: httpx.Client) -> None:
    assert systems(asker) == [CRS84, f"{EPSG}4490", f"{EPSG}4326", f"{EPSG}4549"]
    assert "crs" not in got(asker, "/collections/legal-entities")


@requirement("crs/fc-md-crs-list-global")
def _(asker: httpx.Client) -> None:
    told = got(asker, "/collections")
    assert all("#/crs" not in one.get("crs", ()) for one in told["collections"]) and told["crs"] == systems(asker)


@requirement("crs/fc-md-storageCrs")
@requirement("crs/fc-md-storageCrs-valid-value")
def _(asker: httpx.Client) -> None:
    assert got(asker, PLACES)["storageCrs"] == f"{EPSG}4490" and f"{EPSG}4490" in systems(asker)


@requirement("crs/fc-crs-definition")
def _(asker: httpx.Client) -> None:
    for path in ("/collections/{collection}/items", "/collections/{collection}/items/{key}"):
        defined(asker, path, "crs")


@requirement("crs/fc-crs-valid-value")
@requirement("crs/crs-exception")
def _(asker: httpx.Client) -> None:
    for path in (f"{PLACES}/items", FEATURE):
        assert all(got(asker, path, crs=uri) for uri in systems(asker))
        answer = asker.get(path, params={"crs": f"{EPSG}9999"})
        assert answer.status_code == 400 and answer.json()["errors"][0]["reason"].count(EPSG) == 3


@requirement("crs/fc-crs-default-value")
def _(asker: httpx.Client) -> None:
    assert got(asker, FEATURE)["geometry"] == got(asker, FEATURE, crs=CRS84)["geometry"]


@requirement("crs/fc-crs-action")
def _(asker: httpx.Client) -> None:
    told = {uri: got(asker, FEATURE, crs=uri)["geometry"]["coordinates"] for uri in systems(asker)}
    assert told[CRS84] == [120.41, 31.0] and told[f"{EPSG}4490"] == told[f"{EPSG}4326"] == [31.0, 120.41]
    northing, easting = told[f"{EPSG}4549"]
    assert 3_430_000 < northing < 3_432_000 and 539_000 < easting < 540_000


@requirement("crs/ogc-crs-header")
@requirement("crs/ogc-crs-header-value")
def _(asker: httpx.Client) -> None:
    for path in (f"{PLACES}/items", FEATURE):
        for form in ("json", "html"):
            for uri in systems(asker):
                assert asker.get(path, params={"crs": uri, "f": form}).headers["Content-Crs"] == f"<{uri}>"
            assert asker.get(path, params={"f": form}).headers["Content-Crs"] == f"<{CRS84}>"


@requirement("crs/geojson")
def _(asker: httpx.Client) -> None:
    for uri in systems(asker):
        told = got(asker, f"{PLACES}/items", crs=uri, limit="1")
        assert "crs" not in told and "crs" not in told["features"][0]


@requirement("crs/fc-bbox-crs-definition")
def _(asker: httpx.Client) -> None:
    defined(asker, "/collections/{collection}/items", "bbox-crs")


@requirement("crs/fc-bbox-crs-valid-value")
@requirement("crs/bbox-crs-exception")
def _(asker: httpx.Client) -> None:
    asked = {"bbox": "31,120,32,121", "bbox-crs": f"{EPSG}9999"}
    answer = asker.get(f"{PLACES}/items", params=asked)
    assert answer.status_code == 400 and answer.json()["errors"][0]["name"] == "bbox-crs"


@requirement("crs/fc-bbox-crs-default-value")
def _(asker: httpx.Client) -> None:
    asked = {"bbox": "120.3999,30.9999,120.4101,31.0001", "place_type": "poi"}
    plain, said = (got(asker, f"{PLACES}/items", **asked, **more) for more in ({}, {"bbox-crs": CRS84}))
    assert [one["id"] for one in plain["features"]] == [one["id"] for one in said["features"]] == [uid(0), uid(1)]


@requirement("crs/fc-bbox-crs-action")
def _(asker: httpx.Client) -> None:
    for srid, box in ((4490, "30.9999,120.3999,31.0001,120.4101"), (4549, "3431040,538200,3431050,539160")):
        asked = {"bbox": box, "bbox-crs": f"{EPSG}{srid}", "place_type": "poi"}
        assert [one["id"] for one in got(asker, f"{PLACES}/items", **asked)["features"]] == [uid(0), uid(1)], srid


@pytest.mark.parametrize("name", CHECKS)
def test_requirement(name: str, asker: httpx.Client) -> None:
    CHECKS[name](asker)
