"""Reads a dictionary back from its CSV export (import)."""

from __future__ import annotations

import csv
from typing import Any

from pydantic import ValidationError

from jishi.dictionary.concepts import tell
from jishi.dictionary.exchange_csv import FORMS_OF, RENAMED, read_rows, split
from jishi.dictionary.forms import KeptAlias, KeptConcept, KeptEdge, KeptScheme
from jishi.dictionary.reading import Faults

SEVERAL = ("predecessors", "documents", "legal_basis", "successors", "places", "departments")


def read_table(text: str, name: str, faults: Faults) -> list[KeptScheme]:
    """The schemes of a table; faults are told by line. An empty status is a draft, an empty origin a steward's."""
    schemes: dict[str, dict[str, Any]] = {}
    try:
        for line, cells in read_rows(text):
            _read(schemes, cells, f"{name}:{line}", faults)
    except (ValueError, csv.Error) as error:
        faults.add(name, "DIC-UNREADABLE", reason=str(error)[:300])
        return []
    found = []
    for key, scheme in schemes.items():
        if "head" not in scheme:
            faults.add(name, "DIC-IMPORT-HEAD", scheme=key)
            continue
        concepts = [
            concept.model_copy(update={"aliases": tuple(scheme["aliases"].get(concept.code, ()))})
            for concept in scheme["concepts"]
        ]
        found.append(scheme["head"].model_copy(update={"concepts": tuple(concepts), "edges": tuple(scheme["edges"])}))
    if not found and not faults.found:
        faults.add(name, "DIC-IMPORT-EMPTY")
    return found


def _read(schemes: dict[str, dict[str, Any]], cells: dict[str, str], place: str, faults: Faults) -> None:
    record = cells.pop("record", "")
    form = FORMS_OF.get(record)
    if form is None:
        faults.add(place, "DIC-FORM", allowed=", ".join(FORMS_OF))
        return
    key = cells.pop("scheme", "")
    code = cells.get("code", "")
    given: dict[str, Any] = {
        RENAMED.get(record, {}).get(name, name): split(cell) if name in SEVERAL else cell
        for name, cell in cells.items()
        if not (record == "alias" and name == "code")
    }
    given.setdefault("origin", "steward")
    if record in ("concept", "alias"):
        given.setdefault("status", "draft")
    if record == "concept":
        given.setdefault("status_origin", "steward")
    if record == "scheme":
        given.setdefault("id", key)
    try:
        read = form.model_validate(given)
    except ValidationError as error:
        tell(error, place, faults)
        return
    known = schemes.setdefault(key, {"concepts": [], "aliases": {}, "edges": []})
    match read:
        case KeptScheme():
            known["head"] = read
        case KeptConcept():
            known["concepts"].append(read)
        case KeptAlias():
            known["aliases"].setdefault(code, []).append(read)
        case KeptEdge():
            known["edges"].append(read)
