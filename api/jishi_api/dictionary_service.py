"""How the dictionary is read over HTTP: which edition, in which form, and not again where nothing changed (road out).

An answer is made once an edition and kept as bytes; every further request costs the look at the edition in force. Parameters
of every read: ``as-of`` (a day or an instant: what was said then, of it what held on that day), ``version`` (of an earlier
answer, or an edition's number), ``f`` (before ``Accept``).
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from jishi.dictionary.editions import Edition, current_edition, edition_at, edition_of
from jishi.errors import CallerError, Fault, NotFoundError
from jishi_api.links import base_of
from jishi_api.serving import serving_of

if TYPE_CHECKING:
    from asyncpg import Connection

FORMS: Mapping[str, str] = {
    "json": "application/json",
    "jsonld": "application/ld+json",
    "ttl": "text/turtle; charset=utf-8",
    "csv": "text/csv; charset=utf-8; header=present",
    "html": "text/html; charset=utf-8",
}
"""``f`` → media type; the first one stands where a caller wants none in particular."""

TABLES = ("json", "csv", "html")
KEPT_BYTES = 48 * 1024 * 1024
LONGEST_TEXT = 200
PINNED_S = 86_400


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request wants: the edition it is answered from, the day that counts (None: all days), form, language."""

    edition: Edition | None
    day: date | None
    form: str
    language: str
    given: Mapping[str, str]
    pinned: bool

    @property
    def number(self) -> int:
        """The edition's number; 0, of which nothing is known, before the first load."""
        return self.edition.number if self.edition else 0

    @property
    def version(self) -> str:
        return self.edition.version if self.edition else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent: bytes, their media type and their tag."""

    body: bytes = field(repr=False)
    media_type: str
    etag: str


@dataclass
class Answers:
    """Answers of one process, the least used given up first."""

    limit_bytes: int = KEPT_BYTES
    kept: OrderedDict[tuple[object, ...], Answer] = field(default_factory=OrderedDict)
    bytes: int = 0

    def get(self, key: tuple[object, ...]) -> Answer | None:
        found = self.kept.get(key)
        if found is not None:
            self.kept.move_to_end(key)
        return found

    def put(self, key: tuple[object, ...], answer: Answer) -> None:
        before = self.kept.pop(key, None)
        self.bytes += len(answer.body) - (len(before.body) if before else 0)
        self.kept[key] = answer
        while self.bytes > self.limit_bytes and len(self.kept) > 1:
            self.bytes -= len(self.kept.popitem(last=False)[1].body)


Make = Callable[["Connection[Any]", Asked], Awaitable[Callable[[], str]]]
"""Reads what an answer needs; what it gives back writes the text and may take long, so it is run in a thread."""


async def answer(
    request: Request, make: Make, forms: tuple[str, ...] = tuple(FORMS), known: tuple[str, ...] = ()
) -> Response:
    """The answer in the form asked for, from what was kept or made anew; 304 where the caller has it already.

    ``known``: parameters of this route beside those of every read. Raises ``QRY-PARAMETERS`` with every fault,
    ``DIC-VERSION-UNKNOWN``, and what ``make`` raises.
    """
    given = _parameters(request, (*known, "as-of", "version", "f"))
    form = _form(request, given, forms)
    serving = serving_of(request)
    zone = ZoneInfo(serving.city.timezone)
    instant, day = _as_of(given, zone)
    async with serving.connection() as connection:
        edition = await _edition(connection, given.get("version"), instant)
        asked = Asked(edition, day, form, request.state.language, given, "version" in given)
        rest = tuple(sorted((name, given[name]) for name in known if name in given))
        key = (request.scope["path"], base_of(request), asked.number, day, form, asked.language, rest)
        kept = _answers(request)
        found = kept.get(key)
        if found is None:
            write = await make(connection, asked)
            body = (await asyncio.to_thread(write)).encode()
            found = Answer(body, FORMS[form], f'"{hashlib.sha256(body).hexdigest()[:32]}"')
            kept.put(key, found)
    return _response(request, asked, found)


def _response(request: Request, asked: Asked, found: Answer) -> Response:
    headers = {
        "ETag": found.etag,
        "Vary": "Accept, Accept-Language",
        "Cache-Control": f"public, max-age={PINNED_S}" if asked.pinned else "public, no-cache",
        "Content-Language": asked.language,
    }
    if asked.form == "html":
        headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'"
    if _has(request.headers.get("if-none-match", ""), found.etag):
        return Response(status_code=304, headers=headers)
    return Response(found.body, media_type=found.media_type, headers=headers)


def _has(wanted: str, etag: str) -> bool:
    """Whether If-None-Match names the tag; a weak one is as good (RFC 9110, 13.1.2)."""
    return wanted.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in wanted.split(",")}


def _answers(request: Request) -> Answers:
    state = request.app.state
    if not hasattr(state, "dictionary_answers"):
        state.dictionary_answers = Answers()
    kept: Answers = state.dictionary_answers
    return kept


def _parameters(request: Request, known: tuple[str, ...]) -> dict[str, str]:
    """Each parameter once; what is unknown, twice or too long is told, all of it."""
    faults: list[Fault] = []
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            faults.append(Fault(name[:80].replace("\0", ""), "QRY-UNKNOWN-PARAMETER"))
        elif name in given:
            faults.append(Fault(name, "DIC-PARAMETER-TWICE"))
        elif len(value) > LONGEST_TEXT or "\0" in value:
            faults.append(Fault(name, "DIC-PARAMETER-TEXT", {"longest": LONGEST_TEXT}))
        given[name] = value
    if faults:
        raise CallerError("QRY-PARAMETERS", faults=tuple(faults[:20]))
    return given


def _form(request: Request, given: Mapping[str, str], forms: tuple[str, ...]) -> str:
    if "f" in given:
        if given["f"] not in forms:
            raise CallerError("QRY-PARAMETERS", faults=(Fault("f", "DIC-FORM", {"allowed": ", ".join(forms)}),))
        return given["f"]
    best, weight = forms[0], 0.0
    for place, part in enumerate(request.headers.get("accept", "").split(",")):
        kind, _, options = part.strip().partition(";")
        named = next((name for name in forms if FORMS[name].partition(";")[0] == kind.strip().lower()), None)
        quality = _quality(options) - place / 1000
        if named is not None and quality > weight:
            best, weight = named, quality
        elif kind.strip() in ("*/*", "application/*") and quality > weight:
            best, weight = forms[0], quality
    return best


def _quality(options: str) -> float:
    for option in options.split(";"):
        name, _, value = option.strip().partition("=")
        if name == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0


def _as_of(given: Mapping[str, str], zone: ZoneInfo) -> tuple[datetime | None, date | None]:
    """The instant up to which is asked, and its day; a day counts to its end, in the city's time."""
    text = given.get("as-of")
    if text is None:
        return None, None
    try:
        if len(text) == len("2026-01-01"):
            day = date.fromisoformat(text)
            return datetime.combine(day + timedelta(days=1), time(), zone) - timedelta(microseconds=1), day
        instant = datetime.fromisoformat(text.replace(" ", "+"))  # a plus that was not written %2B
        if instant.tzinfo is None:
            raise ValueError("no offset")
        return instant.astimezone(UTC), instant.astimezone(zone).date()
    except (ValueError, OverflowError) as error:
        raise CallerError("QRY-PARAMETERS", faults=(Fault("as-of", "DIC-AS-OF"),)) from error


async def _edition(connection: Connection[Any], version: str | None, instant: datetime | None) -> Edition | None:
    if version is not None:
        edition = await edition_of(connection, version)
        if edition is None:
            raise NotFoundError("DIC-VERSION-UNKNOWN")
        return edition
    return await (edition_at(connection, instant) if instant is not None else current_edition(connection))
