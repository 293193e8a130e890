"""Disputes, tickets and reviews in the console: raised, answered, replied to and decided, with and without JavaScript."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import httpx

from console_cases import FIRMS, KEY
from console_site import ConsoleSite

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_a_dispute_shows_its_flag_in_the_api_until_it_is_answered(site: ConsoleSite, browser: Browser) -> None:
    _, uid = FIRMS
    address = f"{site.url}/collections/legal-entities/items/{uid}"
    headers = {"X-API-Key": site.key_of_client("asks for flags")}
    assert "disputed" not in httpx.get(address, headers=headers).json()
    with site.visitor(browser, "city", language="en", scripts=False) as person:
        person.go("/disputes/new")
        person.page.select_option("[name=collection]", "legal-entities")
        for name, text in {
            "uid": str(uid),
            "element": "entity_name",
            "case_no": "7",
            "reason": "No such house",
        }.items():
            person.page.fill(f"[name={name}]", text)
        person.press("form.box button")
        assert "bears its flag" in person.text and "waits for an answer" in person.text
        person.shoot("dispute-raised")
        _until(address, headers, flagged=True)
        person.page.select_option("[name=verdict]", "reject")
        person.page.fill("[name=reason]", "It is as registered")
        person.press("form[action$=answer] button")
        assert "the flag is gone" in person.text
        _until(address, headers, flagged=False)


def _until(address: str, headers: dict[str, str], *, flagged: bool) -> None:
    deadline = time.monotonic() + 10
    while ("disputed" in httpx.get(address, headers=headers).json()) is not flagged:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_a_ticket_is_opened_replied_to_by_its_department_and_hidden_from_others(
    site: ConsoleSite, browser: Browser
) -> None:
    batch = site.fetch("SELECT batch_id FROM jishi.quarantine WHERE source_key = $1", KEY)[0]["batch_id"]
    with site.visitor(browser, "city", language="en") as person:
        person.go("/tickets/new")
        person.page.fill("[name=batch]", str(batch))
        person.page.fill("[name=row_number]", "7")
        person.page.fill("[name=note]", "No such firm")
        person.press("form.box button")
        assert "The ticket is opened" in person.text and "by their shapes" in person.text
        ticket = person.page.url.rsplit("/", 1)[1]
        assert "13900000001" not in person.text and "99999999999" in person.text, (
            "the city's officers see shapes of what is personal"
        )
    with site.visitor(browser, "market", language="en") as person:
        person.go(f"/tickets/{ticket}")
        assert "as it was delivered" in person.text and "13900000001" in person.text
        person.page.fill("#speak [name=words]", "Will be put right")
        person.press("#speak button.primary")
        assert "replied" in person.text
        person.shoot("ticket-replied")
    with site.visitor(browser, "police", language="en") as person:
        assert person.go(f"/tickets/{ticket}") == 404
        person.go("/tickets")
        assert "No ticket is like this" in person.text


def test_a_review_is_decided_side_by_side(site: ConsoleSite, browser: Browser) -> None:
    with site.visitor(browser, "city", language="en") as person:
        person.go("/reviews/1")
        assert "湖畔咖啡馆" in person.text and "测试绿洲贸易有限公司" in person.text and "differs" in person.text
        person.shoot("review-side-by-side")
        person.page.fill("[name=reason]", "Two firms at two doors")
        person.page.click("button[value=different]")
        assert "a worker carries it out" in person.text and "waits for a worker" in person.text
    job = site.fetch("SELECT status FROM jishi.job WHERE kind = 'regroup' ORDER BY job_id DESC LIMIT 1")
    assert job[0]["status"] == "queued"
