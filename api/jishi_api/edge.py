"""The outermost layer: a correlation id a request, and a problem for every error (edge of the road out)."""

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Iterator

from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException as FrameworkError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jishi.errors import CallerError, Fault, InternalError, JishiError, NotFoundError
from jishi_api import problem

REQUEST_ID = "X-Request-Id"
RANDOM_VERSIONS = (4, 7)
BODY_LIMIT_BYTES = 1024 * 1024

log = logging.getLogger("jishi.api")


class Edge:
    """Gives ``request_id`` and ``language`` to the request's state; what nobody caught becomes a 500 without internals.

    A caller's own X-Request-Id is kept if it is a random UUID; anything else might carry a personal value.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get(REQUEST_ID))
        language = problem.language_of(headers.get("Accept-Language"))
        state = {**scope.get("state", {}), "request_id": request_id, "language": language}
        method = "GET" if scope["method"] == "HEAD" else scope["method"]  # the server leaves out the body
        scope = {**scope, "state": state, "method": method}
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                answer = MutableHeaders(scope=message)
                answer[REQUEST_ID] = request_id
                answer["X-Content-Type-Options"] = "nosniff"
            await send(message)

        if _announced(headers) > BODY_LIMIT_BYTES:
            too_long = CallerError("QRY-BODY-SIZE", limit=BODY_LIMIT_BYTES)
            await problem.respond(too_long, language, request_id)(scope, receive, send_on)
            return
        try:
            await self.app(scope, _limited(receive), send_on)
        except Exception as error:
            if started:
                raise
            _tell(error, request_id)
            await problem.respond_internal(language, request_id)(scope, receive, send_on)


def _announced(headers: Headers) -> int:
    text = headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else 0


def _limited(receive: Receive) -> Receive:
    """A body that does not say how long it is, is counted while it comes."""
    received = 0

    async def receive_on() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > BODY_LIMIT_BYTES:
            raise HTTPException(413)
        return message

    return receive_on


def handle_errors(app: FastAPI) -> None:
    """Map our own errors, the framework's and faulty bodies to problems."""
    app.add_exception_handler(JishiError, _on_ours)
    app.add_exception_handler(FrameworkError, _on_framework)
    app.add_exception_handler(RequestValidationError, _on_body)


async def _on_ours(request: Request, error: Exception) -> Response:
    if isinstance(error, InternalError):
        _tell(error, request.state.request_id)
    return _problem(request, error)


async def _on_framework(request: Request, error: Exception) -> Response:
    """What the framework refuses by itself: no such path, no such method, too long a body."""
    status = error.status_code if isinstance(error, FrameworkError) else 400
    match status:
        case 404:
            ours: JishiError = NotFoundError("QRY-NOT-FOUND")
        case 405:
            ours = CallerError("QRY-METHOD")
        case 413:
            ours = CallerError("QRY-BODY-SIZE", limit=BODY_LIMIT_BYTES)
        case _:
            ours = CallerError("QRY-REQUEST")
    answer = _problem(request, ours)
    if isinstance(error, FrameworkError) and error.headers:
        answer.headers.update(error.headers)
    return answer


async def _on_body(request: Request, error: Exception) -> Response:
    """A body or parameter that is not of its model; the value itself is not repeated."""
    found = error.errors() if isinstance(error, RequestValidationError) else []
    faults = tuple(
        Fault(".".join(map(str, item["loc"][1:])) or "body", "QRY-VALUE", {"reason": item["type"]}) for item in found
    )
    return _problem(request, CallerError("QRY-PARAMETERS", faults=faults))


def _problem(request: Request, error: Exception) -> Response:
    language, request_id = request.state.language, request.state.request_id
    if isinstance(error, JishiError):
        return problem.respond(error, language, request_id)
    return problem.respond_internal(language, request_id)


def _request_id(given: str | None) -> str:
    try:
        known = uuid.UUID(given or "")
    except ValueError:
        return str(uuid.uuid4())
    return str(known if known.version in RANDOM_VERSIONS else uuid.uuid4())


def _tell(error: BaseException, request_id: str) -> None:
    """Log what went wrong and where; a foreign error's message may hold a value and stays out."""
    code = error.code if isinstance(error, JishiError) else type(error).__name__
    log.error("request %s failed: %s at %s", request_id, code, " < ".join(_places(error)))


def _places(error: BaseException) -> Iterator[str]:
    for frame in reversed(traceback.extract_tb(error.__traceback__)[-6:]):
        yield f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
    if error.__cause__ is not None:
        yield f"caused by {type(error.__cause__).__name__}"
