"""A column is cleaned as OpenRefine does it: its calls, in its order, over HTTP, knowing nothing but the manifest."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import httpx

COLUMN = (
    "信息化规划编制",
    "数字政府规划",
    "年度需求申报",
    "食堂配送服务",
    "初步设计批复",
    "概算批复",
    "竣工验收",
    "初步验收",
    "0101",
    "合同备案",
    "",
    "立项批复",
)
GUESSED, BATCH = 10, 10


class _Text(HTMLParser):
    """The text of a page, and which elements stand in it."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        self.told.append(data)


async def test_a_column_is_reconciled_reviewed_and_extended(reader: httpx.AsyncClient) -> None:
    manifest = (await reader.get("/reconcile", headers={"Accept": "application/json"})).json()

    async def batch(queries: dict[str, Any]) -> dict[str, Any]:
        answer = await reader.post("/reconcile", data={"queries": json.dumps(queries)})
        assert answer.status_code == 200
        found: dict[str, Any] = answer.json()
        assert found.keys() == queries.keys()
        return found

    # the types of the column are guessed from the first cells
    sample = {f"q{place}": {"query": text, "limit": 3} for place, text in enumerate(COLUMN[:GUESSED]) if text}
    guessed: dict[str, int] = {}
    for answer in (await batch(sample)).values():
        for candidate in answer["result"][:1]:
            for kind in candidate["type"]:
                guessed[kind["id"]] = guessed.get(kind["id"], 0) + 1
    chosen = max(guessed, key=lambda kind: guessed[kind])
    assert chosen == "project-nodes" and chosen in {kind["id"] for kind in manifest["defaultTypes"]}

    # another column is offered as a property, found by typing
    service = manifest["suggest"]["property"]
    found = (await reader.get(service["service_url"] + service["service_path"], params={"prefix": "使用地"})).json()
    assert found["result"][0]["id"] == "place"

    # the cells go in batches of ten
    judged: dict[str, str] = {}
    for start in range(0, len(COLUMN), BATCH):
        queries = {
            f"q{place}": {
                "query": text,
                "type": chosen,
                "type_strict": "should",
                "properties": [{"pid": "place", "v": "广州"}],
            }
            for place, text in enumerate(COLUMN[start : start + BATCH])
        }
        for key, answer in (await batch(queries)).items():
            text = COLUMN[start + int(key[1:])]
            matches = [candidate for candidate in answer["result"] if candidate["match"]]
            assert len(matches) <= 1
            scores = [candidate["score"] for candidate in answer["result"]]
            assert scores == sorted(scores, reverse=True)
            if matches:
                judged[text] = matches[0]["id"]
    assert judged["信息化规划编制"] == judged["数字政府规划"] == judged["0101"] == "0101"
    assert "食堂配送服务" not in judged and "" not in judged
    assert judged["初步设计批复"] != judged.get("概算批复")

    # somebody looks a cell up by hand, hovers a suggestion, opens a candidate
    service = manifest["suggest"]["entity"]
    typed = (
        await reader.get(service["service_url"] + service["service_path"], params={"prefix": "竣工", "type": chosen})
    ).json()
    assert typed["result"] and all("竣工" in json.dumps(item, ensure_ascii=False) for item in typed["result"][:1])
    picked = typed["result"][0]["id"]
    hover = await reader.get(service["service_url"] + service["flyout_service_path"].replace("${id}", quote(picked)))
    assert hover.json()["id"] == picked
    framed = await reader.get(manifest["preview"]["url"].replace("{{id}}", quote(picked, safe="")))
    page = _Text()
    page.feed(framed.text)
    assert typed["result"][0]["name"] in page.told and not page.tags & {"script", "link", "img", "iframe"}
    opened = await reader.get(manifest["view"]["url"].replace("{{id}}", quote("0101", safe="")))
    assert opened.status_code == 200
    assert manifest["view"]["url"].startswith(manifest["identifierSpace"])

    # the matched cells are extended by two columns
    propose = manifest["extend"]["propose_properties"]
    offered = (await reader.get(propose["service_url"] + propose["service_path"], params={"type": chosen})).json()
    assert {"stage", "predecessor"} <= {entry["id"] for entry in offered["properties"]}
    wish: dict[str, Any] = {"ids": sorted(set(judged.values())), "properties": [{"id": "stage"}, {"id": "predecessor"}]}
    told = (await reader.post("/reconcile", data={"extend": json.dumps(wish)})).json()
    assert told["rows"]["0101"]["stage"] == [{"str": "01 规划计划"}]
    assert {entry["id"] for entry in told["meta"]} == {"stage", "predecessor"}
    assert told["rows"].keys() == set(wish["ids"])
