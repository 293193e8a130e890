"""In what form an answer is wanted: the parameter ``f``, else the header ``Accept`` (plan, road out)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.requests import Request

from jishi.errors import CallerError, Fault
from jishi_api.documents import GEOJSON

JSON, HTML, CSV = "json", "html", "csv"
OF_A_DOCUMENT = (JSON, HTML)
OF_AN_ITEM = (JSON, HTML)
OF_ITEMS = (JSON, HTML, CSV)

HTML_TYPE = "text/html"
CSV_TYPE = "text/csv"
TITLES = {JSON: "JSON", HTML: "HTML", CSV: "CSV"}
_TYPES: Mapping[str, str] = {
    HTML_TYPE: HTML,
    CSV_TYPE: CSV,
    GEOJSON: JSON,
    "application/json": JSON,
    "application/schema+json": JSON,
}


def form_of(request: Request, offered: Sequence[str]) -> str:
    """The form wanted of those ``offered``; JSON where none is named or none of those named is offered.

    A faulty ``f`` is told by whoever reads the parameters; here it is passed over.
    """
    if b"f=" in request.scope["query_string"]:
        asked = request.query_params.get("f")
        if asked is not None:
            return asked if asked in offered else JSON
    accepted = request.headers.get("accept")
    return _preferred(accepted, tuple(offered)) if accepted else JSON


def check_parameters(request: Request, known: Sequence[str] = ("f",), offered: Sequence[str] = OF_A_DOCUMENT) -> None:
    """Refuse what a document's address may not hold: CallerError ``QRY-PARAMETERS`` with every fault."""
    given = request.query_params.multi_items()
    names = [name for name, _ in given]
    faults = [Fault(name[:80], "QRY-UNKNOWN-PARAMETER") for name in dict.fromkeys(names) if name not in known]
    faults += [Fault(name, "QRY-GIVEN-TWICE") for name in known if names.count(name) > 1]
    if any(name == "f" and value not in offered for name, value in given):
        faults.append(Fault("f", "QRY-VALUE-FORMAT", {"known": ", ".join(offered)}))
    if faults:
        raise CallerError("QRY-PARAMETERS", faults=tuple(faults))


def _preferred(accepted: str, offered: tuple[str, ...]) -> str:
    """The offered form of the greatest quality, of equal ones the one named first; ``*/*`` is JSON.

    >>> _preferred("text/html,application/xml;q=0.9,*/*;q=0.8", OF_ITEMS), _preferred("*/*", OF_ITEMS)
    ('html', 'json')
    >>> _preferred("text/csv;q=0.1, application/json;q=0", OF_ITEMS), _preferred("image/png", OF_ITEMS)
    ('csv', 'json')
    """
    best, found = 0.0, JSON
    for part in accepted.split(",")[:32]:
        kind, *parameters = (word.strip().lower() for word in part.split(";"))
        form = JSON if kind in ("*/*", "application/*") else _TYPES.get(kind)
        quality = _quality(parameters)
        if form in offered and quality > best:
            best, found = quality, form
    return found


def _quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
