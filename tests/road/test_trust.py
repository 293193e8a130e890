"""The trust block 可信度: whose each value is, how old, and what speaks against it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from asking import Asking, asking

Make = dict[str, Callable[..., str]]
ITEMS = "/collections/legal-entities/items"
OWNER = "113205000000900347"
LOOSE = "[thresholds]\nmax_failure_share = 1.0\nvolume_band = 99.0"


@pytest.fixture
async def ask(city: Any) -> AsyncIterator[Asking]:
    async with asking(city.settings, city.connection) as opened:
        yield opened


def entity(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {"key": f"K{number}", "name": f"测试企业{number}号", "code": invent["uscc"](number), "city": "", **values}


async def test_each_value_tells_its_source_its_age_and_what_speaks_against_it(
    city: Any, invent: Make, ask: Asking
) -> None:
    first, second = city.declare("first", rank=1, more=LOOSE), city.declare("second", rank=2, more=LOOSE)
    await city.deliver(first, [entity(invent, n) for n in (1, 2, 3)])
    await city.deliver(second, [entity(invent, n, city="甲") for n in (1, 2, 3)])
    await city.connection.execute(
        "UPDATE jishi.batch SET delivered_at = $1 WHERE batch_id = (SELECT min(batch_id) FROM jishi.batch)",
        datetime.now(UTC) - timedelta(days=40),
    )
    await city.deliver(first, [entity(invent, 2, name="")])
    uids = [str(r["uid"]) for r in await city.rows("SELECT uid FROM jishi.legal_entity ORDER BY uscc")]
    await city.connection.execute(
        "INSERT INTO jishi.review (review_id, register, kind, contribution_id, uid, other_uid, reason, batch_id, opened_at)"
        " SELECT 1, 2, 'identifier-conflict', contribution_id, uid, uid, 'MAT-RENAMED', 1, now()"
        " FROM jishi.legal_entity_link JOIN jishi.source USING (source_id) WHERE uid = $1 AND name = 'second'",
        uids[2],
    )
    client = await ask.client()
    page = (await client.get(f"{ITEMS}?trust=true&properties=entity_name,city,business_scope")).json()
    told = {feature["id"]: feature["trust"] for feature in page["features"]}
    plain = told[uids[0]]
    assert plain["entity_name"] == {
        "source": "first",
        "department": OWNER,
        "department_name": None,
        "since": (datetime.now(UTC) - timedelta(days=40)).date().isoformat(),
        "age_days": 40,
        "open_failure": False,
        "weak_link": False,
        "disputed": None,
    }
    assert plain["city"]["source"] == "second" and plain["city"]["age_days"] == 0
    assert plain["business_scope"]["source"] is None, "nobody says anything of it"
    failing = {name: said["open_failure"] for name, said in told[uids[1]].items()}
    assert [name for name, value in failing.items() if value] == ["entity_name"]
    assert [name for name, said in told[uids[2]].items() if said["weak_link"]] == ["city"]
    dispute = {"collection": "legal-entities", "uid": uids[0], "element": "city", "reason": "不对", "case_no": "1"}
    assert (await client.post("/stewardship/disputes", json=dispute)).status_code == 201
    again = (await client.get(f"{ITEMS}/{uids[0]}?trust=true")).json()
    for _ in range(100):
        if "disputed" in again:
            break
        again = (await client.get(f"{ITEMS}/{uids[0]}?trust=true")).json()
    assert again["trust"]["city"]["disputed"] == again["disputed"]["city"]
    assert "trust" not in (await client.get(f"{ITEMS}/{uids[0]}")).json()
    await _pages(client, uids)
    found = await client.post("/collections/legal-entities/search", json={"city": "甲", "trust": True})
    assert all(feature["trust"]["uscc"]["source"] == "first" for feature in found.json()["features"])
    batch = {"ids": uids, "properties": ["city"], "trust": True}
    items = (await client.post("/collections/legal-entities/batch", json=batch)).json()["items"]
    assert [list(item["feature"]["trust"]) for item in items] == [["city"]] * 3


FAULTY, UNSURE, DISPUTED = "delivered faulty since", "to this record is not certain", "disputed since"


async def _pages(client: Any, uids: list[str]) -> None:
    """The same, as people are shown it beside the values."""
    shown = [(await client.get(f"{ITEMS}/{uid}?trust=true&f=html")).text for uid in uids]
    for mark, bearer in ((DISPUTED, 0), (FAULTY, 1), (UNSURE, 2)):
        assert [page.count(mark) for page in shown] == [int(place == bearer) for place in range(3)]
    city, name = (_beside(shown[0], element) for element in ("city", "entity_name"))
    assert "second" in city and "(0 days ago)" in city and DISPUTED in city
    assert OWNER in name and "first" in name and "(40 days ago)" in name and DISPUTED not in name
    assert FAULTY in _beside(shown[1], "entity_name") and UNSURE in _beside(shown[2], "city")
    assert "<small" not in _beside(shown[0], "business_scope"), "there is nothing, and nobody says anything of it"
    plain = (await client.get(f"{ITEMS}/{uids[0]}", headers={"Accept": "text/html"})).text
    assert "days ago" not in plain and "?trust=true" in plain and DISPUTED in plain
    asked = {"trust": "true", "properties": "entity_name,city"}
    listed = (await client.get(ITEMS, params=asked, headers={"Accept": "text/html"})).text
    assert [listed.count(mark) for mark in (DISPUTED, FAULTY, UNSURE, "(40 days ago)")] == [1, 1, 1, 3]


def _beside(page: str, element: str) -> str:
    """The value of an element with what stands beside it."""
    found = re.search(f"<dt[^>]*>{element}</dt><dd>(.*?)</dd>", page, re.DOTALL)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("trust=true&limit=101", "QRY-TRUST-LIMIT"),
        ("trust=true&datetime=2024-01-01", "QRY-TRUST-TIME"),
        ("trust=true&f=csv", "QRY-TRUST-FORM"),
        ("trust=yes", "QRY-VALUE-BOOLEAN"),
    ],
)
def test_what_the_block_is_not_for_is_refused_by_name(query: str, code: str) -> None:
    from jishi.access.grants import standing
    from jishi.errors import CallerError
    from jishi.registers.catalog import register_of
    from jishi_api.query import plan_items

    parameters = [(name, text) for name, _, text in (part.partition("=") for part in query.split("&"))]
    with pytest.raises(CallerError) as refused:
        plan_items(register_of("legal_entity"), standing("c-1", register_of("legal_entity")), parameters, b"secret")
    assert [(fault.name, fault.code) for fault in refused.value.faults] == [("trust", code)]
