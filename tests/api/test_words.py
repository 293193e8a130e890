from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from jishi_api import ranked

if TYPE_CHECKING:
    from asyncpg import Connection

Put = Callable[..., Awaitable[UUID]]
Granted = Callable[..., Awaitable[httpx.AsyncClient]]

ITEMS, SEARCH = "/collections/legal-entities/items", "/collections/legal-entities/search"

ENTITIES: tuple[tuple[str, dict[str, object]], ...] = (
    ("恒瑞", {"domicile": "江苏省苏州市三香路1号"}),
    ("恒瑞电子有限公司", {"domicile": "江苏省苏州市十梓街2号"}),
    ("恒瑞", {"state": "ended"}),
    ("苏州恒瑞电子科技有限公司", {"domicile": "江苏省苏州市虎丘区"}),
    ("苏州恒瑞（集团）有限公司", {"domicile": "江苏省苏州市虎丘区"}),
    ("苏州宏凯物流有限公司", {"domicile": "江苏省苏州市恒瑞路5号"}),
    ("苏州佳创ABC贸易有限公司", {"former_names": [{"name": "苏州恒瑞商贸有限公司"}]}),
    ("樂天超市", {"domicile": "昆山市前进路9号"}),
    ("常德100%果蔬合作社", {"domicile": "常德市鼎城区"}),
)


@pytest.fixture
async def entities(put: Put) -> list[UUID]:
    return [await put("legal_entity", number, entity_name=name, **more) for number, (name, more) in enumerate(ENTITIES)]


async def _found(client: httpx.AsyncClient, words: str, **more: str) -> dict[str, Any]:
    answer = await client.get(ITEMS, params={"q": words, "properties": "entity_name", **more})
    assert answer.status_code == 200, answer.text
    posted = await client.post(SEARCH, json={"q": words, "properties": "entity_name", **more})
    assert posted.status_code == 200, posted.text
    page: dict[str, Any] = answer.json()
    if "cursor" not in more:
        assert posted.json()["features"] == page["features"]
    return page


def _names(page: dict[str, Any]) -> list[str]:
    return [feature["properties"]["entity_name"] for feature in page["features"]]


async def test_the_best_come_first(caller: httpx.AsyncClient, entities: list[UUID]) -> None:
    """The name itself, what begins with it, what holds it and the nearer first, a former name, an address."""
    page = await _found(caller, "恒瑞", scores="true")
    assert _names(page) == [
        "恒瑞",
        "恒瑞电子有限公司",
        "苏州恒瑞（集团）有限公司",
        "苏州恒瑞电子科技有限公司",
        "苏州佳创ABC贸易有限公司",
        "苏州宏凯物流有限公司",
    ]
    scores = page["scores"]
    assert scores[0] == 1 and scores == sorted(scores, reverse=True) and scores[-1] >= 0
    assert page["numberReturned"] == page["numberRanked"] == 6 and page["rankedAll"] is True
    assert "scores" not in await _found(caller, "恒瑞")


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("虎丘 恒瑞", {"苏州恒瑞电子科技有限公司", "苏州恒瑞（集团）有限公司"}),
        ("电子　恒瑞 虎丘", {"苏州恒瑞电子科技有限公司"}),
        ("恒瑞(集团)", {"苏州恒瑞（集团）有限公司"}),
        ("恒瑞【集团】", {"苏州恒瑞（集团）有限公司"}),
        ("蘇州宏凱", {"苏州宏凯物流有限公司"}),
        ("ａｂｃ", {"苏州佳创ABC贸易有限公司"}),
        ("乐天", {"樂天超市"}),
        ("樂天", {"樂天超市"}),
        ("100%果", {"常德100%果蔬合作社"}),
        ("100_果", set()),
        ("10%果", set()),
        ("瑞恒", set()),
        ("恒瑞 昆山", set()),
        ("果", {"常德100%果蔬合作社"}),
    ],
)
async def test_every_word_must_be_found_whatever_its_dress(
    caller: httpx.AsyncClient, entities: list[UUID], words: str, names: set[str]
) -> None:
    assert set(_names(await _found(caller, words))) == names


async def test_words_go_together_with_filters_states_and_counts(
    caller: httpx.AsyncClient, entities: list[UUID], granted: Granted
) -> None:
    page = await _found(caller, "恒瑞", filter="entity_name LIKE '苏州%'", count="exact", limit="1")
    assert _names(page) == ["苏州恒瑞（集团）有限公司"] and page["numberMatched"] == 4
    client = await granted(
        "legal-entities", clear={"entity_name"}, rows="entity_name LIKE '%电子%'", rights=["inactive"]
    )
    assert _names(await _found(client, "恒瑞")) == ["恒瑞电子有限公司", "苏州恒瑞电子科技有限公司"]
    unbound = await granted("legal-entities", clear={"entity_name"}, rights=["inactive"])
    assert _names(await _found(unbound, "恒瑞", include="inactive"))[:2] == ["恒瑞", "恒瑞"]


async def test_the_name_of_a_code_is_a_word_too(
    caller: httpx.AsyncClient, put: Put, connection: Connection[Any]
) -> None:
    await connection.execute(
        """
        INSERT INTO jishi.code_list
          (id, title, title_en, standard, edition, source, complete, extensible, checked, version)
        VALUES ('industry', '行业', 'Industry', '', '', '', false, true, '2026-01-01', '1')
        """
    )
    await connection.execute(
        "INSERT INTO jishi.code_value (list, code, name, name_en, note) VALUES ('industry', '6511', '软件开发', '', '')"
    )
    await put("legal_entity", 1, entity_name="苏州甲有限公司", industry_code="6511")
    await put("legal_entity", 2, entity_name="苏州乙有限公司", industry_code="0111")
    assert _names(await _found(caller, "软件 苏州")) == ["苏州甲有限公司"]


async def test_only_what_is_granted_in_clear_is_looked_in(granted: Granted, entities: list[UUID]) -> None:
    """Otherwise a word that finds, or does not, would tell what the grant keeps back."""
    client = await granted("legal-entities", clear={"entity_name", "city"})
    assert "苏州宏凯物流有限公司" not in _names(await _found(client, "恒瑞"))
    blind = await granted("legal-entities", clear={"city"})
    answer = await blind.get(ITEMS, params={"q": "恒瑞", "properties": "city"})
    assert answer.status_code == 403
    assert {fault["name"] for fault in answer.json()["errors"]} == {"domicile", "entity_name", "former_names"}


async def test_pages_of_a_ranking_follow_each_other_and_belong_to_their_words(
    caller: httpx.AsyncClient, entities: list[UUID]
) -> None:
    whole = _names(await _found(caller, "恒瑞"))
    seen: list[str] = []
    page = await _found(caller, "恒瑞", limit="2")
    for _ in range(5):
        seen += _names(page)
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        page = (await caller.get(following[0])).json()
    assert seen == whole
    first = await caller.post(SEARCH, json={"q": "恒瑞", "limit": 2})
    (body,) = [link["body"] for link in first.json()["links"] if link["rel"] == "next"]
    second = await caller.post(SEARCH, json={"q": "恒瑞", "limit": 2, **body})
    assert _names(second.json()) == whole[2:4]
    other = await caller.post(SEARCH, json={"q": "苏州", "limit": 2, **body})
    assert other.status_code == 400 and other.json()["errors"][0]["code"] == "QRY-VALUE-CURSOR"


async def test_of_more_than_can_be_ranked_the_best_are_ranked(
    caller: httpx.AsyncClient, connection: Connection[Any], put: Put
) -> None:
    """Two thousand names hold the word; the one that is it stands last by uid and comes first."""
    await connection.execute(
        """
        INSERT INTO jishi.legal_entity (uid, entity_name, effective_from, recorded_at, state, in_version, batch_id)
        SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, chr(19968 + n) || '有限公司' || n,
          now(), now(), 'active', false, 1
        FROM generate_series(1, 2000) n
        """
    )
    await put("legal_entity", 7, entity_name="有限公司")
    await put("legal_entity", 8, entity_name="有限公司甲")
    page = await _found(caller, "有限公司", limit="3", count="exact")
    assert _names(page)[:2] == ["有限公司", "有限公司甲"]
    assert page["numberRanked"] == ranked.MOST_RANKED and page["rankedAll"] is False
    assert page["numberMatched"] == 2002


@pytest.mark.parametrize(
    ("asked", "name", "code"),
    [
        ({"q": ""}, "q", "QRY-VALUE-WORDS"),
        ({"q": "  "}, "q", "QRY-VALUE-WORDS"),
        ({"q": "（）"}, "q", "QRY-VALUE-WORDS"),
        ({"q": "苏" * 201}, "q", "QRY-VALUE-WORDS"),
        ({"q": "一 二 三 四 五 六 七 八 九"}, "q", "QRY-VALUE-WORDS"),
        ({"q": "苏\0州"}, "q", "QRY-VALUE-WORDS"),
        ({"q": "苏州", "sortby": "entity_name"}, "sortby", "QRY-WORDS-SORT"),
        ({"q": "苏州", "scores": "perhaps"}, "scores", "QRY-VALUE-BOOLEAN"),
        ({"q": "苏州", "cursor": "AAAA"}, "cursor", "QRY-VALUE-CURSOR"),
        ({"scores": "true"}, "scores", "QRY-UNKNOWN-PARAMETER"),
    ],
)
async def test_words_that_are_none_are_told(
    caller: httpx.AsyncClient, asked: dict[str, str], name: str, code: str
) -> None:
    answer = await caller.get(ITEMS, params=asked)
    assert answer.status_code == 400
    assert {(fault["name"], fault["code"]) for fault in answer.json()["errors"]} == {(name, code)}
    assert "苏" not in answer.text


async def test_faults_of_the_words_and_of_the_rest_are_told_at_once(caller: httpx.AsyncClient) -> None:
    answer = await caller.get(ITEMS, params={"q": " ", "bbox": "1", "shoe_size": "1"})
    assert {fault["name"] for fault in answer.json()["errors"]} == {"q", "bbox", "shoe_size"}


async def test_persons_are_not_found_by_words(granted: Granted) -> None:
    client = await granted("natural-persons", clear={"full_name"})
    answer = await client.post("/collections/natural-persons/search", json={"q": "王", "properties": ["full_name"]})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "QRY-UNKNOWN-PARAMETER"
    assert (await client.get("/collections/natural-persons/items", params={"q": "王"})).status_code == 403


async def test_what_words_found_is_disclosed_and_a_miss_too(
    caller: httpx.AsyncClient, entities: list[UUID], connection: Connection[Any]
) -> None:
    answer = await caller.get(ITEMS, params={"q": "恒瑞电子有限公司"})
    assert answer.json()["numberReturned"] == 1
    assert (await caller.get(ITEMS, params={"q": "无此名称"})).json()["features"] == []
    rows = await connection.fetch("SELECT act, subjects, misses, result FROM jishi.disclosure ORDER BY number")
    assert [tuple(row) for row in rows] == [("page", [entities[1]], 0, "ok"), ("page", [], 1, "none")]


async def test_places_are_found_by_name_and_address(caller: httpx.AsyncClient, put: Put) -> None:
    await put("place", 1, place_type="poi", place_name="虎丘塔", address_full="江苏省苏州市虎丘山门内8号")
    await put("place", 2, place_type="address", place_name="8号", address_full="江苏省苏州市姑苏区三香路8号")
    for words, number in (("虎丘", 1), ("三香 姑苏", 2)):
        answer = await caller.get("/collections/places/items", params={"q": words})
        (feature,) = answer.json()["features"]
        assert int(feature["id"][-2:], 16) == number
