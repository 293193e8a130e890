"""Addresses: where a document of the API stands, and the links that lead from one to another (respond, road out)."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlencode

from starlette.requests import Request

from jishi_api.documents import Link


def address(request: Request, *segments: str) -> str:
    """The absolute URL of a path of this API, as the caller reaches it."""
    path = "/".join(quote(segment, safe="") for segment in segments)
    return base_of(request) + path


def base_of(request: Request) -> str:
    """The URL of the API's root as the caller reaches it, with its last slash. Callers name few hosts: it is kept."""
    scope = request.scope
    key = (scope["scheme"], request.headers.get("host"), scope.get("server"), scope.get("root_path"))
    found = _BASES.get(key)
    if found is None:
        if len(_BASES) >= MOST_BASES:
            _BASES.clear()
        found = _BASES[key] = str(request.base_url)
    return found


MOST_BASES = 256
_BASES: dict[tuple[object, ...], str] = {}


def link(request: Request, rel: str, *segments: str, kind: str = "application/json", title: str | None = None) -> Link:
    return Link(href=address(request, *segments), rel=rel, type=kind, title=title)


def with_parameters(url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """The URL with its query string, empty parameters included, in the order given."""
    query = urlencode(list(parameters), quote_via=quote)
    return f"{url}?{query}" if query else url
