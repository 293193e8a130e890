"""Every page of the console, as everybody may come to it: both languages, both themes, no barrier, no foreign host."""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import pytest

from console_site import ConsoleSite, Visitor
from jishi_api.console.sections import pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GRAVE = ("serious", "critical")
NOT_WALKED = {"/login", "/oidc", "/oidc/callback", "/batches/{batch}/data-docs", "/quality/{chart}.svg"}
"""Pages no link leads to for one who is logged in, pictures, and Great Expectations' own page, which has one language; each
has a test of its own."""

Theme = Literal["light", "dark"]


def axe() -> str:
    """The rules that find barriers, from the package that carries them."""
    from importlib.metadata import distribution

    return Path(str(distribution("axe-playwright-python").locate_file("axe_playwright_python/axe.min.js"))).read_text(
        encoding="utf-8"
    )


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


def walked(site: ConsoleSite, browser: Browser, language: str, theme: Theme) -> None:
    rules = axe()
    barriers: list[str] = []
    with site.visitor(browser, "everything", language=language, dark=theme == "dark") as visitor:
        seen = walk(visitor, language, theme, rules, barriers)
    assert barriers == []
    unseen = {page.path for page in pages() if page.method == "GET"} - seen - NOT_WALKED
    assert unseen == set(), "no link leads there, or nothing of the prepared city is shown there"


def walk(visitor: Visitor, language: str, theme: Theme, rules: str, barriers: list[str]) -> set[str]:
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
        examine(visitor, template, f"{language} {theme}", rules, barriers)
    return seen


def examine(visitor: Visitor, name: str, dress: str, rules: str, barriers: list[str]) -> None:
    """Look for barriers and keep a picture."""
    visitor.shoot(f"{name or 'overview'}-{dress}")
    visitor.page.evaluate(rules)
    found: Any = visitor.page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    barriers.extend(
        f"{name} {dress}: {one['id']} {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in GRAVE
        for node in one["nodes"][:3]
    )


def template_of(address: str) -> str | None:
    """The registered page an address belongs to, None where it is none to read (a file, say)."""
    path = urlsplit(address).path
    for page in pages():
        pattern = re.sub(r"\{(\w+):path\}", r".+", page.path)
        pattern = re.sub(r"\{\w+(:\w+)?\}", "[^/]+", pattern)
        if page.method == "GET" and re.fullmatch(pattern, path):
            return page.path
    return None
