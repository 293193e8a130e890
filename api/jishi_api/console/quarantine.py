"""The quarantine 隔离区: refused rows searched, one row edited, checked, repaired, discarded (query to respond, road out)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from starlette.responses import Response

from jishi.errors import CallerError
from jishi.quality import quarantine_search as store
from jishi.quality.quarantine_search import Entry, Shown, Wanted
from jishi.registers.catalog import registers
from jishi.stewardship import repair_check, repairs
from jishi.stewardship.repairs import Edit
from jishi_api import quarantine_view as view
from jishi_api.console.refused_map import map_of
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit

if TYPE_CHECKING:
    from jishi.stewardship.near_misses import Suggestions
    from jishi.stewardship.repair_check import Check

section = Section()

STEWARD = ("steward",)
PAGE = 50
REASON = 1_000
ANY = "any"

STATES = {
    "open": words("open"),
    "repaired": words("repaired"),
    "superseded": words("superseded"),
    "discarded": words("discarded"),
    ANY: words("all"),
}
STEPS = {
    "check": words("tried"),
    "suggest": words("looked for near misses"),
    "repair": words("sent down the road again"),
    "return": words("came back: the repair came to nothing"),
    "repaired": words("accepted"),
    "refused": words("refused again"),
    "discard": words("discarded"),
    "superseded": words("superseded by a newer delivery"),
    "accepted": words("accepted by a replay"),
    "cancel": words("repair called off"),
}
SLIPS = {
    "transposed": words("two characters changed about"),
    "look-alike": words("taken for a character that looks like it"),
    "substituted": words("one character wrong"),
    "inserted": words("one character too many"),
    "missing": words("one character missing"),
}
REPAIR_STATES = {
    "queued": words("waiting"),
    "landed": words("under way"),
    "done": words("done"),
    "refused": words("refused whole"),
    "failed": words("failed"),
    "cancelled": words("called off"),
}


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a row: ``field`` names its input, ``shown`` is the value or its shape, ``typed`` what stands in the
    input; ``told`` why the row was refused, ``said`` what the check said of it."""

    field: str
    header: str
    shown: str | None
    typed: str
    titles: tuple[str, ...]
    told: tuple[str, ...]
    refused: tuple[str, ...]
    warned: tuple[str, ...]
    fault: str | None


@section.count(words("Refused rows"), "/quarantine", roles=STEWARD)
async def waiting(visit: Visit) -> int:
    return await store.count(visit.connection, visit.officer, Wanted("open"))


@section.page("/quarantine", words("Quarantine"), roles=STEWARD, menu=Menu.WORK)
async def listed(visit: Visit) -> Response:
    asked = visit.asked
    status = asked.choice("status", STATES) or "open"
    key = asked.text("key", most=40)
    if key and not _is_uuid(key):
        asked.fault("key", "CON-CHOICE")
    before = asked.number("before", least=1)
    wanted = Wanted(
        None if status == ANY else status,
        asked.number("batch", least=1),
        asked.text("source", most=200) or None,
        asked.choice("register", registers()),
        rule=asked.text("rule", most=200) or None,
        element=asked.text("element", most=200) or None,
        key=UUID(key) if key and _is_uuid(key) else None,
    )
    asked.check()
    found = await store.search(visit.connection, visit.officer, wanted, before=before, limit=PAGE + 1)
    rows = await view.shown(visit.request, visit.serving, visit.officer, "console", "quarantine", found[:PAGE])
    return visit.show(
        "quarantine.html",
        rows=[(one, view.reasons_of(one.entry, visit.language), _concerned(one, visit.language)) for one in rows],
        total=await store.count(visit.connection, visit.officer, wanted),
        states=STATES,
        registers={name: one.title for name, one in registers().items()},
        chosen=status,
        wanted=wanted,
        following=visit.here(before=found[PAGE - 1].quarantine_id) if len(found) > PAGE else None,
        first=before is None,
    )


@section.page("/quarantine/{row}", words("Refused row"), roles=STEWARD)
async def one_row(visit: Visit) -> Response:
    return await _show(visit, await _entry(visit))


@section.act("/quarantine/{row}/suggestions", roles=STEWARD, again=one_row)
async def suggestions(visit: Visit) -> Response:
    """Looked for when asked: what is found is disclosed."""
    entry = await _entry(visit)
    found = await view.suggestions(visit.request, visit.serving, visit.connection, visit.officer, "console", entry)
    await repairs.remember(visit.connection, visit.officer, entry, "suggest")
    return await _show(visit, entry, suggested=found)


@section.act("/quarantine/{row}/check", roles=STEWARD, again=one_row)
async def check(visit: Visit) -> Response:
    """The page again, with what the rules say of the edited row beside its cells."""
    entry = await _entry(visit)
    cells = await _cells(visit, entry)
    keys, cipher = visit.keys, visit.serving.sealer.cipher
    asked = await repair_check.ask(visit.connection, keys, cipher, visit.officer, entry, cells)
    async with visit.resting():
        found = await view.awaited(visit.serving, visit.officer, entry.quarantine_id, asked)
    return await _show(visit, entry, checked=found)


@section.act("/quarantine/{row}/repair", roles=STEWARD, again=one_row)
async def repair(visit: Visit) -> Response:
    entry = await _entry(visit)
    cells = await _cells(visit, entry)
    reason = visit.form.text("reason", most=REASON)
    visit.form.check()
    keys, cipher = visit.keys, visit.serving.sealer.cipher
    async with visit.doing("quarantine.repair", str(entry.quarantine_id), columns=len(cells)) as told:
        edits = [Edit(entry, cells)]
        [made] = await repairs.submit(
            visit.connection, keys, cipher, visit.officer, edits, reason or None, request_id=visit.request_id
        )
        told.detail |= {"repair": made}
    return visit.see(f"/repairs/{made}", words("Row %(row)s goes down the road again."), row=entry.quarantine_id)


@section.act("/quarantine/{row}/discard", roles=STEWARD, again=one_row)
async def discard(visit: Visit) -> Response:
    entry = await _entry(visit)
    reason = visit.form.text("discard_reason", required=True, most=REASON)
    visit.form.check()
    async with visit.doing("quarantine.discard", str(entry.quarantine_id), batch=entry.batch_id):
        await repairs.discard(visit.connection, visit.officer, [entry.quarantine_id], reason)
    return visit.see("/quarantine", words("Row %(row)s is discarded."), row=entry.quarantine_id)


@section.page("/repairs", words("Repairs"), roles=STEWARD, menu=Menu.WORK)
async def listed_repairs(visit: Visit) -> Response:
    before = visit.asked.number("before", least=1)
    visit.asked.check()
    found = await repairs.listed(visit.connection, visit.officer, before, PAGE + 1)
    following = visit.here(before=found[PAGE - 1].repair_id) if len(found) > PAGE else None
    return visit.show(
        "repairs.html", repairs=found[:PAGE], states=REPAIR_STATES, following=following, first=before is None
    )


@section.page("/repairs/{repair}", words("Repair"), roles=STEWARD)
async def one_repair(visit: Visit) -> Response:
    found = await repairs.find(visit.connection, visit.officer, visit.number("repair"))
    rows = await repairs.repaired_rows(visit.connection, found.repair_id, PAGE)
    running = found.status in ("queued", "landed")
    return visit.show("repair.html", repair=found, rows=rows, states=REPAIR_STATES, row_states=STATES, running=running)


@section.act("/repairs/{repair}/cancel", roles=STEWARD, again=one_repair)
async def cancel(visit: Visit) -> Response:
    found = await repairs.find(visit.connection, visit.officer, visit.number("repair"))
    async with visit.doing("quarantine.cancel", str(found.repair_id)):
        await repairs.cancel(visit.connection, visit.officer, found.repair_id)
    return visit.see(f"/repairs/{found.repair_id}", words("The repair is called off; its rows are open again."))


async def _entry(visit: Visit) -> Entry:
    return await store.entry(visit.connection, visit.officer, visit.number("row"))


async def _show(
    visit: Visit, entry: Entry, *, checked: Check | None = None, suggested: Suggestions | None = None
) -> Response:
    [found] = await view.shown(visit.request, visit.serving, visit.officer, "console", "quarantine", [entry])
    reasons = view.reasons_of(entry, visit.language)
    told = checked.verdict if checked else None
    refused = view.told_rules(entry, told.refused, told.headers, visit.language) if told else []
    warned = view.told_rules(entry, told.warned, told.headers, visit.language) if told else []
    return visit.show(
        "quarantine_row.html",
        found=found,
        entry=entry,
        reasons=reasons,
        cells=_laid_out(visit, found, reasons, refused, warned),
        masked=not visit.officer.in_clear(entry.department),
        checked=checked,
        refused=refused,
        warned=warned,
        suggested=suggested,
        suggestion=visit.form.typed("suggestion"),
        doubtful=entry.is_open and view.is_doubtful(entry),
        steps=await store.steps(visit.connection, entry),
        after=await store.following(visit.connection, entry),
        map=await map_of(visit, [found]),
        names={"states": STATES, "steps": STEPS, "slips": SLIPS},
    )


def _laid_out(
    visit: Visit, found: Shown, reasons: list[view.Reason], refused: list[view.Reason], warned: list[view.Reason]
) -> list[Cell]:
    masked = not visit.officer.in_clear(found.entry.department)
    faults = {fault.name: fault.text(visit.language) for fault in visit.refused.faults} if visit.refused else {}
    elements = registers()[found.entry.register].elements

    def of(header: str, rules: list[view.Reason]) -> tuple[str, ...]:
        return tuple(rule.text for rule in rules if header in rule.headers)

    return [
        Cell(
            name := f"cell-{place}",
            header,
            value,
            visit.form.typed(name) if name in visit.form else ("" if masked else value or ""),
            tuple(_title(elements[one], visit.language) for one in found.entry.columns.get(header, ())),
            of(header, reasons),
            of(header, refused),
            of(header, warned),
            faults.get(name),
        )
        for place, (header, value) in enumerate(found.row.cells.items())
    ]


def _title(element: object, language: str) -> str:
    title, title_en = getattr(element, "title", ""), getattr(element, "title_en", "")
    return str(title_en or title) if language == "en" else str(title)


async def _cells(visit: Visit, entry: Entry) -> dict[str, str | None]:
    """What was typed: for who sees the row, what differs from it; for the others, what is not empty. The number of a
    suggestion that was tried comes along unseen."""
    headers = list(store.opened(visit.keys, entry).cells)
    masked = not visit.officer.in_clear(entry.department)
    typed: dict[str, str | None] = {}
    for place, header in enumerate(headers):
        name = f"cell-{place}"
        if name in visit.form:
            value = visit.form.text(name, most=repairs.LONGEST_CELL)
            if value or not masked:
                typed[header] = value or None
        if visit.form.yes(f"empty-{place}"):
            typed[header] = None
    suggestion = visit.form.number("suggestion", least=1, most=1_000)
    visit.form.check()
    if suggestion is not None:
        typed = {header: value for header, value in typed.items() if not view.is_doubted(entry, header)}
    try:
        cells = await view.edited_cells(visit.serving, visit.connection, entry, typed, suggestion)
    except CallerError as error:
        places = {header: f"cell-{place}" for place, header in enumerate(headers)}
        faults = tuple(replace(fault, name=places.get(fault.name, fault.name)) for fault in error.faults)
        raise CallerError(error.code, faults=faults, **error.values) from None
    return cells


def _concerned(one: Shown, language: str) -> list[tuple[str, str | None]]:
    """The cells that the reasons are about: what a list shows of a row."""
    headers = dict.fromkeys(header for reason in view.reasons_of(one.entry, language) for header in reason.headers)
    return [(header, one.row.cells.get(header)) for header in headers if header in one.row.cells]


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
