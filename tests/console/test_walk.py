"""Every page of the console, as everybody may come to it: both languages, both themes, no barrier, no foreign host."""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import pytest

from barriers import examine
from console_cases import FIRMS
from console_site import ConsoleSite, Visitor
from jishi_api.console.sections import pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NOT_WALKED = {"/login", "/oidc", "/oidc/callback", "/batches/{batch}/data-docs", "/quality/{chart}.svg"}
"""Pages no link leads to for one who is logged in, pictures, and Great Expectations' own page, which has one language: the
first is examined below, the last where a real delivery is (``test_planted_rows``)."""

OPEN = (
    "",
    "conformance",
    "docs",
    "collections",
    *(f"collections/legal-entities{part}" for part in ("", "/schema", "/queryables")),
)
"""Pages of the API that describe it."""

Theme = Literal["light", "dark"]


@pytest.mark.parametrize(("language", "theme"), [("zh-CN", "light"), ("en", "dark")])
def test_every_page_is_reached_and_holds_no_serious_barrier(
    site: ConsoleSite, browser: Browser, language: str, theme: Theme
) -> None:
    """From the overview by links alone; a picture of each."""
    walked(site, browser, language, theme)


@pytest.mark.soak
@pytest.mark.parametrize(("language", "theme"), [("zh-CN", "dark"), ("en", "light")])
def test_nor_does_it_in_the_other_colours(site: ConsoleSite, browser: Browser, language: str, theme: Theme) -> None:
    walked(site, browser, language, theme)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_who_is_not_let_in_meets_no_barrier_either(
    site: ConsoleSite, browser: Browser, language: str, theme: Theme
) -> None:
    """The login, the login refused, and pages that say no."""
    dress, barriers = f"{language} {theme}", list[str]()
    with site.visitor(browser, language=language, dark=theme == "dark") as visitor:
        visitor.go("/login")
        assert visitor.page.get_attribute("html", "lang") == language
        barriers += examine(visitor, f"login-{dress}")
        visitor.page.fill("[name=login]", "counter")
        visitor.page.fill("[name=password]", "not this one")
        visitor.press("main form button.primary")
        assert visitor.page.locator("[role=alert]").count() == 1
        assert visitor.page.inner_text("h1") == {"zh-CN": "登录", "en": "Log in"}[language]
        barriers += examine(visitor, f"login-refused-{dress}")
        visitor.log_in("counter")
        for path, status in (("/dictionary/queue", 403), ("/no-such-page", 404)):
            assert visitor.go(path) == status
            barriers += examine(visitor, f"problem-{status}-{dress}")
    assert barriers == []


@pytest.mark.parametrize(
    ("language", "theme"),
    [
        ("zh-CN", "dark"),
        ("en", "light"),
        pytest.param("zh-CN", "light", marks=pytest.mark.soak),
        pytest.param("en", "dark", marks=pytest.mark.soak),
    ],
)
def test_the_pages_of_the_api_hold_none(site: ConsoleSite, browser: Browser, language: str, theme: Theme) -> None:
    """What a browser is shown of collections and of what is in them."""
    key, barriers = site.key_of_client(f"reads in {language} {theme}"), list[str]()
    one = f"collections/legal-entities/items/{next(iter(FIRMS))}"
    with site.visitor(browser, language=language, dark=theme == "dark", key=key) as visitor:
        for path in (*OPEN, "collections/legal-entities/items", one, f"{one}?trust=true", "collections/none"):
            answer = visitor.page.goto(f"{site.url}/{path}")
            assert answer is not None and answer.status == (404 if path == "collections/none" else 200), path
            assert visitor.page.get_attribute("html", "lang") == language
            barriers += examine(visitor, f"api-{path or 'landing'}-{language} {theme}")
    assert barriers == []


def walked(site: ConsoleSite, browser: Browser, language: str, theme: Theme) -> None:
    barriers: list[str] = []
    with site.visitor(browser, "everything", language=language, dark=theme == "dark") as visitor:
        seen = walk(visitor, language, theme, barriers)
    assert barriers == []
    unseen = {page.path for page in pages() if page.method == "GET"} - seen - NOT_WALKED
    assert unseen == set(), "no link leads there, or nothing of the prepared city is shown there"


def walk(visitor: Visitor, language: str, theme: Theme, barriers: list[str]) -> set[str]:
    """Visit a page of each kind that is linked to; which kinds were."""
    waiting, known, seen = deque([""]), {""}, set[str]()
    while waiting:
        address = waiting.popleft()
        template = template_of(address)
        if template is None or template in NOT_WALKED or template in seen:
            continue
        status = visitor.go(address)
        assert status == 200, f"{address}: {status}"
        seen.add(template)
        assert visitor.page.get_attribute("html", "lang") == language
        for link in visitor.page.eval_on_selector_all("main a[href], nav a[href]", "all => all.map(a => a.href)"):
            parts = urlsplit(link)
            path = parts.path.removeprefix("/console") + (f"?{parts.query}" if parts.query else "")
            if parts.path.startswith("/console") and path not in known:
                known.add(path)
                waiting.append(path)
        barriers += examine(visitor, f"{template or 'overview'}-{language} {theme}")
    return seen


def template_of(address: str) -> str | None:
    """The registered page an address belongs to, None where it is none to read (a file, say)."""
    path = urlsplit(address).path
    for page in pages():
        pattern = re.sub(r"\{(\w+):path\}", r".+", page.path)
        pattern = re.sub(r"\{\w+(:\w+)?\}", "[^/]+", pattern)
        if page.method == "GET" and re.fullmatch(pattern, path):
            return page.path
    return None
