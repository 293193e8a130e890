"""Which relations 关联 a register's entities have, and the conditions by which what they lead to is found (plan, road out).

A part of ``/related`` is one kind of relation, one way, to one register: so it lies under one other grant. What a relation
says is what the referring element says; whoever may not have that element may not have the relation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from jishi.registers.catalog import register_of, registers
from jishi.registers.register import Register
from jishi_api.as_of import bound_of, related
from jishi_api.clock import Clock
from jishi_api.condition import ALIAS, RELATED_NOW, Condition
from jishi_api.plan import Plan


@dataclass(frozen=True)
class Part:
    """Relations of ``kind`` between entities of ``own`` and ``other``: said by ``own`` (``outward``) or of it; by
    ``elements`` of whichever says it."""

    kind: str
    outward: bool
    own: Register
    other: Register
    elements: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.kind}.{'to' if self.outward else 'from'}.{self.other.collection}"

    @property
    def teller(self) -> Register:
        """The register whose elements say it."""
        return self.own if self.outward else self.other


@cache
def parts_of(register_name: str) -> tuple[Part, ...]:
    """All parts that entities of a register can have, those they say themselves first."""
    own = register_of(register_name)
    found: dict[tuple[str, bool, str], list[str]] = {}
    for source, outward in ((own, True), *((source, False) for source in registers().values())):
        for reference in source.references:
            others = reference.targets if outward else ((source.name,) if own.name in reference.targets else ())
            for other in others:
                found.setdefault((reference.kind, outward, other), []).append(reference.element)
    return tuple(
        Part(kind, outward, own, register_of(other), tuple(elements))
        for (kind, outward, other), elements in found.items()
    )


def targets_of(register: Register, element: str) -> frozenset[str]:
    """The registers in which what an element refers to may stand."""
    return frozenset(
        name for reference in register.references if reference.element == element for name in reference.targets
    )


def reached(
    part: Part, uid: UUID, said: Mapping[str, str], elements: tuple[str, ...], first: int, clock: Clock | None
) -> Condition:
    """The other entities ``q`` of a part; parameters from ``first`` on, the clock's before them.

    ``said``: what the entity's own record says in each element. Of several sources that refer, those count whose number the
    record shows.
    """
    here, there = ("from", "to") if part.outward else ("to", "from")
    entity, named = f"${first}", f"${first + 1}"
    holds = _holds(part, first, clock)
    basic = (
        f"r.{here}_uid = {entity}::uuid AND r.kind = '{part.kind}' AND r.element = ANY({named}::text[])"
        f" AND r.from_register = {part.teller.number} AND {holds}"
    )
    basic += f" AND r.to_register = {(part.other if part.outward else part.own).number}"
    values: tuple[object, ...] = (uid, list(elements))
    if part.outward:
        masks = f"unnest({named}::text[], ${first + 2}::text[]) s (element, mask)"
        shown = f"(SELECT s.mask FROM {masks} WHERE s.element = r.element)"  # noqa: S608
        values += ([said.get(element) for element in elements],)
    else:
        cases = " ".join(f"WHEN '{element}' THEN {ALIAS}.{element}::text" for element in elements)
        shown = f"CASE r.element {cases} END"
    stands = (
        "(r.contribution_id IS NULL OR EXISTS (SELECT FROM jishi.identifier d WHERE d.contribution_id = r.contribution_id"
        f" AND d.register = r.from_register AND d.element = r.element AND d.lookup = r.to_lookup AND d.masked = {shown}))"
    )
    if part.outward:
        text = f"{ALIAS}.uid IN (SELECT r.to_uid FROM jishi.relation r WHERE {basic} AND {stands})"  # noqa: S608
    else:
        text = f"{ALIAS}.uid IN (SELECT r.from_uid FROM jishi.relation r WHERE {basic})"  # noqa: S608
        text += f" AND EXISTS (SELECT FROM jishi.relation r WHERE r.{there}_uid = {ALIAS}.uid AND {basic} AND {stands})"
    return Condition(f"({text})", values)


def _holds(part: Part, first: int, clock: Clock | None) -> str:
    """That a relation is in force now, or at the clock's end, whose parameters stand before ``first``."""
    return RELATED_NOW if clock is None else related(bound_of(first - len(clock.values), clock.shape))


def spans(part: Part) -> str:
    """From when to when a part's relations hold between one entity and others, whoever says so; by element."""
    here, there = ("from", "to") if part.outward else ("to", "from")
    return f"""
-- Since when, and until when, entities are related.
SELECT r.{there}_uid AS uid, r.element, min(r.effective_from) AS effective_from,
  CASE WHEN bool_and(r.effective_to IS NOT NULL) THEN max(r.effective_to) END AS effective_to
FROM jishi.relation r
WHERE r.{here}_uid = $1 AND r.{there}_uid = ANY($2::uuid[]) AND r.kind = $3 AND r.element = ANY($4::text[])
  AND r.from_register = $5 AND r.effective_from <= $6 AND (r.effective_to IS NULL OR r.effective_to > $6)
GROUP BY 1, 2
ORDER BY 2, 3
"""  # noqa: S608  identifiers of the declaration


PENDING = """
-- What an entity refers to and nobody who asks may take for arrived.
SELECT r.kind, r.element, min(r.effective_from) AS effective_from
FROM jishi.relation r
WHERE r.from_uid = $1 AND r.from_register = $2 AND (r.to_uid IS NULL OR r.to_uid = ANY($3::uuid[]))
  AND r.element = ANY($4::text[]) AND r.effective_from <= $6 AND (r.effective_to IS NULL OR r.effective_to > $6)
  AND (
    r.contribution_id IS NULL
    OR EXISTS (
      SELECT FROM jishi.identifier d
      WHERE d.contribution_id = r.contribution_id AND d.register = r.from_register AND d.element = r.element
        AND d.lookup = r.to_lookup
        AND d.masked = (SELECT s.mask FROM unnest($4::text[], $5::text[]) s (element, mask) WHERE s.element = r.element)
    )
  )
GROUP BY 1, 2
ORDER BY 1, 2
"""
"""Those without a target, and those whose target does not exist for the caller: the two are told alike."""


@cache
def saying(register_name: str) -> Plan:
    """The plan of what a record shows in its referring elements, as text; a number by its mask. Nothing of it is released."""
    register = register_of(register_name)
    columns = ", ".join(f"q.{element}::text AS {element}" for element in referring(register))
    return Plan(register, columns, "", "", None, (), (), (), (), geometry=False)


def referring(register: Register) -> tuple[str, ...]:
    """The elements by which a register's entities refer to others."""
    return tuple(dict.fromkeys(reference.element for reference in register.references))
