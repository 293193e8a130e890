"""The dictionary 数据字典 to browse: schemes and code lists, their entries, one entry with its history, the handbook (query).

Who wants it in RDF, as CSV, or of another day asks ``/dictionary``, which needs no login.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from starlette.responses import Response

from jishi.delivery.document import Block, Heading
from jishi.delivery.handbook import handbook as handbook_of
from jishi.delivery.published import published_dictionary
from jishi.dictionary.editions import Edition, current_edition
from jishi.dictionary.entries import Entry, Head, read_entries, read_entry, read_heads, read_history
from jishi.dictionary.spelling import fold
from jishi.errors import NotFoundError
from jishi.registers.catalog import registers
from jishi_api.console.section import EVERYBODY, Menu, Section, words
from jishi_api.console.visit import Visit
from jishi_api.dictionary_views import period_of

section = Section()

PAGE = 100

STATUSES = {
    "draft": words("draft"),
    "review": words("in review"),
    "approved": words("in force"),
    "deprecated": words("deprecated"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a scheme or list as its table shows it."""

    code: str
    name: str
    name_en: str
    status: str
    parent: str | None


@dataclass(frozen=True, slots=True)
class Chapter:
    """One part of the handbook: a register, a code list, a scheme."""

    title: str
    anchor: str
    blocks: tuple[Block, ...]


@section.page("/dictionary", words("Schemes and code lists"), roles=EVERYBODY, menu=Menu.DICTIONARY)
async def schemes(visit: Visit) -> Response:
    edition = await _edition(visit)
    heads = [head for head in await read_heads(visit.connection, edition.number) if not head.removed]
    return visit.show("schemes.html", heads=heads, edition=edition)


@section.page("/dictionary/schemes/{scheme}", words("Scheme"), roles=EVERYBODY)
async def one_scheme(visit: Visit) -> Response:
    sought, after = visit.asked.text("q", most=100), visit.asked.text("after", most=200)
    visit.asked.check()
    edition = await _edition(visit)
    head = await _head(visit, edition, visit.text("scheme"))
    entries = await read_entries(visit.connection, edition.number, head.id)
    lines = [line for line in map(_line, entries) if _fits(line, fold(sought)) and line.code > after]
    return visit.show(
        "scheme.html",
        head=head,
        lines=lines[:PAGE],
        statuses=STATUSES,
        following=visit.here(after=lines[PAGE - 1].code) if len(lines) > PAGE else None,
        first=not after,
    )


@section.page("/dictionary/concepts/{scheme}/{code}", words("Concept"), roles=EVERYBODY)
async def one_concept(visit: Visit) -> Response:
    edition = await _edition(visit)
    head = await _head(visit, edition, visit.text("scheme"))
    found = await read_entry(visit.connection, edition.number, visit.text("code"), [head.id])
    if not found:
        raise NotFoundError("QRY-CONCEPT")
    history = await read_history(visit.connection, found[0].code, head.id)
    return visit.show(
        "concept.html", head=head, entry=found[0], line=_line(found[0]), history=history, statuses=STATUSES
    )


@section.page("/dictionary/handbook", words("Handbook"), roles=EVERYBODY, menu=Menu.DICTIONARY)
async def handbook(visit: Visit) -> Response:
    """One chapter at a time; the whole of it, to print, stands under ``/dictionary/handbook``."""
    wanted = visit.asked.text("chapter", most=200)
    visit.asked.check()
    edition = await _edition(visit)
    found = await published_dictionary(visit.connection, edition.number)
    city = visit.serving.city.name
    document = await asyncio.to_thread(
        handbook_of, registers().values(), found, version=edition.version, authority=city
    )
    chapters = list(_chapters(document.blocks))
    shown = next((chapter for chapter in chapters if chapter.anchor == wanted), None)
    if wanted and shown is None:
        raise NotFoundError("QRY-NOT-FOUND")
    return visit.show("handbook.html", chapters=chapters, shown=shown, edition=edition)


async def _edition(visit: Visit) -> Edition:
    edition = await current_edition(visit.connection)
    if edition is None:
        raise NotFoundError("QRY-SCHEME")
    return edition


async def _head(visit: Visit, edition: Edition, scheme: str) -> Head:
    for head in await read_heads(visit.connection, edition.number):
        if head.id == scheme and not head.removed:
            return head
    raise NotFoundError("QRY-SCHEME")


def _line(entry: Entry) -> Line:
    if entry.concept is not None:
        concept = entry.concept
        return Line(entry.code, concept.name, concept.name_en, concept.status, concept.stage_name)
    period = period_of(entry, None)
    return Line(entry.code, period.name, period.name_en, "deprecated" if entry.ended else "approved", period.parent)


def _fits(line: Line, sought: str) -> bool:
    return not sought or any(sought in fold(text) for text in (line.code, line.name, line.name_en) if text)


def _chapters(blocks: Iterable[Block]) -> Iterator[Chapter]:
    """What stands under each heading of the second or third level."""
    title, held = None, list[Block]()
    for block in blocks:
        if isinstance(block, Heading) and block.level <= 3:
            if title is not None and held:
                yield Chapter(title.text, title.anchor, tuple(held))
            title, held = block, []
        elif title is not None:
            held.append(block)
    if title is not None and held:
        yield Chapter(title.text, title.anchor, tuple(held))
