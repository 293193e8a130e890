"""What the console is made of: sections, each a module with pages to read and acts to do (query and respond, road out).

A module makes one :class:`Section`, says at each function which roles may come, and is named in ``sections.py``. Menu, rights,
the counts of open work on the overview and the walk of the tests over all pages follow from that.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response

    from jishi_api.console.visit import Visit

Answer = Callable[["Visit"], Awaitable["Response"]]
Number = Callable[["Visit"], Awaitable[int]]
Part = Callable[["Visit"], Awaitable[str]]

EVERYBODY = ("steward", "auditor", "admin", "counter")
PREFIX = "/console"


def words(text: str) -> str:
    """Marks a text of the code for translation; it is translated where it is shown."""
    return text


class Menu(StrEnum):
    """The groups of the menu, in its order; the text is English, as translations begin from."""

    WORK = words("Work")
    QUALITY = words("Data quality")
    DICTIONARY = words("Dictionary")
    ACCESS = words("Access")
    AUDIT = words("Audit")
    SYSTEM = words("System")


@dataclass(frozen=True, slots=True)
class Page:
    """One address. ``path`` is below ``/console``; ``menu`` None: reached from other pages. ``again``: the page that is shown
    again, with what was typed and what is wrong with it, where an act is refused as the caller's fault."""

    path: str
    title: str
    method: str
    roles: frozenset[str]
    answer: Answer
    menu: Menu | None = None
    again: Answer | None = None
    public: bool = False


@dataclass(frozen=True, slots=True)
class Count:
    """Open work, told on the overview: how many of what wait, and where."""

    title: str
    path: str
    roles: frozenset[str]
    number: Number


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the overview that another section draws: its HTML, from :meth:`Visit.part`."""

    title: str
    roles: frozenset[str]
    part: Part


@dataclass
class Section:
    """The pages of one module, in the order they are declared."""

    pages: list[Page] = field(default_factory=list)
    counts: list[Count] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)

    def page(
        self, path: str, title: str, *, roles: Sequence[str], menu: Menu | None = None, public: bool = False
    ) -> Callable[[Answer], Answer]:
        """A page to read (GET). ``title`` is English; ``public``: seen without a login."""

        def add(answer: Answer) -> Answer:
            self.pages.append(Page(path, title, "GET", frozenset(roles), answer, menu, public=public))
            return answer

        return add

    def act(
        self, path: str, *, roles: Sequence[str], again: Answer | None = None, public: bool = False
    ) -> Callable[[Answer], Answer]:
        """Something to do (POST): a form of this console sent it, or it never gets here."""

        def add(answer: Answer) -> Answer:
            self.pages.append(Page(path, "", "POST", frozenset(roles), answer, again=again, public=public))
            return answer

        return add

    def count(self, title: str, path: str, *, roles: Sequence[str]) -> Callable[[Number], Number]:
        """How much work waits at ``path``, for the overview."""

        def add(number: Number) -> Number:
            self.counts.append(Count(title, path, frozenset(roles), number))
            return number

        return add

    def panel(self, title: str, *, roles: Sequence[str]) -> Callable[[Part], Part]:
        """A part of the overview."""

        def add(part: Part) -> Part:
            self.panels.append(Panel(title, frozenset(roles), part))
            return part

        return add
