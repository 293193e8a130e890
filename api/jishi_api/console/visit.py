"""One request to the console: who came, what he asks, and the ways to answer (authenticate to respond, road out).

What a page needs is here: the officer and a connection that may write, the parameters and the form, the disclosure of what
is looked at, the record of what is done, and an answer in the reader's language.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from jishi.access import acts
from jishi.access.acts import Actor
from jishi.access.console_sessions import Session
from jishi.access.officer import Officer
from jishi.errors import JishiError, NotFoundError
from jishi.identifiers.keys import Keys
from jishi.messages import render as message
from jishi.registers.register import Register
from jishi_api import looking
from jishi_api.console import cookies, render
from jishi_api.console.catalogue import locale_of
from jishi_api.console.cookies import Message
from jishi_api.console.form import Form
from jishi_api.console.formats import moment
from jishi_api.console.section import PREFIX, Menu, Page
from jishi_api.serving import Serving
from jishi_api.writing import writing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from asyncpg import Connection

GREATEST = 2**63 - 1
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Group:
    """A group of the menu."""

    title: str
    pages: tuple[Page, ...]


@dataclass
class Visit:
    """``session`` None on public pages. ``form``: what was posted, empty on a page that is read. ``refused``: why an act
    was refused whose page is shown again. ``connection`` commits each statement; :meth:`doing` opens a transaction. It is
    held by ``lane``."""

    request: Request
    serving: Serving
    page: Page
    connection: Connection[Any]
    lane: AsyncExitStack
    session: Session | None
    form: Form = field(default_factory=Form)
    refused: JishiError | None = None
    pages: Sequence[Page] = ()

    @asynccontextmanager
    async def resting(self) -> AsyncIterator[None]:
        """For as long as something is waited for the connection is another's; afterwards there is a new one."""
        await self.lane.aclose()
        try:
            yield
        finally:
            self.connection = await self.lane.enter_async_context(writing(self.serving))

    @property
    def keys(self) -> Keys:
        """The deployment's: they open what is sealed."""
        return self.serving.secrets

    @cached_property
    def officer(self) -> Officer:
        """Who came. Only pages that are not public have one."""
        if self.session is None:
            raise RuntimeError("a public page has no officer")
        user = self.session.user
        return Officer(Actor("user", user.login), user.department, user.roles)

    @cached_property
    def language(self) -> str:
        return cookies.language_of(self.request)

    @cached_property
    def zone(self) -> ZoneInfo:
        """The city's time zone."""
        return ZoneInfo(self.serving.city.timezone)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    @cached_property
    def asked(self) -> Form:
        """The parameters of the address, read as a form is. Nothing personal may be asked for by them."""
        return Form(self.request.query_params.multi_items())

    @property
    def request_id(self) -> UUID:
        return UUID(self.request.state.request_id)

    def text(self, name: str) -> str:
        """A part of the path. NotFoundError ``QRY-NOT-FOUND`` where no name could be so written."""
        given = str(self.request.path_params[name])
        if not given.isprintable() or len(given) > LONGEST_NAME:
            raise NotFoundError("QRY-NOT-FOUND")
        return given

    def number(self, name: str) -> int:
        """A part of the path that is a number. NotFoundError ``QRY-NOT-FOUND`` where it is none the database can hold."""
        given = self.text(name)
        if not (given.isascii() and given.isdigit() and 0 < int(given) <= GREATEST):
            raise NotFoundError("QRY-NOT-FOUND")
        return int(given)

    def doing(self, act: str, target: str, **detail: object) -> AbstractAsyncContextManager[acts.Entry]:
        """One transaction with the record of the act, done or refused; no secret and no personal value in it."""
        return acts.doing(self.connection, self.officer.actor, act, target, request_id=self.request_id, detail=detail)

    async def look(self, act: str, register: Register | None, question: object, **what: Any) -> None:
        """Disclose what the page is about to show, as :func:`jishi_api.looking.look` does; before anything is shown."""
        await looking.look(self.request, self.serving, self.officer, "console", act, register, question, **what)

    def show(self, template: str, *, status: int = 200, **values: Any) -> Response:
        """The page of a template, which extends ``layout.html``."""
        response = render.page(template, self.language, status, self._values(values))
        if cookies.MESSAGE in self.request.cookies:
            cookies.unsay(response)
        return response

    def part(self, template: str, **values: Any) -> str:
        """HTML of a template for a panel of the overview."""
        return render.part(template, self.language, self._values(values))

    def see(self, path: str, message: str = "", **values: object) -> Response:
        """Off to the page at ``path`` below ``/console`` (303), which says ``message`` first: English, fields ``%(name)s``."""
        response = RedirectResponse(self.url(path), status_code=303)
        if message:
            told = Message(message, {name: str(value) for name, value in values.items()})
            cookies.say_next(self.request, response, self.keys, told)
        return response

    def say(self, text: str, **values: object) -> str:
        """An English text of the code in the reader's language."""
        return render.say(self.language, text, **values)

    def url(self, path: str, **parameters: object) -> str:
        """The address of a page: ``url("/batches/7", page=2)``; None parameters are left out."""
        given = {name: str(value) for name, value in parameters.items() if value is not None}
        query = urlencode(given, quote_via=quote)
        return f"{self.request.scope.get('root_path', '')}{PREFIX}{path}" + (f"?{query}" if query else "")

    def here(self, **instead: object) -> str:
        """This page with some parameters changed, None ones left out: what links to the next page of a list are."""
        kept = {name: text for name, text in self.request.query_params.multi_items() if name not in instead}
        path = self.request.url.path.removeprefix(f"{self.request.scope.get('root_path', '')}{PREFIX}")
        return self.url(path, **kept, **instead)

    def has(self, *roles: str) -> bool:
        """Whether he has one of the roles: for what a page shows to some only."""
        return self.session is not None and not self.session.user.roles.isdisjoint(roles)

    @property
    def groups(self) -> list[Group]:
        """The menu's groups with the pages this officer may see."""
        seen = [page for page in self.pages if page.menu is not None and self.has(*page.roles)]
        found = [Group(group, tuple(page for page in seen if page.menu is group)) for group in Menu]
        return [group for group in found if group.pages]

    def stands_in(self, page: Page) -> bool:
        """Whether this page is the menu's ``page`` or one below it, and below no other of the menu's."""
        return page == self._menus

    @cached_property
    def _menus(self) -> Page | None:
        """The page of the menu this one belongs to: the one whose path begins its own for the longest."""
        above = [
            page
            for page in self.pages
            if page.menu is not None
            and (page.path == self.page.path or (page.path and self.page.path.startswith(f"{page.path}/")))
        ]
        return max(above, key=lambda page: len(page.path), default=None)

    def knows(self, path: str) -> bool:
        """Whether there is a page of this path that he may see: links lead nowhere else."""
        return any(page.path == path and page.method == "GET" and self.has(*page.roles) for page in self.pages)

    def _values(self, values: dict[str, Any]) -> dict[str, Any]:
        locale, zone = locale_of(self.language), self.zone
        city = self.serving.city
        return {
            "visit": self,
            "language": self.language,
            "theme": cookies.theme_of(self.request),
            "city": city.name_en if self.language == "en" else city.name,
            "csrf": self.session.csrf if self.session else "",
            "faults": {fault.name: fault.text(self.language) for fault in self.refused.faults} if self.refused else {},
            "refusal": message(self.refused.code, self.language, **self.refused.values) if self.refused else "",
            "department_pairs": lambda known: [(one.uscc, f"{one.name} {one.uscc}") for one in known],
            "pairs": lambda values: [(value, value) for value in values],
            "labels": lambda titles: [(value, self.say(title)) for value, title in titles.items()],
            "moment": lambda value: moment(value, locale, zone),
            "message": self._told(),
            **values,
        }

    def _told(self) -> str | None:
        found = cookies.said(self.request, self.keys)
        return self.say(found.text, **found.values) if found else None
