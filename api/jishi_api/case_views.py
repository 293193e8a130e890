"""What a dispute claims, as each may see it: shared by route and page (disclose, respond)."""

from __future__ import annotations

from starlette.requests import Request

from jishi.access.officer import Officer
from jishi.quality.raw_row import shape
from jishi.registers.element import Sensitivity
from jishi.stewardship import disputes
from jishi.stewardship.disputes import Dispute, Party
from jishi_api.cases import pen_of
from jishi_api.looking import Channel, look
from jishi_api.serving import Serving


async def claim_for(
    request: Request, serving: Serving, viewer: Officer | Party, channel: Channel, found: Dispute
) -> str | None:
    """The claimed value as ``viewer`` may see it, written in the disclosure log where it is a value."""
    claimed = disputes.claim_of(pen_of(serving), found)
    if claimed is None:
        return None
    party = Party(viewer.by, viewer.department) if isinstance(viewer, Officer) else viewer
    clear = found.is_of(party) or found.register.elements[found.element].sensitivity is Sensitivity.N
    if isinstance(viewer, Officer):
        await look(
            request,
            serving,
            viewer,
            channel,
            "dispute",
            found.register,
            found.dispute_id,
            clear=(found.element,) if clear else (),
            masked=() if clear else (found.element,),
            subjects=(found.uid,),
        )
    return claimed if clear else shape(claimed)
