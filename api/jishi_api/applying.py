"""Bodies and documents of ``/requests``: what is wished and answered, and how an application reads (plan, respond, road out)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from jishi.access.applications import Application, Step, faults_of_wish
from jishi.access.compliance import Finding
from jishi.access.terms import Terms, document
from jishi.errors import CallerError, Fault
from jishi.registers.register import Register
from jishi_api.links import address
from jishi_api.row_filter import faults_of_rows

Text = Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=500)]
Word = Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=100)]
Words = Annotated[tuple[Word, ...], Field(max_length=200)]


class Wish(BaseModel):
    """What is applied for, in the words of a grant. ``until``: the last day wanted. ``basis``: statute, duty, agreement."""

    model_config = ConfigDict(extra="forbid")

    collection: Word
    reason: Annotated[Text, Field(min_length=1)]
    basis: Text = ""
    elements: Words = ()
    clear: Words = ()
    derived: Words = ()
    rows: Annotated[str, Field(pattern=r"^[^\x00]*$", max_length=2000)] | None = None
    purposes: Words = ()
    case_required: bool = False
    rate_per_minute: int | None = None
    quota_per_day: int | None = None
    rights: Words = ()
    until: date | None = None


class Answer(BaseModel):
    """The owner's answer. ``until``: the last day of the grant, by default what was applied for. A refusal has reasons."""

    model_config = ConfigDict(extra="forbid")

    answer: Literal["grant", "refuse"]
    reasons: Text = ""
    until: date | None = None


class Withdrawal(BaseModel):
    """Why an application is withdrawn."""

    model_config = ConfigDict(extra="forbid")

    reasons: Text = ""


def terms_of(register: Register, wish: Wish, zone: ZoneInfo) -> tuple[Terms, tuple[Fault, ...]]:
    """The terms wished for, and what makes them unreadable. ``zone``: whose midnight ends the last day."""
    terms = Terms(
        register,
        elements=wish.elements,
        clear=wish.clear,
        derived=wish.derived,
        rows=wish.rows,
        purposes=wish.purposes,
        case_required=wish.case_required,
        rate_per_minute=wish.rate_per_minute,
        quota_per_day=wish.quota_per_day,
        rights=wish.rights,
        basis=wish.basis,
        valid_until=None if wish.until is None or wish.until.year > _LAST_YEAR else _end_of(wish.until, zone),
    )
    found = faults_of_wish(terms)
    unread = wish.rows is not None and not any(fault.name == "rows" for fault in found)
    return terms, (*found, *(faults_of_rows(register, wish.rows or "") if unread else ()))


_LAST_YEAR = 9000
"""A day beyond is no term: the check says so."""


def terms_granted(found: Application, given: Answer, zone: ZoneInfo) -> Terms | None:
    """The terms of the grant; None for a refusal. Raises CallerError ``ACC-APPLICATION`` with every fault of the answer."""
    if given.answer == "refuse":
        if not given.reasons.strip():
            raise CallerError("ACC-APPLICATION", faults=(Fault("reasons", "ACC-APPLICATION-REASONS"),))
        return None
    asked = found.terms.valid_until
    until = asked if given.until is None or given.until.year > _LAST_YEAR else _end_of(given.until, zone)
    if until is None or until <= datetime.now(UTC) or (asked is not None and until > asked):
        raise CallerError("ACC-APPLICATION", faults=(Fault("until", "ACC-APPLICATION-UNTIL"),))
    return found.terms.ending(until)


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), zone)


def outline(request: Request, found: Application) -> dict[str, Any]:
    """An application in a list."""
    links = [{"rel": "self", "href": address(request, "requests", str(found.application_id))}]
    return {
        "request": found.application_id,
        "client": found.client_id,
        "department": found.department,
        "owner": found.owner,
        "collection": found.terms.register.collection,
        "status": found.status,
        "applied_at": found.applied_at.isoformat(),
        "check_due": found.check_due.isoformat(),
        "answer_due": None if found.answer_due is None else found.answer_due.isoformat(),
        "grant": found.grant_id,
        "links": links,
    }


def whole(request: Request, found: Application, taken: Sequence[Step]) -> dict[str, Any]:
    """An application with what is wanted and the steps taken."""
    told = {"wanted": document(found.terms), "reason": found.reason, "basis": found.terms.basis}
    return {**outline(request, found), **told, "steps": [_step(step) for step in taken]}


def finding_of(finding: Finding, language: str) -> dict[str, Any]:
    """One question of the compliance check and its answer."""
    reasons = [{"name": fault.name, "code": fault.code, "reason": fault.text(language)} for fault in finding.faults]
    return {"check": finding.check, "passed": finding.passed, "reasons": reasons}


def _step(step: Step) -> dict[str, Any]:
    return {
        "step": step.step,
        "at": step.taken_at.isoformat(),
        "actor": step.actor,
        "reasons": step.reasons,
        "late_days": step.late_days,
    }
