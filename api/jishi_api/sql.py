"""From a plan to statements: one text a shape, identifiers from the declaration, every value bound (query, road out).

PostgreSQL writes the JSON of each feature's properties and geometry; the parts come as text and are put on the wire as
they are, the uid beside them. A text is made once and cached, so that the driver's prepared statement is found again.
Values stand in one order: the plan's, the condition's, the hidden, then those of the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from jishi.registers.register import Register
from jishi_api.condition import Condition
from jishi_api.plan import Plan
from jishi_api.shapes import INACTIVE

CODE_SYSTEMS = ("mca", "nbs")
"""Of several divisions with one code, the civil-affairs one is meant before the statistical one."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and its bound values."""

    text: str
    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """One element of an order."""

    element: str
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """By ``element`` (None = by uid alone), then by ``more``, then by uid. Rows without a value come last either way.
    With ``more`` a page is :mod:`jishi_api.sorted_pages`'s."""

    element: str | None = None
    descending: bool = False
    more: tuple[Key, ...] = ()

    @property
    def keys(self) -> tuple[Key, ...]:
        """All its elements, the first first."""
        return () if self.element is None else (Key(self.element, self.descending), *self.more)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: after the row of this uid. ``key``: its value in the order's element; ``past_values``: it has
    none, so that only rows without a value follow."""

    uid: UUID
    key: object = None
    past_values: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows a page holds. ``hidden``: uids that do not exist for the caller; ``include``: ``inactive``, ``withheld``;
    ``clock``: what is bound for a plan of another time."""

    condition: Condition | None = None
    hidden: tuple[UUID, ...] = ()
    include: frozenset[str] = frozenset()
    order: Order = Order()
    after: Position | None = None
    limit: int = 100
    clock: tuple[object, ...] = ()


def page(plan: Plan, asked: Page) -> Statement:
    """Rows (uid, geometry, properties, sort_key and what is deciphered) in order, and one more where another page follows."""
    condition, after = asked.condition, asked.after
    shape = _page(
        plan,
        condition.text if condition else "",
        len(condition.values) if condition else 0,
        bool(asked.hidden),
        asked.include,
        asked.order,
        after is not None,
        after.past_values if after else False,
    )
    values: list[object] = [*plan.values, *asked.clock, *(condition.values if condition else ())]
    if asked.hidden:
        values.append(list(asked.hidden))
    values.append(asked.limit + 1)
    if after is not None:
        values.append(after.uid)
        if asked.order.element is not None and not after.past_values:
            values.append(after.key)
    return Statement(shape, tuple(values))


def by_uids(plan: Plan, uids: tuple[UUID, ...], hidden: tuple[UUID, ...], clock: tuple[object, ...] = ()) -> Statement:
    """The rows (as of a page, with ``state`` and whether ``inactive``) of these entities, in no order."""
    values = (*plan.values, *clock, list(uids), *([list(hidden)] if hidden else []))
    return Statement(_by_uids(plan, bool(hidden)), values)


def one_of(plan: Plan, hidden: tuple[UUID, ...]) -> Statement:
    """As :func:`by_uids`, the uids left out of the values: they are bound behind the plan's own."""
    return Statement(_by_uids(plan, bool(hidden)), (*plan.values, *([list(hidden)] if hidden else [])))


def by_key(plan: Plan, element: str, key: str, hidden: tuple[UUID, ...], clock: tuple[object, ...] = ()) -> Statement:
    """Active entities of a natural key, the one meant first; those of the same ``preference`` are equally meant."""
    values = (*plan.values, *clock, key, *([list(hidden)] if hidden else []))
    return Statement(_by_key(plan, element, bool(hidden)), values)


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


@lru_cache(maxsize=2048)
def _page(
    plan: Plan,
    condition: str,
    bound: int,
    hides: bool,
    include: frozenset[str],
    order: Order,
    continued: bool,
    past_values: bool,
) -> str:
    number = plan.first + bound
    tests = [states(plan.register, include), *_rows(plan)]
    if condition:
        tests.append(condition)
    if hides:
        tests.append(f"q.uid <> ALL(${number}::uuid[])")
        number += 1
    limit, uid, key = f"${number}", f"${number + 1}::uuid", f"${number + 2}"
    sign, way = ("<", " DESC") if order.descending else (">", "")
    by_uid = f"q.uid{way}"
    if order.element is None:
        tests += [f"q.uid {sign} {uid}"] if continued else []
        found = _part(plan, tests, by_uid, limit)
        ordered = by_uid
        sort_key = "NULL::text"
    else:
        column = f"q.{order.element}"
        after = [f"({column}, q.uid) {sign} ({key}, {uid})"] if continued else []
        after_null = [f"q.uid {sign} {uid}"] if continued and past_values else []
        valued = _part(plan, [*tests, f"{column} IS NOT NULL", *after], f"{column}{way}, {by_uid}", limit)
        empty = _part(plan, [*tests, f"{column} IS NULL", *after_null], f"{column}{way}, {by_uid}", limit)
        found = empty if past_values else f"({valued}) UNION ALL ({empty})"
        ordered = f"({column} IS NULL), {column}{way}, {by_uid}"
        sort_key = f"{column}::text"
    return f"""
-- A page of {plan.register.collection}.
SELECT {answer(plan)}, {sort_key} AS sort_key
FROM ({found}) q{plan.joins}
CROSS JOIN LATERAL (SELECT {plan.columns}) p
ORDER BY {ordered}
LIMIT {limit}
"""  # noqa: S608  identifiers of the declaration


def _part(plan: Plan, tests: list[str], order: str, limit: str) -> str:
    return f"""
  SELECT q.*
  FROM {plan.table} q
  WHERE {" AND ".join(tests)}
  ORDER BY {order}
  LIMIT {limit}
"""  # noqa: S608  identifiers of the declaration


@lru_cache(maxsize=1024)
def _by_uids(plan: Plan, hides: bool) -> str:
    tests = [f"q.uid = ANY(${plan.first}::uuid[])", *_rows(plan)]
    if hides:
        tests.append(f"q.uid <> ALL(${plan.first + 1}::uuid[])")
    return f"""
-- Some of {plan.register.collection}.
SELECT {answer(plan)}, q.state, {_inactive(plan.register)} AS inactive
FROM {plan.table} q{plan.joins}
CROSS JOIN LATERAL (SELECT {plan.columns}) p
WHERE {" AND ".join(tests)}
"""  # noqa: S608  identifiers of the declaration


@lru_cache(maxsize=256)
def _by_key(plan: Plan, element: str, hides: bool) -> str:
    preference = "0"
    if "code_system" in plan.register.elements:
        ranked = ", ".join(f"'{system}'" for system in CODE_SYSTEMS)
        preference = f"coalesce(array_position(ARRAY[{ranked}], q.code_system), {len(CODE_SYSTEMS) + 1})"
    tests = [f"q.{element} = ${plan.first}", "q.state = 'active'", *_rows(plan)]
    if hides:
        tests.append(f"q.uid <> ALL(${plan.first + 1}::uuid[])")
    return f"""
-- One of {plan.register.collection}.
SELECT {answer(plan)}, q.state, false AS inactive, {preference} AS preference
FROM {plan.table} q{plan.joins}
CROSS JOIN LATERAL (SELECT {plan.columns}) p
WHERE {" AND ".join(tests)}
ORDER BY preference, q.uid
LIMIT 10
"""  # noqa: S608  identifiers of the declaration


def answer(plan: Plan) -> str:
    """The uid, and beside it the feature as bytes up to the end of its properties; where numbers are to be opened, its parts
    and the numbers."""
    properties = "row_to_json(p)::text" if plan.columns else "'{}'"
    if not plan.deciphered:
        begins = f"""'{{"type":"Feature","id":"' || q.uid || '","geometry":' || coalesce({_geometry(plan)}, 'null')"""
        return f"""q.uid, convert_to({begins} || ',"properties":' || {properties}, 'UTF8') AS feature"""
    numbers = [
        f"number_of_{element}.lookup AS {element}__lookup, number_of_{element}.cipher AS {element}__cipher, "
        f"q.{element} AS {element}__shown"
        for element in plan.deciphered
    ]
    return ", ".join(["q.uid", f"{_geometry(plan)} AS geometry", f"{properties} AS properties", *numbers])


def served(plan: Plan, include: frozenset[str] = frozenset()) -> str:
    """Whether the row ``q`` stands among those that reads under the plan show; without ``include``, plain reads."""
    return " AND ".join([states(plan.register, include), *_rows(plan)])


def is_over(register: Register) -> str:
    """Whether the row ``q`` has ended, or is over by its status."""
    return f"coalesce({_inactive(register)}, false)"


def _rows(plan: Plan) -> list[str]:
    return [f"({plan.rows})"] if plan.rows else []


def states(register: Register, include: frozenset[str], alias: str = "q") -> str:
    """Only the living unless asked for: the ended, those of a status that says so, the withheld."""
    named = ["active", *(["ended"] if "inactive" in include else []), *(["withheld"] if "withheld" in include else [])]
    state = f"{alias}.state IN ({', '.join(map(repr, named))})" if len(named) > 1 else f"{alias}.state = 'active'"
    if "inactive" in include or register.name not in INACTIVE:
        return state
    return f"{state} AND NOT {_inactive(register, alias)}"


def _inactive(register: Register, alias: str = "q") -> str:
    if register.name not in INACTIVE:
        return f"({alias}.state = 'ended')"
    element, values = INACTIVE[register.name]
    listed = ", ".join(map(repr, values))
    return f"({alias}.state = 'ended' OR ({alias}.{element} IS NOT NULL AND {alias}.{element} IN ({listed})))"


def geometry_of(plan: Plan) -> str:
    """The geometry as GeoJSON, null where it is not wanted."""
    return _geometry(plan)


def selected(plan: Plan, asked: Page, columns: str, joins: str) -> Statement:
    """``columns`` of all rows in no order, with ``joins`` to compute them by; neither comes from a request."""
    condition = asked.condition
    values: list[object] = [*plan.values, *asked.clock, *(condition.values if condition else ())]
    values += [list(asked.hidden)] if asked.hidden else []
    tests = [states(plan.register, asked.include), *_rows(plan), *([condition.text] if condition else [])]
    if asked.hidden:
        tests.append(f"q.uid <> ALL(${len(values)}::uuid[])")
    return Statement(
        f"""
-- All that is asked for of {plan.register.collection}.
SELECT {columns}
FROM {plan.table} q{joins}
WHERE {" AND ".join(tests)}
""",  # noqa: S608  identifiers of the declaration
        tuple(values),
    )


def _geometry(plan: Plan) -> str:
    if not plan.geometry or plan.register.geometry is None:
        return "NULL::text"
    return plan.crs.as_geojson(f"q.{plan.register.geometry}")


def count(plan: Plan, asked: Page) -> Statement:
    """How many rows there are in all pages."""
    condition = asked.condition
    values: list[object] = [*plan.values, *asked.clock, *(condition.values if condition else ())]
    values += [list(asked.hidden)] if asked.hidden else []
    bound = len(condition.values) if condition else 0
    return Statement(
        _count(plan, condition.text if condition else "", bound, bool(asked.hidden), asked.include), tuple(values)
    )


@lru_cache(maxsize=1024)
def _count(plan: Plan, condition: str, bound: int, hides: bool, include: frozenset[str]) -> str:
    tests = [states(plan.register, include), *_rows(plan), *([condition] if condition else [])]
    if hides:
        tests.append(f"q.uid <> ALL(${plan.first + bound}::uuid[])")
    return f"""
-- How many of {plan.register.collection}.
SELECT count(*)
FROM {plan.table} q{f" CROSS JOIN LATERAL (SELECT {plan.computed}) p" if plan.computed else ""}
WHERE {" AND ".join(tests)}
"""  # noqa: S608  identifiers of the declaration


def looked_over(plan: Plan, asked: Page, columns: tuple[str, ...], nearest: str | None = None) -> Statement:
    """The first rows by uid, uid and ``columns`` as text, of which something is chosen outside the database; or, of so many
    by uid, the nearest of ``asked.limit`` first: ``nearest`` is SQL over ``q`` that grows with nearness."""
    condition = asked.condition
    values: list[object] = [*plan.values, *asked.clock, *(condition.values if condition else ())]
    values += [list(asked.hidden)] if asked.hidden else []
    bound = len(condition.values) if condition else 0
    text = _looked_over(
        plan, condition.text if condition else "", bound, bool(asked.hidden), asked.include, columns, nearest
    )
    return Statement(text, (*values, asked.limit))


MOST_NEAR = 5000
"""Rows whose nearness is computed; of a name that more than these resemble the first by uid are meant."""


@lru_cache(maxsize=1024)
def _looked_over(
    plan: Plan,
    condition: str,
    bound: int,
    hides: bool,
    include: frozenset[str],
    columns: tuple[str, ...],
    nearest: str | None,
) -> str:
    tests = [states(plan.register, include), *_rows(plan), *([condition] if condition else [])]
    limit = plan.first + bound
    if hides:
        tests.append(f"q.uid <> ALL(${limit}::uuid[])")
        limit += 1
    found = f"""
  SELECT q.*
  FROM {plan.table} q
  WHERE {" AND ".join(tests)}
  ORDER BY q.uid
  LIMIT {MOST_NEAR if nearest else f"${limit}"}
"""  # noqa: S608  identifiers of the declaration
    return f"""
-- Some of {plan.register.collection}, to choose among.
SELECT q.uid, {", ".join(f"q.{column}::text AS {column}" for column in columns)}
FROM ({found}) q
ORDER BY {f"{nearest} DESC, " if nearest else ""}q.uid
LIMIT ${limit}
"""  # noqa: S608  identifiers of the declaration
