"""From a request to a page of the console: session, role, proof of origin, answer or what went wrong (authenticate to respond)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from jishi.access import console_sessions
from jishi.access.console_sessions import Limits, Session
from jishi.errors import Blame, CallerError, DeniedError, JishiError, NotFoundError
from jishi.messages import render as message
from jishi_api.console import cookies, guard, render
from jishi_api.console.form import Form
from jishi_api.console.section import PREFIX, Page
from jishi_api.console.sections import pages
from jishi_api.console.visit import Visit
from jishi_api.problem import TITLES, status_of
from jishi_api.serving import Serving, serving_of
from jishi_api.writing import writing

if TYPE_CHECKING:
    from typing import Any

    from asyncpg import Connection

Endpoint = Callable[[Request], Awaitable[Response]]

TOLD = ("ACC-OIDC-UNREACHABLE", "QRY-BUSY", "QRY-TIMEOUT")
"""Of what is not there for now, what a reader is told the reason of."""

KEPT_FOR_EVER = "public, max-age=31536000, immutable"


def routes() -> list[Route]:
    """Every page and act, the files they load, and what there is not."""
    found = [Route(f"{PREFIX}/static/{{name}}", _static, methods=["GET"])]
    known = pages()
    found += [Route(f"{PREFIX}{page.path}", _endpoint(page, known), methods=[page.method]) for page in known]
    found += [Route(f"{PREFIX}/", _endpoint(page, known), methods=["GET"]) for page in known if not page.path]
    nothing = Page("/{path:path}", "", "GET", frozenset(), _nothing)
    return [*found, Route(f"{PREFIX}{nothing.path}", _endpoint(nothing, known), methods=["GET", "POST"])]


def _endpoint(page: Page, known: tuple[Page, ...]) -> Endpoint:
    async def answer(request: Request) -> Response:
        request.state.language = cookies.language_of(request)
        serving = serving_of(request)
        form = Form(await _posted(request)) if request.method == "POST" else Form()
        async with AsyncExitStack() as lane:
            connection = await lane.enter_async_context(writing(serving))
            session = await _session(connection, serving, request)
            visit = Visit(request, serving, page, connection, lane, session, form, pages=known)
            try:
                return await _answered(visit)
            except JishiError as error:
                return _told(visit, error)

    answer.__name__ = f"console {page.method} {page.path}"
    return answer


async def _answered(visit: Visit) -> Response:
    page, session = visit.page, visit.session
    if visit.request.method == "POST":
        guard.demand_own_origin(visit.request)
    if not page.public:
        if session is None:
            return _to_login(visit)
        if page.roles and not visit.has(*page.roles):
            raise DeniedError("ACC-ROLE-MISSING", role=", ".join(sorted(page.roles)))
    if visit.request.method == "POST" and session is not None and not page.public:
        given = visit.request.headers.get(guard.HEADER) or visit.form.text(guard.FIELD, most=200)
        guard.demand_token(session.csrf, given)
    visit.page = next((other for other in visit.pages if other.method == "GET" and other.answer is page.again), page)
    try:
        return await page.answer(visit)
    except CallerError as error:
        if page.again is None or isinstance(error, (DeniedError, NotFoundError)):
            raise
        response = await page.again(replace(visit, refused=error))
        response.status_code = status_of(error)
        return response


async def _session(connection: Connection[Any], serving: Serving, request: Request) -> Session | None:
    given = cookies.session_id(request)
    if not given:
        return None
    settings = serving.settings
    limits = Limits(timedelta(minutes=settings.console_idle_minutes), timedelta(hours=settings.console_hours))
    return await console_sessions.find(connection, serving.secrets, given, limits)


async def _posted(request: Request) -> list[tuple[str, str]]:
    """The fields of a form; files have no place in one."""
    async with request.form(max_files=0, max_fields=2000) as form:
        return [(name, value) for name, value in form.multi_items() if isinstance(value, str)]


def _to_login(visit: Visit) -> Response:
    """Log in first, then see the page that was asked for."""
    wanted = visit.here() if visit.request.method == "GET" else None
    response = RedirectResponse(visit.url("/login", next=wanted), status_code=303)
    if cookies.session_id(visit.request):
        cookies.take_session(visit.request, response)
    return response


def _told(visit: Visit, error: JishiError) -> Response:
    """The page of an error; of what is our fault only that it is."""
    status = status_of(error)
    if error.blame is Blame.OURS and status >= 500 and status != 503:
        raise error
    language = visit.language
    hidden = status == 503 and error.code not in TOLD
    text = "" if hidden else message(error.code, language, **error.values)
    faults = [(fault.name, fault.text(language)) for fault in error.faults]
    title = message(TITLES[status], language)
    return visit.show("problem.html", status=status, title=title, code=error.code, text=text, told=faults)


async def _nothing(visit: Visit) -> Response:
    raise NotFoundError("QRY-NOT-FOUND")


async def _static(request: Request) -> Response:
    found = render.assets().get(request.path_params["name"])
    if found is None:
        raise NotFoundError("QRY-NOT-FOUND")
    content, kind = found
    kept = KEPT_FOR_EVER if request.query_params.get("v") else "no-cache"
    return Response(content, media_type=kind, headers={"Cache-Control": kept})
