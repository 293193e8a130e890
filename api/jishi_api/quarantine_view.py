"""Refused rows as an officer sees them, disclosed before they are shown (disclose, road out).

JSON routes and console pages show rows by these functions and no others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from jishi.access.officer import Officer
from jishi.errors import CallerError
from jishi.quality.quarantine_search import Entry, Shown, opened, show
from jishi.quality.raw_row import RawRow
from jishi.quality.report import element_title, reason_text
from jishi.registers.catalog import register_of, registers
from jishi.registers.register import Register
from jishi.stewardship import near_misses, repair_check
from jishi.stewardship.near_misses import Suggestions
from jishi.stewardship.repair_check import Check
from jishi.stewardship.repairs import Cells, faults_of
from jishi_api.looking import Channel, look
from jishi_api.serving import Serving
from jishi_api.waiting import waited

if TYPE_CHECKING:
    from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule a row fails: what a person is told, and the department's own headers it is about; none: the row as such."""

    rule: str
    element: str
    title: str
    text: str
    headers: tuple[str, ...]


async def shown(
    request: Request, serving: Serving, officer: Officer, channel: Channel, act: str, entries: Sequence[Entry]
) -> list[Shown]:
    """The rows opened for this officer; what is shown of them is in the log when this returns."""
    found = await asyncio.to_thread(lambda: [show(serving.sealer.keys, officer, entry) for entry in entries])
    by_register: dict[str, list[Shown]] = {}
    for one in found:
        by_register.setdefault(one.entry.register, []).append(one)
    for name, part in by_register.items():
        masked = {element for one in part for element in one.masked}
        clear = {element for one in part for element in one.clear}
        rows = [one.entry.quarantine_id for one in part]
        await look(
            *(request, serving, officer, channel, act, register_of(name), rows),
            masked=sorted(masked),
            clear=sorted(clear),
        )
    return found


async def suggestions(
    request: Request,
    serving: Serving,
    connection: Connection[Any],
    officer: Officer,
    channel: Channel,
    entry: Entry,
) -> Suggestions:
    """Whom the row's refused numbers may have meant, under masks; in the log when this returns. Protected ones are never
    among them, and that they were met is told to the auditors as anywhere."""
    protected = await serving.protections.now()
    row = await asyncio.to_thread(opened, serving.sealer.keys, entry)
    found = await near_misses.suggest(connection, serving.sealer, entry, row, withheld=protected.keys())
    await look(
        *(request, serving, officer, channel, "suggest", register_of(entry.register), entry.quarantine_id),
        masked=found.elements,
        subjects=[one.uid for one in found.found],
        misses=max(0, found.tried - len(found.found)),
    )
    return found


async def edited_cells(
    serving: Serving, connection: Connection[Any], entry: Entry, cells: Cells, suggestion: int | None
) -> dict[str, str | None]:
    """The cells a check or a repair is asked for with: the edited ones, and the number of a suggestion, which stays unseen.

    Raises CallerError ``QLT-ROW-CLOSED``, ``QLT-CELLS`` with every fault, ``QLT-SUGGESTION``.
    """
    if not entry.is_open:
        raise CallerError("QLT-ROW-CLOSED", row=entry.quarantine_id)
    row: RawRow = await asyncio.to_thread(opened, serving.sealer.keys, entry)
    if faults := faults_of(row, cells):
        raise CallerError("QLT-CELLS", faults=tuple(faults))
    told = dict(cells)
    if suggestion is not None:
        protected = await serving.protections.now()
        found = await near_misses.suggest(connection, serving.sealer, entry, row, withheld=protected.keys())
        if not 0 < suggestion <= len(found.found):
            raise CallerError("QLT-SUGGESTION", place=suggestion)
        chosen = found.found[suggestion - 1]
        if chosen.header in told:
            raise CallerError("QLT-SUGGESTION-CELLS")
        told[chosen.header] = chosen.number
    return {header: value for header, value in told.items() if value != row.cells[header]}


async def awaited(serving: Serving, officer: Officer, quarantine_id: int, check_id: int) -> Check:
    """The check when it is done, or as it stands after a little while."""

    async def found() -> Check:
        async with serving.connection() as connection:
            return await repair_check.find(connection, officer, quarantine_id, check_id)

    return await waited(found, lambda check: check.status in ("done", "failed"))


def reasons_of(entry: Entry, language: str) -> list[Reason]:
    """Why the row was refused."""
    register = register_of(entry.register)
    headers = {rule: headers_of(register, rule, entry.columns) for rule in entry.reasons}
    return told_rules(entry, entry.reasons, headers, language)


def told_rules(
    entry: Entry, rules: Sequence[str], headers: Mapping[str, tuple[str, ...]], language: str
) -> list[Reason]:
    """Rules of the row's register as people read them."""
    known = {rule.id: rule for rule in registers()[entry.register].rules}
    return [
        Reason(
            rule,
            known[rule].element if rule in known else "",
            element_title(known[rule], language) if rule in known else rule,
            reason_text(entry.register, rule, language),
            headers.get(rule, ()),
        )
        for rule in rules
    ]


def sentence_of(rule_id: str, language: str) -> str:
    """What a row that fails the rule is told, whichever register it is of."""
    for name, register in registers().items():
        if any(rule.id == rule_id for rule in register.rules):
            return reason_text(name, rule_id, language)
    return rule_id


def is_doubtful(entry: Entry) -> bool:
    """Whether a number of the row was refused, so that it may have been meant for one the register knows."""
    return any(near_misses.doubtful(register_of(entry.register), entry))


def is_doubted(entry: Entry, header: str) -> bool:
    """Whether ``header`` holds such a number."""
    return any(header == column for column, _ in near_misses.doubtful(register_of(entry.register), entry))


def headers_of(register: Register, rule_id: str, columns: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """The headers of a delivery that a rule is about."""
    rule = next((rule for rule in register.rules if rule.id == rule_id), None)
    if rule is None or rule.element == "row":
        return ()
    elements = {column.partition("__")[0] for column in (rule.element, rule.column, rule.other) if column}
    return tuple(header for header, taken in columns.items() if elements & set(taken))
