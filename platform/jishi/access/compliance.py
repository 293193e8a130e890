"""The compliance check 合规性审查 of an application: fixed questions, each answered by yes or no with its reason.

Nothing here weighs or decides: what passes goes to the owning department, what does not goes back to who asks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from jishi.access.grants import Grant
from jishi.access.terms import ALL, Terms
from jishi.errors import Fault
from jishi.registers.catalogue_entry import Sharing, entry_of
from jishi.registers.derived import base_of, derived_of
from jishi.registers.element import Sensitivity

CHECKS = ("sharing", "basis", "purposes", "term", "named", "minimal", "case", "duplicate")
"""What is asked, in this order."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One question's answer; ``faults`` say why it is no, none = passed."""

    check: str
    faults: tuple[Fault, ...]

    @property
    def passed(self) -> bool:
        return not self.faults


def examine(terms: Terms, in_force: Grant | None, at: datetime) -> tuple[Finding, ...]:
    """All of :data:`CHECKS`. ``in_force``: what the client is granted on the register already."""
    found = [*_of_conditions(terms, at), *_of_minimum(terms)]
    if in_force is not None and in_force.in_force(at) and holds_all(in_force, terms):
        found.append(("duplicate", Fault("elements", "ACC-CHECK-DUPLICATE", {"grant": in_force.grant_id})))
    return tuple(Finding(check, tuple(fault for name, fault in found if name == check)) for check in CHECKS)


def holds_all(grant: Grant, terms: Terms) -> bool:
    """Whether everything the terms ask for is granted already, under no harder condition and for as long."""
    return (
        terms.granted <= grant.elements
        and terms.in_clear <= grant.clear
        and all(grant.holds(name) for name in terms.derived_names)
        and frozenset(terms.rights) <= grant.rights
        and (not grant.purposes or (bool(terms.purposes) and frozenset(terms.purposes) <= grant.purposes))
        and grant.rows in (None, terms.rows)
        and (terms.case_required or not grant.case_required)
        and _at_least(grant.rate_per_minute, terms.rate_per_minute)
        and _at_least(grant.quota_per_day, terms.quota_per_day)
        and (grant.valid_until is None or (terms.valid_until is not None and terms.valid_until <= grant.valid_until))
    )


def _of_conditions(terms: Terms, at: datetime) -> Iterator[tuple[str, Fault]]:
    entry = entry_of(terms.register)
    if entry.sharing is Sharing.NONE:
        yield "sharing", Fault("sharing", "ACC-GRANT-NOT-SHARED", {"basis": entry.basis})
    if not terms.basis.strip():
        yield "basis", Fault("basis", "ACC-CHECK-BASIS")
    if entry.sharing is Sharing.CONDITIONAL and not terms.purposes:
        yield "purposes", Fault("purposes", "ACC-CHECK-PURPOSES")
    if terms.valid_until is None or terms.valid_until <= at:
        yield "term", Fault("until", "ACC-CHECK-TERM")


def _of_minimum(terms: Terms) -> Iterator[tuple[str, Fault]]:
    """Minimum necessity 最小必要: nothing asked for in the lump, nothing beside what would do, nothing grave without a case."""
    register = terms.register
    if register.personal and ALL in (*terms.elements, *terms.clear):
        yield "named", Fault("elements", "ACC-CHECK-NAMED")
    known = derived_of(register)
    for text in sorted(terms.derived_names):
        needs = known[base_of(text)].needs
        for name in sorted(terms.granted & frozenset(needs)):
            yield "minimal", Fault(name, "ACC-CHECK-MINIMAL", {"derived": text})
    if not terms.case_required:
        for name in sorted(terms.in_clear & register.elements.keys()):
            if register.elements[name].sensitivity is Sensitivity.SPI:
                yield "case", Fault(name, "ACC-CHECK-CASE")


def _at_least(granted: int | None, wanted: int | None) -> bool:
    return granted is None or (wanted is not None and wanted <= granted)
