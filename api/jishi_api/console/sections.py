"""All sections of the console, in the order of the menu: whoever adds a module of pages adds a line here."""

from __future__ import annotations

from jishi_api.console import concepts, disputes, login, overview, queue, reviews, sources, tickets
from jishi_api.console.section import Count, Page, Panel, Section


def sections() -> tuple[Section, ...]:
    return (
        *(login.section, overview.section, sources.section),
        *(tickets.section, disputes.section, reviews.section),
        *(concepts.section, queue.section),
    )


def pages() -> tuple[Page, ...]:
    """Every address of the console."""
    return tuple(page for section in sections() for page in section.pages)


def counts() -> tuple[Count, ...]:
    return tuple(count for section in sections() for count in section.counts)


def panels() -> tuple[Panel, ...]:
    return tuple(panel for section in sections() for panel in section.panels)
