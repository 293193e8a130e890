"""Protected persons: for whom a uid does not exist, and for whom it takes a purpose (authorise, road out)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from jishi.access.grants import Grant
from jishi.errors import DeniedError, Fault
from jishi.registers.register import Register
from jishi_api.caller import Stated
from jishi_api.callers_stub import Protected

HIDDEN = "hidden"


def hidden_from(
    protections: Mapping[UUID, Protected], register: Register, grant: Grant, stated: Stated
) -> tuple[UUID, ...]:
    """The uids that are as if they were not: hidden persons, for whoever lacks the right ``protected``. In a collection that is
    paged through, those that take another purpose too, which no right makes up for."""
    able = "protected" in grant.rights
    return tuple(
        uid
        for uid, protection in protections.items()
        if protection.register == register.name
        and (
            not able
            if protection.level == HIDDEN
            else not register.personal and stated.purpose not in protection.purposes
        )
    )


def demand_purpose(
    protections: Mapping[UUID, Protected], register: Register, stated: Stated, uids: Iterable[UUID]
) -> None:
    """DeniedError ``ACC-DENIED`` where one of ``uids`` is shown for certain purposes only and none of them is stated."""
    if any(takes_purpose(protections, stated, uid) for uid in uids):
        raise DeniedError(
            "ACC-DENIED", faults=(Fault("purpose", "ACC-PROTECTED-PURPOSE"),), collection=register.collection
        )


def takes_purpose(protections: Mapping[UUID, Protected], stated: Stated, uid: UUID) -> bool:
    """Whether ``uid`` is shown for purposes of which none is stated."""
    protection = protections.get(uid)
    return protection is not None and protection.level != HIDDEN and stated.purpose not in protection.purposes
