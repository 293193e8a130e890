"""The resolver: what a department calls a thing → the dictionary's concept, with the reason, or honestly nothing.

The chain: exact code, preferred name, alias in scope; the same but for writing (full width, traditional and Japanese forms,
numbers in front, years, marks); then what is like it in its words, sounds and characters, with a measured probability.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from jishi.dictionary import store
from jishi.dictionary.resolver import index as indexes
from jishi.dictionary.resolver.answers import Answer, Candidate, Context, Resolution
from jishi.dictionary.resolver.index import Rows
from jishi.dictionary.resolver.judge import LENGTH_LIMIT
from jishi.dictionary.resolver.keep import Kept, Key, judge_of, kept
from jishi.dictionary.resolver.setting import make_setting
from jishi.dictionary.resolver.words import Words, shipped_words
from jishi.dictionary.spelling import fold
from jishi.errors import CallerError, NotFoundError

if TYPE_CHECKING:
    from datetime import date

    from asyncpg import Connection

__all__ = [
    "AT_ONCE",
    "LENGTH_LIMIT",
    "NAMES_LIMIT",
    "PROJECT_SCHEMES",
    "Answer",
    "Candidate",
    "Context",
    "Resolution",
    "resolve",
]

PROJECT_SCHEMES = ("project-nodes", "om-categories", "project-types")
NAMES_LIMIT = 1000
AT_ONCE = 20
"""So many names are settled in the event loop; more go to a thread, for nobody else's answer may wait for them."""


async def resolve(
    connection: Connection[Any],
    names: Sequence[str],
    scheme: str | None = None,
    context: Context | None = None,
    limit: int = 5,
    words: Words | None = None,
) -> Answer:
    """Resolve up to 1000 names in ``scheme`` (a concept scheme or a code list; None: the three project schemes).

    An alias that other places use is a candidate, never a match. A name that means two things equally has no match.
    An empty or overlong name is that item's ``fault``. ``words``: None for those of this deployment. Raises
    ``DIC-NAMES-LIMIT``, ``DIC-LIMIT`` and ``DIC-SCHEME-UNKNOWN``: the caller's.
    """
    if len(names) > NAMES_LIMIT:
        raise CallerError("DIC-NAMES-LIMIT", given=len(names), limit=NAMES_LIMIT)
    if limit < 1:
        raise CallerError("DIC-LIMIT", given=limit)
    where = context or Context()
    day = where.as_of or datetime.now(UTC).date()
    wanted = PROJECT_SCHEMES if scheme is None else (scheme,)
    version, mark, schemes, lists = await indexes.marker(connection, wanted)
    if scheme is not None and not schemes and not lists:
        raise NotFoundError("DIC-SCHEME-UNKNOWN", scheme=scheme)
    known = words if words is not None else await asyncio.to_thread(shipped_words)
    key = (mark, *schemes, "|", *lists)
    held = kept(key, known)
    if held is None:
        rows = await indexes.load(connection, schemes, lists)
        held = await _made(key, rows, known)
    place = await _place(connection, where.place, day)
    department = await _department(connection, where.department)
    setting = make_setting(held.judge.index, where, day.toordinal(), place, department, known)
    if len(names) <= AT_ONCE:
        return Answer(version, held.judge.resolve(names, setting, limit))
    return Answer(version, await asyncio.to_thread(held.judge.resolve, names, setting, limit))


async def _made(key: Key, rows: Rows, words: Words) -> Kept:
    """An index takes up to seconds to make, and is made in a thread."""
    return await asyncio.to_thread(judge_of, key, rows, words)


async def _place(connection: Connection[Any], place: str | None, day: date) -> str | None:
    """The place as a folded name; a division code is turned into its full name."""
    if place and place.strip().isascii() and place.strip().isdigit():
        code = place.strip()[:6].ljust(6, "0")
        return fold(await store.division_name(connection, code, day) or place)
    return fold(place) if place and place.strip() else None


async def _department(connection: Connection[Any], department: str | None) -> str | None:
    """The department as a folded name; a code is turned into its names and roles."""
    if not department or not department.strip():
        return None
    return fold(await indexes.department_name(connection, department.strip().upper()) or department)
