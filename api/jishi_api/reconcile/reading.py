"""Entities as the dictionary holds them now, read for candidates, suggestions, previews and extensions (query, road out)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jishi.dictionary.spelling import fold
from jishi_api.reconcile import statements
from jishi_api.reconcile.entity import Entity, Known, known_by
from jishi_api.reconcile.properties import values_of

if TYPE_CHECKING:
    from asyncpg import Connection

IN_FORCE = "approved"
"""Status of an alias that is told."""


@dataclass(frozen=True, slots=True)
class Type:
    """A scheme or code list: the type of its entities. ``kind``: concepts or codes."""

    id: str
    title: str
    title_en: str
    kind: str

    def name(self, language: str) -> str:
        return self.title_en if language == "en" and self.title_en else self.title


async def types(connection: Connection[Any]) -> dict[str, Type]:
    """Every scheme and every code list by id, schemes first."""
    rows = await connection.fetch(statements.SCHEMES)
    return {row["id"]: Type(row["id"], row["title"], row["title_en"], row["kind"]) for row in rows}


async def entities(connection: Connection[Any], asked: Iterable[Known]) -> dict[Known, Entity]:
    """Those of ``asked`` that there are, by scheme and code; an ended one too."""
    pairs = list(dict.fromkeys(asked))
    if not pairs:
        return {}
    schemes, codes = zip(*pairs, strict=True)
    rows = await connection.fetch(statements.ENTITIES, list(schemes), list(codes), IN_FORCE)
    told = {(row["scheme"], row["code"]): json.loads(row["entity"]) for row in rows}
    names = await _names(connection, told.values())
    return {key: _entity(row, names) for key, row in told.items()}


async def by_id(connection: Connection[Any], ids: Iterable[str]) -> dict[str, Entity]:
    """The entities of these ids, as far as there are; an id of several schemes means the first."""
    wanted = {text: known_by(text) for text in ids}
    found = await entities(connection, (pair for pairs in wanted.values() for pair in pairs))
    there = {text: [found[pair] for pair in pairs if pair in found] for text, pairs in wanted.items()}
    return {text: known[0] for text, known in there.items() if known}


async def suggested(
    connection: Connection[Any], prefix: str, type_id: str | None, limit: int, offset: int
) -> list[Entity]:
    """Entities for what somebody has typed so far: an id, the beginning of a code or name, a part of it."""
    by_prefix = known_by(prefix) if ":" in prefix else ()
    found = list((await entities(connection, by_prefix)).values()) if not offset else []
    text = fold(prefix)
    rows = await connection.fetch(statements.SUGGESTED, text, type_id, limit, offset, IN_FORCE)
    pairs = [(row["scheme"], row["code"]) for row in rows]
    told = await entities(connection, pairs)
    return [*found, *(told[pair] for pair in pairs if pair in told)][:limit]


async def stages(connection: Connection[Any]) -> dict[str, str]:
    """Folded name of a stage → its code."""
    return {fold(row["stage_name"]): row["stage_code"] for row in await connection.fetch(statements.STAGES)}


async def _names(connection: Connection[Any], rows: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], str]:
    """Names of the codes that rows refer to."""
    wanted: dict[str, set[str]] = {}
    for row in rows:
        referred = [*(row.get("predecessors") or ()), *(row.get("successors") or ()), row.get("parent")]
        wanted.setdefault(row["scheme"], set()).update(filter(None, referred))
    return {
        (scheme, row["code"]): row["name"]
        for scheme, codes in wanted.items()
        if codes
        for row in await connection.fetch(statements.NAMES, scheme, sorted(codes))
    }


def _entity(row: Mapping[str, Any], names: Mapping[tuple[str, str], str]) -> Entity:
    known = {code: name for (scheme, code), name in names.items() if scheme == row["scheme"]}
    values = values_of(row, known)
    return Entity(row["scheme"], row["code"], row["name"], row.get("name_en") or "", _description(row), values)


def _description(row: Mapping[str, Any]) -> str:
    """One line that tells it from its namesakes."""
    stage = " ".join(filter(None, (row.get("stage_code"), row.get("stage_name"))))
    parts = (stage, row.get("responsible"), row.get("full_name"), row.get("definition"))
    return " · ".join(part for part in parts if part and part != row["name"])
