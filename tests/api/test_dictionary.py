from __future__ import annotations

import json

import httpx

JSON = {"Content-Type": "application/json"}


async def test_names_are_resolved_with_their_reasons(reader: httpx.AsyncClient) -> None:
    answer = await reader.post("/dictionary/resolve", json={"names": ["信息化规划编制", " 数字政府规划", "", "无此事"]})
    told = answer.json()
    assert answer.status_code == 200 and told["version"]
    exact, alias, empty, nothing = told["results"]
    assert exact["match"]["code"] == "0101" and exact["match"]["score"] == 100
    assert alias["candidates"][0]["code"] == "0101" and alias["candidates"][0]["reason"]
    assert empty["match"] is None and nothing["candidates"] == []


async def test_the_place_decides_whose_word_it_is(reader: httpx.AsyncClient) -> None:
    body = {"names": ["数字政府规划"], "scheme": "project-nodes", "context": {"place": "广州"}, "limit": 1}
    (result,) = (await reader.post("/dictionary/resolve", json=body)).json()["results"]
    assert result["match"]["code"] == "0101"


async def test_a_faulty_body_is_refused(anybody: httpx.AsyncClient) -> None:
    bodies: tuple[dict[str, object], ...] = (
        {},
        {"names": []},
        {"names": ["x"] * 1001},
        {"names": "x"},
        {"names": ["x"], "limit": 0},
        {"names": ["x"], "colour": "red"},
        {"names": ["x"], "context": {"as_of": "yesterday"}},
        {"names": ["x"], "scheme": "a\u0000"},
        {"names": ["\ud800"]},
        {"names": ["x"], "context": {"place": "3205\u0000"}},
    )
    for body in bodies:
        answer = await anybody.post("/dictionary/resolve", content=json.dumps(body), headers=JSON)
        assert answer.status_code == 400 and answer.json()["code"] == "QRY-PARAMETERS", (body, answer.text)
        assert answer.json()["errors"]


async def test_a_name_that_cannot_be_compared_is_the_fault_of_its_item_only(reader: httpx.AsyncClient) -> None:
    names = ["立项批复", " ", "长" * 201, "a\u0000", *(f"第{number}项立项批复" for number in range(996))]
    answer = await reader.post("/dictionary/resolve", json={"names": names}, headers={"Accept-Language": "en"})
    results = answer.json()["results"]
    assert answer.status_code == 200 and [result["name"] for result in results] == names
    assert [result.get("fault", {}).get("code") for result in results[:5]] == [
        None,
        "DIC-NAME-BLANK",
        "DIC-NAME-LONG",
        "DIC-NAME-ZERO",
        None,
    ]
    assert all(result["match"]["code"] == "0210" for result in (results[0], *results[4:]))


async def test_an_unknown_scheme_is_not_found(reader: httpx.AsyncClient) -> None:
    assert (await reader.post("/dictionary/resolve", json={"names": ["x"], "scheme": "nothing"})).status_code == 404
    for scheme in ("nothing", "%00"):
        answer = await reader.get(f"/dictionary/schemes/{scheme}")
        assert answer.status_code == 404 and answer.json()["code"] == "QRY-SCHEME"


async def test_schemes_and_code_lists_are_listed_and_read(reader: httpx.AsyncClient) -> None:
    listed = (await reader.get("/dictionary/schemes")).json()["schemes"]
    kinds = {scheme["id"]: scheme["kind"] for scheme in listed}
    assert kinds["project-nodes"] == "concepts" and kinds["sex"] == "codes"
    nodes = (await reader.get("/dictionary/schemes/project-nodes")).json()
    assert nodes["title"] and {"0101"} <= {concept["code"] for concept in nodes["concepts"]}
    sexes = (await reader.get("/dictionary/schemes/sex")).json()
    assert [concept["code"] for concept in sexes["concepts"]] == ["0", "1", "2", "9"] and sexes["standard"]


async def test_a_concept_tells_its_stage_and_aliases(reader: httpx.AsyncClient) -> None:
    told = (await reader.get("/dictionary/concepts/0101")).json()
    assert told["scheme"] == "project-nodes" and told["name"] == "信息化规划编制" and told["stage_code"] == "01"
    assert {"name": "数字政府规划", "places": ["广州"]} in told["aliases"]
    assert (await reader.get("/dictionary/concepts/1?scheme=sex")).json()["name"] == "男性"
    for path in ("nothing", "%00", "1", "x" * 500):
        assert (await reader.get(f"/dictionary/concepts/{path}")).status_code == 404
