"""The reconciliation service in both versions: its documents are what the protocol demands, and one bad query harms none."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from reconciliation import faults, published_faults, published_folder

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def asked(client: httpx.AsyncClient, queries: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post("/reconcile", data={"queries": json.dumps(queries)})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def matched(client: httpx.AsyncClient, *conditions: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = await client.post("/reconcile/match", json={"queries": [{"conditions": list(conditions), **more}]})
    assert answer.status_code == 200, answer.text
    (result,) = answer.json()["results"]
    found: list[dict[str, Any]] = result["candidates"]
    return found


def said(property_id: str, value: object, **more: object) -> dict[str, object]:
    return {"matchType": "property", "propertyId": property_id, "propertyValue": value, **more}


def name(text: str) -> dict[str, object]:
    return {"matchType": "name", "propertyValue": text}


async def documents(client: httpx.AsyncClient) -> list[tuple[str, str, Any]]:
    """One document of every kind the service tells, with its version."""
    queries = {
        "q0": {"query": "信息化规划编制", "type": "project-nodes", "type_strict": "should", "limit": 3},
        "q1": {
            "query": "数字政府规划",
            "properties": [{"pid": "place", "v": "广州"}, {"pid": "responsible", "v": ["数据"]}],
        },
        "q2": {"query": "男", "type": ["sex"]},
        "q3": {"query": "食堂配送服务"},
        "q4": {"query": ""},
    }
    conditions = [{"conditions": [name("数字政府规划"), said("place", "广州"), said("stage", "01", required=True)]}]
    properties = ["stage", "predecessor", "document", "alias", "valid_from", "name"]
    wish = {"ids": ["0102", "sex:1", "nothing"], "properties": [{"id": entry} for entry in properties]}

    async def get(path: str, **parameters: str) -> Any:
        answer = await client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    both = [
        ("suggest-entities-response", await get("/reconcile/suggest/entity", prefix="初步")),
        ("suggest-types-response", await get("/reconcile/suggest/type", prefix="project")),
        ("suggest-properties-response", await get("/reconcile/suggest/property", prefix="阶")),
        ("data-extension-property-proposal", await get("/reconcile/extend/propose", type="project-nodes", limit="4")),
    ]
    assert all(document.get("result") or document.get("properties") for _, document in both)
    return [
        ("0.2", "manifest", await get("/reconcile")),
        ("1.0-draft", "manifest", await get("/reconcile/v1")),
        ("0.2", "reconciliation-result-batch", await asked(client, queries)),
        (
            "1.0-draft",
            "reconciliation-result-batch",
            (await client.post("/reconcile/match", json={"queries": conditions})).json(),
        ),
        ("0.2", "data-extension-response", (await client.post("/reconcile", data={"extend": json.dumps(wish)})).json()),
        ("1.0-draft", "data-extension-response", (await client.post("/reconcile/extend", json=wish)).json()),
        *((version, kind, document) for version in ("0.2", "1.0-draft") for kind, document in both),
    ]


async def test_every_document_is_as_the_protocol_demands(reader: httpx.AsyncClient) -> None:
    for language in ("en", "zh-CN"):
        reader.headers["Accept-Language"] = language
        told = await documents(reader)
        assert {
            f"{version} {kind}": found for version, kind, told_ in told if (found := faults(version, kind, told_))
        } == {}


async def test_every_document_validates_against_the_published_schemas(reader: httpx.AsyncClient) -> None:
    folder = published_folder()
    if folder is None:
        pytest.skip("the published schemas are not beside this checkout (RECONCILIATION_SPECS, ../shared/data)")
    told = await documents(reader)
    assert [
        (version, kind, found)
        for version, kind, document in told
        if (found := published_faults(folder, version, kind, document))
    ] == []


async def test_a_name_is_matched_and_says_what_it_is_and_why(reader: httpx.AsyncClient) -> None:
    found = await asked(reader, {"a": {"query": "信息化规划编制"}, "b": {"query": "数字政府规划"}})
    best = found["a"]["result"][0]
    assert (best["id"], best["name"], best["match"], best["score"]) == ("0101", "信息化规划编制", True, 100)
    assert best["type"] == [{"id": "project-nodes", "name": best["type"][0]["name"]}]
    assert "规划计划" in best["description"] and best["features"]
    assert found["b"]["result"][0]["id"] == "0101" and "数字政府规划" in found["b"]["result"][0]["description"]


async def test_the_place_a_column_states_is_context(reader: httpx.AsyncClient) -> None:
    query = {"query": "数字政府规划", "properties": [{"pid": "place", "v": "广州市"}]}
    elsewhere = {"query": "数字政府规划", "properties": [{"pid": "place", "v": "常德市"}]}
    found = await asked(reader, {"here": query, "elsewhere": elsewhere})
    assert found["here"]["result"][0]["match"] is True
    assert not any(item["match"] for item in found["elsewhere"]["result"])


async def test_a_type_limits_where_is_looked_and_code_lists_are_types(reader: httpx.AsyncClient) -> None:
    found = await asked(
        reader,
        {
            "sex": {"query": "男", "type": "sex"},
            "both": {"query": "男", "type": ["project-nodes", "sex"]},
            "wrong": {"query": "信息化规划编制", "type": "sex"},
        },
    )
    assert found["sex"]["result"][0]["id"] == found["both"]["result"][0]["id"] == "sex:1"
    assert not any(item["match"] for item in found["wrong"]["result"])
    concept = await reader.get("/dictionary/concepts/sex:1")
    assert concept.status_code == 200 and concept.json()["name"] == "男性"


async def test_an_id_finds_its_entity(reader: httpx.AsyncClient) -> None:
    found = await asked(reader, {"bare": {"query": "0101"}, "list": {"query": "sex:1"}})
    assert found["bare"]["result"][0]["id"] == "0101" and found["list"]["result"][0]["id"] == "sex:1"
    (one,) = await matched(reader, {"matchType": "id", "propertyValue": "0101"})
    assert one["id"] == "0101" and one["match"] is True


async def test_one_faulty_query_harms_no_other(reader: httpx.AsyncClient) -> None:
    bad: dict[str, Any] = {
        "blank": {"query": " "},
        "none": {},
        "long": {"query": "长" * 201},
        "nul": {"query": "a\u0000"},
        "half": {"query": "\ud800"},
        "type": {"query": "立项批复", "type": "no-such-list"},
        "types": {"query": "立项批复", "type": ["a", "b", "c", "d", "e", "f"]},
        "kind": {"query": 5},
        "limit": {"query": "立项批复", "limit": 0},
        "endless": {"query": "立项批复", "limit": "ten"},
        "pid": {"query": "立项批复", "properties": [{"pid": "colour", "v": "red"}]},
        "properties": {"query": "立项批复", "properties": ["x"]},
        "text": "立项批复",
        "list": [],
    }
    found = await asked(reader, {**bad, "good": {"query": "信息化规划编制"}})
    assert found["good"]["result"][0]["match"] is True and "error" not in found["good"]
    for key in bad:
        assert found[key]["result"] == [] and found[key]["error"]["code"].startswith("DIC-"), key
        assert found[key]["error"]["reason"]
    broken = [
        {},
        {"conditions": []},
        {"conditions": [{"matchType": "name"}]},
        {"conditions": [{"propertyValue": "x"}]},
        5,
    ]
    answer = await reader.post(
        "/reconcile/match", json={"queries": [*broken, {"conditions": [name("信息化规划编制")]}]}
    )
    *told, good = answer.json()["results"]
    assert [item["candidates"] for item in told] == [[]] * len(broken) and good["candidates"][0]["match"] is True


async def test_what_is_no_batch_is_refused_whole(reader: httpx.AsyncClient) -> None:
    for text in ("", "nothing", "[]", "5", "[" * 100_000):
        answer = await reader.post("/reconcile", data={"queries": text})
        assert answer.status_code == 400 and answer.json()["code"] == "DIC-RECONCILE-JSON", text[:20]
    assert (await reader.post("/reconcile", data={"x": "y"})).json()["code"] == "DIC-RECONCILE-FORM"
    assert (await reader.post("/reconcile/match", json={"queries": {}})).status_code == 400
    large = {f"q{number}": {"query": "x"} for number in range(1001)}
    answer = await reader.post("/reconcile", data={"queries": json.dumps(large)})
    assert answer.status_code == 413 and answer.json()["code"] == "DIC-RECONCILE-BATCH"
    assert answer.headers["access-control-allow-origin"] == "*", "a page of another origin reads refusals too"


async def test_a_required_property_filters_and_another_only_ranks(reader: httpx.AsyncClient) -> None:
    wanted = name("信息化规划编制")
    assert await matched(reader, wanted, said("responsible", "数据", required=True))
    assert not await matched(reader, wanted, said("responsible", "财政", required=True))
    assert not await matched(reader, wanted, said("responsible", "数据", required=True, matchQuantifier="none"))
    (kept, *_) = await matched(reader, wanted, said("responsible", "财政"))
    features = {item["id"]: item["value"] for item in kept["features"]}
    assert features["agrees_responsible"] is False
    (after, *_) = await matched(reader, name("年度需求申报"), said("predecessor", ["信息化规划编制"], required=True))
    assert after["id"] == "0102"
    assert await matched(reader, name("年度需求申报"), said("predecessor", {"id": "0101"}, required=True))
    assert await matched(reader, wanted, said("stage", "规划计划", required=True))
    assert not await matched(reader, wanted, said("stage", "采购", required=True))


async def test_at_most_so_many_candidates_as_asked_for(reader: httpx.AsyncClient) -> None:
    found = await asked(reader, {"q": {"query": "验收", "limit": 1}})
    assert len(found["q"]["result"]) <= 1


async def test_suggestions_begin_with_what_was_typed(reader: httpx.AsyncClient) -> None:
    async def suggested(kind: str, prefix: str, **more: str) -> list[str]:
        answer = await reader.get(f"/reconcile/suggest/{kind}", params={"prefix": prefix, **more})
        assert answer.status_code == 200
        return [item["id"] for item in answer.json()["result"]]

    assert (await suggested("entity", "信息化规划编制"))[0] == "0101"
    assert (await suggested("entity", "0101"))[0] == "0101"
    assert (await suggested("entity", "sex:1"))[0] == "sex:1"
    assert (await suggested("entity", "男", type="sex")) == ["sex:1"]
    first, further = await suggested("entity", "01", limit="2"), await suggested("entity", "01", limit="2", offset="2")
    assert len(first) == len(further) == 2 and not set(first) & set(further)
    assert await suggested("entity", "01", limit="2", cursor="2") == further
    assert len(await suggested("entity", "", limit="3")) == 3
    assert (await suggested("type", "sex"))[0] == "sex" and "project-nodes" in await suggested("type", "")
    assert "predecessor" in await suggested("property", "前置") and "stage" in await suggested("property", "")
    assert await suggested("entity", "无此实体") == []


async def test_columns_are_extended_by_values(reader: httpx.AsyncClient) -> None:
    limited = {"id": "document", "settings": {"limit": 1}}
    wish = {"ids": ["0102", "sex:1", "nothing"], "properties": [{"id": "predecessor"}, limited, {"id": "name"}]}
    told = (await reader.post("/reconcile", data={"extend": json.dumps(wish)})).json()
    rows = told["rows"]
    assert rows["0102"]["predecessor"] == [{"id": "0101", "name": "信息化规划编制"}]
    assert len(rows["0102"]["document"]) == 1 and rows["sex:1"]["name"] == [{"str": "男性"}]
    assert rows["nothing"] == {"predecessor": [], "document": [], "name": []}
    assert [item["id"] for item in told["meta"]] == ["predecessor", "document", "name"]
    by_get = (await reader.get("/reconcile", params={"extend": json.dumps(wish)})).json()
    assert by_get == told
    refused = await reader.post("/reconcile/extend", json={"ids": [], "properties": [{"id": "colour"}, {}]})
    assert refused.status_code == 400 and len(refused.json()["errors"]) == 2


async def test_the_manifest_speaks_the_version_asked_for(reader: httpx.AsyncClient) -> None:
    old = (await reader.get("/reconcile")).json()
    assert old["versions"] == ["0.2", "1.0-draft"] and isinstance(old["suggest"]["entity"], dict)
    for answer in (
        await reader.get("/reconcile/v1"),
        await reader.get("/reconcile", params={"version": "1.0-draft"}),
        await reader.get("/reconcile", headers={"Accept": "application/reconciliation.v1+json"}),
    ):
        assert answer.json()["suggest"]["entity"] is True and "identifierSpace" not in answer.json()
    assert (await reader.get("/reconcile", params={"version": "9"})).status_code == 400
    again = await reader.post("/reconcile/v1/match", json={"queries": [{"conditions": [name("0101")]}]})
    assert again.json()["results"][0]["candidates"][0]["id"] == "0101"


async def test_another_origin_may_ask_and_callbacks_are_names(reader: httpx.AsyncClient) -> None:
    preflight = await reader.options("/reconcile/match", headers={"Origin": "https://refine.test"})
    assert preflight.status_code == 204 and "POST" in preflight.headers["access-control-allow-methods"]
    plain = await reader.get("/reconcile", headers={"Origin": "https://refine.test"})
    assert plain.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-origin" not in (await reader.get("/dictionary/schemes")).headers
    padded = await reader.get("/reconcile", params={"callback": "jQuery17_1.cb"})
    assert padded.headers["content-type"].startswith("text/javascript")
    assert padded.text.startswith("/**/jQuery17_1.cb({") and padded.text.endswith(");")
    for callback in ("alert(1)//", "", "a b", "x" * 101):
        assert (await reader.get("/reconcile", params={"callback": callback})).status_code == 400


async def test_previews_may_be_framed_and_hold_no_script(reader: httpx.AsyncClient) -> None:
    answer = await reader.get("/reconcile/preview", params={"id": "0102"})
    assert answer.headers["content-type"].startswith("text/html")
    assert "frame-ancestors *" in answer.headers["content-security-policy"]
    assert "年度需求申报" in answer.text and "<script" not in answer.text
    assert (await reader.get("/reconcile/preview", params={"id": "nothing"})).status_code == 404
    for kind, known in (("entity", "0102"), ("type", "sex"), ("property", "stage")):
        told = (await reader.get(f"/reconcile/flyout/{kind}", params={"id": known})).json()
        assert told["id"] == known and told["html"]
    assert (await reader.get("/reconcile/flyout/colour", params={"id": "red"})).status_code == 404
