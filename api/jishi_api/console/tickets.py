"""Tickets 校核纠错 in the console: what went back to departments, with its rows, and what became of it (query, respond, road out)."""

from __future__ import annotations

from starlette.responses import Response

from jishi.registers.register import Register
from jishi.stewardship import ticket_opening, tickets
from jishi.stewardship.case_tables import TICKET_STATUSES
from jishi.stewardship.sealed_text import LONGEST, Pen
from jishi.stewardship.terms import Terms, terms_of
from jishi.stewardship.ticket_opening import Wish
from jishi.stewardship.tickets import ASSIGNEE_LIMIT, Chosen, Ticket
from jishi_api.cases import pen_of
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import GREATEST, Visit
from jishi_api.ticket_rows import MOST_ROWS, as_file, rows_of

section = Section()

STEWARD = ("steward",)
READERS = ("steward", "auditor")
PAGE = 50

STANDINGS = {"open": words("to be dealt with"), "replied": words("replied"), "closed": words("closed")}
ORIGINS = {
    "hand": words("by hand"),
    "row": words("refused row"),
    "dispute": words("upheld dispute"),
    "rule": words("rule of a delivery"),
}
ACTS = {
    "open": words("opened"),
    "assign": words("assigned"),
    "reply": words("replied"),
    "close": words("closed"),
    "reopen": words("opened again"),
}
FORMS = {"csv": words("CSV"), "xlsx": words("Workbook")}
SPOKEN = {"reply": tickets.reply, "close": tickets.close, "reopen": tickets.reopen}


@section.count(words("Tickets not closed"), "/tickets", roles=STEWARD)
async def waiting(visit: Visit) -> int:
    return sum(one.unclosed for one in await tickets.lateness(visit.connection, terms(visit), visit.officer.department))


@section.page("/tickets", words("Tickets"), roles=STEWARD, menu=Menu.WORK)
async def listed(visit: Visit) -> Response:
    before = visit.asked.number("before", least=1)
    chosen = _chosen(visit)
    visit.asked.check()
    found = await tickets.listed(visit.connection, chosen, before or GREATEST, PAGE + 1)
    late = await tickets.lateness(visit.connection, terms(visit), visit.officer.department)
    return visit.show(
        "tickets.html",
        tickets=found[:PAGE],
        lateness=late,
        terms=terms(visit),
        standings=STANDINGS,
        origins=ORIGINS,
        following=visit.here(before=found[PAGE - 1].ticket_id) if len(found) > PAGE else None,
        first=before is None,
    )


@section.act("/tickets/file", roles=STEWARD, again=listed)
async def as_table(visit: Visit) -> Response:
    """The chosen tickets with their rows, as a file; disclosed first."""
    form = visit.form.choice("form", FORMS, required=True) or "csv"
    chosen = _chosen(visit)
    visit.asked.check()
    visit.form.check()
    found = await tickets.listed(visit.connection, chosen, GREATEST, MOST_ROWS)
    rows = await rows_of(visit.request, visit.connection, visit.officer, "console", found)
    return as_file(visit.request, found, rows, form)


@section.page("/tickets/new", words("New ticket"), roles=STEWARD)
async def new(visit: Visit) -> Response:
    return visit.show("ticket_new.html")


@section.act("/tickets/new", roles=STEWARD, again=new)
async def open_one(visit: Visit) -> Response:
    """Of one row or a whole delivery; or one for each row that a rule names, where so many are asked for."""
    form = visit.form
    batch, row = form.number("batch", least=1, required=True) or 0, form.number("row_number", least=1)
    rule, every = form.text("rule", most=200) or None, form.yes("every")
    note = form.text("note", most=LONGEST, required=not every)
    elements = form.several("elements")
    if every and rule is None:
        form.fault("rule", "CON-REQUIRED")
    form.check()
    if every:
        async with visit.doing("ticket.open-bulk", f"batch {batch}", rule=rule) as entry:
            made = await ticket_opening.open_for_rule(visit.connection, terms(visit), visit.officer, batch, rule or "")
            entry.detail["tickets"] = len(made)
        return visit.see("/tickets", words("%(n)s tickets are opened."), n=len(made))
    async with visit.doing("ticket.open", f"batch {batch}") as entry:
        wish = Wish(batch, row, rule, elements, note)
        ticket = await ticket_opening.open_by_hand(visit.connection, pen(visit), terms(visit), visit.officer, wish)
        entry.detail["ticket"] = ticket.ticket_id
    return visit.see(f"/tickets/{ticket.ticket_id}", words("The ticket is opened."))


@section.page("/tickets/{ticket}", words("Ticket"), roles=STEWARD)
async def one(visit: Visit) -> Response:
    found = await tickets.seen_by(visit.connection, visit.officer, visit.number("ticket"))
    rows = await rows_of(visit.request, visit.connection, visit.officer, "console", [found])
    return visit.show(
        "ticket.html",
        ticket=found,
        row=rows.get(found.ticket_id),
        note=tickets.note_of(pen(visit), found),
        steps=await tickets.steps(visit.connection, pen(visit), found.ticket_id),
        late=terms(visit).late(found.due, found.closed_at),
        titles=titles(visit, found.register, found.elements),
        standings=STANDINGS,
        origins=ORIGINS,
        acts=ACTS,
        most=LONGEST,
        names=ASSIGNEE_LIMIT,
    )


@section.act("/tickets/{ticket}/assign", roles=STEWARD, again=one)
async def assign(visit: Visit) -> Response:
    to = visit.form.text("to", required=True, most=ASSIGNEE_LIMIT)
    visit.form.check()
    number = visit.number("ticket")
    async with visit.doing("ticket.assign", str(number)):
        await tickets.assign(visit.connection, terms(visit), visit.officer, number, to)
    return visit.see(f"/tickets/{number}", words("The ticket is assigned."))


@section.act("/tickets/{ticket}/{step}", roles=STEWARD, again=one)
async def speak(visit: Visit) -> Response:
    """Reply, close or open again, with words."""
    step, number = visit.text("step"), visit.number("ticket")
    said = visit.form.text("words", required=True, most=LONGEST)
    if step not in SPOKEN:
        visit.form.fault("step", "CON-CHOICE")
    visit.form.check()
    async with visit.doing(f"ticket.{step}", str(number)):
        await SPOKEN[step](visit.connection, pen(visit), terms(visit), visit.officer, number, said)
    return visit.see(f"/tickets/{number}", words("Ticket %(ticket)s: done."), ticket=number)


def titles(visit: Visit, register: Register, elements: tuple[str, ...]) -> list[str]:
    """What elements are called in the reader's language."""
    known = [register.elements[name] for name in elements if name in register.elements]
    return [one.title_en or one.title if visit.language == "en" else one.title for one in known]


def terms(visit: Visit) -> Terms:
    return terms_of(visit.serving.settings, visit.serving.city)


def pen(visit: Visit) -> Pen:
    return pen_of(visit.serving)


def late(visit: Visit, ticket: Ticket) -> int:
    """Working days past its day."""
    return terms(visit).late(ticket.due, ticket.closed_at)


def _chosen(visit: Visit) -> Chosen:
    asked = visit.asked
    return Chosen(
        visit.officer.department,
        asked.text("source", most=100) or None,
        asked.choice("status", TICKET_STATUSES),
        asked.number("batch", least=1),
        asked.text("rule", most=200) or None,
    )
