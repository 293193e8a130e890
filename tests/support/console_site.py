"""The console under test: where it answers, who may log in, and a browser that is a person's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from jishi.access import clients
from jishi.identifiers.keys import load_or_create
from jishi.settings import Settings
from jishi.storage import engine

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from asyncpg import Connection
    from playwright.sync_api import Browser, BrowserContext, Page, Request

_Result = TypeVar("_Result")

POLICE, MARKET, CIVIL = "11320500000090018H", "113205000000900347", "11320500000090026C"
"""Departments: owner of ``population``; owner of ``enterprise-registration`` and ``penalties``; of another."""

USERS: dict[str, tuple[tuple[str, ...], str | None]] = {
    "everything": (("steward", "auditor", "admin", "counter"), None),
    "city": (("steward",), None),
    "market": (("steward",), MARKET),
    "police": (("steward",), POLICE),
    "auditor": (("auditor",), None),
    "admin": (("admin",), None),
    "counter": (("counter",), None),
}
"""Login → roles and department."""


@dataclass(frozen=True)
class ConsoleSite:
    """``passwords`` by login of :data:`USERS`."""

    url: str
    settings: Settings
    database: str
    passwords: dict[str, str] = field(repr=False)
    shots: Path

    def run(self, work: Callable[[Connection[Any]], Awaitable[_Result]]) -> _Result:
        """Do something in its database, as the owner."""

        async def done() -> _Result:
            connection = await engine.connect(self.database)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return engine.wait(done())

    def fetch(self, query: str, *values: object) -> list[dict[str, Any]]:
        async def ask(connection: Connection[Any]) -> list[dict[str, Any]]:
            return [dict(row) for row in await connection.fetch(query, *values)]

        return self.run(ask)

    def key_of_client(self, name: str) -> str:
        """The key of a new client of the API with what everybody is granted."""

        async def made(connection: Connection[Any]) -> str:
            return str((await clients.create(connection, load_or_create(self.settings.key_path), name)).api_key)

        return self.run(made)

    @contextmanager
    def visitor(
        self,
        browser: Browser,
        login: str | None = None,
        *,
        language: str = "zh-CN",
        scripts: bool = True,
        dark: bool = False,
        key: str | None = None,
    ) -> Iterator[Visitor]:
        """A person with a browser of his own, logged in as ``login``, or asking the API with a ``key``; at the end nothing
        foreign was asked for."""
        context = browser.new_context(
            base_url=self.url,
            java_script_enabled=scripts,
            locale=language,
            color_scheme="dark" if dark else "light",
            viewport={"width": 1360, "height": 900},
            reduced_motion="reduce",
            http_credentials={"username": "reader", "password": key} if key is not None else None,
        )
        visitor = Visitor(self, context)
        try:
            if login is not None:
                visitor.log_in(login)
            yield visitor
            assert visitor.foreign == [], "asked of another host"
            assert visitor.complaints == [], "the browser complained"
        finally:
            context.close()


class Visitor:
    """One person at the console: pages are named by their path below ``/console``."""

    def __init__(self, site: ConsoleSite, context: BrowserContext) -> None:
        self.site, self.context = site, context
        self.page: Page = context.new_page()
        self.page.set_default_timeout(15_000)
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", self._asked)
        self.page.on("console", lambda said: self._said(said.type, said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def log_in(self, login: str) -> None:
        self.go("/login")
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", self.site.passwords[login])
        self.press("[name=password] >> xpath=ancestor::form >> button.primary")
        assert self.path == "", self.text

    def go(self, path: str) -> int:
        """Open a page; its status."""
        answer = self.page.goto(f"/console{path}")
        assert answer is not None
        return answer.status

    def press(self, selector: str) -> None:
        """Press a button or a link and wait for the page it leads to."""
        with self.page.expect_navigation():
            self.page.click(selector)

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path.removeprefix("/console")

    @property
    def text(self) -> str:
        """What stands in the page's main part."""
        return str(self.page.inner_text("main"))

    def shoot(self, name: str) -> Path:
        """A picture of the whole page among the artefacts."""
        path = self.site.shots / f"{re.sub(r'[^a-z0-9-]+', '-', name.lower()).strip('-') or 'page'}.png"
        self.page.screenshot(path=path, full_page=True)
        return path

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.site.url, "data:")):
            self.foreign.append(request.url)

    def _said(self, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.complaints.append(text)
