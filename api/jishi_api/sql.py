"""From a plan to SQL: one statement a shape, identifiers from the declaration, every value bound (query, road out).

PostgreSQL writes the JSON of each feature's properties and geometry; the parts come as text and are put on the wire as
they are. The statement of a shape is made once and cached, so that the driver's prepared statement is found again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from jishi.identifiers.mask_sql import mask_sql
from jishi.registers.catalog import register_of
from jishi.registers.element import Kind
from jishi.registers.register import Register
from jishi.registers.tables import SRID
from jishi_api.members import Member, is_masked, members
from jishi_api.query import ItemsPlan

DECIMALS = 7
"""Digits of a coordinate in degrees: about a centimetre."""

CODE_SYSTEMS = ("mca", "nbs")
"""Of several divisions with one code, the civil-affairs one is meant before the statistical one."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and its bound values."""

    text: str
    values: tuple[object, ...]


def page(plan: ItemsPlan) -> Statement:
    """Rows (uid, geometry, properties) of the page in uid order, and one more where another page follows."""
    shape = _page(plan.register.name, plan.properties, tuple(name for name, _ in plan.equal), plan.bbox is not None)
    values = (plan.after, plan.limit + 1, *(value for _, value in plan.equal), *(plan.bbox or ()))
    return Statement(shape, values)


def by_uid(register: Register, uid: UUID, properties: tuple[str, ...]) -> Statement:
    """The row (uid, geometry, properties, state, place in the order of preference) of one entity, ended or not."""
    return Statement(_single(register.name, properties, "uid", active=False), (uid,))


def by_key(register: Register, key: str, properties: tuple[str, ...]) -> Statement:
    """Active entities of a natural key, the one meant first; those of the same ``preference`` are equally meant."""
    if register.natural_key is None:
        raise ValueError(f"{register.name} has no natural key")
    return Statement(_single(register.name, properties, register.natural_key, active=True), (key,))


def merged_into(register: Register, uid: UUID) -> Statement:
    """The uid that an entity, no longer golden, was merged into; no row where it was not."""
    return Statement(
        f"""
-- The survivor of a merged entity.
SELECT "into" AS survivor
FROM jishi.{register.name}_version
WHERE uid = $1
ORDER BY recorded_at DESC, effective_from DESC
LIMIT 1
""",  # noqa: S608  identifiers of the declaration
        (uid,),
    )


@lru_cache(maxsize=1024)
def _page(register_name: str, properties: tuple[str, ...], equal: tuple[str, ...], boxed: bool) -> str:
    register = register_of(register_name)
    tests = [f"{name} = ${number}" for number, name in enumerate(equal, 3)]
    if boxed:
        corners = ", ".join(f"${number}" for number in range(len(equal) + 3, len(equal) + 7))
        tests.append(f"ST_Intersects({register.geometry}, ST_MakeEnvelope({corners}, {SRID}))")
    return f"""
-- A page of {register.collection} in uid order.
SELECT q.uid, {_geometry(register)} AS geometry, row_to_json(p)::text AS properties
FROM (
  SELECT *
  FROM jishi.{register.name}
  WHERE {" AND ".join(["state = 'active'", "uid > $1", *tests])}
  ORDER BY uid
  LIMIT $2
) q{_labels(register, properties)}
CROSS JOIN LATERAL (SELECT {_values(register, properties)}) p
ORDER BY q.uid
"""  # noqa: S608  identifiers of the declaration


@lru_cache(maxsize=256)
def _single(register_name: str, properties: tuple[str, ...], column: str, *, active: bool) -> str:
    register = register_of(register_name)
    preference = "0"
    if "code_system" in register.elements:
        ranked = ", ".join(f"'{system}'" for system in CODE_SYSTEMS)
        preference = f"coalesce(array_position(ARRAY[{ranked}], q.code_system), {len(CODE_SYSTEMS) + 1})"
    return f"""
-- One of {register.collection}.
SELECT q.uid, {_geometry(register)} AS geometry, row_to_json(p)::text AS properties, q.state, {preference} AS preference
FROM jishi.{register.name} q{_labels(register, properties)}
CROSS JOIN LATERAL (SELECT {_values(register, properties)}) p
WHERE q.{column} = $1{" AND q.state = 'active'" if active else ""}
ORDER BY preference, q.uid
LIMIT 10
"""  # noqa: S608  identifiers of the declaration


def _geometry(register: Register) -> str:
    """RFC 7946 wants outer rings counter-clockwise and no member crs (option 0)."""
    if register.geometry is None:
        return "NULL::text"
    return f"ST_AsGeoJSON(ST_ForcePolygonCCW(q.{register.geometry}), {DECIMALS}, 0)"


def _values(register: Register, properties: tuple[str, ...]) -> str:
    known = members(register.name)
    return ", ".join(f'{_value(register, known[name])} AS "{name}"' for name in properties)


def _value(register: Register, member: Member) -> str:
    element = register.elements[member.element]
    column = f"q.{member.element}"
    if is_masked(register, member.element):
        return "NULL::text" if member.label else mask_sql(f"({column})::text", element.mask.value)
    if member.label:
        return f"{_alias(member)}.name"
    match element.kind:
        case Kind.PARTIAL_DATE:
            length = f"CASE {column}_precision WHEN 'year' THEN 4 WHEN 'month' THEN 7 ELSE 10 END"
            return f"left(to_char({column}, 'YYYY-MM-DD'), {length})"
        case Kind.DECIMAL:
            return f"trim_scale({column})"
    return column


def _labels(register: Register, properties: tuple[str, ...]) -> str:
    """A join a label, so that PostgreSQL remembers names from row to row; the period in force first."""
    wanted = [member for member in members(register.name).values() if member.label and member.name in properties]
    return "".join(
        f"""
LEFT JOIN LATERAL (
  SELECT v.name
  FROM jishi.code_value v
  WHERE v.list = '{register.elements[member.element].code_list}' AND v.code = q.{member.element}
  ORDER BY v.valid_to DESC NULLS FIRST, v.valid_from DESC NULLS LAST
  LIMIT 1
) {_alias(member)} ON true"""  # noqa: S608  identifiers of the declaration
        for member in wanted
        if not is_masked(register, member.element)
    )


def _alias(member: Member) -> str:
    return f"name_of_{member.element}"
