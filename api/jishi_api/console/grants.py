"""Grants 授权 in the console: which client may ask for what, made with all their terms, and revoked (authorise, road out)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from starlette.responses import Response

from jishi.access import clients, grant_store
from jishi.access.grants import RIGHTS
from jishi.access.terms import BASIS_LIMIT, GREATEST_QUOTA, GREATEST_RATE, ROWS_LIMIT, Terms, faults_of_terms
from jishi.errors import CallerError, Fault
from jishi.registers.catalog import register_of, registers
from jishi.registers.catalogue_entry import entry_of
from jishi.registers.derived import derived_of
from jishi.registers.register import Register
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit
from jishi_api.row_filter import faults_of_rows

section = Section()

ADMIN = ("admin",)

SIGHTS = {"masked": words("masked"), "clear": words("in clear")}
ELEMENT = "element."
"""Before the name of an element in the form."""


@section.page("/grants", words("Grants"), roles=("admin", "auditor"), menu=Menu.ACCESS)
async def listed(visit: Visit) -> Response:
    revoked = visit.asked.yes("revoked")
    found = await grant_store.listed(visit.connection, revoked=revoked)
    return visit.show("grant_list.html", grants=found[::-1], revoked=revoked)


@section.page("/grants/new", words("New grant"), roles=ADMIN)
async def new(visit: Visit) -> Response:
    """First whom and on what, then what of it: the elements of a register are many."""
    named = visit.form.text("client") or visit.asked.text("client", most=200)
    on = visit.form.text("register") or visit.asked.choice("register", registers())
    visit.asked.check()
    client = await clients.named(visit.connection, named) if named else None
    register = registers().get(on) if on else None
    return visit.show(
        "grant_new.html",
        clients=[(one.client_id, one.name) for one in await clients.everyone(visit.connection) if not one.disabled],
        registers=[(one.name, f"{one.title} {one.collection}") for one in registers().values()],
        client=client,
        register=register,
        entry=entry_of(register) if register else None,
        derived=derived_of(register) if register else {},
        rights=RIGHTS,
        sights=SIGHTS,
    )


@section.act("/grants", roles=ADMIN, again=new)
async def add(visit: Visit) -> Response:
    form = visit.form
    register = register_of(form.text("register", required=True, most=100))
    terms = _terms(visit, register)
    client_id = await grant_store.client_of(visit.connection, form.text("client", required=True, most=200))
    async with visit.doing("grant.add", client_id, register=register.name) as entry:
        filtering = faults_of_rows(register, terms.rows) if terms.rows else ()
        faults = [_placed(fault) for fault in (*faults_of_terms(terms), *form.faults)]
        faults += [Fault("rows", fault.code, fault.values) for fault in filtering]
        if faults:
            raise CallerError("ACC-GRANT", faults=tuple(faults))
        added = await grant_store.add(visit.connection, client_id, terms, visit.officer.by)
        entry.target = str(added.grant.grant_id)
        entry.detail |= {"client": client_id, "replaced": added.replaced}
    return visit.see(f"/clients/{client_id}", words("Grant %(grant)s holds from now on."), grant=added.grant.grant_id)


@section.page("/grants/{grant}/revoke", words("Revoke a grant"), roles=ADMIN)
async def ask_revoke(visit: Visit) -> Response:
    number = visit.number("grant")
    found = [item for item in await grant_store.listed(visit.connection) if item.grant.grant_id == number]
    return visit.show("grant_revoke.html", found=found[0] if found else None, number=number)


@section.act("/grants/{grant}/revoke", roles=ADMIN, again=ask_revoke)
async def revoke(visit: Visit) -> Response:
    number = visit.number("grant")
    async with visit.doing("grant.revoke", str(number)) as entry:
        grant = await grant_store.revoke(visit.connection, number, visit.officer.by)
        entry.detail |= {"client": grant.client_id, "register": grant.register}
    return visit.see(f"/clients/{grant.client_id}", words("Grant %(grant)s is revoked."), grant=number)


def _terms(visit: Visit, register: Register) -> Terms:
    form = visit.form
    sights = {name: form.choice(ELEMENT + name, SIGHTS) for name in register.elements}
    until = form.day("until")
    return Terms(
        register,
        elements=tuple(name for name, sight in sights.items() if sight),
        clear=tuple(name for name, sight in sights.items() if sight == "clear"),
        derived=form.several("derived"),
        rows=form.text("rows", most=ROWS_LIMIT) or None,
        purposes=form.several("purposes"),
        case_required=form.yes("case_required"),
        rate_per_minute=form.number("rate", least=1, most=GREATEST_RATE),
        quota_per_day=form.number("quota", least=1, most=GREATEST_QUOTA),
        rights=form.choices("rights", RIGHTS),
        basis=form.text("basis", most=BASIS_LIMIT),
        valid_until=_end_of(visit, until) if until else None,
    )


def _end_of(visit: Visit, day: date) -> datetime:
    """The end of the day, in the city: the grant holds throughout it."""
    return datetime.combine(min(day, date(9000, 1, 1)) + timedelta(days=1), time(), visit.zone)


def _placed(fault: Fault) -> Fault:
    """A fault that names a part of a field is told beside the field."""
    return Fault(fault.name.partition(":")[0], fault.code, fault.values)
