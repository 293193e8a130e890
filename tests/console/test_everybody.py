"""The console is for everybody: by keyboard alone, in the chosen language and colours, on a narrow screen; to each what is his."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from console_site import MARKET, POLICE, ConsoleSite

if TYPE_CHECKING:
    from playwright.sync_api import Browser


def test_a_person_works_by_keyboard_alone(site: ConsoleSite, browser: Browser) -> None:
    """Logs in, skips to the content, opens a source and logs out; what has the focus is seen to have it."""
    with site.visitor(browser, language="en") as person:
        page = person.page
        person.go("/login")
        page.focus("[name=login]")
        page.keyboard.type("city")
        page.keyboard.press("Tab")
        page.keyboard.type(site.passwords["city"])
        with page.expect_navigation():
            page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        steps = 0
        while page.evaluate("document.activeElement.textContent.trim()") != "人口基础信息":
            page.keyboard.press("Tab")
            steps += 1
            assert steps < 40
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert person.path == "/sources/population"
        page.focus("text=Log out")
        with page.expect_navigation():
            page.keyboard.press("Enter")
        assert person.path == "/login" and "You are logged out." in person.text


def test_a_department_sees_its_own_sources_and_nothing_of_another(site: ConsoleSite, browser: Browser) -> None:
    for login, own, foreign in (
        ("police", "人口基础信息", "企业登记信息"),
        ("market", "企业登记信息", "人口基础信息"),
    ):
        with site.visitor(browser, login) as person:
            person.go("")
            assert own in person.text and foreign not in person.text
            person.go("/sources")
            assert own in person.text and foreign not in person.text
            name = "enterprise-registration" if login == "police" else "population"
            assert person.go(f"/sources/{name}") == 404
            person.go("/jobs")
            assert foreign not in person.text
    assert POLICE != MARKET


def test_language_and_theme_are_switched_without_losing_the_place(site: ConsoleSite, browser: Browser) -> None:
    with site.visitor(browser, "city") as person:
        person.go("/sources/population")
        person.press("text=English")
        assert person.path == "/sources/population" and "Last published" in person.text
        light = person.page.evaluate("getComputedStyle(document.body).backgroundColor")
        person.press("text=Dark")
        assert person.page.evaluate("getComputedStyle(document.body).backgroundColor") != light
        assert person.page.get_attribute("html", "data-theme") == "dark"


@pytest.mark.parametrize("width", [320, 768])
def test_a_narrow_screen_scrolls_in_one_direction_only(site: ConsoleSite, browser: Browser, width: int) -> None:
    with site.visitor(browser, "everything", language="en") as person:
        person.page.set_viewport_size({"width": width, "height": 800})
        for path in ("", "/sources", "/dictionary/queue", "/disclosures"):
            person.go(path)
            assert person.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        person.shoot(f"narrow-{width}")


def test_whoever_may_not_is_told_so_on_a_page(site: ConsoleSite, browser: Browser) -> None:
    with site.visitor(browser, "counter", language="en") as person:
        assert person.go("/dictionary/queue") == 403
        assert "ACC-ROLE-MISSING" in person.text
        assert person.go("/no-such-page") == 404
        person.shoot("not-found")
        assert "Who saw this person" in person.page.inner_text("nav.side")
        assert "Clients" not in person.page.inner_text("nav.side")
