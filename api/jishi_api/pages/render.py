"""From a document to its page, and in which form it is answered; whatever is shown is escaped (respond, road out)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader, Undefined
from starlette.requests import Request
from starlette.responses import Response

from jishi.messages import render as message
from jishi_api.links import base_of, with_parameters
from jishi_api.negotiate import HTML, HTML_TYPE, OF_A_DOCUMENT, form_of

FOLDER = Path(__file__).parent
STYLE = "pages/style.css"
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing is run, nothing comes from elsewhere."""

VARY = "Accept, Accept-Language"


def page(request: Request, name: str, *, status: int = 200, **values: Any) -> Response:
    """The page of template ``name`` in the caller's language, not to be kept by anybody unless a header says so."""
    content = _page(request, name, values)
    headers = {"Content-Security-Policy": POLICY, "Vary": VARY, "Cache-Control": "private, no-store"}
    headers["Content-Language"] = request.state.language
    return Response(content, status_code=status, media_type=HTML_TYPE, headers=headers)


def document(
    request: Request, told: dict[str, Any], template: str, *, media_type: str = "application/json", **values: Any
) -> Response:
    """A document about the API, as JSON or as its page, with an entity tag: 304 where the caller has it already."""
    form = form_of(request, OF_A_DOCUMENT)
    if form == HTML:
        content = _page(request, template, {"told": told, **values})
        kind = HTML_TYPE
    else:
        content = json.dumps(told, ensure_ascii=False, separators=(",", ":"))
        kind = media_type
    return tagged(request, content.encode(), kind, policy=form == HTML)


def tagged(request: Request, content: bytes, kind: str, *, policy: bool = False) -> Response:
    """Bytes that are the same for the same question until they change: to be asked for again by their tag."""
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": f"{VARY}, Authorization, X-API-Key"}
    if policy:
        headers |= {"Content-Security-Policy": POLICY, "Content-Language": request.state.language}
    if _has(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=kind, headers=headers)


def _has(request: Request, tag: str) -> bool:
    """Whether ``If-None-Match`` names it; weak comparison, as RFC 9110 §13.1.2 wants."""
    given = request.headers.get("if-none-match", "")
    return given.strip() == "*" or tag in {part.strip().removeprefix("W/") for part in given.split(",")}


def _page(request: Request, name: str, values: dict[str, Any]) -> str:
    language = request.state.language

    def say(code: str, **fields: object) -> str:
        return message(f"OGC-PAGE-{code}", language, **fields)

    base = base_of(request)
    parameters = [(key, text) for key, text in request.query_params.multi_items() if key != "f"]
    here = with_parameters(base + request.url.path.lstrip("/"), [*parameters, ("f", "json")])
    shared = {"say": say, "language": language, "base": base, "style": base + STYLE, "as_json": here}
    return _environment().get_template(name).render(**shared, **values)


def environment(templates: Path, undefined: type[Undefined], extensions: Sequence[str] = ()) -> Environment:
    """How templates of the folder become pages: everything is escaped."""
    return Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=undefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=extensions,
    )


@cache
def _environment() -> Environment:
    made = environment(FOLDER / "templates", ChainableUndefined)
    made.filters["pretty"] = _pretty
    made.tests["web"] = lambda text: isinstance(text, str) and text.startswith(("http://", "https://"))
    return made


def _pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)


def style() -> bytes:
    """The one style sheet."""
    return _style()


@cache
def _style() -> bytes:
    return (FOLDER / "style.css").read_bytes()
