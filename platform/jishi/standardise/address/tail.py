"""The tail of an address: zone, town, village, road, number, compound, building, unit and room, by their endings."""

from __future__ import annotations

import re

from jishi.standardise.address.gazetteer import COUNTY, Gazetteer, Local, Names
from jishi.standardise.address.head import take_division
from jishi.standardise.address.parts import REMAINDER
from jishi.standardise.address.patterns import Patterns
from jishi.standardise.address.reading import Reading

_BELOW_TOWN = frozenset({"community", "road", "number", "compound", "building"})
_BELOW_VILLAGE = frozenset({"road", "number", "compound", "building"})
_DASHES = "-－—~/"


def read_tail(reading: Reading, gazetteer: Gazetteer) -> None:
    """Read to the end of the text; what has no known form goes to the remainder."""
    size, patterns = len(reading.text), gazetteer.patterns
    while reading.at < size:
        if found := patterns.separators.match(reading.text, reading.at) or _direction(reading, patterns):
            reading.take(REMAINDER, found.end())
        elif not (
            _take_late_division(reading, gazetteer)
            or _take_local(reading, gazetteer)
            or _take_counted(reading, patterns)
            or _take_ended(reading, patterns)
        ):
            _take_run(reading, patterns)


def _direction(reading: Reading, patterns: Patterns) -> re.Match[str] | None:
    """Behind a road: 与…路交叉口, 东侧, 对面."""
    return patterns.direction.match(reading.text, reading.at) if "road" in reading.seen else None


def _take_late_division(reading: Reading, gazetteer: Gazetteer) -> bool:
    """A division named in full behind a town or zone: 路北街道路桥区."""
    is_early = reading.level < COUNTY and reading.seen.isdisjoint(_BELOW_VILLAGE)
    return is_early and take_division(reading, gazetteer, full_only=True)


def _take_local(reading: Reading, gazetteer: Gazetteer) -> bool:
    """A town or village of the dictionary."""
    seen = reading.seen
    if "town" not in seen and seen.isdisjoint(_BELOW_TOWN):
        end, found = _find(reading, gazetteer.towns, gazetteer.patterns)
        if found:
            reading.town = found
            reading.take("zone" if (found[0].code or "      0")[6] in "45" else "town", end)
            return True
    if "community" not in seen and seen.isdisjoint(_BELOW_VILLAGE):
        end, found = _find(reading, gazetteer.villages, gazetteer.patterns)
        if found:
            if not reading.town:
                reading.town = tuple(Local(one.county, one.code and one.code[:9], one.full) for one in found)
            reading.take("community", end)
            return True
    return False


def _find(reading: Reading, names: Names[Local], patterns: Patterns) -> tuple[int, tuple[Local, ...]]:
    """The longest name here that lies in the county, city or province the address names, else where the source is."""
    for end, places in names.at(reading.text, reading.at):
        fitting = tuple(place for place in places if _lies_in(reading, place))
        if not fitting:
            continue
        if fitting[0].full or not patterns.local_stop.match(reading.text, end):
            return end, fitting
        if not reading.prefixes:  # 苏州市人民路 need not lie where a town of that name is
            reading.hint = reading.hint or fitting
    return 0, ()


def _lies_in(reading: Reading, place: Local) -> bool:
    if reading.counties:
        return any(place.county in county.today for county in reading.counties)
    if reading.prefixes:
        return place.county.startswith(reading.prefixes)
    return place.county.startswith(reading.within) if reading.within else place.full


def _take_counted(reading: Reading, patterns: Patterns) -> bool:
    """What is told by a number: 12号, 3幢, 二单元, 501室, 104国道."""
    found = patterns.counted.match(reading.text, reading.at)
    if found is None:
        return False
    kind, seen = found.lastgroup or REMAINDER, reading.seen
    if kind == "bare":
        _take_bare(reading, found.end())
        return True
    if kind == "number" and ("number" in seen or ("compound" in seen and "road" not in seen)):
        kind = "building" if "building" not in seen else "room"
    reading.take(kind, found.end())
    return True


def _take_bare(reading: Reading, end: int) -> None:
    """Numbers without a word: 17号后的 501, 花园后的 3-2-501."""
    seen = reading.seen
    begin, text = reading.at, reading.text
    if "number" not in seen and "compound" not in seen and "road" in seen:
        reading.take("number", end)
        return
    order = [part for part in ("building", "unit", "room") if part not in seen]
    pieces = sum(text[place] in _DASHES for place in range(begin, end)) + 1
    if pieces == 1:
        is_building = "building" in order and "compound" in seen and end - begin < 3
        reading.take("building" if is_building else "room", end)
        return
    wanted = (["building", "room"] if pieces == 2 and "building" in order else order)[-pieces:] or ["room"]
    for kind in wanted[:-1]:
        dash = next(place for place in range(reading.at, end) if text[place] in _DASHES)
        reading.take(kind, dash)
        reading.take(REMAINDER, dash + 1)
    reading.take(wanted[-1], end)


def _take_ended(reading: Reading, patterns: Patterns) -> bool:
    """A name with a known ending."""
    found = patterns.ended.match(reading.text, reading.at)
    if found is None:
        return False
    kind = next(kind for kind in ("zone", "town", "community", "road", "compound") if found[kind])
    if kind == "zone" and "zone" in reading.seen:
        kind = "compound"
    reading.take(kind, found.end())
    return True


def _take_run(reading: Reading, patterns: Patterns) -> None:
    """A name without an ending: a compound if a building number follows, otherwise the remainder."""
    found = patterns.run.match(reading.text, reading.at)
    end = found.end() if found else reading.at + 1
    is_compound = "compound" not in reading.seen and reading.text[end : end + 1].isdigit() and end - reading.at > 1
    reading.take("compound" if is_compound else REMAINDER, end)
