"""The console's cookies: the session's id, the reader's language and theme, a message for the next page (respond, road out).

Over HTTPS the session's cookie has the prefix ``__Host-``: no other host of the domain can set it. It is sent to no script,
and by no form of another site.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from jishi.identifiers.keys import Keys, Use

LANGUAGE, THEME, MESSAGE, SIGN_ON = "jishi-language", "jishi-theme", "jishi-message", "jishi-sign-on"
LANGUAGES = ("zh-CN", "en")
THEMES = ("auto", "light", "dark")
YEAR_S = 365 * 24 * 3600
MESSAGE_S = 60
SIGN_ON_S = 600


@dataclass(frozen=True, slots=True)
class Message:
    """What the next page says first: an English text and the values of its fields, none of them personal."""

    text: str
    values: dict[str, str] = field(default_factory=dict)


def session_id(request: Request) -> str:
    """The id in the session's cookie, empty without one."""
    return request.cookies.get(_session_name(request), "")


def give_session(request: Request, response: Response, session: str) -> None:
    """Hand the browser its session; it forgets it when it is closed."""
    _set(request, response, _session_name(request), session, None)


def take_session(request: Request, response: Response) -> None:
    secure = _is_secure(request)
    response.delete_cookie(_session_name(request), path="/", secure=secure, httponly=True, samesite="lax")


def language_of(request: Request) -> str:
    """The language switched to, else Chinese unless the browser prefers English."""
    chosen = request.cookies.get(LANGUAGE)
    known: str = request.state.language
    return chosen if chosen in LANGUAGES else known


def theme_of(request: Request) -> str:
    chosen = request.cookies.get(THEME, "")
    return chosen if chosen in THEMES else THEMES[0]


def prefer(request: Request, response: Response, name: str, choice: str) -> None:
    """Remember a language or a theme."""
    _set(request, response, name, choice, YEAR_S)


def say_next(request: Request, response: Response, keys: Keys, message: Message) -> None:
    """Have the next page say ``message``; signed, so that nobody else puts words into our mouth."""
    _keep(request, response, keys, MESSAGE, [message.text, message.values], MESSAGE_S)


def said(request: Request, keys: Keys) -> Message | None:
    """What was to be said on this page."""
    kept = _kept(request, keys, MESSAGE)
    return None if kept is None else Message(kept[0], kept[1])


def keep_sign_on(request: Request, response: Response, keys: Keys, kept: list[str]) -> None:
    """What a browser that is sent to the single sign-on must come back with."""
    _keep(request, response, keys, SIGN_ON, kept, SIGN_ON_S)


def sign_on(request: Request, keys: Keys) -> tuple[str, str, str, str] | None:
    kept = _kept(request, keys, SIGN_ON)
    return None if kept is None else (kept[0], kept[1], kept[2], kept[3])


def forget_sign_on(response: Response) -> None:
    response.delete_cookie(SIGN_ON, path="/")


def unsay(response: Response) -> None:
    response.delete_cookie(MESSAGE, path="/")


def _keep(request: Request, response: Response, keys: Keys, name: str, told: list[Any], age_s: int) -> None:
    content = json.dumps(told, ensure_ascii=True, separators=(",", ":")).encode()
    _set(request, response, name, f"{_text(content)}.{_text(_signature(keys, name, content))}", age_s)


def _kept(request: Request, keys: Keys, name: str) -> list[Any] | None:
    """What we put into the cookie of this name ourselves."""
    content, _, signature = request.cookies.get(name, "").partition(".")
    try:
        told = urlsafe_b64decode(content)
        if not hmac.compare_digest(_signature(keys, name, told), urlsafe_b64decode(signature)):
            return None
    except (ValueError, binascii.Error):
        return None
    found: list[Any] = json.loads(told)
    return found


def _set(request: Request, response: Response, name: str, value: str, age_s: int | None) -> None:
    secure = _is_secure(request)
    response.set_cookie(name, value, max_age=age_s, path="/", secure=secure, httponly=True, samesite="lax")


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _session_name(request: Request) -> str:
    return "__Host-jishi-session" if _is_secure(request) else "jishi-session"


def _signature(keys: Keys, name: str, content: bytes) -> bytes:
    return hmac.digest(keys.key(Use.API_KEY, detail=f"cookie-{name}"), content, hashlib.sha256)


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode("ascii")
