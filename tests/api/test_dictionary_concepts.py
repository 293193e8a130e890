"""The dictionary over HTTP: forms, tags, versions, days, changes, elements, the handbook."""

from __future__ import annotations

import csv
import io
import json

import httpx
import pytest

from jishi.dictionary.editions import lock, record_edition
from jishi.registers.catalog import registers
from jishi.storage.engine import connect

DEPRECATE = (
    "UPDATE jishi.concept SET status = 'deprecated', successors = '{0403}', status_origin = 'steward' "
    "WHERE scheme = 'project-nodes' AND code = '0404'"
)


@pytest.fixture
async def deprecated(loaded_database: str) -> None:
    """0404 is used no more; 0403 stands instead. Done and recorded as a steward's act."""
    opened = await connect(loaded_database)
    async with opened.transaction():
        await lock(opened)
        await opened.execute(DEPRECATE)
        assert await record_edition(opened, "status", "meilin", reason="并入预算评审")
    await opened.close()


async def test_a_concept_tells_what_it_is_and_what_it_is_not(reader: httpx.AsyncClient) -> None:
    told = (await reader.get("/dictionary/concepts/0304")).json()
    assert told["definition"] and told["scope_note"] and told["legal_basis"] and told["name_en"]
    assert told["status"] == "approved" and told["deprecated"] is False and told["revision"] == 1
    assert "概算批复" in {alias["name"] for alias in told["negative_aliases"]}
    assert "概算批复" not in {alias["name"] for alias in told["aliases"]}
    assert told["predecessors"] == ["0302", "0303"] and told["author"] == "dictionary"


async def test_every_node_category_and_type_has_a_definition(reader: httpx.AsyncClient) -> None:
    counts = {"project-nodes": 81, "om-categories": 15, "project-types": 4}
    for scheme, count in counts.items():
        concepts = (await reader.get(f"/dictionary/schemes/{scheme}")).json()["concepts"]
        assert len(concepts) == count
        assert all(concept["definition"] and concept["name_en"] for concept in concepts)


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("json", "application/json"),
        ("jsonld", "application/ld+json"),
        ("ttl", "text/turtle"),
        ("csv", "text/csv"),
        ("html", "text/html"),
    ],
)
@pytest.mark.parametrize("path", ["schemes/project-nodes", "schemes/sex", "concepts/0403", "concepts/1?scheme=sex"])
async def test_scheme_and_concept_come_in_every_form_by_parameter_and_by_header(
    reader: httpx.AsyncClient, path: str, form: str, kind: str
) -> None:
    joint = "&" if "?" in path else "?"
    by_parameter = await reader.get(f"/dictionary/{path}{joint}f={form}")
    by_header = await reader.get(f"/dictionary/{path}", headers={"Accept": f"text/x-nothing, {kind};q=0.9, */*;q=0.1"})
    assert by_parameter.status_code == 200 and by_parameter.headers["content-type"].startswith(kind)
    assert by_header.content == by_parameter.content
    assert "Accept" in by_parameter.headers["vary"]


async def test_a_browser_gets_a_page_that_loads_nothing(reader: httpx.AsyncClient) -> None:
    for path in ("schemes", "schemes/project-nodes", "schemes/sex", "concepts/0403", "changes", "handbook", "elements"):
        answer = await reader.get(
            f"/dictionary/{path}", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        )
        page = answer.text
        assert answer.status_code == 200 and page.startswith("<!DOCTYPE html>"), path
        assert "<script" not in page and "<link" not in page and "src=" not in page, path
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_what_is_known_already_is_not_sent_again(reader: httpx.AsyncClient) -> None:
    for path in ("schemes", "schemes/sex?f=ttl", "concepts/0403", "changes", "elements", "elements/place", "handbook"):
        first = await reader.get(f"/dictionary/{path}")
        again = await reader.get(
            f"/dictionary/{path}", headers={"If-None-Match": f'"other", W/{first.headers["etag"]}'}
        )
        assert (again.status_code, again.content) == (304, b""), path
        assert again.headers["etag"] == first.headers["etag"]
        other = await reader.get(f"/dictionary/{path}", headers={"If-None-Match": '"other"'})
        assert other.status_code == 200


async def test_a_deprecated_concept_says_so_and_names_its_successor(
    reader: httpx.AsyncClient, deprecated: None
) -> None:
    for asked in ("0404", "项目控制价核定"):
        told = (await reader.get(f"/dictionary/concepts/{asked}")).json()
        assert told["code"] == "0404" and told["status"] == "deprecated" and told["deprecated"] is True
        assert told["successors"] == ["0403"] and told["replaced_by"][0]["name"] == "预算评审"
        assert "0403" in told["notice"] and told["author"] == "meilin" and told["reason"] == "并入预算评审"
    english = await reader.get("/dictionary/concepts/0404", headers={"Accept-Language": "en"})
    assert "deprecated" in english.json()["notice"]
    assert "0403" in (await reader.get("/dictionary/concepts/0404?f=html")).text
    turtle = (await reader.get("/dictionary/concepts/0404?f=ttl")).text
    assert "dct:isReplacedBy" in turtle and "owl:deprecated" in turtle


async def test_an_earlier_version_and_an_earlier_instant_answer_as_they_did(
    reader: httpx.AsyncClient, loaded_database: str
) -> None:
    before = await reader.get("/dictionary/concepts/0404")
    tag, version = before.headers["etag"], before.json()["version"]
    connection = await connect(loaded_database)
    instant = await connection.fetchval("SELECT clock_timestamp()")
    async with connection.transaction():
        await lock(connection)
        await connection.execute(DEPRECATE)
        edition = await record_edition(connection, "status", "meilin")
    await connection.close()
    assert edition is not None and edition.version == f"{version}.2"
    now = await reader.get("/dictionary/concepts/0404", headers={"If-None-Match": tag})
    assert now.status_code == 200 and now.json()["status"] == "deprecated" and now.json()["revision"] == 2
    for pinned in (f"version={version}", "version=1", f"as-of={instant.isoformat().replace('+', '%2B')}"):
        told = (await reader.get(f"/dictionary/concepts/0404?{pinned}")).json()
        assert told["status"] == "approved" and told["version"] == version and told["revision"] == 1
    scheme = (await reader.get(f"/dictionary/schemes/project-nodes?version={version}")).json()
    assert {concept["status"] for concept in scheme["concepts"]} == {"approved"}
    history = (await reader.get("/dictionary/concepts/0404/versions")).json()["versions"]
    assert [(item["revision"], item["author"]) for item in history] == [(2, "meilin"), (1, "dictionary")]
    assert (await reader.get("/dictionary/schemes?version=ffffffffffffffff")).status_code == 404


async def test_a_day_picks_the_code_that_held_on_it(reader: httpx.AsyncClient) -> None:
    codes = (await reader.get("/dictionary/schemes/division?as-of=1990-01-01")).json()["concepts"]
    assert codes and all(
        (row["valid_from"] or "") <= "1990-01-01" and (row["valid_to"] is None or row["valid_to"] > "1990-01-01")
        for row in codes
    )
    ended = (await reader.get("/dictionary/concepts/320502?scheme=division")).json()
    assert ended["deprecated"] is True and ended["replaced_by"]
    held = (await reader.get("/dictionary/concepts/320502?scheme=division&as-of=2010-01-01")).json()
    assert held["in_force"] is True and held["name"] == "沧浪区"


async def test_the_feed_tells_what_is_new_modified_and_deprecated_by_whom(
    reader: httpx.AsyncClient, deprecated: None
) -> None:
    first = (await reader.get("/dictionary/changes?scheme=project-nodes&limit=50")).json()
    assert len(first["changes"]) == 50 and {change["change"] for change in first["changes"]} == {"new"}
    found, page = list(first["changes"]), first
    while any(link["rel"] == "next" for link in page["links"]):
        page = (await reader.get(next(link["href"] for link in page["links"] if link["rel"] == "next"))).json()
        found += page["changes"]
    assert len(found) == 83 and len({(c["edition"], c["kind"], c["code"]) for c in found}) == 83
    (last,) = (await reader.get("/dictionary/changes?since=1")).json()["changes"]
    assert (last["code"], last["change"], last["author"], last["successors"]) == (
        "0404",
        "deprecated",
        "meilin",
        ["0403"],
    )
    assert last["recorded_at"] > found[0]["recorded_at"]
    assert (await reader.get(f"/dictionary/changes?since={found[0]['version']}")).json()["changes"] == [last]
    assert (await reader.get("/dictionary/changes?since=2999-01-01")).json()["changes"] == []


async def test_elements_carry_the_attributes_of_a_registry(reader: httpx.AsyncClient) -> None:
    everything = (await reader.get("/dictionary/elements")).json()["elements"]
    assert len(everything) == sum(len(register.elements) for register in registers().values())
    assert len({item["identifier"] for item in everything}) == len(everything)
    told = (await reader.get("/dictionary/elements/natural_person/sex_code")).json()
    assert told["data_element_concept"]["object_class"]["name"] and told["data_element_concept"]["property"]["name"]
    assert told["value_domain"] == {
        "kind": "enumerated",
        "code_list": "sex",
        "description": told["value_domain"]["description"],
        "href": told["value_domain"]["href"],
    }
    assert (await reader.get(told["value_domain"]["href"])).json()["id"] == "sex"
    for name in (
        "version",
        "registration_authority",
        "registration_status",
        "steward",
        "origin",
        "definition",
        "context",
    ):
        assert told[name]
    assert (await reader.get("/dictionary/elements/natural-persons")).json()["elements"]
    rows = list(
        csv.DictReader(io.StringIO((await reader.get("/dictionary/elements?f=csv")).text.removeprefix("\ufeff")))
    )
    assert len(rows) == len(everything)
    assert (await reader.get("/dictionary/elements/natural_person/nothing")).json()["code"] == "DIC-ELEMENT"
    assert (await reader.get("/dictionary/elements/nothing")).status_code == 404
    assert (await reader.get("/dictionary/elements?as-of=2020-01-01")).status_code == 400


async def test_every_fault_of_the_parameters_is_told_at_once(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/dictionary/changes?limit=0&since=x%20y&after=1&change=odd&colour=red")
    assert answer.status_code == 400 and [fault["name"] for fault in answer.json()["errors"]] == ["colour"]
    answer = await reader.get("/dictionary/changes?limit=0&since=x%20y&after=1&change=odd")
    assert {fault["name"] for fault in answer.json()["errors"]} == {"limit", "since", "after", "change"}
    for query in ("f=pdf", "as-of=yesterday", "as-of=2026-01-01T00:00:00", "version=a&version=b", "as-of=%00"):
        answer = await reader.get(f"/dictionary/schemes?{query}")
        assert answer.status_code == 400 and answer.json()["code"] == "QRY-PARAMETERS", query


async def test_before_anything_is_loaded_the_lists_are_empty(anybody: httpx.AsyncClient) -> None:
    assert (await anybody.get("/dictionary/schemes")).json() == {"version": "", "schemes": []}
    assert (await anybody.get("/dictionary/changes")).json()["changes"] == []
    assert (await anybody.get("/dictionary/concepts/0101")).status_code == 404
    assert (await anybody.get("/dictionary/handbook")).status_code == 200


async def test_the_handbook_is_served_with_its_stages_names_and_registry(reader: httpx.AsyncClient) -> None:
    page = (await reader.get("/dictionary/handbook")).text
    for part in ("阶段与次序", "各地名称", "各地程序", "邵阳", "ISO/IEC 11179", "@media print", "概算批复"):
        assert part in page, part
    assert "http" not in page.replace("http-equiv", "")


# the library's own reader of JSON-LD makes a graph of a kind it has deprecated
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
async def test_the_turtle_and_the_json_ld_say_the_same_to_any_reader(reader: httpx.AsyncClient) -> None:
    import rdflib
    from rdflib.compare import isomorphic

    for path in ("schemes/project-nodes", "schemes/sex"):
        turtle = rdflib.Graph().parse(data=(await reader.get(f"/dictionary/{path}?f=ttl")).text, format="turtle")
        told = (await reader.get(f"/dictionary/{path}?f=jsonld")).text
        assert isomorphic(turtle, rdflib.Graph().parse(data=told, format="json-ld"))
        assert json.loads(told)["@context"]["skos"]
