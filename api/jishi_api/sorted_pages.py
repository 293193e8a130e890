"""Pages in the order of two or three elements, some rising and some falling (query, road out).

What follows a row is taken in parts, so that each begins in an index on the first element: the rows that share its value
and come after it by the others, those beyond its value, and those without a value, which come last either way. PostgreSQL
sorts within equal values only; the parts are put together and cut to the page.
"""

from __future__ import annotations

from functools import lru_cache

from jishi_api import sql
from jishi_api.plan import Plan
from jishi_api.sql import Key, Order, Page, Statement


def page(plan: Plan, asked: Page) -> Statement:
    """As :func:`jishi_api.sql.page`; ``after.key`` holds a value an element, None where the row had none."""
    condition, after = asked.condition, asked.after
    keys = after.key if after is not None and isinstance(after.key, tuple) else ()
    values: list[object] = [*plan.values, *asked.clock, *(condition.values if condition else ())]
    if asked.hidden:
        values.append(list(asked.hidden))
    first = len(values) + 1
    values.append(asked.limit + 1)
    if after is not None:
        values += [after.uid, *(key for key in keys if key is not None)]
    nulls = tuple(key is None for key in keys)
    text = condition.text if condition else ""
    return Statement(
        _page(plan, text, first, bool(asked.hidden), asked.include, asked.order, nulls if after else None),
        tuple(values),
    )


@lru_cache(maxsize=512)
def _page(
    plan: Plan,
    condition: str,
    first: int,
    hides: bool,
    include: frozenset[str],
    order: Order,
    nulls: tuple[bool, ...] | None,
) -> str:
    tests = [sql.served(plan, include), *([condition] if condition else [])]
    if hides:
        tests.append(f"q.uid <> ALL(${first - 1}::uuid[])")
    limit = f"${first}"
    parts = [
        f"(SELECT q.* FROM {plan.table} q WHERE {' AND '.join([*tests, part])} "  # noqa: S608
        f"ORDER BY {_ordered(order)} LIMIT {limit})"
        for part in _parts(order, first, nulls)
    ]
    shown = ", ".join(f"q.{key.element}::text" for key in order.keys)
    return f"""
-- A page of {plan.register.collection} in the order of several elements.
SELECT {sql.answer(plan)}, json_build_array({shown})::text AS sort_key
FROM ({" UNION ALL ".join(parts)}) q{plan.joins}
CROSS JOIN LATERAL (SELECT {plan.columns}) p
ORDER BY {_ordered(order, whole=True)}
LIMIT {limit}
"""  # noqa: S608  identifiers of the declaration


def _parts(order: Order, first: int, nulls: tuple[bool, ...] | None) -> list[str]:
    """Conditions of the parts of a page, in the order in which their rows come."""
    column = f"q.{order.keys[0].element}"
    if nulls is None:
        return [f"{column} IS NOT NULL", f"{column} IS NULL"]
    names = _places(first, nulls)
    rest = _after(order.keys[1:], names[1:], f"q.uid {_sign(order.keys[0])} ${first + 1}")
    if names[0] is None:
        return [f"{column} IS NULL AND {rest}"]
    return [
        f"{column} = {names[0]} AND {rest}",
        f"{column} {_sign(order.keys[0])} {names[0]}",
        f"{column} IS NULL",
    ]


def _places(first: int, nulls: tuple[bool, ...]) -> list[str | None]:
    """The parameter of each element's value, None where it has none; limit and uid stand before them."""
    found: list[str | None] = []
    number = first + 2
    for null in nulls:
        found.append(None if null else f"${number}")
        number += not null
    return found


def _after(keys: tuple[Key, ...], names: list[str | None], last: str) -> str:
    """Whether a row comes later by these elements, and by its uid where it equals in all of them."""
    if not keys:
        return last
    column, name, rest = f"q.{keys[0].element}", names[0], _after(keys[1:], names[1:], last)
    if name is None:
        return f"({column} IS NULL AND {rest})"
    return f"({column} {_sign(keys[0])} {name} OR {column} IS NULL OR ({column} = {name} AND {rest}))"


def _sign(key: Key) -> str:
    return "<" if key.descending else ">"


def _ordered(order: Order, *, whole: bool = False) -> str:
    """Within a part the first element has a value in all rows or in none; of the whole page nothing is sure."""
    keys = [f"q.{key.element}{' DESC' if key.descending else ''} NULLS LAST" for key in order.keys]
    if not whole:
        keys[0] = keys[0].removesuffix(" NULLS LAST")
    return ", ".join([*keys, f"q.uid{' DESC' if order.keys[0].descending else ''}"])
