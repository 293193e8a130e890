"""From values to a page of the console, in the reader's language and theme; whatever is shown is escaped (respond, road out)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined
from starlette.responses import Response

from jishi_api.console.catalogue import locale_of, translations_of
from jishi_api.console.formats import filters
from jishi_api.pages.render import environment

HERE = Path(__file__).parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Scripts and styles are files of ours, nothing stands in the page itself, nothing comes from elsewhere."""

PARTIAL = "htmx.min.js"
"""The partial-update library, served from the package that carries it."""

_OWN = {"console.css": "text/css", "console.js": "text/javascript"}
_PARTIAL_AT = "django_htmx/static/django_htmx/htmx-2.min.js"


def page(name: str, language: str, status: int, values: dict[str, Any]) -> Response:
    """The page of template ``name``: kept by nobody, for it shows what its reader may see now."""
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "private, no-store", "Content-Language": language}
    return Response(part(name, language, values), status_code=status, media_type="text/html", headers=headers)


def part(name: str, language: str, values: dict[str, Any]) -> str:
    """A template alone, without headers: what stands inside another page."""
    return _environment(language).get_template(name).render(**values)


def say(language: str, text: str, **values: object) -> str:
    """An English text of the code in ``language``, its ``%(name)s`` filled in."""
    told = translations_of(language).gettext(text)
    return told % values if values else told


@cache
def assets() -> dict[str, tuple[bytes, str]]:
    """File name → content and media type of what pages load."""
    own = {name: ((HERE / "static" / name).read_bytes(), kind) for name, kind in _OWN.items()}
    carried = Path(str(distribution("django-htmx").locate_file(_PARTIAL_AT)))
    return {**own, PARTIAL: (carried.read_bytes(), "text/javascript")}


@cache
def mark(name: str) -> str:
    """Of a file pages load: it changes with its content, so that the file may be kept for ever under its address."""
    content, _ = assets()[name]
    return hashlib.sha256(content).hexdigest()[:12]


@cache
def _environment(language: str) -> Environment:
    made = environment(HERE / "templates", StrictUndefined, ("jinja2.ext.i18n",))
    translations = translations_of(language)
    install: Callable[..., None] = made.install_gettext_callables  # type: ignore[attr-defined]
    install(translations.gettext, translations.ngettext, newstyle=True, pgettext=translations.pgettext)
    made.filters.update(filters(locale_of(language)))
    made.globals["mark"] = mark
    return made
