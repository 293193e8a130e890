"""What was done to a row that does not fit its chain: told from it and the rows behind it (behind the road out)."""

from __future__ import annotations

from collections.abc import Sequence

from jishi.access import chain
from jishi.access.chain import Row
from jishi.access.findings import Finding, Kind
from jishi.access.seals import Head

LOOK_AHEAD = 2
"""Rows behind the bad one that the diagnosis needs."""
_REACH = 256
"""How far from its own place a moved row is looked for."""


def is_genuine(row: Row) -> bool:
    """Whether the row's hash is that of what it says, and its case number is the one committed to."""
    return chain.hash_row(row) == row.hash and _keeps_its_case(row)


def diagnose(head: Head, row: Row, following: Sequence[Row]) -> Finding | None:
    """None where ``row`` is the one that comes behind ``head``; else what is wrong, at the first bad row."""
    expected = head.number + 1
    if row.number > expected:
        until = row.number - 1
        return Finding("missing", row.writer, expected, until if until > expected else None, at=row.disclosed_at)
    if row.number < expected:
        return Finding("inserted", row.writer, row.number, at=row.disclosed_at)
    linked = row.previous == head.hash
    if is_genuine(row):
        return None if linked else _of_broken_link(head, row, following)
    return _of_bad_row(head, row, following)


def own_number(row: Row) -> int | None:
    """The number under which the row's hash was made; None where its content was changed."""
    near = sorted(range(max(1, row.number - _REACH), row.number + _REACH + 1), key=lambda k: abs(k - row.number))
    return next((number for number in near if chain.hash_row(row, number) == row.hash), None)


def _of_bad_row(head: Head, row: Row, following: Sequence[Row]) -> Finding:
    if any(other.number == row.number and other.previous == head.hash and is_genuine(other) for other in following):
        return Finding("inserted", row.writer, row.number, at=row.disclosed_at)
    own = own_number(row)
    others = [own_number(other) for other in following]
    if own is None or own == row.number:  # the latter: only its case number or salt is another
        kind: Kind = "inserted" if row.number in others else "changed"
        return Finding(kind, row.writer, row.number, at=row.disclosed_at)
    if own < row.number:  # pushed back by one that stands in its place
        return Finding("inserted", row.writer, own, at=row.disclosed_at)
    if any(other is not None and row.number <= other < own for other in others):
        return Finding("reordered", row.writer, row.number, at=row.disclosed_at)
    return Finding("missing", row.writer, row.number, own - 1 if own - 1 > row.number else None, at=row.disclosed_at)


def _of_broken_link(head: Head, row: Row, following: Sequence[Row]) -> Finding:
    """The row says what its hash says, but names another one before it: that one or this one got a new hash."""
    if following and following[0].previous != row.hash:
        return Finding("changed", row.writer, row.number, at=row.disclosed_at)
    number = max(head.number, 1)
    return Finding("changed", row.writer, number, None if following else row.number, at=row.disclosed_at)


def _keeps_its_case(row: Row) -> bool:
    if row.withheld:
        return True
    case_no, salt = row.told.case_no, row.salt
    if case_no is None or salt is None or row.commitment is None:
        return case_no is None and salt is None
    return row.commitment == chain.commit(row.commitment[0] if row.commitment else 1, salt, case_no)
