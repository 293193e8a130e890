"""A problem as a page, for who asked for a page; a browser is asked for a key (respond, road out)."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from jishi_api.negotiate import HTML, OF_A_DOCUMENT, form_of
from jishi_api.pages import render

CHALLENGE = 'Basic realm="jishi", charset="UTF-8"'


def for_people(request: Request, answer: Response) -> Response:
    """The answer itself, or its page where the request is one for a page."""
    if request.method != "GET" or form_of(request, OF_A_DOCUMENT) != HTML:
        return answer
    told = json.loads(bytes(answer.body))
    shown = render.page(request, "problem.html", status=answer.status_code, told=told)
    kept = ("content-type", "content-length")
    shown.headers.update({name: value for name, value in answer.headers.items() if name not in kept})
    if answer.status_code == 401:
        shown.headers["WWW-Authenticate"] = CHALLENGE
    return shown
