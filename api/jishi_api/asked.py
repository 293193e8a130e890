"""Who asks, on which register, for what purpose: what every data path reads of a request first (plan, road out)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_to_bytes
from uuid import UUID

from starlette.requests import Request

from jishi.access.authorise import Wanted, authorise
from jishi.access.grants import Grant
from jishi.access.protection import Protection
from jishi.errors import CallerError, Fault
from jishi.registers.register import Register
from jishi.stewardship.disputes import Standing
from jishi_api.auth import caller_of
from jishi_api.caller import Caller, Stated
from jishi_api.limits import spend
from jishi_api.protected import hidden_from
from jishi_api.serving import Serving

Body = Mapping[str, Any]
STATED_LIMIT = 200
_STATED = {"purpose": "x-purpose", "case_no": "x-case-no"}


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to one register, its caller's grant found; ``hidden``: uids that do not exist for this caller;
    ``disputed``: values that bear a flag now."""

    request_id: UUID
    caller: Caller
    register: Register
    grant: Grant
    stated: Stated
    hidden: tuple[UUID, ...]
    protections: Mapping[UUID, Protection]
    request: Request
    disputed: Standing = field(default_factory=dict)

    def authorise(self, wanted: Wanted) -> None:
        """DeniedError ``ACC-DENIED`` with every reason against it."""
        stated = replace(wanted, purpose=self.stated.purpose, case_no=self.stated.case_no)
        authorise(self.register, self.grant, stated, datetime.now(UTC))


async def ask(request: Request, serving: Serving, register: Register) -> Asked:
    """Authenticate and find the grant; DeniedError where there is neither, before anything else of the request is read."""
    return await asked_of(request, serving, await caller_of(request), register, {})


async def ask_posted(
    request: Request, serving: Serving, register: Register, members: frozenset[str]
) -> tuple[Asked, Body]:
    """As :func:`ask`, where the body has its own ``members`` and may state purpose and case; nobody's body is not read."""
    caller = await caller_of(request)
    body = await read_body(request, members)
    return await asked_of(request, serving, caller, register, body), body


async def asked_of(request: Request, serving: Serving, caller: Caller, register: Register, body: Body) -> Asked:
    """As :func:`ask`, of a caller known already."""
    stated = stated_of(request, body)
    grant = caller.grant_on(register)
    if grant is None or not grant.in_force(datetime.now(UTC)):
        grant = authorise(register, grant, Wanted(), datetime.now(UTC))
    spend(request, serving.rates.take(grant))
    protections = await serving.protections.now()
    hidden = hidden_from(protections, register, grant, stated) if protections else ()
    disputed = await serving.disputes.now()
    return Asked(
        UUID(request.state.request_id), caller, register, grant, stated, hidden, protections, request, disputed
    )


async def read_body(request: Request, known: frozenset[str]) -> Body:
    """The JSON object of a request; CallerError ``QRY-PARAMETERS`` where it is none or has members nobody knows.

    ``known`` are the members of this path; those that state purpose and case are everybody's.
    """
    raw = await request.body()
    try:
        body = json.loads(raw, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise CallerError("QRY-PARAMETERS", faults=(Fault("body", "QRY-BODY-JSON"),)) from error
    if not isinstance(body, dict):
        raise CallerError("QRY-PARAMETERS", faults=(Fault("body", "QRY-BODY-JSON"),))
    unknown = sorted(body.keys() - known - _STATED.keys())
    if unknown:
        faults = tuple(Fault(name[:80], "QRY-UNKNOWN-PARAMETER") for name in unknown[:20])
        raise CallerError("QRY-PARAMETERS", faults=faults)
    return body


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands twice")
    return found


def _refuse(_: str) -> None:
    raise ValueError("not a number of JSON")


def stated_of(request: Request, body: Body) -> Stated:
    """Purpose and case as headers or body say them; CallerError ``QRY-PARAMETERS`` with every fault."""
    faults: list[Fault] = []
    found = {name: _one(request, header, name, body, faults) for name, header in _STATED.items()}
    if faults:
        raise CallerError("QRY-PARAMETERS", faults=tuple(faults))
    return Stated(found["purpose"], found["case_no"])


def _one(request: Request, header: str, name: str, body: Body, faults: list[Fault]) -> str | None:
    """From the header (percent-encoded UTF-8) or the body; said twice it must be said alike."""
    said: list[str] = []
    for text in request.headers.getlist(header):
        try:
            said.append(unquote_to_bytes(text).decode())
        except UnicodeDecodeError:
            faults.append(Fault(name, "QRY-VALUE-STATED", {"longest": STATED_LIMIT}))
    if name in body and body[name] is not None:
        said.append(body[name])
    for text in said:
        if not isinstance(text, str) or not text.strip() or len(text) > STATED_LIMIT or not text.isprintable():
            faults.append(Fault(name, "QRY-VALUE-STATED", {"longest": STATED_LIMIT}))
            return None
    if len(set(said)) > 1:
        faults.append(Fault(name, "QRY-GIVEN-TWICE"))
    return said[0] if said else None
