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

from starlette.requests import Request
from starlette.responses import Response

from jishi.identifiers.keys import Keys, Use

LANGUAGE, THEME, MESSAGE = "jishi-language", "jishi-theme", "jishi-message"
LANGUAGES = ("zh-CN", "en")
THEMES = ("auto", "light", "dark")
YEAR_S = 365 * 24 * 3600
MESSAGE_S = 60


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
    content = json.dumps([message.text, message.values], ensure_ascii=True, separators=(",", ":")).encode()
    _set(request, response, MESSAGE, f"{_text(content)}.{_text(_signature(keys, content))}", MESSAGE_S)


def said(request: Request, keys: Keys) -> Message | None:
    """What was to be said on this page."""
    content, _, signature = request.cookies.get(MESSAGE, "").partition(".")
    try:
        told = urlsafe_b64decode(content)
        if not hmac.compare_digest(_signature(keys, told), urlsafe_b64decode(signature)):
            return None
        text, values = json.loads(told)
    except (ValueError, binascii.Error):
        return None
    return Message(text, values)


def unsay(response: Response) -> None:
    response.delete_cookie(MESSAGE, path="/")


def _set(request: Request, response: Response, name: str, value: str, age_s: int | None) -> None:
    secure = _is_secure(request)
    response.set_cookie(name, value, max_age=age_s, path="/", secure=secure, httponly=True, samesite="lax")


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def _session_name(request: Request) -> str:
    return "__Host-jishi-session" if _is_secure(request) else "jishi-session"


def _signature(keys: Keys, content: bytes) -> bytes:
    return hmac.digest(keys.key(Use.API_KEY, detail="console-message"), content, hashlib.sha256)


def _text(content: bytes) -> str:
    return urlsafe_b64encode(content).decode("ascii")
