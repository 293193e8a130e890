"""Reads the concepts 概念 of the dictionaries folder and the city's overlay; gathers every fault, then refuses (beside
the road: before a load).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from jishi.dictionary.check_scheme import check_scheme
from jishi.dictionary.forms import ANY, Alias, Concept, Edge, Form, Line, Prose, Scheme
from jishi.dictionary.reading import Faults, read_toml
from jishi.errors import DeclarationError

__all__ = ["ANY", "Alias", "Concept", "Edge", "Scheme", "load_terms"]

KNOWLEDGE = "words"
"""Files of this name and what begins with it hold words for the resolver and no scheme."""


class _Head(Form):
    id: str
    title: Line
    title_en: Line
    description: Prose = ""


class _Step(Form):
    """What one procedure says of one concept: after which others it comes, or, ``removes``, does not."""

    code: str
    after: tuple[str, ...] = Field(min_length=1)
    removes: bool = False
    note: str = ""


class _Procedure(Form):
    """One version of one city's procedure."""

    place: str
    name: str
    valid_from: Any = None
    valid_to: Any = None
    note: str = ""
    step: tuple[_Step, ...] = Field(min_length=1)


def load_terms(folder: Path, overlay: Path | None = None) -> dict[str, Scheme]:
    """Every scheme of ``folder`` by id. A file of ``overlay`` adds a scheme, or to a shipped one of the same id:

    a concept with a new code is added; one with a known code gives new values for the members it names, and its aliases
    are added, as are the procedures. Raises DeclarationError ``DIC-TERMS`` with every fault of all files.
    """
    faults = Faults()
    tables: dict[str, dict[str, Any]] = {}
    for place in (folder, overlay):
        for path in sorted(place.glob("*.toml")) if place is not None else ():
            if not path.stem.startswith(KNOWLEDGE):
                _add(tables, path, read_toml(path, faults), faults)
    schemes = {name: _read_scheme(table, faults) for name, table in sorted(tables.items())}
    if faults.found:
        raise DeclarationError("DIC-TERMS", faults=tuple(faults.found), count=len(faults.found))
    return schemes


def _add(tables: dict[str, dict[str, Any]], path: Path, table: dict[str, Any], faults: Faults) -> None:
    """Put one file's table among those read before; ``concept`` becomes a table by code."""
    if not table:
        return
    concepts: dict[str, dict[str, Any]] = {}
    for given in table.pop("concept", []):
        code = str(given.get("code", ""))
        if code in concepts:
            faults.add(f"{path.name}: {code}", "DIC-CODE-TWICE", given=code)
        concepts[code] = given
    known = tables.setdefault(path.stem, {"head": {}, "concepts": {}, "procedures": []})
    known["procedures"] += table.pop("procedure", [])
    known["head"] |= table
    for code, given in concepts.items():
        before = known["concepts"].get(code, {})
        aliases = [*before.get("aliases", []), *given.get("aliases", [])]
        known["concepts"][code] = {**before, **given, **({"aliases": aliases} if aliases else {})}


def _read_scheme(table: Mapping[str, Any], faults: Faults) -> Scheme:
    name = str(table["head"].get("id", "?"))
    head = _Head(id=name, title=name, title_en=name)
    try:
        head = _Head.model_validate(table["head"])
    except ValidationError as error:
        tell(error, f"{name}.toml", faults)
    concepts: list[Concept] = []
    for code, given in table["concepts"].items():
        try:
            concepts.append(Concept.model_validate(given))
        except ValidationError as error:
            tell(error, f"{name}.toml: {code or '?'}", faults)
    edges = tuple(edge for given in table["procedures"] for edge in _read_procedure(name, given, faults))
    scheme = Scheme(head.id, head.title, head.title_en, head.description, tuple(concepts), edges)
    check_scheme(scheme, frozenset(table["concepts"]), faults)
    return scheme


def _read_procedure(scheme: str, given: Mapping[str, Any], faults: Faults) -> Iterable[Edge]:
    place = f"{scheme}.toml: {given.get('name', '?')}"
    try:
        read = _Procedure.model_validate(given)
        return [
            Edge(
                code=step.code,
                predecessor=predecessor,
                place=read.place,
                procedure=read.name,
                removes=step.removes,
                valid_from=read.valid_from,
                valid_to=read.valid_to,
                note=step.note or read.note,
            )
            for step in read.step
            for predecessor in step.after
        ]
    except ValidationError as error:
        tell(error, place, faults)
        return []


def tell(error: ValidationError, place: str, faults: Faults) -> None:
    """Every fault of a form that was not filled in rightly."""
    for item in error.errors():
        faults.add(place, "DIC-HEAD", member=".".join(map(str, item["loc"])) or "-", reason=item["msg"])
