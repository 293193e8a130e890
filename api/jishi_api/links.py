"""Addresses: where a document of the API stands, and the links that lead from one to another (respond, road out)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import quote, urlencode

from pydantic import BaseModel
from starlette.requests import Request

from jishi_api.documents import Link
from jishi_api.negotiate import HTML, HTML_TYPE, JSON, OF_A_DOCUMENT, form_of


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


def link(
    request: Request,
    rel: str,
    *segments: str,
    kind: str = "application/json",
    title: str | None = None,
    form: str | None = None,
) -> Link:
    """A link to a path of this API; ``form``: the one it is asked for in."""
    there = address(request, *segments)
    return Link(href=there if form is None else f"{there}?f={form}", rel=rel, type=kind, title=title)


def link_here(request: Request, *segments: str, title: str | None = None) -> tuple[Link, ...]:
    """The document itself as it was asked for, and its other form."""
    asked = request.query_params.get("f")
    own, other = (HTML, JSON) if form_of(request, OF_A_DOCUMENT) == HTML else (JSON, HTML)
    kinds = {JSON: "application/json", HTML: HTML_TYPE}
    return (
        link(request, "self", *segments, kind=kinds[own], title=title, form=asked),
        link(request, "alternate", *segments, kind=kinds[other], title=other.upper(), form=other),
    )


def listed(document: BaseModel) -> dict[str, Any]:
    """A document as JSON has it, what is empty left out; an open end stays."""
    return document.model_dump(mode="json", by_alias=True, exclude_none=True)


def with_parameters(url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """The URL with its query string, empty parameters included, in the order given."""
    query = urlencode(list(parameters), quote_via=quote)
    return f"{url}?{query}" if query else url
