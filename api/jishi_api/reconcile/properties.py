"""Properties of entities: what a query may say beside the name, and what a column may be extended by (query, road out).

Four of them say where a name was used and go to the resolver as its context; the others are compared with the entity's own
values. ``stage`` is both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from jishi.dictionary.spelling import fold
from jishi_api.reconcile.entity import Reference, Value, id_of

CONTEXT = ("stage", "place", "department", "project_type", "as_of")


@dataclass(frozen=True, slots=True)
class Property:
    """``told``: has values of its own; ``of_lists``: a property of values of code lists too."""

    id: str
    title: str
    title_en: str
    told: bool = True
    of_lists: bool = False
    refers: bool = False

    def name(self, language: str) -> str:
        return self.title_en if language == "en" else self.title


PROPERTIES: Mapping[str, Property] = {
    entry.id: entry
    for entry in (
        Property("stage", "阶段", "stage"),
        Property("place", "使用地区", "place where the name is used", told=False, of_lists=True),
        Property("department", "使用部门", "department that uses the name", told=False),
        Property("project_type", "项目类型", "type of project", told=False),
        Property("as_of", "使用日期", "day on which the name was used", told=False, of_lists=True),
        Property("predecessor", "前置节点", "predecessor", refers=True),
        Property("successor", "替代概念", "stands instead", of_lists=True, refers=True),
        Property("responsible", "责任角色", "responsible role"),
        Property("document", "文档资料", "document"),
        Property("legal_basis", "依据", "legal basis"),
        Property("definition", "定义", "definition"),
        Property("scope_note", "范围说明", "scope note"),
        Property("note", "备注", "note", of_lists=True),
        Property("code", "代码", "code", of_lists=True),
        Property("name", "标准名称", "standard name", of_lists=True),
        Property("name_en", "英文名称", "English name", of_lists=True),
        Property("alias", "别名", "other name", of_lists=True),
        Property("scheme", "概念体系", "scheme", of_lists=True),
        Property("status", "状态", "status", of_lists=True),
        Property("valid_from", "生效日期", "valid from", of_lists=True),
        Property("valid_to", "失效日期", "valid to", of_lists=True),
        Property("parent", "上级", "parent", of_lists=True, refers=True),
        Property("level", "级别", "level", of_lists=True),
        Property("full_name", "全称", "full name", of_lists=True),
    )
}

_PLAIN = {
    "responsible": "responsible",
    "definition": "definition",
    "scope_note": "scope_note",
    "note": "note",
    "code": "code",
    "name": "name",
    "name_en": "name_en",
    "scheme": "scheme",
    "status": "status",
    "level": "level",
    "full_name": "full_name",
}
_LISTED = {"document": "documents", "legal_basis": "legal_basis", "alias": "aliases"}
_REFERRED = {"predecessor": "predecessors", "successor": "successors"}
_DATED = ("valid_from", "valid_to")


def of_type(kind: str | None) -> list[Property]:
    """Those with values that entities of a scheme (``concepts``) or of a code list (``codes``) have; None = any."""
    return [entry for entry in PROPERTIES.values() if entry.told and (kind != "codes" or entry.of_lists)]


def found(text: str) -> list[Property]:
    """The properties whose id or title begins with, or holds, ``text``; those that begin with it first."""
    wanted = fold(text)
    spelled = {
        entry.id: [fold(name) for name in (entry.id, entry.title, entry.title_en)] for entry in PROPERTIES.values()
    }
    holding = [entry for entry in PROPERTIES.values() if any(wanted in name for name in spelled[entry.id])]
    return sorted(holding, key=lambda entry: not any(name.startswith(wanted) for name in spelled[entry.id]))


def values_of(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, tuple[Value, ...]]:
    """The values of a row as the database told it. ``names``: names of the codes it refers to, as far as known."""
    told: dict[str, tuple[Value, ...]] = {name: _some(row.get(column)) for name, column in _PLAIN.items()}
    told |= {name: tuple(row.get(column) or ()) for name, column in _LISTED.items()}
    told |= {name: _referred(row, row.get(column) or (), names) for name, column in _REFERRED.items()}
    told["parent"] = _referred(row, _some(row.get("parent")), names)
    told["stage"] = _some(" ".join(filter(None, (row.get("stage_code"), row.get("stage_name")))))
    told |= {name: (date.fromisoformat(row[name]),) if row.get(name) else () for name in _DATED}
    return told


def agrees(given: str, values: Iterable[Value]) -> bool:
    """Whether a value stated in a query is one of an entity's: folded, a reference by id, code or name, a stage by code,
    name or both."""
    wanted = fold(given)
    return any(wanted in spellings for spellings in map(_spellings, values))


def _spellings(value: Value) -> set[str]:
    if isinstance(value, Reference):
        return {fold(value.id), fold(value.id.rpartition(":")[2]), fold(value.name)}
    text = fold(value.isoformat() if isinstance(value, date) else value)
    code, blank, name = text.partition(" ")
    return {text, code, name} if blank and code.isdigit() else {text}


def _some(text: object) -> tuple[str, ...]:
    return (str(text),) if text else ()


def _referred(row: Mapping[str, Any], codes: Iterable[Any], names: Mapping[str, str]) -> tuple[Value, ...]:
    """Codes of the same scheme (``any`` is none); with a name where it is known, else the code itself."""
    return tuple(Reference(id_of(row["scheme"], code), names.get(code, code)) for code in codes if code != "any")
