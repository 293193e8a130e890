"""``datetime`` and ``known-at``: what the API answers of another time is what the deliveries of that time say, and stays so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from asking import Asking, asking
from feeds import FEEDS
from jishi.registers.catalog import register_of
from oracle import VIEWS, Entry, State, View
from play import Play
from sequence import Step, steps
from sieve import by_check_character

Make = dict[str, Callable[..., str]]

EFFECTIVE = 'effective = "since"'
DELETED = 'deleted = { column = "gone", values = ["是"] }\n[thresholds]\nmax_endings_share = 1.0'
TODAY = datetime.now(UTC)
OVER = {"cert_status": ("03", "04", "05", "07")}
EVERYTHING = ("firms-a", "firms-a", "firms-full", "people", "certs", "decisions", "repairs")
ITEMS = "/collections/legal-entities/items"
MOST_ASKED = 12

SHORT = settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
LONG = settings(SHORT, max_examples=100, derandomize=False)


@pytest.fixture
async def ask(city: Any) -> AsyncIterator[Asking]:
    async with asking(city.settings, city.connection) as opened:
        yield opened


def day(days: int) -> str:
    return (TODAY + timedelta(days=days)).strftime("%Y-%m-%d")


def entity(invent: Make, number: int, **values: object) -> dict[str, object]:
    plain = {"key": f"K{number}", "name": f"测试企业{number}号", "code": invent["uscc"](number), "city": "", "gone": ""}
    return {**plain, "since": "", **values}


async def known(city: Any, register: str = "legal_entity") -> str:
    """The newest instant the register can be asked of."""
    number = register_of(register).number
    at = await city.value("SELECT last_recorded_at FROM jishi.register_state WHERE register = $1", number)
    return str(at.isoformat())


async def cities(client: httpx.AsyncClient, **parameters: str) -> list[str]:
    """The cities of the page, in order."""
    answer = await client.get(ITEMS, params=parameters)
    assert answer.status_code == 200, answer.text
    return sorted(feature["properties"]["city"] for feature in answer.json()["features"])


async def test_a_page_is_as_of_the_effective_time_and_as_known_at_the_recorded_one(
    city: Any, invent: Make, ask: Asking
) -> None:
    source = city.declare("tiny", more=f"{EFFECTIVE}\n{DELETED}")
    client = await ask.client()
    instants = []
    for since, value in ((-300, "甲"), (-100, "乙"), (-200, "丙"), (-100, "丁"), (20, "戊")):
        await city.deliver(source, [entity(invent, 1, city=value, since=day(since))])
        instants.append(await known(city))
    assert await cities(client) == ["丁"]
    assert await cities(client, datetime=day(-400)) == []
    assert await cities(client, datetime=day(-250)) == ["甲"]
    assert await cities(client, datetime=day(-150)) == ["丙"]
    assert await cities(client, datetime=day(0)) == ["丁"]
    assert await cities(client, datetime=day(30)) == ["戊"]
    before = {"datetime": day(-150), "known-at": instants[1]}
    assert await cities(client, **before) == ["甲"], "the late one was not known yet"
    assert await cities(client, **{**before, "datetime": day(-50)}) == ["乙"], "nor the correction"
    assert await cities(client, **{"known-at": instants[0]}) == ["甲"], "what was answered then"
    assert await cities(client, **{"known-at": instants[3], "datetime": day(30)}) == ["丁"], "nor what was announced"
    for interval, value in ((f"{day(-250)}/{day(-150)}", "丙"), (f"../{day(-250)}", "甲"), (f"{day(0)}/..", "戊")):
        assert await cities(client, datetime=interval) == [value], interval


async def test_an_interval_finds_what_was_in_force_within_it_though_it_is_over(
    city: Any, invent: Make, ask: Asking
) -> None:
    source = city.declare("tiny", more=f"{EFFECTIVE}\n{DELETED}")
    client = await ask.client()
    await city.deliver(
        source, [entity(invent, 1, city="甲", since=day(-300)), entity(invent, 2, city="乙", since=day(-50))]
    )
    await city.deliver(source, [entity(invent, 1, city="甲", since=day(-100), gone="是")])
    assert await cities(client) == ["乙"]
    assert await cities(client, datetime=f"{day(-200)}/{day(0)}") == ["乙", "甲"]
    assert await cities(client, datetime=f"{day(-99)}/{day(0)}") == ["乙"]
    assert await cities(client, datetime="../..") == ["乙", "甲"]
    assert await cities(client, datetime=f"../{day(-301)}") == []
    (uid,) = [row["uid"] for row in await city.rows("SELECT uid FROM jishi.legal_entity WHERE state = 'ended'")]
    assert (await client.get(f"{ITEMS}/{uid}")).status_code == 410
    then = await client.get(f"{ITEMS}/{uid}", params={"datetime": day(-200)})
    assert then.status_code == 200 and then.json()["properties"]["city"] == "甲"
    assert (await client.get(f"{ITEMS}/{uid}", params={"datetime": f"{day(-50)}T00:00:00Z"})).status_code == 410
    assert (await client.get(f"{ITEMS}/{uid}", params={"datetime": day(-400)})).status_code == 404
    code = invent["uscc"](1)
    assert (await client.get(f"{ITEMS}/{code}", params={"datetime": day(-200)})).json()["id"] == str(uid)
    found = await client.get(
        ITEMS, params={"datetime": day(-200), "uscc": code, "filter": "city = '甲'", "count": "exact"}
    )
    assert found.status_code == 200, found.text
    assert found.json()["numberMatched"] == 1


async def test_an_instant_that_is_not_recorded_yet_is_refused_and_the_newest_is_named(
    city: Any, invent: Make, ask: Asking
) -> None:
    source = city.declare("tiny")
    client = await ask.client()
    empty = await client.get(ITEMS, params={"known-at": "2026-01-01T00:00:00Z"})
    assert empty.status_code == 400 and empty.json()["errors"][0]["code"] == "QRY-KNOWN-LATER"
    await city.deliver(source, [entity(invent, 1, city="甲")])
    newest = await known(city)
    later = (datetime.fromisoformat(newest) + timedelta(microseconds=1)).isoformat()
    uscc = invent["uscc"](1)
    refusals = [await client.get(path, params={"known-at": later}) for path in (ITEMS, f"{ITEMS}/{uscc}")]
    for path, body in (("search", {}), ("batch", {"ids": [_NOBODY]})):
        posted = await client.post(f"/collections/legal-entities/{path}", json={**body, "known-at": later})
        refusals.append(posted)
    for refused in refusals:
        (fault,) = refused.json()["errors"]
        assert refused.status_code == 400 and fault["code"] == "QRY-KNOWN-LATER"
        assert newest.replace("+00:00", "Z") in fault["reason"]
    assert await cities(client, **{"known-at": newest}) == ["甲"]


_NOBODY = "0192a000-0000-7000-8000-000000000001"


@pytest.mark.parametrize(
    "text",
    ["", "/", "2026-13-01", "2026-01-01T00:00:00", "2026-01-02/2026-01-01", "a/b", "../../..", "2026-01-01T24:61:00Z"],
)
async def test_a_time_that_is_none_is_a_fault(ask: Asking, text: str) -> None:
    client = await ask.client()
    refused = await client.get(ITEMS, params={"datetime": text})
    assert refused.status_code == 400 and refused.json()["errors"][0]["code"] == "QRY-VALUE-DATETIME"
    refused = await client.get(ITEMS, params={"known-at": "2026-01-01", "datetime": "2026-01-01"})
    assert refused.json()["errors"][0]["code"] == "QRY-VALUE-KNOWN-AT"


async def test_persons_of_another_time_take_the_right_to_history(city: Any, invent: Make, ask: Asking) -> None:
    source = city.declare("tiny", "persons", more=EFFECTIVE)
    number = invent["citizen"](1)
    for since, address in ((-300, "旧路1号"), (-100, "新路2号")):
        await city.deliver(
            source, [{"key": "1", "name": "严测甲", "number": number, "address": address, "since": day(since)}]
        )
    elements = {"clear": ["full_name", "hukou_address", "id_number", "residence_address"], "derived": ["age"]}
    plain = await ask.client(natural_person=elements)
    holder = await ask.client(natural_person={**elements, "rights": ["history"]})
    body = {"properties": ["hukou_address", "id_number"], "key": {"id_number": number}, "datetime": day(-200)}
    search = "/collections/natural-persons/search"
    assert (await plain.post(search, json=body)).json()["errors"][0]["code"] == "ACC-RIGHT"
    (then,) = (await holder.post(search, json=body)).json()["features"]
    assert then["properties"] == {"hukou_address": "旧路1号", "id_number": number}
    (now,) = (await plain.post(search, json={**body, "datetime": None} | {"key": body["key"]})).json().get(
        "features", [{}]
    )[:1] or [{}]
    del body["datetime"]
    (now,) = (await plain.post(search, json=body)).json()["features"]
    assert now["properties"]["hukou_address"] == "新路2号"
    uid = now["id"]
    housed = await holder.post(search, json={**body, "key": {"address_uid": uid}, "datetime": day(-200)})
    assert housed.status_code == 200 and housed.json()["features"] == []
    for client, days, told in ((plain, -200, 403), (holder, -200, 200), (holder, -400, 404)):
        answer = await client.get(
            f"/collections/natural-persons/items/{uid}", params={"properties": "full_name", "datetime": day(days)}
        )
        assert answer.status_code == told
    asked = await holder.get(
        f"/collections/natural-persons/items/{uid}", params={"properties": "age", "datetime": day(-200)}
    )
    assert asked.status_code == 400 and asked.json()["errors"][0]["code"] == "QRY-TIME-DERIVED"
    written = await ask.disclosed(holder)
    assert [(row["act"], row["result"], len(row["subjects"])) for row in written] == [
        ("search", "ok", 1), ("search", "none", 0), ("item", "ok", 1), ("item", "none", 0)]  # fmt: skip


async def test_a_row_filter_meets_the_version_asked_for(city: Any, invent: Make, ask: Asking) -> None:
    source = city.declare("tiny", more=EFFECTIVE)
    await city.deliver(
        source, [entity(invent, 1, city="甲", since=day(-300)), entity(invent, 2, city="乙", since=day(-300))]
    )
    await city.deliver(source, [entity(invent, 1, city="乙", since=day(-100))])
    client = await ask.client(legal_entity={"clear": ["city", "uscc"], "rows": "city = '甲'"})
    assert await cities(client) == []
    assert await cities(client, datetime=day(-200)) == ["甲"]
    assert await cities(client, datetime=f"{day(-200)}/{day(0)}") == []


async def test_a_walk_through_another_time_is_complete_and_its_cursor_is_of_that_time(
    city: Any, invent: Make, ask: Asking
) -> None:
    source = city.declare("tiny", more=EFFECTIVE)
    client = await ask.client()
    await city.deliver(source, [entity(invent, n, city=f"{n}", since=day(-300)) for n in range(1, 8)])
    await city.deliver(source, [entity(invent, n, city=f"{n}0", since=day(-100)) for n in range(1, 4)])
    for sortby in ("uid", "-uscc"):
        seen: list[str] = []
        parameters = {"datetime": day(-200), "limit": "3", "sortby": sortby}
        cursor = None
        while True:
            page = (await client.get(ITEMS, params=parameters | ({"cursor": cursor} if cursor else {}))).json()
            seen += [feature["properties"]["city"] for feature in page["features"]]
            following = [link["href"] for link in page["links"] if link["rel"] == "next"]
            if not following:
                break
            cursor = httpx.URL(following[0]).params["cursor"]
        assert sorted(seen) == [f"{n}" for n in range(1, 8)]
    other = await client.get(
        ITEMS, params={"datetime": day(-199), "limit": "3", "sortby": "-uscc", "cursor": cursor or ""}
    )
    assert other.status_code == 400


@pytest.fixture
def quick(city: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("jishi_ingest.pipeline.examine", by_check_character)
    for feed in FEEDS:
        feed.declare(city.settings.home_dir)
    return city


async def test_what_was_known_is_answered_byte_for_byte_while_others_publish(quick: Any, ask: Asking) -> None:
    from feeds import Row
    from sequence import Deliver

    play = Play(quick)
    await play.start()
    client = await ask.client()
    await play.step(Deliver("firms-a", (Row(1, city="甲", since=-30), Row(2, city="乙", since=10), Row(3))))
    asked = [
        {"known-at": await known(quick)} | more for more in ({}, {"datetime": day(-20)}, {"datetime": f"{day(-40)}/.."})
    ]
    first = [(await client.get(ITEMS, params=parameters)).content for parameters in asked]
    assert len(set(first)) > 1
    ended = asyncio.Event()
    times = 0

    async def read() -> None:
        nonlocal times
        while not ended.is_set():
            for parameters, content in zip(asked, first, strict=True):
                assert (await client.get(ITEMS, params=parameters)).content == content
                times += 1

    reader = asyncio.create_task(read())
    for rows in ((Row(1, city="乙", since=-20),), (Row(1, city="甲", since=-25), Row(2, gone=True)), (Row(3, name=1),)):
        for name in ("firms-a", "firms-b"):
            await play.step(Deliver(name, rows))
    ended.set()
    await reader
    assert times > len(asked)
    assert (await client.get(ITEMS)).content != first[0]


@given(sequence=steps(EVERYTHING, 3, 5))
@SHORT
async def test_any_time_of_any_sequence_is_the_fold_of_what_was_said(
    quick: Any, ask: Asking, sequence: list[Step]
) -> None:
    await _follow(quick, ask, sequence)


@pytest.mark.soak
@given(sequence=steps(EVERYTHING, 3))
@LONG
async def test_any_time_of_any_sequence_is_the_fold_of_what_was_said_for_long(
    quick: Any, ask: Asking, sequence: list[Step]
) -> None:
    await _follow(quick, ask, sequence)


async def _follow(city: Any, ask: Asking, sequence: list[Step]) -> None:
    """After every step some of the times are asked for, in the end all of them again."""
    play = Play(city)
    await play.start()
    client = await ask.client(**{name: _all_of(view) for name, view in VIEWS.items()})
    answered: dict[tuple[str, datetime, datetime], tuple[list[str], bytes]] = {}
    for step in sequence:
        await play.step(step)
        fresh = [key for key in play.past if key not in answered][-MOST_ASKED:]
        for key in fresh:
            uids = await _all_that_ever_were(city, key[0])
            answered[key] = uids, await _check(city, client, uids, *key, wanted=play.past[key])
    for key, (uids, content) in answered.items():
        assert await _check(city, client, uids, *key, wanted=play.past[key]) == content


def _all_of(view: View) -> dict[str, Any]:
    """Everything as the tables hold it: numbers by their masks, the rest clear."""
    elements = register_of(view.register).elements
    sealed = [name for name in view.columns if elements[name].sealed]
    clear = [name for name in view.columns if name in elements and name not in sealed]
    return {"masked": sealed, "clear": clear, "rights": ["history", "withheld"]}


async def _check(
    city: Any, client: httpx.AsyncClient, uids: list[str], register: str, at: datetime, known: datetime, wanted: State
) -> bytes:
    """The batch of the uids as of the two instants, and of the interval from thirty days before."""
    view = VIEWS[register]
    body = {"ids": uids, "properties": list(view.columns), "include": "withheld", "known-at": known.isoformat()}
    contents = []
    begins = at - timedelta(days=30)
    folds = {
        at.isoformat(): wanted,
        f"{begins.isoformat()}/{at.isoformat()}": await _within(city, view, begins, at, known),
    }
    for asked, fold in folds.items():
        answer = await client.post(
            f"/collections/{register_of(register).collection}/batch", json=body | {"datetime": asked}
        )
        assert answer.status_code == 200, answer.text
        found = {
            item["id"]: tuple(item["feature"]["properties"][column] for column in view.columns)
            for item in answer.json()["items"]
            if item["outcome"] == "found"
        }
        assert found == _told(view, fold), f"{register} at {asked} as known at {known}"
        contents.append(answer.content)
    return b"\n".join(contents)


async def _all_that_ever_were(city: Any, register: str) -> list[str]:
    return [str(row["uid"]) for row in await city.rows(f"SELECT DISTINCT uid FROM jishi.{register}_link ORDER BY uid")]


def _told(view: View, state: State) -> dict[str, tuple[Any, ...]]:
    """As a page tells it, without what is over."""
    places = [(view.columns.index(name), values) for name, values in OVER.items() if name in view.columns]
    return {
        uid: tuple(value.isoformat() if hasattr(value, "isoformat") else value for value in values)
        for uid, (_, *values) in state.items()
        if not any(values[place] in over for place, over in places)
    }


async def _within(city: Any, view: View, begins: datetime, ends: datetime, known: datetime) -> State:
    """Of every entity the last version that was in force within the interval and was not over, folded by hand."""
    columns = ", ".join(view.columns)
    found: dict[str, dict[datetime, Entry]] = {}
    for row in await city.rows(
        f"SELECT uid, effective_from, recorded_at, state, {columns} FROM jishi.{view.register} UNION"
        f" SELECT uid, effective_from, recorded_at, state, {columns} FROM jishi.{view.register}_version"
    ):
        points = found.setdefault(str(row["uid"]), {})
        other = points.get(row["effective_from"])
        if row["recorded_at"] <= known and (other is None or other["recorded_at"] < row["recorded_at"]):
            points[row["effective_from"]] = row
    over = {name: values for name, values in OVER.items() if name in view.columns}
    state: State = {}
    for uid, points in found.items():
        order = sorted(points)
        for point, following in zip(order, [*order[1:], None], strict=False):
            row = points[point]
            in_force = point <= ends and (following is None or following > begins)
            if in_force and row["state"] != "ended" and not any(row[name] in values for name, values in over.items()):
                state[uid] = (row["state"], *(row[column] for column in view.columns))
    return state
