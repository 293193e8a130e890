"""Reviews 待判定: an officer sees both entities side by side, decides, and is not asked the same again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from asking import Asking, asking
from jishi_ingest.run import worker

Make = dict[str, Callable[..., str]]
OWNER = "113205000000900347"
OTHER = "11320500000090018H"
LOOSE = "[thresholds]\nmax_failure_share = 1.0\nvolume_band = 99.0"
ITEMS = "/collections/legal-entities/items"


@pytest.fixture
async def ask(city: Any) -> AsyncIterator[Asking]:
    async with asking(city.settings, city.connection) as opened:
        yield opened


def entity(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {"key": f"K{number}", "name": f"测试企业{number}号", "code": invent["uscc"](number), "phone": "", **values}


async def carried_out(city: Any, client: httpx.AsyncClient, answer: httpx.Response) -> dict[str, Any]:
    """What became of a request when a worker has done it."""
    assert answer.status_code == 202, answer.text
    assert (await client.get(answer.headers["Location"])).json()["status"] == "queued"
    await worker(city.road).run_lane("regroup:2")
    return dict((await client.get(answer.headers["Location"])).json())


async def test_a_review_is_decided_side_by_side_and_a_stewards_word_outranks_the_machine(
    city: Any, invent: Make, ask: Asking
) -> None:
    first, second = city.declare("first", more=LOOSE), city.declare("second", rank=20, more=LOOSE)
    await city.deliver(first, [entity(invent, n, phone="13900000001") for n in (1, 2)])
    strange = [entity(invent, n, name="湖畔咖啡馆", key=f"S{n}") for n in (1, 2)]
    assert (await city.deliver(second, strange))["golden"]["review"] == 2
    whole, owner = await ask.client("steward"), await ask.client("steward", department=OWNER)
    other = await ask.client("steward", department=OTHER)
    assert (await other.get("/stewardship/reviews")).json()["reviews"] == []
    found = (await owner.get("/stewardship/reviews?status=open&collection=legal-entities")).json()["reviews"]
    assert [review["reason"] for review in found] == ["MAT-CONTRADICTION"] * 2
    later, earlier = (f"/stewardship/reviews/{review['id']}" for review in found)
    assert (await other.get(earlier)).status_code == 404
    masked, clear = (await whole.get(earlier)).json()["entities"], (await owner.get(earlier)).json()["entities"]
    phones = [side["contributions"][0]["values"]["legal_rep_phone"] for side in (masked[1], clear[1])]
    assert phones == ["139****0001", "13900000001"] and [len(side["contributions"]) for side in masked] == [1, 1]
    shown = (await ask.disclosed(whole))[-1]
    assert shown["act"] == "side-by-side" and len(shown["subjects"]) == 2 and "legal_rep_phone" in shown["masked"]
    assert (await other.post(f"{earlier}/decide", json={"verdict": "same", "reason": "同一家"})).status_code == 404
    assert (await whole.post(f"{earlier}/decide", json={"verdict": "same", "reason": ""})).status_code == 400
    answer = await whole.post(f"{earlier}/decide", json={"verdict": "same", "reason": "更名前后"})
    again = await whole.post(f"{earlier}/decide", json={"verdict": "different", "reason": "不是"})
    assert again.json()["code"] == "MAT-REVIEW-DECIDED"
    done = await carried_out(city, whole, answer)
    assert done["status"] == "done" and done["moved"] == 1 and done["act"] == "merge"
    assert (await whole.get(earlier)).json()["status"] == "same"
    gone = next(side["uid"] for side in masked if side["uid"] != done["survivor"])
    answer = await whole.get(f"{ITEMS}/{gone}")
    assert answer.status_code == 308 and answer.headers["Location"].endswith(done["survivor"])
    verdict = {"verdict": "different", "reason": "两家"}
    assert (await carried_out(city, owner, await owner.post(f"{later}/decide", json=verdict)))["status"] == "done"
    assert (await owner.get(later)).json()["status"] == "different"
    news = [row | {"phone": "13900000002"} for row in strange]
    assert (await city.deliver(second, news))["golden"]["review"] <= 1
    open_now = (await owner.get("/stewardship/reviews?status=open")).json()["reviews"]
    assert not [r for r in open_now if {r["uid"], r["other_uid"]} == {found[0]["uid"], found[0]["other_uid"]}]
    refused = await other.post(
        "/stewardship/unmerge", json={"collection": "legal-entities", "uid": gone, "reason": "错了"}
    )
    assert refused.status_code == 404
    parted = await whole.post(
        "/stewardship/unmerge", json={"collection": "legal-entities", "uid": gone, "reason": "错了"}
    )
    assert (await carried_out(city, whole, parted))["survivor"] == gone
    assert (await whole.get(f"{ITEMS}/{gone}")).json()["properties"]["entity_name"] in ("湖畔咖啡馆", "测试企业1号")
    twice = await whole.post(
        "/stewardship/unmerge", json={"collection": "legal-entities", "uid": gone, "reason": "错了"}
    )
    assert twice.json()["code"] == "MAT-NOT-MERGED"
    back = {"collection": "legal-entities", "uid": gone, "other_uid": done["survivor"], "reason": "又是同一家"}
    assert (await carried_out(city, whole, await whole.post("/stewardship/merge", json=back)))["survivor"] == done[
        "survivor"
    ]
    acts = [row["act"] for row in await city.rows("SELECT act FROM jishi.administrative_act WHERE succeeded")]
    assert sorted(acts) == ["entity.merge", "entity.unmerge", "review.decide", "review.decide"]
