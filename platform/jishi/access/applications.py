"""Data-sharing applications 共享申请: who asks a department for its data, and the steps until a grant or a refusal.

``applied → checked → granted | refused``; what does not pass the check is ``returned``, and until it is answered an
application may be ``withdrawn``. A returned one is over: who still wants it asks anew, so that what was refused and why
stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from jishi.access.terms import Terms, faults_of_terms
from jishi.errors import CallerError, Fault
from jishi.registers.catalogue_entry import Sharing
from jishi.settings import SharingTerms

STATUSES = ("applied", "returned", "checked", "refused", "granted", "withdrawn")
STEPS = ("apply", "return", "check", "refuse", "grant", "withdraw")

TRANSITIONS: Mapping[tuple[str, str], str] = {
    ("applied", "check"): "checked",
    ("applied", "return"): "returned",
    ("applied", "withdraw"): "withdrawn",
    ("checked", "grant"): "granted",
    ("checked", "refuse"): "refused",
    ("checked", "withdraw"): "withdrawn",
}
"""(status, step) → status; every other pair is unlawful."""


@dataclass(frozen=True, slots=True)
class Application:
    """``department``: USCC of who asks, ``owner``: of who answers. ``answer_due`` is known once it is checked; ``grant_id``
    once it is granted.
    """

    application_id: int
    client_id: str
    department: str
    owner: str
    terms: Terms
    reason: str
    status: str
    applied_at: datetime
    check_due: date
    answer_due: date | None
    grant_id: int | None


@dataclass(frozen=True, slots=True)
class Step:
    """``late_days``: working days past the day on which it was due."""

    taken_at: datetime
    actor: str
    step: str
    reasons: str
    late_days: int


def following(status: str, step: str) -> str:
    """The status after ``step``; CallerError ``ACC-APPLICATION-STEP`` where it may not be taken."""
    after = TRANSITIONS.get((status, step))
    if after is None:
        raise CallerError("ACC-APPLICATION-STEP", status=status, step=step)
    return after


def answer_days(terms: Terms, sharing: SharingTerms) -> int:
    """Working days the owner has, by the catalogue's sharing type."""
    unconditional = terms.sharing is Sharing.UNCONDITIONAL
    return sharing.answer_days_unconditional if unconditional else sharing.answer_days_conditional


def faults_of_wish(terms: Terms) -> tuple[Fault, ...]:
    """What makes an application unreadable; whether it may be is asked by the check."""
    return tuple(fault for fault in faults_of_terms(terms) if fault.name not in ("basis", "sharing"))
