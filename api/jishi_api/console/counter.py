"""The citizens' counter 窗口查询: who looked at this person's data; asked by a number, which stands in no address (road out)."""

from __future__ import annotations

from starlette.responses import Response

from jishi.access import who
from jishi.access.who import Place
from jishi.errors import CallerError, Fault
from jishi.registers.catalog import registers
from jishi_api.console.section import Menu, Section, words
from jishi_api.console.visit import Visit
from jishi_api.subjects import numbers_of, uids_of

section = Section()

ROLES = ("counter", "auditor")
PAGE = 100
ACT = "access-log"

SEEN = {
    "hit": words("among others in a list"),
    "full": words("read in full"),
    "check": words("what he said himself was checked"),
    "log": words("this log was looked at"),
}


@section.page("/counter", words("Who saw this person"), roles=ROLES, menu=Menu.AUDIT)
async def ask(visit: Visit) -> Response:
    return visit.show("counter.html", kinds=_kinds(visit), answer=None)


@section.act("/counter", roles=ROLES, again=ask)
async def answer(visit: Visit) -> Response:
    """Nobody found is the same answer as nobody having looked. The look itself is disclosed first."""
    form = visit.form
    kind = form.choice("kind", {key for key, _ in _kinds(visit)}, required=True) or ""
    number = form.text("number", required=True, most=100)
    case_no = form.text("case_no", required=True, most=200)
    before = form.text("before", most=200)
    form.check()
    collection, _, element = kind.partition(" ")
    register = registers()[collection]
    exempt = visit.serving.city.disclosure.exempt_purposes
    in_full = visit.has("auditor")
    uids = await uids_of(visit.connection, visit.serving, register, element, number)
    page = await who.who_saw(
        visit.connection, uids, before=_place(before), limit=PAGE, hidden_purposes=() if in_full else exempt
    )
    question = [collection, element, number, before]
    misses = 0 if uids else 1
    await visit.look(ACT, register, question, subjects=tuple(uids), misses=misses, case_no=case_no)
    told = [who.as_document(row, exempt, in_full=in_full) | {"instant": row["disclosed_at"]} for row in page.rows]
    titles = {one.collection: one for one in registers().values()}
    return visit.show(
        "counter.html",
        kinds=_kinds(visit),
        answer=told,
        seen=SEEN,
        titles=titles,
        in_full=in_full,
        following=page.following.text() if page.following else None,
    )


def _kinds(visit: Visit) -> list[tuple[str, str]]:
    """What may be asked by: numbers of people, then of others."""
    english = visit.language == "en"
    return [
        (
            f"{register.name} {name}",
            f"{register.title} · {element.title_en if english and element.title_en else element.title}",
        )
        for register in registers().values()
        for name, element in numbers_of(register).items()
    ]


def _place(text: str) -> Place | None:
    if not text:
        return None
    try:
        return Place.of(text)
    except (ValueError, OverflowError) as error:
        raise CallerError("CON-FORM", faults=(Fault("before", "ACC-LOOK-BEFORE"),)) from error
