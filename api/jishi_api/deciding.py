"""What is done with an application 共享申请 by whom: checked, granted or refused; the same for programs and pages (beside the
road out).

Every function is called outside a transaction: each is one administrative act.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from jishi.access import acts, application_store, grant_store, working_days
from jishi.access.applications import Application, answer_days, following
from jishi.access.compliance import Finding, examine
from jishi.access.officer import Officer
from jishi.errors import DeniedError, NotFoundError
from jishi_api.applying import Answer, terms_granted
from jishi_api.serving import Serving

if TYPE_CHECKING:
    from asyncpg import Connection


async def visible(connection: Connection[Any], officer: Officer, number: int) -> Application:
    """The application, if the officer's department asks or answers it; else it is as if there were none."""
    found = await application_store.one(connection, number)
    mine = officer.department is not None and officer.department in (found.department, found.owner)
    if not mine and "admin" not in officer.roles:
        raise NotFoundError("ACC-APPLICATION-UNKNOWN")
    return found


async def check(
    connection: Connection[Any], serving: Serving, officer: Officer, number: int, request_id: UUID
) -> tuple[Finding, ...]:
    """The compliance check, by a steward of the owning department or an admin; what does not pass goes back to who applied."""
    found = await visible(connection, officer, number)
    act = acts.doing(connection, officer.actor, "application.check", str(number), request_id=request_id)
    async with act as entry:
        if "admin" not in officer.roles:
            demand_owner(officer, found)
        _demand_other(officer, found)
        following(found.status, "check")
        granted = await grant_store.of_client(connection, found.client_id)
        findings = examine(found.terms, granted.get(found.terms.register.name), datetime.now(UTC))
        faults = [fault for finding in findings for fault in finding.faults]
        step = "return" if faults else "check"
        reasons = "; ".join(f"{fault.name}: {fault.text()}" for fault in faults)
        clock, now = working_days.load(serving.settings), today(serving)
        due = clock.due(now, answer_days(found.terms, serving.city.sharing))
        late = clock.late(found.check_due, now)
        await application_store.take(
            connection, found, step, reasons, late, officer.by, answer_due=None if faults else due
        )
        entry.detail |= {"step": step, "late_days": late}
    return findings


async def answer(
    connection: Connection[Any], serving: Serving, officer: Officer, number: int, given: Answer, request_id: UUID
) -> None:
    """By a steward of the department that owns the data; ``grant`` makes the grant at once."""
    found = await visible(connection, officer, number)
    act = acts.doing(connection, officer.actor, f"application.{given.answer}", str(number), request_id=request_id)
    async with act as entry:
        demand_owner(officer, found)
        _demand_other(officer, found)
        following(found.status, given.answer)
        terms = terms_granted(found, given, zone(serving))
        clock, now = working_days.load(serving.settings), today(serving)
        late = clock.late(found.answer_due or now, now)
        added = await application_store.take(
            connection, found, given.answer, given.reasons, late, officer.by, grant=terms
        )
        entry.detail |= {"late_days": late, "client": found.client_id}
        if added is not None:
            entry.detail |= {"grant": added.grant.grant_id, "replaced": added.replaced}


def demand_owner(officer: Officer, found: Application) -> None:
    """DeniedError ``ACC-APPLICATION-OWNER``, ``ACC-ROLE-MISSING``: only a steward of the owning department."""
    if officer.department != found.owner:
        raise DeniedError("ACC-APPLICATION-OWNER")
    if "steward" not in officer.roles:
        raise DeniedError("ACC-ROLE-MISSING", role="steward")


def today(serving: Serving) -> date:
    """The day it is in the city."""
    return datetime.now(zone(serving)).date()


def zone(serving: Serving) -> ZoneInfo:
    return ZoneInfo(serving.city.timezone)


def _demand_other(officer: Officer, found: Application) -> None:
    if officer.actor.name == found.client_id:
        raise DeniedError("ACC-APPLICATION-OWN")
