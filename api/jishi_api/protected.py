"""Protected persons: for whom a uid does not exist, and for whom it takes a purpose (authorise, road out)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from uuid import UUID

from jishi.access.grants import Grant
from jishi.access.protection import RIGHT, Protection, Visibility, visible
from jishi.errors import DeniedError, Fault
from jishi.registers.register import Register
from jishi_api.caller import Stated

if TYPE_CHECKING:
    from jishi_api.asked import Asked
    from jishi_api.serving import Serving

HIDDEN = "hidden"


def hidden_from(
    protections: Mapping[UUID, Protection], register: Register, grant: Grant, stated: Stated
) -> tuple[UUID, ...]:
    """The uids that are as if they were not: hidden persons, for whoever lacks the right ``protected``. In a collection that is
    paged through, those that take another purpose too, which no right makes up for."""
    return tuple(
        uid
        for uid, protection in protections.items()
        if protection.register == register.name
        and (
            (protection.level == HIDDEN and RIGHT not in grant.rights)
            or (protection.level != HIDDEN and not register.personal and stated.purpose not in protection.purposes)
        )
    )


async def demand_purpose(serving: Serving, asked: Asked, uids: Iterable[UUID]) -> None:
    """DeniedError ``ACC-DENIED`` where one of ``uids`` is shown for certain purposes only and none of them is stated; the
    auditors are told."""
    meant = [uid for uid in uids if takes_purpose(asked, uid)]
    if meant:
        await serving.protections.alert(meant, asked.caller.client.client_id, asked.request_id)
        raise DeniedError(
            "ACC-DENIED", faults=(Fault("purpose", "ACC-PROTECTED-PURPOSE"),), collection=asked.register.collection
        )


def takes_purpose(asked: Asked, uid: UUID) -> bool:
    """Whether ``uid`` is shown for purposes of which none is stated."""
    return visible(asked.protections.get(uid), asked.grant, asked.stated.purpose) is Visibility.PURPOSE
