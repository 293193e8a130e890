"""The shapes a search of persons, certificates and credit records may take, and no other (plan, road out).

Plain data: what a department may know of a subject it looks for. A criterion names one of several elements; every
criterion of a shape must be met, and nothing beside them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MOST_HITS = 10
MOST_HITS_AT_ADDRESS = 30
SHORTEST_PREFIX = 2
DIVISION_LENGTHS = (6, 9, 12)

ADDRESS = "address_uid"
"""The one criterion that is no element: the uid of the address, by relation."""

ADDRESS_RELATION = "located_at"
ADDRESS_ELEMENT = "residence_address"
"""What a grant must hold to look for whoever is at an address."""


class How(StrEnum):
    """How a criterion is compared."""

    NUMBER = "number"  # by the identifier table, normalised
    EQUAL = "equal"  # normalised text, or the whole of a date
    PREFIX = "prefix"  # beginning of a name, two characters or more
    DIVISION = "division"  # a division code from the county down, with all below it
    ADDRESS = "address"  # uid of a place


@dataclass(frozen=True, slots=True)
class Criterion:
    """One of ``elements``, compared ``how``."""

    how: How
    elements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """``name`` is what a 400 lists."""

    name: str
    criteria: tuple[Criterion, ...]
    most: int = MOST_HITS

    @property
    def is_wide(self) -> bool:
        """Whether many rows may have to be read to find a few."""
        return any(criterion.how is How.PREFIX for criterion in self.criteria)


def _number(*elements: str) -> Criterion:
    return Criterion(How.NUMBER, elements)


def _equal(*elements: str) -> Criterion:
    return Criterion(How.EQUAL, elements)


_NAME, _BIRTH = _equal("full_name"), _equal("birth_date")
_DIVISION = Criterion(How.DIVISION, ("hukou_division_code",))

SHAPES: dict[str, tuple[Shape, ...]] = {
    "natural_person": (
        Shape("identifier", (_number("id_number", "other_id_number"),)),
        Shape("name + birth date", (_NAME, _BIRTH)),
        Shape("name + division", (_NAME, _DIVISION)),
        Shape("name prefix + birth date + division", (Criterion(How.PREFIX, ("full_name",)), _BIRTH, _DIVISION)),
        Shape("mobile + name", (_equal("mobile"), _NAME)),
        Shape("address uid", (Criterion(How.ADDRESS, (ADDRESS,)),), MOST_HITS_AT_ADDRESS),
    ),
    "certificate": (
        Shape("identifier", (_number("cert_identifier"),)),
        Shape("holder number", (_number("holder_code", "holder2_code"),)),
        Shape("printed number + issuer", (_equal("cert_no"), _equal("issuer_name", "issuer_code"))),
    ),
    "credit_record": (
        Shape("subject number", (_number("cp_uscc", "cp_reg_no", "cp_org_code", "cp_tax_no", "cp_id_no"),)),
        Shape("decision number + organ", (_equal("decision_doc_no"), _equal("organ_name", "organ_uscc"))),
    ),
}
"""Register name → shapes of its search."""

KEYS: dict[str, tuple[Shape, ...]] = {
    "legal_entity": (
        Shape("identifier", (_number("uscc", "reg_no_legacy"),)),
        Shape("name", (_equal("entity_name"),)),
    ),
    "place": (
        Shape("address code", (_number("address_code"),)),
        Shape("division code", (_equal("division_code"),)),
        Shape("division code + system", (_equal("division_code"), _equal("code_system"))),
    ),
}
"""Register name → what names one entity to ``/verify`` where the register has no search shapes."""

INACTIVE: dict[str, tuple[str, tuple[str, ...]]] = {
    "natural_person": ("person_status_code", ("2", "3", "5")),
    "certificate": ("cert_status", ("03", "04", "05", "07")),
    "credit_record": ("current_state", ("2",)),
}
"""Register name → element and values that say it is over though the record stands: the dead, the cancelled, the expired.
They are found only on request and by the right ``inactive``."""


def shapes_of(register_name: str) -> tuple[Shape, ...]:
    """What may name an entity of a register."""
    return SHAPES.get(register_name) or KEYS.get(register_name, ())


def listed(register_name: str) -> str:
    """The names of a register's shapes, as a message lists them."""
    return "; ".join(shape.name for shape in shapes_of(register_name))
