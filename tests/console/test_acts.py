"""What officers do in a browser: an alias from the queue, a client and its grant, an application, the counter, a cancelled job."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from console_site import ConsoleSite

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_an_alias_is_approved_from_the_queue_after_a_look_at_its_effect(site: ConsoleSite, browser: Browser) -> None:
    with site.visitor(browser, "city", language="en") as person:
        person.press("nav.side >> text=Unknown names")
        person.press("text=舢板摆渡")
        person.page.select_option("[name=scheme]", "project-nodes")
        person.page.fill("[name=code]", "0103")
        person.press("text=Preview the effect")
        assert "answers would change" in person.text and "0103" in person.text
        person.shoot("alias-effect")
        assert site.fetch("SELECT 1 FROM jishi.concept_alias WHERE alias = '舢板摆渡'") == [], "a preview makes nothing"
        person.press("text=Make the alias")
        assert person.path == "/dictionary/queue" and "counts from now on" in person.text
        assert "舢板摆渡" not in person.page.inner_text("table")
    (made,) = site.fetch("SELECT status FROM jishi.concept_alias WHERE alias = '舢板摆渡'")
    assert made["status"] == "approved"
    (act,) = site.fetch("SELECT actor_kind, actor FROM jishi.administrative_act WHERE act = 'dictionary.alias'")
    assert act == {"actor_kind": "user", "actor": "city"}


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without-scripts"])
def test_everything_works_without_scripts_too(site: ConsoleSite, browser: Browser, scripts: bool) -> None:
    """A client is made, granted something, refused what is faulty, and disabled: by forms alone."""
    name = f"客户端 {'甲' if scripts else '乙'}"
    with site.visitor(browser, "admin", language="en", scripts=scripts) as person:
        person.go("/clients")
        person.page.click("details.box > summary")
        person.page.fill("[name=name]", name)
        person.press("text=Make the client")
        assert "shown once" in person.text
        client = person.page.inner_text("#secret-1")
        secret = person.page.inner_text("#secret-2")
        assert site.fetch("SELECT 1 FROM jishi.client WHERE position($1 IN client::text) > 0", secret) == []
        person.press("text=It is noted down")
        person.press("text=New grant")
        person.page.select_option("[name=register]", "legal_entity")
        person.press("text=Go on")
        person.page.select_option("[name='element.entity_name']", "clear")
        person.page.fill("[name=rows]", "no_such_element = 1")
        person.page.fill("[name=purposes]", "approval, audit")
        person.press("text=Grant it")
        assert person.page.locator("#e-rows").count() == 1, "the fault stands at its field"
        assert person.page.input_value("[name=purposes]") == "approval, audit", "what was typed is still there"
        person.page.fill("[name=rows]", "")
        person.press("text=Grant it")
        assert person.path == f"/clients/{client}" and "holds from now on" in person.text
        (grant,) = site.fetch("SELECT clear, purposes FROM jishi.access_grant WHERE client_id = $1", client)
        assert grant == {"clear": ["entity_name"], "purposes": ["approval", "audit"]}
        person.press("td a.button")
        person.press("text=Revoke the grant")
        person.press("main button.danger")
        assert "disabled" in person.text
        person.shoot(f"client-{'scripts' if scripts else 'no-scripts'}")


def test_a_password_is_shown_once_and_ends_the_sessions_begun_before(site: ConsoleSite, browser: Browser) -> None:
    with site.visitor(browser, "admin", language="en") as admin:
        admin.go("/users")
        admin.page.click("details.box > summary")
        admin.page.fill("[name=login]", "berta")
        admin.page.check("[name=roles][value=steward]")
        admin.press("text=Make the user")
        site.passwords["berta"] = admin.page.inner_text("#secret-1")
        with site.visitor(browser, "berta", language="en") as berta:
            assert berta.go("/users") == 403
            admin.go("/users/berta")
            admin.press("text=New password")
            berta.go("")
            assert berta.path == "/login"
        admin.go("/users/admin")
        assert admin.page.locator("main button").count() == 0, "nobody changes himself"


def test_the_owning_department_checks_and_answers_an_application(site: ConsoleSite, browser: Browser) -> None:
    (application,) = site.fetch("SELECT application_id AS id FROM jishi.application WHERE reason = '核对申请人姓名'")
    with site.visitor(browser, "market", language="en") as applicant:
        applicant.go(f"/applications/{application['id']}")
        assert applicant.page.locator("main button").count() == 0, "who asks does not answer"
    with site.visitor(browser, "police", language="en") as owner:
        owner.go(f"/applications/{application['id']}")
        owner.press("main button >> text=Examine")
        owner.shoot("application-checked")
        owner.press("text=To the application")
        if "checked" in owner.text:
            owner.page.select_option("[name=answer]", "grant")
            owner.page.fill("[name=until]", (datetime.now(UTC) + timedelta(days=30)).date().isoformat())
            owner.press("main button >> text=Answer")
            assert "is answered" in owner.text and "granted" in owner.text
    (found,) = site.fetch("SELECT status FROM jishi.application WHERE application_id = $1", application["id"])
    assert found["status"] in ("granted", "returned")


def test_the_counter_asks_by_a_number_that_stands_in_no_address(site: ConsoleSite, browser: Browser) -> None:
    number = "320501199001010014"
    with site.visitor(browser, "counter", language="en") as person:
        person.go("/counter")
        person.page.select_option("[name=kind]", "natural_person id_number")
        person.page.fill("[name=number]", number)
        person.page.fill("[name=case_no]", "窗口 2026-1")
        person.press("main button >> text=Ask")
        assert number not in person.page.url and "Nobody has looked at it" in person.text
        person.page.emulate_media(media="print")
        person.shoot("counter-printed")
        assert not person.page.is_visible("nav.side")
    (row,) = site.fetch("SELECT channel, caller, case_no, misses FROM jishi.disclosure WHERE act = 'access-log'")
    assert row == {"channel": "console", "caller": "counter", "case_no": "窗口 2026-1", "misses": 1}


def test_a_job_that_waits_is_cancelled(site: ConsoleSite, browser: Browser) -> None:
    (job,) = site.fetch("SELECT job_id AS id FROM jishi.job WHERE status = 'queued' AND kind = 'ingest'")
    with site.visitor(browser, "city", language="en") as person:
        person.go(f"/jobs/{job['id']}")
        person.press("text=Cancel the job")
        assert "It is to end: user:city" in person.text
        with person.page.expect_request(lambda request: "hx-request" in request.headers, timeout=10_000):
            pass  # the page asks by itself how far it is
    (found,) = site.fetch("SELECT cancelled_by FROM jishi.job WHERE job_id = $1", job["id"])
    assert found["cancelled_by"] == "user:city"


def test_an_auditor_verifies_the_log_and_reads_what_was_done(site: ConsoleSite, browser: Browser) -> None:
    with site.visitor(browser, "auditor", language="en") as person:
        person.go("/disclosures")
        person.press("text=Verify the log")
        assert "The log is whole" in person.text
        person.go("/acts?act=user.")
        assert "user.login" in person.text
        assert person.go("/clients") == 403
