"""Pages for people: every document as HTML and as JSON, nothing run, nothing from elsewhere, nothing unescaped."""

from __future__ import annotations

import base64
import csv
import io
import json
from html.parser import HTMLParser
from typing import Any

import httpx
import pytest

from city import CATEGORIES, places, uid
from jishi_api.pages.map import draw
from jishi_api.table import csv_of, safe
from site_of_city import Site

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
DOCUMENTS = (
    "/",
    "/conformance",
    "/collections",
    "/collections/places",
    "/collections/natural-persons",
    "/collections/places/queryables",
    "/collections/places/schema",
    "/collections/natural-persons/schema",
)
PAGES = (*DOCUMENTS, "/docs", "/collections/places/items", f"/collections/places/items/{uid(9005)}")


class _Reader(HTMLParser):
    """Elements and addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.attributes: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append(name)
            if name in ("src", "action") or (tag == "link" and name == "href"):
                self.loaded.append(value or "")
            elif name == "href":
                self.links.append(value or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(answer: httpx.Response) -> _Reader:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    reader = _Reader()
    reader.feed(answer.text)
    return reader


@pytest.mark.parametrize("path", PAGES)
def test_a_browser_gets_a_page_that_runs_nothing_and_loads_nothing_foreign(asker: httpx.Client, path: str) -> None:
    answer = asker.get(path, headers=BROWSER)
    reader = _read(answer)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "http" not in policy and "unsafe" not in policy
    assert "script" not in reader.tags and "h1" in reader.tags
    assert not [name for name in reader.attributes if name.startswith("on") or name == "style"]
    own = str(asker.base_url).rstrip("/")
    assert reader.loaded and all(address.startswith(own) for address in reader.loaded)
    assert all(address.startswith(own) for address in reader.links)


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_program_gets_json_and_either_is_had_by_name(asker: httpx.Client, path: str) -> None:
    assert "json" in asker.get(path).headers["Content-Type"]
    assert "json" in asker.get(path, headers={**BROWSER}, params={"f": "json"}).headers["Content-Type"]
    assert "html" in asker.get(path, params={"f": "html"}).headers["Content-Type"]
    for parameters in ({"f": "xml"}, {"g": "html"}, {"f": ""}):
        answer = asker.get(path, params=parameters)
        assert answer.status_code == 400 and answer.json()["errors"][0]["name"] in ("f", "g"), answer.text


@pytest.mark.parametrize("path", (*DOCUMENTS, "/docs", "/api", "/api/3.0", "/pages/style.css"))
def test_what_has_not_changed_is_not_sent_again(asker: httpx.Client, path: str) -> None:
    first = asker.get(path)
    tag = first.headers["ETag"]
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = asker.get(path, headers={"If-None-Match": given})
        assert again.status_code == 304 and not again.content and again.headers["ETag"] == tag
    assert asker.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    if path in DOCUMENTS:
        assert asker.get(path, headers=BROWSER).headers["ETag"] != tag
        assert "Accept" in first.headers["Vary"]


def test_what_a_register_holds_has_no_tag_and_is_not_kept(asker: httpx.Client) -> None:
    for path in ("/collections/places/items", f"/collections/places/items/{uid(1)}"):
        for form in ("json", "html"):
            answer = asker.get(path, params={"f": form})
            assert "ETag" not in answer.headers and answer.headers["Cache-Control"] == "private, no-store"


def test_the_page_of_items_has_a_table_a_map_the_next_page_and_the_request(asker: httpx.Client) -> None:
    asked = {"f": "html", "limit": "10", "filter": "place_type = 'division' OR category = '公园'", "count": "exact"}
    reader = _read(asker.get("/collections/places/items", params={**asked, "sortby": "-uid"}))
    assert reader.tags.count("tr") == 11 and "地点 9005" in reader.text
    assert "svg" in reader.tags and reader.tags.count("path") == 7 and reader.tags.count("circle") == 5
    assert "curl -H 'X-API-Key: …'" in reader.text and "f=json" in reader.text
    following = next(address for address in reader.links if "cursor=" in address)
    assert _read(asker.get(following)).tags.count("tr") == 11


def test_values_of_the_register_and_of_the_caller_are_escaped(asker: httpx.Client) -> None:
    evil = "\"><script>alert(1)</script><img src=x onerror='x'>"
    asked = {"f": "html", "filter": f"category = '{evil.replace(chr(39), chr(39) * 2)}'"}
    answer = asker.get("/collections/places/items", params=asked)
    reader = _read(answer)
    assert "script" not in reader.tags and "img" not in reader.tags and "<script" not in answer.text
    for path in ("/collections/places/items", "/collections"):
        refused = asker.get(path, params={evil: evil, "f": "html"})
        assert refused.status_code == 400 and "<script" not in refused.text
    reader = _read(asker.get("/collections/places/items", headers={**BROWSER, "Host": 'evil"><script>'}))
    assert "script" not in reader.tags


def test_a_hostile_value_of_the_register_stays_a_text() -> None:
    feature: dict[str, Any] = {"id": "1", "properties": {"place_name": "<b>"}}
    from jishi_api.pages.render import _environment

    shapes: tuple[dict[str, Any], ...] = (
        {"type": "Point", "coordinates": [1, 2]},
        {"type": "LineString", "coordinates": [[1, 2], [3, 4]]},
        {"type": "GeometryCollection", "geometries": [{"type": "MultiPoint", "coordinates": [[1, 2], [5, 6]]}]},
    )
    drawn = draw([{**feature, "geometry": shape} for shape in shapes], "place_name", north_first=False, degrees=True)
    told = _environment().from_string("{% from 'map.html' import drawing %}{{ drawing(map, say) }}")
    text = told.render(map=drawn, say=lambda code: code)
    assert "<b>" not in text and text.count("&lt;b&gt;") == 4
    assert draw([{**feature, "geometry": None}], None, north_first=False, degrees=True) is None


def test_a_map_stands_upright_whatever_the_axis_order(asker: httpx.Client) -> None:
    seen = set()
    for crs in ("", "http://www.opengis.net/def/crs/EPSG/0/4490"):
        asked = {"f": "html", "filter": "place_type = 'division'", **({"crs": crs} if crs else {})}
        text = asker.get("/collections/places/items", params=asked).text
        seen.add(text[text.index("<path") : text.index("<text")])
    assert len(seen) == 1


def test_csv_is_the_same_features_and_no_spreadsheet_calculates_it(asker: httpx.Client) -> None:
    answer = asker.get("/collections/places/items", params={"f": "csv", "limit": "10000"})
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["uid"] for row in rows] == [row["uid"] for row in sorted(places(), key=lambda row: str(row["uid"]))]
    assert {row["category"] for row in rows} == {value or "" for value in (*CATEGORIES, "无处")}
    assert rows[1]["geometry"] == "POINT (120.41 31)" and rows[-1]["geometry"].startswith("MULTIPOINT")
    accepted = asker.get("/collections/places/items", params={"limit": "2"}, headers={"Accept": "text/csv"})
    assert accepted.headers["Link"].endswith('rel="next"; type="text/csv"')
    following = accepted.headers["Link"].partition(">")[0].strip("<")
    assert len(asker.get(following, headers={"Accept": "text/csv"}).text.splitlines()) == 3
    for text in ("=1", "+1", "-1", "@x", "\t=1", "\r=1", "＝1"):
        assert safe(text) == f"'{text}"
        assert f"'{text[0]}" in csv_of(["n"], [{"id": "1", "properties": {"n": text}}], geometry=False).decode()
    assert safe(-1.5) == "-1.5" and safe(["a"]) == '["a"]' and safe("a=1") == "a=1"


def test_a_browser_is_asked_for_a_key_and_may_send_it_as_a_password(site: Site) -> None:
    path = f"{site.url}/collections/places/items?limit=1"
    refused = httpx.get(path, headers=BROWSER)
    assert refused.status_code == 401 and refused.headers["WWW-Authenticate"].startswith("Basic ")
    assert "text/html" in refused.headers["Content-Type"] and "script-src" not in refused.text
    assert httpx.get(path).headers["WWW-Authenticate"].startswith("ApiKey ")
    assert _read(httpx.get(path, headers=BROWSER, auth=("me", site.key))).tags.count("tr") == 2
    assert httpx.get(path, auth=("me", "wrong")).status_code == 401
    for text in ("%%%", base64.b64encode(b"nocolon").decode(), "a b"):
        assert httpx.get(path, headers={"Authorization": f"Basic {text}"}).status_code == 401
    posted = httpx.post(f"{site.url}/collections/places/search", json={}, auth=("me", site.key))
    assert posted.status_code == 401, "a page elsewhere could make the browser ask"


def test_queryables_of_a_caller_are_what_its_grant_lets_it_compare(asker: httpx.Client, site: Site) -> None:
    anybody = httpx.get(f"{site.url}/collections/legal-entities/queryables").json()["properties"]
    own = asker.get("/collections/legal-entities/queryables").json()["properties"]
    assert own and own.keys() <= anybody.keys()
    for name in own:
        answer = asker.get("/collections/legal-entities/items", params={"filter": f"{name} IS NULL", "limit": "1"})
        assert answer.status_code == 200, name
    assert asker.get("/collections/natural-persons/queryables").json()["properties"] == {}


def test_the_schema_names_code_lists_units_roles_and_order(asker: httpx.Client) -> None:
    told = asker.get("/collections/legal-entities/schema").json()["properties"]
    assert [one["x-ogc-propertySeq"] for one in told.values()] == list(range(1, len(told) + 1))
    lists = {one["x-ogc-codelistUri"] for one in told.values() if "x-ogc-codelistUri" in one}
    assert lists and all(asker.get(address).status_code == 200 for address in lists)
    places_told = asker.get("/collections/places/schema").json()["properties"]
    assert places_told["h_accuracy_m"]["x-ogc-unit"] == "m" and places_told["h_accuracy_m"]["x-ogc-unitLang"] == "UCUM"
    assert places_told["geom"]["x-ogc-role"] == "primary-geometry" and "type" not in places_told["geom"]
    assert json.dumps(told)
