"""Who asks: the client behind an API key (authenticate, road out)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from jishi.access import clients
from jishi.access.clients import Client
from jishi.errors import DeniedError

if TYPE_CHECKING:
    from asyncpg import Connection

HEADER = "X-API-Key"
KEY_LIMIT = 200


async def authenticate(connection: Connection[Any], request: Request) -> Client:
    """The client; DeniedError ``ACC-KEY-MISSING``, ``ACC-KEY-UNKNOWN`` or ``ACC-CLIENT-DISABLED``."""
    key = request.headers.get(HEADER)
    if not key:
        raise DeniedError("ACC-KEY-MISSING")
    client = await clients.authenticate_key(connection, key) if len(key) <= KEY_LIMIT else None
    if client is None:
        raise DeniedError("ACC-KEY-UNKNOWN")
    if client.disabled:
        raise DeniedError("ACC-CLIENT-DISABLED")
    return client


async def authenticate_role(connection: Connection[Any], request: Request, role: str) -> Client:
    """As :func:`authenticate`, for a client that has ``role`` (``ACC-ROLE-MISSING``)."""
    client = await authenticate(connection, request)
    if role not in client.roles:
        raise DeniedError("ACC-ROLE-MISSING", role=role)
    return client
