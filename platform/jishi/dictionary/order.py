"""The order of nodes 前置关系: a partial order every city shares, and what one city's procedure adds or takes away.

Beside the road: checked when a scheme is read; the handbook and the exports show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from graphlib import CycleError, TopologicalSorter

from jishi.dictionary.forms import ANY, Concept, Edge

Order = Mapping[str, frozenset[str]]
"""Code → the codes that come before it."""


def order_of(
    concepts: Iterable[Concept], edges: Iterable[Edge] = (), place: str | None = None, day: date | None = None
) -> Order:
    """Who comes after whom; with a ``place`` by its own procedures in force on ``day`` (None: all of them)."""
    known = tuple(concepts)
    order = {concept.code: set(concept.predecessors) - {ANY} for concept in known}
    own = [edge for edge in edges if edge.place == place and edge.code in order and holds_on(edge, day)]
    for edge in own:
        if edge.removes:
            order[edge.code].discard(edge.predecessor)
    for edge in own:
        if not edge.removes:
            order[edge.code].add(edge.predecessor)
    return {code: frozenset(before) for code, before in order.items()}


def cycles(concepts: Iterable[Concept], edges: Iterable[Edge] = ()) -> list[tuple[str | None, tuple[str, ...]]]:
    """Every place (None: everywhere) whose order runs in a circle at some time, with the codes of the circle."""
    known, own = tuple(concepts), tuple(edges)
    found: list[tuple[str | None, tuple[str, ...]]] = []
    if circle := _circle(order_of(known)):
        found.append((None, circle))
    for place in sorted({edge.place for edge in own}):
        here = [edge for edge in own if edge.place == place]
        for day in sorted({edge.valid_from or date.min for edge in here}):
            if circle := _circle(order_of(known, here, place, day)):
                found.append((place, circle))
                break
    return found


def levels(order: Order) -> list[tuple[str, ...]]:
    """The codes in steps: each step's predecessors stand in earlier ones. Raises graphlib.CycleError."""
    sorter = TopologicalSorter(order)
    sorter.prepare()
    found = []
    while sorter.is_active():
        ready = tuple(sorted(sorter.get_ready()))
        found.append(ready)
        sorter.done(*ready)
    return found


def holds_on(edge: Edge, day: date | None) -> bool:
    """Whether the procedure is in force on a day; without a day, whether it ever was."""
    return day is None or (
        (edge.valid_from is None or edge.valid_from <= day) and (edge.valid_to is None or day < edge.valid_to)
    )


def _circle(order: Order) -> tuple[str, ...]:
    try:
        TopologicalSorter(order).prepare()
    except CycleError as error:
        return tuple(map(str, error.args[1]))
    return ()
