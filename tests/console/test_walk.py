"""Every page of the console, as everybody may come to it: both languages, both themes, no barrier, no foreign host."""

from __future__ import annotations

import re
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from console_site import ConsoleSite, Visitor
from jishi_api.console.sections import pages

if TYPE_CHECKING:
    from playwright.sync_api import Browser

GRAVE = ("serious", "critical")
NOT_WALKED = {"/login"}
"""Pages no link leads to for one who is logged in; each has a test of its own."""

MOST_OF_ONE = 2
"""So many pages of one template are looked at: lists link to many."""


def axe() -> str:
    """The rules that find barriers, from the package that carries them."""
    from importlib.metadata import distribution

    return Path(str(distribution("axe-playwright-python").locate_file("axe_playwright_python/axe.min.js"))).read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_every_page_is_reached_and_holds_no_serious_barrier(site: ConsoleSite, browser: Browser, language: str) -> None:
    """From the overview by links alone; each in light and in dark, with a picture of both."""
    rules = axe()
    barriers: list[str] = []
    with site.visitor(browser, "everything", language=language) as visitor:
        seen = walk(visitor, language, rules, barriers)
    assert barriers == []
    unseen = {page.path for page in pages() if page.method == "GET"} - seen.keys() - NOT_WALKED
    assert unseen == set(), "no link leads there, or nothing of the prepared city is shown there"


def walk(visitor: Visitor, language: str, rules: str, barriers: list[str]) -> dict[str, int]:
    """Visit every page linked to; how many of which template were looked at."""
    waiting, known, seen = deque([""]), {""}, dict[str, int]()
    while waiting:
        address = waiting.popleft()
        template = template_of(address)
        if template is None or seen.get(template, 0) >= MOST_OF_ONE:
            continue
        status = visitor.go(address)
        assert status == 200, f"{address}: {status}"
        seen[template] = seen.get(template, 0) + 1
        assert visitor.page.get_attribute("html", "lang") == language
        for link in visitor.page.eval_on_selector_all("main a[href], nav a[href]", "all => all.map(a => a.href)"):
            parts = urlsplit(link)
            path = parts.path.removeprefix("/console") + (f"?{parts.query}" if parts.query else "")
            if parts.path.startswith("/console") and path not in known:
                known.add(path)
                waiting.append(path)
        examine(visitor, template, language, rules, barriers)
    return seen


def examine(visitor: Visitor, name: str, language: str, rules: str, barriers: list[str]) -> None:
    """Look for barriers in both themes and keep a picture of each."""
    page: Any = visitor.page
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.evaluate(rules)
        found = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
        barriers.extend(
            f"{name} {language} {theme}: {one['id']} {node['target']} {node['failureSummary']}"
            for one in found["violations"]
            if one["impact"] in GRAVE
            for node in one["nodes"][:3]
        )
        visitor.shoot(f"{name or 'overview'}-{language}-{theme}")
    page.emulate_media(color_scheme="light")


def template_of(address: str) -> str | None:
    """The registered page an address belongs to, None where it is none to read (a file, say)."""
    path = urlsplit(address).path
    for page in pages():
        pattern = re.sub(r"\{(\w+):path\}", r".+", page.path)
        pattern = re.sub(r"\{\w+(:\w+)?\}", "[^/]+", pattern)
        if page.method == "GET" and re.fullmatch(pattern, path):
            return page.path
    return None
