from __future__ import annotations

import re

import httpx
import pytest

from jishi.errors import DeclarationError
from jishi.registers.catalog import register_of, registers
from jishi.registers.catalogue_entry import ENTRIES, CatalogueEntry, Sharing, check, entry_of


async def test_every_register_is_a_collection_with_its_catalogue_entry(anybody: httpx.AsyncClient) -> None:
    found = (await anybody.get("/collections")).json()["collections"]
    assert [collection["id"] for collection in found] == [register.collection for register in registers().values()]
    for collection in found:
        entry = collection["catalogue"]
        assert entry["code"] and entry["provider"] and entry["update_cycle"]
        assert entry["sharing"] in {"unconditional", "conditional", "none"} and (
            entry.get("condition") or entry["basis"]
        )
        told = (await anybody.get(f"/collections/{collection['id']}")).json()
        assert {**told, "links": [link for link in told["links"] if link["rel"] != "alternate"]} == collection


async def test_a_personal_collection_offers_no_items(anybody: httpx.AsyncClient) -> None:
    for register in registers().values():
        collection = (await anybody.get(f"/collections/{register.collection}")).json()
        relations = {link["rel"] for link in collection["links"]}
        assert collection["itemType"] == ("record" if register.personal else "feature")
        assert ("items" in relations) is not register.personal


async def test_every_link_of_the_landing_page_and_the_collections_answers(caller: httpx.AsyncClient) -> None:
    landing = (await caller.get("/")).json()
    collections = (await caller.get("/collections")).json()
    links = [*landing["links"], *(link for one in collections["collections"] for link in one["links"])]
    for link in links:
        answer = await caller.get(link["href"])
        assert answer.status_code == 200, link
        assert answer.headers["Content-Type"].removesuffix("; charset=utf-8") == link["type"], link
    assert {"self", "service-desc", "conformance", "data"} <= {link["rel"] for link in landing["links"]}


async def test_queryables_hold_nothing_personal(anybody: httpx.AsyncClient) -> None:
    for register in registers().values():
        answer = await anybody.get(f"/collections/{register.collection}/queryables")
        assert answer.headers["Content-Type"] == "application/schema+json"
        told = answer.json()
        assert told["type"] == "object" and told["additionalProperties"] is False
        assert {found["x-sensitivity"] for found in told["properties"].values()} <= {"N"}


async def test_every_queryable_can_be_asked_for(caller: httpx.AsyncClient) -> None:
    for collection in ("legal-entities", "places"):
        told = (await caller.get(f"/collections/{collection}/queryables")).json()["properties"]
        asked = {
            name: "2001-01-01" if found.get("format") == "date" else "1"
            for name, found in told.items()
            if "geometry" not in found.get("format", "")
        }
        assert asked
        answer = await caller.get(f"/collections/{collection}/items", params=asked)
        assert answer.status_code == 200, answer.text


async def test_the_schema_tells_titles_standards_and_labels(anybody: httpx.AsyncClient) -> None:
    told = (await anybody.get("/collections/legal-entities/schema")).json()
    assert told["$schema"].endswith("2020-12/schema") and told["properties"]["uid"]["x-ogc-role"] == "id"
    code, label = told["properties"]["entity_status_code"], told["properties"]["entity_status"]
    assert code["title"] == "登记状态" and code["x-code-list"] == "entity_status" and code["x-label"] == "entity_status"
    assert label["x-label-of"] == "entity_status_code"
    assert told["properties"]["uscc"]["x-standard"] == "GB 32100-2015"
    assert told["properties"]["legal_rep_name"]["x-mask"] == "name"
    places = (await anybody.get("/collections/places/schema")).json()["properties"]
    assert places["geom"]["x-ogc-role"] == "primary-geometry"


async def test_an_unknown_collection_is_not_found(caller: httpx.AsyncClient) -> None:
    for path in ("", "/items", "/items/1", "/queryables", "/schema", "/search"):
        for name in ("legal_entity", "nothing", "%00"):
            answer = await caller.get(f"/collections/{name}{path}")
            assert answer.status_code == 404 and answer.json()["code"] == "QRY-COLLECTION", path


async def test_the_description_names_every_path_and_its_problems(anybody: httpx.AsyncClient) -> None:
    answer = await anybody.get("/api")
    assert answer.headers["Content-Type"] == "application/vnd.oai.openapi+json;version=3.1"
    told = answer.json()
    assert told["openapi"].startswith("3.1")
    assert {"/", "/collections", "/collections/{collection}/items", "/dictionary/resolve"} <= told["paths"].keys()
    for operations in told["paths"].values():
        for operation in operations.values():
            assert "application/problem+json" in operation["responses"]["default"]["content"]
    used = set(re.findall(r'"#/components/schemas/(\w+)"', answer.text))
    assert used <= set(told["components"]["schemas"])


def test_every_register_has_a_complete_catalogue_entry() -> None:
    assert ENTRIES.keys() == registers().keys()
    for register in registers().values():
        assert check(entry_of(register)) == ()
    assert len({entry.code for entry in ENTRIES.values()}) == len(ENTRIES)


def test_a_catalogue_entry_without_the_words_it_needs_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bare = {"code": "1", "summary": "", "summary_en": "", "provider": "", "update_cycle": ""}
    for sharing, code in ((Sharing.CONDITIONAL, "REG-CATALOGUE-CONDITION"), (Sharing.NONE, "REG-CATALOGUE-BASIS")):
        monkeypatch.setitem(ENTRIES, "place", CatalogueEntry(**bare, sharing=sharing))
        with pytest.raises(DeclarationError) as refused:
            entry_of(register_of("place"))
        assert [fault.code for fault in refused.value.faults] == [code]
