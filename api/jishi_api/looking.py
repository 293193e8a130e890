"""What an officer looks at is disclosed before it is shown, as every value is (disclose, road out)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from starlette.requests import Request

from jishi.access.disclosures import Disclosure, digest_of
from jishi.access.officer import Officer
from jishi.registers.register import Register
from jishi_api.serving import Serving

Channel = Literal["api", "console"]


async def look(
    request: Request,
    serving: Serving,
    officer: Officer,
    channel: Channel,
    act: str,
    register: Register | None,
    question: object,
    *,
    masked: Sequence[str] = (),
    clear: Sequence[str] = (),
    subjects: Sequence[UUID] = (),
    misses: int = 0,
    purpose: str | None = None,
    case_no: str | None = None,
) -> None:
    """Durable when it returns; an error means that nothing may be shown.

    ``masked`` and ``clear`` name elements, of rows that no entity stands behind yet too: such a row has no subject, and
    ``question`` (kept as a keyed digest) says which row it was.
    """
    found = bool(subjects or masked or clear)
    await serving.log.write(
        Disclosure(
            request_id=UUID(request.state.request_id),
            channel=channel,
            act=act,
            caller_kind=officer.actor.kind,
            caller=officer.actor.name,
            department=officer.department,
            grant_id=None,
            purpose=purpose,
            case_no=case_no,
            register=register.number if register else None,
            masked=tuple(masked),
            clear=tuple(clear),
            subjects=tuple(subjects),
            misses=misses,
            query_digest=digest_of(serving.query_key, [act, question]),
            result="ok" if found else "none",
        )
    )
