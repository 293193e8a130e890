"""Temporal predicates of a filter: how days and spans of days lie to each other (plan, road out).

An instant is a span that begins and ends with it. The dates of registers are days; an instant of a literal stands for the
day it falls on in the city.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from jishi_api.cql2 import Node

CITY_ZONE = ZoneInfo("Asia/Shanghai")
"""Days begin at its midnight."""

OPEN = ".."

RELATIONS = {
    "t_after": "{a} > {z2}",
    "t_before": "{z} < {a2}",
    "t_contains": "{a} < {a2} AND {z} > {z2}",
    "t_disjoint": "({z} < {a2} OR {a} > {z2})",
    "t_during": "{a} > {a2} AND {z} < {z2}",
    "t_equals": "{a} = {a2} AND {z} = {z2}",
    "t_finishedby": "{a} < {a2} AND {z} = {z2}",
    "t_finishes": "{a} > {a2} AND {z} = {z2}",
    "t_intersects": "{a} <= {z2} AND {z} >= {a2}",
    "t_meets": "{z} = {a2}",
    "t_metby": "{a} = {z2}",
    "t_overlappedby": "{a} > {a2} AND {a} < {z2} AND {z} > {z2}",
    "t_overlaps": "{a} < {a2} AND {z} > {a2} AND {z} < {z2}",
    "t_startedby": "{a} = {a2} AND {z} > {z2}",
    "t_starts": "{a} = {a2} AND {z} < {z2}",
}
"""Operation → its test of the first span (a to z) against the second (a2 to z2), as the tables of CQL2 7.4 say it."""


OF_INSTANTS = frozenset({"t_after", "t_before", "t_disjoint", "t_equals", "t_intersects"})
"""What may be said of two instants; everything else needs an interval on one side."""


@dataclass(frozen=True, slots=True)
class Span:
    """SQL of the first and the last day."""

    first: str
    last: str


def relation(operation: str, one: Span, other: Span) -> str:
    """SQL of whether the spans lie so; null where one of their ends is."""
    if operation == "t_equals" and one.first == one.last and other.first == other.last:
        return f"{one.first} = {other.first}"
    text = RELATIONS[operation].format(a=one.first, z=one.last, a2=other.first, z2=other.last)
    ends = [end for span in (one, other) if span.first != span.last for end in (span.first, span.last)]
    looked_at = [end for end in ends if not end.endswith("::date") or end not in text]  # no bound value may stand idle
    there = " AND ".join(f"{end} IS NOT NULL" for end in looked_at)
    return f"(CASE WHEN {there} THEN {text} END)" if there else f"({text})"


def day_of(node: Node) -> date | None:
    """The day of a literal instant: a date, a timestamp, or the text of one; None where it is neither.

    >>> day_of({"timestamp": "2020-01-01T20:00:00Z"}), day_of("2020-02-30")
    (datetime.date(2020, 1, 2), None)
    """
    kind, text = next(iter(node.items())) if isinstance(node, dict) and len(node) == 1 else ("", node)
    if not isinstance(text, str) or kind not in ("", "date", "timestamp"):
        return None
    try:
        if _DAY.fullmatch(text) and kind != "timestamp":
            return date.fromisoformat(text)
        if _INSTANT.fullmatch(text) and kind != "date":
            return datetime.fromisoformat(text.upper()).astimezone(CITY_ZONE).date()
    except (ValueError, OverflowError):
        pass
    return None


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
