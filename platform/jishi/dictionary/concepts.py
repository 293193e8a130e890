"""Concepts 概念 of the project dictionary: standard nodes, categories and types, and what other places call them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from jishi.dictionary.reading import Faults, read_toml
from jishi.dictionary.spelling import fold
from jishi.errors import DeclarationError

ANY = "any"


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Alias(_Form):
    """Another name of a concept; ``places`` that use it (empty: everywhere); ``negative``: it does *not* mean this."""

    name: str = Field(min_length=1, max_length=200)
    places: tuple[str, ...] = ()
    negative: bool = False


class Concept(_Form):
    """One entry of a scheme; ``predecessors`` are codes of the same scheme, or ``any``."""

    code: str = Field(min_length=1, max_length=40)
    name: str = Field(min_length=1, max_length=200)
    stage_code: str | None = None
    stage_name: str | None = None
    predecessors: tuple[str, ...] = ()
    responsible: str | None = None
    documents: tuple[str, ...] = ()
    note: str = ""
    valid_from: date | None = None
    valid_to: date | None = None
    aliases: tuple[Alias, ...] = ()


@dataclass(frozen=True, slots=True)
class Scheme:
    """A set of concepts under one id, as the contract's ``/dictionary/schemes/{s}``."""

    id: str
    title: str
    title_en: str
    description: str
    concepts: tuple[Concept, ...]

    def version(self) -> str:
        """SHA-256 over everything the scheme says."""
        return hashlib.sha256(repr(self).encode()).hexdigest()


class _Head(_Form):
    id: str
    title: str
    title_en: str
    description: str = ""


def load_terms(folder: Path, overlay: Path | None = None) -> dict[str, Scheme]:
    """Every scheme of ``folder`` by id. A file of ``overlay`` adds a scheme, or to a shipped one of the same id:

    a concept with a new code is added; one with a known code gives new values for the members it names, and its aliases
    are added. Raises DeclarationError ``DIC-TERMS`` with every fault of all files.
    """
    faults = Faults()
    tables: dict[str, dict[str, Any]] = {}
    for place in (folder, overlay):
        for path in sorted(place.glob("*.toml")) if place is not None else ():
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
    known = tables.setdefault(path.stem, {"head": {}, "concepts": {}})
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
        _tell(error, f"{name}.toml", faults)
    concepts: list[Concept] = []
    for code, given in table["concepts"].items():
        try:
            concepts.append(Concept.model_validate(given))
        except ValidationError as error:
            _tell(error, f"{name}.toml: {code or '?'}", faults)
    scheme = Scheme(head.id, head.title, head.title_en, head.description, tuple(concepts))
    _check(scheme, frozenset(table["concepts"]), faults)
    return scheme


def _check(scheme: Scheme, codes: frozenset[str], faults: Faults) -> None:
    names: dict[str, str] = {}
    for concept in scheme.concepts:
        place = f"{scheme.id}.toml: {concept.code}"
        for predecessor in concept.predecessors:
            if predecessor != ANY and (predecessor not in codes or predecessor == concept.code):
                faults.add(place, "DIC-PREDECESSOR", predecessor=predecessor)
        holder = names.setdefault(fold(concept.name), concept.code)
        if holder != concept.code:
            faults.add(place, "DIC-NAME-TWICE", given=concept.name, other=holder)
        aliases = [fold(alias.name) for alias in concept.aliases]
        for alias in concept.aliases:
            if aliases.count(fold(alias.name)) > 1:
                faults.add(place, "DIC-ALIAS-TWICE", alias=alias.name)


def _tell(error: ValidationError, place: str, faults: Faults) -> None:
    for item in error.errors():
        faults.add(place, "DIC-HEAD", member=".".join(map(str, item["loc"])) or "-", reason=item["msg"])
