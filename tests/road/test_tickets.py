"""Tickets 校核纠错: an error goes back in the department's own rows and columns, and closes when the row comes right."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import openpyxl
import pytest

from asking import Asking, asking

Make = dict[str, Callable[..., str]]
OWNER = "113205000000900347"
OTHER = "11320500000090018H"
TICKETS = "/stewardship/tickets"
LOOSE = "[thresholds]\nmax_failure_share = 1.0\nvolume_band = 99.0"
CHECK = "legal_entity.uscc.check_character"


@pytest.fixture
async def ask(city: Any) -> AsyncIterator[Asking]:
    async with asking(city.settings, city.connection) as opened:
        yield opened


def entity(invent: Make, number: int, **values: object) -> dict[str, object]:
    return {"key": f"K{number}", "name": f"测试企业{number}号", "code": invent["uscc"](number), "city": "", **values}


def wrong(code: str) -> str:
    return code[:17] + ("1" if code[17] != "1" else "2")


async def test_tickets_of_a_rule_carry_the_departments_own_row_and_close_when_it_passes(
    city: Any, invent: Make, ask: Asking
) -> None:
    source = city.declare("tiny", more=LOOSE)
    bad = [
        entity(invent, n, name="=1+1" if n == 1 else f"测试企业{n}号", code=wrong(invent["uscc"](n))) for n in (1, 2, 3)
    ]
    batch = (await city.deliver(source, [*bad, entity(invent, 4)]))["batch"]
    owner = await ask.client("steward", department=OWNER)
    whole = await ask.client("steward")
    other = await ask.client("steward", department=OTHER)
    wish = {"batch": batch, "rule": CHECK}
    assert (await other.post(f"{TICKETS}/bulk", json=wish)).status_code == 404
    made = (await whole.post(f"{TICKETS}/bulk", json=wish)).json()
    assert made["opened"] == 3
    assert (await whole.post(f"{TICKETS}/bulk", json=wish)).json()["opened"] == 0, "a row has one ticket of a rule"
    first = made["first"]
    one = (await owner.get(f"{TICKETS}/{first}")).json()
    assert one["row"]["key"] == {"key": "K1"} and one["row"]["in_clear"] and one["columns"] == ["code"]
    assert one["row"]["cells"]["code"] == wrong(invent["uscc"](1)) and one["rule"] == CHECK and one["reason"]
    masked = (await whole.get(f"{TICKETS}/{first}")).json()["row"]
    assert not masked["in_clear"] and masked["key"] == {"key": "A9"}
    assert (await other.get(f"{TICKETS}/{first}")).status_code == 404
    assert (await other.get(TICKETS)).json()["tickets"] == []
    await _files(owner, other)
    feed = (await owner.get(f"{TICKETS}?after=0")).json()
    assert [t["id"] for t in feed["tickets"]] == [first, first + 1, first + 2]
    receipt = await city.deliver(
        source, [entity(invent, 1), entity(invent, 2, name="", code=invent["uscc"](2)), bad[2]]
    )
    news = (await owner.get(f"{TICKETS}?after={feed['next_after']}")).json()["tickets"]
    assert [(t["id"], t["status"], t["closed_by_batch"]) for t in news] == [
        (first, "closed", receipt["batch"]),
        (first + 1, "closed", receipt["batch"]),
    ], "the second is refused for another reason now, and the third for the same"
    steps = (await owner.get(f"{TICKETS}/{first}")).json()["steps"]
    assert [(step["act"], step["by"].split(":")[0]) for step in steps] == [("open", "client"), ("close", "batch")]
    shown = [row["act"] for row in await ask.disclosed(owner)]
    assert shown == ["ticket-rows"] * 4, "whatever row is shown is disclosed first"


async def _files(owner: Any, other: Any) -> None:
    table = (await owner.get(f"{TICKETS}/file?f=csv")).text
    rows = list(csv.DictReader(io.StringIO(table.lstrip("\ufeff"))))
    assert [row["key*"] if "key*" in row else row["key"] for row in rows] == ["K3", "K2", "K1"]
    assert rows[-1]["name"] == "'=1+1", "no cell is run"
    book = openpyxl.load_workbook(io.BytesIO((await owner.get(f"{TICKETS}/file?f=xlsx")).content))
    assert book.active is not None
    sheet = [[cell.value for cell in row] for row in book.active]
    assert len(sheet) == 4 and "'=1+1" in sheet[3] and all(c.data_type != "f" for row in book.active for c in row)
    assert len((await other.get(f"{TICKETS}/file?f=csv")).text.splitlines()) == 1


async def test_a_ticket_is_assigned_replied_to_closed_with_reasons_and_opened_again(
    city: Any, invent: Make, ask: Asking
) -> None:
    source = city.declare("tiny", more=LOOSE)
    batch = (await city.deliver(source, [entity(invent, 1, name=""), entity(invent, 2, city="甲")]))["batch"]
    whole, owner = await ask.client("steward"), await ask.client("steward", department=OWNER)
    faulty = await whole.post(TICKETS, json={"batch": batch, "row_number": 9, "rule": "none", "note": "看一看"})
    assert {e["code"] for e in faulty.json()["errors"]} == {"QLT-TICKET-ROW", "QLT-TICKET-RULE"}
    assert (await whole.post(TICKETS, json={"batch": batch, "row_number": 1, "note": " "})).status_code == 400
    refused = {"batch": batch, "row_number": 1, "rule": "legal_entity.entity_name.required", "note": "没有名称"}
    made = (await whole.post(TICKETS, json=refused)).json()
    assert made["origin"] == "row" and made["columns"] == ["name"] and made["status"] == "open"
    assert (await whole.post(TICKETS, json=refused)).json()["errors"][0]["code"] == "QLT-TICKET-OPEN"
    here = f"{TICKETS}/{made['id']}"
    assert (await owner.post(f"{here}/assign", json={"to": "登记科"})).json()["assigned_to"] == "登记科"
    assert (await owner.post(f"{here}/reply", json={"words": "已核实，下批更正"})).json()["status"] == "replied"
    late = datetime.now(UTC).date() - timedelta(days=14)
    await city.connection.execute("UPDATE jishi.ticket SET due = $1", late)
    assert (await whole.post(f"{here}/close", json={"words": ""})).status_code == 400
    closed = (await whole.post(f"{here}/close", json={"words": "已注销"})).json()
    assert closed["status"] == "closed" and closed["late_days"] > 0 and closed["closed_by_batch"] is None
    assert (await owner.post(f"{here}/reply", json={"words": "再说"})).json()["code"] == "QLT-TICKET-STEP"
    assert (await whole.post(f"{here}/reopen", json={"words": "仍未更正"})).json()["status"] == "open"
    [department] = (await owner.get(f"{TICKETS}/lateness")).json()["departments"]
    assert department["late_now"] == 1 and department["late_days"] > 0
    told = (await owner.get(here)).json()
    assert told["note"] == "没有名称" and [s["act"] for s in told["steps"]] == [
        "open",
        "assign",
        "reply",
        "close",
        "reopen",
    ]
    accepted = {"batch": batch, "row_number": 2, "elements": ["city"], "note": "城市不对"}
    by_hand = (await whole.post(TICKETS, json=accepted)).json()
    assert by_hand["origin"] == "hand" and by_hand["columns"] == ["city"]
    await city.deliver(source, [entity(invent, 2, city="乙")])
    assert (await owner.get(f"{TICKETS}/{by_hand['id']}")).json()["status"] == "closed", "another value was delivered"
    assert (await owner.get(here)).json()["status"] == "open"
