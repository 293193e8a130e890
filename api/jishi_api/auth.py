"""Who asks, of a request: the caller behind its API key or access token (authenticate, road out)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from jishi.access.clients import Client
from jishi.errors import DeniedError
from jishi_api.caller import Caller
from jishi_api.credentials import digest_of, is_basic
from jishi_api.serving import serving_of

if TYPE_CHECKING:
    from asyncpg import Connection

HEADER = "X-API-Key"


async def caller_of(request: Request) -> Caller:
    """The caller with the grants it holds; errors of :meth:`jishi_api.callers.Callers.of`."""
    callers = serving_of(request).callers
    headers = request.scope["headers"]
    if request.method != "GET" and is_basic(headers):  # a browser sends it by itself, whoever made it ask
        raise DeniedError("ACC-TOKEN")
    caller = callers.known(headers) or await callers.of(headers, address_of(request))
    request.state.caller = caller
    return caller


async def caller_if_any(request: Request) -> Caller | None:
    """As :func:`caller_of`; None where the request carries no credential at all."""
    return await caller_of(request) if digest_of(request.scope["headers"]) is not None else None


async def authenticate(connection: Connection[Any], request: Request) -> Client:
    """The client alone, for routes that need no grant; its lookup takes no lane of the request's."""
    return (await caller_of(request)).client


async def authenticate_role(connection: Connection[Any], request: Request, role: str) -> Client:
    """As :func:`authenticate`, for a client that has ``role`` (``ACC-ROLE-MISSING``)."""
    client = await authenticate(connection, request)
    if role not in client.roles:
        raise DeniedError("ACC-ROLE-MISSING", role=role)
    return client


def address_of(request: Request) -> str:
    """The address the request came from, by the server's word; kept in memory to limit guessing and nowhere else."""
    return request.client.host if request.client else ""
