"""History, relations and lineage of one entity: what the deliveries made of it, each part as its own grant shows it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from asking import Asking, asking
from feeds import FEEDS, TODAY, Row, citizen, credit_code
from jishi.access import protection
from jishi.registers.catalog import register_of
from oracle import VIEWS
from play import BY_NAME, Play
from sequence import Pass, Step, steps
from sieve import by_check_character

FIRM = "/collections/legal-entities/items"
PERSON = "/collections/natural-persons/items"
ENTITY = {
    "masked": ["legal_rep_name", "legal_rep_id_no"],
    "clear": ["entity_name", "uscc", "city", "parent_entity_uscc"],
}
PEOPLE = {"masked": ["full_name", "id_number", "hukou_address"]}


@pytest.fixture
async def quick(city: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr("jishi_ingest.pipeline.examine", by_check_character)
    for feed in FEEDS:
        feed.declare(city.settings.home_dir)
    return city


@pytest.fixture
async def ask(quick: Any) -> AsyncIterator[Asking]:
    async with asking(quick.settings, quick.connection) as opened:
        yield opened


def day(days: int) -> str:
    """A day so many days from today."""
    return (TODAY + timedelta(days=days)).strftime("%Y-%m-%d")


async def deliver(city: Any, feed: str, *rows: Row) -> dict[str, Any]:
    receipt: dict[str, Any] = await city.deliver(feed, [BY_NAME[feed].cells(row) for row in rows])
    assert receipt["status"] == "published", receipt
    return receipt


async def uid_of(city: Any, register: str, element: str, value: str) -> str:
    """The uid of the living entity that shows this value."""
    return str(await city.value(f"SELECT uid FROM jishi.{register} WHERE {element} = $1 AND state <> 'ended'", value))


async def get(client: httpx.AsyncClient, path: str, **parameters: str) -> dict[str, Any]:
    answer = await client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def part(answer: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in answer["parts"] if one["part"] == name]
    return dict(found)


async def test_the_history_tells_both_clocks_and_what_each_version_changed(quick: Any, ask: Asking) -> None:
    first = await deliver(quick, "firms-a", Row(1, city="甲", since=-30))
    await deliver(quick, "firms-a", Row(1, city="乙", since=-10))
    await deliver(quick, "firms-a", Row(1, city="", since=-20))
    await deliver(quick, "firms-a", Row(1, city="甲", since=-10, name=1, to=1))
    uid = await uid_of(quick, "legal_entity", "uscc", credit_code(1))
    client = await ask.client(legal_entity=ENTITY)
    told = await get(client, f"{FIRM}/{uid}/history")
    versions = told["versions"]
    assert [version["properties"]["city"] for version in versions] == ["甲", None, "乙", "甲"]
    assert [version["changed"] for version in versions] == [
        ["entity_name", "uscc", "city"],
        ["city"],
        ["city"],
        ["entity_name", "legal_rep_name", "legal_rep_id_no", "city"],
    ]
    assert [version["effective_from"] for version in versions] == sorted(
        version["effective_from"] for version in versions
    )
    assert [version["superseded_at"] is None for version in versions] == [True, True, False, True]
    assert versions[2]["superseded_at"] == versions[3]["recorded_at"]
    assert versions[3]["effective_until"] is None and versions[0]["effective_until"] == versions[1]["effective_from"]
    assert versions[3]["properties"]["legal_rep_id_no"] == citizen(1)[:3] + "*" * 11 + citizen(1)[-4:]
    assert all("source" not in version for version in versions), "a standing view does not name who delivered it"
    knowing = await ask.client(legal_entity={**ENTITY, "rights": ["history"]})
    source = (await get(knowing, f"{FIRM}/{credit_code(1)}/history"))["versions"][0]["source"]
    assert source["batch"] == first["batch"] and source["source"] == "firms-a"
    assert source["department"] == "113205000000900347"
    assert (
        "entity_name"
        not in (await get(knowing, f"{FIRM}/{uid}/history", properties="city"))["versions"][0]["properties"]
    )
    assert (await ask.disclosed(client))[-1]["act"] == "history"


async def test_the_history_comes_in_pages_and_its_cursor_belongs_to_one_question(quick: Any, ask: Asking) -> None:
    for number, since in enumerate((-30, -20, -10, 0)):
        await deliver(quick, "firms-a", Row(1, city="甲乙"[number % 2], since=since))
    uid = await uid_of(quick, "legal_entity", "uscc", credit_code(1))
    client = await ask.client()
    whole = (await get(client, f"{FIRM}/{uid}/history"))["versions"]
    assert len(whole) == 4
    seen, parameters = [], {"limit": "1"}
    while True:
        page = await get(client, f"{FIRM}/{uid}/history", **parameters)
        seen += page["versions"]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        parameters = dict(httpx.URL(following[0]).params)
    assert seen == whole
    other = await client.get(f"{FIRM}/{uid}/history", params={**parameters, "properties": "city"})
    assert other.status_code == 400


async def test_a_persons_history_takes_the_right_and_a_hidden_person_has_none(quick: Any, ask: Asking) -> None:
    await deliver(quick, "people", Row(1, city="甲"))
    uid = await uid_of(quick, "natural_person", "hukou_address", "甲")
    plain = await ask.client(natural_person=PEOPLE)
    knowing = await ask.client(natural_person={**PEOPLE, "rights": ["history"]})
    path = f"{PERSON}/{uid}/history"
    refused = await plain.get(path, params={"properties": "full_name"})
    assert refused.status_code == 403 and refused.json()["errors"][0]["code"] == "ACC-RIGHT"
    assert (await knowing.get(path)).status_code == 400, "what is wanted of a person must be said"
    (version,) = (await get(knowing, path, properties="full_name"))["versions"]
    assert version["properties"] == {"full_name": "严**"}
    await _hide(ask, uid)
    assert (await knowing.get(path, params={"properties": "full_name"})).status_code == 404
    alerted = await ask.connection.fetchval("SELECT count(*) FROM jishi.access_alert")
    assert alerted == 1


async def test_withheld_versions_are_told_only_by_the_right_to_them(quick: Any, ask: Asking) -> None:
    await deliver(quick, "decisions", Row(1, to=1, day=15, since=-10))
    await deliver(quick, "repairs", Row(1, to=1, day=-5, since=-5))
    uid = str(await quick.value("SELECT uid FROM jishi.credit_record"))
    assert await quick.value("SELECT state FROM jishi.credit_record") == "withheld"
    says = {"clear": ["organ_name", "repair_result_code"], "rights": ["history"]}
    path, wanted = f"/collections/credit-records/items/{uid}/history", {"properties": "organ_name"}
    plain = await ask.client(credit_record=says)
    assert (await plain.get(path, params=wanted)).status_code == 404
    assert (await plain.get(path, params={**wanted, "include": "withheld"})).status_code == 403
    holder = await ask.client(credit_record={**says, "rights": ["history", "withheld"]})
    states = [version["state"] for version in (await get(holder, path, include="withheld", **wanted))["versions"]]
    assert states[0] == "active" and states[-1] == "withheld"
    page = "/collections/credit-records/batch"
    body = {"ids": [uid], "properties": ["organ_name"], "datetime": day(0)}
    then = {**body, "datetime": day(-8)}
    assert (await plain.post(page, json=then)).json()["items"][0]["outcome"] == "not_found", (
        "nor of the day it was open"
    )
    assert (await holder.post(page, json={**then, "include": "withheld"})).json()["items"][0]["outcome"] == "found"


async def test_the_parts_of_related_lie_under_their_own_grants(quick: Any, ask: Asking) -> None:
    await deliver(quick, "people", Row(1, city="甲"))
    await deliver(quick, "firms-a", Row(1, to=1, since=-10), Row(2, day=-15, since=-10))
    await deliver(quick, "certs", Row(1, to=1, since=-10))
    firm = await uid_of(quick, "legal_entity", "uscc", credit_code(1))
    person = await uid_of(quick, "natural_person", "hukou_address", "甲")
    representative = "legal_representative.to.natural-persons"
    poor = await ask.client()
    told = await get(poor, f"{FIRM}/{firm}/related")
    assert told["feature"]["properties"]["uscc"] == credit_code(1)
    closed = part(told, representative)
    assert closed["status"] == 403 and closed["problem"]["errors"][0]["code"] == "ACC-NO-GRANT"
    assert part(told, "holder.from.certificates")["status"] == 403
    rich = await ask.client(
        legal_entity=ENTITY, natural_person=PEOPLE, certificate={"masked": ["holder_code"], "clear": ["cert_name"]}
    )
    told = await get(rich, f"{FIRM}/{firm}/related", **{"properties.natural-persons": "full_name"})
    (found,) = part(told, representative)["features"]
    assert found["id"] == person and found["properties"] == {"full_name": "严**"}
    assert [relation["element"] for relation in found["relations"]] == ["legal_rep_id_no"]
    (held,) = part(told, "holder.from.certificates")["features"]
    assert held["properties"] == {}, "of a personal collection nothing but what was asked for"
    back = await get(rich, f"{PERSON}/{person}/related", part="legal_representative.from.legal-entities")
    assert "feature" not in back
    assert [feature["id"] for feature in back["parts"][0]["features"]] == [firm]
    numbers = {"legal_entity": 2, "natural_person": 1, "certificate": 5}
    written = {(row["register"], subject) for row in await ask.disclosed(rich) for subject in map(str, row["subjects"])}
    assert {
        (numbers["legal_entity"], firm),
        (numbers["natural_person"], person),
        (numbers["certificate"], held["id"]),
    } <= written
    narrow = await ask.client(natural_person=PEOPLE, legal_entity={"clear": ["uscc"]})
    closed = part(await get(narrow, f"{FIRM}/{firm}/related"), representative)
    assert closed["status"] == 403 and closed["problem"]["errors"] == [
        {"name": "legal_rep_id_no", "code": "ACC-ELEMENT", "reason": closed["problem"]["errors"][0]["reason"]}
    ], "who may not have the element may not have the relation"


async def test_relations_are_dated_and_what_has_not_arrived_is_pending(quick: Any, ask: Asking) -> None:
    await deliver(quick, "people", Row(1, city="甲", since=-40))
    await deliver(quick, "firms-a", Row(1, to=1, since=-30))
    await deliver(quick, "firms-a", Row(1, to=2, since=-10))
    firm = await uid_of(quick, "legal_entity", "uscc", credit_code(1))
    person = await uid_of(quick, "natural_person", "hukou_address", "甲")
    client = await ask.client(legal_entity=ENTITY, natural_person={**PEOPLE, "rights": ["history"]})
    name = "legal_representative.to.natural-persons"
    now = await get(client, f"{FIRM}/{firm}/related")
    assert part(now, name)["features"] == []
    assert [(one["kind"], one["element"]) for one in now["pending"]] == [("legal_representative", "legal_rep_id_no")]
    then = await get(client, f"{FIRM}/{firm}/related", datetime=day(-20))
    assert [feature["id"] for feature in part(then, name)["features"]] == [person]
    assert then["pending"] == []
    assert (await client.get(f"{FIRM}/{firm}/related", params={"datetime": day(-50)})).status_code == 404
    poor = await ask.client(legal_entity=ENTITY)
    assert (await get(poor, f"{FIRM}/{firm}/related"))["pending"] == [], (
        "it would say who is in a register he may not ask"
    )
    told = (await get(client, f"{FIRM}/{firm}/history", of="relations"))["relations"]
    assert [(one["kind"], one.get("id"), one["closed_at"] is None) for one in told] == [
        ("legal_representative", person, False),
        ("legal_representative", None, True),
    ]


async def test_a_hidden_person_is_told_as_one_who_has_not_arrived(quick: Any, ask: Asking) -> None:
    await deliver(quick, "people", Row(1, city="甲", since=-40), Row(2, city="乙", since=-40))
    await deliver(quick, "firms-a", Row(1, to=1, since=-30), Row(2, to=0, since=-30))
    hidden = await uid_of(quick, "natural_person", "hukou_address", "甲")
    firm, other = [await uid_of(quick, "legal_entity", "uscc", credit_code(number)) for number in (1, 2)]
    client = await ask.client(legal_entity=ENTITY, natural_person={**PEOPLE, "rights": ["history"]})
    await _hide(ask, hidden)
    told, absent = [await get(client, f"{FIRM}/{one}/related") for one in (firm, other)]
    assert told["parts"] == [{**one} for one in absent["parts"]], "the same parts, empty alike"
    assert told["pending"] == absent["pending"] and len(told["pending"]) == 1
    relations = (await get(client, f"{FIRM}/{firm}/history", of="relations"))["relations"]
    assert "id" not in relations[0]
    assert (await client.get(f"{PERSON}/{hidden}/related")).status_code == 404
    trusted = await ask.client(legal_entity=ENTITY, natural_person={**PEOPLE, "rights": ["protected"]})
    seen = await get(trusted, f"{FIRM}/{firm}/related")
    assert [one["id"] for one in part(seen, "legal_representative.to.natural-persons")["features"]] == [hidden]
    assert seen["pending"] == []


async def test_of_two_sources_the_one_whose_value_survived_is_related(quick: Any, ask: Asking) -> None:
    await deliver(quick, "people", Row(1, city="甲", since=-40), Row(2, city="乙", since=-40))
    await deliver(quick, "firms-a", Row(1, to=1, since=-30))
    await deliver(quick, "firms-b", Row(1, to=2, since=-20))
    firm = await uid_of(quick, "legal_entity", "uscc", credit_code(1))
    right, wrong = [await uid_of(quick, "natural_person", "hukou_address", text) for text in "甲乙"]
    client = await ask.client(legal_entity=ENTITY, natural_person=PEOPLE)
    told = part(await get(client, f"{FIRM}/{firm}/related"), "legal_representative.to.natural-persons")
    assert [one["id"] for one in told["features"]] == [right]
    for person, firms in ((right, [firm]), (wrong, [])):
        back = await get(client, f"{PERSON}/{person}/related", part="legal_representative.from.legal-entities")
        assert [one["id"] for one in back["parts"][0]["features"]] == firms


async def test_a_part_comes_in_pages(quick: Any, ask: Asking) -> None:
    await deliver(quick, "people", Row(1, city="甲", since=-40))
    rows = [BY_NAME["firms-a"].cells(Row(0, to=1, since=-30)) for _ in range(5)]
    for number, row in enumerate(rows):
        row |= {"key": f"N{number}", "code": credit_code(100 + number), "name": f"测试企业{number}号"}
    assert (await quick.deliver("firms-a", rows))["status"] == "published"
    person = await uid_of(quick, "natural_person", "hukou_address", "甲")
    client = await ask.client(legal_entity=ENTITY, natural_person=PEOPLE)
    seen: list[str] = []
    parameters = {"limit": "2", "part": "legal_representative.from.legal-entities"}
    while True:
        (page,) = (await get(client, f"{PERSON}/{person}/related", **parameters))["parts"]
        seen += [feature["id"] for feature in page["features"]]
        if not page["links"]:
            break
        parameters = dict(httpx.URL(page["links"][0]["href"]).params)
    assert len(seen) == len(set(seen)) == 5
    wrong = await client.get(f"{PERSON}/{person}/related", params={**parameters, "part": "holder.from.certificates"})
    assert wrong.status_code == 400 or wrong.json()["parts"][0]["status"] == 403
    assert (await client.get(f"{PERSON}/{person}/related", params={"part": "nothing"})).status_code == 400


async def test_lineage_tells_whose_word_survived_and_why(quick: Any, ask: Asking) -> None:
    better = await deliver(quick, "firms-a", Row(1, city="甲", to=1, since=-30))
    await deliver(quick, "firms-b", Row(1, city="乙", name=1, day=5, since=-20))
    uid = await uid_of(quick, "legal_entity", "uscc", credit_code(1))
    plain = await ask.client(legal_entity=ENTITY)
    told = await get(plain, f"{FIRM}/{uid}/lineage")
    elements = {one["element"]: one for one in told["elements"]}
    assert elements["city"]["value"] == "甲" and elements["city"]["why"] == "rank"
    assert elements["city"]["from"]["department"] == "113205000000900347" and elements["city"]["from"]["age_days"] == 0
    assert elements["parent_entity_uscc"]["why"] == "alone", "the other one says nothing of it"
    assert elements["legal_rep_name"]["value"] == "严**" and elements["legal_rep_name"]["together"] == [
        "legal_rep_name",
        "legal_rep_id_no",
    ]
    assert "contributions" not in told and "others" not in elements["city"]
    knowing = await ask.client(legal_entity={**ENTITY, "rights": ["history"]})
    told = await get(knowing, f"{FIRM}/{uid}/lineage", properties="city")
    (city,) = told["elements"]
    by_number = {one["contribution"]: one for one in told["contributions"]}
    winner = by_number[city["from"]["contribution"]]
    assert (
        winner["source"] == "firms-a" and winner["row"]["batch"] == better["batch"] and winner["row"]["row_number"] == 1
    )
    digest = await quick.value("SELECT encode(sha256, 'hex') FROM jishi.batch WHERE batch_id = $1", better["batch"])
    assert winner["row"]["sha256"] == digest
    (loser,) = [by_number[number] for number in city["others"]]
    assert loser["source"] == "firms-b" and loser["values"] == {"city": "乙"} and not loser["in_clear"]
    assert (await ask.disclosed(knowing))[-1]["act"] == "lineage"


async def test_rows_are_told_in_clear_only_to_stewards_of_the_department_that_delivered_them(
    quick: Any, ask: Asking
) -> None:
    await deliver(quick, "people", Row(1, city="甲"))
    uid = await uid_of(quick, "natural_person", "hukou_address", "甲")
    path, wanted = f"{PERSON}/{uid}/lineage", {"properties": "full_name,id_number"}
    owner = await ask.client("steward", department="113205000000900347", natural_person=PEOPLE)
    stranger = await ask.client("steward", department="11320500000090018H", natural_person=PEOPLE)
    outsider = await ask.client(department="113205000000900347", natural_person=PEOPLE)
    masked = {"full_name": "严**", "id_number": citizen(1)[:3] + "*" * 11 + citizen(1)[-4:]}
    (own,) = (await get(owner, path, **wanted))["contributions"]
    assert own["values"] == {"full_name": "严测甲", "id_number": citizen(1)} and own["in_clear"]
    (other,) = (await get(stranger, path, **wanted))["contributions"]
    assert other["values"] == masked and not other["in_clear"]
    assert "contributions" not in await get(outsider, path, **wanted)
    written = [(row["clear"], row["result"]) for row in await ask.disclosed(owner)]
    assert (["full_name", "id_number"], "own_rows") in [(sorted(clear), result) for clear, result in written]
    assert (await owner.get(path)).status_code == 400
    nobody = await ask.client()
    assert (await nobody.get(path, params=wanted)).status_code == 403


async def test_what_the_calendar_says_has_no_source(quick: Any, ask: Asking) -> None:
    await deliver(quick, "certs", Row(1, day=-15, since=-30))
    uid = str(await quick.value("SELECT uid FROM jishi.certificate"))
    client = await ask.client(certificate={"clear": ["cert_status", "cert_name"], "rights": ["inactive"]})
    told = await get(
        client, f"/collections/certificates/items/{uid}/lineage", properties="cert_status", include="inactive"
    )
    (status,) = told["elements"]
    assert status["value"] == "05" and status["why"] == "calendar"


@given(sequence=steps(("firms-a", "firms-b", "firms-full", "people", "people-full"), 3, 5))
@settings(
    max_examples=3,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    database=None,
    phases=(Phase.explicit, Phase.generate),
)
async def test_after_any_sequence_the_value_told_is_that_of_the_contribution_named(
    quick: Any, ask: Asking, sequence: list[Step]
) -> None:
    play = Play(quick)
    await play.start()
    for step in sequence:
        if not isinstance(step, Pass):
            await play.step(step)
    names = ("legal_entity", "natural_person")
    seen = {name: {"clear": [*VIEWS[name].columns], "rights": ["history"]} for name in names}
    client = await ask.client(**seen)
    for name in names:
        collection = register_of(name).collection
        for row in await quick.rows(f"SELECT uid FROM jishi.{name} WHERE state = 'active'"):
            path = f"/collections/{collection}/items/{row['uid']}/lineage"
            told = await get(client, path, properties=",".join(VIEWS[name].columns))
            said = {one["contribution"]: one["values"] for one in told["contributions"]}
            for element in told["elements"]:
                origin = element["from"]
                value = None if origin is None else said[origin["contribution"]][element["element"]]
                assert element["value"] == value, element


async def _hide(ask: Asking, uid: str) -> None:
    """Protect a person, and wait until the API has heard of it."""
    told = asyncio.Event()
    ask.app.state.serving.callers.revocations.subscribe(lambda change: told.set())
    await protection.put(ask.connection, register_of("natural_person"), UUID(uid), "hidden", (), "witness", "test")
    await asyncio.wait_for(told.wait(), 5)
