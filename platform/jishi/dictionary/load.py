"""Loads the dictionary files into the database in one transaction; all faults of all files are told before that."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from jishi.dictionary import codelist
from jishi.dictionary.codelist import CodeList
from jishi.dictionary.codes import load_lists
from jishi.dictionary.concepts import Scheme, load_terms
from jishi.dictionary.departments import Department, load_departments
from jishi.dictionary.editions import lock, record_edition
from jishi.dictionary.reuse import ended_names, reuse_faults
from jishi.dictionary.spelling import fold
from jishi.dictionary.synchronise import Change, synchronise
from jishi.errors import DeclarationError, Fault
from jishi.settings import Settings

if TYPE_CHECKING:
    from datetime import date

    from asyncpg import Connection

_Read = TypeVar("_Read")

ALIAS_KEY = ("scheme", "code", "alias_normalised", "negative", "places", "departments", "valid_from")
EDGE_KEY = ("scheme", "code", "predecessor", "place", "procedure", "valid_from")


@dataclass(frozen=True, slots=True)
class Dictionary:
    """All files read: lists and schemes by id."""

    lists: Mapping[str, CodeList]
    schemes: Mapping[str, Scheme]
    departments: tuple[Department, ...]

    def version(self) -> str:
        """A short digest of everything; equal files give the same on every machine."""
        digest = hashlib.sha256(codelist.version(self.lists).encode())
        for name in sorted(self.schemes):
            digest.update(self.schemes[name].version().encode())
        digest.update(repr(self.departments).encode())
        return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class LoadReport:
    """What a load did: the version now in force and the changes by table."""

    version: str
    changes: Mapping[str, Change]

    @property
    def changed(self) -> bool:
        return any(self.changes.values())


def read_all(settings: Settings) -> Dictionary:
    """Read what ships and what ``JISHI_HOME/dictionaries`` overlays.

    Working days and rules of credit are for standardise alone: they are only looked at, so that their faults are told.
    Raises DeclarationError ``DIC-FILES`` with the faults of all files of all kinds.
    """
    from jishi.dictionary.calendar import Calendar
    from jishi.dictionary.credit import CreditRules

    shipped, home = settings.dictionaries_dir, settings.home_dir / "dictionaries"
    faults: list[Fault] = []
    lists = _try(lambda: load_lists(shipped / "codes", home / "codes"), faults)
    schemes = _try(lambda: load_terms(shipped / "terms", home / "terms"), faults)
    departments = _try(lambda: load_departments(shipped / "departments.csv", home / "departments.csv"), faults)
    _try(lambda: Calendar.load(shipped / "calendar", home / "calendar"), faults)
    _try(lambda: CreditRules.load(shipped / "credit", home / "credit"), faults)
    if lists is None or schemes is None or departments is None or faults:
        raise DeclarationError("DIC-FILES", faults=tuple(faults), count=len(faults))
    return Dictionary(lists, schemes, departments)


async def load_all(connection: Connection[Any], settings: Settings) -> LoadReport:
    """Bring the dictionary tables to what the files say; unchanged files change nothing.

    A row the files no longer hold is marked as ended, never deleted. What stewards said stays: aliases and concepts they
    added, and every status they set.
    """
    dictionary = read_all(settings)
    version = dictionary.version()
    changes: dict[str, Change] = {}
    async with connection.transaction():
        await lock(connection)
        await _refuse_reuse(connection, dictionary.schemes.values())
        for table, key, rows in _tables(dictionary):
            changes[table] = await synchronise(connection, table, key, list(rows))
        await record_edition(connection, "load", files=version)
    return LoadReport(version, changes)


async def _refuse_reuse(connection: Connection[Any], schemes: Iterable[Scheme]) -> None:
    """A code whose concept ended comes back with the meaning it had, or not at all (``DIC-CODE-REUSED``)."""
    meant = await ended_names(connection)
    faults = [fault for scheme in schemes for fault in reuse_faults(scheme, meant, f"{scheme.id}.toml")]
    if faults:
        raise DeclarationError("DIC-FILES", faults=tuple(faults), count=len(faults))


def _try(read: Callable[[], _Read], faults: list[Fault]) -> _Read | None:
    try:
        return read()
    except DeclarationError as error:
        faults.extend(error.faults)
        return None


def _tables(dictionary: Dictionary) -> Iterable[tuple[str, tuple[str, ...], Iterable[dict[str, object]]]]:
    """Table, its key, its rows; parents before children."""
    lists, schemes = dictionary.lists.values(), dictionary.schemes.values()
    yield "code_list", ("id",), (_list_row(entry) for entry in lists)
    yield "code_value", ("list", "code", "valid_from"), (row for entry in lists for row in _value_rows(entry))
    yield "scheme", ("id",), (_scheme_row(scheme) for scheme in schemes)
    yield "concept", ("scheme", "code"), (row for scheme in schemes for row in _concept_rows(scheme))
    aliases = (row for scheme in schemes for row in _alias_rows(scheme))
    yield "concept_alias", ALIAS_KEY, aliases
    yield "concept_edge", EDGE_KEY, (row for scheme in schemes for row in _edge_rows(scheme))
    yield "department", ("uscc",), (_department_row(department) for department in dictionary.departments)


def _list_row(entry: CodeList) -> dict[str, object]:
    return {
        "id": entry.id,
        "title": entry.title,
        "title_en": entry.title_en,
        "standard": entry.standard,
        "edition": entry.edition,
        "source": entry.source,
        "complete": entry.complete,
        "extensible": entry.extensible,
        "checked": entry.checked.isoformat(),
        "parent_list": entry.parent_list,
        "version": entry.version(),
    }


def _value_rows(entry: CodeList) -> Iterable[dict[str, object]]:
    for row in entry.rows:
        yield {
            "list": entry.id,
            "code": row.code,
            "name": row.name,
            "name_en": row.name_en,
            "parent": row.parent,
            "valid_from": _day(row.valid_from),
            "valid_to": _day(row.valid_to),
            "alternatives": list(row.alternatives),
            "note": row.note,
            "level": row.extra_value("level") or None,
            "full_name": row.extra_value("full_name") or None,
            "kind": row.extra_value("kind") or None,
            "successors": [code for code in row.extra_value("successors").split("|") if code],
            "keys": [fold(text) for text in (row.code, row.name, *row.alternatives)],
        }


def _scheme_row(scheme: Scheme) -> dict[str, object]:
    return {
        "id": scheme.id,
        "title": scheme.title,
        "title_en": scheme.title_en,
        "description": scheme.description,
    }


def _concept_rows(scheme: Scheme) -> Iterable[dict[str, object]]:
    for concept in scheme.concepts:
        yield {
            "scheme": scheme.id,
            "code": concept.code,
            "preferred_name": concept.name,
            "preferred_name_en": concept.name_en,
            "name_normalised": fold(concept.name),
            "definition": concept.definition,
            "scope_note": concept.scope_note,
            "stage_code": concept.stage_code,
            "stage_name": concept.stage_name,
            "predecessors": list(concept.predecessors),
            "responsible": concept.responsible,
            "documents": list(concept.documents),
            "legal_basis": list(concept.legal_basis),
            "note": concept.note,
            "status": concept.status,
            "status_reason": concept.status_reason,
            "successors": list(concept.successors),
            "valid_from": _day(concept.valid_from),
            "valid_to": _day(concept.valid_to),
        }


def _alias_rows(scheme: Scheme) -> Iterable[dict[str, object]]:
    for concept in scheme.concepts:
        for alias in concept.aliases:
            yield {
                "scheme": scheme.id,
                "code": concept.code,
                "alias_normalised": fold(alias.name),
                "alias": alias.name,
                "places": list(alias.places),
                "departments": list(alias.departments),
                "valid_from": _day(alias.valid_from),
                "valid_to": _day(alias.valid_to),
                "negative": alias.negative,
                "status": "approved",
                "origin": "dictionary",
            }


def _edge_rows(scheme: Scheme) -> Iterable[dict[str, object]]:
    for edge in scheme.edges:
        yield {
            "scheme": scheme.id,
            "code": edge.code,
            "predecessor": edge.predecessor,
            "place": edge.place,
            "procedure": edge.procedure,
            "removes": edge.removes,
            "valid_from": _day(edge.valid_from),
            "valid_to": _day(edge.valid_to),
            "note": edge.note,
        }


def _department_row(department: Department) -> dict[str, object]:
    return {
        "uscc": department.uscc,
        "name": department.name,
        "short_name": department.short_name,
        "name_en": department.name_en,
        "roles": list(department.roles),
        "note": department.note,
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
