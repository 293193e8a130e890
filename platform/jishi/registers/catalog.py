"""All registers of this deployment, by name and by collection."""

from __future__ import annotations

from functools import cache

from jishi.errors import NotFoundError
from jishi.registers import certificate, credit_record, legal_entity, natural_person, place
from jishi.registers.register import Register


@cache
def registers() -> dict[str, Register]:
    """Register name → register, in the order of their numbers."""
    found = (
        natural_person.REGISTER,
        legal_entity.REGISTER,
        place.REGISTER,
        credit_record.REGISTER,
        certificate.REGISTER,
    )
    return {register.name: register for register in sorted(found, key=lambda item: item.number)}


def register_of(name: str) -> Register:
    """The register called ``name`` (``legal_entity``) or served as collection ``name`` (``legal-entities``)."""
    for register in registers().values():
        if name in (register.name, register.collection):
            return register
    raise NotFoundError("REG-UNKNOWN", name=name)
