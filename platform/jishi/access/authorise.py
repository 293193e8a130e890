"""Whether a grant permits what is wanted, and every reason why it does not (authorise, road out).

One function for every channel: requests, ``/me/plan``, exports, console pages and commands ask it and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from jishi.access.grants import Grant
from jishi.errors import DeniedError, Fault
from jishi.registers.register import Register


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks for. ``elements`` go into the answer; ``compared`` are filtered on by anything but equality of
    a search shape; ``matched`` by exactly that; ``sorted_by`` order it. ``clear`` demands elements unmasked. ``rights``:
    of :data:`jishi.access.grants.RIGHTS`.
    """

    elements: frozenset[str] = frozenset()
    clear: frozenset[str] = frozenset()
    compared: frozenset[str] = frozenset()
    matched: frozenset[str] = frozenset()
    sorted_by: frozenset[str] = frozenset()
    rights: frozenset[str] = frozenset()
    purpose: str | None = None
    case_no: str | None = None


def authorise(register: Register, grant: Grant | None, wanted: Wanted, at: datetime) -> Grant:
    """The grant, if it permits all of it. Raises DeniedError ``ACC-DENIED`` with every reason; see :func:`faults_of`."""
    faults = faults_of(register, grant, wanted, at)
    if grant is None or faults:
        raise DeniedError("ACC-DENIED", faults=faults, collection=register.collection)
    return grant


def faults_of(register: Register, grant: Grant | None, wanted: Wanted, at: datetime) -> tuple[Fault, ...]:
    """Every reason against it, by element or member at fault; none = permitted."""
    if grant is None:
        return (Fault(register.collection, "ACC-NO-GRANT"),)
    if not grant.in_force(at):
        return (Fault(register.collection, "ACC-GRANT-ENDED"),)
    faults = [*_of_purpose(grant, wanted)]
    faults += [Fault(name, "ACC-ELEMENT") for name in sorted(wanted.elements) if not grant.holds(name)]
    faults += [Fault(name, "ACC-ELEMENT-MASKED") for name in sorted(wanted.clear & grant.masked)]
    faults += [
        Fault(name, "ACC-ELEMENT-COMPARED") for name in sorted((wanted.compared | wanted.sorted_by) - grant.clear)
    ]
    known = grant.clear | grant.masked if "exact" in grant.rights else grant.clear
    faults += [Fault(name, "ACC-ELEMENT-COMPARED") for name in sorted(wanted.matched - wanted.compared - known)]
    faults += [Fault(name, "ACC-RIGHT", {"right": name}) for name in sorted(wanted.rights - grant.rights)]
    return tuple(faults)


def _of_purpose(grant: Grant, wanted: Wanted) -> list[Fault]:
    faults = []
    if grant.purposes and wanted.purpose is None:
        faults.append(Fault("purpose", "ACC-PURPOSE-MISSING", {"known": ", ".join(sorted(grant.purposes))}))
    elif grant.purposes and wanted.purpose not in grant.purposes:
        faults.append(Fault("purpose", "ACC-PURPOSE", {"known": ", ".join(sorted(grant.purposes))}))
    if grant.case_required and not (wanted.case_no or "").strip():
        faults.append(Fault("case_no", "ACC-CASE-MISSING"))
    return faults
