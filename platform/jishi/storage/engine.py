"""Connections: the one way every step of the road reaches PostgreSQL, with the session settings all rely on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import asyncpg

from jishi.errors import InternalError

if TYPE_CHECKING:
    from asyncpg import Connection, Pool

SEARCH_PATH = "jishi, stage, public"

LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
"""How a connection that the server has dropped shows itself, in the driver's various states of knowing it."""

_Result = TypeVar("_Result")


async def connect(
    url: str, *, role: str | None = None, application: str = "jishi", timeout_s: float = 60, kept_statements: int = 100
) -> Connection[Any]:
    """One connection; ``role`` acts as that role from the first statement on; ``STO-CONNECT`` if unreachable.

    ``kept_statements``: prepared statements that are kept, for as long as the connection lives.
    """
    try:
        return await asyncpg.connect(
            url,
            server_settings=_session(application, role),
            timeout=timeout_s,
            statement_cache_size=kept_statements,
            max_cached_statement_lifetime=0,
        )
    except _UNREACHABLE as error:
        raise InternalError("STO-CONNECT", reason=type(error).__name__) from error


async def pool(url: str, size: int, *, role: str | None = None, application: str = "jishi") -> Pool[Any]:
    """An open pool of at most ``size`` connections; the caller closes it."""
    try:
        return await asyncpg.create_pool(url, min_size=1, max_size=size, server_settings=_session(application, role))
    except _UNREACHABLE as error:
        raise InternalError("STO-CONNECT", reason=type(error).__name__) from error


def psycopg_url(url: str, *, application: str = "jishi") -> str:
    """The same database for a synchronous SQLAlchemy engine (Great Expectations' own), session settings included."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    settings = {**_session(application, None), "search_path": SEARCH_PATH.replace(" ", "")}
    settings.pop("application_name")
    chosen = [query.get("options", ""), *(f"-c {name}={value}" for name, value in settings.items())]
    query["options"] = " ".join(part for part in chosen if part)
    query.setdefault("application_name", application)
    return urlunsplit(("postgresql+psycopg", parts.netloc, parts.path, urlencode(query, quote_via=quote, safe="/"), ""))


def as_role(url: str, role: str) -> str:
    """The same URL, whose sessions act as ``role`` from their first statement on (needs membership in the role)."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    query["options"] = " ".join(part for part in (query.get("options", ""), f"-c role={role}") if part)
    return urlunsplit(parts._replace(query=urlencode(query, quote_via=quote, safe="/")))


def to_database(url: str, name: str) -> str:
    """The same server and user, another database."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{quote(name)}"))


def wait(work: Coroutine[Any, Any, _Result]) -> _Result:
    """Run ``work`` to its end from synchronous code; where a loop already runs in this thread, beside it in another."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    outcome: list[_Result] = []
    failure: list[BaseException] = []

    def beside() -> None:
        try:
            outcome.append(asyncio.run(work))
        except BaseException as error:  # noqa: BLE001  handed to the waiting thread as it is
            failure.append(error)

    thread = threading.Thread(target=beside, name="jishi-storage")
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return outcome[0]


_UNREACHABLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


def _session(application: str, role: str | None) -> dict[str, str]:
    settings = {"timezone": "UTC", "application_name": application, "search_path": SEARCH_PATH, "jit": "off"}
    return settings if role is None else {**settings, "role": role}
