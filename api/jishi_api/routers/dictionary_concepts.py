"""``/dictionary/schemes``, ``/concepts``, ``/changes``: the dictionary itself, of now and of any day (query, road out).

No key needed. Every read has an ETag, is answered as of a day or of an earlier version, and comes as JSON, JSON-LD, Turtle,
CSV or a page.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from jishi.dictionary import changes as feed
from jishi.dictionary.entries import Entry, Head, read_entries, read_entry, read_heads, read_history, whole_scheme
from jishi.dictionary.exchange_csv import codes_csv, scheme_csv
from jishi.dictionary.find_name import codes_of_name
from jishi.dictionary.graph import Node, to_jsonld, to_turtle
from jishi.dictionary.skos import code_node, concept_node, list_nodes, scheme_nodes
from jishi.errors import CallerError, Fault, NotFoundError
from jishi_api.dictionary_pages import changes_page, concept_page, scheme_page, schemes_page
from jishi_api.dictionary_service import Asked, answer
from jishi_api.dictionary_views import entry_json, entry_rows, head_json, in_force, version_json
from jishi_api.links import address, with_parameters

if TYPE_CHECKING:
    from asyncpg import Connection

router = APIRouter(prefix="/dictionary", tags=["dictionary"])

CODE_LIMIT = 200
PAGE, LONGEST_PAGE = 100, 1000


@router.get("/schemes", summary="概念体系与代码表 schemes and code lists")
async def schemes(request: Request) -> Response:
    async def make(connection: Connection[Any], asked: Asked) -> Callable[[], str]:
        heads = [head for head in await read_heads(connection, asked.number) if not head.removed]
        if asked.form == "html":
            return lambda: schemes_page(request, heads, asked)
        told = {"version": asked.version, "schemes": [head_json(request, head) for head in heads]}
        return lambda: _json(told)

    return await answer(request, make, ("json", "html"))


@router.get("/schemes/{scheme}", summary="一个概念体系或代码表 one scheme or code list")
async def one_scheme(request: Request, scheme: str) -> Response:
    """Whole: every concept with its definition, names and order; every code with its periods."""

    async def make(connection: Connection[Any], asked: Asked) -> Callable[[], str]:
        head = await _head(connection, asked, scheme)
        entries = await read_entries(connection, asked.number, head.id)
        held = [entry for entry in entries if asked.day is None or in_force(entry, asked.day)]
        return lambda: _write_scheme(request, asked, head, held)

    return await answer(request, make)


@router.get("/concepts/{code}", summary="一个概念 one concept")
async def concept(request: Request, code: str) -> Response:
    """``scheme``: of which scheme or list; without it of the concept schemes. A standard name stands for its code.

    A deprecated concept is answered, says so and names its successors.
    """

    async def make(connection: Connection[Any], asked: Asked) -> Callable[[], str]:
        entry = await _entry(connection, asked, code)
        last = entry.periods[-1].successors if entry.periods else entry.concept.successors if entry.concept else ()
        names: dict[str, str] = {}
        for successor in last:
            for found in await read_entry(connection, asked.number, successor, [entry.scheme]):
                names[successor] = found.concept.name if found.concept else found.periods[-1].name
        head = await _head(connection, asked, entry.scheme)
        return lambda: _write_concept(request, asked, head, entry, names)

    return await answer(request, make, known=("scheme",))


@router.get("/concepts/{code}/versions", summary="一个概念的历次版本 every version of one concept")
async def versions(request: Request, code: str) -> Response:
    """Newest first, each with its author, its time and all it said."""

    async def make(connection: Connection[Any], asked: Asked) -> Callable[[], str]:
        entry = await _entry(connection, asked, code)
        history = [
            version_json(version)
            for version in await read_history(connection, entry.code, entry.scheme)
            if version.stamp.edition <= asked.number
        ]
        return lambda: _json({"scheme": entry.scheme, "code": entry.code, "versions": history})

    return await answer(request, make, ("json",), known=("scheme",))


@router.get("/changes", summary="新增、修改与停用 what was new, modified or deprecated")
async def changes(request: Request) -> Response:
    """``since``: an instant, a day, an edition's number or a version; ``after``: ``next_after`` of the page before."""

    async def make(connection: Connection[Any], asked: Asked) -> Callable[[], str]:
        wanted = _wanted(asked)
        found = await feed.read_changes(connection, asked.number, wanted)
        if asked.form == "html":
            return lambda: changes_page(request, found, asked)
        told: dict[str, object] = {"version": asked.version, "changes": [change.as_json() for change in found.changes]}
        told["next_after"] = found.next_after
        here = address(request, "dictionary", "changes")
        kept = [(name, value) for name, value in asked.given.items() if name != "after"]
        told["links"] = [{"rel": "self", "href": with_parameters(here, asked.given.items())}]
        if found.more:
            following = with_parameters(here, [*kept, ("after", found.next_after)])
            told["links"] = [*told["links"], {"rel": "next", "href": following}]  # type: ignore[misc]
        return lambda: _json(told)

    return await answer(request, make, ("json", "html"), known=("since", "after", "limit", "scheme", "change"))


def _write_scheme(request: Request, asked: Asked, head: Head, entries: Sequence[Entry]) -> str:
    match asked.form:
        case "html":
            return scheme_page(request, head, entries, asked)
        case "csv" if head.scheme is not None:
            return scheme_csv([whole_scheme(head, entries)])
        case "csv":
            return codes_csv(head.id, entries)
        case "ttl" | "jsonld":
            nodes = (
                scheme_nodes(whole_scheme(head, entries)) if head.listed is None else list_nodes(head.listed, entries)
            )
            return _graph(asked, list(nodes))
    told = {**head_json(request, head), "dictionary_version": asked.version}
    return _json({**told, "concepts": [row for entry in entries for row in entry_rows(entry, asked.day)]})


def _write_concept(request: Request, asked: Asked, head: Head, entry: Entry, names: dict[str, str]) -> str:
    match asked.form:
        case "html":
            return concept_page(request, head, entry, names, asked)
        case "csv" if head.scheme is not None:
            return scheme_csv([whole_scheme(head, [entry])])
        case "csv":
            return codes_csv(head.id, [entry])
        case "ttl" | "jsonld" if entry.concept is not None:
            return _graph(asked, [concept_node(entry.scheme, entry.concept, entry.edges)])
        case "ttl" | "jsonld" if head.listed is not None:
            return _graph(asked, [code_node(head.listed, entry)])
    return _json(entry_json(request, entry, names, asked.day, asked.language))


def _graph(asked: Asked, nodes: list[Node]) -> str:
    return to_turtle(nodes) if asked.form == "ttl" else to_jsonld(nodes)


async def _head(connection: Connection[Any], asked: Asked, scheme: str) -> Head:
    for head in await read_heads(connection, asked.number):
        if head.id == scheme:
            return head
    raise NotFoundError("QRY-SCHEME")


async def _entry(connection: Connection[Any], asked: Asked, code: str) -> Entry:
    """The entry of a code, or of a standard name where no code is so called."""
    if "\0" in code or len(code) > CODE_LIMIT:
        raise NotFoundError("QRY-CONCEPT")
    scheme = asked.given.get("scheme")
    if scheme is None and ":" in code:  # the id that reconciliation gives what stands outside the project schemes
        scheme, _, code = code.partition(":")
    if scheme is not None:
        await _head(connection, asked, scheme)
    wanted = None if scheme is None else [scheme]
    found = await read_entry(connection, asked.number, code, wanted)
    if not found:
        for where, known in await codes_of_name(connection, code, wanted):
            found += await read_entry(connection, asked.number, known, [where])
    if not found:
        raise NotFoundError("QRY-CONCEPT")
    if len(found) > 1:
        raise CallerError("QRY-CONCEPT-AMBIGUOUS", faults=tuple(Fault(item.scheme, "QRY-KEY-ONE-OF") for item in found))
    return found[0]


def _wanted(asked: Asked) -> feed.Wanted:
    """The parameters of the feed; every fault at once."""
    faults: list[Fault] = []
    limit = asked.given.get("limit", str(PAGE))
    if not (limit.isascii() and limit.isdigit() and int(limit) >= 1):
        faults.append(Fault("limit", "DIC-FEED-LIMIT", {"longest": LONGEST_PAGE}))
        limit = str(PAGE)
    change = asked.given.get("change")
    if change is not None and change not in feed.KINDS:
        faults.append(Fault("change", "DIC-FORM", {"allowed": ", ".join(feed.KINDS)}))
    since = feed.read_since(asked.given.get("since"))
    if "since" in asked.given and since is None:
        faults.append(Fault("since", "DIC-SINCE"))
    after = feed.read_position(asked.given.get("after"))
    if "after" in asked.given and after is None:
        faults.append(Fault("after", "DIC-AFTER"))
    if faults:
        raise CallerError("QRY-PARAMETERS", faults=tuple(faults))
    return feed.Wanted(since, after, min(int(limit), LONGEST_PAGE), asked.given.get("scheme"), change)


def _json(told: object) -> str:
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))
