from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from fastapi import FastAPI

from jishi.access import clients, grant_store
from jishi.access.working_days import load
from jishi.identifiers.keys import Keys
from jishi.settings import Settings

if TYPE_CHECKING:
    from asyncpg import Connection

HOUSING, POLICE, OTHER = "11320500000090114T", "11320500000090018H", "11320500000090069R"
TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
WISH: dict[str, Any] = {
    "collection": "natural-persons",
    "reason": "公租房资格审核",
    "basis": "《公共租赁住房管理办法》",
    "elements": ["full_name", "id_number", "mobile"],
    "clear": ["mobile"],
    "derived": ["age"],
    "purposes": ["housing"],
    "quota_per_day": 100,
    "until": (TODAY + timedelta(days=300)).isoformat(),
}


@dataclass
class People:
    """Clients of the departments: who applies, who answers, who has nothing to do with it, and an admin."""

    applicant: httpx.AsyncClient
    colleague: httpx.AsyncClient
    owner: httpx.AsyncClient
    clerk: httpx.AsyncClient
    stranger: httpx.AsyncClient
    admin: httpx.AsyncClient
    nobody: httpx.AsyncClient
    applicant_id: str


@pytest.fixture
async def people(api: FastAPI, connection: Connection[Any], keys: Keys) -> AsyncIterator[People]:
    await connection.execute(
        "INSERT INTO jishi.department (uscc, name, short_name, name_en, roles, note) "
        "VALUES ($1, '市公安局', '公安', '', '{}', ''), ($2, '市住房和城乡建设局', '住建', '', '{}', ''), "
        "($3, '市教育局', '教育', '', '{}', '')",
        POLICE,
        HOUSING,
        OTHER,
    )
    async with AsyncExitStack() as stack:
        ids: dict[str, str] = {}

        async def client(name: str, department: str | None, *granted: str) -> httpx.AsyncClient:
            made = await clients.create(connection, keys, name, department, granted)
            ids[name] = made.client_id
            headers = {"X-API-Key": made.api_key, "Accept-Language": "en"}
            opened = httpx.AsyncClient(
                transport=httpx.ASGITransport(api), base_url="http://jishi.test", headers=headers
            )
            return await stack.enter_async_context(opened)

        yield People(
            applicant=await client("applicant", HOUSING, "steward"),
            colleague=await client("colleague", HOUSING, "steward"),
            owner=await client("owner", POLICE, "steward"),
            clerk=await client("clerk", POLICE),
            stranger=await client("stranger", OTHER, "steward"),
            admin=await client("admin", OTHER, "admin"),
            nobody=await client("nobody", None, "steward"),
            applicant_id=ids["applicant"],
        )


async def _applied(people: People, **change: object) -> str:
    answer = await people.applicant.post("/requests", json={**WISH, **change})
    assert answer.status_code == 201, answer.text
    return str(answer.headers["Location"])


async def _checked(people: People, **change: object) -> str:
    there = await _applied(people, **change)
    answer = await people.owner.post(f"{there}/check")
    assert answer.status_code == 200 and answer.json()["status"] == "checked", answer.text
    return there


async def test_an_application_is_checked_answered_and_becomes_a_grant_that_ends(
    people: People, connection: Connection[Any], settings: Settings
) -> None:
    there = await _applied(people)
    told = (await people.applicant.get(there)).json()
    clock = load(settings)
    assert (told["status"], told["department"], told["owner"], told["grant"]) == ("applied", HOUSING, POLICE, None)
    assert told["check_due"] == clock.due(TODAY, 2).isoformat() and told["answer_due"] is None
    assert told["wanted"]["elements"] == WISH["elements"] and told["basis"] == WISH["basis"]

    checked = (await people.owner.post(f"{there}/check")).json()
    assert checked["status"] == "checked" and checked["answer_due"] == clock.due(TODAY, 10).isoformat()
    assert all(check["passed"] and check["reasons"] == [] for check in checked["checks"])
    assert {check["check"] for check in checked["checks"]} >= {"basis", "purposes", "minimal", "duplicate", "sharing"}

    shorter = TODAY + timedelta(days=30)
    answered = await people.owner.post(
        f"{there}/answer", json={"answer": "grant", "reasons": "同意", "until": shorter.isoformat()}
    )
    assert answered.status_code == 200, answered.text
    told = answered.json()
    assert told["status"] == "granted"
    assert [(step["step"], step["late_days"]) for step in told["steps"]] == [("apply", 0), ("check", 0), ("grant", 0)]
    grant = (await grant_store.of_client(connection, people.applicant_id))["natural_person"]
    assert grant.grant_id == told["grant"] and str(grant.application_id) == there.rsplit("/", 1)[1]
    assert grant.masked == {"full_name", "id_number"} and grant.clear == {"mobile"} and grant.derived == {"age"}
    assert grant.purposes == {"housing"} and grant.quota_per_day == 100 and grant.basis == WISH["basis"]
    assert grant.valid_until == datetime.combine(
        shorter + timedelta(days=1), datetime.min.time(), ZoneInfo("Asia/Shanghai")
    )
    mine = (await people.applicant.get("/me")).json()["collections"][0]
    assert mine["grant"] == grant.grant_id and mine["application"] == grant.application_id
    acts = await connection.fetch("SELECT act, succeeded FROM jishi.administrative_act ORDER BY act_id")
    assert [tuple(row) for row in acts] == [
        ("application.apply", True),
        ("application.check", True),
        ("application.grant", True),
    ]


async def test_what_does_not_pass_the_check_goes_back_with_each_reason(people: People) -> None:
    there = await _applied(people, basis="", purposes=[], until=None, elements=["full_name", "birth_date"], clear=[])
    told = (await people.owner.post(f"{there}/check")).json()
    assert told["status"] == "returned" and told["answer_due"] is None
    failed = {
        check["check"]: [reason["code"] for reason in check["reasons"]]
        for check in told["checks"]
        if not check["passed"]
    }
    assert failed == {
        "basis": ["ACC-CHECK-BASIS"],
        "purposes": ["ACC-CHECK-PURPOSES"],
        "term": ["ACC-CHECK-TERM"],
        "minimal": ["ACC-CHECK-MINIMAL"],
    }
    assert told["steps"][-1]["step"] == "return" and "birth_date" in told["steps"][-1]["reasons"]
    again = await people.owner.post(f"{there}/answer", json={"answer": "grant"})
    assert again.status_code == 409 and again.json()["code"] == "ACC-APPLICATION-STEP"


async def test_what_is_granted_already_is_a_duplicate(people: People) -> None:
    there = await _checked(people)
    assert (await people.owner.post(f"{there}/answer", json={"answer": "grant"})).json()["status"] == "granted"
    again = await _applied(people)
    told = (await people.owner.post(f"{again}/check")).json()
    assert told["status"] == "returned"
    assert [check["check"] for check in told["checks"] if not check["passed"]] == ["duplicate"]


async def test_a_refusal_has_reasons_and_no_grant(people: People, connection: Connection[Any]) -> None:
    there = await _checked(people)
    for reasons in ("", "  "):
        answer = await people.owner.post(f"{there}/answer", json={"answer": "refuse", "reasons": reasons})
        assert answer.status_code == 400
        assert [error["code"] for error in answer.json()["errors"]] == ["ACC-APPLICATION-REASONS"]
    told = (await people.owner.post(f"{there}/answer", json={"answer": "refuse", "reasons": "用途不明"})).json()
    assert told["status"] == "refused" and told["steps"][-1]["reasons"] == "用途不明" and told["grant"] is None
    assert await grant_store.of_client(connection, people.applicant_id) == {}


async def test_lateness_is_counted_in_working_days_and_kept_with_the_step(
    people: People, connection: Connection[Any], settings: Settings
) -> None:
    clock = load(settings)
    there = await _applied(people)
    due = TODAY - timedelta(days=9)
    await connection.execute("UPDATE jishi.application SET check_due = $1", due)
    checked = (await people.owner.post(f"{there}/check")).json()
    assert checked["steps"][-1]["late_days"] == clock.late(due, TODAY) > 0
    due = TODAY - timedelta(days=20)
    await connection.execute("UPDATE jishi.application SET answer_due = $1", due)
    told = (await people.owner.post(f"{there}/answer", json={"answer": "grant"})).json()
    assert told["steps"][-1]["late_days"] == clock.late(due, TODAY) > 9


async def test_an_answer_gives_no_longer_than_was_asked_and_no_time_that_is_over(people: People) -> None:
    there = await _checked(people)
    for until in (TODAY + timedelta(days=301), TODAY - timedelta(days=1)):
        answer = await people.owner.post(f"{there}/answer", json={"answer": "grant", "until": until.isoformat()})
        assert answer.status_code == 400
        assert [error["code"] for error in answer.json()["errors"]] == ["ACC-APPLICATION-UNTIL"]
    assert (await people.owner.post(f"{there}/answer", json={"answer": "grant"})).json()["status"] == "granted"


async def test_each_step_is_taken_by_whose_it_is_and_by_nobody_else(
    people: People, connection: Connection[Any]
) -> None:
    there = await _applied(people)
    grant = {"answer": "grant"}

    async def refused(client: httpx.AsyncClient, path: str, body: object = None) -> str:
        answer = await client.post(f"{there}/{path}", json=body)
        assert answer.status_code in (403, 404), answer.text
        return str(answer.json()["code"])

    assert await refused(people.applicant, "check") == "ACC-APPLICATION-OWNER"
    assert await refused(people.colleague, "check") == "ACC-APPLICATION-OWNER"
    assert await refused(people.clerk, "check") == "ACC-ROLE-MISSING"
    assert await refused(people.stranger, "check") == "ACC-APPLICATION-UNKNOWN"
    assert await refused(people.nobody, "check") == "ACC-APPLICATION-UNKNOWN"
    assert await refused(people.owner, "withdraw", {}) == "ACC-APPLICATION-APPLICANT"
    assert await refused(people.admin, "withdraw", {}) == "ACC-APPLICATION-APPLICANT"
    assert (await people.admin.post(f"{there}/check")).json()["status"] == "checked"
    assert await refused(people.admin, "answer", grant) == "ACC-APPLICATION-OWNER"
    assert await refused(people.colleague, "answer", grant) == "ACC-APPLICATION-OWNER"
    assert await refused(people.clerk, "answer", grant) == "ACC-ROLE-MISSING"
    assert await refused(people.stranger, "answer", grant) == "ACC-APPLICATION-UNKNOWN"
    failures = await connection.fetch("SELECT code FROM jishi.administrative_act WHERE NOT succeeded ORDER BY act_id")
    assert [row["code"] for row in failures] == [
        "ACC-APPLICATION-OWNER",
        "ACC-APPLICATION-OWNER",
        "ACC-ROLE-MISSING",
        "ACC-APPLICATION-APPLICANT",
        "ACC-APPLICATION-APPLICANT",
        "ACC-APPLICATION-OWNER",
        "ACC-APPLICATION-OWNER",
        "ACC-ROLE-MISSING",
    ]
    assert (await people.colleague.post(f"{there}/withdraw", json={"reasons": "不需要了"})).json()[
        "status"
    ] == "withdrawn"


async def test_nobody_answers_an_application_of_their_own(people: People) -> None:
    made = await people.owner.post("/requests", json=WISH)
    there = made.headers["Location"]
    answer = await people.owner.post(f"{there}/check")
    assert answer.status_code == 403 and answer.json()["code"] == "ACC-APPLICATION-OWN"


async def test_every_step_from_every_status_is_taken_or_is_a_conflict(
    people: People, connection: Connection[Any]
) -> None:
    steps = {
        "check": (people.owner, None),
        "grant": (people.owner, {"answer": "grant"}),
        "refuse": (people.owner, {"answer": "refuse", "reasons": "不"}),
        "withdraw": (people.applicant, {}),
    }
    after = {
        ("applied", "check"): "checked",
        ("applied", "withdraw"): "withdrawn",
        ("checked", "grant"): "granted",
        ("checked", "refuse"): "refused",
        ("checked", "withdraw"): "withdrawn",
    }
    for status in ("applied", "returned", "checked", "refused", "granted", "withdrawn"):
        for step, (client, body) in steps.items():
            await connection.execute("UPDATE jishi.access_grant SET revoked_at = now() WHERE revoked_at IS NULL")
            there = await _applied(people)
            number = int(there.rsplit("/", 1)[1])
            await connection.execute(
                "UPDATE jishi.application SET status = $2 WHERE application_id = $1", number, status
            )
            path = "answer" if step in ("grant", "refuse") else step
            answer = await client.post(f"{there}/{path}", json=body)
            if (status, step) in after:
                assert answer.json()["status"] == after[status, step], (status, step)
            else:
                assert answer.status_code == 409 and answer.json()["code"] == "ACC-APPLICATION-STEP", (status, step)
                assert (await client.get(there)).json()["status"] == status


async def test_each_sees_the_applications_of_their_department_and_an_admin_all(people: People) -> None:
    there = await _applied(people)
    more = await _applied(people, reason="第二份")
    for client in (people.applicant, people.colleague, people.owner, people.clerk, people.admin):
        found = (await client.get("/requests")).json()["requests"]
        assert [item["links"][0]["href"] for item in found] == [more, there]
        assert (await client.get(there)).status_code == 200
    for client in (people.stranger, people.nobody):
        assert (await client.get("/requests")).json()["requests"] == []
        answer = await client.get(there)
        assert answer.status_code == 404 and answer.json()["code"] == "ACC-APPLICATION-UNKNOWN"
    page = (await people.owner.get("/requests?limit=1&status=applied")).json()
    assert [item["links"][0]["href"] for item in page["requests"]] == [more]
    following = (await people.owner.get(page["links"][0]["href"])).json()
    assert [item["links"][0]["href"] for item in following["requests"]] == [there] and following["links"] == []
    assert (await people.owner.get("/requests?status=granted")).json()["requests"] == []
    assert (await people.owner.get("/requests?status=lost")).status_code == 400


async def test_an_application_that_cannot_be_read_is_refused_with_every_fault(
    people: People, connection: Connection[Any]
) -> None:
    bad = {"elements": ["nose"], "clear": ["ear"], "derived": ["height"], "rights": ["fly"], "purposes": ["a b"]}
    answer = await people.applicant.post("/requests", json={**WISH, **bad, "rate_per_minute": 0, "rows": ""})
    assert answer.status_code == 400 and answer.json()["code"] == "ACC-APPLICATION"
    assert [error["code"] for error in answer.json()["errors"]] == [
        "ACC-GRANT-ELEMENT",
        "ACC-GRANT-ELEMENT",
        "ACC-DERIVED",
        "ACC-GRANT-RIGHT",
        "ACC-GRANT-FILTER",
        "ACC-GRANT-PURPOSE",
        "ACC-GRANT-NUMBER",
    ]
    answer = await people.applicant.post("/requests", json={**WISH, "rows": "sex_code = pg_sleep(10)"})
    assert [error["code"] for error in answer.json()["errors"]] == ["QRY-FILTER-VALUE"]
    for body in ({}, {**WISH, "reason": ""}, {**WISH, "until": "soon"}, {**WISH, "reason": "\0"}, {**WISH, "more": 1}):
        assert (await people.applicant.post("/requests", json=body)).status_code == 400, body
    assert (await people.applicant.post("/requests", json={**WISH, "collection": "unicorns"})).status_code == 404
    answer = await people.nobody.post("/requests", json=WISH)
    assert answer.status_code == 403 and answer.json()["code"] == "ACC-APPLICATION-DEPARTMENT"
    place = {"collection": "places", "reason": "选址", "elements": ["geom"]}
    answer = await people.applicant.post("/requests", json=place)
    assert answer.status_code == 400 and answer.json()["code"] == "ACC-APPLICATION-NO-OWNER"
    assert await connection.fetchval("SELECT count(*) FROM jishi.application") == 0


async def test_applications_need_a_key_and_a_number(people: People, anybody: httpx.AsyncClient) -> None:
    there = await _applied(people)
    for method, path in (("GET", "/requests"), ("POST", "/requests"), ("GET", there), ("POST", f"{there}/check")):
        assert (await anybody.request(method, path, json=WISH)).status_code == 401, path
    for number in ("0", "-1", "999", str(2**70)):
        assert (await people.owner.get(f"/requests/{number}")).status_code == 404
        assert (await people.owner.post(f"/requests/{number}/check")).status_code == 404
    assert (await people.owner.get("/requests/x")).status_code == 400


async def test_a_lane_that_wrote_is_the_apis_own_and_read_only_again(people: People, api: FastAPI) -> None:
    await _applied(people)
    for _ in range(3):
        async with api.state.serving.connection() as lane:
            assert await lane.fetchval("SHOW default_transaction_read_only") == "on"
            assert await lane.fetchval("SELECT current_user") == "jishi_api"
