"""What one grant answers of one register: the select list with its masks, and its row filter (plan, road out).

A plan is made once for what is asked of a grant and kept; it holds no value of a request. Every statement of
:mod:`jishi_api.sql` is written around a plan, so that masks and row filter are the same on every path.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from jishi.access.grants import Grant
from jishi.errors import Fault, InternalError
from jishi.identifiers.mask_sql import mask_sql
from jishi.registers import derived as derivation
from jishi.registers.catalog import register_of
from jishi.registers.element import Kind, Mask
from jishi.registers.register import Register
from jishi_api.condition import Condition
from jishi_api.crs import DEFAULT, Crs
from jishi_api.members import Member, elements_of, members
from jishi_api.row_filter import read_rows
from jishi_api.temporal import CITY_ZONE

LATEST_NAME = "v.valid_to DESC NULLS FIRST, v.valid_from DESC NULLS LAST"
LATEST_NUMBER = "d.valid_to DESC NULLS FIRST"
"""Of several names of a code, or numbers of an entity, the one in force comes first."""


@dataclass(frozen=True, eq=False)
class Plan:
    """How the rows of a grant are read. ``values`` are bound to ``$1`` and on wherever ``rows`` and ``columns`` say so.

    ``computed``: the derived ones among ``columns``. ``deciphered``: sealed elements granted in clear; a row carries
    ``<element>__lookup`` and ``<element>__cipher`` of them beside its JSON. ``masked`` and ``clear``: elements as the
    disclosure names them. ``names``: the members a row shows, in its order but for derived ones, which come last.
    """

    register: Register
    columns: str
    computed: str
    joins: str
    rows: str | None
    values: tuple[object, ...]
    deciphered: tuple[str, ...]
    masked: tuple[str, ...]
    clear: tuple[str, ...]
    geometry: bool
    crs: Crs = DEFAULT
    names: tuple[str, ...] = ()
    source: str | None = None  # where the rows stand if not in the golden table: all versions, of another time
    clocks: int = 0  # parameters of ``source``, which is bound behind ``values``

    @property
    def first(self) -> int:
        """Number of the first parameter that is free."""
        return len(self.values) + self.clocks + 1

    @property
    def table(self) -> str:
        """What stands behind FROM."""
        return self.source or f"jishi.{self.register.name}"


def plan_of(register: Register, grant: Grant, names: tuple[str, ...], *, geometry: bool, crs: Crs = DEFAULT) -> Plan:
    """The plan of members ``names`` (and the geometry in ``crs``), all of them granted:
    :func:`jishi.access.authorise.authorise` says so."""
    wanted = elements_of(register, names) | ({register.geometry} if geometry and register.geometry else frozenset())
    derived = grant.derived & wanted
    today = datetime.now(CITY_ZONE).date() if derived else None
    return _plan(
        register.name, grant.masked & wanted, grant.clear & wanted, derived, today, grant.rows, names, geometry, crs
    )


@lru_cache(maxsize=1024)
def _plan(
    name: str,
    masked: frozenset[str],
    clear: frozenset[str],
    derived: frozenset[str],
    today: date | None,
    rows: str | None,
    names: tuple[str, ...],
    geometry: bool,
    crs: Crs,
) -> Plan:
    register = register_of(name)
    known = members(name)
    filtered = _row_filter(register, rows) if rows else None
    deciphered = tuple(item for item in names if item in clear and register.elements[item].sealed)
    plain = [known[item] for item in names if item in known and item not in deciphered]
    columns = [f'{_value(register, member, masked)} AS "{member.name}"' for member in plain]
    values = list(filtered.values) if filtered else []
    computed = []
    for item in sorted(derived):
        text, more = _derived(register, item, len(values) + 1, today)
        computed.append(f'{text} AS "{item}"')
        values += more
    joins = "".join(
        _label(register, member) for member in plain if member.label and not _hides(register, member, masked)
    )
    joins += "".join(_number(register, item) for item in deciphered)
    return Plan(
        register,
        columns=", ".join([*columns, *computed]),
        computed=", ".join(computed),
        joins=joins,
        rows=filtered.text if filtered else None,
        values=tuple(values),
        deciphered=deciphered,
        masked=tuple(sorted(masked)),
        clear=tuple(sorted(clear | derived)),
        geometry=geometry,
        crs=crs,
        names=names,
    )


def _row_filter(register: Register, text: str) -> Condition:
    """The grant's own filter. One that cannot be read opens nothing."""
    found = read_rows(register, text, [])
    if found is None:
        raise InternalError("ACC-GRANT-ROWS", collection=register.collection)
    return found


def _derived(register: Register, name: str, first: int, today: date | None) -> tuple[str, tuple[object, ...]]:
    """A derived element as a column: its expression over ``q`` and its values from ``first`` on."""
    asked = derivation.read(register, name)
    if isinstance(asked, Fault) or today is None or '"' in name:
        raise InternalError("ACC-GRANT-DERIVED", collection=register.collection)
    expression = asked.sql("q", first, today)
    return expression.text, expression.values


def _hides(register: Register, member: Member, masked: frozenset[str]) -> bool:
    element = register.elements[member.element]
    return member.element in masked and element.mask is not Mask.NONE and not element.sealed


def _value(register: Register, member: Member, masked: frozenset[str]) -> str:
    element = register.elements[member.element]
    column = f"q.{member.element}"
    if _hides(register, member, masked):
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


def _label(register: Register, member: Member) -> str:
    """A join a label, so that PostgreSQL remembers names from row to row; the period in force first."""
    return f"""
LEFT JOIN LATERAL (
  SELECT v.name
  FROM jishi.code_value v
  WHERE v.list = '{register.elements[member.element].code_list}' AND v.code = q.{member.element}
  ORDER BY {LATEST_NAME}
  LIMIT 1
) {_alias(member)} ON true"""  # noqa: S608  identifiers of the declaration


def _number(register: Register, element: str) -> str:
    """The sealed number whose mask the row shows; of several the one of the best ranked source."""
    return f"""
LEFT JOIN LATERAL (
  SELECT d.lookup, d.cipher
  FROM jishi.{register.name}_link l
  JOIN jishi.identifier d ON d.contribution_id = l.contribution_id AND d.register = {register.number}
  WHERE l.uid = q.uid AND d.element = '{element}' AND d.masked = q.{element}
  ORDER BY {LATEST_NUMBER}, l.rank, d.valid_from DESC
  LIMIT 1
) number_of_{element} ON true"""  # noqa: S608  identifiers of the declaration


def _alias(member: Member) -> str:
    return f"name_of_{member.element}"
