"""The outermost layer: a correlation id a request, limits, a problem for every error, one line in the log (edge of the
road out).
"""

from __future__ import annotations

import asyncio
import logging
import time
import traceback
import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as FrameworkError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jishi.errors import CallerError, Fault, InternalError, JishiError, NotFoundError
from jishi_api import problem
from jishi_api.limits import (
    BODY_LIMIT_BYTES,
    BODY_TIMEOUT_S,
    BUSY_HOLD_S,
    HEAD_LIMIT_BYTES,
    HEADER_LIMIT,
    SHED_HOLD_S,
    fault_of_head,
    rate_headers,
)
from jishi_api.metrics import METHODS
from jishi_api.pages.problem import for_people
from jishi_api.request_log import RequestLog

if TYPE_CHECKING:
    from jishi_api.serving import Serving

REQUEST_ID = "X-Request-Id"
RANDOM_VERSIONS = (4, 7)
CLIENT_GONE = 499
"""Status in log and metrics of a request whose caller did not wait; nobody is told it."""

ALWAYS = ("/health/", "/metrics")
"""Answered however much there is to do: who watches must not be told that nobody has time."""

log = logging.getLogger("jishi.api")


class Edge:
    """Gives ``request_id`` and ``language`` to the request's state; what nobody caught becomes a 500 without internals.

    A caller's own X-Request-Id is kept if it is a random UUID; anything else might carry a personal value. Routes put
    the caller they recognised into the state as ``caller``, and what a grant still allows as ``allowances``.
    """

    def __init__(self, app: ASGIApp, *, concurrency: int, requests: RequestLog | None = None) -> None:
        self.app = app
        self.concurrency = concurrency
        self.requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started_at = time.perf_counter()
        serving: Serving = scope["app"].state.serving
        given, languages = _read(scope["headers"])
        request_id = _request_id(given)
        state = {**scope.get("state", {}), "request_id": request_id, "language": problem.language_of(languages)}
        state["head"] = scope["method"] == "HEAD"
        method = "GET" if scope["method"] == "HEAD" else scope["method"]  # the server leaves out the body
        scope = {**scope, "state": state, "method": method}
        status = 0
        complete = False

        async def send_on(message: Message) -> None:
            nonlocal status, complete
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), *_HEADERS, (b"x-request-id", request_id.encode())]
                if "allowances" in state:
                    headers += rate_headers(state["allowances"])
                if serving.draining or status in _CLOSING:
                    headers.append((b"connection", b"close"))
                message["headers"] = headers
            else:
                complete = not message.get("more_body", False)
            await send(message)

        serving.metrics.in_flight += 1
        try:
            await self._answer(scope, receive, send_on, serving)
        except ClientDisconnect:
            status = status or CLIENT_GONE
        except Exception as error:
            if not status:
                if isinstance(error, InternalError) and error.code == "QRY-BUSY":
                    await asyncio.sleep(BUSY_HOLD_S)
                await _answer_to(error, Request(scope))(scope, receive, send_on)
            elif not complete:  # too late to say so: the connection breaks off
                raise
        finally:
            serving.metrics.in_flight -= 1
            seconds = time.perf_counter() - started_at
            route, known = _route(scope), method if method in METHODS else "other"
            serving.metrics.answered(route, known, status or CLIENT_GONE, seconds)
            if self.requests is not None:
                client = getattr(getattr(state.get("caller"), "client", None), "client_id", None)
                self.requests.add(route, known, status or CLIENT_GONE, seconds, request_id, client)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, serving: Serving) -> None:
        refused = fault_of_head(scope["headers"], scope.get("raw_path") or b"", scope["query_string"])
        if refused is None and serving.metrics.in_flight > self.concurrency and not scope["path"].startswith(ALWAYS):
            serving.metrics.refused("overload")
            await asyncio.sleep(SHED_HOLD_S)
            refused = InternalError("QRY-OVERLOAD")
        if refused is not None:
            raise refused
        await self.app(scope, _limited(receive), send)


_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
)

_CLOSING = frozenset({408, 413, 431})
"""After these the connection is of no use: what is left of the request may still be on its way."""


def _route(scope: Scope) -> str:
    """The template of the route that answered, else the name of its function; ``-`` where none did. Never the path."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else getattr(scope.get("endpoint"), "__name__", "-")


def _read(headers: list[tuple[bytes, bytes]]) -> tuple[str | None, str | None]:
    """The caller's request id and languages, in one pass."""
    request_id = languages = None
    for name, value in headers:
        if name == b"x-request-id":
            request_id = value.decode("latin-1")
        elif name == b"accept-language":
            languages = value.decode("latin-1")
    return request_id, languages


def _limited(receive: Receive) -> Receive:
    """A body that does not say how long it is, is counted while it comes; one that comes too slowly is given up."""
    received = 0
    deadline = 0.0

    async def receive_on() -> Message:
        nonlocal received, deadline
        if received < 0:  # the body is complete: whoever asks on waits for the caller to go, however long
            return await receive()
        deadline = deadline or asyncio.get_running_loop().time() + BODY_TIMEOUT_S
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408) from None
        received += len(message.get("body", b""))
        if received > BODY_LIMIT_BYTES:
            raise HTTPException(413)
        if not message.get("more_body", False):
            received = -1
        return message

    return receive_on


def handle_errors(app: FastAPI) -> None:
    """Map our own errors, the framework's and faulty bodies to problems."""
    for kind in (JishiError, FrameworkError, RequestValidationError, Exception):
        app.add_exception_handler(kind, _on_error)


async def _on_error(request: Request, error: Exception) -> Response:
    return _answer_to(error, request)


def _answer_to(error: Exception, request: Request) -> Response:
    """The problem of whatever was raised, told in the log where it is ours to mend."""
    language, request_id = request.state.language, request.state.request_id
    if isinstance(error, FrameworkError):
        answer = problem.respond(_of_framework(error), language, request_id)
        answer.headers.update(error.headers or {})
        return for_people(request, answer)
    if isinstance(error, RequestValidationError):
        return problem.respond(_of_body(error), language, request_id)
    if isinstance(error, JishiError):
        if isinstance(error, InternalError) and error.code not in _EXPECTED:
            _tell(error, request_id)
        return for_people(request, problem.respond(error, language, request_id))
    _tell(error, request_id)
    return problem.respond_internal(language, request_id)


_EXPECTED = frozenset({"QRY-BUSY", "QRY-OVERLOAD", "QRY-NOT-READY"})
"""Ours, but no reason for a line in the log each time."""


def _of_framework(error: FrameworkError) -> JishiError:
    """What the framework refuses by itself: no such path, no such method, too long a body."""
    match error.status_code:
        case 404:
            return NotFoundError("QRY-NOT-FOUND")
        case 405:
            return CallerError("QRY-METHOD")
        case 408:
            return CallerError("QRY-BODY-SLOW", seconds=round(BODY_TIMEOUT_S))
        case 413:
            return CallerError("QRY-BODY-SIZE", limit=BODY_LIMIT_BYTES)
        case 431:
            return CallerError("QRY-HEADERS", limit=HEAD_LIMIT_BYTES, headers=HEADER_LIMIT)
    return CallerError("QRY-REQUEST")


def _of_body(error: RequestValidationError) -> JishiError:
    """A body or parameter that is not of its model; the value itself is not repeated."""
    faults = tuple(
        Fault("body", "QRY-BODY-JSON")
        if item["loc"] == ("body",) or item["type"] == "json_invalid"
        else Fault(".".join(map(str, item["loc"][1:])), "QRY-VALUE", {"reason": item["type"]})
        for item in error.errors()
    )
    return CallerError("QRY-PARAMETERS", faults=faults)


def _request_id(given: str | None) -> str:
    if given:
        try:
            known = uuid.UUID(given)
        except ValueError:
            return str(uuid.uuid4())
        if known.version in RANDOM_VERSIONS:
            return str(known)
    return str(uuid.uuid4())


def _tell(error: BaseException, request_id: str) -> None:
    """Log what went wrong and where; a foreign error's message may hold a value and stays out."""
    code = error.code if isinstance(error, JishiError) else type(error).__name__
    log.error("request %s failed: %s at %s", request_id, code, " < ".join(_places(error)))


def _places(error: BaseException) -> Iterator[str]:
    for frame in reversed(traceback.extract_tb(error.__traceback__)[-6:]):
        yield f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
    if error.__cause__ is not None:
        yield f"caused by {type(error.__cause__).__name__}"
