"""Logging in by the city's single sign-on 统一身份认证: to the provider and back (authenticate, road out)."""

from __future__ import annotations

import hmac

from starlette.responses import RedirectResponse, Response

from jishi.access import acts, console_sessions
from jishi.errors import DeniedError, NotFoundError
from jishi_api.console import cookies, identity
from jishi_api.console.login import own_page
from jishi_api.console.section import Section, words
from jishi_api.console.visit import Visit
from jishi_api.links import base_of

section = Section()

CALLBACK = "/oidc/callback"


@section.page("/oidc", words("Single sign-on"), roles=(), public=True)
async def begin(visit: Visit) -> Response:
    _demand_provider(visit)
    started = await identity.start(visit.serving.settings, _redirect_uri(visit))
    response = RedirectResponse(started.url, status_code=303)
    kept = [started.state, started.nonce, started.verifier, visit.asked.text("next", most=2000)]
    cookies.keep_sign_on(visit.request, response, visit.keys, kept)
    return response


@section.page(CALLBACK, words("Single sign-on"), roles=(), public=True)
async def come_back(visit: Visit) -> Response:
    """The provider's answer counts once, in the browser that was sent there."""
    _demand_provider(visit)
    kept = cookies.sign_on(visit.request, visit.keys)
    code, state = visit.asked.text("code", most=2000), visit.asked.text("state", most=500)
    if kept is None or not code or not hmac.compare_digest(kept[0].encode(), state.encode()):
        raise DeniedError("ACC-OIDC")
    _, nonce, verifier, following = kept
    login = await identity.finish(visit.serving.settings, _redirect_uri(visit), code, nonce, verifier)
    try:
        session = await console_sessions.begin(visit.connection, visit.keys, login, "oidc")
    except DeniedError as error:
        await _record(visit, "unknown", error.code)
        raise
    await _record(visit, login, None)
    response = RedirectResponse(own_page(visit, following), status_code=303)
    cookies.give_session(visit.request, response, session)
    cookies.forget_sign_on(response)
    return response


def _demand_provider(visit: Visit) -> None:
    if visit.serving.settings.oidc_issuer is None:
        raise NotFoundError("QRY-NOT-FOUND")


def _redirect_uri(visit: Visit) -> str:
    return f"{base_of(visit.request)}console{CALLBACK}"


async def _record(visit: Visit, login: str, code: str | None) -> None:
    detail = {"method": "oidc"}
    await acts.record(
        visit.connection, "user", login, "user.login", login, code is None, code, detail, visit.request_id
    )
