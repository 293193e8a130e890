"""Up to when what was known can be told: an answer of it must never change (authorise, road out)."""

from __future__ import annotations

from jishi.errors import CallerError, Fault
from jishi.registers.register import Register
from jishi_api import as_of
from jishi_api.clock import KNOWN_AT, Clock, instant_text
from jishi_api.serving import Serving


async def check_known(serving: Serving, register: Register, clock: Clock | None) -> None:
    """CallerError ``QRY-KNOWN-LATER`` for an instant later than what the register has recorded last: more could be recorded
    before it, and an answer of what was known must never change."""
    if clock is None or clock.known is None:
        return
    newest = await serving.lanes.fetchval(as_of.NEWEST, register.number)
    if newest is None or clock.known > newest:
        told = "-" if newest is None else instant_text(newest)
        faults = (Fault(KNOWN_AT, "QRY-KNOWN-LATER", {"newest": told}),)
        raise CallerError("QRY-PARAMETERS", faults=faults)
