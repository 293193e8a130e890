"""All sections of the console, in the order of the menu: whoever adds a module of pages adds a line here."""

from __future__ import annotations

from jishi_api.console import (
    accounts,
    applications,
    batches,
    bulk_repair,
    concepts,
    counter,
    disclosures,
    disputes,
    grants,
    held_batches,
    jobs,
    login,
    overview,
    quality,
    quarantine,
    queue,
    received,
    refused_map,
    reviews,
    rules,
    sign_on,
    sources,
    tickets,
)
from jishi_api.console.section import Count, Page, Panel, Section


def sections() -> tuple[Section, ...]:
    modules = (
        *(login, sign_on, overview, sources),
        *(held_batches, quarantine, bulk_repair, refused_map),
        *(tickets, disputes, reviews, received),
        *(batches, rules, quality),
        *(concepts, queue),
        *(grants, accounts, applications),
        *(disclosures, counter, jobs),
    )
    return tuple(module.section for module in modules)


def pages() -> tuple[Page, ...]:
    """Every address of the console."""
    return tuple(page for section in sections() for page in section.pages)


def counts() -> tuple[Count, ...]:
    return tuple(count for section in sections() for count in section.counts)


def panels() -> tuple[Panel, ...]:
    return tuple(panel for section in sections() for panel in section.panels)
