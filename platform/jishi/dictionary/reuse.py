"""A code is never used again: what an ended concept meant, its code means for ever (beside the road: load and import)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jishi.dictionary.forms import Scheme
from jishi.dictionary.spelling import fold
from jishi.errors import Fault

if TYPE_CHECKING:
    from asyncpg import Connection


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an ended concept was called last, and everything it was ever called, folded."""

    name: str
    names: frozenset[str]


async def ended_names(connection: Connection[Any]) -> dict[tuple[str, str], Meaning]:
    """Scheme and code → what a concept that has ended meant."""
    rows = await connection.fetch(_ENDED)
    return {
        (row["scheme"], row["code"]): Meaning(row["name"], frozenset(fold(name) for name in row["names"]))
        for row in rows
    }


def reuse_faults(scheme: Scheme, ended: Mapping[tuple[str, str], Meaning], place: str) -> list[Fault]:
    """Concepts of ``scheme`` whose code meant something else before it ended."""
    found = []
    for concept in scheme.concepts:
        meant = ended.get((scheme.id, concept.code))
        if meant is not None and fold(concept.name) not in meant.names:
            values: dict[str, object] = {"given": concept.code, "meant": meant.name, "name": concept.name}
            found.append(Fault(f"{place}: {concept.code}", "DIC-CODE-REUSED", values))
    return found


_ENDED = """
-- Concepts that have ended, with all their names: preferred ones of all versions, and aliases.
SELECT c.scheme, c.code, c.preferred_name AS name,
  array_cat(
    ARRAY(
      SELECT v.content ->> 'name'
      FROM jishi.dictionary_version v
      WHERE v.kind = 'concept' AND v.scheme = c.scheme AND v.code = c.code
    ),
    array_append(
      ARRAY(
        SELECT a.alias
        FROM jishi.concept_alias a
        WHERE a.scheme = c.scheme AND a.code = c.code AND NOT a.negative AND a.status <> 'rejected'
      ),
      c.preferred_name
    )
  ) AS names
FROM jishi.concept c
WHERE c.removed_at IS NOT NULL OR c.status = 'deprecated'
"""
