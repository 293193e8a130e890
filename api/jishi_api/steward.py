"""The steward who decides: a client with the role, or a console user by login and password (authenticate, road out)."""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import TYPE_CHECKING, Any
from uuid import UUID

from starlette.requests import Request

from jishi.access import users
from jishi.access.acts import Actor
from jishi.access.officer import Officer
from jishi.errors import DeniedError
from jishi_api.auth import address_of, authenticate_role
from jishi_api.guessing import Guesses

if TYPE_CHECKING:
    from asyncpg import Connection

ROLE = "steward"
CREDENTIAL_LIMIT = 400
_BASIC = "basic "


async def steward_of(connection: Connection[Any], request: Request) -> Officer:
    """Who acts. ``connection`` must be one that may write (attempts to log in are counted) and in no transaction.

    Raises DeniedError ``ACC-ROLE-MISSING``, ``ACC-LOGIN``, ``ACC-GUESSING``, and what authenticating a client raises.
    """
    sent = request.headers.get("Authorization", "")
    if not sent.lower().startswith(_BASIC):
        client = await authenticate_role(connection, request, ROLE)
        return Officer(Actor("client", client.client_id), client.department, client.roles)
    login, password = _basic(sent)
    guesses: Guesses = request.app.state.logins
    guesses.check(address_of(request), login)
    try:
        user = await users.authenticate(connection, login, password, UUID(request.state.request_id))
    except DeniedError:
        guesses.count(address_of(request), login)
        raise
    if ROLE not in user.roles:
        raise DeniedError("ACC-ROLE-MISSING", role=ROLE)
    return Officer(Actor("user", user.login), user.department, user.roles)


def _basic(sent: str) -> tuple[str, str]:
    try:
        text = (
            b64decode(sent[len(_BASIC) :].strip(), validate=True).decode("utf-8")
            if len(sent) <= CREDENTIAL_LIMIT
            else ""
        )
    except (binascii.Error, ValueError):
        text = ""
    login, colon, password = text.partition(":")
    if not colon or "\0" in text:
        raise DeniedError("ACC-LOGIN")
    return login, password
