"""The head of an address: province, city and county, read against the divisions of today and of history."""

from __future__ import annotations

from jishi.standardise.address.gazetteer import CITY, COUNTY, PROVINCE, Gazetteer, Name
from jishi.standardise.address.parts import REMAINDER
from jishi.standardise.address.reading import Reading

MUNICIPALITIES = ("11", "12", "31", "50")
_KINDS = {PROVINCE: "province", CITY: "city", COUNTY: "county"}
_LONGEST_HEAD = 12


def read_head(reading: Reading, gazetteer: Gazetteer) -> None:
    """Take divisions off the text as long as they follow each other; what repeats one goes to the remainder."""
    text, patterns = reading.text, gazetteer.patterns
    if found := patterns.country.match(text):
        reading.take(REMAINDER, found.end())
    for _ in range(_LONGEST_HEAD):
        at = reading.at
        if found := patterns.separators.match(text, at) or patterns.filler.match(text, at):
            reading.take(REMAINDER, found.end())
        elif not take_division(reading, gazetteer):
            return


def take_division(reading: Reading, gazetteer: Gazetteer, *, full_only: bool = False) -> bool:
    """Take the division whose name stands here, if it can: whether there was one."""
    text = reading.text
    for end, names in gazetteer.divisions.at(text, reading.at):
        if full_only and end - reading.at < 3:
            return False
        if any(name.full and name.code in reading.named for name in names):
            _take_repeat(reading, end, names)
            return True
        if not names[0].full and any(name.code in reading.named for name in names):
            return False  # a short name again begins another name: 义乌市义乌商城
        is_weak = end - reading.at < 3 or text[end - 1] not in "省市区县州盟旗" or text[end : end + 1] == "场"
        stopped = (
            is_weak and gazetteer.patterns.stop.match(text, end) is not None and not _heads_on(gazetteer, text, end)
        )
        fitting = [name for name in names if (name.full or not full_only) and _fits(reading, name, is_stopped=stopped)]
        if not fitting:
            continue
        fitting = [name for name in fitting if name.living] or fitting
        highest = min(name.level for name in fitting)
        _settle(reading, end, [name for name in fitting if name.level == highest], gazetteer)
        return True
    return False


def _heads_on(gazetteer: Gazetteer, text: str, place: int) -> bool:
    """Whether another division is named at once: 宁波 is one before 镇海区, though 宁波镇 might be a town."""
    return any(name.full for _, names in gazetteer.divisions.at(text, place) for name in names)


def _take_repeat(reading: Reading, end: int, names: tuple[Name, ...]) -> None:
    """上海上海市: the second naming of a municipality is its city; of any other the last full naming is the part."""
    name = next(name for name in names if name.full and name.code in reading.named)
    if reading.level == PROVINCE and name.code.startswith(MUNICIPALITIES):
        reading.level = CITY
        reading.take("city", end)
        return
    reading.forget(_KINDS[name.level])
    reading.take(_KINDS[name.level], end)


def _fits(reading: Reading, name: Name, *, is_stopped: bool) -> bool:
    """Whether a name may stand here: below what was named, and, a short one, not at the head of another name."""
    if name.level <= reading.level or is_stopped:
        return False
    if name.within and not _within(reading, name.within):
        return False
    if reading.prefixes:
        is_inside = name.lies_in(reading.prefixes) or (name.full and name.code.startswith(reading.province or "-"))
        return is_inside and (name.living or name.full or len(reading.prefixes[0]) == 4)
    if name.full or name.level < COUNTY:
        return True
    return name.lies_in((reading.within,)) if reading.within else name.living and reading.at == 0


def _within(reading: Reading, prefix: str) -> bool:
    """Whether the address is known to lie under ``prefix``: by what it names, else by where its source is at home."""
    return any(known.startswith(prefix) for known in reading.prefixes or (reading.within,) if known)


def _settle(reading: Reading, end: int, chosen: list[Name], gazetteer: Gazetteer) -> None:
    level = chosen[0].level
    kind = _KINDS[level]
    if level == COUNTY:
        chosen = _narrowed(reading, chosen)
        reading.counties = tuple(chosen)
        zone = gazetteer.patterns.zone.match(reading.text, end)
        if zone and not chosen[0].full:
            kind, end = "zone", zone.end()
    else:
        width = 2 if level == PROVINCE else 4
        codes = dict.fromkeys(code[:width] for name in chosen for code in (name.code, *name.today))
        reading.prefixes = tuple(codes)
        if level == PROVINCE:
            reading.province = chosen[0].code[:2]
    reading.named.update(name.code for name in chosen)
    reading.level = level
    reading.take(kind, end)


def _narrowed(reading: Reading, chosen: list[Name]) -> list[Name]:
    """Of several counties of a name those under what was named, else those where the source is at home."""
    named = [name for name in chosen if reading.prefixes and name.lies_in(reading.prefixes)] or chosen
    at_home = [name for name in named if reading.within and name.lies_in((reading.within,))]
    reading.by_context = 0 < len(at_home) < len(named)
    return at_home if reading.by_context else named
