"""Which groups of a count are not told, so that no small one can be worked out from the others (respond, road out).

Small groups go first. Then, among all groups that are summed up somewhere (everything; all that share a division), those
left out must be two at least and five subjects at least together: else who knows the sum, as any count tells it, would
know the one. The smallest other group is left out with them until that is so. It is never said which was which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

SMALLEST = 5

Line = Callable[[str | None], object]
"""A group's value → what it is summed up with; groups of one such thing are one line."""


def suppressed(counts: Mapping[str | None, int], lines: Sequence[Line] = ()) -> frozenset[str | None]:
    """The groups not to be told. ``lines``: from the finest sums to the coarsest; that of everything is added.

    >>> sorted(suppressed({"a": 3, "b": 40, "c": 90}))
    ['a', 'b']
    """
    out = {value for value, number in counts.items() if number < SMALLEST}
    before = -1
    while before != len(out):  # what one sum made go may tell by another
        before = len(out)
        for line in (*lines, _everything):
            for members in _lines(counts, line):
                _leave_out(counts, members, out)
    return frozenset(out)


def _leave_out(counts: Mapping[str | None, int], members: Sequence[str | None], out: set[str | None]) -> None:
    """Of the groups of one sum the smallest more, until what is left out tells nothing."""
    shown = sorted((value for value in members if value not in out), key=lambda value: (counts[value], value or ""))
    while shown and _tells(counts, [value for value in members if value in out]):
        out.add(shown.pop(0))


def _tells(counts: Mapping[str | None, int], left_out: Sequence[str | None]) -> bool:
    """Whether the sum of what is left out tells too much of a single group."""
    return bool(left_out) and (len(left_out) < 2 or sum(counts[value] for value in left_out) < SMALLEST)


def _lines(counts: Iterable[str | None], line: Line) -> list[list[str | None]]:
    found: dict[object, list[str | None]] = {}
    for value in counts:
        found.setdefault(line(value), []).append(value)
    return list(found.values())


def _everything(value: str | None) -> object:
    return None
