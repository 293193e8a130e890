"""That a form was sent by this console's own page and by nobody else's (authenticate, road out).

Two proofs, each enough against a page of another origin: the browser's word where the form came from, and the token of the
session, which only our own pages can read.
"""

from __future__ import annotations

import hmac
from urllib.parse import urlsplit

from starlette.requests import Request

from jishi.errors import DeniedError

FIELD = "csrf"
HEADER = "X-CSRF-Token"


def demand_own_origin(request: Request) -> None:
    """DeniedError ``ACC-CROSS-ORIGIN`` where the browser says that the form came from elsewhere, or does not say."""
    origin = request.headers.get("origin", "")
    if origin and origin != "null":
        own = urlsplit(origin).netloc.lower() == request.headers.get("host", "").lower()
    else:
        own = request.headers.get("sec-fetch-site") == "same-origin"
    if not own:
        raise DeniedError("ACC-CROSS-ORIGIN")


def demand_token(expected: str, given: str) -> None:
    """DeniedError ``ACC-CSRF`` where the form was not made for this session; compared in constant time."""
    if not hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogatepass")):
        raise DeniedError("ACC-CSRF")
