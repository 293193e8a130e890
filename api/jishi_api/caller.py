"""Who asks and for what: the client, what it is granted, and the purpose and case stated (authenticate, road out)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jishi.access.clients import Client
from jishi.access.grants import Grant, standing
from jishi.registers.register import Register


@dataclass(frozen=True, slots=True)
class Caller:
    """A client as the process knows it now. ``grants``: register name → the grant that is not revoked."""

    client: Client
    grants: Mapping[str, Grant] = field(default_factory=dict)

    def grant_on(self, register: Register) -> Grant | None:
        """The client's own grant; without one the standing grant of a register that is not personal, else None."""
        own = self.grants.get(register.name)
        if own is not None or register.personal:
            return own
        return standing(self.client.client_id, register)


@dataclass(frozen=True, slots=True)
class Stated:
    """What the caller says the request is for; None = not said."""

    purpose: str | None = None
    case_no: str | None = None
