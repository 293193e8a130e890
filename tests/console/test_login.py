"""Sessions of the console: begun by a login, proven at every act, over at once when they should be."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fastapi import FastAPI

from jishi.access import console_sessions, users
from jishi_api.guessing import Guesses

if TYPE_CHECKING:
    from asyncpg import Connection

COOKIE = "jishi-session"
CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


async def logged_in(stranger: httpx.AsyncClient, owner: Connection[Any], *roles: str, login: str = "anna") -> str:
    """A user made and logged in; the token of his session."""
    made = await users.create(owner, login, roles or ("steward",))
    answer = await stranger.post("/console/login", data={"login": login, "password": made.password})
    assert answer.status_code == 303, answer.text
    return await token(stranger)


async def token(stranger: httpx.AsyncClient) -> str:
    found = CSRF.search((await stranger.get("/console")).text)
    assert found
    return found[1]


async def test_a_login_begins_a_session_of_which_only_a_hash_is_kept(
    app: FastAPI, stranger: httpx.AsyncClient, owner: Connection[Any]
) -> None:
    away = await stranger.get("/console?x=1")
    assert away.status_code == 303 and away.headers["location"] == "/console/login?next=%2Fconsole%3Fx%3D1"
    planted = "A" * 43
    stranger.cookies.set(COOKIE, planted)
    made = await users.create(owner, "anna", ("steward",))
    wrong = await stranger.post("/console/login", data={"login": "anna", "password": "no", "next": "/console"})
    assert wrong.status_code == 403 and "no" not in re.findall(r'value="([^"]*)"', wrong.text)
    done = await stranger.post(
        "/console/login", data={"login": "anna", "password": made.password, "next": "/console?x=1"}
    )
    assert done.status_code == 303 and done.headers["location"] == "/console?x=1"
    given = done.headers["set-cookie"]
    assert "HttpOnly" in given and "SameSite=lax" in given and "Path=/" in given and "Secure" not in given
    session = done.cookies[COOKIE]
    assert session != planted and len(session) == 43
    kept = await owner.fetch("SELECT * FROM jishi.console_session")
    assert len(kept) == 1 and session not in str(dict(kept[0]))
    page = await stranger.get("/console")
    assert page.status_code == 200 and "anna" in page.text
    policy = page.headers["content-security-policy"]
    assert (
        "script-src 'self'" in policy
        and "unsafe" not in policy
        and page.headers["cache-control"] == "private, no-store"
    )
    acts = [row["act"] for row in await owner.fetch("SELECT act FROM jishi.administrative_act ORDER BY act_id")]
    assert acts == ["user.login", "user.login"]


async def test_over_https_no_other_host_can_set_the_cookie(app: FastAPI, owner: Connection[Any]) -> None:
    made = await users.create(owner, "anna", ("steward",))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="https://jishi.test") as client:
        sent = {"login": "anna", "password": made.password}
        done = await client.post("/console/login", data=sent, headers={"Origin": "https://jishi.test"})
        assert done.headers["set-cookie"].startswith("__Host-jishi-session=") and "Secure" in done.headers["set-cookie"]
        assert (await client.get("/console")).status_code == 200


@pytest.mark.parametrize(
    "target",
    ["https://evil.test/console", "//evil.test/console", "/console\\evil", "/consolex", "javascript:1", "/docs"],
)
async def test_a_login_leads_nowhere_but_into_the_console(stranger: httpx.AsyncClient, target: str) -> None:
    answer = await stranger.post("/console/preferences", data={"language": "en", "next": target})
    assert answer.status_code == 303 and answer.headers["location"] == "/console"


async def test_an_act_needs_the_token_of_the_session_and_our_own_origin(
    app: FastAPI, stranger: httpx.AsyncClient, owner: Connection[Any]
) -> None:
    csrf = await logged_in(stranger, owner)
    refused = [
        await stranger.post("/console/logout", data={}),
        await stranger.post("/console/logout", data={"csrf": "0" * 64}),
        await stranger.post("/console/logout", data={"csrf": "ü\ud800".encode("utf-8", "surrogatepass")}),
        await stranger.post("/console/logout", data={"csrf": csrf}, headers={"Origin": "https://evil.test"}),
        await stranger.post("/console/logout", data={"csrf": csrf}, headers={"Origin": "null"}),
        await stranger.post(
            "/console/logout", data={"csrf": csrf}, headers={"Origin": "", "Sec-Fetch-Site": "cross-site"}
        ),
        await stranger.post(
            "/console/login", data={"login": "a", "password": "b"}, headers={"Origin": "https://evil.test"}
        ),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert (await stranger.get("/console")).status_code == 200, "nobody was logged out"
    done = await stranger.post("/console/logout", data={"csrf": csrf})
    assert done.status_code == 303
    assert (await stranger.get("/console")).status_code == 303


async def test_a_session_ends_with_logout_disabling_a_new_password_and_time(
    app: FastAPI, stranger: httpx.AsyncClient, owner: Connection[Any]
) -> None:
    csrf = await logged_in(stranger, owner)
    stolen = stranger.cookies[COOKIE]
    await stranger.post("/console/logout", data={"csrf": csrf})
    stranger.cookies.set(COOKIE, stolen)
    assert (await stranger.get("/console")).status_code == 303, "the id is of no use after the logout"

    async def again() -> None:
        stranger.cookies.clear()
        made = await users.set_password(owner, "anna")
        await users.enable(owner, "anna")
        answer = await stranger.post("/console/login", data={"login": "anna", "password": made.password})
        assert answer.status_code == 303
        assert (await stranger.get("/console")).status_code == 200

    for over in (
        users.disable(owner, "anna"),
        users.set_password(owner, "anna"),
        owner.execute("UPDATE jishi.console_session SET seen_at = seen_at - $1::interval", timedelta(minutes=31)),
        owner.execute("UPDATE jishi.console_session SET begun_at = begun_at - $1::interval", timedelta(hours=13)),
        owner.execute("DELETE FROM jishi.user_account"),
    ):
        await again()
        await over
        assert (await stranger.get("/console")).status_code == 303
    assert await console_sessions.forget(owner, datetime.now(UTC) - timedelta(hours=12)) >= 1
    assert await console_sessions.forget(owner, datetime.now(UTC) + timedelta(days=1)) >= 1
    assert await owner.fetchval("SELECT count(*) FROM jishi.console_session") == 0


async def test_a_role_decides_what_is_seen_and_its_loss_counts_at_once(
    app: FastAPI, stranger: httpx.AsyncClient, owner: Connection[Any]
) -> None:
    await logged_in(stranger, owner, "counter")
    assert (await stranger.get("/console/nothing-of-the-kind")).status_code == 404
    await owner.execute("UPDATE jishi.user_account SET roles = '{}'")
    refused = await stranger.get("/console")
    assert refused.status_code == 403 and "ACC-ROLE-MISSING" in refused.text


async def test_language_and_theme_are_kept_by_a_switch(stranger: httpx.AsyncClient) -> None:
    assert '<html lang="en" data-theme="auto">' in (await stranger.get("/console/login")).text
    await stranger.post("/console/preferences", data={"language": "zh-CN", "next": "/console/login"})
    await stranger.post("/console/preferences", data={"theme": "dark", "next": "/console/login"})
    page = (await stranger.get("/console/login")).text
    assert '<html lang="zh-CN" data-theme="dark">' in page and "登录" in page


async def test_guessing_is_slowed_down_before_anything_is_looked_up(
    app: FastAPI, stranger: httpx.AsyncClient, owner: Connection[Any]
) -> None:
    app.state.logins = Guesses(clock=lambda: 0.0)  # no time passes, however slow the machine
    answers = [await stranger.post("/console/login", data={"login": "nobody", "password": "x"}) for _ in range(21)]
    assert [answer.status_code for answer in answers[:2]] == [403, 403] and answers[-1].status_code == 429


async def test_files_pages_load_are_ours_and_the_rest_is_not_there(stranger: httpx.AsyncClient) -> None:
    for name in ("console.css", "console.js", "htmx.min.js"):
        answer = await stranger.get(f"/console/static/{name}?v=1")
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"]
    assert (await stranger.get("/console/static/..%2Fvisit.py")).status_code in (303, 404)
