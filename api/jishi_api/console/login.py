"""Logging in and out of the console, and what a reader prefers: language and theme (authenticate, road out)."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import RedirectResponse, Response

from jishi.access import acts, console_sessions, passwords, users
from jishi.errors import DeniedError
from jishi_api.auth import address_of
from jishi_api.console import cookies
from jishi_api.console.section import EVERYBODY, Section, words
from jishi_api.console.visit import Visit
from jishi_api.guessing import Guesses

section = Section()

HOME = ""


@section.page("/login", words("Log in"), roles=(), public=True)
async def login(visit: Visit) -> Response:
    if visit.session is not None and visit.refused is None:
        return visit.see(HOME)
    following = visit.form.text("next") or visit.asked.text("next")
    by_provider = visit.serving.settings.oidc_issuer is not None
    return visit.show("login.html", following=following, by_provider=by_provider)


@section.act("/login", roles=(), again=login, public=True)
async def log_in(visit: Visit) -> Response:
    """A new session each time, whatever cookie was sent: nobody can prepare one for another."""
    request, form = visit.request, visit.form
    name = form.text("login", most=100).lower()
    password = form.text("password", most=passwords.LONGEST, secret=True)
    guesses: Guesses = request.app.state.logins
    try:
        guesses.check(address_of(request), name)
        try:
            user = await users.authenticate(visit.connection, name, password, visit.request_id)
        except DeniedError:
            guesses.count(address_of(request), name)
            raise
    except DeniedError as error:
        visit.refused = error
        return await _again(visit, error)
    session = await console_sessions.begin(visit.connection, visit.keys, user.login, "password")
    response = RedirectResponse(own_page(visit, form.text("next")), status_code=303)
    cookies.give_session(request, response, session)
    return response


@section.act("/logout", roles=EVERYBODY)
async def log_out(visit: Visit) -> Response:
    await console_sessions.end(visit.connection, visit.keys, cookies.session_id(visit.request))
    name = visit.officer.actor.name
    await acts.record(visit.connection, "user", name, "user.logout", name, True, request_id=visit.request_id)
    response = visit.see("/login", words("You are logged out."))
    cookies.take_session(visit.request, response)
    return response


@section.act("/preferences", roles=(), public=True)
async def prefer(visit: Visit) -> Response:
    language = visit.form.choice("language", cookies.LANGUAGES)
    theme = visit.form.choice("theme", cookies.THEMES)
    response = RedirectResponse(own_page(visit, visit.form.text("next")), status_code=303)
    if language:
        cookies.prefer(visit.request, response, cookies.LANGUAGE, language)
    if theme:
        cookies.prefer(visit.request, response, cookies.THEME, theme)
    return response


async def _again(visit: Visit, error: DeniedError) -> Response:
    response = await login(visit)
    response.status_code = 429 if "retry_after_s" in error.values else 403
    return response


def own_page(visit: Visit, wanted: str) -> str:
    """Where to go next: a page of this console, nowhere else."""
    home = visit.url(HOME)
    parts = urlsplit(wanted)
    fits = not parts.scheme and not parts.netloc and "\\" not in wanted and wanted.isprintable()
    return wanted if fits and (wanted == home or wanted.startswith((f"{home}/", f"{home}?"))) else home
