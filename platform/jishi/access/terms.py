"""The terms 条款 of a grant before it is one: what an operator or an applying department wants, and all that is wrong with it.

The command line and applications speak the same terms and are told the same faults (beside the road out).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from jishi.access.grants import PURPOSE, PURPOSE_LIMIT, RIGHTS, differs_masked
from jishi.errors import Fault
from jishi.registers.catalogue_entry import Sharing, entry_of
from jishi.registers.derived import Asked, derived_of, read
from jishi.registers.register import Register

ALL = "*"
ROWS_LIMIT = 2000
BASIS_LIMIT = 500
GREATEST_RATE = 1_000_000
GREATEST_QUOTA = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Terms:
    """What a grant is to say of ``register``, unchecked. ``elements``: all that are granted, masked unless in ``clear``;
    ``*`` in either means each element (in ``clear``: each one granted). ``rights`` of :data:`RIGHTS`. An empty ``basis``
    takes the catalogue's word where it shares without condition.
    """

    register: Register
    elements: tuple[str, ...] = ()
    clear: tuple[str, ...] = ()
    derived: tuple[str, ...] = ()
    rows: str | None = None
    purposes: tuple[str, ...] = ()
    case_required: bool = False
    rate_per_minute: int | None = None
    quota_per_day: int | None = None
    rights: tuple[str, ...] = ()
    basis: str = ""
    valid_until: datetime | None = None

    @property
    def granted(self) -> frozenset[str]:
        """The elements named, all of the register's for ``*``."""
        known = self.register.elements
        return frozenset(known) if ALL in self.elements else frozenset(self.elements)

    @property
    def in_clear(self) -> frozenset[str]:
        """Of these the clear ones: those named, and those whose mask changes nothing."""
        named = self.granted if ALL in self.clear else self.granted & frozenset(self.clear)
        known = self.register.elements
        return named | {name for name in self.granted & known.keys() if not differs_masked(known[name])}

    @property
    def masked(self) -> frozenset[str]:
        return self.granted - self.in_clear

    @property
    def derived_names(self) -> frozenset[str]:
        """Derived elements by their canonical spelling; without an argument for any."""
        return frozenset(_canonical(self.register, text) for text in self.derived)

    def ending(self, until: datetime) -> Terms:
        """The same terms with another end."""
        return replace(self, valid_until=until)

    @property
    def sharing(self) -> Sharing:
        return entry_of(self.register).sharing

    @property
    def basis_stated(self) -> str:
        """The basis; of what is shared without condition the catalogue is one."""
        return self.basis or ("catalogue" if self.sharing is Sharing.UNCONDITIONAL else "")


def document(terms: Terms) -> dict[str, object]:
    """The terms as JSON, in the words of the command line; :func:`read_document` reads them back."""
    return {
        "elements": list(terms.elements),
        "clear": list(terms.clear),
        "derived": list(terms.derived),
        "rows": terms.rows,
        "purposes": list(terms.purposes),
        "case_required": terms.case_required,
        "rate_per_minute": terms.rate_per_minute,
        "quota_per_day": terms.quota_per_day,
        "rights": list(terms.rights),
        "valid_until": None if terms.valid_until is None else terms.valid_until.isoformat(),
    }


def read_document(register: Register, told: Mapping[str, Any], basis: str) -> Terms:
    """What :func:`document` wrote."""
    until = told["valid_until"]
    return Terms(
        register,
        elements=tuple(told["elements"]),
        clear=tuple(told["clear"]),
        derived=tuple(told["derived"]),
        rows=told["rows"],
        purposes=tuple(told["purposes"]),
        case_required=told["case_required"],
        rate_per_minute=told["rate_per_minute"],
        quota_per_day=told["quota_per_day"],
        rights=tuple(told["rights"]),
        basis=basis,
        valid_until=None if until is None else datetime.fromisoformat(until),
    )


def faults_of_terms(terms: Terms) -> tuple[Fault, ...]:
    """Everything that stands against them, by member and name; none = a grant may say so."""
    return (*_of_elements(terms), *_of_derived(terms), *_of_conditions(terms), *_of_sharing(terms))


def _of_elements(terms: Terms) -> Iterator[Fault]:
    register = terms.register
    if not terms.elements and not terms.derived:
        yield Fault("elements", "ACC-GRANT-EMPTY")
    for name in sorted(terms.granted - register.elements.keys()):
        yield Fault(f"elements: {_short(name)}", "ACC-GRANT-ELEMENT", {"register": register.collection})
    for name in sorted(set(terms.clear) - {ALL} - terms.granted):
        code = "ACC-GRANT-CLEAR" if name in register.elements else "ACC-GRANT-ELEMENT"
        yield Fault(f"clear: {_short(name)}", code, {"register": register.collection})


def _of_derived(terms: Terms) -> Iterator[Fault]:
    bare = derived_of(terms.register)
    for text in sorted(set(terms.derived) - bare.keys()):
        asked = read(terms.register, text)
        if isinstance(asked, Fault):
            yield Fault(f"derived: {asked.name}", asked.code, asked.values)


def _of_conditions(terms: Terms) -> Iterator[Fault]:
    for name in sorted(set(terms.rights) - set(RIGHTS)):
        yield Fault(f"rights: {_short(name)}", "ACC-GRANT-RIGHT", {"known": ", ".join(RIGHTS)})
    if terms.rows is not None and (not terms.rows.strip() or len(terms.rows) > ROWS_LIMIT or "\0" in terms.rows):
        yield Fault("rows", "ACC-GRANT-FILTER", {"longest": ROWS_LIMIT})
    for code in sorted(set(terms.purposes)):
        if not PURPOSE.fullmatch(code):
            yield Fault("purposes", "ACC-GRANT-PURPOSE", {"longest": PURPOSE_LIMIT})
    for name, number, greatest, example in (
        ("rate", terms.rate_per_minute, GREATEST_RATE, "60/min"),
        ("quota", terms.quota_per_day, GREATEST_QUOTA, "1000/day"),
    ):
        if number is not None and not 0 < number <= greatest:
            yield Fault(name, "ACC-GRANT-NUMBER", {"greatest": greatest, "example": example})


def _of_sharing(terms: Terms) -> Iterator[Fault]:
    entry = entry_of(terms.register)
    if entry.sharing is Sharing.NONE:
        yield Fault("sharing", "ACC-GRANT-NOT-SHARED", {"basis": entry.basis})
    basis = terms.basis_stated
    if not basis.strip() or len(basis) > BASIS_LIMIT or "\0" in basis:
        yield Fault("basis", "ACC-GRANT-BASIS", {"longest": BASIS_LIMIT, "condition": entry.condition or "-"})


def _canonical(register: Register, text: str) -> str:
    asked = read(register, text)
    return asked.text if isinstance(asked, Asked) else text


def _short(name: str) -> str:
    return name if len(name) <= 80 else f"{name[:80]}…"
